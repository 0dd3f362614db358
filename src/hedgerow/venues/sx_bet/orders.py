"""Signed orders: what is hashed, what is signed, and the JSON that carries both.

The order's id is the EIP-712 digest of its eight members. All of them follow from our reference and the order's terms,
so that the id is known before the order leaves, and can be computed again by another process. Source: the SX sheet,
section 2; the vectors of ccxt's signing, checked with eth-account.
"""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

import msgspec

from hedgerow.core.money import MICRO
from hedgerow.core.states import Side
from hedgerow.venues import signing
from hedgerow.venues.base import NewQuote
from hedgerow.venues.sx_bet import wire
from hedgerow.venues.sx_bet.parse import price_of
from hedgerow.venues.sx_bet.values import odds_text, whole
from hedgerow.venues.taking import TakeOrder

ORDER_TYPE = (
    "Order(bytes32 marketHash,address baseToken,uint256 totalBetSize,uint256 percentageOdds,uint256 salt,"
    "uint256 expiry,address maker,bool isMakerBettingOutcomeOne)"
)
_ORDER_KIND = signing.type_hash(ORDER_TYPE)

NO_END_S = 2_209_006_800
"""The end of orders that have none: the venue wants one, and gives this date (in 2040) itself to V2's orders."""

MAX_WAIT_MS = 3_000
"""How long the venue may take to say what became of an order; then it is asked for."""


class Terms(NamedTuple):
    """The members of an order that differ from one to the next. stake: base units; odds: the venue's text."""

    market_hash: str
    is_outcome_one: bool
    stake: int
    odds: str
    salt: int
    expiry_s: int


class SignedOrder(NamedTuple):
    """An order that is ready to be posted."""

    order_id: str
    body: bytes


def salt_of(client_ref: str) -> int:
    """What makes an order unique: the reference's SHA-256."""
    return int.from_bytes(sha256(client_ref.encode()).digest())


def terms_of(quote: NewQuote) -> Terms:
    """The terms of the order that a quote becomes. Its stake is exact for whole lots."""
    own = price_of(quote.side, quote.price)
    end_s = NO_END_S if quote.expires_at_ms is None else quote.expires_at_ms // 1_000
    return _terms(quote.instrument.ref, quote.side, own, quote.size, quote.client_ref, end_s)


def taking_terms(order: TakeOrder) -> Terms:
    """The terms of an order that matches at once or ends."""
    leg = order.leg
    return _terms(leg.instrument.ref, leg.side, order.cost, order.size, order.reference, NO_END_S)


def _terms(market_hash: str, side: Side, own: int, size: int, reference: str, end_s: int) -> Terms:
    return Terms(market_hash, side is Side.BUY, own * size // MICRO, odds_text(own), salt_of(reference), end_s)


class OrderSigner:
    """Makes orders of one account for the venue as its metadata describe it."""

    __slots__ = ("_maker_word", "_separator", "_token", "_token_word", "_wallet")

    def __init__(self, wallet: signing.Wallet, domain: wire.Domain, base_token: str) -> None:
        """Raises ValueError for addresses that are none."""
        self._wallet, self._token = wallet, base_token
        self._token_word, self._maker_word = (signing.address_word(one) for one in (base_token, wallet.address))
        self._separator = signing.domain_separator(
            name=domain.name,
            version=domain.version,
            chain_id=domain.chain_id,
            verifying_contract=domain.verifying_contract,
        )

    def order_id(self, terms: Terms) -> str:
        """The venue's id that the order will have. Raises ValueError for a market that is no hash."""
        return "0x" + self._digest(terms).hex()

    def sign(self, terms: Terms, time_in_force: str, client_ref: str) -> SignedOrder:
        digest = self._digest(terms)
        item = wire.OrderItem(
            market_hash=terms.market_hash,
            maker=self._wallet.address,
            total_bet_size=str(terms.stake),
            percentage_odds=terms.odds,
            salt=f"0x{terms.salt:064x}",
            expiry=terms.expiry_s,
            base_token=self._token,
            is_maker_betting_outcome_one=terms.is_outcome_one,
            time_in_force=time_in_force,
            order_signature="0x" + self._wallet.sign(digest).hex(),
            client_order_id=client_ref,
        )
        body = wire.PlaceBody([item], wait_for_outcome=True, max_wait_time=MAX_WAIT_MS)
        return SignedOrder("0x" + digest.hex(), msgspec.json.encode(body))

    def _digest(self, terms: Terms) -> bytes:
        struct = signing.struct_hash(
            _ORDER_KIND,
            (
                signing.bytes32(terms.market_hash),
                self._token_word,
                signing.uint_word(terms.stake),
                signing.uint_word(whole(terms.odds)),
                signing.uint_word(terms.salt),
                signing.uint_word(terms.expiry_s),
                self._maker_word,
                signing.uint_word(terms.is_outcome_one),
            ),
        )
        return signing.typed_digest(self._separator, struct)
