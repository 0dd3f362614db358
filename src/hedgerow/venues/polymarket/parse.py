"""From the venue's messages to ours. Pure: nothing here knows a socket, a clock or an account's secrets.

What cannot be read raises UnreadableError; the connector and the streams decide what that means where it happens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import NoReturn

import msgspec

from hedgerow.core.clock import is_moment
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import Micros, decimal_of, micros_floor
from hedgerow.core.states import FillState, OrderStatus, Side
from hedgerow.venues import ctf
from hedgerow.venues.base import Balance, Fee, Fill, MarketChange, NewQuote, OrderState
from hedgerow.venues.ctf import probability, shares
from hedgerow.venues.polymarket import wire
from hedgerow.venues.polymarket.amounts import SHARE_LOT, TICKS
from hedgerow.venues.polymarket.orders import EXPIRY_MARGIN_S
from hedgerow.venues.reading import UnreadableError

CURRENCY = "USD"

# --- values ------------------------------------------------------------------------------------------------------

# Times from here on are milliseconds, below they are seconds (as milliseconds it would be March 1973).
_FIRST_MS = 10**11
_LARGEST = 10**15  # above it a number is neither a size nor money, in whatever unit


def epoch_ms(moment: wire.Moment) -> int:
    """A time of the venue in milliseconds since 1970; 0 where it gives none. Raises UnreadableError."""
    if not moment:
        return 0
    text = str(moment)
    try:
        if text.isdecimal():
            number = int(text)
            ms = number if number >= _FIRST_MS else number * 1000
            return ms if is_moment(ms) else _no_time(text)
        at = datetime.fromisoformat(text)
    except ValueError:
        _no_time(text)
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return int(at.timestamp() * 1000)


def _no_time(text: str) -> NoReturn:
    raise UnreadableError(f"{text[:40]!r} is no time") from None


def number_in(raw: msgspec.Raw) -> Decimal | None:
    """A number or its text; None where it is absent, null or an empty text. Raises UnreadableError."""
    text = bytes(raw).decode("utf-8", "replace").strip('" ')
    if text in ("", "null"):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        raise UnreadableError(f"{text[:40]!r} is no number") from None


def side_of(text: str) -> Side:
    """Raises UnreadableError for another word than BUY and SELL."""
    side = _SIDES.get(text.lower())
    if side is None:
        raise UnreadableError(f"{text[:20]!r} is no side")
    return side


_SIDES: Mapping[str, Side] = {side.value: side for side in Side}


_GRIDS = {decimal_of(tick): PriceGrid.probability(tick) for tick in TICKS}


def grid_of(tick: Decimal) -> PriceGrid:
    """The grid of a tick size. Raises UnreadableError for one that the venue does not use."""
    grid = _GRIDS.get(tick) if tick.is_finite() else None
    if grid is None:
        raise UnreadableError(f"{tick} is no tick size of the venue")
    return grid


def balance_micros(text: str) -> int:
    """An account's balance in micros: base units, or dollars when it is written with a point."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise UnreadableError("the balance is no number") from None
    if not amount.is_finite() or abs(amount) > _LARGEST:
        raise UnreadableError("the balance is no amount of money")
    return micros_floor(amount) if "." in text else int(amount)


# --- orders ------------------------------------------------------------------------------------------------------

_STATUS: Mapping[str, OrderStatus] = {
    "LIVE": OrderStatus.PLACED,
    "UNMATCHED": OrderStatus.PLACED,
    "DELAYED": OrderStatus.PENDING_PLACEMENT,
    "MATCHED": OrderStatus.FILLED,
    "INVALID": OrderStatus.CANCELLED,
    "CANCELED_EXPIRED_ORDER": OrderStatus.EXPIRED,
}
# All other ends: CANCELED, CANCELED_MARKET_RESOLVED, CANCELED_NOT_ENOUGH_BALANCE, CANCELED_MARKET_NOT_FOUND,
# CANCELED_ORDER_TIMED_OUT, and "CANCELED_order couldn't be fully filled ..." of an order that fills or dies.
_CANCELLED_PREFIX = "CANCELED"


def order_status(text: str | None) -> OrderStatus:
    """Of the venue's word, which REST writes with a prefix. A missing or unknown word is taken for resting: then the
    order is asked for and cancelled, where the opposite belief would leave it alone."""
    word = (text or "LIVE").upper().removeprefix("ORDER_STATUS_")
    if word in _STATUS:
        return _STATUS[word]
    return OrderStatus.CANCELLED if word.startswith(_CANCELLED_PREFIX) else OrderStatus.PLACED


def order_state(order: wire.OpenOrder, client_ref: str | None, now_ms: int) -> OrderState:
    """An order as a list or the user channel gives it. now_ms: when it was told, where the message has no time."""
    size, filled = shares(order.original_size), shares(order.size_matched)
    if filled > size + SHARE_LOT:
        raise UnreadableError(f"{order.size_matched} is matched of an order for {order.original_size}")
    status = order_status(order.status)
    at_ms = now_ms
    if isinstance(order, wire.UserOrder):
        at_ms = epoch_ms(order.timestamp) or now_ms
        if order.type == "CANCELLATION" and status.is_open:
            status = OrderStatus.CANCELLED
    if status is OrderStatus.CANCELLED and _has_expired(order, at_ms):
        status = OrderStatus.EXPIRED
    return OrderState(
        venue_ref=order.id,
        client_ref=client_ref,
        instrument_ref=order.asset_id,
        side=side_of(order.side),
        price=probability(order.price),
        size=size,
        filled=filled,
        status=settled_status(status, filled, size),
        at_ms=at_ms,
        reason=(order.status or "") if not status.is_open else "",
    )


def settled_status(status: OrderStatus, filled: int, size: int) -> OrderStatus:
    """The status that agrees with what is filled: wholly filled is FILLED whatever the word, and a "matched" order
    of which more than rounding dust is left has ended without it."""
    if filled >= size:
        return OrderStatus.FILLED
    if status is OrderStatus.FILLED and size - filled >= SHARE_LOT:
        return OrderStatus.CANCELLED
    return status


def _has_expired(order: wire.OpenOrder, at_ms: int) -> bool:
    """A dated order's end arrives as a cancellation, a minute before its expiration."""
    ends_ms = epoch_ms(order.expiration)
    return order.order_type == "GTD" and 0 < ends_ms <= at_ms + EXPIRY_MARGIN_S * 1000


_PLACED_STATUS: Mapping[str, OrderStatus] = {
    "live": OrderStatus.PLACED,
    "unmatched": OrderStatus.PLACED,
    "delayed": OrderStatus.PENDING_PLACEMENT,
    "matched": OrderStatus.FILLED,
}


def placed_state(reply: wire.PlaceReply, quote: NewQuote, order_id: str, now_ms: int) -> OrderState:
    """The state that a placement is answered with. Raises UnreadableError for a status that is not documented."""
    status = _PLACED_STATUS.get((reply.status or "").lower())
    if status is None:
        raise UnreadableError(f"{(reply.status or '')[:40]!r} is no status of a placed order")
    filled = 0
    if status is OrderStatus.FILLED:
        matched = number_in(reply.takingAmount if quote.side is Side.BUY else reply.makingAmount)
        filled = min(matched_shares(matched, quote.size), quote.size)
        status = settled_status(status, filled, quote.size)
        if status is OrderStatus.CANCELLED:
            status = OrderStatus.PLACED  # matched in part: the rest went onto the book
    return OrderState.of(quote, order_id, status, now_ms, filled=filled)


def matched_shares(amount: Decimal | None, size: int) -> int:
    """How much of an order of `size` micros was matched at once, in micros; all of it where the amount is missing.

    The documentation writes base units, live answers carry shares. No order is a million times its match, so an
    amount above the whole size can only be in base units.
    """
    if amount is None:
        return size
    in_shares = shares(amount)
    return in_shares if in_shares <= size else int(amount)


# --- fills -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Owner:
    """By what our legs of a trade are known: the API key, and the wallet that holds the money (lower case)."""

    api_key: str = field(repr=False)
    funder: str

    def owns(self, owner: str | None, address: str | None) -> bool:
        if owner and owner == self.api_key:
            return True
        return bool(address) and str(address).lower() == self.funder


_FILL_STATE: Mapping[str, FillState] = {
    "MATCHED": FillState.PROVISIONAL,
    "MATCHED_NOT_BROADCASTED": FillState.PROVISIONAL,
    "MINED": FillState.PROVISIONAL,
    "RETRYING": FillState.PROVISIONAL,
    "CONFIRMED": FillState.FINAL,
    "FAILED": FillState.REVERSED,
}


def fill_state(text: str) -> FillState:
    """Of a trade's status, with REST's prefix or without. An unknown one can still go both ways."""
    return _FILL_STATE.get(text.upper().removeprefix("TRADE_STATUS_"), FillState.PROVISIONAL)


FeeOf = Callable[[str], Fee]
"""The taker's fee for a token."""

RefOf = Callable[[str], str | None]
"""Our reference of an order id, where it is known."""


def fills_of(trade: wire.Trade, owner: Owner, fee_of: FeeOf, ref_of: RefOf) -> list[Fill]:
    """Our legs of a trade: the taker's, or those of our resting orders in it."""
    fills = [_taker_fill(trade, fee_of, ref_of)] if _took(trade, owner) else []
    fills += [
        _maker_fill(leg, trade, ref_of)
        for leg in trade.maker_orders or ()
        if owner.owns(leg.owner, leg.maker_address) or ref_of(leg.order_id) is not None
    ]
    return fills


def _taker_fill(trade: wire.Trade, fee_of: FeeOf, ref_of: RefOf) -> Fill:
    price, size = probability(trade.price), _traded(trade.size)
    return Fill(
        trade_ref=trade.id,
        venue_ref=trade.taker_order_id,
        client_ref=ref_of(trade.taker_order_id),
        instrument_ref=trade.asset_id,
        side=side_of(trade.side),
        price=price,
        size=size,
        fee=fee_of(trade.asset_id).of(price, size),
        state=fill_state(trade.status),
        is_maker=False,
        at_ms=_matched_ms(trade),
    )


def _maker_fill(leg: wire.MakerOrder, trade: wire.Trade, ref_of: RefOf) -> Fill:
    return Fill(
        trade_ref=trade.id,
        venue_ref=leg.order_id,
        client_ref=ref_of(leg.order_id),
        instrument_ref=leg.asset_id,
        side=_maker_side(leg, trade.asset_id, side_of(trade.side)),
        price=probability(leg.price),
        size=_traded(leg.matched_amount),
        fee=Micros(0),  # makers pay none
        state=fill_state(trade.status),
        is_maker=True,
        at_ms=_matched_ms(trade),
    )


def _traded(told: Decimal) -> Micros:
    size = shares(told)
    if not size:
        raise UnreadableError("a trade has no size")
    return size


def _matched_ms(trade: wire.Trade) -> int:
    return epoch_ms(trade.match_time) or epoch_ms(trade.timestamp) or epoch_ms(trade.last_update)


def _took(trade: wire.Trade, owner: Owner) -> bool:
    if trade.trader_side:
        return trade.trader_side.upper() == "TAKER"
    return owner.owns(trade.owner, trade.maker_address)


def _maker_side(leg: wire.MakerOrder, taker_token: str, taker_side: Side) -> Side:
    """A maker of the taker's token stands opposite to it; a maker of the market's other token does the same as the
    taker, and the venue mints a pair for two buyers or merges one of two sellers."""
    if leg.side:
        return side_of(leg.side)
    return taker_side.opposite if leg.asset_id == taker_token else taker_side


def traded_state(legs: Sequence[Fill], quote: NewQuote | None) -> OrderState:
    """The state of an order that no longer rests, by all its fills, oldest first or not; at least one. What was taken
    back is not filled. quote: what the order was made of, where that is known; else it is taken to be as large as its
    fills."""
    filled = Micros(sum(leg.size for leg in legs if leg.state is not FillState.REVERSED))
    size = quote.size if quote is not None else Micros(sum(leg.size for leg in legs))
    latest = max(legs, key=lambda leg: leg.at_ms)
    return OrderState(
        venue_ref=latest.venue_ref,
        client_ref=latest.client_ref,
        instrument_ref=latest.instrument_ref,
        side=latest.side,
        price=quote.price if quote is not None else latest.price,
        size=size,
        filled=filled,
        status=settled_status(OrderStatus.FILLED, filled, size),
        at_ms=latest.at_ms,
    )


# --- account -----------------------------------------------------------------------------------------------------


def balance_of(message: wire.BalanceAllowance, working: list[OrderState]) -> Balance:
    """The money of the account. What resting bids may still cost is held: the venue tells only the sum of both."""
    return ctf.balance_of(balance_micros(message.balance), working, CURRENCY)


def tick_change(token: str, tick: Decimal) -> MarketChange:
    """A market whose tick became finer or coarser. Raises UnreadableError."""
    return MarketChange(instrument_ref=token, is_open=True, grid=grid_of(tick))
