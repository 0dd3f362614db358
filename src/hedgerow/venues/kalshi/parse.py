"""From Kalshi's messages to ours: pure functions, exact numbers.

Orders and fills keep YES terms: our BUY is the venue's `bid` (long YES), our SELL its `ask` (short YES, which is long
NO at 1 − price). Prices and sizes are micros. Whatever cannot be read without guessing raises MalformedError.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from hedgerow.core.clock import is_moment
from hedgerow.core.money import MICRO, Micros, decimal_of
from hedgerow.core.states import FillState, OrderStatus, Side
from hedgerow.venues.base import Balance, Fill, NewQuote, OrderState
from hedgerow.venues.kalshi import wire
from hedgerow.venues.taking import Taken

CURRENCY = "USD"

# Requests take prices of at most 4 decimals and counts of at most 2. Source: FixedPointDollars, FixedPointCount.
PRICE_UNIT = 100
COUNT_UNIT = 10_000

_AMOUNT = re.compile(r"(\d{1,12})(?:\.(\d{1,6}))?", re.ASCII)
_TICKER = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,99}", re.ASCII)
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", re.ASCII)


class MalformedError(ValueError):
    """A message of the venue that cannot be read; the text names the field and what stood there."""


# --- numbers and times ----------------------------------------------------------------------------------------


def amount(text: str, what: str) -> Micros:
    """A non-negative `_dollars` or `_fp` text in micros, exactly."""
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise MalformedError(f"{what} is not an amount: {text[:40]!r}")
    whole, fraction = match.groups()
    return Micros(int(whole) * MICRO + (int(fraction.ljust(6, "0")) if fraction else 0))


def price(text: str, what: str) -> Micros:
    """A price of a contract that pays 1: micros in [0, 1,000,000]."""
    value = amount(text, what)
    if value > MICRO:
        raise MalformedError(f"{what} is above 1: {text}")
    return value


def price_text(micros: int) -> str:
    """A price as requests have it, e.g. 560000 -> "0.5600". Raises ValueError for one that 4 decimals cannot hold or
    that is not between 0 and 1."""
    if not 0 < micros < MICRO or micros % PRICE_UNIT:
        raise ValueError(f"{decimal_of(micros)} is not a price of at most 4 decimals between 0 and 1")
    return f"0.{micros // PRICE_UNIT:04d}"


def count_text(micros: int) -> str:
    """A number of contracts as requests have it, e.g. 2500000 -> "2.50". Raises ValueError for one that 2 decimals
    cannot hold or that is not positive."""
    if micros <= 0 or micros % COUNT_UNIT:
        raise ValueError(f"{decimal_of(micros)} is not a positive number of contracts of at most 2 decimals")
    return f"{micros // MICRO}.{micros % MICRO // COUNT_UNIT:02d}"


def is_ticker(text: str) -> bool:
    return _TICKER.fullmatch(text) is not None


def time_ms(text: str, what: str) -> int:
    """Milliseconds since 1970 of an RFC 3339 time; its fraction has any number of digits, the rest below the
    millisecond is dropped."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise MalformedError(f"{what} is not a time: {text[:40]!r}")
    seconds, fraction, zone = match.groups()
    try:
        moment = datetime.fromisoformat(seconds + ("+00:00" if zone == "Z" else zone))
    except ValueError:
        raise MalformedError(f"{what} is not a time: {text}") from None
    return int(moment.timestamp()) * 1000 + int((fraction or "0").ljust(3, "0")[:3])


def moment_ms(ms: int | None, text: str | None, what: str) -> int | None:
    """The stream gives milliseconds, REST gives text; None where neither is there. A time before 1970 is the venue's
    empty one ("0001-01-01T00:00:00Z")."""
    moment = ms if ms is not None else time_ms(text, what) if text else 0
    if not is_moment(moment):
        raise MalformedError(f"{what} is not a time: {moment}")
    return moment if moment > 0 else None


# --- orders ---------------------------------------------------------------------------------------------------

BOOK_SIDES: Mapping[Side, str] = {Side.BUY: "bid", Side.SELL: "ask"}
_OF_BOOK_SIDE = {"bid": Side.BUY, "ask": Side.SELL}
_OF_OUTCOME = {"yes": Side.BUY, "no": Side.SELL}
_OF_LEGACY = {
    ("buy", "yes"): Side.BUY,
    ("sell", "no"): Side.BUY,
    ("buy", "no"): Side.SELL,
    ("sell", "yes"): Side.SELL,
}


def side_of(message: wire.Order | wire.Fill) -> Side:
    """Our side, in terms of YES.

    `book_side` and `outcome_side` say the same bit and must agree (bid is yes, ask is no); the older pair (`action`,
    `side`) decides only where both are missing. Source: getting_started/order_direction.
    """
    found = {
        side
        for side in (_read(_OF_BOOK_SIDE, message.book_side), _read(_OF_OUTCOME, message.outcome_side))
        if side is not None
    }
    if len(found) > 1:
        raise MalformedError(f"book_side {message.book_side} and outcome_side {message.outcome_side} contradict")
    if found:
        return found.pop()
    try:
        return _OF_LEGACY[message.action or "", message.side or ""]
    except KeyError:
        raise MalformedError("the message says no side") from None


def _read(sides: Mapping[str, Side], text: str | None) -> Side | None:
    if not text:
        return None
    try:
        return sides[text]
    except KeyError:
        raise MalformedError(f"unknown side {text[:20]!r}") from None


def order_state(order: wire.Order, now_ms: int) -> OrderState:
    """An order of a list or of the stream.

    While it rests, its whole size is filled + remaining (a decrease or amend changes it); afterwards what counts is
    what was filled, of the size it had at first. The venue has no status for expired orders: one that ended at or
    after its expiry did expire.
    """
    filled = amount(order.fill_count_fp, "fill_count_fp")
    remaining = amount(order.remaining_count_fp, "remaining_count_fp")
    initial = amount(order.initial_count_fp, "initial_count_fp")
    updated_ms = moment_ms(order.last_updated_ts_ms, order.last_update_time, "last_update_time")
    created_ms = moment_ms(order.created_ts_ms, order.created_time, "created_time")
    expires_ms = moment_ms(order.expiration_ts_ms, order.expiration_time, "expiration_time")
    match order.status:
        case "resting":
            status, size = OrderStatus.PLACED, filled + remaining
        case "executed":
            status, size = OrderStatus.FILLED, filled
        case "canceled":
            is_expired = expires_ms is not None and (updated_ms or now_ms) >= expires_ms
            status = OrderStatus.EXPIRED if is_expired else OrderStatus.CANCELLED
            size = max(initial, filled)
        case other:
            raise MalformedError(f"unknown order status {other[:20]!r}")
    return OrderState(
        venue_ref=_identity(order.order_id, "order_id"),
        client_ref=order.client_order_id or None,
        instrument_ref=_identity(order.ticker, "ticker"),
        side=side_of(order),
        price=price(order.yes_price_dollars, "yes_price_dollars"),
        size=Micros(size),
        filled=filled,
        status=status,
        at_ms=updated_ms or created_ms or now_ms,
        reason=order.last_update_reason or "",
    )


def placed_state(quote: NewQuote, placed: wire.Placed) -> OrderState:
    """An accepted order. The answer has no status: what remains rests; where nothing remains, the order was filled,
    or ended by self-trade prevention."""
    filled = amount(placed.fill_count, "fill_count")
    remaining = amount(placed.remaining_count, "remaining_count")
    if filled + remaining > quote.size:
        raise MalformedError(f"filled {filled} and remaining {remaining} are more than the {quote.size} of the order")
    if placed.client_order_id not in (None, "", quote.client_ref):
        raise MalformedError("the answer is about another client_order_id")
    if not is_moment(placed.ts_ms):
        raise MalformedError(f"ts_ms is not a time: {placed.ts_ms}")
    return OrderState.of(
        quote,
        _identity(placed.order_id, "order_id"),
        _status(filled, remaining, quote.size),
        placed.ts_ms,
        filled=filled,
        size=Micros(filled + remaining) if remaining else quote.size,
    )


def taken(order: wire.Order) -> Taken:
    """What an order that takes at once has taken, by the venue's own sums. Raises MalformedError where it leaves them
    out."""
    filled = amount(order.fill_count_fp, "fill_count_fp")
    cost = amount(order.taker_fill_cost_dollars or "", "taker_fill_cost_dollars") if filled else 0
    fee = amount(order.taker_fees_dollars or "", "taker_fees_dollars") if filled else 0
    if cost > filled:
        raise MalformedError(f"{filled} micros of contracts for {cost}")
    return Taken(
        _identity(order.order_id, "order_id"),
        order.client_order_id or "",
        _identity(order.ticker, "ticker"),
        side_of(order),
        filled,
        cost,
        fee,
        is_over=order.status in ("executed", "canceled"),
    )


def only_took(order: wire.Order) -> bool:
    """Whether all that an order was filled for, it took itself."""
    rested = amount(order.maker_fill_cost_dollars or "0", "maker_fill_cost_dollars")
    return not rested and amount(order.fill_count_fp, "fill_count_fp") > 0


def amended_fill(amended: wire.Amended, size: int, filled: int) -> Micros | None:
    """What is filled of an amended order of the new whole size, when `filled` was before; None when the answer does
    not say it: nothing remains, though the fills that are known do not make up the size.

    `remaining_count` is there only when the amend filled or resized the order, and is what rests now.
    """
    if amended.remaining_count is None:
        return Micros(filled)
    remaining = amount(amended.remaining_count, "remaining_count")
    if remaining > size:
        raise MalformedError(f"remaining {remaining} is more than the {size} of the order")
    if remaining:
        return Micros(size - remaining)
    gained = amount(amended.fill_count, "fill_count") if amended.fill_count else 0
    return Micros(size) if filled + gained >= size else None


def _status(filled: int, remaining: int, size: int) -> OrderStatus:
    if remaining:
        return OrderStatus.PLACED
    return OrderStatus.FILLED if filled >= size else OrderStatus.CANCELLED


def _identity(text: str, what: str) -> str:
    if not text:
        raise MalformedError(f"{what} is empty")
    return text


def fill(message: wire.Fill) -> Fill:
    """A trade of one of our orders. Kalshi takes no fill back, so it is final. The fee is what the venue charged, its
    rounding included."""
    at_ms = moment_ms(message.ts_ms, message.created_time, "created_time")
    if at_ms is None:
        raise MalformedError("the fill has no time")
    size = amount(message.count_fp, "count_fp")
    if not size:
        raise MalformedError("the fill has no size")
    return Fill(
        trade_ref=_identity(message.trade_id, "trade_id"),
        venue_ref=_identity(message.order_id, "order_id"),
        client_ref=message.client_order_id or None,
        instrument_ref=_identity(message.market_ticker, "market_ticker"),
        side=side_of(message),
        price=price(message.yes_price_dollars, "yes_price_dollars"),
        size=size,
        fee=amount(message.fee_cost, "fee_cost"),
        state=FillState.FINAL,
        is_maker=not message.is_taker,
        at_ms=at_ms,
    )


def balance(answer: wire.BalanceAnswer, working: Iterable[OrderState]) -> Balance:
    """Free and held money over all of the venue's shards; an order can still lack money on its own shard.

    The venue's balance does not leave out what its resting orders may cost (getting_started/exchange_sharding: free
    margin is the balance minus the value of the resting orders), so that is reckoned here, as if none of them closed
    a position.
    """
    owed = answer.balance_dollars.startswith("-")
    told = amount(answer.balance_dollars.removeprefix("-"), "balance_dollars")
    held = sum(risk_of(order) for order in working)
    return Balance(decimal_of((-told if owed else told) - held), decimal_of(held), CURRENCY)


def risk_of(order: OrderState) -> int:
    """What a resting order may still cost, in micros, rounded up: the price for a contract bought, 1 − price for one
    sold."""
    each = order.price if order.side is Side.BUY else MICRO - order.price
    return -(-each * (order.size - order.filled) // MICRO)
