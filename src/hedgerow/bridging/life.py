"""The life of a bet in a bridge. Pure: each function gives the bet as it is afterwards.

Taken in, sent, decided, settled. What was not sent can be withdrawn; what was sent is decided by the bookmaker alone.
Source: the protocol's rules on placing without doubt, its table of states and settlements.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from hedgerow.bridging.bridge import Placed, Refused, Result
from hedgerow.bridging.wire import (
    RETRIES,
    UNSETTLED,
    Bet,
    BetRequest,
    Money,
    Rejection,
    Settlement,
    State,
    Status,
    amount,
)
from hedgerow.core.clock import iso_of_ms
from hedgerow.core.observe import redact

_replace = msgspec.structs.replace


class StateError(ValueError):
    """A bet cannot go on so from where it is."""


def taken_in(account: str, reference: str, request: BetRequest, now_ms: int) -> Bet:
    """A bet that nobody has sent yet."""
    at = iso_of_ms(now_ms)
    return Bet(
        reference,
        account,
        State.PENDING,
        Money(request.stake, request.limit_price),
        request.currency,
        UNSETTLED,
        revision=0,
        updated_at=at,
        sent_at=None,
        received_at=at,
    )


def is_unsent(bet: Bet) -> bool:
    return bet.state is State.PENDING and bet.sent_at is None


def is_undecided(bet: Bet) -> bool:
    """Whether the bookmaker may have it, and has not said so."""
    return bet.state is State.UNKNOWN or (bet.state is State.PENDING and bet.sent_at is not None)


def sent(bet: Bet, now_ms: int) -> Bet:
    """From here on only the bookmaker knows. Raises StateError."""
    if not is_unsent(bet):
        raise StateError(f"a bet that is {bet.state} is not sent")
    return _replace(bet, sent_at=iso_of_ms(now_ms))


def withdrawn(bet: Bet, refused: Refused, now_ms: int) -> Bet:
    """Ended by the bridge itself. Raises StateError for a bet that was sent."""
    if not is_unsent(bet):
        raise StateError(f"a bet that is {bet.state} and was sent at {bet.sent_at} is not the bridge's to end")
    return _rejected(bet, refused, now_ms)


def decided(bet: Bet, decision: Placed | Refused, now_ms: int) -> Bet:
    """What the bookmaker has made of it. Raises StateError for a bet that was not sent, or is decided."""
    if not is_undecided(bet):
        raise StateError(f"a bet that is {bet.state} is not decided (again)")
    if isinstance(decision, Refused):
        return _rejected(bet, decision, now_ms)
    return _replace(
        bet,
        state=State.ACCEPTED,
        bookmaker_bet_ids=list(decision.ids),
        placed=Money(amount(decision.stake), amount(decision.price)),
        decided_at=iso_of_ms(now_ms),
        evidence=_told(decision.evidence),
    )


def doubted(bet: Bet, why: str) -> Bet:
    """Sent, and nobody knows what became of it. Raises StateError."""
    if not is_undecided(bet):
        raise StateError(f"a bet that is {bet.state} is in no doubt")
    return _replace(bet, state=State.UNKNOWN, evidence=_told({"doubt": why}))


def settled(bet: Bet, result: Result, now_ms: int) -> Bet:
    """With what was paid back; the bet itself when that is known already. Another result than before is a correction,
    with the next number. Raises StateError for a bet that was not taken."""
    if bet.state not in (State.ACCEPTED, State.VOID):
        raise StateError(f"a bet that is {bet.state} is not settled")
    if result.status is Status.UNSETTLED:
        raise StateError("a settlement is never taken back without another")
    before = bet.settlement
    if (before.status, before.returned and Decimal(before.returned)) == (result.status, result.returned):
        return bet
    settlement = Settlement(
        result.status,
        amount(result.returned),
        None if result.commission is None else amount(result.commission),
        result.reason,
        (before.number or 0) + 1,
        iso_of_ms(now_ms if result.settled_ms is None else result.settled_ms),
    )
    return _replace(bet, state=State.VOID if result.status is Status.VOID else State.ACCEPTED, settlement=settlement)


def is_beyond(bet: Bet, request: BetRequest) -> bool:
    """Whether what was placed is worse than what was asked for; it stands all the same."""
    if bet.placed is None:
        return False
    price, limit = Decimal(bet.placed.price), Decimal(request.limit_price)
    is_worse = price < limit if request.side == "back" else price > limit
    return is_worse or Decimal(bet.placed.stake) > Decimal(request.stake)


def _rejected(bet: Bet, refused: Refused, now_ms: int) -> Bet:
    offer = None if refused.offer is None else Money(*map(amount, refused.offer))
    message = refused.message or refused.code.replace("_", " ")
    rejection = Rejection(refused.code, RETRIES[refused.code], message, offer)
    return _replace(bet, state=State.REJECTED, rejection=rejection, decided_at=iso_of_ms(now_ms))


def _told(evidence: Mapping[str, str]) -> dict[str, str]:
    told: dict[str, str] = redact(dict(evidence))
    return told
