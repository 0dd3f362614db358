"""Placing straight bets: which line, which stake, which answer.

Source: Pinnacle's Bets OpenAPI file (v4), README (deduplication) and FAQ. The line id is the price that the bettor
saw: when the line has changed the bet is refused, unless its price became better and better ones are wanted.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from hedgerow.sim import pinnacle_ids
from hedgerow.sim.bookmaker import ABOVE_MAXIMUM, BELOW_MINIMUM, PRICE, Bet, Bookmaker
from hedgerow.sim.dialects.pinnacle.formats import FORMATS, odds_in, risk_for_win, win_of
from hedgerow.sim.dialects.pinnacle.lines import (
    MONEYLINE,
    SPREAD,
    TOTAL,
    Line,
    Lines,
    Period,
    is_live,
    is_over,
    least_stake,
    side_of_team,
)
from hedgerow.sim.dialects.pinnacle.memory import Memory
from hedgerow.sim.dialects.pinnacle.terms import BettingStatus, Terms
from hedgerow.sim.dialects.pinnacle.wire import invalid, of_code
from hedgerow.sim.orders import CLOSED, DUPLICATE, FUNDS, SCRIPTED, Rejection, State
from hedgerow.sim.world import Fixture

Json = dict[str, Any]

META = "pinnacle"

_ERRORS = {
    DUPLICATE: "DUPLICATED_REQUEST",
    CLOSED: "OFFLINE_EVENT",
    PRICE: "LINE_CHANGED",
    ABOVE_MAXIMUM: "ABOVE_MAX_BET_AMOUNT",
    BELOW_MINIMUM: "BELOW_MIN_BET_AMOUNT",
    FUNDS: "INSUFFICIENT_FUNDS",
}
_FILLS = ("NORMAL", "FILLANDKILL", "FILLMAXLIMIT")
_NO_STAKE = 10**12
_JSON = msgspec.json.Decoder(float_hook=Decimal)  # a number stays what was sent; text is none
_TEAM_BETS, _SIDE_BETS = (MONEYLINE, SPREAD), (TOTAL, "TEAM_TOTAL_POINTS")


class StraightBody(msgspec.Struct, frozen=True):
    """`POST /v4/bets/straight`, as sent."""

    uniqueRequestId: str  # noqa: N815
    stake: int | Decimal
    lineId: int  # noqa: N815
    sportId: int  # noqa: N815
    eventId: int  # noqa: N815
    periodNumber: int  # noqa: N815
    betType: str  # noqa: N815
    oddsFormat: str = "AMERICAN"  # noqa: N815
    winRiskStake: str = "RISK"  # noqa: N815
    acceptBetterLine: bool = False  # noqa: N815
    altLineId: int | None = None  # noqa: N815
    fillType: str = "NORMAL"  # noqa: N815
    team: str | None = None
    side: str | None = None


B = TypeVar("B", bound=StraightBody)


@dataclass(frozen=True, slots=True)
class Slip:
    """What a bet was placed on, beside what the bookmaker keeps of it."""

    request_id: str
    odds_format: str
    fixture: Fixture
    line: Line
    side: str
    was_live: bool


class PlacingError(Exception):
    """The bet was processed with an error."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def slip_of(bet: Bet) -> Slip:
    slip: Slip = bet.extra[META]
    return slip


class Placing:
    """Takes straight bets of accounts."""

    def __init__(self, book: Bookmaker, lines: Lines, memory: Memory, terms: Terms) -> None:
        self._book, self._lines, self._memory, self._terms = book, lines, memory, terms

    def straight(self, account: str, raw: bytes) -> Json:
        """The answer of a placement. Raises Denial for a request that is not processed."""
        body = checked(decoded(raw), StraightBody)
        try:
            bet = self.take(account, body)
        except PlacingError as error:
            problem = of_code(error.code)
            if problem is not None:
                raise problem from None
            return {
                "status": "PROCESSED_WITH_ERROR",
                "errorCode": error.code,
                "uniqueRequestId": body.uniqueRequestId,
            }
        if bet.state is State.PENDING:
            return {"status": "PENDING_ACCEPTANCE", "uniqueRequestId": body.uniqueRequestId}
        return {
            "status": "ACCEPTED",
            "uniqueRequestId": body.uniqueRequestId,
            "betId": int(bet.id),
            "risk": bet.stake,
            "win": win_of(bet.stake, bet.price, bet.currency),
            "price": odds_in(body.oddsFormat, bet.price),
            "betterLineWasAccepted": bet.price > bet.extra["seen"],
        }

    def take(self, account: str, body: StraightBody) -> Bet:
        """The bet, remembered by its request id. Raises PlacingError."""
        bet = self._place(account, body)
        self._memory.keep(account, body.uniqueRequestId, bet)
        return bet

    def _place(self, account: str, body: StraightBody) -> Bet:
        self._memory.forget_old()
        if self._memory.bet(account, body.uniqueRequestId) is not None:
            raise PlacingError("DUPLICATED_REQUEST")
        fixture = self._fixture(body)
        period = self._lines.period(fixture, body.periodNumber)
        if period is None or not period.is_open:
            raise PlacingError("OFFLINE_EVENT")
        side = _side(body)
        line, seen = self._line(period, body, side)
        if side not in line.quotes:
            raise PlacingError("OFFLINE_EVENT")
        stake = self._stake(account, body, line, side)
        slip = Slip(body.uniqueRequestId, body.oddsFormat, fixture, line, side, is_live(fixture))
        try:
            return self._book.place(
                account,
                self._lines.outcome_of(fixture, line, side),
                stake,
                reference=body.uniqueRequestId,
                least_price=seen,
                takes_better=body.acceptBetterLine,
                cuts_to_limit=body.fillType != "NORMAL",
                delay_s=self._terms.live_delay_s if is_live(fixture) else 0.0,
                extra={META: slip, "seen": seen},
            )
        except Rejection as rejection:
            if rejection.why == SCRIPTED:
                raise PlacingError(str(rejection) if str(rejection) != SCRIPTED else "LINE_CHANGED") from None
            raise PlacingError(_ERRORS[rejection.why]) from None

    def _fixture(self, body: StraightBody) -> Fixture:
        fixture = self._lines.fixture_of(body.eventId)
        if fixture is None or pinnacle_ids.sport_id(fixture.sport_id) != body.sportId:
            raise PlacingError("INVALID_EVENT")
        if self._terms.betting is BettingStatus.CLOSED:
            raise PlacingError("ALL_BETTING_CLOSED")
        if self._terms.betting is BettingStatus.LIVE_CLOSED and is_live(fixture):
            raise PlacingError("ALL_LIVE_BETTING_CLOSED")
        if is_over(fixture):
            raise PlacingError("PAST_CUTOFFTIME")
        return fixture

    def _line(self, period: Period, body: StraightBody, side: str) -> tuple[Line, Decimal]:
        """The line that the bet means, as it is now, and the price that the bettor saw.

        A line id of the present offer names its line; the period's own id names the main line. An older one is only
        good when the side's price became better since and better ones are wanted.
        """
        wanted = body.lineId if body.altLineId is None else body.altLineId
        for line in period.of_type(body.betType):
            if line.id == wanted and side in line.quotes:
                return line, line.price(side)
        main = period.main(body.betType)
        if main is None:
            raise PlacingError("OFFLINE_EVENT")
        if body.altLineId is None and body.lineId == period.line_id and side in main.quotes:
            return main, main.price(side)
        old = self._lines.old_line(wanted)
        now = next((line for line in period.lines if old is not None and line.market is old.market), None)
        if old is None or now is None or now.bet_type != body.betType or side not in now.quotes:
            raise PlacingError("LINE_CHANGED")
        seen = old.prices[side]
        if not body.acceptBetterLine or now.price(side) <= seen:
            raise PlacingError("LINE_CHANGED")
        return now, seen

    def _stake(self, account: str, body: StraightBody, line: Line, side: str) -> Decimal:
        """The amount at risk."""
        if body.fillType == "FILLMAXLIMIT":
            return line.limit(side)
        price, stake = line.price(side), Decimal(body.stake)
        if body.winRiskStake == "WIN":
            stake = risk_for_win(stake, price, self._book.currency)
        if self._terms.has_line_maximum:
            left = line.limit(side) - self._risked(account, line, side)
            if left <= 0 or (body.fillType == "NORMAL" and stake > left):
                raise PlacingError("ABOVE_EVENT_MAX")
            stake = min(stake, left)
        if body.fillType == "FILLANDKILL":
            stake = min(stake, line.limit(side))
        if stake < least_stake(line, side, self._terms):
            raise PlacingError("BELOW_MIN_BET_AMOUNT")
        return stake

    def _risked(self, account: str, line: Line, side: str) -> Decimal:
        """What the account has at risk on the side of this very line."""
        bets = (bet for bet in self._book.bets.values() if bet.account == account and META in bet.extra)
        return sum(
            (
                bet.stake
                for bet in bets
                if slip_of(bet).line.id == line.id
                and slip_of(bet).side == side
                and bet.state in (State.ACCEPTED, State.PENDING)
            ),
            Decimal(0),
        )


def decoded(raw: bytes) -> Any:
    """Raises Denial (400) for what is no JSON."""
    try:
        return _JSON.decode(raw)
    except (msgspec.DecodeError, ValueError) as error:
        raise invalid(str(error)) from None


def checked(value: Any, kind: type[B]) -> B:
    """Raises Denial (400) for what is no good request of the kind."""
    try:
        body = msgspec.convert(value, kind, builtin_types=(Decimal,))
    except ValueError as error:
        raise invalid(str(error)) from None
    try:
        uuid.UUID(body.uniqueRequestId)
    except ValueError:
        raise invalid("uniqueRequestId must be a UUID") from None
    if not 0 < body.stake < _NO_STAKE:
        raise invalid("stake is out of range")
    for name, word, known in (
        ("oddsFormat", body.oddsFormat, FORMATS),
        ("winRiskStake", body.winRiskStake, ("RISK", "WIN")),
        ("fillType", body.fillType, _FILLS),
        ("betType", body.betType, (*_TEAM_BETS, *_SIDE_BETS)),
    ):
        if word not in known:
            raise invalid(f"{name} is unknown")
    _side(body)
    return body


def _side(body: StraightBody) -> str:
    """home, away, draw, over or under. Raises Denial (400) where team or side is missing or unknown."""
    if body.betType in _SIDE_BETS:
        if body.side not in ("OVER", "UNDER"):
            raise invalid("side is required")
        return body.side.lower()
    if body.team not in ("TEAM1", "TEAM2", "DRAW"):
        raise invalid("team is required")
    return side_of_team(body.team, body.sportId)
