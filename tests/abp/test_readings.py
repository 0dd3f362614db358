"""Readings of accounts: one at a time for each, none held up by another's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from hedgerow.abp.readings import Readings
from hedgerow.core.clock import SteppedClock, SystemClock
from hedgerow.storage.database import UnreachableError

Eventually = Callable[[Callable[[], bool]], Awaitable[None]]


class Slow:
    """Notes which accounts are read, and lets a reading end when it is told to."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.ended: list[int] = []
        self.may_end: dict[int, asyncio.Event] = {}

    async def read(self, account_id: int) -> None:
        self.begun.append(account_id)
        if account_id in self.may_end:
            await self.may_end[account_id].wait()
        self.ended.append(account_id)


async def test_a_slow_account_holds_up_no_other(eventually: Eventually) -> None:
    slow = Slow()
    slow.may_end[1] = asyncio.Event()
    readings = Readings("balance", slow.read, SystemClock())
    for account_id in (1, 2, 3):
        readings.ask(account_id)
    await eventually(lambda: slow.ended == [2, 3])
    await readings.stop()
    assert slow.begun == [1, 2, 3]


async def test_who_asks_while_it_is_read_has_it_read_once_more(eventually: Eventually) -> None:
    slow = Slow()
    slow.may_end[1] = asyncio.Event()
    readings = Readings("balance", slow.read, SystemClock())
    readings.ask(1)
    await eventually(lambda: slow.begun == [1])
    readings.ask(1)
    readings.ask(1)
    slow.may_end[1].set()
    await eventually(lambda: slow.ended == [1, 1])
    await asyncio.sleep(0)
    assert slow.begun == [1, 1]


async def test_what_is_asked_for_in_the_pause_is_read_with_it(eventually: Eventually) -> None:
    slow, clock = Slow(), SteppedClock()
    readings = Readings("balance", slow.read, clock)
    for _ in range(3):
        readings.ask(1, after_s=1.0)
        await asyncio.sleep(0)
    assert slow.begun == []
    clock.advance(1.0)
    await eventually(lambda: slow.ended == [1])
    readings.ask(1, after_s=1.0)
    await asyncio.sleep(0)
    clock.advance(1.0)
    await eventually(lambda: slow.ended == [1, 1])


async def test_only_so_many_are_read_at_once(eventually: Eventually) -> None:
    slow = Slow()
    slow.may_end = {number: asyncio.Event() for number in range(5)}
    readings = Readings("balance", slow.read, SystemClock(), most_at_once=2)
    for number in range(5):
        readings.ask(number)
    await eventually(lambda: len(slow.begun) == 2)
    await asyncio.sleep(0)
    assert slow.begun == [0, 1]
    for event in slow.may_end.values():
        event.set()
    await eventually(lambda: len(slow.ended) == 5)


async def test_a_reading_that_fails_for_the_database_is_made_again_when_asked(eventually: Eventually) -> None:
    tried: list[int] = []

    async def read(account_id: int) -> None:
        tried.append(account_id)
        raise UnreachableError("away")

    readings = Readings("balance", read, SystemClock())
    for times in (1, 2):
        readings.ask(1)
        await eventually(lambda times=times: len(tried) == times)
