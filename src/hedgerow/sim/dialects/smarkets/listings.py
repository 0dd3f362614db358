"""What is listed: for every match of the world an event with one market, whose contracts are its results.

A contract's YES is its result. An event is upcoming, live, ended and settled; its market is open and live meanwhile,
halted when the match is over and not decided yet, and settled or voided in the end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from hedgerow.core.ids import FixtureId, MarketKey, OutcomeKey
from hedgerow.core.states import SettlementStatus
from hedgerow.sim.book_ids import stable_number
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.smarkets.ladder import UNIT, grid
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.markets import Market as CatalogueMarket
from hedgerow.sim.orders import Contract
from hedgerow.sim.world import CANCELLED, FINISHED, Fixture

DOMAINS = {
    10: "football",
    11: "basketball",
    12: "tennis",
    13: "baseball",
    14: "american_football",
    15: "ice_hockey",
    16: "dota_2",
    17: "csgo",
    18: "league_of_legends",
    23: "volleyball",
    27: "cricket",
    61: "valorant",
}
"""The venue's domain by the feed's id of the sport."""

_SOCCER = 10
_OVER = (FINISHED, CANCELLED)
_FIRST_ID = 10**9
_ENDS = {SettlementStatus.WON: "winner", SettlementStatus.LOST: "loser", SettlementStatus.VOID: "voided"}
_OUT_OF_SLUG = re.compile(r"[^a-z0-9]+")


@dataclass(slots=True)
class Runner:
    """One contract of a market. kind: HOME, DRAW or AWAY."""

    kind: str
    name: str
    contract: Contract
    decided_ms: int | None = None

    @property
    def id(self) -> str:
        return self.contract.ref


@dataclass(slots=True, eq=False)
class Market:
    id: str
    event: Event
    kind: str
    name: str
    runners: list[Runner] = field(default_factory=list)

    @property
    def is_decided(self) -> bool:
        return all(runner.contract.result is not None for runner in self.runners)

    @property
    def state(self) -> str:
        if self.is_decided:
            is_void = all(runner.contract.result is SettlementStatus.VOID for runner in self.runners)
            return "voided" if is_void else "settled"
        if self.event.fixture.status_id in _OVER:
            return "halted"
        return "live" if self.event.fixture.live else "open"

    def state_of(self, runner: Runner) -> str:
        """A contract's state, or its outcome."""
        result = runner.contract.result
        return self.state if result is None else _ENDS.get(result, "deadheat")


@dataclass(slots=True, eq=False)
class Event:
    id: str
    parent_id: str
    fixture: Fixture
    market: Market = field(init=False)

    @property
    def state(self) -> str:
        if self.market.is_decided:
            return "settled"
        if self.fixture.status_id in _OVER:
            return "cancelled" if self.fixture.status_id == CANCELLED else "ended"
        return "live" if self.fixture.live else "upcoming"

    @property
    def domain(self) -> str:
        return DOMAINS[self.fixture.sport_id]

    @property
    def name(self) -> str:
        return f"{self.fixture.participant1_name} vs {self.fixture.participant2_name}"


def slug_of(text: str) -> str:
    return _OUT_OF_SLUG.sub("-", text.lower()).strip("-")


class Listings:
    """All events, in the order of their listing."""

    def __init__(self, catalogue: Catalogue, exchange: Exchange, clock: WorldClock) -> None:
        self.events: dict[str, Event] = {}
        self.markets: dict[str, Market] = {}
        self._catalogue, self._exchange, self._clock = catalogue, exchange, clock
        self._by_fixture: dict[FixtureId, Event] = {}
        self._by_contract: dict[str, tuple[Market, Runner]] = {}

    def clear(self) -> None:
        self.events.clear()
        self.markets.clear()
        self._by_fixture.clear()
        self._by_contract.clear()

    def find(self, contract_id: str) -> tuple[Market, Runner] | None:
        return self._by_contract.get(contract_id)

    def of(self, contract: Contract) -> tuple[Market, Runner]:
        return self._by_contract[contract.ref]

    def follow(self, fixture: Fixture) -> Event | None:
        """Lists a new match, or takes over what changed in a listed one; the event, where the match has one."""
        event = self._by_fixture.get(fixture.fixture_id)
        if event is None:
            return None if fixture.status_id in _OVER else self._list(fixture)
        event.fixture = fixture
        for runner in event.market.runners:
            self._exchange.set_open(runner.contract, fixture.status_id not in _OVER)
        return event

    def note_result(self, contract: Contract) -> Market | None:
        """A contract was decided, or decided anew; its market."""
        found = self._by_contract.get(contract.ref)
        if found is None or contract.result is None:
            return None
        market, runner = found
        runner.decided_ms = self._clock.now_ms()
        return market

    def _list(self, fixture: Fixture) -> Event | None:
        decides = self._decides(fixture.sport_id)
        if decides is None or fixture.sport_id not in DOMAINS:
            return None
        event = Event(_id("event", fixture.fixture_id), _id("league", fixture.tournament_id), fixture)
        is_three_way = len(decides.outcomes) > 2
        kind, name = ("WINNER_3_WAY", "Full-time result") if is_three_way else ("WINNER_2_WAY", "Match winner")
        event.market = market = Market(_id("market", fixture.fixture_id), event, kind, name)
        outcomes = [OutcomeKey(fixture.fixture_id, outcome) for outcome in decides.outcomes]
        names = fixture.participant1_name, *(["Draw"] if is_three_way else []), fixture.participant2_name
        kinds = "HOME", *(["DRAW"] if is_three_way else []), "AWAY"
        key = MarketKey(fixture.fixture_id, decides.market_id)
        for number, yes in enumerate(outcomes):
            no = None if is_three_way else outcomes[1 - number]
            contract_id = _id("contract", *yes)
            contract = Contract(contract_id, key, yes, no, grid(), UNIT, UNIT, names=(contract_id, contract_id))
            runner = Runner(kinds[number], names[number], contract)
            market.runners.append(runner)
            self._by_contract[contract_id] = market, runner
            self._exchange.add_contract(contract)
        self.events[event.id] = self._by_fixture[fixture.fixture_id] = event
        self.markets[market.id] = market
        return event

    def _decides(self, sport_id: int) -> CatalogueMarket | None:
        """The market of the feed that a match of the sport is listed by."""
        if sport_id == _SOCCER:
            return self._catalogue.regular_result(sport_id)
        return self._catalogue.winner(sport_id)


def _id(*parts: object) -> str:
    """Ten digits, the same in every world."""
    return str(_FIRST_ID + stable_number("smarkets", *parts, below=9 * _FIRST_ID))
