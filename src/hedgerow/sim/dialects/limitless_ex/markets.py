"""What the simulated venue lists: one single market for the two-way winner of every fixture.

Its YES pays on the first participant, its NO on the second. All ids follow from the fixture. Source: the limitless-ex
sheet, section 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hedgerow.core.ids import FixtureId, MarketKey, OutcomeKey
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.states import SettlementStatus
from hedgerow.sim import evm
from hedgerow.sim.book_ids import stable_number
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.orders import Contract, Leg
from hedgerow.sim.world import Fixture

TICK = 1_000
LOT = 1_000
"""Prices have three decimals and sizes too. The smallest order is not published: here it is the step."""


@dataclass(slots=True)
class Market:
    """One listed market."""

    fixture: Fixture
    contract: Contract
    market_id: int
    condition_id: str
    tokens: tuple[str, str]
    listed_ms: int
    exchange: str

    @property
    def slug(self) -> str:
        return self.contract.ref

    @property
    def title(self) -> str:
        return f"Will {self.fixture.participant1_name} beat {self.fixture.participant2_name}?"

    @property
    def is_resolved(self) -> bool:
        return self.contract.result is not None

    @property
    def winner(self) -> int | None:
        """0 for YES, 1 for NO; None while that is open, and where neither won."""
        result = self.contract.result
        if result not in (SettlementStatus.WON, SettlementStatus.LOST):
            return None
        return 0 if result is SettlementStatus.WON else 1

    def leg(self, token: str) -> Leg:
        return Leg.YES if token == self.tokens[0] else Leg.NO


class Listings:
    """All markets. Grows with the world's fixtures and is emptied with them."""

    def __init__(self, exchange: Exchange, catalogue: Catalogue) -> None:
        self._exchange, self._catalogue = exchange, catalogue
        self._by_fixture: dict[FixtureId, Market] = {}
        self._by_slug: dict[str, Market] = {}

    def __iter__(self) -> Iterator[Market]:
        """In the order of listing."""
        return iter(self._by_fixture.values())

    def clear(self) -> None:
        self._by_fixture.clear()
        self._by_slug.clear()

    def of_fixture(self, fixture_id: FixtureId) -> Market | None:
        return self._by_fixture.get(fixture_id)

    def of_slug(self, slug: str) -> Market | None:
        return self._by_slug.get(slug)

    def put(self, fixture: Fixture, now_ms: int) -> None:
        """Lists a fixture, or takes in what changed of it."""
        market = self._by_fixture.get(fixture.fixture_id)
        if market is not None:
            market.fixture = fixture
            return
        winner = self._catalogue.winner(fixture.sport_id)
        if winner is None:
            return
        seed = f"{fixture.fixture_id}:{winner.market_id}"
        market_id = stable_number("limitless-ex", seed, below=10**6)
        slug = f"match-winner-{stable_number('limitless-ex slug', seed, below=10**13)}"
        tokens = _token(f"{seed}:yes"), _token(f"{seed}:no")
        first, second = (OutcomeKey(fixture.fixture_id, outcome) for outcome in winner.outcomes)
        key = MarketKey(fixture.fixture_id, winner.market_id)
        contract = Contract(slug, key, first, second, PriceGrid.probability(TICK), LOT, LOT, names=tokens)
        condition = "0x" + evm.keccak(f"limitless-ex condition {seed}".encode()).hex()
        exchange = evm.checksummed(evm.keccak(f"limitless-ex exchange {seed}".encode())[12:])
        market = Market(fixture, contract, market_id, condition, tokens, now_ms, exchange)
        self._by_fixture[fixture.fixture_id] = market
        self._by_slug[slug] = market
        self._exchange.add_contract(contract)


def _token(seed: str) -> str:
    return str(int.from_bytes(evm.keccak(f"limitless-ex token {seed}".encode())))
