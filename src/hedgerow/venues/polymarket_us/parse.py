"""From the venue's messages to ours: numbers, times, orders, fills, balance. Pure functions.

A price is always that of the long side, whatever the intent says. Raises UnreadableError for what is not as documented.
Sources: the venue's pages "Orders API Overview" and "Portfolio API Overview"; the sheet's sections 3, 4 and 10.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from hedgerow.core.money import MICRO, InexactAmountError, Micros, decimal_of, micros
from hedgerow.core.states import FillState, OrderStatus, Side
from hedgerow.venues.base import Balance, Fill, OrderState
from hedgerow.venues.polymarket_us import wire
from hedgerow.venues.reading import UnreadableError, read

CURRENCY = "USD"

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", re.ASCII)
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,127}", re.ASCII)
_ORDER_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)

BUYS, SELLS = "ORDER_INTENT_BUY_LONG", "ORDER_INTENT_BUY_SHORT"
"""Buying the short side is selling the long one; both net with what is held, so that no holding has to be known."""

_SIDES: Mapping[str, Side] = {
    BUYS: Side.BUY,
    "ORDER_INTENT_SELL_SHORT": Side.BUY,
    SELLS: Side.SELL,
    "ORDER_INTENT_SELL_LONG": Side.SELL,
}
_STATES: Mapping[str, OrderStatus] = {
    "ORDER_STATE_PENDING_NEW": OrderStatus.PENDING_PLACEMENT,
    "ORDER_STATE_PENDING_RISK": OrderStatus.PENDING_PLACEMENT,
    "ORDER_STATE_NEW": OrderStatus.PLACED,
    "ORDER_STATE_PENDING_REPLACE": OrderStatus.PLACED,
    "ORDER_STATE_PENDING_CANCEL": OrderStatus.PLACED,
    "ORDER_STATE_REPLACED": OrderStatus.PLACED,
    "ORDER_STATE_PARTIALLY_FILLED": OrderStatus.PLACED,
    "ORDER_STATE_FILLED": OrderStatus.FILLED,
    "ORDER_STATE_CANCELED": OrderStatus.CANCELLED,
    "ORDER_STATE_EXPIRED": OrderStatus.EXPIRED,
    "ORDER_STATE_REJECTED": OrderStatus.FAILED,
}
_TRADES: Mapping[str, FillState] = {
    "TRADE_STATE_BUSTED": FillState.REVERSED,
    "TRADE_STATE_REJECTED": FillState.REVERSED,
}
"""A busted trade was voided by the exchange; every other state is on its way to being cleared, or is."""

_FILLS = frozenset({"EXECUTION_TYPE_PARTIAL_FILL", "EXECUTION_TYPE_FILL"})


# --- numbers, times and names --------------------------------------------------------------------------------------


def exact(value: Decimal, what: str) -> Micros:
    """A number in micros; it must not be finer."""
    try:
        return micros(value)
    except InexactAmountError as error:
        raise UnreadableError(f"{what}: {error}") from None


def size_of(value: Decimal, what: str) -> Micros:
    """A number of contracts, at least 0."""
    size = exact(value, what)
    if size < 0:
        raise UnreadableError(f"{what} is {value}")
    return size


def money(amount: wire.Amount, what: str) -> Micros:
    """An amount, which may be negative."""
    if amount.currency != CURRENCY:
        raise UnreadableError(f"{what} is in {amount.currency[:10]!r}")
    return exact(amount.value, what)


def price(amount: wire.Amount | None, what: str) -> Micros:
    """A price of a contract that pays 1, in [0, 1]."""
    if amount is None:
        raise UnreadableError(f"{what} is missing")
    value = money(amount, what)
    if not 0 <= value <= MICRO:
        raise UnreadableError(f"{what} is {amount.value}")
    return value


def time_ms(text: str, what: str) -> int:
    """Milliseconds since 1970 of an RFC 3339 time with any fraction."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise UnreadableError(f"{what} is not a time: {text[:40]!r}")
    seconds, fraction, zone = match.groups()
    try:
        moment = datetime.fromisoformat(seconds + ("+00:00" if zone == "Z" else zone))
    except ValueError:
        raise UnreadableError(f"{what} is not a time: {text}") from None
    return int(moment.timestamp()) * 1000 + int((fraction or "0").ljust(3, "0")[:3])


def is_slug(text: str) -> bool:
    return _SLUG.fullmatch(text) is not None


def is_order_id(text: str) -> bool:
    return _ORDER_ID.fullmatch(text) is not None


def side_of(order: wire.Order) -> Side:
    """Our side, in terms of the long contract."""
    try:
        return _SIDES[order.intent]
    except KeyError:
        raise UnreadableError(f"unknown intent {order.intent[:40]!r}") from None


# --- orders and fills ----------------------------------------------------------------------------------------------


def order_state(order: wire.Order, client_ref: str | None, at_ms: int, reason: str = "") -> OrderState:
    """An order of a list, of an answer or of an execution. at_ms: of the message, for an order has no time of its
    last change."""
    try:
        status = _STATES[order.state]
    except KeyError:
        raise UnreadableError(f"unknown order state {order.state[:40]!r}") from None
    size, filled = size_of(order.quantity, "quantity"), size_of(order.cum_quantity, "cumQuantity")
    if filled > size:
        raise UnreadableError(f"{order.cum_quantity} is filled of an order for {order.quantity}")
    return OrderState(
        venue_ref=_identity(order.id, "id"),
        client_ref=client_ref,
        instrument_ref=_identity(order.market_slug, "marketSlug"),
        side=side_of(order),
        price=price(order.price, "price"),
        size=size,
        filled=filled,
        status=status,
        at_ms=at_ms,
        reason=reason,
    )


def execution_time(execution: wire.Execution, now_ms: int) -> int:
    return time_ms(execution.transact_time, "transactTime") if execution.transact_time else now_ms


def execution_fill(execution: wire.Execution, client_ref: str | None, now_ms: int) -> Fill | None:
    """The trade that an execution of the stream tells of; None for one that tells of none."""
    if execution.type not in _FILLS:
        return None
    return _fill(
        execution.order,
        execution.trade_id,
        (execution.last_shares, execution.last_px, execution.commission_notional_collected),
        client_ref,
        is_maker=not execution.aggressor,
        at_ms=execution_time(execution, now_ms),
    )


def own_side(trade: wire.Trade) -> tuple[wire.TradeExecution, wire.Order]:
    """The account's execution of a trade, and its order."""
    ours = trade.aggressor_execution if trade.is_aggressor else trade.passive_execution
    if ours is None:
        raise UnreadableError(f"the trade {trade.id[:40]} does not tell the account's own execution")
    return ours, read(wire.Order, ours.order)


def trade_fill(trade: wire.Trade, client_ref: str | None) -> Fill:
    """A trade of the account's history."""
    ours, order = own_side(trade)
    return _fill(
        order,
        trade.id,
        (ours.last_shares, ours.last_px, ours.commission_notional_collected),
        client_ref,
        is_maker=not trade.is_aggressor,
        at_ms=time_ms(trade.create_time, "createTime"),
        state=_TRADES.get(trade.state, FillState.FINAL),
    )


def _fill(
    order: wire.Order,
    trade_id: str,
    told: tuple[Decimal | None, wire.Amount | None, wire.Amount | None],
    client_ref: str | None,
    *,
    is_maker: bool,
    at_ms: int,
    state: FillState = FillState.FINAL,
) -> Fill:
    """told: contracts, price and commission; a rebate is a commission below zero."""
    shares, each, commission = told
    size = size_of(shares, "lastShares") if shares is not None else 0
    if not size:
        raise UnreadableError("the fill has no size")
    return Fill(
        trade_ref=_identity(trade_id, "tradeId"),
        venue_ref=_identity(order.id, "order id"),
        client_ref=client_ref,
        instrument_ref=_identity(order.market_slug, "marketSlug"),
        side=side_of(order),
        price=price(each, "lastPx"),
        size=Micros(size),
        fee=money(commission, "commission") if commission is not None else Micros(0),
        state=state,
        is_maker=is_maker,
        at_ms=at_ms,
    )


def balance(rows: Iterable[wire.UserBalance]) -> Balance:
    """What can be spent, and what resting orders hold: the venue's own reckoning, margin of short positions taken
    off."""
    for row in rows:
        if row.currency == CURRENCY:
            free, held = exact(row.buying_power, "buyingPower"), size_of(row.open_orders, "openOrders")
            return Balance(decimal_of(free), decimal_of(held), CURRENCY)
    raise UnreadableError("no balance in USD")


def _identity(text: str, what: str) -> str:
    if not text:
        raise UnreadableError(f"{what} is empty")
    return text
