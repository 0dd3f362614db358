"""What a process leaves behind when it is killed at the worst moment, and what the next one makes of it.

A dead process cancels nothing and writes nothing. The next one finds its orders at the exchanges and its rows in the
database: no fill is lost, no bet is doubled, and in the end our books and the venues' ledgers say the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import count
from typing import Any

import pytest

from hedgerow.core.states import SettlementStatus, Side
from hedgerow.core.tasks import Backoff
from hedgerow.execution.placement import Placement
from hedgerow.mm.discovery import Discovery
from hedgerow.mm.ledger import FillLedger
from hedgerow.mm.repository import Repository
from hedgerow.mm.shadowing import Shadowing
from hedgerow.mm.shards import Shard, shard_of
from hedgerow.sim.order_events import EventKind, OrderEvent
from hedgerow.sim.world import FINISHED
from hedgerow.storage.bets import Bets
from hedgerow.storage.database import Database
from hedgerow.storage.terms import Terms
from hedgerow.venues.base import Instrument
from hedgerow.venues.kalshi.connector import KalshiExchange

from .worldkit import CLIENT, EXCHANGES, MATCH, Process, Scene, expect_hedged_once, scene_on

Taking = Callable[[], Any]
Changing = Callable[[Scene], Awaitable[None]]


def take_100(scene: Scene, exchange: str = "kalshi") -> Taking:
    return lambda: scene.take(exchange, Side.SELL, "0.45", 100)


def die_before(monkeypatch: pytest.MonkeyPatch, process: Process, owner: type, name: str) -> None:
    """The process dies as it is about to call a method, once."""
    original = getattr(owner, name)

    async def dying(self: Any, *given: Any, **named: Any) -> Any:
        if not process.is_dead:
            process.die()
        return await original(self, *given, **named)

    monkeypatch.setattr(owner, name, dying)


async def killed_at(scene: Scene, act: Taking) -> None:
    """Acts, and goes on when the process has died of it."""
    act()
    await scene.process.buried()


async def resumed(scene: Scene) -> Process:
    """The next process, in step with both exchanges and quoting again. It may take a minute: so long an order that
    Polymarket does not know may still arrive there."""
    process = await scene.start()
    await scene.run_until(
        lambda: len(scene.resting()) == 6 and all(lane.is_ready for lane in process.lanes), most_s=120
    )
    await scene.run(3)
    return process


# --- orders --------------------------------------------------------------------------------------------------------


async def test_orders_of_a_killed_process_are_adopted(quoting: Scene) -> None:
    before = quoting.resting()
    known = {order.order_id for order in quoting.process.orders()}
    await quoting.process.kill()
    assert quoting.resting() == before
    process = await resumed(quoting)
    assert {order.order_id for order in process.orders()} == known
    assert quoting.resting() == before


async def test_adopted_orders_follow_the_odds_that_moved_meanwhile(quoting: Scene) -> None:
    await quoting.process.kill()
    quoting.put_odds("2.40", "1.64")
    await quoting.start()
    await quoting.run(5)
    assert {order.price for order in quoting.resting("polymarket")} == {390_000, 580_000}
    assert len(quoting.resting()) == 6


async def test_orders_are_taken_away_when_the_match_was_suspended_meanwhile(quoting: Scene) -> None:
    await quoting.process.kill()
    quoting.suspend()
    await quoting.start()
    await quoting.run(5)
    assert quoting.resting() == []


async def test_contracts_are_followed_only_once_their_exchange_has_listed_them(
    quoting: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what was quoted before only the reference is known, and connectors follow by what a listing says."""
    followed: list[Instrument] = []
    watch = KalshiExchange.watch

    async def watching(self: KalshiExchange, instruments: Sequence[Instrument]) -> None:
        followed.extend(instruments)
        await watch(self, instruments)

    sports, rounds = Discovery._sports, count()
    monkeypatch.setattr(KalshiExchange, "watch", watching)
    monkeypatch.setattr(Discovery, "_sports", lambda self: sports(self) if next(rounds) else [])  # no feed at first
    await quoting.process.kill()
    await resumed(quoting)
    assert followed
    assert not [instrument for instrument in followed if "unseen" in instrument.meta]


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_places_whose_order_ended_while_nobody_ran_are_quoted_within_seconds(
    quoting: Scene, exchange: str
) -> None:
    await quoting.process.kill()
    engine = quoting.world.exchanges[exchange]
    for order in quoting.sim_orders(exchange):
        engine.cancel(order)
    await quoting.start()
    await quoting.run_until(lambda: len(quoting.resting()) == 6, most_s=15)


async def test_orders_without_a_row_are_adopted_by_their_reference(quoting: Scene) -> None:
    """Killed before the first order row was written: only the exchange knows them."""
    known = {order.reference for order in quoting.sim_orders("kalshi")}
    await quoting.process.kill()
    await quoting.database.execute("delete from mm_quotes")
    await quoting.database.execute("delete from mm_orders")
    await resumed(quoting)
    rows = await quoting.database.fetch("select client_order_id from mm_orders where exchange = 'kalshi'")
    assert {row["client_order_id"] for row in rows} == known


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_order_that_was_taken_but_not_answered_is_found(scene: Scene, exchange: str) -> None:
    process = await scene.start()

    def placed(event: OrderEvent) -> None:
        if event.kind is EventKind.PLACED and not process.is_dead:
            process.die()

    scene.on_order(exchange, placed)
    await process.buried()
    await resumed(scene)
    places = 4 if exchange == "kalshi" else 2
    assert len(scene.resting(exchange)) == places
    assert len(scene.process.lane(exchange).live_orders()) == places


async def test_orders_of_a_stopped_process_are_gone(quoting: Scene) -> None:
    sent = {exchange: len(quoting.sim_orders(exchange)) for exchange in EXCHANGES}
    await quoting.process.stop()
    await quoting.run(10)
    assert quoting.resting() == []
    assert {exchange: len(quoting.sim_orders(exchange)) for exchange in EXCHANGES} == sent


# --- fills and bets ------------------------------------------------------------------------------------------------


async def test_stopped_process_leaves_no_bet_undecided(quoting: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    send, begun = Placement.send, asyncio.Event()

    async def slow(self: Placement, *given: Any, **named: Any) -> Any:
        begun.set()
        await asyncio.sleep(0.1)
        return await send(self, *given, **named)

    monkeypatch.setattr(Placement, "send", slow)
    take_100(quoting)()
    await quoting.until(begun.is_set)
    await quoting.process.stop()
    assert [bet["status"] for bet in await quoting.bets()] == ["CONFIRMED"]


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_fill_while_nobody_runs_is_found_and_hedged(quoting: Scene, exchange: str) -> None:
    await quoting.process.kill()
    take_100(quoting, exchange)()
    await quoting.step(5)
    await resumed(quoting)
    await expect_hedged_once(quoting)


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_first_fill_of_an_account_is_found_after_a_long_absence(quoting: Scene, exchange: str) -> None:
    await quoting.process.kill()
    take_100(quoting, exchange)()
    await quoting.step(1200)
    await resumed(quoting)
    await expect_hedged_once(quoting)


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_order_that_was_filled_whole_while_nobody_ran_is_settled_like_any_other(
    quoting: Scene, exchange: str
) -> None:
    await quoting.process.kill()
    taken = sum(match.size for match in quoting.take(exchange, Side.SELL, "0.45", 100_000)) // 10**6
    await resumed(quoting)
    await expect_hedged_once(quoting, taken)


POINTS = {
    "the fill is committed": (FillLedger, "commit"),
    "the bet is sent": (Placement, "send"),
    "the bet's answer is saved": (Placement, "save"),
    "the answer's row is written": (Bets, "save_answer"),
    "the order's row is written": (Repository, "save_orders"),
}


@pytest.mark.parametrize("exchange", EXCHANGES)
@pytest.mark.parametrize("point", POINTS)
async def test_process_killed_just_before(
    quoting: Scene, monkeypatch: pytest.MonkeyPatch, point: str, exchange: str
) -> None:
    die_before(monkeypatch, quoting.process, *POINTS[point])
    await killed_at(quoting, take_100(quoting, exchange))
    await resumed(quoting)
    await expect_hedged_once(quoting)


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_process_killed_when_the_bet_is_taken_but_not_answered(quoting: Scene, exchange: str) -> None:
    process = quoting.process
    quoting.world.bookmakers["pinnacle"].on_bet(lambda bet: None if process.is_dead else process.die())
    await killed_at(quoting, take_100(quoting, exchange))
    assert len(quoting.sim_bets()) == 1
    await resumed(quoting)
    assert len(quoting.sim_bets()) == 1
    await expect_hedged_once(quoting)


async def test_nothing_new_is_hedged_before_the_bookmaker_has_told_of_the_old_bet(quoting: Scene) -> None:
    process = quoting.process
    quoting.world.bookmakers["pinnacle"].on_bet(lambda bet: None if process.is_dead else process.die())
    await killed_at(quoting, take_100(quoting))
    quoting.behave("pinnacle", down=True)
    await quoting.start()
    await quoting.run(10)
    assert quoting.process.market.undecided_hedges == 1
    assert len(await quoting.bets()) == 1
    quoting.behave("pinnacle")
    await quoting.run(60)
    assert quoting.process.market.undecided_hedges == 0
    await expect_hedged_once(quoting)


async def test_fill_that_is_known_is_not_counted_again_by_the_next_process(quoting: Scene) -> None:
    await quoting.step(act=take_100(quoting))
    await quoting.process.kill()
    process = await resumed(quoting)
    assert process.market.exposure.is_flat
    assert [fill.size for fill in process.market.exposure.fills] == [100_000_000]
    await expect_hedged_once(quoting)


async def test_row_of_an_adopted_order_keeps_what_was_known_of_it(quoting: Scene) -> None:
    query = """select order_id, placed_at, bookmaker_outcome_price, bookmaker_outcome_limit, is_adopted from mm_orders
               where status = 'PLACED' order by order_id"""
    before = await quoting.database.fetch(query)
    await quoting.process.kill()
    await resumed(quoting)
    assert await quoting.database.fetch(query) == before
    assert all(row["placed_at"] and row["bookmaker_outcome_price"] for row in before)


async def test_drift_is_measured_from_the_odds_that_a_killed_process_quoted_from(
    quoting: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    die_before(monkeypatch, quoting.process, FillLedger, "commit")
    await killed_at(quoting, take_100(quoting))
    quoting.put_odds("2.40", "1.64")
    await quoting.start()
    await quoting.run(5)
    assert quoting.sim_bets() == []
    assert await quoting.unhedged() == 45


# --- out of use ----------------------------------------------------------------------------------------------------


async def put_out_of_use(scene: Scene, venue: str) -> None:
    """As the operator does it while nobody runs."""
    (row,) = await scene.accounts.accounts(client=CLIENT, venue=venue)
    await scene.accounts.set_account_active(venue, row.username, is_active=False)


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_account_disabled_while_nobody_ran_is_emptied_and_its_fill_hedged(quoting: Scene, exchange: str) -> None:
    await quoting.process.kill()
    take_100(quoting, exchange)()
    await put_out_of_use(quoting, exchange)
    await quoting.start()
    await quoting.run_until(lambda: not quoting.resting(exchange))
    await expect_hedged_once(quoting)


async def test_venue_disabled_while_nobody_ran_is_emptied_and_its_fill_hedged(quoting: Scene) -> None:
    await quoting.process.kill()
    take_100(quoting)()
    await Terms(quoting.database, quoting.world.clock).set_bookmaker_active("kalshi", False)
    await quoting.start()
    await quoting.run_until(lambda: not quoting.resting("kalshi"))
    await expect_hedged_once(quoting)


async def test_fill_at_a_disabled_account_where_nothing_rests_is_settled(quoting: Scene) -> None:
    await quoting.step(act=take_100(quoting))
    await quoting.process.stop()
    assert quoting.resting() == []
    await put_out_of_use(quoting, "kalshi")
    await quoting.start()
    await quoting.run(3)
    await expect_hedged_once(quoting)


async def test_hedge_of_a_fill_at_the_only_account_is_settled_though_that_is_disabled(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exchange has settled its side, the bookmaker not yet: no other place knows the market."""
    monkeypatch.setattr(Backoff, "next_pause_s", lambda self: 0.01)
    async with scene_on(database, ["kalshi"]) as scene:
        await scene.start()
        await scene.run_until(lambda: len(scene.resting()) == 4)
        await scene.step(act=take_100(scene))
        scene.behave("pinnacle", down=True)
        await scene.step(act=scene.settle)
        await scene.run_until(lambda: not scene.resting())
        await scene.run(10)
        assert (await scene.outcome()).unsettled == 1
        await scene.process.kill()
        await put_out_of_use(scene, "kalshi")
        scene.behave("pinnacle")
        await scene.start()
        await scene.run(30)
        assert (await scene.outcome()).unsettled == 0
        assert await scene.differences() == []


async def test_what_is_left_at_an_account_concerns_its_fixtures_shard_alone(quoting: Scene) -> None:
    await quoting.process.kill()
    shards = [Repository(quoting.database, quoting.world.clock, Shard(index, 2)) for index in range(2)]
    left = [len(await one.left_accounts(CLIENT)) for one in shards]
    assert left[shard_of(MATCH, 2)] == len(EXCHANGES)
    assert sum(left) == len(EXCHANGES)


async def test_disabled_account_with_nothing_open_is_not_reached(quoting: Scene) -> None:
    await quoting.process.stop()
    await put_out_of_use(quoting, "kalshi")
    process = await quoting.start()
    await quoting.run(3)
    assert [lane.slug for lane in process.lanes] == ["polymarket"]


# --- ends ----------------------------------------------------------------------------------------------------------


async def test_match_that_ended_while_nobody_ran_is_settled(quoting: Scene) -> None:
    await quoting.step(act=take_100(quoting))
    await quoting.process.kill()
    await quoting.step(act=quoting.settle)
    await quoting.start()
    for _ in range(60):
        await quoting.run(1)
        if not (await quoting.outcome()).unsettled:
            break
    assert await quoting.differences() == []
    assert (await quoting.outcome()).unsettled == 0


async def test_process_killed_between_the_exchanges_settlement_and_the_bookmakers(quoting: Scene) -> None:
    await quoting.step(act=take_100(quoting))
    quoting.behave("pinnacle", down=True)
    await quoting.step(act=lambda: quoting.settle(SettlementStatus.LOST))
    await quoting.run(10)
    assert (await quoting.outcome()).unsettled == 1
    await quoting.process.kill()
    quoting.behave("pinnacle")
    process = await quoting.start()
    await quoting.run(30)
    assert (await quoting.outcome()).unsettled == 0
    assert await quoting.differences() == []
    assert process.trader.markets == {}


# --- settings that changed meanwhile -------------------------------------------------------------------------------


async def deactivate(scene: Scene) -> None:
    await scene.activate(is_active=False)


async def deny_market_type(scene: Scene) -> None:
    await scene.database.execute("insert into mm_denied_markets values ($1, 12, 'moneyline', false)", CLIENT)


async def turn_shadow_mode_on(scene: Scene) -> None:
    await Shadowing(scene.database, scene.world.clock).turn(CLIENT, None, on=True)


@pytest.mark.parametrize("change", [deactivate, deny_market_type, turn_shadow_mode_on])
async def test_orders_of_what_is_not_quoted_any_more_are_taken_away(quoting: Scene, change: Changing) -> None:
    await quoting.process.kill()
    await change(quoting)
    await quoting.start()
    await quoting.run(5)
    assert quoting.resting() == []


@pytest.mark.parametrize("change", [deactivate, deny_market_type, turn_shadow_mode_on])
async def test_fill_of_what_is_not_quoted_any_more_is_hedged(quoting: Scene, change: Changing) -> None:
    await quoting.process.kill()
    take_100(quoting)()
    await change(quoting)
    await quoting.start()
    await quoting.run(20)
    assert quoting.resting() == []
    await expect_hedged_once(quoting)


async def test_orders_are_taken_away_when_the_match_ended_meanwhile(quoting: Scene) -> None:
    await quoting.process.kill()
    quoting.put_match(status_id=FINISHED)
    await quoting.start()
    await quoting.run(5)
    assert quoting.resting() == []


async def test_orders_of_what_is_not_quoted_any_more_do_not_wait_for_the_bookmaker(quoting: Scene) -> None:
    process = quoting.process
    quoting.world.bookmakers["pinnacle"].on_bet(lambda bet: None if process.is_dead else process.die())
    await killed_at(quoting, take_100(quoting))
    quoting.behave("pinnacle", down=True)
    await quoting.turn_system(emergency=True)
    await quoting.start()
    await quoting.run(10)
    assert quoting.process.market.undecided_hedges == 1
    assert quoting.resting() == []
