"""Runs a bridge: its store, its sender, its port."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import structlog
from starlette.routing import Route

from hedgerow.api.server import Server
from hedgerow.bridging.bridge import Bridge, Terms
from hedgerow.bridging.desk.desk import Desk
from hedgerow.bridging.desk.sessions import Sessions
from hedgerow.bridging.desk.web import DeskRoutes
from hedgerow.bridging.door import Client, Door
from hedgerow.bridging.http import Protocol, application
from hedgerow.bridging.register import Register
from hedgerow.bridging.service import Service
from hedgerow.bridging.store import Store
from hedgerow.core.clock import Clock, SystemClock
from hedgerow.core.secrets import Secret
from hedgerow.core.tasks import spawn, stop

_DAY_S = 86_400.0

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def kept(path: Path, terms: Terms, clock: Clock) -> AsyncIterator[Register]:
    """The register of the bets in a file. Raises SetupError for one that cannot be used."""
    store = Store(path, clock)
    register = Register(store, terms, clock)
    upkeep = spawn(_keep_up(store, clock), "bridge forgets old bets")
    try:
        yield register
    finally:
        register.close()
        await stop(upkeep)
        store.close()


@asynccontextmanager
async def served(
    service: Service, clients: Sequence[Client], host: str, port: int, clock: Clock, *more: Route
) -> AsyncIterator[Server]:
    """The service on a port (0: a free one), its sender at work. more: routes beside the protocol's. Raises
    SetupError."""
    server = Server(application(Protocol(service, Door(clients, clock)), *more), host, port)
    await service.sender.start()
    try:
        await server.start()
        _log.info("bridge serves", bookmaker=service.terms.bookmaker, host=host, port=server.port)
        yield server
    finally:
        service.register.close()  # who waits for changes is answered before the port closes
        await server.stop()
        await service.sender.stop()


async def run(
    bridge: Bridge,
    path: Path,
    clients: Sequence[Client],
    operator_key: Secret | None,
    host: str,
    port: int,
    *,
    is_behind_tls: bool,
) -> None:
    """Serves an operator's bridge until cancelled. operator_key: with it persons answer, on the pages of a desk, for
    bets of which the bridge cannot find out what became; without one there are no such pages. is_behind_tls: browsers
    reach them over TLS alone."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        await bridge.open()
        stack.push_async_callback(bridge.close)
        register = await stack.enter_async_context(kept(path, bridge.terms, clock))
        service = Service.of(bridge, register, clock)
        desk = Desk(register, clock, places=False)
        routes = [] if operator_key is None else DeskRoutes(desk, Sessions(operator_key, clock), is_behind_tls).routes()
        server = await stack.enter_async_context(served(service, clients, host, port, clock, *routes))
        await server.ended()


async def run_desk(
    terms: Terms,
    path: Path,
    clients: Sequence[Client],
    operator_key: Secret,
    host: str,
    port: int,
    *,
    is_behind_tls: bool,
) -> None:
    """Serves a desk, its protocol and its pages, until cancelled. is_behind_tls: browsers reach it over TLS alone."""
    clock = SystemClock()
    async with kept(path, terms, clock) as register:
        desk = Desk(register, clock)
        routes = DeskRoutes(desk, Sessions(operator_key, clock), is_behind_tls).routes()
        service = Service(terms, desk, register, desk, clock)
        async with served(service, clients, host, port, clock, *routes) as server:
            await server.ended()


async def _keep_up(store: Store, clock: Clock) -> None:
    while True:
        dropped = store.forget_old()
        if dropped:
            _log.info("old bets forgotten", bets=dropped)
        await clock.sleep(_DAY_S, soft=True)
