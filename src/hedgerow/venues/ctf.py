"""What venues on the Conditional Tokens contracts have in common: shares that pay 1, and signed orders that swap them.

An order says what its maker gives and what it takes, in base units of the collateral and of the shares; which side it
is on follows from which of the two is the collateral. It is made unique by a salt. What else is signed, and by which
contract it is checked, belongs to each venue.

Source: the CTFExchange contract, whose Order struct these venues share, each with members of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from hedgerow.core.errors import SetupError
from hedgerow.core.money import MICRO, Micros, decimal_of, micros_floor
from hedgerow.core.secrets import Secret
from hedgerow.core.states import Side
from hedgerow.venues import signing
from hedgerow.venues.base import Balance, OrderState
from hedgerow.venues.reading import UnreadableError

SIDE_NUMBER = {Side.BUY: 0, Side.SELL: 1}
ZERO_ADDRESS = "0x" + "00" * 20

_ORDER_KIND = signing.type_hash(
    "Order(uint256 salt,address maker,address signer,address taker,uint256 tokenId,uint256 makerAmount,"
    "uint256 takerAmount,uint256 expiration,uint256 nonce,uint256 feeRateBps,uint8 side,uint8 signatureType)"
)

_SALT_BITS = 53  # a salt can be a JSON number, which venues read as a double
_LARGEST = 10**15  # above it a number is neither a size nor money, in whatever unit


class Amounts(NamedTuple):
    """What the maker of an order gives and takes, in base units."""

    maker: int
    taker: int


def amounts_of(side: Side, collateral: int, shares: int) -> Amounts:
    """Of an order that swaps so much."""
    return Amounts(collateral, shares) if side is Side.BUY else Amounts(shares, collateral)


class FirstOrder(NamedTuple):
    """The members of the contract's first Order struct that differ from one order to the next: anybody may take it, and
    its nonce is 0. expiration: s since 1970, 0 for none."""

    salt: int
    maker: str
    signer: str
    token: str
    amounts: Amounts
    expiration: int
    fee_rate_bps: int
    side: Side
    signature_type: int


def order_digest(order: FirstOrder, separator: bytes) -> bytes:
    """What is signed of an order, 32 bytes. separator: of the domain of the contract that checks it."""
    words = (
        signing.uint_word(order.salt),
        signing.address_word(order.maker),
        signing.address_word(order.signer),
        signing.ZERO_WORD,
        token_word(order.token),
        signing.uint_word(order.amounts.maker),
        signing.uint_word(order.amounts.taker),
        signing.uint_word(order.expiration),
        signing.ZERO_WORD,
        signing.uint_word(order.fee_rate_bps),
        signing.uint_word(SIDE_NUMBER[order.side]),
        signing.uint_word(order.signature_type),
    )
    return signing.typed_digest(separator, signing.struct_hash(_ORDER_KIND, words))


def salt_of(reference: str) -> int:
    """The salt of an order, from our reference alone, so that the order's id can be computed again after a crash: the
    first 53 bits of the reference's SHA-256."""
    return int.from_bytes(sha256(reference.encode()).digest()[:8], "big") >> (64 - _SALT_BITS)


@lru_cache(maxsize=4096)
def token_word(token: str) -> bytes:
    """A token id in decimal digits as a word. Raises ValueError or OverflowError for what is none."""
    return signing.uint_word(int(token))


def shares(size: Decimal) -> Micros:
    """A size in micros of shares; what lies beyond the sixth decimal is dropped. Raises UnreadableError."""
    if not size.is_finite() or not 0 <= size <= _LARGEST:
        raise UnreadableError(f"{size} is no size")
    return micros_floor(size)


def probability(price: Decimal) -> Micros:
    """A price in micros, in [0, 1]. Raises UnreadableError."""
    if not price.is_finite() or not 0 <= price <= 1:
        raise UnreadableError(f"{price} is no price")
    return micros_floor(price)


def balance_of(total: int, working: Sequence[OrderState], currency: str) -> Balance:
    """The money of an account of which only the sum is known: what resting bids may still cost is held of it. total:
    micros, what is held included."""
    held = sum(-(-(order.size - order.filled) * order.price // MICRO) for order in working if order.side is Side.BUY)
    return Balance(free=decimal_of(max(total - held, 0)), held=decimal_of(min(held, total)), currency=currency)


def wallet_of(venue: str, credentials: Mapping[str, Secret]) -> signing.Wallet:
    """The wallet whose `private_key` the account has. Raises SetupError."""
    try:
        return signing.Wallet(credentials["private_key"])
    except KeyError:
        raise SetupError(f"{venue}: no private_key", "store the wallet's key") from None
    except ValueError as error:
        raise SetupError(f"{venue}: {error}", "store the credentials again") from None
