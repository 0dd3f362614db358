"""What is listed: an event for every match of the world, with one market whose runners are its results.

A runner's book is a contract of its own, whose YES is the runner's win. An event is open from its first sight until
the match is over; in play it stays open, and offers that are not to be kept are flushed. A graded market was decided.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hedgerow.core.ids import FixtureId, MarketKey, OutcomeKey
from hedgerow.sim.book_ids import stable_number
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.matchbook.odds import LOT, grid
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.markets import Market as CatalogueMarket
from hedgerow.sim.orders import Contract
from hedgerow.sim.world import CANCELLED, FINISHED, Fixture

SPORTS = {
    10: (15, "Soccer"),
    11: (4, "Basketball"),
    12: (9, "Tennis"),
    13: (3, "Baseball"),
    14: (1, "American Football"),
    15: (6, "Ice Hockey"),
    19: (116, "Darts"),
    20: (126, "MMA"),
    21: (14, "Boxing"),
    24: (120, "Snooker"),
    26: (18, "Rugby Union"),
    27: (110, "Cricket"),
}
"""The venue's sport by the feed's id. Source: a recorded answer of /lookups/sports."""

_SOCCER, _DRAW = 10, "DRAW"
_OVER = (FINISHED, CANCELLED)
_FIRST_ID = 10**14

OPEN, CLOSED, GRADED = "open", "closed", "graded"


@dataclass(slots=True)
class Runner:
    """One result of a market."""

    id: str
    name: str
    contract: Contract


@dataclass(slots=True, eq=False)
class Market:
    id: str
    event: Event
    name: str
    kind: str
    runners: list[Runner] = field(default_factory=list)
    settled_ms: int = 0

    @property
    def status(self) -> str:
        if any(runner.contract.result is not None for runner in self.runners):
            return GRADED
        return self.event.status


@dataclass(slots=True, eq=False)
class Event:
    id: str
    fixture: Fixture
    market: Market = field(init=False)

    @property
    def status(self) -> str:
        return CLOSED if self.fixture.status_id in _OVER else OPEN

    @property
    def sport_id(self) -> int:
        return SPORTS[self.fixture.sport_id][0]

    @property
    def name(self) -> str:
        return f"{self.fixture.participant1_name} vs {self.fixture.participant2_name}"


class Listings:
    """All events, in the order of their listing."""

    def __init__(self, catalogue: Catalogue, exchange: Exchange, clock: WorldClock) -> None:
        self.events: dict[str, Event] = {}
        self._catalogue, self._exchange, self._clock = catalogue, exchange, clock
        self._by_fixture: dict[FixtureId, Event] = {}
        self._by_runner: dict[str, tuple[Market, Runner]] = {}

    def clear(self) -> None:
        self.events.clear()
        self._by_fixture.clear()
        self._by_runner.clear()

    def runner(self, runner_id: str) -> tuple[Market, Runner] | None:
        return self._by_runner.get(runner_id)

    def follow(self, fixture: Fixture) -> Event | None:
        """Lists a new match, or takes over what changed in a listed one; the event, where the match has one."""
        event = self._by_fixture.get(fixture.fixture_id)
        if event is None:
            return None if fixture.status_id in _OVER else self._list(fixture)
        event.fixture = fixture
        for runner in event.market.runners:
            self._exchange.set_open(runner.contract, event.status == OPEN)
        return event

    def note_result(self, contract: Contract) -> None:
        """A contract was decided, or decided anew."""
        found = self._by_runner.get(contract.ref)
        if found is not None and contract.result is not None:
            found[0].settled_ms = self._clock.now_ms()

    def _list(self, fixture: Fixture) -> Event | None:
        decides = self._decides(fixture.sport_id)
        if decides is None or fixture.sport_id not in SPORTS:
            return None
        event = Event(_id("event", fixture.fixture_id), fixture)
        is_three_way = len(decides.outcomes) > 2
        name, kind = ("Match Odds", "one_x_two") if is_three_way else ("Moneyline", "money_line")
        event.market = Market(_id("market", fixture.fixture_id), event, name, kind)
        outcomes = [OutcomeKey(fixture.fixture_id, outcome) for outcome in decides.outcomes]
        names = fixture.participant1_name, *([_DRAW] if is_three_way else []), fixture.participant2_name
        for number, (yes, runner_name) in enumerate(zip(outcomes, names, strict=True)):
            no = None if is_three_way else outcomes[1 - number]
            self._add_runner(event.market, runner_name, yes, no, decides)
        self.events[event.id] = self._by_fixture[fixture.fixture_id] = event
        return event

    def _add_runner(
        self, market: Market, name: str, yes: OutcomeKey, no: OutcomeKey | None, decides: CatalogueMarket
    ) -> None:
        runner_id = _id("runner", *yes)
        key = MarketKey(yes.fixture_id, decides.market_id)
        contract = Contract(runner_id, key, yes, no, grid(), LOT, LOT, names=(runner_id, runner_id))
        runner = Runner(runner_id, name, contract)
        market.runners.append(runner)
        self._by_runner[runner_id] = market, runner
        self._exchange.add_contract(contract)

    def _decides(self, sport_id: int) -> CatalogueMarket | None:
        """The market of the feed that a match of the sport is listed by."""
        if sport_id == _SOCCER:
            return self._catalogue.regular_result(sport_id)
        return self._catalogue.winner(sport_id)


def _id(*parts: object) -> str:
    """15 digits, the same in every world."""
    return str(_FIRST_ID + stable_number("matchbook", *parts, below=9 * _FIRST_ID))
