"""A gateway's and an agent's socket joined on the loopback, their work given by the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import picows
from tests.patience import PATIENCE_S

from hedgerow.core.tasks import spawn
from hedgerow.scraping.link import LARGEST_RECEIVED, PROTOCOL, Side
from hedgerow.scraping.linkevents import Event, Greeted, Hello, Opened
from hedgerow.scraping.linksocket import Channel, LinkSocket

Work = Callable[[Channel, bytes], Awaitable[None]]


class Agent:
    """Says hello and runs the test's work for each stream."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def connected(self, socket: LinkSocket) -> None:
        socket.link.say_hello(Hello(PROTOCOL, "de1", "key", "DE", "1", ("fetch",), 100))

    def happened(self, socket: LinkSocket, event: Event) -> None:
        if isinstance(event, Opened):
            channel = socket.accept(event.stream, is_last=event.is_last)
            spawn(self._work(channel, event.head), "work")

    def disconnected(self, socket: LinkSocket, why: str) -> None: ...


class Gateway:
    """Lets everybody in."""

    def __init__(self) -> None:
        self.up = asyncio.Event()
        self.down: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def connected(self, socket: LinkSocket) -> None: ...

    def happened(self, socket: LinkSocket, event: Event) -> None:
        if isinstance(event, Greeted):
            socket.link.welcome(())
            socket.flush_soon()
            self.up.set()

    def disconnected(self, socket: LinkSocket, why: str) -> None:
        self.down.set_result(why)


@dataclass
class Joined:
    gateway: LinkSocket
    agent: LinkSocket
    down: asyncio.Future[str]


@asynccontextmanager
async def joined(work: Work) -> AsyncIterator[Joined]:
    driver = Gateway()
    gateway, agent = LinkSocket(Side.GATEWAY, driver), LinkSocket(Side.AGENT, Agent(work))
    server = await picows.ws_create_server(
        lambda _: gateway, "127.0.0.1", 0, max_frame_size=LARGEST_RECEIVED, enable_auto_pong=True
    )
    port = server.sockets[0].getsockname()[1]
    transport, _ = await picows.ws_connect(lambda: agent, f"ws://127.0.0.1:{port}", max_frame_size=LARGEST_RECEIVED)
    try:
        async with asyncio.timeout(PATIENCE_S):
            await driver.up.wait()
            yield Joined(gateway, agent, driver.down)
    finally:
        transport.disconnect(graceful=False)
        await transport.wait_disconnected()
        server.close()
        await server.wait_closed()
