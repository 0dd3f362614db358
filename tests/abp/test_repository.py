"""Orders in the database: leases that exclude each other, fills that are sums, lists that are a client's own."""

from __future__ import annotations

import asyncio
import uuid
from decimal import Decimal

from hedgerow.abp.orders import AbpOrderStatus, PriceRule
from hedgerow.abp.receipts import receipt_of
from hedgerow.abp.repository import OrderFilter, presence_of
from hedgerow.core.ids import ClientName
from hedgerow.core.states import BetStatus

from .abpkit import NOW, Desk, candidate, new_order, taken, wanted

ONE, TWO = str(uuid.uuid4()), str(uuid.uuid4())


async def test_an_order_comes_back_as_it_was_asked_for(desk: Desk) -> None:
    asked = {"bookmakers": frozenset({"b", "a"}), "price_rule": PriceRule.AVERAGE, "meta": {"x": [1, Decimal("0.10")]}}
    made = await desk.order(**asked)
    found = await desk.orders.order(made.order_id)
    assert found == made
    assert found.asked == new_order(**asked)
    assert found.status is AbpOrderStatus.PENDING


async def test_two_runners_never_hold_the_same_order(desk: Desk) -> None:
    for _ in range(20):
        await desk.order()
    taken_up = await asyncio.gather(*(desk.orders.take_up(runner, 3, 30) for runner in (ONE, TWO) for _ in range(4)))
    ids = [order.order_id for orders in taken_up for order in orders]
    assert len(ids) == len(set(ids)) == 20


async def test_an_order_is_taken_up_again_when_its_lease_is_over(desk: Desk) -> None:
    order = await desk.order()
    assert [found.status for found in await desk.orders.take_up(ONE, 5, 0)] == [AbpOrderStatus.PROCESSING]
    assert await desk.orders.renew(ONE, [order.order_id], 30) == frozenset()
    assert [found.order_id for found in await desk.orders.take_up(TWO, 5, 30)] == [order.order_id]
    assert await desk.orders.take_up(ONE, 5, 30) == []
    assert await desk.orders.renew(TWO, [order.order_id], 30) == {order.order_id}
    await desk.orders.release(TWO)
    assert len(await desk.orders.take_up(ONE, 5, 30)) == 1


async def test_a_lease_that_is_over_holds_nothing(desk: Desk) -> None:
    held, late = await desk.order(), await desk.order()
    await desk.orders.take_up(ONE, 1, 30)
    await desk.orders.take_up(ONE, 1, 0)
    async with desk.database.transaction() as connection:
        assert await desk.orders.hold(connection, [held, late], ONE) == {held.order_id}
        assert await desk.orders.hold(connection, [held, late], TWO) == frozenset()
    assert held.status is AbpOrderStatus.PROCESSING


async def test_what_is_filled_is_the_sum_of_what_was_taken(desk: Desk) -> None:
    await desk.deposit(desk.dollars, "100")
    order = await desk.order()
    for stake, status in (("3", BetStatus.CONFIRMED), ("4", BetStatus.REJECTED), ("2", BetStatus.CONFIRMED)):
        bet = await desk.bet(order, stake)
        if status is BetStatus.CONFIRMED:
            taken(bet)
        else:
            bet.move_to(status, "no")
        async with desk.database.transaction() as connection:
            await desk.bets.save_answer(connection, bet)
            await desk.orders.count_fill(connection, order.order_id)
    found = await desk.orders.order(order.order_id)
    assert found is not None
    assert (found.filled, found.remaining) == (5, 5)


async def test_accounts_with_bets_that_nobody_follows_are_known(desk: Desk) -> None:
    await desk.deposit(desk.dollars, "100")
    order = await desk.order()
    await desk.orders.take_up(ONE, 1, 0)
    bet = await desk.bet(order, "3", runner=ONE)
    async with desk.database.transaction() as connection:
        assert await desk.orders.orphaned_accounts(connection, [desk.dollars, desk.euros], TWO) == {desk.dollars}
    await desk.orders.take_up(TWO, 1, 30)
    async with desk.database.transaction() as connection:
        assert await desk.orders.orphaned_accounts(connection, [desk.dollars], TWO) == {desk.dollars}
        bet.move_to(BetStatus.PLACED, "asked for; it may still arrive")
        await desk.bets.save_answer(connection, bet)
        assert await desk.orders.orphaned_accounts(connection, [desk.dollars], TWO) == frozenset()


async def test_process_that_is_gone_leaves_its_accounts_before_its_lease_ends(desk: Desk) -> None:
    await desk.deposit(desk.dollars, "100")
    order = await desk.order()
    await desk.orders.take_up(ONE, 1, 30)
    await desk.bet(order, "3", runner=ONE)

    async def orphaned(runner: str) -> frozenset[int]:
        async with desk.database.transaction() as connection:
            return await desk.orders.orphaned_accounts(connection, [desk.dollars], runner)

    async with desk.database.lock(presence_of(ONE)):
        assert await orphaned(TWO) == frozenset()
    assert await orphaned(TWO) == {desk.dollars}
    assert await orphaned(ONE) == frozenset()
    assert await desk.orders.take_up(TWO, 1, 30) == []


async def test_filters_are_combined_by_or_and_show_only_the_clients_own(desk: Desk) -> None:
    first = await desk.order(user_ref="a", request_uuid=ONE)
    second = await desk.order(user_ref="b", request_uuid=TWO)
    await desk.order(client=ClientName("zenith"), user_ref="a", request_uuid=ONE)
    either = OrderFilter(request_uuids=(ONE,), user_ref="b")
    assert [order.order_id for order in await desk.orders.find("acme", either)] == [second.order_id, first.order_id]
    below = await desk.orders.find("acme", either, before_id=second.order_id)
    assert [order.order_id for order in below] == [first.order_id]
    assert await desk.orders.find("acme", OrderFilter()) == []


async def test_a_renewed_lease_is_no_news(desk: Desk) -> None:
    order = await desk.order()
    await desk.orders.take_up(ONE, 1, 30)
    await desk.orders.renew(ONE, [order.order_id], 30)
    rows = await desk.database.fetch("select event, payload from outbox where channel = 'abp.orders' order by id")
    assert [(row["event"], row["payload"]["status"]) for row in rows] == [
        ("INSERT", "PENDING"),
        ("UPDATE", "PROCESSING"),
    ]


async def test_receipts_are_kept_in_the_order_of_the_decisions(desk: Desk) -> None:
    order = await desk.order()
    made = [receipt_of(order.order_id, attempt, NOW, wanted(), (candidate(attempt),)) for attempt in (1, 2)]
    async with desk.database.transaction() as connection:
        for receipt in made:
            await desk.orders.add_receipt(connection, receipt)
    assert await desk.orders.receipts(order.order_id) == made
