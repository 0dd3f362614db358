"""What the simulated venue lists: one market for the two-way winner of every fixture, in a category of its own.

A market is one contract of the exchange; its first outcome (index set 1) pays on the first participant, the second
(index set 2) on the other. All ids follow from the fixture. Names of tags are those that users of the API report.
Source: the predict.fun sheet, section 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hedgerow.core.ids import FixtureId, MarketKey, OutcomeKey
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus
from hedgerow.sim import evm
from hedgerow.sim.book_ids import stable_number
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.orders import Contract, Leg
from hedgerow.sim.world import Fixture

LOT = MICRO // 100
"""The smallest quantity, and the finest that this world trades in; the venue's own is finer."""

_TAGS = {
    11: "NBA",
    12: "Tennis",
    13: "MLB",
    14: "NFL",
    15: "NHL",
    16: "Dota 2",
    17: "CS2",
    18: "LoL",
    23: "Volleyball",
    27: "Cricket",
    61: "Valorant",
}


@dataclass(slots=True)
class Market:
    """One listed market. `version` counts the changes of its book."""

    fixture: Fixture
    contract: Contract
    market_id: int
    category_id: int
    condition_id: str
    tokens: tuple[str, str]
    listed_ms: int
    precision: int
    fee_bps: int
    neg_risk: bool
    yield_bearing: bool
    version: int = 1
    book_ms: int = 0

    @property
    def names(self) -> tuple[str, str]:
        return self.fixture.participant1_name, self.fixture.participant2_name

    @property
    def title(self) -> str:
        return " vs. ".join(self.names)

    @property
    def slug(self) -> str:
        return f"{self.tag.lower().replace(' ', '-')}-{self.market_id}"

    @property
    def tag(self) -> str:
        return _TAGS[self.fixture.sport_id]

    @property
    def is_resolved(self) -> bool:
        return self.contract.result is not None

    def leg(self, token: str) -> Leg:
        return Leg.YES if token == self.tokens[0] else Leg.NO

    def token(self, leg: Leg) -> str:
        return self.tokens[leg is Leg.NO]

    def won(self, leg: Leg) -> bool | None:
        """Whether the leg's outcome won; None while that is open, and where neither did."""
        result = self.contract.result
        if result not in (SettlementStatus.WON, SettlementStatus.LOST):
            return None
        return (result is SettlementStatus.WON) == (leg is Leg.YES)


@dataclass(frozen=True, slots=True)
class Terms:
    """What all markets of a world have in common. precision: decimals of a price."""

    precision: int
    fee_bps: int
    neg_risk: bool
    yield_bearing: bool


class Listings:
    """All markets, by whatever names them. Grows with the world's fixtures and is emptied with them."""

    def __init__(self, exchange: Exchange, catalogue: Catalogue, terms: Terms) -> None:
        self._exchange, self._catalogue, self._terms = exchange, catalogue, terms
        self._by_fixture: dict[FixtureId, Market] = {}
        self._by_id: dict[str, Market] = {}
        self._by_token: dict[str, Market] = {}

    def __iter__(self) -> Iterator[Market]:
        """In the order of listing."""
        return iter(self._by_fixture.values())

    def clear(self) -> None:
        for known in (self._by_fixture, self._by_id, self._by_token):
            known.clear()

    def of_fixture(self, fixture_id: FixtureId) -> Market | None:
        return self._by_fixture.get(fixture_id)

    def of_id(self, market_id: str) -> Market | None:
        return self._by_id.get(market_id)

    def of_token(self, token: str) -> Market | None:
        return self._by_token.get(token)

    def of_contract(self, contract: Contract) -> Market:
        return self._by_id[contract.ref]

    def put(self, fixture: Fixture, now_ms: int) -> None:
        """Lists a fixture, or takes in what changed of it."""
        market = self._by_fixture.get(fixture.fixture_id)
        if market is not None:
            market.fixture = fixture
            return
        winner = self._catalogue.winner(fixture.sport_id)
        if winner is None or fixture.sport_id not in _TAGS:
            return
        seed = f"{fixture.fixture_id}:{winner.market_id}"
        market_id = stable_number("predict.fun", seed, below=10**7)
        tokens = _token(f"{seed}:1"), _token(f"{seed}:2")
        first, second = (OutcomeKey(fixture.fixture_id, outcome) for outcome in winner.outcomes)
        grid = PriceGrid.probability(10 ** (6 - self._terms.precision))
        key = MarketKey(fixture.fixture_id, winner.market_id)
        contract = Contract(str(market_id), key, first, second, grid, LOT, LOT, names=tokens)
        market = Market(
            fixture,
            contract,
            market_id,
            stable_number("category", seed, below=10**6),
            "0x" + evm.keccak(f"predict.fun condition {seed}".encode()).hex(),
            tokens,
            now_ms,
            self._terms.precision,
            self._terms.fee_bps,
            self._terms.neg_risk,
            self._terms.yield_bearing,
            book_ms=now_ms,
        )
        self._by_fixture[fixture.fixture_id] = market
        self._by_id[contract.ref] = market
        self._by_token.update(dict.fromkeys(tokens, market))
        self._exchange.add_contract(contract)


def _token(seed: str) -> str:
    return str(int.from_bytes(evm.keccak(f"predict.fun token {seed}".encode())))
