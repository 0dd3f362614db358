"""The protocol's answers: money and prices as decimal texts, times with milliseconds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hedgerow.core.states import SettlementStatus
from hedgerow.sim.bookmaker import CALLED_OFF, CASHED_OUT, Bet
from hedgerow.sim.dialects.bridge.store import Job
from hedgerow.sim.dialects.bridge.wire import time_text
from hedgerow.sim.orders import State

Json = dict[str, Any]


def amount(value: Decimal) -> str:
    """Digits without an exponent."""
    return f"{value:f}"


def money(stake: str, price: str) -> Json:
    return {"stake": stake, "price": price}


def bet_shape(job: Job, currency: str, *, is_push: bool, tells_results: bool = True) -> Json:
    """The Bet schema. is_push: a stake that came back did so because the line was hit, not because it was void."""
    is_told = job.bet is None or tells_results or bool(job.bet.ended)
    request = job.request
    shape: Json = {
        "reference": job.reference,
        "account": job.account,
        "state": state_of(job, is_push=is_push or not is_told),
        "requested": money(request.stake, request.limit_price),
        "currency": currency,
        "settlement": _settlement(job.bet if is_told else None, is_push=is_push),
        "receivedAt": time_text(job.received_ms),
        "sentAt": None if job.sent_ms is None else time_text(job.sent_ms),
        "updatedAt": time_text(job.updated_ms),
        "revision": job.revision,
    }
    if job.decided_ms is not None:
        shape["decidedAt"] = time_text(job.decided_ms)
    if job.refusal is not None:
        refusal = job.refusal
        shape["rejection"] = {"code": refusal.code, "message": refusal.message, "retry": refusal.retry}
        if refusal.offer is not None:
            shape["rejection"]["offer"] = money(*refusal.offer)
    elif job.bet is not None and job.bet.state is not State.PENDING:
        shape["bookmakerBetIds"] = [job.bet.id]
        shape["placed"] = money(amount(job.bet.stake), amount(job.bet.price))
    return shape


def state_of(job: Job, *, is_push: bool) -> str:
    """PENDING until the bookmaker has decided; what was void by rule is VOID."""
    if job.refusal is not None:
        return "REJECTED"
    if job.bet is None or job.bet.state is State.PENDING:
        return "PENDING"
    if job.bet.ended == CALLED_OFF:
        return "CANCELLED"
    return "VOID" if job.bet.settlement is SettlementStatus.VOID and not is_push else "ACCEPTED"


def _status(bet: Bet, *, is_push: bool) -> str:
    if bet.ended:
        return "CASHOUT" if bet.ended == CASHED_OUT else "VOID"
    return "PUSH" if is_push and bet.settlement is SettlementStatus.VOID else bet.settlement.value


def _settlement(bet: Bet | None, *, is_push: bool) -> Json:
    if bet is None or bet.state is not State.SETTLED:
        return {"status": "UNSETTLED"}
    return {
        "status": _status(bet, is_push=is_push),
        "returned": amount(bet.payout),
        "number": bet.revision,
        "settledAt": time_text(bet.settled_ms),
    }
