"""A real agent linked to a gateway of the test's, and targets to fetch from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import picows
import pytest
from tests.patience import PATIENCE_S

from hedgerow.core.secrets import Secret
from hedgerow.scraping.agent.agent import Agent, Identity
from hedgerow.scraping.agent.works import AgentWorks
from hedgerow.scraping.guard import Patterns, Policy
from hedgerow.scraping.link import LARGEST_RECEIVED, Side
from hedgerow.scraping.linkevents import Event, Greeted
from hedgerow.scraping.linksocket import LinkSocket, StreamCut
from hedgerow.scraping.messages import FetchAnswer, FetchRequest, Kind

LOOPBACK = Policy(Patterns.of(["127.0.0.0/8"]))


class Door:
    """Takes links of agents; lets in who has the key, and tells of the peers that the test says."""

    def __init__(self, peers: tuple[str, ...] = ()) -> None:
        self.peers = peers
        self.sockets: list[LinkSocket] = []
        self.hellos: list[object] = []
        self.changed = asyncio.Condition()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connected(self, socket: LinkSocket) -> None: ...

    def happened(self, socket: LinkSocket, event: Event) -> None:
        if isinstance(event, Greeted):
            self.hellos.append(event.hello)
            if event.hello.key == "right":
                socket.link.welcome(self.peers)
                self.sockets.append(socket)
            else:
                socket.link.refuse("unknown agent or key")
            socket.flush_soon()

    def disconnected(self, socket: LinkSocket, why: str) -> None:
        if socket in self.sockets:
            self.sockets.remove(socket)

    @asynccontextmanager
    async def listening(self, port: int = 0) -> AsyncIterator[Door]:
        server = await picows.ws_create_server(
            lambda _: LinkSocket(Side.GATEWAY, self), "127.0.0.1", port, max_frame_size=LARGEST_RECEIVED
        )
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for socket in list(self.sockets):
                socket.abort("the test is over")
            await server.wait_closed()

    async def fetch(self, request: FetchRequest, body: bytes = b"") -> tuple[FetchAnswer, bytes]:
        """Raises StreamCut."""
        channel = self.sockets[0].open(Kind.FETCH, msgspec.msgpack.encode(request), is_last=not body)
        if body:
            await channel.write(body, is_last=True)
        head = msgspec.msgpack.decode(await channel.head(), type=FetchAnswer)
        parts = []
        while part := await channel.read():
            parts.append(part)
        return head, b"".join(parts)


def identity(slug: str = "de1", key: str = "right") -> Identity:
    return Identity(slug, Secret(key), "DE")


@asynccontextmanager
async def agent(*doors: Door, policy: Policy = LOOPBACK, **who: str) -> AsyncIterator[Agent]:
    running = Agent(identity(**who), AgentWorks(policy), tuple(door.url for door in doors))
    await running.start()
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield running
    finally:
        await running.stop()


@asynccontextmanager
async def linked(policy: Policy = LOOPBACK) -> AsyncIterator[Door]:
    """An agent that is linked to the door that comes."""
    async with Door().listening() as door, agent(door, policy=policy) as running:
        await running.is_linked.wait()
        yield door


def ask(url: str, **given: Any) -> FetchRequest:
    """A request; given: what is not as usual."""
    return FetchRequest(**{"method": "GET", "url": url, "headers": [], "timeout_s": 10.0, **given})


async def fetched(url: str, body: bytes = b"", policy: Policy = LOOPBACK, **given: Any) -> tuple[FetchAnswer, bytes]:
    """By an agent of its own. Raises StreamCut."""
    async with linked(policy) as door:
        return await door.fetch(ask(url, **given), body)


async def failure(url: str, policy: Policy = LOOPBACK, **given: Any) -> StreamCut:
    """Why there was no answer."""
    with pytest.raises(StreamCut) as caught:
        await fetched(url, policy=policy, **given)
    return caught.value
