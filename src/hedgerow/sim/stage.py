"""Where a replay happens: applies its events to the world."""

from __future__ import annotations

from hedgerow.core.ids import FixtureId
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.events import FixtureEvent, OddsEvent, Price, ScoreEvent, SettleEvent, SuspendEvent, TradeEvent
from hedgerow.sim.takers import Action, TakerOrder
from hedgerow.sim.world import LIVE, Fixture, World


class Stage:
    """Applies actions and counts what they did."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.events = 0
        self.ticks = 0  # changes of a bookmaker's odds
        self.takers = 0
        self.taker_fills = 0
        self.settled: set[FixtureId] = set()

    def apply(self, action: Action) -> None:
        """Changes the world now. A taker who finds no exchange, or nothing at his price, goes away."""
        self.events += 1
        match action:
            case FixtureEvent():
                self._world.put_fixture(self._fixture(action))
            case ScoreEvent():
                self._world.put_scores(action.fixture_id, dict(action.scores))
            case OddsEvent():
                self.ticks += 1
                self._world.put_odds([_quote(price, action.bookmaker) for price in action.prices])
            case SuspendEvent():
                self._world.put_book(action.fixture_id, action.bookmaker, suspended=action.suspended)
            case SettleEvent():
                self._world.settle(action.fixture_id, dict(action.results))
                self.settled.add(action.fixture_id)
            case TakerOrder():
                self._take(action)
            case TradeEvent():
                raise TypeError("a trade is played as its taker")

    def _fixture(self, event: FixtureEvent) -> Fixture:
        """The fixture as the event says it; what it does not say stays."""
        fixture = Fixture(
            event.fixture_id,
            event.sport_id,
            event.tournament_id,
            event.participant1_name,
            event.participant2_name,
            event.start_time,
            event.tournament_name,
            event.category_name,
            event.status_id,
            live=event.status_id == LIVE,
        )
        before = self._world.fixtures.get(event.fixture_id)
        if before is not None:
            fixture.scores, fixture.clock, fixture.results = before.scores, before.clock, before.results
            fixture.true_start_ms, fixture.true_end_ms = before.true_start_ms, before.true_end_ms
        return fixture

    def _take(self, taker: TakerOrder) -> None:
        self.takers += 1
        exchange = self._world.exchanges.get(taker.exchange)
        if exchange is not None:
            self.taker_fills += len(exchange.take(taker.outcome, taker.side, taker.limit, taker.size))


def _quote(price: Price, bookmaker: str) -> Quote:
    return Quote(price.outcome, bookmaker, price.price, price.limit, None, price.currency, price.active, 0)
