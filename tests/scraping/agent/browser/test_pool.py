"""Contexts that are made ahead: nobody shares one, and none goes anywhere before it has a session's way. Browsers that
are replaced, and those that die."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.patience import PATIENCE_S
from tests.scraping.pages import needs_browser

from hedgerow.core.tasks import spawn
from hedgerow.scraping.agent.browser.pool import Context, Pool
from hedgerow.scraping.agent.dial import Way

Eventually = Callable[[Callable[[], bool]], Awaitable[None]]

pytestmark = needs_browser
POOL = "hedgerow.scraping.agent.browser.pool"


async def session(pool: Pool) -> Context:
    """What one session had."""
    async with pool.lend(Way()) as context:
        await context.page.call("Page.enable")
    return context


async def made_ahead(pool: Pool) -> Context:
    [running] = pool._running
    assert running.spare is not None
    context = await asyncio.wait_for(asyncio.shield(running.spare), PATIENCE_S)
    assert context is not None
    return context


async def port_of(pool: Pool, context: Context) -> int:
    port: int = pool.guard._of_ways[context.name].sockets[0].getsockname()[1]
    return port


async def greeted(port: int) -> bytes:
    """What the guard's port answers to a SOCKS client; nothing where it hangs up."""
    async with asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(bytes((5, 1, 0)))
            return await reader.read(2)
        except ConnectionError:
            return b""
        finally:
            writer.close()


async def test_context_made_ahead_has_no_way_until_its_session_and_no_second_session(pool: Pool) -> None:
    first = await session(pool)
    assert pool._running[0].spare is None, "a first page may be the only one"
    second = await session(pool)
    spare = await made_ahead(pool)
    port = await port_of(pool, spare)
    assert await greeted(port) == b""
    async with pool.lend(Way()) as third:
        assert third == spare
        assert await greeted(port) == bytes((5, 0))
    fourth = await made_ahead(pool)
    assert len({one.context_id for one in (first, second, third, fourth)}) == 4
    with pytest.raises(ConnectionError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_sessions_at_one_time_have_contexts_of_their_own(pool: Pool) -> None:
    await session(pool)
    had = await asyncio.gather(*(session(pool) for _ in range(6)))
    assert len({context.context_id for context in had}) == 6


async def test_page_is_told_when_frames_are_drawn(pool: Pool) -> None:
    async with pool.lend(Way()) as context, asyncio.timeout(PATIENCE_S):
        await context.page.call("Runtime.evaluate", expression="new Promise(requestAnimationFrame)", awaitPromise=True)


async def test_context_that_nobody_wants_is_closed(pool: Pool) -> None:
    await session(pool)
    await session(pool)
    spare = await made_ahead(pool)
    async with asyncio.timeout(PATIENCE_S):
        while spare.page.gone is None:  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0.05)
    assert (pool._running[0].spare, pool.guard._of_ways) == (None, {})
    await session(pool)


async def test_context_that_crashed_before_its_session_is_not_given_to_it(pool: Pool) -> None:
    await session(pool)
    await session(pool)
    spare = await made_ahead(pool)
    spare.page.send("Page.crash")
    async with asyncio.timeout(PATIENCE_S):
        while spare.page.gone is None:  # noqa: ASYNC110 - the browser tells nobody else
            await asyncio.sleep(0.01)
    async with pool.lend(Way()) as context:
        assert context.context_id != spare.context_id
        await context.page.call("Page.enable")


# --- browsers that are replaced ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("limit", "most"), [("MOST_USES", 1), ("MOST_AGE_S", 0.0), ("_WORN_OUT", 0)])
async def test_browser_that_is_worn_is_replaced_and_ends_with_its_last_session(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, eventually: Eventually, limit: str, most: float
) -> None:
    """By its uses, its age and its memory."""
    async with pool.lend(Way()) as context:
        [running] = pool._running
        monkeypatch.setattr(f"{POOL}.{limit}", most)
        await eventually(lambda: pool._is_worn(running, asyncio.get_running_loop().time()))
        async with pool.lend(Way()) as following:
            assert following.browser is not context.browser
            await context.page.call("Page.enable")
    await eventually(lambda: running not in pool._running and not running.program.profile.exists())


async def test_browser_that_outgrew_its_memory_is_ended_with_its_sessions(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    async with pool.lend(Way()) as context:
        with monkeypatch.context() as small:
            small.setattr(f"{POOL}._MOST_BESIDE", 0)
            await eventually(lambda: context.page.gone == "the browser ended")
        await session(pool)


async def test_browser_that_nobody_uses_is_closed(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    await session(pool)
    monkeypatch.setattr(f"{POOL}._IDLE_S", 0.0)
    await eventually(lambda: pool.programs == [])


async def test_killed_browser_costs_its_own_sessions_alone(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    monkeypatch.setattr(f"{POOL}.MOST_USES", 1)
    async with pool.lend(Way()) as lost, pool.lend(Way()) as kept:
        first, second = pool.programs
        os.kill(first.process.pid, signal.SIGKILL)
        await eventually(lambda: lost.page.gone == "the browser ended")
        await kept.page.call("Page.enable")
        async with pool.lend(Way()) as following:
            await following.page.call("Page.enable")
            await eventually(lambda: first not in pool.programs)
            assert second in pool.programs


async def test_pool_that_stops_while_a_browser_ends_leaves_nothing_of_it(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    await session(pool)
    [program] = pool.programs
    busy, threads = threading.Event(), ThreadPoolExecutor(1)
    asyncio.get_running_loop().set_default_executor(threads)
    threads.submit(busy.wait)
    monkeypatch.setattr(f"{POOL}._IDLE_S", 0.0)
    await eventually(program.connection.ended.is_set)
    stopping = spawn(pool.stop(), "stop")
    await asyncio.sleep(0)
    busy.set()
    await stopping
    assert not program.profile.exists()
