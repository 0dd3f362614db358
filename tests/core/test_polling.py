"""Busy polling: the loop turns for as long as it is wanted, and others have their turns."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise

from tests.patience import PATIENCE_S

from hedgerow.core.polling import REHEARSE_EVERY_S, busy_polling


async def cpu_s_of(waits_s: float) -> float:
    """Processor time that this thread takes while nothing happens."""
    before_s = time.thread_time()
    await asyncio.sleep(waits_s)
    return time.thread_time() - before_s


async def test_the_loop_does_not_sleep_while_it_is_wanted() -> None:
    spent_s = 0.0
    with busy_polling():
        async with asyncio.timeout(PATIENCE_S):
            while spent_s < 0.1:  # as much as the machine gives
                spent_s += await cpu_s_of(0.05)


async def test_the_loop_sleeps_again_afterwards() -> None:
    with busy_polling():
        await asyncio.sleep(0)
    assert await cpu_s_of(0.2) < 0.1


async def test_the_loop_sleeps_where_it_is_not_wanted() -> None:
    with busy_polling(is_wanted=False):
        assert await cpu_s_of(0.2) < 0.1


async def test_what_is_to_be_rehearsed_is_called_again_and_again_until_the_end() -> None:
    calls: list[float] = []
    enough = asyncio.Event()

    def rehearse() -> None:
        calls.append(asyncio.get_running_loop().time())
        if len(calls) == 5:
            enough.set()

    with busy_polling(rehearse):
        async with asyncio.timeout(PATIENCE_S):
            await enough.wait()
    assert all(after - before >= REHEARSE_EVERY_S for before, after in pairwise(calls))
    ended = len(calls)
    await asyncio.sleep(3 * REHEARSE_EVERY_S)
    assert len(calls) == ended


async def test_nothing_is_rehearsed_where_the_loop_sleeps() -> None:
    calls: list[None] = []
    with busy_polling(lambda: calls.append(None), is_wanted=False):
        await asyncio.sleep(3 * REHEARSE_EVERY_S)
    assert calls == []


async def test_what_arrives_is_served() -> None:
    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.readline()).upper())
        writer.close()

    with busy_polling():
        server = await asyncio.start_server(shout, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"tick\n")
        assert await reader.read() == b"TICK\n"
        writer.close()
        server.close()
