"""Work that is spread over turns of the loop."""

from __future__ import annotations

import asyncio
from typing import Any

from hedgerow.realtime.turns import IN_ONE_TURN, Turns


async def test_works_are_done_in_order_so_many_a_turn() -> None:
    turns, done = Turns(), list[int]()
    for number in range(2 * IN_ONE_TURN + 1):
        turns.soon(lambda number=number: done.append(number))
    lengths = []
    for _ in range(4):
        await asyncio.sleep(0)
        lengths.append(len(done))
    assert lengths == [IN_ONE_TURN, 2 * IN_ONE_TURN, 2 * IN_ONE_TURN + 1, 2 * IN_ONE_TURN + 1]
    assert done == sorted(done)


async def test_work_that_fails_holds_up_no_other() -> None:
    turns, done, failed = Turns(), list[str](), list[Any]()
    asyncio.get_running_loop().set_exception_handler(lambda _, told: failed.append(told["exception"]))

    def fail() -> None:
        turns.soon(lambda: done.append("asked for by it"))
        raise RuntimeError

    turns.soon(fail)
    turns.soon(lambda: done.append("after it"))
    await asyncio.sleep(0.01)
    assert done == ["after it", "asked for by it"]
    assert len(failed) == 1
