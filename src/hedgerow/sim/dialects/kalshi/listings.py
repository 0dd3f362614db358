"""What is listed: an event for every match of the world, a market for each participant.

The two markets are two books: each has a contract of its own, whose YES is its participant's win and whose NO is the
other's. Soccer's matches are listed by the result of regular time: a third market is the tie, and NO is both other
results. A market's life follows its fixture: open from its first sight, through the match, until the match is over;
then it waits for its result. Settled is paid at once: the settlement timer is 0 here.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from hedgerow.core.ids import FixtureId, MarketKey, OutcomeKey
from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus
from hedgerow.sim.dialects.kalshi.terms import Terms, grid_of
from hedgerow.sim.dialects.kalshi.tickers import Series, codes_of, event_tickers, series_of
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.markets import Market as CatalogueMarket
from hedgerow.sim.order_events import TradeEvent
from hedgerow.sim.orders import Contract
from hedgerow.sim.world import Fixture, World

LOT = 10_000
"""A hundredth of a contract."""

_CLOSES_AFTER_S = 14 * 86_400
_EXPECTED_AFTER_S = 3 * 3_600
_OVER = (2, 3)
_SOCCER, _TIE = 10, "Tie"


class Phase(StrEnum):
    """Of a market, in Kalshi's words. `initialized` and `determined` last no time here."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    CLOSED = "closed"
    FINALIZED = "finalized"


class Change(StrEnum):
    """What the lifecycle channel tells of a market."""

    CREATED = "created"
    ACTIVATED = "activated"
    DEACTIVATED = "deactivated"
    CLOSE_DATE = "close_date_updated"
    DETERMINED = "determined"
    SETTLED = "settled"
    STRUCTURE = "price_level_structure_updated"


@dataclass(slots=True)
class Market:
    """One participant's market, or that of the tie."""

    ticker: str
    event: Event
    contract: Contract
    participant: str
    structure: str
    created_ms: int
    updated_ms: int
    phase: Phase = Phase.ACTIVE
    settled_ms: int = 0
    last_price: int = 0
    last_size: int = 0
    volume: int = 0

    @property
    def market_id(self) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://kalshi.invalid/markets/{self.ticker}"))

    @property
    def result(self) -> str:
        """yes, no, scalar or, before the end, nothing."""
        match self.contract.result:
            case None | SettlementStatus.UNDECIDED:
                return ""
            case SettlementStatus.WON:
                return "yes"
            case SettlementStatus.LOST:
                return "no"
            case _:
                return "scalar"

    @property
    def settlement_value(self) -> int | None:
        """What a YES contract is worth at the end, in micros."""
        return {"yes": MICRO, "no": 0, "scalar": self.fair_value}.get(self.result)

    @property
    def fair_value(self) -> int:
        """What a YES contract pays when it neither won nor lost, in micros: the last price."""
        return self.last_price or MICRO // 2


@dataclass(slots=True)
class Event:
    """One match."""

    ticker: str
    series: Series
    fixture: Fixture
    created_ms: int
    updated_ms: int
    closes_at_s: int
    markets: list[Market] = field(default_factory=list)

    @property
    def title(self) -> str:
        return f"{self.fixture.participant1_name} vs {self.fixture.participant2_name}"

    @property
    def competition(self) -> str:
        return self.fixture.tournament_name or self.series.title

    @property
    def milestone_id(self) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://kalshi.invalid/milestones/{self.ticker}"))

    @property
    def expected_end_s(self) -> int:
        return self.fixture.start_time + _EXPECTED_AFTER_S


Listener = Callable[[Change, Market], None]


class Listings:
    """All events and markets, in the order of their listing."""

    def __init__(self, world: World, exchange: Exchange, terms: Terms) -> None:
        self.events: dict[str, Event] = {}
        self.markets: dict[str, Market] = {}
        self._world, self._exchange, self._terms = world, exchange, terms
        self._by_fixture: dict[FixtureId, Event] = {}
        self._listeners: list[Listener] = []

    def on_change(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def clear(self) -> None:
        self.events.clear()
        self.markets.clear()
        self._by_fixture.clear()

    def follow(self, fixture: Fixture) -> None:
        """Lists a new match, or takes over what changed in a listed one."""
        event = self._by_fixture.get(fixture.fixture_id)
        is_over = fixture.status_id in _OVER
        if event is None:
            if not is_over:
                self._list(fixture)
            return
        has_moved = event.fixture.start_time != fixture.start_time
        event.fixture, event.updated_ms = fixture, self._world.clock.now_ms()
        if has_moved and not is_over:
            self._set_close(event, fixture.start_time + _CLOSES_AFTER_S)
        for market in event.markets:
            if is_over and market.phase in (Phase.ACTIVE, Phase.INACTIVE):
                self._close(market)
            elif not is_over and market.phase is Phase.CLOSED:
                self._reopen(market)

    def deactivate(self, market: Market) -> None:
        """The exchange takes the market out of trading; what rests stays."""
        if market.phase is Phase.ACTIVE:
            self._enter(market, Phase.INACTIVE, Change.DEACTIVATED)

    def activate(self, market: Market) -> None:
        """Back to trading, with an empty book: all resting orders are lost."""
        if market.phase is Phase.INACTIVE:
            self._cancel_all(market, "market reactivated")
            self._enter(market, Phase.ACTIVE, Change.ACTIVATED)

    def set_structure(self, market: Market, structure: str) -> None:
        """Another price grid; what rests stays where it is. Raises ValueError for an unknown name."""
        market.contract.grid = grid_of(structure)
        market.structure = structure
        self._tell(Change.STRUCTURE, market)

    def note_result(self, contract: Contract) -> None:
        """The world has decided and paid a contract; a second time corrects the first."""
        market = self.markets.get(contract.ref)
        if market is None or contract.result is None:
            return
        market.phase, market.settled_ms = Phase.FINALIZED, self._world.clock.now_ms()
        for change in (Change.DETERMINED, Change.SETTLED):
            self._tell(change, market)

    def note_trade(self, trade: TradeEvent) -> None:
        market = self.markets.get(trade.contract.ref)
        if market is not None:
            market.last_price, market.last_size = trade.price, trade.size
            market.volume += trade.size

    def _list(self, fixture: Fixture) -> None:
        decides = self._decides(fixture.sport_id)
        series = series_of(fixture.sport_id, f"{fixture.category_name} {fixture.tournament_name}")
        if decides is None or series is None:
            return
        names = fixture.participant1_name, fixture.participant2_name
        codes = codes_of(*names, of_people=series.of_people)
        candidates = event_tickers(series, fixture.fixture_id, fixture.start_time, codes)
        ticker = next(ticker for ticker in candidates if ticker not in self.events)
        now = self._world.clock.now_ms()
        event = Event(ticker, series, fixture, now, now, fixture.start_time + _CLOSES_AFTER_S)
        self.events[ticker] = self._by_fixture[fixture.fixture_id] = event
        key = MarketKey(fixture.fixture_id, decides.market_id)
        outcomes = [OutcomeKey(fixture.fixture_id, outcome) for outcome in decides.outcomes]
        first, *_, last = outcomes
        sides = [(names[0], codes[0], first), (names[1], codes[1], last)]
        if len(outcomes) > 2:
            sides.append((_TIE, _TIE.upper(), outcomes[1]))
        grid = grid_of(self._terms.structure)
        for name, code, yes in sides:
            no = None if len(sides) > 2 else last if yes == first else first
            own = f"{ticker}-{code}"
            contract = Contract(own, key, yes, no, grid, LOT, LOT, names=(f"{own}:yes", f"{own}:no"))
            market = Market(contract.ref, event, contract, name, self._terms.structure, now, now)
            event.markets.append(market)
            self.markets[market.ticker] = market
            self._exchange.add_contract(contract)
        for market in event.markets:
            self._tell(Change.CREATED, market)

    def _decides(self, sport_id: int) -> CatalogueMarket | None:
        """The market of the feed that a match of the sport is listed by."""
        if sport_id == _SOCCER:
            return self._world.catalogue.regular_result(sport_id)
        return self._world.catalogue.winner(sport_id)

    def _set_close(self, event: Event, closes_at_s: int) -> None:
        event.closes_at_s = closes_at_s
        for market in event.markets:
            self._tell(Change.CLOSE_DATE, market)

    def _close(self, market: Market) -> None:
        """Trading ends ahead of the scheduled time, and what rests is cancelled."""
        market.event.closes_at_s = self._world.clock.now_ms() // 1000
        self._enter(market, Phase.CLOSED, Change.CLOSE_DATE)
        self._cancel_all(market, "market closed")

    def _reopen(self, market: Market) -> None:
        market.event.closes_at_s = market.event.fixture.start_time + _CLOSES_AFTER_S
        self._tell(Change.CLOSE_DATE, market)
        self._enter(market, Phase.ACTIVE, Change.ACTIVATED)

    def _enter(self, market: Market, phase: Phase, change: Change) -> None:
        market.phase = phase
        self._exchange.set_open(market.contract, phase is Phase.ACTIVE)
        self._tell(change, market)

    def _cancel_all(self, market: Market, reason: str) -> None:
        for order in [o for o in self._exchange.open_orders() if o.contract is market.contract]:
            self._exchange.cancel(order, reason)

    def _tell(self, change: Change, market: Market) -> None:
        market.updated_ms = self._world.clock.now_ms()
        for listener in self._listeners:
            listener(change, market)
