"""From Betfair's messages to ours, and ours to its: pure functions, exact numbers.

A back of stake s at odds o is a BUY of s × o contracts at 1/o, a lay a SELL (docs/decisions/0196). Stakes are cents and
odds hundredths, so contracts are whole hundreds of micros: where the venue tells only a mean of odds, the nearest of
those is meant. Whatever cannot be read without guessing raises MalformedError.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from hedgerow.core.clock import is_moment, ms_of_iso
from hedgerow.core.money import MICRO, InexactAmountError, Micros, decimal_of, is_amount, micros
from hedgerow.core.states import FillState, OrderStatus, Side
from hedgerow.venues.base import Balance, Fill, OrderState
from hedgerow.venues.betfair_ex import wire
from hedgerow.venues.betfair_ex.ladder import CENT, LADDER
from hedgerow.venues.taking import Taken

SIDES: Mapping[Side, str] = {Side.BUY: "BACK", Side.SELL: "LAY"}
_OF_SIDE = {"BACK": Side.BUY, "LAY": Side.SELL, "B": Side.BUY, "L": Side.SELL}

_REF = re.compile(r"(1\.\d{1,12}):(\d{1,12})", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{32}", re.ASCII)
_PLAIN = re.compile(r"[A-Za-z0-9._-]{1,32}", re.ASCII)
_STEP = 100
_MOST_ODDS = 1_000 * MICRO


class MalformedError(ValueError):
    """A message of the venue that cannot be read; the text names the field and what stood there."""


# --- names ---------------------------------------------------------------------------------------------------------


def ref_of(market_id: str, selection_id: int) -> str:
    """Our name of a selection: both ids, since neither names it alone. Raises MalformedError."""
    ref = f"{market_id}:{selection_id}"
    if _REF.fullmatch(ref) is None:
        raise MalformedError(f"{ref[:60]!r} is no selection of a market")
    return ref


def parts_of(ref: str) -> tuple[str, int] | None:
    """(market id, selection id); None for what is no such name."""
    match = _REF.fullmatch(ref)
    return None if match is None else (match[1], int(match[2]))


def wire_ref(reference: str) -> str:
    """A reference as the venue takes it: at most 32 of letters, digits, `-._`; a UUID without its dashes. Raises
    ValueError."""
    try:
        number = UUID(reference)
    except ValueError:
        number = None
    if number is not None and str(number) == reference:
        return number.hex
    if _PLAIN.fullmatch(reference) is None or _HEX.fullmatch(reference):
        raise ValueError(f"{reference[:60]!r} is no reference that the venue takes")
    return reference


def own_ref(told: str | None) -> str | None:
    """Our reference of what the venue tells back."""
    if not told:
        return None
    return str(UUID(told)) if _HEX.fullmatch(told) else told


# --- numbers -------------------------------------------------------------------------------------------------------


def odds_text(price: int) -> Decimal:
    """The odds of a price of the grid, as requests have them. Raises ValueError for another price."""
    if price not in LADDER:
        raise ValueError(f"{decimal_of(price)} is no price of the ladder")
    return decimal_of(LADDER.odds_of(price))


def stake_text(price: int, size: int) -> Decimal:
    """The backer's stake of contracts at a price of the grid. Raises ValueError unless it is positive and whole
    cents."""
    stake = LADDER.at_risk(price, size, buys=True)
    if size <= 0 or size % LADDER.lot_at(price, CENT):
        raise ValueError(f"{decimal_of(size)} contracts at this price are no stake of whole cents")
    return decimal_of(stake)


def odds(value: Decimal, what: str) -> int:
    """Odds in micros, from a match or an order."""
    found = _micros(value, what)
    if not MICRO < found <= _MOST_ODDS:
        raise MalformedError(f"{what} is no odds: {value}")
    return found


def stake(value: Decimal, what: str) -> int:
    """An amount in micros, not negative. The stream writes sums of binary numbers (8.879999999999999): cents are
    meant."""
    if not value.is_finite() or not 0 <= value < 10**12:
        raise MalformedError(f"{what} is no amount: {value}")
    return micros(round(value, 2))


def contracts(stake_micros: int, mean: Decimal, what: str) -> Micros:
    """What a stake at mean odds pays, to the nearest that stakes of cents can."""
    if not stake_micros:
        return Micros(0)
    if not mean.is_finite() or not 1 < mean <= 1_000:
        raise MalformedError(f"{what} is no odds: {mean}")
    return Micros(round(stake_micros * mean / _STEP) * _STEP)


def time_text(at_ms: int) -> str:
    """A time as requests have it."""
    moment = datetime.fromtimestamp(max(0, at_ms) // 1_000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{max(0, at_ms) % 1_000:03d}Z"


def time_ms(text: str, what: str) -> int:
    try:
        at_ms = ms_of_iso(text)
    except ValueError:
        at_ms = None
    if at_ms is None or not is_moment(at_ms):
        raise MalformedError(f"{what} is not a time: {text[:40]!r}")
    return at_ms


def _micros(value: Decimal, what: str) -> int:
    try:
        return micros(value)
    except InexactAmountError:
        raise MalformedError(f"{what} is not an amount: {value}") from None


def side_of(text: str) -> Side:
    try:
        return _OF_SIDE[text]
    except KeyError:
        raise MalformedError(f"unknown side {text[:20]!r}") from None


# --- orders --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Amounts:
    """The parts of a bet's stake, micros, and the mean odds of what is matched."""

    matched: int
    remaining: int
    lapsed: int
    cancelled: int
    voided: int
    mean: Decimal


@dataclass(frozen=True, slots=True)
class Bet:
    """An order, and the backer's stake of what is matched, micros."""

    state: OrderState
    matched: int


def _bet(
    bet_id: str, reference: str | None, ref: str, side: str, price: Decimal, parts: Amounts, at_ms: int, *, rests: bool
) -> Bet:
    asked = odds(price, "price")
    filled = contracts(parts.matched, parts.mean, "averagePriceMatched")
    left = (parts.remaining if rests else parts.lapsed + parts.cancelled) * asked // MICRO
    if rests:
        status = OrderStatus.PLACED
    elif parts.cancelled or (parts.voided and not parts.matched):
        status = OrderStatus.CANCELLED
    elif parts.lapsed:
        status = OrderStatus.EXPIRED
    else:
        status = OrderStatus.FILLED
    own_price = LADDER.price_of(asked)
    if not bet_id or own_price is None:
        raise MalformedError(f"bet {bet_id[:20]!r} at {price} is none of the ladder's")
    size = Micros(filled + left)
    state = OrderState(bet_id, own_ref(reference), ref, side_of(side), own_price, size, filled, status, at_ms)
    return Bet(state, parts.matched)


def current(order: wire.CurrentOrder) -> Bet:
    """A bet of listCurrentOrders."""
    parts = Amounts(
        stake(order.size_matched, "sizeMatched"),
        stake(order.size_remaining, "sizeRemaining"),
        stake(order.size_lapsed, "sizeLapsed"),
        stake(order.size_cancelled, "sizeCancelled"),
        stake(order.size_voided, "sizeVoided"),
        order.average_price_matched,
    )
    at_ms = time_ms(order.matched_date or order.placed_date, "matchedDate")
    ref = ref_of(order.market_id, order.selection_id)
    rests = _rests(order.status, ("EXECUTABLE", "EXECUTION_COMPLETE", "EXPIRED"))
    return _bet(
        order.bet_id, order.customer_order_ref, ref, order.side, order.price_size.price, parts, at_ms, rests=rests
    )


def streamed(market_id: str, selection_id: int, order: wire.StreamOrder) -> Bet:
    """A `uo` of the order stream."""
    parts = Amounts(
        stake(order.sm, "sm"),
        stake(order.sr, "sr"),
        stake(order.sl, "sl"),
        stake(order.sc, "sc"),
        stake(order.sv, "sv"),
        order.avp,
    )
    at_ms = max(order.md or 0, order.cd or 0, order.ld or 0, order.pd)
    if not is_moment(at_ms):
        raise MalformedError(f"{at_ms} is not a time")
    ref = ref_of(market_id, selection_id)
    return _bet(order.id, order.rfo, ref, order.side, order.p, parts, at_ms, rests=_rests(order.status, ("E", "EC")))


def _rests(status: str, known: tuple[str, ...]) -> bool:
    if status not in known:
        raise MalformedError(f"unknown order status {status[:20]!r}")
    return status == known[0]


def cleared(order: wire.ClearedOrder) -> Bet:
    """A bet of listClearedOrders: nothing of it rests any more."""
    matched, cancelled = stake(order.size_settled, "sizeSettled"), stake(order.size_cancelled, "sizeCancelled")
    parts = Amounts(matched, 0, 0, cancelled, 0, order.price_matched)
    at_ms = time_ms(order.settled_date or order.placed_date, "settledDate")
    ref = ref_of(order.market_id, order.selection_id)
    return _bet(
        order.bet_id, order.customer_order_ref, ref, order.side, order.price_requested, parts, at_ms, rests=False
    )


# --- fills ---------------------------------------------------------------------------------------------------------


def fills(market_id: str, runner: wire.BookRunner, took: Mapping[str, int]) -> list[Fill]:
    """The matches of our bets on a runner, the oldest first. took: stakes (micros) that bets took at once, where that
    is known: the first matches up to it were a taker's. Of others those count so that came with the bet."""
    ref, orders = ref_of(market_id, runner.selection_id), {order.bet_id: order for order in runner.orders}
    seen: dict[str, int] = {}
    found = []
    for match in sorted(runner.matches, key=_match_key):
        order = orders.get(match.bet_id or "")
        if order is None or not match.match_id or not match.match_date:
            raise MalformedError("a match without its bet, its id or its time")
        size = stake(match.size, "size")
        if not size:
            raise MalformedError("a match has no size")
        before = seen.get(order.bet_id, 0)
        seen[order.bet_id] = before + size
        taken = took.get(order.bet_id)
        is_maker = match.match_date != order.placed_date if taken is None else before >= taken
        at = odds(match.price, "price")
        found.append(
            Fill(
                match.match_id,
                order.bet_id,
                own_ref(order.customer_order_ref),
                ref,
                side_of(match.side),
                Micros(MICRO * MICRO // at),
                Micros(size * at // MICRO),
                Micros(0),
                FillState.FINAL,
                is_maker,
                time_ms(match.match_date, "matchDate"),
            )
        )
    return found


def _match_key(match: wire.Match) -> tuple[str, int, str]:
    return match.match_date or "", len(match.match_id or ""), match.match_id or ""


# --- bets that take ------------------------------------------------------------------------------------------------


def taken(bet: Bet) -> Taken:
    state = bet.state
    return taken_of(
        state.venue_ref,
        state.client_ref or "",
        state.instrument_ref,
        state.side,
        state.filled,
        bet.matched,
        is_over=not state.status.is_open,
    )


def taken_of(bet_id: str, reference: str, ref: str, side: Side, size: int, matched: int, *, is_over: bool) -> Taken:
    cost = matched if side is Side.BUY else size - matched
    return Taken(bet_id, reference, ref, side, size, cost, 0, is_over=is_over)


# --- money ---------------------------------------------------------------------------------------------------------


def balance(funds: wire.Funds, working: Iterable[OrderState], currency: str) -> Balance:
    """availableToBetBalance has the exposure taken off already; what resting bets are of it is reckoned from them."""
    if not is_amount(funds.available_to_bet_balance):
        raise MalformedError("availableToBetBalance is not an amount")
    held = sum(LADDER.at_risk(order.price, order.size - order.filled, buys=order.side is Side.BUY) for order in working)
    return Balance(funds.available_to_bet_balance, decimal_of(held), currency)
