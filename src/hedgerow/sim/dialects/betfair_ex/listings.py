"""What is listed: a MATCH_ODDS market for every match of the world, a selection for each result.

Each selection is a contract of its own. Backing and laying the two of a match are two books, as at the real venue
where cross-matching is off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hedgerow.core.ids import FixtureId, MarketKey, OutcomeKey
from hedgerow.core.states import SettlementStatus
from hedgerow.sim.book_ids import stable_number
from hedgerow.sim.dialects.betfair_ex.terms import CENT, IN_PLAY_DELAY_S, LADDER
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.markets import Market as CatalogueMarket
from hedgerow.sim.orders import Contract
from hedgerow.sim.world import LIVE, Fixture, World

SLUG = "betfair-ex"

# Betfair's event types by the feed's sports. Source: listEventTypes as recorded in public samples and clients.
EVENT_TYPES = {
    10: (1, "Soccer"),
    11: (7522, "Basketball"),
    12: (2, "Tennis"),
    13: (7511, "Baseball"),
    14: (6423, "American Football"),
    15: (7524, "Ice Hockey"),
    16: (27454571, "Esports"),
    17: (27454571, "Esports"),
    18: (27454571, "Esports"),
    19: (3503, "Darts"),
    20: (26420387, "Mixed Martial Arts"),
    21: (6, "Boxing"),
    23: (998917, "Volleyball"),
    27: (4, "Cricket"),
    61: (27454571, "Esports"),
}
_SOCCER, _DRAW_ID, _DRAW = 10, 58805, "The Draw"
_OVER = (2, 3)


@dataclass(slots=True)
class Selection:
    """One runner."""

    id: int
    name: str
    contract: Contract
    last_odds: int = 0
    matched: int = 0  # backers' stakes, micros

    @property
    def status(self) -> str:
        match self.contract.result:
            case None | SettlementStatus.UNDECIDED:
                return "ACTIVE"
            case SettlementStatus.WON:
                return "WINNER"
            case SettlementStatus.LOST:
                return "LOSER"
            case _:
                return "REMOVED"


@dataclass(slots=True)
class Market:
    """One match's market. version: goes up with each change of the definition."""

    id: str
    event_type: tuple[int, str]
    fixture: Fixture
    selections: list[Selection] = field(default_factory=list)
    is_suspended: bool = False
    version: int = 1
    settled_ms: int | None = None

    @property
    def is_decided(self) -> bool:
        return all(selection.contract.result is not None for selection in self.selections)

    @property
    def in_play(self) -> bool:
        return self.fixture.status_id == LIVE

    @property
    def status(self) -> str:
        if self.is_decided:
            return "CLOSED"
        return "SUSPENDED" if self.is_suspended or self.fixture.status_id in _OVER else "OPEN"

    @property
    def bet_delay_s(self) -> int:
        return IN_PLAY_DELAY_S.get(self.event_type[0], 1) if self.in_play else 0

    @property
    def event_id(self) -> int:
        return stable_number("betfair event", self.fixture.fixture_id, below=10**8)

    @property
    def event_name(self) -> str:
        return f"{self.fixture.participant1_name} v {self.fixture.participant2_name}"

    def selection(self, selection_id: int) -> Selection | None:
        return next((one for one in self.selections if one.id == selection_id), None)


class Listings:
    """All markets, in the order of their listing."""

    def __init__(self, world: World, exchange: Exchange, changed: Callable[[Market], None]) -> None:
        """changed: called when a market's definition is another."""
        self.markets: dict[str, Market] = {}
        self._world, self._exchange, self._changed = world, exchange, changed
        self._by_fixture: dict[FixtureId, Market] = {}
        self._by_contract: dict[str, tuple[Market, Selection]] = {}

    def clear(self) -> None:
        self.markets.clear()
        self._by_fixture.clear()
        self._by_contract.clear()

    def of(self, contract: Contract) -> tuple[Market, Selection]:
        return self._by_contract[contract.ref]

    def knows(self, contract: Contract) -> bool:
        return contract.ref in self._by_contract

    def follow(self, fixture: Fixture) -> None:
        """Lists a new match, or takes over what changed in a listed one. At the off, bets that do not persist lapse."""
        market = self._by_fixture.get(fixture.fixture_id)
        if market is None:
            if fixture.status_id not in _OVER:
                self._list(fixture)
            return
        was = market.in_play
        market.fixture = fixture
        if market.in_play and not was:
            self._lapse(market, "off")
        elif fixture.status_id in _OVER and not market.is_decided:
            self._shut(market)
        self.touch(market)

    def suspend(self, market: Market, *, is_suspended: bool) -> None:
        market.is_suspended = is_suspended
        for selection in market.selections:
            self._exchange.set_open(selection.contract, not is_suspended)
        self.touch(market)

    def touch(self, market: Market) -> None:
        market.version += 1
        self._changed(market)

    def _shut(self, market: Market) -> None:
        """The match is over: what rests lapses, and the result is waited for."""
        for selection in market.selections:
            self._exchange.set_open(selection.contract, is_open=False)
        self._lapse(market, "over")

    def _lapse(self, market: Market, why: str) -> None:
        for selection in market.selections:
            for order in [o for o in self._exchange.open_orders() if o.contract is selection.contract]:
                if why == "over" or order.extra.get("persistence") == "LAPSE":
                    self._exchange.cancel(order, "lapsed")

    def _list(self, fixture: Fixture) -> None:
        decides, event_type = self._decides(fixture.sport_id), EVENT_TYPES.get(fixture.sport_id)
        if decides is None or event_type is None:
            return
        market_id = f"1.{stable_number('betfair market', fixture.fixture_id, below=10**9):09d}"
        market = Market(market_id, event_type, fixture)
        self.markets[market_id] = self._by_fixture[fixture.fixture_id] = market
        key = MarketKey(fixture.fixture_id, decides.market_id)
        outcomes = [OutcomeKey(fixture.fixture_id, outcome) for outcome in decides.outcomes]
        first, last = outcomes[0], outcomes[-1]
        sides = [(fixture.participant1_name, first), (fixture.participant2_name, last)]
        if len(outcomes) > len(sides):
            sides.append((_DRAW, outcomes[1]))
        for name, yes in sides:
            number = _DRAW_ID if name == _DRAW else stable_number("betfair selection", name, below=10**8)
            no = None if len(sides) > 2 else last if yes == first else first
            ref = f"{market_id}:{number}"
            contract = Contract(ref, key, yes, no, LADDER, CENT, 0, names=(ref, ref))
            selection = Selection(number, name, contract)
            market.selections.append(selection)
            self._by_contract[ref] = market, selection
            self._exchange.add_contract(contract)
        self._changed(market)

    def _decides(self, sport_id: int) -> CatalogueMarket | None:
        if sport_id == _SOCCER:
            return self._world.catalogue.regular_result(sport_id)
        return self._world.catalogue.winner(sport_id)
