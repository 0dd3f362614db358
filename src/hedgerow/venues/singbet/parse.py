"""From the broker's messages to ours. Pure; what cannot be read raises UnreadableError and is never guessed.

Sources: the venue sheet for the words of a ticket's state and for half results, which only the amounts tell; the single
letters and digits of the statement: a public client.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, auto
from typing import Any, NoReturn

import msgspec

from hedgerow.core.money import is_amount, micros_floor
from hedgerow.core.odds import OddsMicros, odds_of
from hedgerow.core.states import BetSettlement, BetStatus
from hedgerow.venues.base import Balance, BetReport
from hedgerow.venues.reading import UnreadableError
from hedgerow.venues.singbet import wire
from hedgerow.venues.singbet.requests import BOOKIE, DECIMAL_ODDS

_PREFIX = "WA-"
_CENT = Decimal("0.01")


class _State(Enum):
    WAITING = auto()
    RUNNING = auto()
    REJECTED = auto()
    VOID = auto()
    WON = auto()
    LOST = auto()
    DRAWN = auto()
    SETTLED = auto()


_STATES = {
    **dict.fromkeys(("pending", "processing", "waiting", "0", "1", "s"), _State.WAITING),
    **dict.fromkeys(("running", "accepted", "success"), _State.RUNNING),
    **dict.fromkeys(("rejected", "void by delay", "failed", "8", "e"), _State.REJECTED),
    **dict.fromkeys(("cancelled", "void", "refund", "v"), _State.VOID),
    **dict.fromkeys(("won", "half won"), _State.WON),
    **dict.fromkeys(("lost", "half lost"), _State.LOST),
    **dict.fromkeys(("draw", "stake returned"), _State.DRAWN),
    **dict.fromkeys(("settled", "2"), _State.SETTLED),
}
_OPEN = (_State.WAITING, _State.RUNNING)


@dataclass(frozen=True, slots=True)
class Quote:
    """What the book takes now."""

    odds: Decimal
    least: Decimal
    most: Decimal
    currency: str


def balance(told: wire.Summary) -> Balance:
    """Free is the credit that may be bet with; held is what is in bets that are not settled. Raises UnreadableError."""
    credit, held = _amount(told.credit, "Credit"), _amount(told.outstanding, "Outstanding")
    return Balance(credit, held, told.credit_currency.strip().upper())


def quote(row: wire.BookQuote) -> Quote:
    """Raises UnreadableError for one that does not say all."""
    least, most = _amount(row.minimum_amount, "MinimumAmount"), _amount(row.maximum_amount, "MaximumAmount")
    if not 0 <= least <= most:
        _no("MinimumAmount or MaximumAmount")
    return Quote(_odds(row.odds), least, most, (row.currency or _no("Currency")).upper())


# --- tickets -------------------------------------------------------------------------------------------------------


def placement_reference(reference: str) -> str:
    """What the broker makes of our reference."""
    return f"{_PREFIX}{reference}"


def reference_of(ticket: wire.Ticket) -> str:
    """Ours, where the ticket has one."""
    return ticket.bet_placement_reference.removeprefix(_PREFIX)


def ticket_number(ticket: wire.Ticket) -> str:
    return str(ticket.reference_number or _no("ReferenceNumber"))


def report(tickets: Sequence[wire.Ticket], reference: str) -> BetReport:
    """The bet that the tickets of one reference are, the latest of them first: what was taken is summed, and odds are
    what the whole stake got. Raises UnreadableError, also for tickets that ended in different ways."""
    states = [_state(ticket) for ticket in tickets]
    received = {"Tickets": [_plain(ticket) for ticket in tickets]}
    taken = [(ticket, state) for ticket, state in zip(tickets, states, strict=True) if state is not _State.REJECTED]
    if not taken:
        reason = next((t.bet_placement_message for t in tickets if t.bet_placement_message), "rejected by the book")
        return BetReport(reference, BetStatus.REJECTED, reason=reason, received=received)
    stake = sum((_stake(ticket) for ticket, _ in taken), Decimal(0))
    returned = sum((_stake(ticket) * _odds(ticket.odds) for ticket, _ in taken), Decimal(0))
    settlement = _common([_settlement(ticket, state) for ticket, state in taken])
    is_waiting = any(state is _State.WAITING for _, state in taken)
    status = BetStatus.VOID if settlement is BetSettlement.VOID else BetStatus.CONFIRMED
    won = sum((ticket.won or Decimal(0) for ticket, _ in taken), Decimal(0)) if settlement else Decimal(0)
    return BetReport(
        reference,
        BetStatus.PLACED if is_waiting else status,
        bet_ref=ticket_number(taken[-1][0]),
        odds=OddsMicros(micros_floor(returned / stake)),
        stake=stake,
        settlement=settlement,
        payout=None if settlement is None else stake + won,
        received=received,
    )


def _state(ticket: wire.Ticket) -> _State:
    if ticket.bookie not in (None, BOOKIE) or ticket.odds_type not in (None, DECIMAL_ODDS):
        _no("Bookie or OddsType")
    return _STATES.get(ticket.status.strip().casefold()) or _no(f"Status {ticket.status!r}")


def _settlement(ticket: wire.Ticket, state: _State) -> BetSettlement | None:
    """By the amounts; they must agree with the word. None for an open one."""
    if state in _OPEN:
        return None
    stake, won = _stake(ticket), _amount(ticket.won, "Pnl")
    profit = stake * (_odds(ticket.odds) - 1)
    ends = (
        (profit, BetSettlement.WON, _State.WON),
        (-stake, BetSettlement.LOST, _State.LOST),
        (Decimal(0), BetSettlement.PUSH, _State.DRAWN),
        (profit / 2, BetSettlement.HALF_WON, _State.WON),
        (-stake / 2, BetSettlement.HALF_LOST, _State.LOST),
    )
    if state is _State.VOID:
        return BetSettlement.VOID if won == 0 else _no("Pnl")
    fitting = [(abs(won - amount), end) for amount, end, word in ends if state in (word, _State.SETTLED)]
    off, end = min(fitting, key=lambda one: one[0])
    return end if off <= _CENT else _no("Pnl")


def _common(settlements: Sequence[BetSettlement | None]) -> BetSettlement | None:
    """What all tickets ended as; None while one is open."""
    if None in settlements:
        return None
    return settlements[0] if len(set(settlements)) == 1 else _no("one end of all tickets")


def _stake(ticket: wire.Ticket) -> Decimal:
    stake = _amount(ticket.stake, "Stake")
    return stake if stake > 0 else _no("Stake")


def _amount(amount: Decimal | None, member: str) -> Decimal:
    """An amount of money that can be reckoned with."""
    if amount is None or not is_amount(amount):
        _no(member)
    return amount


def _odds(odds: Decimal | None) -> Decimal:
    return odds if odds is not None and odds_of(odds) else _no("Odds")


def _plain(message: msgspec.Struct) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(message, builtin_types=(Decimal,))
    return plain


def _no(member: str) -> NoReturn:
    raise UnreadableError(f"{member} is missing or out of range")
