"""What the simulated venue lists: an event with one MONEY market of two outcomes for every match of a known league.

A market is one contract of the exchange, whose YES is the home outcome (index 0). All ids follow from the fixture.
Source: the Novig sheet, "Common model" and the shapes of NBX; names of leagues as users of the API show them, those of
tennis and fighting are invented.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

from hedgerow.core.ids import FixtureId, MarketKey, OutcomeKey
from hedgerow.core.ladders import Band, PriceGrid
from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.orders import Contract
from hedgerow.sim.world import CANCELLED, FINISHED, LIVE, Fixture

UNIT = MICRO // 100
"""The smallest quantity: a cent of payout."""

GRID = PriceGrid([Band(1_000, 50_000, 1_000), Band(50_000, 950_000, 5_000), Band(950_000, 999_000, 1_000)])
"""The 279 prices that V3 publishes; NBX names three decimals and no grid."""

LEAGUES = {11: "NBA", 12: "ATP", 13: "MLB", 14: "NFL", 15: "NHL"}

_NAMES = uuid5(NAMESPACE_URL, "https://novig.invalid/")
_EVENT_STATUS = {LIVE: "OPEN_INGAME", FINISHED: "FINAL", CANCELLED: "CANCELED"}


def name(text: str) -> str:
    """A UUID, the same in every run of a world."""
    return str(uuid5(_NAMES, text))


@dataclass(slots=True, eq=False)
class Market:
    """One listed market with its event. settled_ms: when it was last decided."""

    fixture: Fixture
    contract: Contract
    event_id: str
    outcome_ids: tuple[str, str]
    settled_ms: int | None = None

    @property
    def id(self) -> str:
        return self.contract.ref

    @property
    def league(self) -> str:
        return LEAGUES[self.fixture.sport_id]

    @property
    def names(self) -> tuple[str, str]:
        """Home and away."""
        return self.fixture.participant1_name, self.fixture.participant2_name

    @property
    def event_status(self) -> str:
        return _EVENT_STATUS.get(self.fixture.status_id, "OPEN_INGAME" if self.fixture.live else "OPEN_PREGAME")

    @property
    def status(self) -> str:
        if self.contract.result is not None:
            return "SETTLED"
        return "OPEN" if self.contract.is_open else "CLOSED"

    def side_of(self, outcome_id: str) -> Side:
        """On the contract, of an order that buys the outcome."""
        return Side.BUY if outcome_id == self.outcome_ids[0] else Side.SELL

    def outcome_of(self, side: Side) -> str:
        """What an order on a side of the contract buys."""
        return self.outcome_ids[side is Side.SELL]

    def outcome_status(self, index: int) -> str:
        """A void is told as its fair value, of which each outcome has a half here."""
        result = self.contract.result
        if result is None:
            return "TBD"
        seen = result if index == 0 else result.mirrored
        return {SettlementStatus.WON: "WIN", SettlementStatus.LOST: "LOSS"}.get(seen, "0.5")


class Listings:
    """All markets, by whatever names them. Grows with the world's fixtures and is emptied with them."""

    def __init__(self, exchange: Exchange, catalogue: Catalogue, clock: WorldClock) -> None:
        self._exchange, self._catalogue, self._clock = exchange, catalogue, clock
        self._by_fixture: dict[FixtureId, Market] = {}
        self._by_id: dict[str, Market] = {}
        self._by_outcome: dict[str, Market] = {}

    def __iter__(self) -> Iterator[Market]:
        return iter(self._by_fixture.values())

    def clear(self) -> None:
        for known in (self._by_fixture, self._by_id, self._by_outcome):
            known.clear()

    def of_id(self, market_id: str) -> Market | None:
        return self._by_id.get(market_id)

    def of_outcome(self, outcome_id: str) -> Market | None:
        return self._by_outcome.get(outcome_id)

    def of_fixture(self, fixture_id: FixtureId) -> Market | None:
        return self._by_fixture.get(fixture_id)

    def of_contract(self, contract: Contract) -> Market:
        return self._by_id[contract.ref]

    def note_result(self, market: Market) -> None:
        """The contract was decided, or decided anew."""
        if market.contract.result is not None:
            market.settled_ms = self._clock.now_ms()

    def put(self, fixture: Fixture) -> Market | None:
        """Lists a fixture, or takes in what changed of it; None for one that the venue does not have."""
        market = self._by_fixture.get(fixture.fixture_id)
        if market is not None:
            market.fixture = fixture
            return market
        winner = self._catalogue.winner(fixture.sport_id)
        if winner is None or fixture.sport_id not in LEAGUES:
            return None
        seed = f"{fixture.fixture_id} {winner.market_id}"
        outcomes = name(f"outcome {seed} 0"), name(f"outcome {seed} 1")
        home, away = (OutcomeKey(fixture.fixture_id, outcome) for outcome in winner.outcomes)
        key = MarketKey(fixture.fixture_id, winner.market_id)
        contract = Contract(name(f"market {seed}"), key, home, away, GRID, UNIT, UNIT, names=outcomes)
        market = Market(fixture, contract, name(f"event {fixture.fixture_id}"), outcomes)
        self._by_fixture[fixture.fixture_id] = market
        self._by_id[market.id] = market
        self._by_outcome.update(dict.fromkeys(outcomes, market))
        self._exchange.add_contract(contract)
        return market
