"""Lists of the Lines API that change little: sports, leagues, periods, currencies.

Source: Pinnacle's Lines OpenAPI file.
"""

from __future__ import annotations

from typing import Any

from hedgerow.sim import pinnacle_ids
from hedgerow.sim.dialects.pinnacle.lines import Lines, home_is_team1, is_over
from hedgerow.sim.dialects.pinnacle.wire import Call
from hedgerow.sim.world import Fixture, World

Json = dict[str, Any]

_PERIOD_NAMES = {
    0: ("Match", "Match"),
    1: ("1st Half", "1st H"),
    2: ("2nd Half", "2nd H"),
    6: ("Regulation Time", "Reg"),
}


class Lists:
    """Answers of those operations."""

    def __init__(self, world: World, lines: Lines) -> None:
        self._world, self._lines = world, lines

    def sports(self, call: Call) -> Json:
        rows = []
        for sport_id, name in pinnacle_ids.SPORT_NAMES.items():
            count = len(self._lines.open_fixtures(sport_id))
            rows.append({"id": sport_id, "name": name, "hasOfferings": count > 0, **_counts(count)})
        return {"sports": rows}

    def leagues(self, call: Call) -> Json:
        sport_id = call.needed("sportId")
        by_league: dict[int, list[Fixture]] = {}
        for fixture in self._lines.fixtures(sport_id):
            by_league.setdefault(pinnacle_ids.league_id(fixture.tournament_id), []).append(fixture)
        rows = []
        for league_id, fixtures in by_league.items():
            count = sum(not is_over(fixture) for fixture in fixtures)
            rows.append(
                {
                    "id": league_id,
                    "name": league_name(fixtures[0]),
                    "homeTeamType": "Team1" if home_is_team1(sport_id) else "Team2",
                    "hasOfferings": count > 0,
                    "container": fixtures[0].category_name,
                    "allowRoundRobins": False,
                    **_counts(count),
                }
            )
        return {"leagues": rows}

    def period_names(self, call: Call) -> Json:
        sport_id = call.needed("sportId")
        markets = [
            market
            for market in self._world.catalogue.markets.values()
            if pinnacle_ids.sport_id(market.sport_id) == sport_id and pinnacle_ids.bet_type(market) is not None
        ]
        numbers = sorted({pinnacle_ids.period_number(market) or 0 for market in markets})
        return {"periods": [_period_name(number) for number in numbers]}

    def currencies(self, call: Call) -> Json:
        rates = self._world.currencies
        return {"currencies": [{"code": code, "name": code, "rate": rate} for code, rate in rates.items()]}


def league_name(fixture: Fixture) -> str:
    name = fixture.tournament_name or f"League {fixture.tournament_id}"
    return f"{fixture.category_name} - {name}" if fixture.category_name else name


def _counts(events: int) -> Json:
    return {"leagueSpecialsCount": 0, "eventSpecialsCount": 0, "eventCount": events}


def _period_name(number: int) -> Json:
    name, short = _PERIOD_NAMES.get(number, (f"Period {number}", f"P{number}"))
    return {
        "number": number,
        "description": name,
        "shortDescription": short,
        "spreadDescription": "Handicap",
        "moneylineDescription": "Money Line",
        "totalDescription": "Total",
        "team1TotalDescription": "Team 1 Total",
        "team2TotalDescription": "Team 2 Total",
        "spreadShortDescription": "HDP",
        "moneylineShortDescription": "ML",
        "totalShortDescription": "OU",
        "team1TotalShortDescription": "T1 OU",
        "team2TotalShortDescription": "T2 OU",
    }
