"""What is signed at SX Bet: the domain of its escrow, the order struct, and the order's id.

Source: the SX sheet, sections 1 and 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hedgerow.sim.evm import address_word, domain_of, keccak, number_word, text_word, typed_digest

CHAIN_ID: Final = 4162
USDC: Final = "0x6629Ce1Cf35Cc1329ebB4F63202F3f197b3F050B"
ESCROW: Final = "0x890482680C3a0116aBB003B17e7D694D13a6c1eB"
DOMAIN_NAME: Final = "OBv3 Escrow"
DOMAIN_VERSION: Final = "1"
TRANSFER_EXECUTOR: Final = "0x52908400098527886E0F7030069857D2E4169EE7"

ONE: Final = 10**20
"""A probability of 1 in the venue's unit."""

_ORDER = text_word(
    "Order(bytes32 marketHash,address baseToken,uint256 totalBetSize,uint256 percentageOdds,uint256 salt,"
    "uint256 expiry,address maker,bool isMakerBettingOutcomeOne)"
)
_DOMAIN = domain_of(DOMAIN_NAME, DOMAIN_VERSION, CHAIN_ID, ESCROW)


@dataclass(frozen=True, slots=True)
class OrderStruct:
    """The signed members of an order."""

    market_hash: bytes
    base_token: str
    total_bet_size: int
    percentage_odds: int
    salt: int
    expiry: int
    maker: str
    is_outcome_one: bool

    @property
    def digest(self) -> bytes:
        """What the maker signs, which is also the order's id."""
        struct = keccak(
            _ORDER
            + self.market_hash
            + address_word(self.base_token)
            + number_word(self.total_bet_size)
            + number_word(self.percentage_odds)
            + number_word(self.salt)
            + number_word(self.expiry)
            + address_word(self.maker)
            + number_word(self.is_outcome_one)
        )
        return typed_digest(_DOMAIN, struct)
