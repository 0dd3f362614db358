"""Races that market makers have lost money to, one test each, named after what happens.

In every one of them the fills are recorded once, `unhedgedStake` says what is open, no hedge is doubled, and in the end
our books and the venues' ledgers are equal. Races with the death of a process are in `test_recovery`; a fill that is
said twice, a hedge without an answer and a fill that is taken back after its hedge are in `test_service`.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.errors import Unavailable
from hedgerow.core.ids import OutcomeKey
from hedgerow.core.money import MICRO, Micros, micros
from hedgerow.core.states import Side
from hedgerow.core.tasks import spawn
from hedgerow.mm.commands import CancelOutcome
from hedgerow.mm.controls import TradingState
from hedgerow.mm.lane import Lane
from hedgerow.mm.numbers import reference_of
from hedgerow.mm.orders import Order
from hedgerow.sim.order_events import EventKind, OrderEvent
from hedgerow.sim.orders import Leg, OrderKind
from hedgerow.storage.accounts import open_credentials
from hedgerow.venues.base import Account, Exchange, ExchangeEvent, Fill, NewQuote, StreamGap, VenueContext
from hedgerow.venues.kalshi.connector import KalshiExchange
from hedgerow.venues.polymarket.connector import Polymarket
from hedgerow.venues.registry import build_exchange, urls_of, venue

from .worldkit import CLIENT, EXCHANGES, HOME, MATCH, Resting, Scene, expect_hedged_once

BID = Decimal("0.45")
"""What is bid for the home side at odds of 1.85 on the other."""


class Stream:
    """What the exchanges' streams tell: fills can be held up, so that everything else overtakes them, and all but gaps
    or fills, can be lost."""

    def __init__(self) -> None:
        self.is_held = self.is_lost = self.loses_fills = False
        self.held: list[tuple[Lane, Fill]] = []
        self._tell = Lane._event

    def tell(self, lane: Lane, event: ExchangeEvent) -> None:
        if self.is_lost and not isinstance(event, StreamGap):
            return
        if self.loses_fills and isinstance(event, Fill):
            return
        if self.is_held and isinstance(event, Fill):
            self.held.append((lane, event))
        else:
            self._tell(lane, event)

    def let_go(self, *, last_first: bool = False) -> None:
        """Tells what was held up."""
        self.is_held = False
        held, self.held = self.held, []
        assert held
        for lane, event in reversed(held) if last_first else held:
            self._tell(lane, event)


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> Stream:
    """Of every exchange that is opened after it."""
    held = Stream()

    def tell(lane: Lane, event: ExchangeEvent) -> None:
        held.tell(lane, event)

    monkeypatch.setattr(Lane, "_event", tell)
    return held


class FillsList:
    """The exchanges' lists of fills, which can be out of reach."""

    def __init__(self) -> None:
        self.is_away = False

    def of(self, fills: Callable[..., Any]) -> Callable[..., Any]:
        async def asked(exchange: Exchange, since_ms: int) -> Any:
            if self.is_away:
                raise Unavailable(exchange.manifest.slug, "fills", "not reached")
            return await fills(exchange, since_ms)

        return asked


@pytest.fixture
def fills_list(monkeypatch: pytest.MonkeyPatch) -> FillsList:
    """Of every exchange that is opened after it."""
    found = FillsList()
    for connector in (KalshiExchange, Polymarket):
        monkeypatch.setattr(connector, "fills", found.of(connector.fills))
    return found


@pytest.fixture
async def held_up(stream: Stream, quoting: Scene) -> Scene:
    """Quotes on both exchanges, whose streams are `stream`'s."""
    return quoting


def bid(scene: Scene, exchange: str) -> Resting:
    (found,) = [o for o in scene.resting(exchange) if (o.outcome_id, o.side) == (HOME, Side.BUY)]
    return found


def our_bid(scene: Scene, exchange: str) -> Order:
    """The same as we know it."""
    (found,) = [
        order
        for order in scene.process.lane(exchange).live_orders()
        if (order.side, order.price) == (Side.BUY, BID * MICRO)
    ]
    return found


async def reconnected(scene: Scene, exchange: str) -> None:
    """The exchange's streams break and come back."""
    await scene.step(act=lambda: scene.behave(exchange, disconnectStream=True))
    await scene.connected(lambda: scene.process.lane(exchange).is_synced)


async def while_on_the_way(scene: Scene, exchange: str, act: Callable[[], Any], meanwhile: Callable[[], Any]) -> None:
    """What `act` makes us send arrives at the exchange a second later; `meanwhile` happens before it does."""
    scene.behave(exchange, latencyMs=1000)
    scene.world.clock.later(0.5, meanwhile, "meanwhile")
    await scene.step(act=act)
    scene.behave(exchange)


def sell_to_us(scene: Scene, exchange: str, size: int) -> None:
    assert sum(match.size for match in scene.take(exchange, Side.SELL, str(BID), size)) == size * MICRO


# --- cancels -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_fill_while_its_cancel_is_on_the_way(quoting: Scene, exchange: str) -> None:
    await while_on_the_way(quoting, exchange, quoting.suspend, lambda: sell_to_us(quoting, exchange, 100))
    assert quoting.resting() == []
    assert await quoting.unhedged() == 45
    await quoting.step(act=lambda: quoting.suspend(suspended=False))
    await expect_hedged_once(quoting)


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_order_is_filled_whole_while_its_cancel_is_on_the_way(quoting: Scene, exchange: str) -> None:
    size = bid(quoting, exchange).size // MICRO
    await while_on_the_way(quoting, exchange, quoting.suspend, lambda: sell_to_us(quoting, exchange, size))
    assert quoting.resting() == []
    await quoting.step(act=lambda: quoting.suspend(suspended=False))
    await expect_hedged_once(quoting, size)


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_late_fill_on_a_cancelled_order(held_up: Scene, stream: Stream, exchange: str) -> None:
    """The cancel is confirmed before the stream tells of what was filled until then."""
    stream.is_held = True
    order = our_bid(held_up, exchange)
    await while_on_the_way(held_up, exchange, held_up.suspend, lambda: sell_to_us(held_up, exchange, 100))
    assert (order.is_live, held_up.resting()) == (False, [])
    held_up.suspend(suspended=False)
    await held_up.step(act=stream.let_go)
    assert order.filled == 100 * MICRO
    await expect_hedged_once(held_up)


async def partly_filled_and_cancelled(scene: Scene, stream: Stream, fills_list: FillsList, exchange: str) -> None:
    """Our bid is filled by 50, and cancelled while 30 more are matched, of which nothing is told yet."""
    await scene.step(act=lambda: sell_to_us(scene, exchange, 50))
    stream.is_held = fills_list.is_away = True
    await while_on_the_way(scene, exchange, scene.suspend, lambda: sell_to_us(scene, exchange, 30))
    assert scene.resting() == []
    await scene.process.maker._journal.flush()


async def expect_one_order(scene: Scene) -> None:
    """Both fills are one order's, to the end."""
    fills = await scene.fills()
    assert [fill["size"] for fill in fills] == [50, 30]
    (order_id,) = {fill["order_id"] for fill in fills}
    rows = await scene.database.fetch("select order_id, matched_size from mm_orders where matched_size > 0")
    assert [tuple(row) for row in rows] == [(order_id, 80)]
    await expect_hedged_once(scene, 80)


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_late_fill_on_a_cancelled_order_of_a_killed_process(
    fills_list: FillsList, held_up: Scene, stream: Stream, exchange: str
) -> None:
    await partly_filled_and_cancelled(held_up, stream, fills_list, exchange)
    await held_up.process.kill()
    stream.is_held = fills_list.is_away = False
    held_up.suspend(suspended=False)
    await held_up.start()
    await held_up.connected(lambda: held_up.process.lane(exchange).is_ready)
    await held_up.run(10)
    await expect_one_order(held_up)


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_late_fill_on_an_order_that_is_forgotten(
    fills_list: FillsList, held_up: Scene, stream: Stream, exchange: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hedgerow.mm.order_index.ENDED_KEPT", 0)
    await partly_filled_and_cancelled(held_up, stream, fills_list, exchange)
    held_up.process.lane(exchange).live_orders()  # which forgets the others
    held_up.suspend(suspended=False)
    await held_up.step(act=stream.let_go)
    await held_up.run(10)
    assert not held_up.process.lane(exchange)._intake._told
    fills_list.is_away = False
    await expect_one_order(held_up)


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_stop_races_a_placement_that_is_slow_to_arrive(quoting: Scene, exchange: str) -> None:
    """An order that arrives after everything was cancelled is cancelled too; what it traded till then is hedged."""
    process = quoting.process

    def stopped() -> None:
        process.trader.state = TradingState.SYSTEM_STOPPED
        process.maker.engine.look_at_all()
        spawn(quoting.turn_system(stopped=True), "stop")

    await quoting.step(act=quoting.suspend)
    quoting.on_order(exchange, lambda event: fill_at_once(quoting, exchange, event))
    await while_on_the_way(quoting, exchange, lambda: quoting.suspend(suspended=False), stopped)
    await quoting.run(2)
    assert quoting.resting() == []
    await expect_hedged_once(quoting)


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_cancel_of_all_races_a_placement_that_is_slow_to_arrive(quoting: Scene, exchange: str) -> None:
    """The client's own cancel knows an order that has no name yet, and waits until it is gone; what it traded till then
    is hedged."""
    outcomes: list[asyncio.Task[CancelOutcome]] = []

    def cancelled() -> None:
        outcomes.append(spawn(quoting.process.maker.commands.cancel(CLIENT), "cancel all"))

    await quoting.step(act=quoting.suspend)
    quoting.on_order(exchange, lambda event: fill_at_once(quoting, exchange, event))
    await while_on_the_way(quoting, exchange, lambda: quoting.suspend(suspended=False), cancelled)
    await quoting.connected(outcomes[0].done)
    outcome = outcomes[0].result()
    assert outcome.is_complete
    assert outcome.cancelled
    assert quoting.resting() == []
    await expect_hedged_once(quoting)


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_end_of_the_process_races_a_placement_that_is_slow_to_arrive(quoting: Scene, exchange: str) -> None:
    """Nobody would be left to cancel what arrives after everything was cancelled."""
    end, ending = quoting.process.stop, list[asyncio.Task[None]]()

    def ended() -> None:
        quoting.behave(exchange)  # what is sent from now on overtakes it
        ending.append(spawn(end(), "end"))

    await quoting.step(act=quoting.suspend)
    before = len(quoting.sim_orders(exchange))
    await while_on_the_way(quoting, exchange, lambda: quoting.suspend(suspended=False), ended)
    await quoting.connected(ending[0].done)
    await ending[0]
    await quoting.run(2)
    assert len(quoting.sim_orders(exchange)) > before
    assert quoting.resting() == []


# --- placements ----------------------------------------------------------------------------------------------------


def fill_at_once(scene: Scene, exchange: str, event: OrderEvent) -> None:
    """A counterparty takes 100 of the first bid for the home side that arrives, in the next moment."""
    order = event.order
    is_bid = event.kind is EventKind.PLACED and order.outcome is not None and order.outcome.outcome_id == HOME
    if is_bid and order.side is Side.BUY and not any(o.filled for o in scene.sim_orders(exchange)):
        scene.world.clock.later(0.001, lambda: sell_to_us(scene, exchange, 100), "takes at once")


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_order_is_taken_and_its_answer_lost_and_it_fills_at_once(scene: Scene, exchange: str) -> None:
    scene.behave(exchange, loseResponseRate=1)
    scene.on_order(exchange, lambda event: fill_at_once(scene, exchange, event))
    await scene.start()
    await scene.run_until(lambda: any(order.filled for order in scene.sim_orders(exchange)))
    await scene.run(5)
    scene.behave(exchange)
    (filled,) = [order for order in scene.sim_orders(exchange) if order.filled]
    await scene.run_until(lambda: scene.process.lane(exchange).find(filled.id, None) is not None)
    await expect_hedged_once(scene)


def buys_by_hand(scene: Scene, exchange: str) -> None:
    """Somebody else with our account's key buys ten contracts of the home side between our quotes."""
    engine, home = scene.world.exchanges[exchange], OutcomeKey(MATCH, HOME)
    contract = next(found for found in engine.contracts.values() if found.yes == home)
    price, size = micros(Decimal("0.47")), 10 * MICRO
    engine.place("other", contract, Leg.YES, Side.SELL, price, size, reference="other")
    ours = f"{CLIENT}_{exchange}"
    engine.place(ours, contract, Leg.YES, Side.BUY, price, size, reference="by hand", kind=OrderKind.IMMEDIATE)


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_match_ends_at_once_after_a_fill_of_an_order_that_nobody_here_sent(quoting: Scene, exchange: str) -> None:
    await quoting.step(act=lambda: buys_by_hand(quoting, exchange))
    await quoting.finish()
    (fill,) = await quoting.fills()
    (order,) = await quoting.database.fetch("select * from mm_orders where order_id = $1", fill["order_id"])
    assert (order["matched_size"], order["settlement_status"]) == (10, "WON")


async def test_market_is_not_settled_before_the_row_of_a_filled_order_is_written(quoting: Scene) -> None:
    dust = 400_000  # of a contract, which is not hedged: no bet keeps the market open
    home = OutcomeKey(MATCH, HOME)
    await quoting.step(act=lambda: quoting.world.exchanges["kalshi"].take(home, Side.SELL, micros(BID), dust))
    assert [fill["order_id"] is not None for fill in await quoting.fills()] == [True]
    await quoting.database.execute("delete from mm_orders where matched_size > 0")
    assert not await quoting.process.maker._settler._is_settled(quoting.process.market)


# --- hedges --------------------------------------------------------------------------------------------------------


async def test_fill_below_the_hedge_minimum_is_carried_and_hedged_with_the_next(quoting: Scene) -> None:
    world, home = quoting.world, OutcomeKey(MATCH, HOME)
    part = 400_000  # of a contract: a stake of 0.22, which is less than half of the minimum of 1
    await quoting.step(act=lambda: world.exchanges["kalshi"].take(home, Side.SELL, int(BID * MICRO), part))
    await quoting.run(5)
    assert await quoting.unhedged() == Decimal("0.18")
    assert quoting.sim_bets() == []
    await quoting.step(act=lambda: sell_to_us(quoting, "kalshi", 100))
    assert len(quoting.sim_bets()) == 1
    await expect_hedged_once(quoting, Decimal("100.4"))


# --- streams -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_fills_come_out_of_order_and_after_the_order_is_known_to_have_them(
    held_up: Scene, stream: Stream, exchange: str
) -> None:
    stream.is_held = True
    for size in (30, 20, 50):
        await held_up.step(act=lambda size=size: sell_to_us(held_up, exchange, size))
    await held_up.step(act=lambda: stream.let_go(last_first=True))
    assert sorted(fill["size"] for fill in await held_up.fills()) == [20, 30, 50]
    await expect_hedged_once(held_up)


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_fills_come_through_a_poll_before_the_stream_tells_of_them(
    held_up: Scene, stream: Stream, exchange: str
) -> None:
    stream.is_held = True
    await held_up.step(act=lambda: sell_to_us(held_up, exchange, 100))
    await held_up.step(act=lambda: spawn(held_up.process.lane(exchange).ask_fills(), "poll"))
    assert await held_up.unhedged() == 0
    await held_up.step(act=stream.let_go)
    await expect_hedged_once(held_up)


async def fill_is_lost(scene: Scene, stream: Stream, fills_list: FillsList, exchange: str) -> int:
    """Somebody takes our whole bid: its state is told, and for four minutes its fill is not. Answers its contracts."""
    size = bid(scene, exchange).size // MICRO
    stream.loses_fills = fills_list.is_away = True
    await scene.step(act=lambda: sell_to_us(scene, exchange, size))
    await scene.run(240)
    stream.loses_fills = False
    return size


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_fill_that_is_lost_is_found_when_its_list_is_back_after_minutes(
    fills_list: FillsList, held_up: Scene, stream: Stream, exchange: str
) -> None:
    size = await fill_is_lost(held_up, stream, fills_list, exchange)
    later = bid(held_up, exchange).size // MICRO
    await held_up.step(act=lambda: sell_to_us(held_up, exchange, later))
    fills_list.is_away = False
    await held_up.run_until(lambda: not held_up.process.lane(exchange)._intake._told)
    await expect_hedged_once(held_up, size + later)


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_fill_that_is_lost_is_found_by_the_next_process(
    fills_list: FillsList, held_up: Scene, stream: Stream, exchange: str
) -> None:
    size = await fill_is_lost(held_up, stream, fills_list, exchange)
    later = bid(held_up, exchange).size // MICRO
    await held_up.step(act=lambda: sell_to_us(held_up, exchange, later))
    await held_up.run(90)
    await held_up.process.kill()
    fills_list.is_away = False
    await held_up.start()
    await held_up.connected(lambda: held_up.process.lane(exchange).is_ready)
    await held_up.run(5)
    await expect_hedged_once(held_up, size + later)


async def test_trade_that_is_first_heard_of_when_it_has_failed(held_up: Scene, stream: Stream) -> None:
    """The stream was away while it was matched, and the list of trades has it with its end."""
    held_up.behave("polymarket", failTradeRate=1)
    stream.is_lost = True
    await held_up.step(act=lambda: sell_to_us(held_up, "polymarket", 100))
    await held_up.run(60)
    stream.is_lost = False
    await reconnected(held_up, "polymarket")
    await held_up.run(5)
    (row,) = await held_up.fills()
    assert (row["size"], row["state"], row["unhedged_size"]) == (100, "REVERSED", 0)
    assert held_up.sim_bets() == []
    assert await held_up.unhedged() == 0
    await held_up.finish()
    assert await held_up.differences() == []


async def fails_unheard(scene: Scene, stream: Stream) -> None:
    """A trade of 100 is told and hedged; that it failed is lost. Minutes later another of 50 is told, and stands."""
    scene.behave("polymarket", failTradeRate=1)
    await scene.step(act=lambda: sell_to_us(scene, "polymarket", 100))
    scene.behave("polymarket")
    stream.is_lost = True
    await scene.run(180)
    stream.is_lost = False
    await scene.step(act=lambda: sell_to_us(scene, "polymarket", 50))
    assert [fill["state"] for fill in await scene.fills()] == ["PROVISIONAL", "PROVISIONAL"]


async def expect_taken_back(scene: Scene) -> None:
    await scene.run(60)
    assert [(fill["size"], fill["state"]) for fill in await scene.fills()] == [(100, "REVERSED"), (50, "FINAL")]
    assert await scene.unhedged() == 0
    await scene.finish()
    assert await scene.differences() == []


async def test_trade_whose_failure_the_stream_lost_is_taken_back_after_a_reconnect(
    held_up: Scene, stream: Stream
) -> None:
    await fails_unheard(held_up, stream)
    await reconnected(held_up, "polymarket")
    await expect_taken_back(held_up)


async def test_trade_whose_failure_the_stream_lost_is_taken_back_by_the_next_process(
    held_up: Scene, stream: Stream
) -> None:
    await fails_unheard(held_up, stream)
    await held_up.process.kill()
    await held_up.start()
    await held_up.connected(lambda: held_up.process.lane("polymarket").is_ready)
    await expect_taken_back(held_up)


async def test_trade_fails_after_its_order_has_ended_and_the_process_was_killed(quoting: Scene) -> None:
    size = bid(quoting, "polymarket").size // MICRO
    quoting.behave("polymarket", failTradeRate=1)
    await quoting.step(act=lambda: sell_to_us(quoting, "polymarket", size))
    quoting.behave("polymarket")
    (fill,) = await quoting.fills()
    assert fill["state"] == "PROVISIONAL"
    await quoting.process.kill()
    await quoting.start()
    await quoting.run(60)
    (order,) = await quoting.database.fetch("select * from mm_orders where order_id = $1", fill["order_id"])
    assert (order["status"], order["matched_size"], order["matched_stake"], order["fees"]) == ("FILLED", 0, 0, 0)
    await quoting.finish()
    assert await quoting.differences() == []


async def test_trade_fails_after_its_market_is_settled(held_up: Scene, stream: Stream) -> None:
    held_up.behave("polymarket", failTradeRate=1)
    await held_up.step(act=lambda: sell_to_us(held_up, "polymarket", 100))
    stream.is_lost = True
    await held_up.run(60)
    await held_up.finish()
    await held_up.run_until(lambda: not held_up.process.trader.markets, most_s=120)
    (order,) = await held_up.database.fetch("select * from mm_orders where matched_size > 0")
    assert (order["settlement_status"], order["matched_size"]) == ("WON", 100)
    stream.is_lost = False
    await reconnected(held_up, "polymarket")
    await held_up.run(5)
    assert [fill["state"] for fill in await held_up.fills()] == ["REVERSED"]
    assert await held_up.differences() == []


# --- reconnects ----------------------------------------------------------------------------------------------------


@asynccontextmanager
async def another_client_of(scene: Scene, exchange: str) -> AsyncIterator[Exchange]:
    """Somebody else with the key of our account, as an earlier life of ours or a person at the venue's own page."""
    row = await scene.account(exchange)
    account = Account(row.account_id, row.username, row.currency, open_credentials(row, scene.vault), row.meta)
    urls = urls_of(venue(exchange).manifest, scene.settings.venue_urls)
    other = build_exchange(exchange, VenueContext(account, scene.world.clock, urls))
    await other.open(lambda _: None)
    try:
        yield other
    finally:
        other.cancel_all = _nothing  # type: ignore[method-assign]
        await other.close()


async def _nothing() -> None:
    return None


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_exchange_comes_back_with_orders_that_this_process_has_not_sent(
    held_up: Scene, stream: Stream, exchange: str
) -> None:
    """One with a reference of ours, one without: both where we quote. What they trade counts as ours, and each place
    has one order in the end."""
    before = held_up.resting(exchange)
    lane = held_up.process.lane(exchange)
    mine = our_bid(held_up, exchange)
    stream.is_lost = True
    async with another_client_of(held_up, exchange) as other:
        for reference in (reference_of(lane._tag, 999_999), str(uuid.uuid4())):
            await other.place(NewQuote(reference, mine.instrument, Side.BUY, mine.price, Micros(50 * MICRO)))
    assert len(held_up.resting(exchange)) == len(before) + 2
    await held_up.step(act=lambda: sell_to_us(held_up, exchange, mine.size // MICRO + 70))
    stream.is_lost = False
    await reconnected(held_up, exchange)
    await held_up.run_until(lambda: len(held_up.resting(exchange)) == len(before), most_s=90)
    await held_up.run(5)
    assert await held_up.unhedged() == 0
    assert sum(fill["size"] for fill in await held_up.fills()) == mine.size // MICRO + 70
    await held_up.finish()
    assert await held_up.differences() == []
