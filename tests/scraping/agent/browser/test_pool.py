"""Contexts that are made ahead: nobody shares one, and none goes anywhere before it has a session's way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.patience import PATIENCE_S
from tests.scraping.pages import needs_browser

from hedgerow.scraping.agent.browser.pool import Context, Pool
from hedgerow.scraping.agent.browser.program import BrowserSettings
from hedgerow.scraping.agent.dial import Dialer, Way
from hedgerow.scraping.agent.socks import SocksGuard
from hedgerow.scraping.guard import Patterns, Policy

pytestmark = needs_browser


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    guard = SocksGuard(Dialer(Policy(Patterns.of(["127.0.0.1"]))))
    await guard.start()
    pool = Pool(BrowserSettings(), guard)
    await pool.start()
    yield pool
    await pool.stop()
    assert guard._of_ways == {}, "a port stays open"
    await guard.stop()


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
