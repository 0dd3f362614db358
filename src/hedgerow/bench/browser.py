"""browser: pages whose scripts build a table, two at a time, each in a context of its own.

Ours is the whole way: client, gateway, link, agent, guard, Chromium and back, gateway and agent as processes. The
baseline is bare Playwright with a new context for each page, on the whole Chromium where it is installed and on the
same program as ours. Cold is the time until the first page of a browser that was not running: with ours the agent runs,
as it does when somebody asks, with theirs the driver starts with it. Playwright is no dependency of the project:
without it there is nothing to compare with.
"""

from __future__ import annotations

import asyncio
import shutil
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec

import httpx
import msgspec
import uvloop
from aiohttp import web

from hedgerow.bench.network import serving
from hedgerow.bench.report import BenchError, Bound, Figures, Ratio
from hedgerow.core.errors import SetupError
from hedgerow.scraping.agent.browser.program import NoBrowserError, find_program

PAGES, TOGETHER = 60, 2
WHOLE_TARGET, SAME_TARGET, COLD_TARGET = 3.0, 1.2, 0.7
_WHOLE = ("/usr/lib/chromium/chromium", "google-chrome")
_RUN_S = 600.0

_PAGE = """<!doctype html><title>Rows</title><body><table></table><script>
fetch('/rows').then((answer) => answer.json()).then((rows) => {
  const table = document.querySelector('table');
  for (const row of rows) {
    const line = table.insertRow();
    for (const cell of row) line.insertCell().textContent = cell;
  }
  document.body.id = 'ready';
});
</script>"""
_ROWS = [[number, f"Fixture {number}", f"{1.5 + number / 100:.2f}"] for number in range(200)]
_SMALLEST = 10_000
"""Characters that a page with its table has at least."""


class _Found(msgspec.Struct):
    """Of one run of a side. per_minute: pages."""

    cold_s: float
    per_minute: float
    smallest: int


def measure(scale: float, runs: int) -> Figures:
    """Pages a minute, and seconds. scale: multiplies the pages. Raises SetupError."""
    if find_spec("playwright") is None:
        raise SetupError("Playwright, the baseline, is not installed", "pip install playwright")
    try:
        same = find_program(None)
    except NoBrowserError as error:
        raise SetupError(str(error), "apt-get install chromium-headless-shell (as root)") from None
    whole = next(filter(None, map(shutil.which, _WHOLE)), None)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(_compare(max(TOGETHER, round(PAGES * scale)), runs, str(same), whole))
    ratios = [
        _ratio(
            "same program", SAME_TARGET, Bound.AT_LEAST, [(ours.per_minute, on.per_minute) for ours, on, _ in found]
        ),
        _ratio("cold start, s", COLD_TARGET, Bound.AT_MOST, [(ours.cold_s, on.cold_s) for ours, on, _ in found]),
    ]
    pairs = [(ours.per_minute, on.per_minute) for ours, _, on in found if on is not None]
    if not pairs:
        return Figures("pages/min", ratios, ["the whole Chromium is not installed: apt-get install chromium"])
    return Figures("pages/min", [*ratios, _ratio("whole Chromium", WHOLE_TARGET, Bound.AT_LEAST, pairs)])


def _ratio(case: str, target: float, bound: Bound, pairs: list[tuple[float, float]]) -> Ratio:
    ours, baseline = (statistics.median(side) for side in zip(*pairs, strict=True))
    return Ratio(case, statistics.median(mine / theirs for mine, theirs in pairs), target, bound, ours, baseline)


async def _compare(pages: int, runs: int, same: str, whole: str | None) -> list[tuple[_Found, _Found, _Found | None]]:
    found = []
    async with _site() as url:
        for _ in range(runs):
            async with serving() as network, httpx.AsyncClient(base_url=network.url, timeout=60) as http:
                mine = await _measured(http, network.key, url, pages)
            theirs = await _baseline(same, url, pages)
            found.append((mine, theirs, await _baseline(whole, url, pages) if whole is not None else None))
    for side in (side for sides in found for side in sides if side is not None):
        if side.smallest < _SMALLEST:
            raise BenchError("a side answered before the page was whole")
    return found


async def _measured(http: httpx.AsyncClient, key: str, url: str, pages: int) -> _Found:
    began_s = time.perf_counter()
    smallest = await _page(http, key, url)
    cold_s = time.perf_counter() - began_s
    left = iter(range(pages))

    async def worker() -> None:
        nonlocal smallest
        for _ in left:
            smallest = min(smallest, await _page(http, key, url))

    await _page(http, key, url)
    began_s = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(TOGETHER)))
    return _Found(cold_s, pages / (time.perf_counter() - began_s) * 60, smallest)


async def _page(http: httpx.AsyncClient, key: str, url: str) -> int:
    asked = {"apiKey": key, "url": url, "waitStrategy": "selector", "waitSelector": "#ready"}
    answer = await http.post("/browser", json=asked)
    if answer.status_code != 200:
        raise BenchError(f"a page was not rendered: {answer.text[:300]}")
    return len(msgspec.json.decode(answer.content)["raw"])


async def _baseline(program: str, url: str, pages: int) -> _Found:
    command = [sys.executable, "-m", "hedgerow.bench.playwright_side", program, url, str(pages), str(TOGETHER)]
    side = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        async with asyncio.timeout(_RUN_S):
            told, _ = await side.communicate()
    finally:
        if side.returncode is None:
            side.kill()
            await side.wait()
    if side.returncode != 0:
        raise BenchError("Playwright did not render the pages")
    return msgspec.json.decode(told, type=_Found)


@asynccontextmanager
async def _site() -> AsyncIterator[str]:
    async def page(_: web.Request) -> web.Response:
        return web.Response(text=_PAGE, content_type="text/html")

    async def rows(_: web.Request) -> web.Response:
        return web.json_response(_ROWS)

    app = web.Application()
    app.router.add_get("/", page)
    app.router.add_get("/rows", rows)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()
