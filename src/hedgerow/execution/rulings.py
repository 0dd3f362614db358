"""What an operator may say of how a bet ended. Pure."""

from __future__ import annotations

from decimal import Decimal

from hedgerow.core.errors import InputError
from hedgerow.core.states import BetSettlement, BetStatus
from hedgerow.execution.grading import Verdict, Wager, graded
from hedgerow.storage.bets import Bet

_REASON_LENGTH = 500


def check_reason(reason: str) -> None:
    """Raises InputError for a reason that says nothing, or too much."""
    if not reason.strip() or len(reason) > _REASON_LENGTH:
        raise InputError(f"a reason of at most {_REASON_LENGTH} characters is needed: it is all that is left later")


def check_can_be_settled(bet: Bet) -> None:
    """Raises InputError for a bet that was not taken, and for one that its bookmaker has settled."""
    if bet.status is not BetStatus.CONFIRMED or bet.is_test:
        raise InputError(f"bet {bet.bet_id} is {named(bet)}; only a bet that was taken can be settled")
    if bet.settled_by == "bookmaker":
        raise InputError(f"bet {bet.bet_id} was settled {bet.settlement} by {bet.bookmaker}, whose word stands")


def ruled(wager: Wager, settlement: BetSettlement, payout: Decimal | None) -> Verdict:
    """How the bet ended by an operator's word. payout: what came back, commission taken, where it is not what the
    result pays. Raises InputError."""
    if payout is not None:
        if payout < 0:
            raise InputError("a payout is 0 or more")
        return Verdict(settlement, payout, Decimal(0), "operator")
    verdict = graded(wager, settlement, "operator")
    if verdict is None:
        raise InputError(f"what {settlement.value} pays has to be told: --payout")
    return verdict


def named(bet: Bet) -> str:
    """What a bet is, for a message."""
    return f"{bet.status.value}{' for a test' if bet.is_test else ''}"
