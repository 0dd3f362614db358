"""From the venue's messages to ours. Pure: nothing here knows a socket, a clock or an account's secrets.

What cannot be read raises UnreadableError; the connector and the stream decide what that means where it happens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from hedgerow.core.clock import is_moment
from hedgerow.core.money import MICRO, Micros
from hedgerow.core.states import FillState, OrderStatus, Side
from hedgerow.venues.base import Fill, OrderState
from hedgerow.venues.ctf import probability, shares
from hedgerow.venues.predict_fun import wire
from hedgerow.venues.predict_fun.amounts import micros_of, wei_of
from hedgerow.venues.reading import UnreadableError
from hedgerow.venues.taking import Leg, Level

RefOf = Callable[[str], str | None]
"""Our reference of an order's hash, where it is known."""

INVALIDATED = "INVALIDATED"

_STATUS: Mapping[str, OrderStatus] = {
    "OPEN": OrderStatus.PLACED,
    "PENDING": OrderStatus.PLACED,
    "FILLED": OrderStatus.FILLED,
    "MATCHED": OrderStatus.FILLED,
    "CANCELLED": OrderStatus.CANCELLED,
    INVALIDATED: OrderStatus.CANCELLED,
    "EXPIRED": OrderStatus.EXPIRED,
    "REJECTED": OrderStatus.FAILED,
}
_SIDES = {"bid": Side.BUY, "ask": Side.SELL}
_NUMBERED = {0: Side.BUY, 1: Side.SELL}


def epoch_ms(text: str) -> int:
    """A time in ISO 8601 in milliseconds since 1970. Raises UnreadableError."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise UnreadableError(f"{text[:40]!r} is no time") from None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)


def price_of(text: str) -> Micros:
    """A price for a share, in wei. Raises UnreadableError."""
    price = micros_of(text)
    if price > MICRO:
        raise UnreadableError(f"{text} is no price")
    return price


def side_of(quote_type: str) -> Side:
    """Raises UnreadableError for another word than Bid and Ask, in whatever case."""
    side = _SIDES.get(quote_type.lower())
    if side is None:
        raise UnreadableError(f"{quote_type[:20]!r} is no side")
    return side


# --- orders --------------------------------------------------------------------------------------------------------


def order_state(row: wire.OrderRow, client_ref: str | None, now_ms: int) -> OrderState:
    """An order as a list gives it, without a time of its own. What is matched and not settled yet is not filled: until
    it is, a limit order that is told as filled counts as placed."""
    order = row.order
    side = _NUMBERED.get(order.side)
    maker, taker = wei_of(order.maker_amount), wei_of(order.taker_amount)
    money, quantity = (maker, taker) if side is Side.BUY else (taker, maker)
    if side is None or not quantity or money > quantity:
        raise UnreadableError("an order of another form")
    size, filled = _sizes(micros_of(row.amount), micros_of(row.amount_filled))
    status = _STATUS.get(row.status, OrderStatus.PLACED)
    if filled >= size:
        status = OrderStatus.FILLED
    elif status is OrderStatus.FILLED:
        status = OrderStatus.PLACED if row.strategy == "LIMIT" or not filled else OrderStatus.CANCELLED
    return OrderState(
        venue_ref=order.hash.lower(),
        client_ref=client_ref,
        instrument_ref=order.token_id,
        side=side,
        price=Micros(money * MICRO // quantity),
        size=size,
        filled=filled,
        status=status,
        at_ms=now_ms,
        reason="venue invalidated" if row.status == INVALIDATED else "",
    )


def _sizes(size: Micros, filled: Micros) -> tuple[Micros, Micros]:
    if filled > size:
        raise UnreadableError(f"{filled} micros are filled of an order for {size}")
    return size, filled


# --- fills ---------------------------------------------------------------------------------------------------------


def fills_of(match: wire.Match, address: str, ref_of: RefOf) -> list[Fill]:
    """Our legs of a settled match, by the address (in lower case) that signs our orders."""
    at_ms = epoch_ms(match.executed_at)
    legs = [(match.taker, match.price_executed, False), *((leg, leg.price, True) for leg in match.makers)]
    return [
        Fill(
            trade_ref=match.settlement_id,
            venue_ref=leg.hash.lower(),
            client_ref=ref_of(leg.hash.lower()),
            instrument_ref=leg.outcome.on_chain_id,
            side=side_of(leg.quote_type),
            price=price_of(price),
            size=micros_of(leg.amount),
            fee=money_of_fee(leg.fee, price_of(price)),
            state=FillState.FINAL,
            is_maker=is_maker,
            at_ms=at_ms,
        )
        for leg, price, is_maker in legs
        if leg.signer.lower() == address
    ]


def money_of_fee(fee: wire.MatchFee | None, price: int) -> Micros:
    """A fee in micros of money; one in shares is worth their price. Raises UnreadableError."""
    if fee is None:
        return Micros(0)
    return Micros(_amount_of_fee(fee) * price // MICRO if fee.type == "SHARES" else _amount_of_fee(fee))


def withheld(fee: wire.MatchFee | None) -> int:
    """The shares that a fee took, in micros. Raises UnreadableError."""
    return _amount_of_fee(fee) if fee is not None and fee.type == "SHARES" else 0


def _amount_of_fee(fee: wire.MatchFee) -> int:
    if fee.type not in ("SHARES", "COLLATERAL"):
        raise UnreadableError(f"{fee.type[:20]!r} is no kind of fee")
    return micros_of(fee.amount)


def _moment(event: wire.WalletEvent) -> int:
    if not is_moment(event.timestamp):
        raise UnreadableError(f"{event.timestamp} is no time")
    return event.timestamp


# --- the stream ----------------------------------------------------------------------------------------------------

_ORDER_EVENTS: Mapping[str, OrderStatus] = {
    "orderAccepted": OrderStatus.PLACED,
    "orderNotAccepted": OrderStatus.FAILED,
    "orderCancelled": OrderStatus.CANCELLED,
    "orderExpired": OrderStatus.EXPIRED,
    "orderTransactionSuccess": OrderStatus.PLACED,  # or wholly filled
}
_FILL_EVENTS: Mapping[str, FillState] = {
    "orderTransactionSubmitted": FillState.PROVISIONAL,
    "orderTransactionSuccess": FillState.FINAL,
    "orderTransactionFailed": FillState.REVERSED,
}


def event_state(event: wire.WalletEvent, token: str, client_ref: str | None) -> OrderState | None:
    """What an event says of its order; None for steps that leave it as it is."""
    status = _ORDER_EVENTS.get(event.type)
    if status is None:
        return None
    details = event.details
    size, filled = _sizes(shares(details.quantity), shares(details.quantity_filled))
    if event.type == "orderTransactionSuccess" and details.strategy_type == "MARKET":
        status = OrderStatus.CANCELLED  # what of it did not match is gone
    return OrderState(
        venue_ref=event.order_hash.lower(),
        client_ref=client_ref,
        instrument_ref=token,
        side=side_of(details.quote_type),
        price=probability(details.price),
        size=size,
        filled=filled,
        status=OrderStatus.FILLED if filled >= size else status,
        at_ms=_moment(event),
    )


def event_fill(event: wire.WalletEvent, token: str, client_ref: str | None) -> Fill | None:
    """The fill that an event is a step of; None where it is none."""
    state = _FILL_EVENTS.get(event.type)
    if state is None:
        return None
    if event.fill is None or not event.settlement_id:
        raise UnreadableError(f"{event.type} without what was traded")
    price = price_of(event.fill.executed_price_wei)
    fee = None if event.fee is None else wire.MatchFee(event.fee.amount_wei, event.fee.type)
    return Fill(
        trade_ref=event.settlement_id,
        venue_ref=event.order_hash.lower(),
        client_ref=client_ref,
        instrument_ref=token,
        side=side_of(event.details.quote_type),
        price=price,
        size=micros_of(event.fill.executed_size_wei),
        fee=money_of_fee(fee, price),
        state=state,
        is_maker=bool(event.is_maker),
        at_ms=_moment(event),
    )


# --- books -----------------------------------------------------------------------------------------------


def levels_of(book: wire.Book, leg: Leg, *, is_first: bool) -> list[Level]:
    """What can be bought of a leg, the cheapest first. is_first: the leg is the market's first outcome, whose terms the
    book has; the other is bought from who bids for the first."""
    if leg.side is not Side.BUY:
        raise ValueError("legs are bought here")
    if is_first:
        return [Level(probability(price), shares(size)) for price, size in book.asks]
    return [Level(MICRO - probability(price), shares(size)) for price, size in book.bids]
