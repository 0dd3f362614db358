"""One line of the Lines API: the price and the account's own limits of one side.

Source: Pinnacle's Lines OpenAPI file.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from hedgerow.sim import pinnacle_ids
from hedgerow.sim.dialects.pinnacle.formats import odds_in
from hedgerow.sim.dialects.pinnacle.lines import (
    MONEYLINE,
    SPREAD,
    TEAM_TOTAL,
    TOTAL,
    Line,
    Lines,
    Period,
    is_over,
    least_stake,
    side_of_team,
)
from hedgerow.sim.dialects.pinnacle.offer import live_score, odds_format, told_limit
from hedgerow.sim.dialects.pinnacle.terms import Terms
from hedgerow.sim.dialects.pinnacle.times import time_text
from hedgerow.sim.dialects.pinnacle.wire import Call, invalid
from hedgerow.sim.world import Fixture

Json = dict[str, Any]

_BET_TYPES = (SPREAD, MONEYLINE, TOTAL, TEAM_TOTAL)


class SingleLines:
    """Answers of `/v1/line`."""

    def __init__(self, lines: Lines, terms: Terms) -> None:
        self._lines, self._terms = lines, terms

    def line(self, call: Call) -> Json:
        """The price and the account's own limits of one side, or that it is not there."""
        form, sport_id = odds_format(call.text("oddsFormat")), call.needed("sportId")
        event_id, number, league_id = call.needed("eventId"), call.needed("periodNumber"), call.needed("leagueId")
        bet_type = call.text("betType")
        if bet_type not in _BET_TYPES:
            raise invalid("betType is unknown")
        side = _side(call, bet_type, sport_id)
        handicap = _handicap(call) if bet_type != MONEYLINE else None
        fixture = self._lines.fixture_of(event_id)
        if (
            fixture is None
            or is_over(fixture)
            or pinnacle_ids.sport_id(fixture.sport_id) != sport_id
            or pinnacle_ids.league_id(fixture.tournament_id) != league_id
        ):
            return {"status": "NOT_EXISTS"}
        period = self._lines.period(fixture, number)
        lines = period.of_type(bet_type) if period is not None and period.is_open else []
        line = next((line for line in lines if handicap is None or line.market.handicap == handicap), None)
        if period is None or line is None or side not in line.quotes:
            return {"status": "NOT_EXISTS"}
        return self._shape(fixture, period, line, side, form)

    def _shape(self, fixture: Fixture, period: Period, line: Line, side: str, form: str) -> Json:
        price = line.price(side)
        least, most = least_stake(line, side, self._terms), line.limit(side)
        is_main = line.id == getattr(period.main(line.bet_type), "id", None)
        ids = {"lineId": line.id} if is_main else {"lineId": period.line_id, "altLineId": line.id}
        return {
            "status": "SUCCESS",
            "price": odds_in(form, price),
            **ids,
            "maxRiskStake": told_limit(most),
            "minRiskStake": told_limit(least),
            "maxWinStake": told_limit(most * (price - 1)),
            "minWinStake": told_limit(least * (price - 1)),
            "effectiveAsOf": time_text(line.changed_ms),
            **live_score(fixture, names=("team1Score", "team2Score", "team1RedCards", "team2RedCards")),
        }


def _side(call: Call, bet_type: str, sport_id: int) -> str:
    if bet_type in (TOTAL, TEAM_TOTAL):
        side = call.text("side").upper()
        if side not in ("OVER", "UNDER"):
            raise invalid("side is required")
        return side.lower()
    team = call.text("team").upper()
    if team not in ("TEAM1", "TEAM2", "DRAW"):
        raise invalid("team is required")
    return side_of_team(team, sport_id)


def _handicap(call: Call) -> Decimal:
    try:
        return Decimal(call.text("handicap"))
    except InvalidOperation:
        raise invalid("handicap is required") from None
