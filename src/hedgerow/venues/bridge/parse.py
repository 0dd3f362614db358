"""From the bridge's messages to ours. Pure; what cannot be read raises MalformedError and is never guessed.

Source: the protocol's OpenAPI document 1.0.0 and its table of states and settlements. A push and a void bet both give
the stake back; only the void one ends the bet. A bet that was placed and then cancelled is void as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NoReturn

import msgspec

from hedgerow.core.clock import ms_of_iso
from hedgerow.core.odds import OddsMicros, odds_of
from hedgerow.core.states import BetSettlement, BetStatus
from hedgerow.venues.base import Balance, BetReport, LiveLine
from hedgerow.venues.bridge import wire

REJECTED = "REJECTED"

_STATES = {
    "PENDING": BetStatus.PLACED,
    "UNKNOWN": BetStatus.PLACED,  # the bridge itself is in doubt, and finds out
    "ACCEPTED": BetStatus.CONFIRMED,
    REJECTED: BetStatus.REJECTED,
    "CANCELLED": BetStatus.CANCELLED,
    "VOID": BetStatus.VOID,
}
_TAKEN = frozenset({BetStatus.CONFIRMED, BetStatus.VOID})
_SETTLED = frozenset(settlement.value for settlement in BetSettlement if settlement is not BetSettlement.UNSETTLED)


class MalformedError(ValueError):
    """A message of the bridge that does not say what the protocol promises; the message names the member."""


def time_ms(text: str, member: str) -> int:
    """Milliseconds since 1970; a time without a zone is UTC. Raises MalformedError."""
    try:
        return ms_of_iso(text)
    except ValueError:
        _no(member)


def bet(row: wire.Bet, sent: Mapping[str, Any] | None = None) -> BetReport:
    """A bet as the bridge has it. Raises MalformedError."""
    status = _STATES.get(row.state)
    if status is None:
        _no(f"state {row.state!r}")
    settlement = _settlement(row)
    if settlement is BetSettlement.VOID and status is BetStatus.CONFIRMED:
        status = BetStatus.VOID
    odds, stake = _placed(row) if status in _TAKEN or _is_called_off(row) else (None, None)
    return BetReport(
        row.reference,
        status,
        bet_ref=",".join(row.bookmaker_bet_ids or ()) or None,
        odds=odds,
        stake=stake,
        reason=_reason(row),
        settlement=settlement,
        payout=_payout(row, stake) if settlement is not None else None,
        commission=_not_negative(row.settlement.commission or "0", "settlement.commission"),
        sent=sent or {},
        received=msgspec.to_builtins(row),
    )


def _settlement(row: wire.Bet) -> BetSettlement | None:
    """How the bet was decided; one that was called off is decided whatever its settlement says."""
    told = row.settlement.status
    if told == BetSettlement.UNSETTLED:
        return BetSettlement.VOID if _is_called_off(row) else None
    return BetSettlement(told) if told in _SETTLED else _no(f"settlement {told!r}")


def _is_called_off(row: wire.Bet) -> bool:
    """Whether its stake came back without a result; a bet that was cancelled before it was placed held none."""
    return row.state == "VOID" or (row.state == "CANCELLED" and row.placed is not None)


def _placed(row: wire.Bet) -> tuple[OddsMicros, Decimal]:
    """Odds and stake of a bet that was taken."""
    if row.placed is None:
        _no("placed")
    price, stake = Decimal(row.placed.price), Decimal(row.placed.stake)
    odds = odds_of(price)
    if odds is None or stake <= 0:
        _no("placed")
    return odds, stake


def _payout(row: wire.Bet, stake: Decimal | None) -> Decimal | None:
    """What came back, as the bridge tells it; the stake of a bet that was called off is known without."""
    if row.settlement.returned is not None:
        return _not_negative(row.settlement.returned, "settlement.returned")
    return stake if _is_called_off(row) else None


def _not_negative(told: str, member: str) -> Decimal:
    amount = Decimal(told)
    return amount if amount >= 0 else _no(member)


def _reason(row: wire.Bet) -> str:
    if row.rejection is not None:
        return row.rejection.message or row.rejection.code
    return row.settlement.reason or ""


def balance(answer: wire.Balance) -> Balance:
    """Free is what may be staked now, held is in open and pending bets."""
    return Balance(Decimal(answer.available), Decimal(answer.open), answer.currency)


def live_line(answer: wire.Quote, market_ref: str, outcome_ref: str, currency: str) -> LiveLine | None:
    """The offer; None when it is suspended or not there. Raises MalformedError."""
    if answer.status in ("suspended", "not_offered"):
        return None
    if answer.status != "open":
        _no(f"status {answer.status!r}")
    if answer.currency not in (None, currency):
        _no(f"currency {answer.currency!r}")
    odds = None if answer.price is None else odds_of(Decimal(answer.price))
    if odds is None or answer.max_stake is None:
        _no("price or maxStake")
    least, most = Decimal(answer.min_stake or 0), Decimal(answer.max_stake)
    if least < 0 or most < 0:
        _no("minStake or maxStake")
    return LiveLine(market_ref, outcome_ref, odds, least, most, currency)


def _no(member: str) -> NoReturn:
    raise MalformedError(f"{member} is missing, unknown or out of range")
