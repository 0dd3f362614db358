"""What is listed: an event for every match of the world that one of two wins, with one market, its moneyline.

A market is one contract of the engine: its YES pays on the home side, and to bet on the away side is to sell it. Each
side is a strike, which is what orders name. Ids of markets and outcomes are the same in every event, as there.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from hedgerow.core.clock import datetime_of_ms
from hedgerow.core.ids import FixtureId, MarketKey, OutcomeKey
from hedgerow.core.states import Side
from hedgerow.sim.book_ids import stable_number
from hedgerow.sim.dialects.prophetx.terms import CENT, grid
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.orders import Contract
from hedgerow.sim.world import CANCELLED, FINISHED, Fixture

SPORTS = {
    11: "Basketball",
    12: "Tennis",
    13: "Baseball",
    14: "American Football",
    15: "Ice Hockey",
    27: "Cricket",
}
"""The venue's sport by the feed's id."""

MONEYLINE, OUTCOMES = 219, (4, 5)
SIDES = (Side.BUY, Side.SELL)
"""Of the contract, by the place of the strike."""


@dataclass(slots=True, eq=False)
class Event:
    """A match and its market."""

    id: int
    fixture: Fixture
    strikes: tuple[str, str]
    contract: Contract

    @property
    def is_over(self) -> bool:
        return self.fixture.status_id in (FINISHED, CANCELLED) or self.contract.result is not None

    @property
    def status(self) -> str:
        if self.is_over:
            return "ended"
        return "live" if self.fixture.live else "not_started"

    @property
    def market_status(self) -> str:
        return "active" if self.contract.is_open else "closed"

    @property
    def names(self) -> tuple[str, str]:
        return self.fixture.participant1_name, self.fixture.participant2_name

    @property
    def competitors(self) -> tuple[int, int]:
        first, second = (stable_number("prophetx competitor", name, below=10**7) for name in self.names)
        return first, second

    @property
    def scheduled(self) -> str:
        return f"{datetime_of_ms(self.fixture.start_time * 1000):%Y-%m-%dT%H:%M:%SZ}"


class Listings:
    """All events, in the order of their listing."""

    def __init__(self, catalogue: Catalogue, exchange: Exchange) -> None:
        self.events: dict[int, Event] = {}
        self._catalogue, self._exchange = catalogue, exchange
        self._by_fixture: dict[FixtureId, Event] = {}
        self._by_strike: dict[str, tuple[Event, int]] = {}
        self._by_contract: dict[str, Event] = {}

    def clear(self) -> None:
        for known in (self.events, self._by_fixture, self._by_strike, self._by_contract):
            known.clear()

    def strike(self, strike_id: str) -> tuple[Event, int] | None:
        """The event of a strike, and the strike's place in it."""
        return self._by_strike.get(strike_id)

    def of_contract(self, contract: Contract) -> Event | None:
        return self._by_contract.get(contract.ref)

    def follow(self, fixture: Fixture) -> Event | None:
        """Lists a new match, or takes over what changed in a listed one; the event, where the match has one."""
        event = self._by_fixture.get(fixture.fixture_id)
        if event is None:
            return None if fixture.status_id in (FINISHED, CANCELLED) else self._list(fixture)
        event.fixture = fixture
        self._exchange.set_open(event.contract, fixture.status_id not in (FINISHED, CANCELLED))
        return event

    def _list(self, fixture: Fixture) -> Event | None:
        winner = self._catalogue.winner(fixture.sport_id)
        if winner is None or fixture.sport_id not in SPORTS:
            return None
        yes, no = (OutcomeKey(fixture.fixture_id, outcome) for outcome in winner.outcomes)
        event_id = stable_number("prophetx event", fixture.fixture_id, below=10**8)
        first, second = (_hex("strike", *outcome) for outcome in (yes, no))
        key = MarketKey(fixture.fixture_id, winner.market_id)
        contract = Contract(f"{event_id}:{MONEYLINE}", key, yes, no, grid(), CENT, CENT, names=(first, second))
        event = Event(event_id, fixture, (first, second), contract)
        self.events[event_id] = self._by_fixture[fixture.fixture_id] = self._by_contract[contract.ref] = event
        self._by_strike |= {first: (event, 0), second: (event, 1)}
        self._exchange.add_contract(contract)
        return event


def _hex(*parts: object) -> str:
    return hashlib.sha256(":".join(map(str, ("prophetx", *parts))).encode()).hexdigest()[:32]
