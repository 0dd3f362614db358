"""From Pinnacle's messages to ours. Pure; what cannot be read raises MalformedError and is never guessed.

Sources: betsapi.v4, b2b betsapi, linesapi and customerapi OpenAPI files (August 2026). Half results are of Asian lines
only. PUSHED came with v4; before it a push was REFUNDED, as is a bet on an event that was called off, so both are read.
A partner is told the whole bet when it is placed, with a coarse status (WON of a half win) and a fine one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NoReturn

import msgspec

from hedgerow.core.clock import datetime_of_ms
from hedgerow.core.money import is_amount
from hedgerow.core.odds import OddsMicros, odds_of
from hedgerow.core.states import BetSettlement, BetStatus
from hedgerow.venues.base import Balance, BetReport, LiveLine
from hedgerow.venues.pinnacle import wire
from hedgerow.venues.pinnacle.line import Line, Selection
from hedgerow.venues.reading import UnreadableError

ACCEPTED, PENDING, NOT_ACCEPTED = "ACCEPTED", "PENDING_ACCEPTANCE", "NOT_ACCEPTED"
WITH_ERROR = "PROCESSED_WITH_ERROR"

_DECIMAL = "DECIMAL"

_SETTLED = {
    "WON": BetSettlement.WON,
    "LOST": BetSettlement.LOST,
    "LOSE": BetSettlement.LOST,
    "HALF_WON_HALF_PUSHED": BetSettlement.HALF_WON,
    "HALF_LOST_HALF_PUSHED": BetSettlement.HALF_LOST,
    "PUSHED": BetSettlement.PUSH,
    "REFUNDED": BetSettlement.PUSH,  # without a reason for a cancellation
    "CANCELLED": BetSettlement.VOID,
}

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?Z?", re.ASCII)


class MalformedError(UnreadableError):
    """A message of the venue that does not say what its documents promise; the message names the member."""


# --- times ---------------------------------------------------------------------------------------------------------


def time_text(ms: int) -> str:
    """The venue's form of a time, in whole seconds; what lies beyond the second is dropped."""
    return datetime_of_ms(ms).strftime("%Y-%m-%dT%H:%M:%SZ")


def time_ms(text: str | None, member: str) -> int:
    """Milliseconds since 1970 of a UTC time, to the second. Raises MalformedError."""
    match = _TIME.fullmatch(text or "")
    try:
        return int(datetime.fromisoformat(match[1]).replace(tzinfo=UTC).timestamp()) * 1000 if match else _no(member)
    except ValueError:
        _no(member)


# --- bets ----------------------------------------------------------------------------------------------------------


def placed(answer: wire.PlaceAnswer, reference: str, sent: Mapping[str, Any]) -> BetReport:
    """The bet that was taken, or waits for the live delay. Raises MalformedError for an answer that does not say all
    of it, and for one to another request."""
    if answer.unique_request_id and answer.unique_request_id.casefold() != reference.casefold():
        raise MalformedError(f"uniqueRequestId is another request's: {answer.unique_request_id}")
    received = _plain(answer)
    if answer.status == PENDING:
        return BetReport(reference, BetStatus.PLACED, sent=sent, received=received)
    if answer.status != ACCEPTED:
        raise MalformedError(f"status {answer.status!r} is not known")
    if answer.straight_bet is not None:
        if answer.bet_id not in (None, answer.straight_bet.bet_id):
            raise MalformedError(f"straightBet is another bet: {answer.straight_bet.bet_id}")
        return replace(bet(answer.straight_bet, reference), sent=sent, received=received)
    return BetReport(
        reference,
        BetStatus.CONFIRMED,
        bet_ref=_bet_ref(answer.bet_id),
        odds=_odds(answer.price),
        stake=_stake(answer.risk),
        sent=sent,
        received=received,
    )


def bet(row: wire.StraightBet, reference: str) -> BetReport:
    """A bet as the lists have it. Raises MalformedError."""
    received = _plain(row)
    status = row.bet_status2 or row.bet_status
    if status == PENDING:
        return BetReport(reference, BetStatus.PLACED, received=received)
    if status == NOT_ACCEPTED:
        return BetReport(reference, BetStatus.REJECTED, reason="not accepted after the live delay", received=received)
    settlement = _SETTLED.get(status)
    if settlement is None and status != ACCEPTED:
        raise MalformedError(f"betStatus {status!r} is not known")
    stake = _stake(row.risk)
    is_void = status == "CANCELLED" or (status == "REFUNDED" and row.cancellation_reason is not None)
    if is_void:
        settlement = BetSettlement.VOID
    return BetReport(
        reference,
        BetStatus.VOID if is_void else BetStatus.CONFIRMED,
        bet_ref=_bet_ref(row.bet_id),
        odds=_odds(row.price) if row.odds_format in (None, _DECIMAL) else _odds_of_win(row.win, stake),
        stake=stake,
        reason=f"cancelled: {row.cancellation_reason.code}" if row.cancellation_reason else "",
        settlement=settlement,
        payout=None if settlement is None else _payout(row, settlement, stake),
        commission=max(_commission(row), Decimal(0)),
        received=received,
    )


def _payout(row: wire.StraightBet, settlement: BetSettlement, stake: Decimal) -> Decimal:
    """What came back: the stake and what was won or lost on it, the client's commission taken off.

    The documents name the commission without its sign; taking it off is the safe side.
    """
    win_loss = _win_loss(settlement, stake, row.win) if row.win_loss is None else _amount(row.win_loss, "winLoss")
    return stake + win_loss - _commission(row)


def _commission(row: wire.StraightBet) -> Decimal:
    return _amount(row.customer_commission or Decimal(0), "customerCommission")


def _win_loss(settlement: BetSettlement, stake: Decimal, win: Decimal | None) -> Decimal:
    """What the status says, for a row that leaves winLoss out. win: what the bet could win."""
    match settlement:
        case BetSettlement.WON:
            return _amount(win, "win")
        case BetSettlement.HALF_WON:
            return _amount(win, "win") / 2
        case BetSettlement.HALF_LOST:
            return -stake / 2
        case BetSettlement.LOST:
            return -stake
        case _:
            return Decimal(0)


def _bet_ref(bet_id: int | None) -> str:
    return str(bet_id) if bet_id else _no("betId")


def _amount(told: Decimal | None, member: str) -> Decimal:
    return told if told is not None and is_amount(told) else _no(member)


def _stake(risk: Decimal | None) -> Decimal:
    stake = _amount(risk, "risk")
    return stake if stake > 0 else _no("risk")


def _odds(price: Decimal | None) -> OddsMicros:
    return (None if price is None else odds_of(price)) or _no("price")


def _odds_of_win(win: Decimal | None, stake: Decimal) -> OddsMicros:
    """Decimal odds of a bet that somebody placed in another format."""
    return odds_of(1 + _amount(win, "win") / stake) or _no("win")


# --- the rest ------------------------------------------------------------------------------------------------------


def balance(answer: wire.BalanceAnswer) -> Balance:
    """Free is what may be bet with, credit included; held is in bets that are not settled. Raises MalformedError."""
    free = _amount(answer.available_balance, "availableBalance")
    return Balance(free, _amount(answer.outstanding_transactions, "outstandingTransactions"), answer.currency.upper())


def live_line(answer: wire.LineAnswer, selection: Selection, outcome_ref: str, currency: str) -> LiveLine | None:
    """The offer, named by the ids that a bet on it needs; None when it is not offered. Raises MalformedError."""
    if answer.status == "NOT_EXISTS":
        return None
    if answer.status != "SUCCESS":
        raise MalformedError(f"status {answer.status!r} is not known")
    asked = selection.line
    line_id = answer.line_id or _no("lineId")
    named = Line(
        asked.sport_id,
        asked.league_id,
        asked.event_id,
        line_id,
        answer.alt_line_id or None,
        asked.period,
        asked.bet_type,
    )
    least = _amount(answer.min_risk_stake, "minRiskStake")
    most = _amount(answer.max_risk_stake, "maxRiskStake")
    if least < 0 or most < 0:
        _no("minRiskStake or maxRiskStake")
    return LiveLine(str(named), outcome_ref, _odds(answer.price), least, most, currency)


def home_is_first(answer: wire.LeaguesAnswer) -> dict[int, bool]:
    """By league, whether the home team is TEAM1; a league that does not say it is left out."""
    words = {"team1": True, "team2": False}
    told = ((league.id, words.get((league.home_team_type or "").casefold())) for league in answer.leagues or ())
    return {league_id: is_first for league_id, is_first in told if is_first is not None}


def _plain(message: msgspec.Struct) -> dict[str, Any]:
    """The members that were told, under the venue's names, for the audit trail."""
    plain: dict[str, Any] = msgspec.to_builtins(message, builtin_types=(Decimal,))
    return plain


def _no(member: str) -> NoReturn:
    raise MalformedError(f"{member} is missing or out of range")
