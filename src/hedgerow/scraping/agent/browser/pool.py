"""Browsers, lent out by the session: each session gets a context of its own, with its own way out.

When a session ends, from a browser's second on, a context is made ahead for the next one: half of what a small page
takes is the start of its process. Nobody has had it before, its port lets nothing out until a session has it, and it is
closed when none comes soon.

A browser serves many sessions at one time and is replaced after a number of them, after a while, and when it has grown;
the sessions that it still has are let finish. A renderer that grows too large is ended, which costs its own session
alone; a browser that crashes costs the sessions that it has. Idle ones are closed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import structlog

from hedgerow.core.errors import HedgerowError
from hedgerow.core.tasks import spawn, stop
from hedgerow.scraping.agent.browser.cdp import BrowserGone, CdpError, Target
from hedgerow.scraping.agent.browser.program import BrowserSettings, NoBrowserError, Program, sweep
from hedgerow.scraping.agent.dial import Way
from hedgerow.scraping.agent.socks import SocksGuard
from hedgerow.scraping.agent.work import WorkFailed
from hedgerow.scraping.linkevents import CutCode

MOST_WAITING = 64
MOST_USES = 250
MOST_AGE_S = 15 * 60.0
_IDLE_S = 60.0
_SPARE_S = 2.0
"""How long a context that was made ahead is kept for the next session."""
_LOOK_EVERY_S = 0.25
_CLOSE_S = 3.0
_MEGABYTE = 1024 * 1024
MOST_RENDERER = 1024 * _MEGABYTE
"""Resident bytes of one renderer, which is one session's."""
_WORN_OUT = 700 * _MEGABYTE
_MOST_BESIDE = 1536 * _MEGABYTE
"""Resident bytes of all that is no renderer: from the first a browser is replaced, beyond the second ended."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Running:
    """A browser and what it has done."""

    program: Program
    began_s: float
    used_s: float
    uses: int = 0
    sessions: int = 0
    is_worn: bool = False
    spare: asyncio.Task[Context | None] | None = None
    """Made for the session that comes next; None where it could not be made."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a session has: a page of its own in a context of its own. name: of its way at the guard."""

    name: str
    context_id: str
    target_id: str
    browser: Target
    page: Target


@dataclass(slots=True)
class Pool:
    """The agent's browsers."""

    settings: BrowserSettings
    guard: SocksGuard
    _free: asyncio.Semaphore = field(init=False)
    _starting: asyncio.Lock = field(default_factory=asyncio.Lock)
    _running: list[_Running] = field(default_factory=list)
    _waiting: int = 0
    _number: int = 0
    _task: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self._free = asyncio.Semaphore(self.settings.most_sessions)

    async def start(self) -> None:
        """Takes away what an earlier agent left. A browser is started when the first session asks for one."""
        if swept := await asyncio.to_thread(sweep):
            _log.info("browsers of agents that are gone were cleaned up", profiles=swept)
        self._task = spawn(self._watch(), "watch over browsers", is_vital=True)

    async def stop(self) -> None:
        await stop(self._task)
        await asyncio.gather(*(self._end(running) for running in list(self._running)))

    @property
    def programs(self) -> list[Program]:
        """Those that run now."""
        return [running.program for running in self._running]

    @asynccontextmanager
    async def lend(self, way: Way) -> AsyncIterator[Context]:
        """A page for one session, closed after it. Raises WorkFailed, BrowserGone."""
        if self._waiting >= MOST_WAITING:
            raise WorkFailed(CutCode.BUSY, "the agent's browsers have as much work as they take")
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        try:
            running = await self._browser()
            running.sessions += 1
            running.uses += 1
            try:
                context = await self._taken(running)
                try:
                    self.guard.add_way(context.name, way)
                    yield context
                finally:
                    self._make_ahead(running)
                    await self._close(running, context)
            finally:
                running.sessions -= 1
                running.used_s = asyncio.get_running_loop().time()
        finally:
            self._free.release()

    # --- contexts --------------------------------------------------------------------------------------------

    async def _taken(self, running: _Running) -> Context:
        """The context that was made ahead, else a new one. Raises BrowserGone."""
        spare, running.spare = running.spare, None
        context = await spare if spare is not None else None
        if context is not None and context.page.gone is not None:
            await self._close(running, context)
            context = None
        if context is None:
            context = await self._made(running)
        return context

    def _make_ahead(self, running: _Running) -> None:
        """For the next session. A browser's first page may be its only one."""
        if running.spare is None and running.uses > 1 and not self._is_worn(running, asyncio.get_running_loop().time()):
            running.spare = spawn(self._made_ahead(running), "context for the next session")

    async def _made_ahead(self, running: _Running) -> Context | None:
        with suppress(BrowserGone, OSError):  # whoever asks next is told why
            return await self._made(running)
        return None

    async def _made(self, running: _Running) -> Context:
        """A page of its own, with a port of the guard that refuses until it has a way. Raises BrowserGone."""
        self._number += 1
        name, browser = f"b{self._number}", running.program.connection.browser
        context_id = ""
        try:
            port = await self.guard.listen(name)
            made = await browser.call(
                "Target.createBrowserContext",
                disposeOnDetach=True,
                proxyServer=f"socks5://127.0.0.1:{port}",
                proxyBypassList="<-loopback>",
            )
            context_id = made["browserContextId"]
            opened = await browser.call("Target.createTarget", url="about:blank", browserContextId=context_id)
            target_id = opened["targetId"]
            attached = await browser.call("Target.attachToTarget", targetId=target_id, flatten=True)
            page = running.program.connection.target(attached["sessionId"])
            page.on("Inspector.targetCrashed", lambda _: page.end("the page crashed"))
            page.send("Inspector.enable")
            return Context(name, context_id, target_id, browser, page)
        except BaseException as error:
            self.guard.forget_way(name)
            if context_id:
                await self._disposed(running, context_id)
            if isinstance(error, CdpError):
                raise BrowserGone(f"the browser gave no page: {error}") from None
            raise

    async def _close(self, running: _Running, context: Context) -> None:
        self.guard.forget_way(context.name)
        running.program.connection.forget(context.page)
        await self._disposed(running, context.context_id)

    async def _give_up_spare(self, running: _Running) -> None:
        spare, running.spare = running.spare, None
        if spare is None:
            return
        await stop(spare)
        if not spare.cancelled() and (context := spare.result()) is not None:
            await self._close(running, context)

    async def _disposed(self, running: _Running, context_id: str) -> None:
        """Whatever happens to whoever waits."""
        await asyncio.shield(spawn(self._dispose(running, context_id), "closing of a browser's context"))

    async def _dispose(self, running: _Running, context_id: str) -> None:
        try:
            async with asyncio.timeout(_CLOSE_S):
                await running.program.connection.browser.call(
                    "Target.disposeBrowserContext", browserContextId=context_id
                )
        except (HedgerowError, TimeoutError):
            running.is_worn = True

    # --- browsers --------------------------------------------------------------------------------------------

    async def _browser(self) -> _Running:
        async with self._starting:
            now_s = asyncio.get_running_loop().time()
            for running in self._running:
                if not self._is_worn(running, now_s):
                    return running
            try:
                program = await Program.start(self.settings)
            except NoBrowserError as error:
                _log.error("no browser", error=str(error))
                raise WorkFailed(CutCode.FAILED, "the agent's browser does not start") from None
            running = _Running(program, now_s, now_s)
            self._running.append(running)
            return running

    def _is_worn(self, running: _Running, now_s: float) -> bool:
        return (
            running.is_worn
            or running.uses >= MOST_USES
            or now_s - running.began_s > MOST_AGE_S
            or running.program.connection.ended.is_set()
        )

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            now_s = asyncio.get_running_loop().time()
            for running in list(self._running):
                is_over = self._is_worn(running, now_s) or now_s - running.used_s > _IDLE_S
                if running.program.connection.ended.is_set() or (is_over and not running.sessions):
                    await self._end(running)
                elif running.sessions:
                    await self._limit(running)
                elif now_s - running.used_s > _SPARE_S:
                    await self._give_up_spare(running)

    async def _limit(self, running: _Running) -> None:
        sizes = running.program.memory()
        for pid, (kind, size) in sizes.items():
            if kind == "renderer" and size > MOST_RENDERER:
                _log.warning("a page outgrew its memory and was ended", megabytes=size // _MEGABYTE)
                running.program.kill(pid)
        beside = sum(size for kind, size in sizes.values() if kind != "renderer")
        if beside > _WORN_OUT:
            running.is_worn = True
        if beside > _MOST_BESIDE:
            _log.error("a browser outgrew its memory and was ended", megabytes=beside // _MEGABYTE)
            await self._end(running)

    async def _end(self, running: _Running) -> None:
        """Known until it has ended: whoever stops the pool in the middle ends it once more, to the end."""
        running.is_worn = True
        await running.program.end()
        with suppress(ValueError):
            self._running.remove(running)
        await self._give_up_spare(running)
