"""Orders come in together and are judged each for itself; a full house says so at the door."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import asyncpg
import pytest

from hedgerow.abp.intake import Declined, Intake
from hedgerow.abp.orders import AbpOrder, AbpOrderStatus
from hedgerow.abp.runner import Runner
from hedgerow.abp.validation import DUPLICATE, NOT_AVAILABLE
from hedgerow.core.errors import ApiError
from hedgerow.storage.grouped import FullError
from hedgerow.storage.terms import Terms

from .runkit import ACME, LONG, Floor, intake_of, request


@pytest.fixture
async def runner(floor: Floor) -> Runner:
    return await floor.runner()


@pytest.fixture
def intake(floor: Floor, runner: Runner) -> Intake:
    return intake_of(floor, runner)


async def test_orders_that_come_together_are_filled_each_once(floor: Floor, intake: Intake) -> None:
    calls = [intake.place(ACME, None, [request(floor), request(floor)]) for _ in range(10)]
    answers = [answer for answers in await asyncio.gather(*calls) for answer in answers]
    orders = [answer for answer in answers if isinstance(answer, AbpOrder)]
    assert len(orders) == len({order.order_id for order in orders}) == 20
    assert {(await floor.ended(order)).status for order in orders} == {AbpOrderStatus.FILLED}
    assert len(floor.taken) == 20


async def test_one_bad_request_among_many_fails_alone(floor: Floor, intake: Intake) -> None:
    bad = request(floor, user_ref="\ud800")  # no text that the database could keep
    calls = [intake.place(ACME, None, [one]) for one in (request(floor), bad, request(floor))]
    first, failed, last = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(failed, asyncpg.DataError)
    for answer in (first, last):
        assert isinstance(answer, list)
        assert isinstance(answer[0], AbpOrder)
        assert (await floor.ended(answer[0])).status is AbpOrderStatus.FILLED
    assert len(floor.taken) == 2


async def test_bookmaker_that_is_switched_off_is_not_available(floor: Floor, intake: Intake) -> None:
    await Terms(floor.database, floor.world.clock).set_bookmaker_active("pinnacle", is_active=False)
    ((_, desks),) = floor.started
    await desks.load()
    (answer,) = await intake.place(ACME, None, [request(floor)])
    assert isinstance(answer, Declined)
    assert answer.reason == NOT_AVAILABLE


async def test_same_request_in_one_group_is_one_order(floor: Floor, intake: Intake) -> None:
    again = request(floor)
    calls = [intake.place(ACME, None, [again, again]) for _ in range(2)]
    answers = [answer for answers in await asyncio.gather(*calls) for answer in answers]
    assert [isinstance(answer, AbpOrder) for answer in answers] == [True, False, False, False]
    assert {answer.reason for answer in answers if isinstance(answer, Declined)} == {DUPLICATE}


async def test_same_request_at_two_processes_is_one_order(floor: Floor, intake: Intake) -> None:
    other = intake_of(floor, await floor.runner())
    same = [request(floor) for _ in range(10)]
    answers = await asyncio.gather(intake.place(ACME, None, same), other.place(ACME, None, same[::-1]))
    accepted = [answer for each in answers for answer in each if isinstance(answer, AbpOrder)]
    declined = [answer for each in answers for answer in each if isinstance(answer, Declined)]
    assert len({order.asked.request_uuid for order in accepted}) == len(accepted) == 10
    assert {answer.reason for answer in declined} == {DUPLICATE}
    for order in accepted:
        assert (await floor.ended(order)).status is AbpOrderStatus.FILLED
    assert len(floor.taken) == 10


async def test_full_house_is_told_at_the_door(
    floor: Floor, intake: Intake, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_room = asyncio.Event()
    monkeypatch.setattr(runner, "wait_for_room", has_room.wait)
    calls = [intake.place(ACME, None, [request(floor, is_test=True) for _ in range(100)]) for _ in range(25)]
    first = asyncio.gather(*calls[:2])
    await asyncio.sleep(0.01)  # the first group is being taken in
    waiting = asyncio.gather(*calls[2:], return_exceptions=True)
    await asyncio.sleep(0.01)
    with pytest.raises(ApiError):
        intake.check_room()
    has_room.set()
    answers = [*await first, *await waiting]
    refused = [answer for answer in answers if isinstance(answer, ApiError)]
    assert {error.status for error in refused} == {503}
    assert all(error.headers == {"Retry-After": "1"} for error in refused)
    assert len(refused) == 3
    intake.check_room()


async def test_new_orders_wait_while_too_many_bets_are_under_way(
    floor: Floor, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    floor.behave(latencyMs=40_000)
    await runner.wait_for_room()
    order = await floor.place(lives=LONG)
    await floor.until(order, lambda found: found.attempts == 1)
    monkeypatch.setattr("hedgerow.abp.runner.MOST_ORDERS", 1)
    monkeypatch.setattr("hedgerow.abp.runner._ROOM_WITHIN_S", 0.01)
    with pytest.raises(FullError, match="1 orders are being worked on"):
        await runner.wait_for_room()
    await floor.ended(order)
    await runner.wait_for_room()


async def test_new_orders_wait_while_too_many_are_undecided(
    floor: Floor, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hedgerow.abp.runner._MOST_UNDECIDED", 0)
    monkeypatch.setattr("hedgerow.abp.runner._ROOM_WITHIN_S", 0.01)
    with pytest.raises(FullError):
        await runner.wait_for_room()


async def test_orders_that_wait_for_a_price_leave_room(
    floor: Floor, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hedgerow.abp.runner.MOST_ORDERS", 1)
    order = await floor.place(price=Decimal("1.9"), lives=LONG)
    await floor.until(order, lambda found: found.status is AbpOrderStatus.PROCESSING)
    await runner.wait_for_room()


async def test_orders_that_nobody_has_decided_on_are_given_back(floor: Floor, runner: Runner) -> None:
    lease = runner.lease_for(1)
    assert lease is not None
    assert runner.lease_for(2001) is None
    order = await floor.place(lives=LONG, lease=lease)
    await runner.stop()
    assert await floor.database.fetchval("select runner from abp_orders where order_id = $1", order.order_id) is None
