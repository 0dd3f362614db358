"""Books how a bet ended, whoever says so: its row, its money, the audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from asyncpg import Connection

from hedgerow.abp.ledger import book_settlement
from hedgerow.abp.limits import at_risk
from hedgerow.execution.amounts import Currency
from hedgerow.execution.commission import commission_rate
from hedgerow.execution.grading import Verdict, Wager
from hedgerow.storage.audit import note
from hedgerow.storage.bets import Bet, Bets

_ACTORS = {"bookmaker": "venue", "feed": "feed", "operator": "operator"}


def wager(bet: Bet, meta: Mapping[str, Any]) -> Wager:
    """A bet that was taken, as its account settles it. meta: the account's. Raises ValueError."""
    if bet.placed_stake is None or bet.placed_odds is None:
        raise ValueError(f"bet {bet.bet_id} was not taken")
    currency = Currency(bet.currency, bet.usd_rate)
    risk = bet.at_risk
    if risk is None:
        risk = at_risk(bet.placed_stake, bet.placed_odds, currency, is_back=bet.is_back)
    return Wager(bet.placed_stake, bet.placed_odds, risk, currency, bet.is_back, commission_rate(meta))


def is_settled_so(settlement: str, payout: Decimal | None, by: str | None, verdict: Verdict) -> bool:
    """Whether a bet's row stands as the verdict says."""
    return (settlement, payout, by) == (verdict.settlement.value, verdict.payout, verdict.by)


async def book_verdict(
    connection: Connection[Any], bets: Bets, bet: Bet, verdict: Verdict, now: datetime, reason: str = ""
) -> None:
    """Settles a locked bet, or settles it anew, inside the caller's transaction. reason: why an operator says so."""
    before, paid_before, by_before = bet.settlement, bet.payout, bet.settled_by
    bet.settlement, bet.payout, bet.settled_at = verdict.settlement.value, verdict.payout, now
    bet.settled_by = verdict.by
    await bets.save_settlement(connection, bet)
    await book_settlement(connection, bet, paid_before, verdict.commission, now)
    data: dict[str, Any] = {
        "settlement": verdict.settlement.value,
        "payout": verdict.payout,
        "commission": verdict.commission,
        "before": before,
        "paid": paid_before,
        "by": by_before,
    }
    await note(
        connection,
        now,
        actor=_ACTORS[verdict.by],
        subject="bet",
        subject_id=str(bet.bet_id),
        action="settled" if by_before is None else "settled anew",
        data={**data, "reason": reason} if reason else data,
    )
