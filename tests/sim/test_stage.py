"""What each event of a replay does to the world."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedgerow.core.ids import FixtureId
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.sim.events import FixtureEvent, OddsEvent, Price, ScoreEvent, SettleEvent, SuspendEvent, TradeEvent
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.orders import Leg, OrderKind
from hedgerow.sim.stage import Stage
from hedgerow.sim.takers import TakerOrder
from hedgerow.sim.world import World

from .worldkit import ACCOUNT, FIXTURE, NO, SLUG, YES, Kestrel


@pytest.fixture
def world() -> World:
    made = World(Catalogue())
    Kestrel(made)
    made.add_bookmaker("pinnacle")
    return made


@pytest.fixture
def stage(world: World) -> Stage:
    made = Stage(world)
    made.apply(fixture(0))
    return made


def fixture(status_id: int) -> FixtureEvent:
    return FixtureEvent(0, FIXTURE, 12, 2555, "Open", "Here", "Ann", "Bob", 2_000, status_id)


def offer(price: str | None) -> OddsEvent:
    odds = None if price is None else Decimal(price)
    return OddsEvent(0, FIXTURE, "pinnacle", (Price(YES, odds, Decimal(500), "EUR"),))


def test_a_fixture_is_introduced_whole(stage: Stage, world: World) -> None:
    made = world.fixtures[FIXTURE]
    assert (made.sport_id, made.tournament_id, made.tournament_name, made.category_name) == (12, 2555, "Open", "Here")
    assert (made.participant1_name, made.participant2_name, made.start_time) == ("Ann", "Bob", 2_000)
    assert (made.status_id, made.live) == (0, False)


def test_what_a_fixture_event_does_not_say_stays(stage: Stage, world: World) -> None:
    score = {"result": {"period": "result", "participant1Score": 1, "participant2Score": 0}}
    stage.apply(fixture(1))
    started_ms = world.fixtures[FIXTURE].true_start_ms
    stage.apply(ScoreEvent(0, FIXTURE, score))
    stage.apply(fixture(1))
    again = world.fixtures[FIXTURE]
    assert (again.live, again.scores, again.true_start_ms) == (True, score, started_ms)
    assert started_ms is not None


def test_a_quote_has_the_events_terms(stage: Stage, world: World) -> None:
    stage.apply(offer("1.95"))
    quote = world.quotes[YES, "pinnacle"]
    assert (quote.price, quote.limit, quote.currency, quote.active) == (Decimal("1.95"), 500, "EUR", True)
    stage.apply(offer(None))
    assert world.quotes[YES, "pinnacle"].price is None
    assert stage.ticks == 2


def test_a_suspended_book_keeps_its_prices_and_takes_no_bets(stage: Stage, world: World) -> None:
    stage.apply(offer("1.95"))
    stage.apply(SuspendEvent(0, FIXTURE, "pinnacle", suspended=True))
    shut = world.offer(YES, "pinnacle")
    stage.apply(SuspendEvent(0, FIXTURE, "pinnacle", suspended=False))
    opened = world.offer(YES, "pinnacle")
    assert shut is not None
    assert opened is not None
    assert (shut.active, opened.active) == (False, True)


def test_a_taker_trades_with_what_rests(stage: Stage, world: World) -> None:
    exchange = world.exchanges[SLUG]
    contract = exchange.contracts[FIXTURE]
    order = exchange.place(
        ACCOUNT, contract, Leg.YES, Side.SELL, 520_000, 3_000_000, reference="r", kind=OrderKind.RESTS
    )
    stage.apply(TakerOrder(0, SLUG, YES, Side.BUY, 510_000, 5_000_000))
    assert order.filled == 0
    stage.apply(TakerOrder(0, SLUG, YES, Side.BUY, 530_000, 5_000_000))
    assert (order.filled, stage.takers, stage.taker_fills) == (3_000_000, 2, 1)


def test_a_taker_at_no_exchange_goes_away(stage: Stage) -> None:
    stage.apply(TakerOrder(0, "nowhere", NO, Side.BUY, 510_000, 5_000_000))
    assert (stage.takers, stage.taker_fills) == (1, 0)


def test_a_result_ends_the_fixture(stage: Stage, world: World) -> None:
    stage.apply(SettleEvent(0, FIXTURE, {121: SettlementStatus.LOST, 122: SettlementStatus.WON}))
    assert world.fixtures[FIXTURE].results == {YES: SettlementStatus.LOST, NO: SettlementStatus.WON}
    assert (world.fixtures[FIXTURE].status_id, stage.settled) == (2, {FixtureId(FIXTURE)})


def test_a_trade_comes_to_the_stage_as_its_taker_only(stage: Stage) -> None:
    with pytest.raises(TypeError, match="as its taker"):
        stage.apply(TradeEvent(0, YES, 500_000, 1, Side.BUY))
