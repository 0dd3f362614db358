"""From the venue's messages to ours. Pure: nothing here knows a socket, a clock or an account's secrets.

Our contract of a market pays 1 when its outcome one wins. A bet on outcome one at p buys it at p, a bet on outcome two
at q sells it at 1 − q; a stake s at odds o is s / o contracts. What cannot be read raises UnreadableError.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hedgerow.core.errors import Reason
from hedgerow.core.money import MICRO, Micros, decimal_of
from hedgerow.core.states import FillState, OrderStatus, Side
from hedgerow.venues.base import Balance, Fill, NewQuote, OrderState
from hedgerow.venues.reading import UnreadableError
from hedgerow.venues.sx_bet import wire
from hedgerow.venues.sx_bet.errors import reason_of
from hedgerow.venues.sx_bet.values import ODDS_ONE, ODDS_PER_MICRO, epoch_ms, probability, whole

CURRENCY = "USD"
"""USDC is counted as dollars, as everywhere in the venue."""


def side_of(*, is_outcome_one: bool) -> Side:
    return Side.BUY if is_outcome_one else Side.SELL


def price_of(side: Side, own: int) -> Micros:
    """The contract's price for a bet's own probability, and back."""
    return Micros(own if side is Side.BUY else MICRO - own)


def contracts_of(stake: int, own: int) -> Micros:
    """The contracts of a stake at its own probability, what is below one micro dropped."""
    return Micros(stake * MICRO // own)


# --- orders ----------------------------------------------------------------------------------------------------

_ENDS: Mapping[str, OrderStatus] = {"FILLED": OrderStatus.FILLED, "EXPIRED": OrderStatus.EXPIRED}


def order_state(row: wire.OrderRow, client_ref: str | None, now_ms: int) -> OrderState:
    """An order as a list or the stream gives it. client_ref: ours, where the row has none; now_ms: when it was told,
    where it does not say. A status that is not known is taken for resting: then it is asked for and cancelled."""
    own, stake, remaining = (probability(row.percentage_odds), whole(row.total_bet_size), whole(row.remaining_size))
    if remaining > stake:
        raise UnreadableError(f"{remaining} remain of a stake of {stake}")
    side = side_of(is_outcome_one=row.is_betting_outcome_one)
    is_over = row.status == "INACTIVE"
    return OrderState(
        venue_ref=row.id,
        client_ref=row.client_order_id or client_ref,
        instrument_ref=row.market_hash,
        side=side,
        price=price_of(side, own),
        size=contracts_of(stake, own),
        filled=contracts_of(stake - remaining, own),
        status=_ENDS.get(row.inactive_reason or "", OrderStatus.CANCELLED) if is_over else OrderStatus.PLACED,
        at_ms=epoch_ms(row.updated_at) if row.updated_at else now_ms,
        reason=row.inactive_reason or "" if is_over else "",
    )


# The states that an order is in when its placement is answered; a CANCELLED one is told by its reason.
_PLACED: Mapping[str, OrderStatus] = {
    "TIMEOUT": OrderStatus.PENDING_PLACEMENT,
    "RESTED": OrderStatus.PLACED,
    "PARTIAL_FILL_RESTED": OrderStatus.PLACED,
    "FULLY_FILLED": OrderStatus.FILLED,
    "PARTIAL_FILL_DONE": OrderStatus.CANCELLED,
    "CANCELLED": OrderStatus.CANCELLED,
}
_FAILURES = frozenset({"INTERNAL_ERROR", "ENGINE_SHUTDOWN"})


def placed_state(reply: wire.Placed, quote: NewQuote, order_id: str, now_ms: int) -> OrderState:
    """The state that a placement is answered with; PENDING_PLACEMENT while the venue does not say. Raises
    UnreadableError for a state that is not documented."""
    outcome = reply.outcome or wire.Outcome("TIMEOUT")
    status = _PLACED.get(outcome.state)
    if status is None:
        raise UnreadableError(f"{outcome.state[:40]!r} is no state of a placed order")
    own = price_of(quote.side, quote.price)
    filled = quote.size if status is OrderStatus.FILLED else contracts_of(whole(outcome.fill_amount or "0"), own)
    if status is OrderStatus.CANCELLED and not filled:
        if outcome.cancel_reason in _FAILURES:
            status = OrderStatus.FAILED
        elif outcome.cancel_reason == "EXPIRED":
            status = OrderStatus.EXPIRED
    return OrderState.of(
        quote, order_id, status, now_ms, filled=min(filled, quote.size), reason=outcome.cancel_reason or ""
    )


def refusal_in(outcome: wire.Outcome | None) -> str | None:
    """Why an order that the venue took and ended at once was in truth refused; None for one that was not."""
    if outcome is None or outcome.state != "CANCELLED" or reason_of(outcome.cancel_reason or "") is not Reason.FUNDS:
        return None
    return outcome.cancel_reason


# --- fills -----------------------------------------------------------------------------------------------------

_FILL_STATE: Mapping[str, FillState] = {
    "MATCHED": FillState.PROVISIONAL,
    "LOCKED": FillState.FINAL,
    "SETTLED": FillState.FINAL,
    "FAILED": FillState.REVERSED,
}


@dataclass(frozen=True, slots=True)
class Part:
    """One fill's numbers in micros: contracts, what they cost, the bet's own probability."""

    size: int
    cost: int
    own: int


def part_of(row: wire.FillRow) -> Part:
    """Raises UnreadableError, also where stake, odds and return do not belong together."""
    stake, size, odds = whole(row.fill_amount), whole(row.return_amount), whole(row.fill_odds)
    if not 0 < odds < ODDS_ONE or abs(stake * ODDS_ONE - size * odds) > 2 * ODDS_ONE:
        raise UnreadableError(f"{stake} at {odds} does not return {size}")
    return Part(size, stake, odds // ODDS_PER_MICRO)


def fill_state(text: str) -> FillState:
    """Of a fill's status. An unknown one can still go both ways."""
    return _FILL_STATE.get(text, FillState.PROVISIONAL)


def fill_of(row: wire.FillRow, client_ref: str | None) -> Fill:
    """Makers and takers pay nothing when they are matched: what the venue keeps, it takes from what is paid out."""
    part = part_of(row)
    side = side_of(is_outcome_one=row.is_betting_outcome_one)
    return Fill(
        trade_ref=row.id,
        venue_ref=row.order_id,
        client_ref=client_ref,
        instrument_ref=row.market_hash,
        side=side,
        price=price_of(side, part.own),
        size=Micros(part.size),
        fee=Micros(0),
        state=fill_state(row.status),
        is_maker=row.is_maker,
        at_ms=epoch_ms(row.created_at),
    )


def is_since(row: wire.FillRow, since_ms: int) -> bool:
    """Whether the fill is from that time on, or was taken back in it."""
    is_undone = fill_state(row.status) is FillState.REVERSED and row.updated_at is not None
    return epoch_ms(row.created_at) >= since_ms or (is_undone and epoch_ms(row.updated_at or "") >= since_ms)


# --- books -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Best:
    """The highest probability that somebody bets at on either outcome, in micros; 0 where nobody does."""

    one: int
    two: int

    def is_met_by(self, side: Side, price: int) -> bool:
        """Whether an order would match at once: two bets do when their probabilities make up at least 1."""
        own = price_of(side, price)
        return own + (self.two if side is Side.BUY else self.one) >= MICRO


def best_of(book: wire.Book) -> Best:
    return Best(*(max(map(_own, rows), default=0) for rows in (book.outcome_one, book.outcome_two)))


def offers(book: wire.Book, side: Side) -> list[tuple[int, int]]:
    """What can be bought now of the contracts of a side: (cost of one, contracts), micros, the cheapest first. Whoever
    bets on an outcome meets those who bet on the other, at the complement of their odds."""
    rows = book.outcome_two if side is Side.BUY else book.outcome_one
    return sorted((MICRO - _own(row), contracts_of(whole(row.size), _own(row))) for row in rows)


def _own(row: wire.LevelRow) -> int:
    return probability(row.percentage_odds)


# --- account ---------------------------------------------------------------------------------------------------


def balance_of(row: wire.BalanceRow, resting: Sequence[OrderState]) -> Balance:
    """The available money; what rests may still cost is held of it."""
    total = whole(row.available_amount)
    held = sum(price_of(o.side, o.price) * (o.size - o.filled) // MICRO for o in resting)
    return Balance(free=decimal_of(max(total - held, 0)), held=decimal_of(min(held, total)), currency=CURRENCY)
