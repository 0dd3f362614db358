"""Browsers that are killed under their sessions: who watches is told at once, who renders gets a page elsewhere."""

from __future__ import annotations

import os
import signal
from collections.abc import Awaitable, Callable

import pytest
from tests.scraping.pages import Site, needs_browser

from hedgerow.core.tasks import spawn
from hedgerow.scraping.agent.browser.pool import Pool
from hedgerow.storage.database import decode_json

from .gatewaykit import Net
from .test_browser import joined, render
from .test_browser_stream import watching

Eventually = Callable[[Callable[[], bool]], Awaitable[None]]

pytestmark = needs_browser


def kill(pool: Pool) -> int:
    [program] = pool.programs
    os.kill(program.process.pid, signal.SIGKILL)
    return program.process.pid


@pytest.mark.parametrize("steps", ["[]", '[{"action": "wait", "selector": "#never"}]'], ids=["idle", "in a step"])
async def test_watched_page_ends_with_its_browser_and_no_other_does(
    net: Net, web: Site, eventually: Eventually, steps: str
) -> None:
    lost, _ = await joined(net, "de1"), await joined(net, "at5")
    key = await net.key()
    page = web.page("<script>setInterval(() => fetch('/rows'), 20)</script>")
    async with (
        watching(
            net, key, f"{web.base}/form", X_Agent="de1", X_JS_After_Load="console.log('it is', 'there')", X_Steps=steps
        ) as here,
        watching(net, key, page, X_Agent="at5") as there,
    ):
        await here.until("it is there")
        kill(lost)
        assert (await here.rest())[-2:] == [{"type": "error", "message": "the browser ended"}, {"type": "done"}]
        asked = web.asked["/rows"]
        await eventually(lambda: web.asked["/rows"] > asked)
        assert "event: error" not in there.text


async def test_page_of_a_killed_browser_is_rendered_once_more_elsewhere(
    net: Net, web: Site, eventually: Eventually
) -> None:
    pools = [await joined(net, "de1"), await joined(net, "at5")]
    wanted = {"waitStrategy": "selector", "waitSelector": "#offer"}
    rendering = spawn(render(net, await net.key(), f"{web.base}/sometimes", **wanted), "render")
    await eventually(lambda: web.asked["/sometimes"] == 1)
    kill(next(pool for pool in pools if pool.programs))
    assert (await rendering).status_code == 200
    assert web.asked["/sometimes"] == 2


async def test_page_with_steps_is_not_and_its_agent_starts_another_browser(
    net: Net, web: Site, eventually: Eventually
) -> None:
    pool = await joined(net, "de1")
    await joined(net, "at5")
    key = await net.key()
    steps = [{"action": "evaluate", "expression": "fetch('/rows'); 1"}, {"action": "wait", "selector": "#never"}]
    rendering = spawn(render(net, key, f"{web.base}/form", agent="de1", steps=steps), "render")
    await eventually(lambda: web.asked["/rows"] == 1)
    killed = kill(pool)
    answer = await rendering
    assert (answer.status_code, decode_json(answer.content)) == (502, {"detail": "the browser ended"})
    assert (await render(net, key, f"{web.base}/form", agent="de1")).status_code == 200
    assert killed not in [program.process.pid for program in pool.programs]
    assert web.asked["/form"] == 2
