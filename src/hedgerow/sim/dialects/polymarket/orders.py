"""A signed order as it is posted, and what it instructs: checked before it comes near the book.

Pure: what the venue refuses for is raised with the venue's own words. Sources: the Polymarket sheet, sections 2, 4
and 7; the venue's "Error Codes" and "Create Order" pages for the texts and the rule of expiry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import msgspec

from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO, decimal_of
from hedgerow.core.states import Side
from hedgerow.sim.dialects.polymarket.eip712 import (
    EXCHANGE,
    NEG_RISK_EXCHANGE,
    OrderStruct,
    exchange_domain,
    order_digest,
    order_signer,
)
from hedgerow.sim.dialects.polymarket.markets import LOT
from hedgerow.sim.dialects.polymarket.wallets import ApiKey
from hedgerow.sim.orders import OrderKind

BATCH_LIMIT = 15
CANCEL_LIMIT = 3_000
GTD_MARGIN_S = 180
GTD_ENDS_EARLY_S = 60
_SAFE_INTEGER = 2**53 - 1
_KNOWN_VERSIONS = ("1", "2", "3")

# Decimals of the money amount that a tick allows; sizes always have two.
_AMOUNT_DECIMALS = {100_000: 3, 10_000: 4, 5_000: 5, 2_500: 6, 1_000: 5, 100: 6}

Level = tuple[int, int]
"""(price, size) in micros, in the terms of the order's own token."""


class Refusal(Exception):  # noqa: N818
    """The venue says no; the text is its own, `more` stands beside it in the body of the answer."""

    def __init__(self, text: str, status: int = 400, more: dict[str, int | str] | None = None) -> None:
        super().__init__(text)
        self.text, self.status, self.more = text, status, more or {}


class OrderType(StrEnum):
    GTC = "GTC"
    GTD = "GTD"
    FOK = "FOK"
    FAK = "FAK"

    @property
    def rests(self) -> bool:
        return self in (OrderType.GTC, OrderType.GTD)

    @property
    def kind(self) -> OrderKind:
        return _KINDS[self]


_KINDS = {
    OrderType.GTC: OrderKind.RESTS,
    OrderType.GTD: OrderKind.RESTS,
    OrderType.FOK: OrderKind.ALL_OR_NONE,
    OrderType.FAK: OrderKind.IMMEDIATE,
}


class PostedOrder(msgspec.Struct, rename="camel"):
    """The `order` of a placement, in the venue's names."""

    salt: int
    maker: str
    signer: str
    token_id: str
    maker_amount: str
    taker_amount: str
    side: Literal["BUY", "SELL"]
    expiration: str
    signature_type: int
    signature: str
    timestamp: str = ""
    builder: str = ""
    metadata: str = ""

    def struct(self) -> OrderStruct:
        """The signed words. Raises Refusal when one of them cannot be one."""
        if not self.timestamp:  # an order of the exchange's first version
            raise Refusal(VERSION_MISMATCH)
        try:
            order = OrderStruct(
                salt=self.salt,
                maker=self.maker,
                signer=self.signer,
                token_id=_whole(self.token_id),
                maker_amount=_whole(self.maker_amount),
                taker_amount=_whole(self.taker_amount),
                side=0 if self.side == "BUY" else 1,
                signature_type=self.signature_type,
                timestamp=_whole(self.timestamp),
                metadata=_word(self.metadata),
                builder=_word(self.builder),
            )
        except ValueError:
            raise Refusal(INVALID_PAYLOAD) from None
        if not 0 <= self.salt <= _SAFE_INTEGER or not order.maker_amount or not order.taker_amount:
            raise Refusal(INVALID_PAYLOAD)
        return order


class Posting(msgspec.Struct, rename="camel"):
    """The body of `POST /order`. `defer_exec` changes nothing: settling is deferred for everybody."""

    order: PostedOrder
    owner: str
    order_type: OrderType = OrderType.GTC
    defer_exec: bool = False
    post_only: bool = False


INVALID_PAYLOAD = "Invalid order payload"
VERSION_MISMATCH = "order_version_mismatch"
NOT_READY = "the market is not yet ready to process new orders"
NOT_FILLED = "order couldn't be fully filled. FOK orders are fully filled or killed."
NO_MATCH = "no orders found to match with FAK order. FAK orders are partially filled or killed if no match is found."
CROSSES_BOOK = "invalid post-only order: order crosses book"


@dataclass(frozen=True, slots=True)
class Instruction:
    """What a checked order wants. `size` is of shares, `money` the dollars of a market buy; micros both."""

    order_id: str
    side: Side
    price: int
    size: int
    money: int
    order_type: OrderType
    expires_ms: int | None


def check_owner(posting: Posting, key: ApiKey) -> None:
    """Whether the order may be posted with this key. Raises Refusal."""
    wallet, order = key.wallet, posting.order
    if posting.owner != key.key:
        raise Refusal("the order owner has to be the owner of the API KEY")
    if order.signature_type != wallet.signature_type or order.maker.lower() != wallet.funder.lower():
        raise Refusal("maker address not allowed, please use the deposit wallet flow")
    if order.signer.lower() != wallet.order_signer.lower():
        raise Refusal("the order signer address has to be the address of the API KEY")


def check_signature(order: OrderStruct, signature: str, signer: str, *, neg_risk: bool, version: int) -> str:
    """The order's id, when `signer`'s key has signed it for this kind of market and version. Raises Refusal."""
    contract = NEG_RISK_EXCHANGE if neg_risk else EXCHANGE
    try:
        raw = bytes.fromhex(signature.removeprefix("0x"))
    except ValueError:
        raise Refusal("invalid signature") from None
    for known in (str(version), *(other for other in _KNOWN_VERSIONS if other != str(version))):
        domain = exchange_domain(known, contract)
        if order_signer(order, domain, raw) == signer:
            if known != str(version):
                raise Refusal(VERSION_MISMATCH)
            return "0x" + order_digest(order, domain).hex()
    raise Refusal("invalid signature")


def check_terms(posting: Posting, order_id: str, grid: PriceGrid, min_size: int, now_ms: int) -> Instruction:
    """Price, size and life of the order. Raises Refusal."""
    order, kind = posting.order.struct(), posting.order_type
    if posting.post_only and not kind.rests:
        raise Refusal("invalid post-only order: only GTC and GTD order types are allowed")
    expires_ms = _expiry(posting, now_ms)
    side = Side.BUY if order.side == 0 else Side.SELL
    money, size = (
        (order.maker_amount, order.taker_amount) if side is Side.BUY else (order.taker_amount, order.maker_amount)
    )
    price = _limit_price(money, size, grid) if kind.rests else _market_price(money, size, side, grid)
    if price is None:
        said, tick = decimal_of(money * MICRO // size), decimal_of(grid.bands[0].step)
        raise Refusal(f"order {order_id} is invalid. Price ({said}) breaks minimum tick size rule: {tick}")
    if kind.rests and size % LOT:
        raise Refusal(_inaccurate(side, grid))
    if kind.rests and size < min_size:
        raise Refusal(
            f"order {order_id} is invalid. Size ({decimal_of(size)}) lower than the minimum: {decimal_of(min_size)}"
        )
    by_money = side is Side.BUY and not kind.rests
    return Instruction(order_id, side, price, size, money if by_money else 0, kind, expires_ms)


@dataclass(frozen=True, slots=True)
class Purchase:
    """What a market buy's money gets: whole lots, the worst price among them, and whether the money is spent."""

    size: int
    worst_price: int
    is_spent: bool


def buy_for(money: int, limit: int, offers: Sequence[Level]) -> Purchase:
    """Walks the offers, cheapest first, up to the limit. Spent means that not one more lot is affordable."""
    bought, worst = 0, limit
    for price, size in offers:
        if price > limit:
            break
        affordable = money * MICRO // price // LOT * LOT
        if affordable < size:
            return Purchase(bought + affordable, price if affordable else worst, is_spent=True)
        bought, worst = bought + size, price
        money -= price * size // MICRO
    return Purchase(bought, worst, is_spent=money * MICRO // limit < LOT)


def _limit_price(money: int, size: int, grid: PriceGrid) -> int | None:
    """The exact price of a limit order; None when it does not lie on the grid."""
    price, rest = divmod(money * MICRO, size)
    return None if rest or price not in grid else price


def _market_price(money: int, size: int, side: Side, grid: PriceGrid) -> int | None:
    """The worst price of a market order: its amounts are rounded, and the price is the one that rounds to them."""
    exact = money * MICRO // size
    price = grid.floor(exact) if side is Side.BUY else grid.ceil(exact)
    if price is None:
        return None
    step = 10 ** (6 - _AMOUNT_DECIMALS[grid.bands[0].step])
    wanted, given = (money * MICRO // price, size) if side is Side.BUY else (size * price // MICRO, money)
    return price if abs(wanted - given) <= step else None


def _expiry(posting: Posting, now_ms: int) -> int | None:
    """When the order ends, which is a minute before what it says; None for one that does not."""
    try:
        expiration = _whole(posting.order.expiration)
    except ValueError:
        raise Refusal(INVALID_PAYLOAD) from None
    is_dated = posting.order_type is OrderType.GTD
    if is_dated != bool(expiration) or (is_dated and expiration * 1000 < now_ms + GTD_MARGIN_S * 1000):
        raise Refusal("invalid expiration")
    return (expiration - GTD_ENDS_EARLY_S) * 1000 if is_dated else None


def _inaccurate(side: Side, grid: PriceGrid) -> str:
    money, shares = _AMOUNT_DECIMALS[grid.bands[0].step], 2
    maker, taker = (money, shares) if side is Side.BUY else (shares, money)
    return (
        f"invalid amounts, the {side.value} orders maker amount supports a max accuracy of {maker} decimals,"
        f" taker amount a max of {taker} decimals"
    )


def _whole(text: str) -> int:
    """A whole number of at most 256 bits from its decimal digits. Raises ValueError."""
    if not (text.isascii() and text.isdecimal()) or int(text) >> 256:
        raise ValueError(f"{text!r} is no whole number")
    return int(text)


def _word(text: str) -> bytes:
    """32 bytes from their hex form; empty is zero. Raises ValueError."""
    raw = bytes.fromhex(text.removeprefix("0x"))
    if len(raw) not in (0, 32):
        raise ValueError(f"{text!r} is no word")
    return raw.rjust(32, b"\0")
