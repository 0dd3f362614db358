"""What the simulated SX Bet lists: one market for the two-way winner of every fixture.

A market is one contract of the exchange: YES is its outcome one, NO its outcome two, and there is no third. All ids
follow from the fixture. Sports, their numbers and the market type are the venue's (its public page of sports and of
markets); a sport that it does not have is not listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from hedgerow.core.ids import FixtureId, MarketKey, OutcomeKey
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus
from hedgerow.sim.book_ids import stable_number
from hedgerow.sim.evm import keccak
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.orders import Contract
from hedgerow.sim.world import FINISHED, Fixture

LADDER_STEP: Final = 125
"""Of the odds, in hundred-thousandths of a probability."""

_TICK = LADDER_STEP * MICRO // 100_000
_WINNER_WITH_OVERTIME = 226

# The world's sport to the venue's number and name of it.
_SPORTS = {
    11: (1, "Basketball"),
    12: (6, "Tennis"),
    13: (3, "Baseball"),
    14: (8, "Football"),
    15: (2, "Hockey"),
    16: (9, "E Sports"),
    17: (9, "E Sports"),
    18: (9, "E Sports"),
    20: (7, "Mixed Martial Arts"),
    21: (13, "Boxing"),
    27: (15, "Cricket"),
    61: (9, "E Sports"),
}

_OUTCOME_OF = {SettlementStatus.WON: 1, SettlementStatus.LOST: 2}


@dataclass(slots=True)
class Market:
    """One listed market."""

    fixture: Fixture
    contract: Contract
    event_id: str
    league_id: int
    resolved_ms: int | None = None
    version: int = 0  # of its book
    is_cleared: bool = False  # the book was emptied when the match began

    @property
    def hash(self) -> str:
        return self.contract.ref

    @property
    def is_open(self) -> bool:
        return self.contract.is_open and self.contract.result is None

    @property
    def outcome(self) -> int | None:
        """1, 2, or 0 for a void; None while it is not decided."""
        result = self.contract.result
        return None if result is None else _OUTCOME_OF.get(result, 0)

    def view(self) -> dict[str, Any]:
        """The market as every list and the stream tell it."""
        fixture = self.fixture
        one, two = fixture.participant1_name, fixture.participant2_name
        sport_id, sport = _SPORTS[fixture.sport_id]
        league = fixture.tournament_name or "Matches"
        told: dict[str, Any] = {
            "status": "ACTIVE" if self.is_open else "INACTIVE",
            "marketHash": self.hash,
            "outcomeOneName": one,
            "outcomeTwoName": two,
            "outcomeVoidName": "NO_CONTEST",
            "teamOneName": one,
            "teamTwoName": two,
            "type": _WINNER_WITH_OVERTIME,
            "gameTime": fixture.start_time,
            "sportXeventId": self.event_id,
            "liveEnabled": True,
            "sportLabel": sport,
            "sportId": sport_id,
            "leagueId": self.league_id,
            "leagueLabel": league,
            "mainLine": True,
            "group1": league,
            "isQuarterLineMarket": False,
        }
        if self.resolved_ms is not None:
            told |= {"outcome": self.outcome, "reportedDate": self.resolved_ms // 1000}
        return told


class Listings:
    """All markets, by hash. Grows with the world's fixtures and is emptied with them."""

    def __init__(self, exchange: Exchange, catalogue: Catalogue) -> None:
        self._exchange, self._catalogue = exchange, catalogue
        self._by_fixture: dict[FixtureId, Market] = {}
        self._by_hash: dict[str, Market] = {}

    def __iter__(self) -> Iterator[Market]:
        """In the order of listing."""
        return iter(self._by_hash.values())

    def clear(self) -> None:
        self._by_fixture.clear()
        self._by_hash.clear()

    def of_hash(self, market_hash: str) -> Market | None:
        return self._by_hash.get(market_hash)

    def put(self, fixture: Fixture) -> Market | None:
        """Lists a fixture, or takes in what changed of it; None when the venue has no market for it."""
        market = self._by_fixture.get(fixture.fixture_id)
        if market is not None:
            market.fixture = fixture
            if fixture.status_id >= FINISHED:
                self._exchange.set_open(market.contract, is_open=False)
            return market
        winner = self._catalogue.winner(fixture.sport_id)
        if winner is None or fixture.sport_id not in _SPORTS:
            return None
        market_hash = "0x" + keccak(f"sx market {fixture.fixture_id}:{winner.market_id}".encode()).hex()
        first, second = (OutcomeKey(fixture.fixture_id, outcome) for outcome in winner.outcomes)
        contract = Contract(
            market_hash,
            MarketKey(fixture.fixture_id, winner.market_id),
            first,
            second,
            PriceGrid.probability(_TICK),
            lot=1,
            min_size=1,
            names=(f"{market_hash}:1", f"{market_hash}:2"),
        )
        event_id = f"L{stable_number('sx event', fixture.fixture_id, below=10**8)}"
        market = Market(fixture, contract, event_id, stable_number("sx league", fixture.tournament_id, below=10**4))
        self._by_fixture[fixture.fixture_id] = self._by_hash[market_hash] = market
        self._exchange.add_contract(contract)
        return market
