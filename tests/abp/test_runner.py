"""Orders are worked on until they end: each bet sent once, whatever answers, whoever dies."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import msgspec

from hedgerow.abp.booking import Booking
from hedgerow.abp.orders import AbpOrder, AbpOrderStatus
from hedgerow.abp.receipts import recompute
from hedgerow.abp.runner import Runner
from hedgerow.core.ids import MarketId, MarketKey, VenueSlug
from hedgerow.core.secrets import Secret
from hedgerow.core.states import BetStatus
from hedgerow.execution.guard import Breakers
from hedgerow.execution.placement import NO_LAY, Placement
from hedgerow.mm.controls import SystemSwitch
from hedgerow.mm.operations import Operations
from hedgerow.storage.bets import Bets
from hedgerow.venues.base import BetIntent, BetReport

from .runkit import ACCOUNT, KEY, LONG, SINNER, SPEED, TENNIS, Floor, WorldOffers

PAUSED_RUNNER = Path(__file__).with_name("paused_runner.py")


async def kill(floor: Floor, runner: Runner) -> None:
    """The process dies: nothing more of it runs, nothing is given back."""
    presence = runner._presence
    assert presence is not None
    for task in [*runner._tasks, *runner._working, *runner._legs, presence]:
        task.cancel()
    await asyncio.wait([presence])
    for made, desks in list(floor.started):
        if made is runner:
            floor.started.remove((made, desks))
            await desks.close()


async def test_an_order_is_filled_and_its_money_is_staked(floor: Floor) -> None:
    await floor.runner()
    order = await floor.ended(await floor.place(lives=LONG))
    assert (order.status, order.filled, order.remaining) == (AbpOrderStatus.FILLED, 10, 0)
    assert [(bet.price, bet.stake) for bet in floor.taken] == [(Decimal("1.8"), Decimal(10))]
    assert await floor.money() == {"free": 9990, "staked": 10, "venue": -10_000}
    (receipt,) = await floor.orders.receipts(order.order_id)
    assert recompute(receipt) == receipt.decision


async def test_an_order_waits_for_its_price_and_takes_it_when_it_comes(floor: Floor) -> None:
    await floor.runner()
    order = await floor.place(price=Decimal("1.9"), lives=LONG)
    await floor.until(order, lambda found: found.status is AbpOrderStatus.PROCESSING)
    assert floor.taken == []
    floor.offer(SINNER, "1.95")
    assert (await floor.ended(order)).status is AbpOrderStatus.FILLED
    assert [bet.price for bet in floor.taken] == [Decimal("1.95")]


async def test_an_order_whose_price_never_comes_expires_and_says_why(floor: Floor) -> None:
    await floor.runner()
    order = await floor.ended(await floor.place(price=Decimal("1.9"), lives=timedelta(seconds=40)))
    assert (order.status, order.filled) == (AbpOrderStatus.EXPIRED, 0)
    (receipt,) = await floor.orders.receipts(order.order_id)
    assert [left.why for left in receipt.decision.left_out] == ["price 1.8 is worse than 1.9"]
    assert [one.limits.free for one in receipt.candidates] == [None]  # no money was looked at
    assert recompute(receipt) == receipt.decision


async def test_a_lay_order_never_goes_to_a_bookmaker_that_takes_none_and_the_receipt_says_so(floor: Floor) -> None:
    await floor.runner()
    order = await floor.ended(
        await floor.place(is_back=False, price=Decimal("1.9"), lives=timedelta(seconds=40)),
    )
    assert (order.status, order.filled, floor.taken) == (AbpOrderStatus.EXPIRED, 0, [])
    (receipt,) = await floor.orders.receipts(order.order_id)
    assert [left.why for left in receipt.decision.left_out] == [NO_LAY]


async def test_an_order_that_nobody_works_on_expires_when_somebody_comes(floor: Floor) -> None:
    order = await floor.place(lives=timedelta(seconds=1))
    await asyncio.sleep(1 / SPEED)
    await floor.runner()
    assert (await floor.ended(order)).status is AbpOrderStatus.EXPIRED
    assert floor.taken == []
    assert await left_out(floor, order) == ["expired before anybody looked"]


async def left_out(floor: Floor, order: AbpOrder) -> list[str]:
    """Why the last decision used no account."""
    receipt = (await floor.orders.receipts(order.order_id))[-1]
    assert recompute(receipt) == receipt.decision
    return [left.why for left in receipt.decision.left_out]


async def test_an_order_in_a_currency_without_a_rate_ends_with_a_receipt_that_says_so(floor: Floor) -> None:
    await floor.runner()
    order = await floor.ended(await floor.place(currency="SEK", lives=timedelta(seconds=40)))
    assert (order.status, floor.taken) == (AbpOrderStatus.EXPIRED, [])
    assert await left_out(floor, order) == ["no rate for SEK"]


async def test_a_limit_is_used_up_once_and_the_rest_waits_for_a_new_offer(floor: Floor) -> None:
    floor.offer(SINNER, "1.8", limit="6")
    await floor.runner()
    order = await floor.place(lives=LONG)
    await floor.until(order, lambda found: found.filled == 6)
    floor.offer(SINNER, "1.82", limit="6")
    assert (await floor.ended(order)).status is AbpOrderStatus.FILLED
    assert [(bet.price, bet.stake) for bet in floor.taken] == [(Decimal("1.8"), 6), (Decimal("1.82"), 4)]


async def test_a_part_that_is_taken_is_how_an_order_ends_at_its_expiry(floor: Floor) -> None:
    floor.offer(SINNER, "1.8", limit="6")
    await floor.runner()
    order = await floor.ended(await floor.place(lives=timedelta(seconds=60)))
    assert (order.status, order.filled) == (AbpOrderStatus.PARTIALLY_FILLED, 6)


async def test_a_refused_bet_gives_its_money_back_and_is_tried_again(floor: Floor) -> None:
    floor.behave(rejectRate=1, rejectReason="LINE_CHANGED")
    await floor.runner()
    order = await floor.place(lives=LONG)
    await floor.until(order, lambda found: found.attempts > 1)
    floor.behave()
    assert (await floor.ended(order)).status is AbpOrderStatus.FILLED
    assert await floor.money() == {"free": 9990, "staked": 10, "venue": -10_000}
    assert {status for status, _, _ in await floor.rows(order)} == {"REJECTED", "CONFIRMED"}
    assert len(floor.taken) == 1


async def test_a_refusal_that_time_does_not_heal_ends_the_order(floor: Floor) -> None:
    floor.behave(rejectRate=1, rejectReason="BLOCKED_BETTING")
    await floor.runner()
    order = await floor.ended(await floor.place(lives=LONG))
    assert order.status is AbpOrderStatus.REJECTED
    assert len(await floor.rows(order)) == 1


async def test_a_lost_answer_is_asked_for_and_never_sent_again(floor: Floor) -> None:
    floor.behave(loseResponseRate=1)
    await floor.runner()
    order = await floor.place(lives=timedelta(seconds=60))
    await floor.until(order, lambda found: found.attempts == 1)
    assert (await floor.ended(order)).status is AbpOrderStatus.FILLED
    assert await floor.rows(order) == [("CONFIRMED", Decimal(10), False)]
    assert len(floor.taken) == 1


async def test_an_order_with_a_bet_in_doubt_stays_open_beyond_its_expiry(floor: Floor) -> None:
    floor.behave(acceptDelayMs=120_000)
    await floor.runner()
    order = await floor.place(lives=timedelta(seconds=60))
    await floor.until(order, lambda found: found.attempts == 1)
    left = order.asked.expires_at - floor.world.clock.now()
    await asyncio.sleep((left.total_seconds() + 20) / SPEED)
    found = await floor.orders.order(order.order_id)
    assert found is not None
    assert found.status is AbpOrderStatus.PROCESSING
    assert (await floor.money())["reserved"] == 10
    assert (await floor.ended(order)).status is AbpOrderStatus.FILLED


async def test_a_test_order_is_routed_and_stored_and_nothing_is_sent(floor: Floor) -> None:
    await floor.runner()
    order = await floor.ended(await floor.place(is_test=True, lives=LONG))
    assert order.status is AbpOrderStatus.FILLED
    assert floor.taken == []
    assert await floor.money() == {"free": 10_000, "venue": -10_000}


async def test_emergency_stops_new_bets_at_once(floor: Floor) -> None:
    await floor.runner()
    await floor.database.execute("update mm_system set emergency = true")
    order = await floor.place(lives=timedelta(seconds=40))
    assert (await floor.ended(order)).status is AbpOrderStatus.EXPIRED
    assert floor.taken == []
    assert await left_out(floor, order) == ["emergency mode is active"]


async def test_emergency_binds_every_process_by_the_database_alone_and_outlives_them(floor: Floor) -> None:
    """None of these runners has a bus."""
    await floor.runner()
    await floor.runner()
    operations = Operations(floor.database, floor.world.clock)
    await operations.turn_system(SystemSwitch.EMERGENCY, "looks wrong")
    orders = [await floor.place(lives=LONG) for _ in range(4)]
    for order in orders:
        await floor.until(order, lambda found: found.status is AbpOrderStatus.PROCESSING)
    for runner, desks in floor.started:
        await runner.stop()
        await desks.close()
    floor.started.clear()
    await floor.runner()
    late = await floor.ended(await floor.place(lives=timedelta(seconds=10)))
    assert (late.status, floor.taken) == (AbpOrderStatus.EXPIRED, [])
    await operations.turn_system(SystemSwitch.CLEAR, None)
    assert {(await floor.ended(order)).status for order in orders} == {AbpOrderStatus.FILLED}


async def test_answer_that_no_connector_can_read_leaves_the_bet_in_doubt(floor: Floor) -> None:
    await floor.runner()
    ((_, desks),) = floor.started
    (desk,) = desks.all()
    place = desk.bookmaker.place

    async def unreadable(bet: BetIntent) -> BetReport:
        await place(bet)
        raise LookupError("what the venue answered")

    desk.bookmaker.place = unreadable  # type: ignore[method-assign]
    order = await floor.ended(await floor.place(lives=LONG))
    assert (order.status, len(floor.taken)) == (AbpOrderStatus.FILLED, 1)
    assert await floor.rows(order) == [("CONFIRMED", Decimal(10), False)]
    assert desk.failures[0]


async def test_open_stake_never_exceeds_the_balance(floor: Floor) -> None:
    floor.pinnacle.book.balances[ACCOUNT] = Decimal(25)
    floor.behave(acceptDelayMs=30_000)
    await floor.runner()
    orders = [await floor.place(lives=timedelta(seconds=60)) for _ in range(5)]
    ended = [await floor.ended(order) for order in orders]
    assert sum(order.filled for order in ended) == sum(bet.stake for bet in floor.taken) == 25
    lowest = await floor.database.fetchval(
        """select min(free) from (
             select sum(case when target = 'free' then amount when source = 'free' then -amount else 0 end)
                    over (order by entry_id) as free from abp_ledger) running"""
    )
    assert lowest == 0


async def test_two_runners_fill_every_order_once(floor: Floor) -> None:
    await floor.runner()
    await floor.runner()
    orders = [await floor.place(lives=LONG) for _ in range(20)]
    assert {(await floor.ended(order)).status for order in orders} == {AbpOrderStatus.FILLED}
    assert len(floor.taken) == 20
    assert {bet.stake for bet in floor.taken} == {Decimal(10)}


async def test_what_a_dead_process_left_behind_is_asked_for_before_anything_new(floor: Floor) -> None:
    floor.behave(latencyMs=int(SPEED) * 400)
    first = await floor.runner(lease_s=20.0)
    order = await floor.place(lives=LONG)
    await floor.until(order, lambda found: found.attempts == 1)
    await kill(floor, first)
    assert [status for status, _, _ in await floor.rows(order)] == ["PENDING"]
    floor.behave()
    await floor.runner()
    early = await floor.ended(await floor.place(lives=timedelta(seconds=20)))
    assert (early.status, await floor.rows(early)) == (AbpOrderStatus.EXPIRED, [])
    await floor.database.execute("update abp_orders set lease_until = clock_timestamp()")
    newer = await floor.place(lives=LONG)
    ended, newer = await floor.ended(order), await floor.ended(newer)
    assert (ended.status, ended.filled) == (AbpOrderStatus.FILLED, 10)
    assert newer.status is AbpOrderStatus.FILLED
    assert sum(bet.stake for bet in floor.taken) == 20
    statuses = [status for status, _, _ in await floor.rows(order)]
    assert statuses.count("CONFIRMED") == 1
    assert await floor.money() == {"free": 9980, "staked": 20, "venue": -10_000}


async def test_nothing_new_is_sent_while_a_dead_process_bets_are_not_asked_for(floor: Floor) -> None:
    floor.behave(latencyMs=int(SPEED) * 400)
    first = await floor.runner(lease_s=20.0)
    order = await floor.place(lives=LONG)
    await floor.until(order, lambda found: found.attempts == 1)
    await kill(floor, first)
    floor.behave()
    await floor.runner()
    floor.behave(down=True)
    await floor.database.execute("update abp_orders set lease_until = clock_timestamp()")
    newer = await floor.ended(await floor.place(lives=timedelta(seconds=20)))
    assert newer.status is AbpOrderStatus.EXPIRED
    assert await floor.rows(newer) == []
    (receipt,) = await floor.orders.receipts(newer.order_id)
    assert [left.why for left in receipt.decision.left_out] == ["earlier bets are being asked for"]


# --- processes that come back ----------------------------------------------------------------------------------------


async def test_process_that_was_stopped_sends_nothing_when_it_goes_on(
    floor: Floor, database_url: Secret, eventually: Callable[[Callable[[], bool]], Awaitable[None]]
) -> None:
    market = MarketKey(TENNIS, MarketId(121), SINNER.player_id)
    offer = msgspec.json.encode(WorldOffers(floor.world).offer(market, SINNER.outcome_id, VenueSlug("pinnacle")))
    order = await floor.place(lives=LONG)
    now_ns = floor.world.clock.now_ns()
    told = [database_url.reveal(), floor.url, str(now_ns), str(SPEED), offer.decode(), KEY]
    first = await asyncio.create_subprocess_exec(
        sys.executable, str(PAUSED_RUNNER), *told, stdout=asyncio.subprocess.PIPE
    )
    try:
        stat = Path(f"/proc/{first.pid}/stat")
        await eventually(lambda: stat.read_text().rpartition(")")[2].split()[0] == "T")
        assert [status for status, _, _ in await floor.rows(order)] == ["PENDING"]
        await floor.runner()
        assert (await floor.ended(order)).status is AbpOrderStatus.FILLED
        decided = await floor.rows(order)
        os.kill(first.pid, signal.SIGCONT)
        said, _ = await first.communicate()
    finally:
        if first.returncode is None:
            first.kill()
            await first.wait()
    assert "FAILED not reached: it was too late to send it" in said.decode().splitlines()
    assert decided == await floor.rows(order) == [("FAILED", None, False), ("CONFIRMED", Decimal(10), False)]
    assert len(floor.taken) == 1


async def test_answer_that_comes_after_the_decision_does_not_overwrite_it(floor: Floor) -> None:
    await floor.runner()
    order = await floor.ended(await floor.place(lives=LONG))
    clock = floor.world.clock
    bets = Bets(floor.database, clock)
    async with floor.database.transaction() as connection:
        (late,) = await bets.of_orders(connection, order.order_id)
    before, money = await floor.rows(order), await floor.money()
    late.status, late.reason, late.placed_stake = BetStatus.FAILED, "never reached the bookmaker", None
    await Placement(floor.database, bets, Breakers(clock), clock, Booking(bets, floor.orders, clock).write).save(late)
    assert (late.status, late.placed_stake) == (BetStatus.CONFIRMED, 10)
    assert (await floor.rows(order), await floor.money()) == (before, money)
    (noted,) = await floor.database.fetch("select id, data from audit where action = 'late answer'")
    assert (noted["id"], noted["data"]["status"], noted["data"]["stands"]) == (str(late.bet_id), "FAILED", "CONFIRMED")
