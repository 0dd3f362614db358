"""Fixtures and odds of the Lines API, with snapshot and delta, and what runs.

Source: Pinnacle's Lines OpenAPI file, README and FAQ.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hedgerow.core.clock import NS_PER_S
from hedgerow.sim import pinnacle_ids
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.pinnacle.catalogue import league_name
from hedgerow.sim.dialects.pinnacle.formats import FORMATS, odds_in
from hedgerow.sim.dialects.pinnacle.lines import (
    MONEYLINE,
    SPREAD,
    TOTAL,
    Line,
    Lines,
    Period,
    is_live,
)
from hedgerow.sim.dialects.pinnacle.terms import Terms
from hedgerow.sim.dialects.pinnacle.times import time_text
from hedgerow.sim.dialects.pinnacle.wire import Call, invalid
from hedgerow.sim.world import Fixture, World

Json = dict[str, Any]

_OPEN_FOR_MS = 3_600_000
_LIVE_FOR_S = 6 * 3_600
_CACHED_AT_MOST = 256
_SCORE_NAMES = ("participant1Score", "participant2Score")


class Offer:
    """Answers of those operations."""

    def __init__(self, world: World, lines: Lines, terms: Terms) -> None:
        self._world, self._lines, self._terms = world, lines, terms
        self._clock: WorldClock = world.clock
        self._cache: dict[tuple[str, tuple[tuple[str, str], ...]], tuple[int, Json]] = {}

    def clear(self) -> None:
        self._cache.clear()

    # --- fixtures and odds -----------------------------------------------------------------------------------

    def fixtures(self, call: Call) -> Json | None:
        return self._snapshot_or_delta("fixtures", call, self._fixtures)

    def odds(self, call: Call) -> Json | None:
        odds_format(call.text("oddsFormat"))
        if call.text("toCurrencyCode") and call.text("toCurrencyCode") not in self._world.currencies:
            raise invalid("toCurrencyCode is unknown")
        return self._snapshot_or_delta("odds", call, self._odds)

    def _snapshot_or_delta(self, name: str, call: Call, make: Any) -> Json | None:
        """A delta is new, and empty when nothing changed; a snapshot may be as old as the cache."""
        sport_id, since = call.needed("sportId"), call.number("since")
        if since is not None:
            if since in (0, 1):
                raise invalid("since must be the last of the previous response")
            answer: Json = make(call, sport_id, since)
            return answer if answer.get("league") or answer.get("leagues") else None
        key, now_ns = (name, tuple(sorted(call.query.items()))), self._clock.now_ns()
        cached = self._cache.get(key)
        if cached is not None and now_ns - cached[0] < self._terms.snapshot_cache_s * NS_PER_S:
            return cached[1]
        snapshot: Json = make(call, sport_id, 0)
        if len(self._cache) >= _CACHED_AT_MOST:
            self._cache.clear()
        self._cache[key] = now_ns, snapshot
        return snapshot

    def _fixtures(self, call: Call, sport_id: int, since: int) -> Json:
        leagues: dict[int, Json] = {}
        for fixture in self._chosen(call, sport_id):
            if self._lines.fixture_change(fixture) > since:
                league_id = pinnacle_ids.league_id(fixture.tournament_id)
                league = leagues.setdefault(league_id, {"id": league_id, "name": league_name(fixture), "events": []})
                league["events"].append(self._fixture_shape(fixture))
        return {"sportId": sport_id, "last": self._lines.last_change, "league": list(leagues.values())}

    def _fixture_shape(self, fixture: Fixture) -> Json:
        live = is_live(fixture)
        return {
            "id": pinnacle_ids.event_id(fixture.fixture_id),
            "starts": time_text(fixture.start_time * 1000),
            "home": fixture.participant1_name,
            "away": fixture.participant2_name,
            "rotNum": "",
            "liveStatus": 1 if live else 0,
            "status": "H" if self._lines.is_suspended(fixture) else "O",
            "parlayRestriction": 2,
            "altTeaser": False,
            "resultingUnit": "Regular",
            "version": self._lines.fixture_change(fixture),
        }

    def _odds(self, call: Call, sport_id: int, since: int) -> Json:
        leagues: dict[int, Json] = {}
        form = odds_format(call.text("oddsFormat"))
        rate = self._world.currencies.get(call.text("toCurrencyCode"), Decimal(1))
        for fixture in self._chosen(call, sport_id):
            periods = [
                self._period_shape(fixture, period, form, rate)
                for period in self._lines.periods(fixture)
                if period.change > since and (since or period.lines)
            ]
            if periods:
                league_id = pinnacle_ids.league_id(fixture.tournament_id)
                league = leagues.setdefault(league_id, {"id": league_id, "events": []})
                event = {"id": pinnacle_ids.event_id(fixture.fixture_id), **live_score(fixture), "periods": periods}
                league["events"].append(event)
        return {"sportId": sport_id, "last": self._lines.last_change, "leagues": list(leagues.values())}

    def _period_shape(self, fixture: Fixture, period: Period, form: str, rate: Decimal) -> Json:
        """Every market that the period now offers; a missing one is closed."""
        shape: Json = {
            "lineId": period.line_id,
            "number": period.number,
            "cutoff": time_text(self.cutoff_ms(fixture)),
            "status": 1 if period.is_open else 2,
            **(live_score(fixture) if period.number == 0 else {}),
        }
        moneyline = period.main(MONEYLINE)
        if moneyline is not None:
            shape["maxMoneyline"] = told_limit(moneyline.volume, rate)
            shape["moneylineUpdatedAt"] = time_text(moneyline.changed_ms)
            shape["moneyline"] = {side: odds_in(form, moneyline.price(side)) for side in moneyline.quotes}
        for bet_type, name, list_name, number in (
            (SPREAD, "Spread", "spreads", "hdp"),
            (TOTAL, "Total", "totals", "points"),
        ):
            main = period.main(bet_type)
            if main is not None:
                others = [line for line in period.of_type(bet_type) if line is not main]
                shape[f"max{name}"] = told_limit(main.volume, rate)
                shape[f"{name.lower()}UpdatedAt"] = time_text(max(line.changed_ms for line in [main, *others]))
                shape[list_name] = [_handicap_shape(main, number, form)] + [
                    {
                        "altLineId": line.id,
                        **_handicap_shape(line, number, form),
                        "max": told_limit(line.volume, rate),
                    }
                    for line in others
                ]
        return shape

    def cutoff_ms(self, fixture: Fixture) -> int:
        """When betting ends: at the start, hours later in play; a match that is late keeps its betting open."""
        if is_live(fixture):
            return max(fixture.start_time + _LIVE_FOR_S, self._clock.now_ms() // 1000 + 3_600) * 1000
        return max(fixture.start_time * 1000, self._clock.now_ms() + _OPEN_FOR_MS)

    def in_running(self, call: Call) -> Json:
        """Live soccer with its minute, reckoned from the true start."""
        sport_id = pinnacle_ids.sport_id(10)
        leagues: dict[int, Json] = {}
        for fixture in self._lines.open_fixtures(sport_id):
            if is_live(fixture) and fixture.true_start_ms is not None:
                minutes = max(0, (self._clock.now_ms() - fixture.true_start_ms) // 60_000)
                league_id = pinnacle_ids.league_id(fixture.tournament_id)
                league = leagues.setdefault(league_id, {"id": league_id, "events": []})
                event_id = pinnacle_ids.event_id(fixture.fixture_id)
                league["events"].append(
                    {"id": event_id, "state": 1 if minutes < 45 else 3, "elapsed": min(minutes, 90)}
                )
        return {"sports": [{"id": sport_id, "leagues": list(leagues.values())}] if leagues else []}

    # --- inside ----------------------------------------------------------------------------------------------

    def _chosen(self, call: Call, sport_id: int) -> list[Fixture]:
        """Fixtures that are not over, by the filters of a call."""
        leagues, events = set(call.numbers("leagueIds")), set(call.numbers("eventIds"))
        only_live = call.text("isLive").lower() in ("1", "true")
        return [
            fixture
            for fixture in self._lines.open_fixtures(sport_id)
            if (not leagues or pinnacle_ids.league_id(fixture.tournament_id) in leagues)
            and (not events or pinnacle_ids.event_id(fixture.fixture_id) in events)
            and (not only_live or is_live(fixture))
        ]


def odds_format(text: str) -> str:
    """The Bets API's spelling of a Lines API format; American when none is given. Raises Denial (400)."""
    form = text.upper() or "AMERICAN"
    if form not in FORMATS:
        raise invalid("oddsFormat is unknown")
    return form


def live_score(
    fixture: Fixture, names: tuple[str, str, str, str] = ("homeScore", "awayScore", "homeRedCards", "awayRedCards")
) -> Json:
    """Goals and red cards of live soccer; nothing for other matches."""
    if fixture.sport_id != 10 or not is_live(fixture):
        return {}
    home, away = score_of(fixture)
    return {names[0]: home, names[1]: away, names[2]: 0, names[3]: 0}


def score_of(fixture: Fixture) -> tuple[int, int]:
    """The present score of the whole match; 0:0 when none is known."""
    result = fixture.scores.get("result", fixture.scores)
    found = [result.get(name, 0) if isinstance(result, dict) else 0 for name in _SCORE_NAMES]
    home, away = (int(value) if isinstance(value, int | str) and str(value).isdigit() else 0 for value in found)
    return home, away


def _handicap_shape(line: Line, number: str, form: str) -> Json:
    return {number: line.market.handicap, **{side: odds_in(form, line.price(side)) for side in line.quotes}}


def told_limit(amount: Decimal, rate: Decimal = Decimal(1)) -> Decimal:
    """In the currency of the rate (units per USD); converted limits are rounded down to whole ones (FAQ)."""
    if rate != 1:
        return Decimal(int(amount * rate))
    return amount.quantize(Decimal("0.01"), "ROUND_DOWN")
