"""Settled fixtures: what was decided in the last day, and decided again.

Source: Pinnacle's Lines OpenAPI file. The world decides outcomes, not periods: a fixture's first decision settles all
periods that were offered on it, and each later one settles them again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from hedgerow.core.states import SettlementStatus
from hedgerow.sim import pinnacle_ids
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.pinnacle.lines import Lines
from hedgerow.sim.dialects.pinnacle.offer import score_of
from hedgerow.sim.dialects.pinnacle.times import time_text
from hedgerow.sim.dialects.pinnacle.wire import Call
from hedgerow.sim.world import Emptied, Fixture, FixtureChanged, Settled, World, WorldEvent

Json = dict[str, Any]

_SHOWN_FOR_MS = 86_400_000
_CANCELLED = 3


class PeriodStatus(IntEnum):
    SETTLED = 1
    RESETTLED = 2
    CANCELLED = 3
    RESETTLED_AS_CANCELLED = 4
    DELETED = 5


@dataclass(frozen=True, slots=True)
class Decision:
    """`number`: of the settlement, rising over all fixtures."""

    number: int
    fixture: Fixture
    status: PeriodStatus
    at_ms: int


class SettledFixtures:
    """The last decision of each fixture."""

    def __init__(self, world: World, lines: Lines) -> None:
        self._lines = lines
        self._clock: WorldClock = world.clock
        self._decisions: dict[str, Decision] = {}
        self._last = 3_000_000
        world.on_event(self._on_world)

    def answer(self, call: Call) -> Json:
        sport_id, since = call.needed("sportId"), call.number("since") or 0
        wanted, oldest_ms = set(call.numbers("leagueIds")), self._clock.now_ms() - _SHOWN_FOR_MS
        leagues: dict[int, Json] = {}
        for decision in self._decisions.values():
            fixture = decision.fixture
            league_id = pinnacle_ids.league_id(fixture.tournament_id)
            if (
                pinnacle_ids.sport_id(fixture.sport_id) == sport_id
                and decision.number > since
                and decision.at_ms >= oldest_ms
                and (not wanted or league_id in wanted)
            ):
                league = leagues.setdefault(league_id, {"id": league_id, "events": []})
                league["events"].append(self._event_shape(decision))
        return {"sportId": sport_id, "last": self._last, "leagues": list(leagues.values())}

    def _event_shape(self, decision: Decision) -> Json:
        fixture = decision.fixture
        numbers = [period.number for period in self._lines.periods(fixture)] or [0]
        if decision.status is PeriodStatus.DELETED:
            numbers = [0]
        home, away = score_of(fixture)
        periods = [
            {
                "number": number,
                "status": int(decision.status),
                "settlementId": decision.number,
                "settledAt": time_text(decision.at_ms),
                "team1Score": home,
                "team2Score": away,
            }
            for number in numbers
        ]
        return {"id": pinnacle_ids.event_id(fixture.fixture_id), "periods": periods}

    def _on_world(self, event: WorldEvent) -> None:
        match event:
            case Settled(fixture):
                self._decide(fixture)
            case FixtureChanged(fixture) if fixture.status_id == _CANCELLED and not fixture.results:
                self._keep(fixture, PeriodStatus.DELETED)
            case Emptied():
                self._decisions.clear()

    def _decide(self, fixture: Fixture) -> None:
        before = self._decisions.get(fixture.fixture_id)
        again = before is not None and before.status is not PeriodStatus.DELETED
        if all(result is SettlementStatus.VOID for result in fixture.results.values()):
            self._keep(fixture, PeriodStatus.RESETTLED_AS_CANCELLED if again else PeriodStatus.CANCELLED)
        else:
            self._keep(fixture, PeriodStatus.RESETTLED if again else PeriodStatus.SETTLED)

    def _keep(self, fixture: Fixture, status: PeriodStatus) -> None:
        self._last += 1
        self._decisions[fixture.fixture_id] = Decision(self._last, fixture, status, self._clock.now_ms())
