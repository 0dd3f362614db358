"""Serves streams of kind BROWSER: one page rendered, or watched until its time is over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.secrets import Secret
from hedgerow.core.tasks import spawn, stop
from hedgerow.core.upstream import Upstream
from hedgerow.scraping.agent.browser import steps
from hedgerow.scraping.agent.browser.capture import Events, Watcher
from hedgerow.scraping.agent.browser.cdp import BrowserGone, CdpError
from hedgerow.scraping.agent.browser.page import Page
from hedgerow.scraping.agent.browser.pool import Pool
from hedgerow.scraping.agent.dial import Dialer, DialError, Way
from hedgerow.scraping.agent.work import WorkFailed
from hedgerow.scraping.guard import Lists
from hedgerow.scraping.linkevents import CutCode
from hedgerow.scraping.linksocket import Channel
from hedgerow.scraping.messages import MOST_BODY, MOST_TIMEOUT_S
from hedgerow.scraping.pages import MOST_STEPS, BrowserAnswer, BrowserRequest, Capture, event

T = TypeVar("T")

_EXPECT_S = 1.0
"""How long what is expected may come after the page has reached its state."""
_GRACE_S = 2.0
"""What a watched page gets to tell that its time is over."""

_decode = msgspec.msgpack.Decoder(BrowserRequest).decode
_encode = msgspec.msgpack.Encoder().encode


class BrowserWork:
    """The handler."""

    def __init__(self, pool: Pool, dialer: Dialer) -> None:
        self._pool, self._dialer = pool, dialer

    async def serve(self, channel: Channel, head: bytes) -> None:
        """Raises WorkFailed, StreamCut."""
        request, way = _understood(head)
        self._check(request.url, way)
        limit_s = min(request.timeout_s, MOST_TIMEOUT_S)
        ends_s = asyncio.get_running_loop().time() + limit_s
        try:
            async with asyncio.timeout_at(ends_s + (0 if request.capture is None else _GRACE_S)):
                async with self._pool.lend(way) as context:
                    page = Page(context, self._pool.guard, request)
                    session = _Session(page, request, ends_s)
                    if request.capture is None:
                        answer = await _while_it_lasts(page, session.render)
                        await _tell(channel, answer)
                    else:
                        await session.watch(channel, request.capture)
        except TimeoutError:
            raise WorkFailed(CutCode.TIMED_OUT, f"the page was not ready within {request.timeout_s:g} s") from None
        except BrowserGone as gone:
            raise WorkFailed(CutCode.FAILED, str(gone)) from None
        except CdpError as error:
            raise WorkFailed(CutCode.SCRIPT, f"the browser refused: {error}") from None

    def _check(self, url: str, way: Way) -> None:
        parts = urlsplit(url)
        try:
            self._dialer.check(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80), way)
        except DialError as error:
            raise WorkFailed(error.code, error.detail) from None


class _Session:
    """One piece of work on its page. ends_s: by the loop's clock."""

    def __init__(self, page: Page, request: BrowserRequest, ends_s: float) -> None:
        self._page, self._request, self._ends_s = page, request, ends_s

    async def render(self) -> BrowserAnswer:
        page, request = self._page, self._request
        await page.prepare()
        await page.go(request.url, request.wait, request.wait_selector)
        done = []
        for number, step in enumerate(request.steps, 1):
            told = await steps.run(page, step, number, self._left_s())
            done.append(told)
            if told.error is not None and not step.continue_on_error:
                raise WorkFailed(CutCode.SCRIPT, f"step {number} ({step.action}) failed: {told.error}")
        page.check_reached()
        await self._expect()
        result = await page.evaluate(request.expression) if request.expression else None
        picture = await page.screenshot() if request.screenshot else None
        content, cookies = await asyncio.gather(page.content(), page.cookies())
        document = page.document
        return BrowserAnswer(
            document.status,
            document.url or request.url,
            document.version,
            document.headers,
            document.mime_type,
            content,
            cookies,
            picture,
            result,
            done,
        )

    async def watch(self, channel: Channel, capture: Capture) -> None:
        """Tells what happens until the time is over, the page ends or the stream is cut."""
        page, events = self._page, Events()
        watcher = Watcher(page, capture, events)
        acting = spawn(self._act(watcher, events), "steps of a watched page")
        page.when_ended = lambda: events.close(str(page.failure))
        try:
            channel.answer(b"")
            async with asyncio.timeout_at(self._ends_s):
                while told := await events.take():
                    await channel.write(told)
        except TimeoutError:
            pass
        finally:
            await stop(acting)
            await watcher.stop()
        await channel.write(event("done"), is_last=True)

    async def _act(self, watcher: Watcher, events: Events) -> None:
        """Opens the page and does the steps. The watch goes on after them, unless something failed."""
        page, request = self._page, self._request
        try:
            await page.prepare()
            watcher.listen()
            await page.go(request.url, request.wait, request.wait_selector)
            if request.expression:
                await page.evaluate(request.expression)
            for number, step in enumerate(request.steps, 1):
                told = await steps.run(page, step, number, self._left_s())
                events.put("step_ok" if told.error is None else "step_error", **msgspec.to_builtins(told))
                if told.error is not None and not step.continue_on_error:
                    events.close()
                    return
        except (WorkFailed, CdpError, BrowserGone) as error:
            events.close(str(page.failure or error))

    async def _expect(self) -> None:
        """Raises WorkFailed UNMET."""
        selector, text = self._request.expect_selector, self._request.expect_contains
        if not selector and not text:
            return

        async def is_met() -> bool:
            if selector and not await self._page.node(selector):
                return False
            return not text or text in (await self._page.html() or "")

        try:
            async with asyncio.timeout(min(_EXPECT_S, self._left_s())):
                await self._page.until(is_met)
        except TimeoutError:
            what = f"no element matches {selector!r}" if selector else f"it does not contain {text!r}"
            raise WorkFailed(CutCode.UNMET, f"the page is not as expected: {what[:500]}") from None

    def _left_s(self) -> float:
        return max(0.0, self._ends_s - asyncio.get_running_loop().time())


async def _while_it_lasts(page: Page, work: Callable[[], Awaitable[T]]) -> T:
    """Ends the work when the page ends. Raises WorkFailed."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(None) as scope:
            page.when_ended = lambda: scope.reschedule(loop.time())
            return await work()
    except (TimeoutError, BrowserGone):
        if page.failure is None:
            raise
        raise page.failure from None
    finally:
        page.when_ended = lambda: None


async def _tell(channel: Channel, answer: BrowserAnswer) -> None:
    told = _encode(answer)
    if len(told) > MOST_BODY:
        raise WorkFailed(CutCode.TOO_LARGE, f"the page is larger than {MOST_BODY // 1024 // 1024} MiB")
    channel.answer(b"")
    await channel.write(told, is_last=True)


def _understood(head: bytes) -> tuple[BrowserRequest, Way]:
    try:
        request = _decode(head)
        lists = Lists(request.allow, request.deny)
        _ = lists.policy
        if request.proxy is not None:
            Upstream.of(request.proxy)
    except (*UNREADABLE, ValueError) as error:
        raise WorkFailed(CutCode.INVALID, f"the request cannot be understood: {error}") from None
    if urlsplit(request.url).scheme not in ("http", "https"):
        raise WorkFailed(CutCode.INVALID, "a page is an http or https URL")
    if len(request.steps) > MOST_STEPS:
        raise WorkFailed(CutCode.INVALID, f"more than {MOST_STEPS} steps")
    return request, Way(lists, None if request.proxy is None else Secret(request.proxy))
