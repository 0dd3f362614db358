"""The gateway's side of links: who may link, who is linked now, and the opening of work on an agent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from hedgerow.core.observe import SCRAPING_AGENTS
from hedgerow.core.tasks import spawn
from hedgerow.scraping.gateway.request import COUNTRIES
from hedgerow.scraping.gateway.selection import NODE_PREFIX, Candidate
from hedgerow.scraping.link import Side
from hedgerow.scraping.linkevents import Draining, Event, Greeted, Hello, LoadTold
from hedgerow.scraping.linksocket import Channel, LinkSocket
from hedgerow.scraping.messages import Kind
from hedgerow.storage.database import StorageError

MOST_AGENTS = 4096
_AUTHENTICATE_S = 5.0
_REFUSED = "unknown agent or wrong key"

Credentials = tuple[str, str]
"""An agent's slug and key."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class LinkedAgent:
    """An agent whose link is up."""

    hello: Hello
    socket: LinkSocket
    told_load: int = 0
    slug: str = field(init=False)
    node_id: str = field(init=False)

    def __post_init__(self) -> None:
        self.slug, self.node_id = self.hello.slug, NODE_PREFIX + self.hello.slug

    @property
    def credentials(self) -> Credentials:
        return self.hello.slug, self.hello.key

    def open(self, kind: Kind, head: bytes, *, is_last: bool) -> Channel:
        """A stream of work on the agent; `candidate().takes_work` must hold."""
        return self.socket.open(kind, head, is_last=is_last)

    def candidate(self) -> Candidate:
        link, hello, load = self.socket.link, self.hello, self.told_load
        load = max(load, link.stream_count)
        return Candidate(self.slug, hello.country, hello.capabilities, load, link.takes_streams)


class Links:
    """The agents that are linked to this gateway; the driver of their sockets."""

    def __init__(self, may_link: Callable[[str, str], Awaitable[bool]]) -> None:
        """may_link: whether the key (second) is the agent's (first)."""
        self._may_link = may_link
        self._agents: dict[str, LinkedAgent] = {}
        self._greeting: set[LinkSocket] = set()
        self._peers: tuple[str, ...] = ()

    def listener(self) -> LinkSocket:
        """Of a connection that comes in."""
        return LinkSocket(Side.GATEWAY, self)

    # --- who is there ----------------------------------------------------------------------------------------

    def agent(self, slug: str) -> LinkedAgent | None:
        return self._agents.get(slug)

    def agents(self) -> list[LinkedAgent]:
        """By slug."""
        return sorted(self._agents.values(), key=lambda agent: agent.slug)

    def candidates(self) -> list[Candidate]:
        return [agent.candidate() for agent in self._agents.values()]

    def tell_peers(self, peers: tuple[str, ...]) -> None:
        """Tells every agent of the gateways, now and when it links."""
        if peers == self._peers:
            return
        self._peers = peers
        for agent in self._agents.values():
            agent.socket.link.tell_peers(peers)
            agent.socket.flush_soon()

    def part_from(self, credentials: Credentials) -> None:
        """Ends the link that was made with them."""
        agent = self._agents.get(credentials[0])
        if agent is not None and agent.credentials == credentials:
            agent.socket.abort("the agent may link no more")

    def stop(self) -> None:
        """Closes every link; agents come back to whoever listens next."""
        for agent in list(self._agents.values()):
            agent.socket.close("the gateway stops")
        for socket in list(self._greeting):
            socket.abort("the gateway stops")

    # --- driver of the sockets -------------------------------------------------------------------------------

    def connected(self, socket: LinkSocket) -> None:
        self._greeting.add(socket)

    def happened(self, socket: LinkSocket, event: Event) -> None:
        match event:
            case Greeted(hello=hello):
                spawn(self._admit(socket, hello), f"admission of {hello.slug[:64]}")
            case LoadTold(load=load):
                if (agent := self._of(socket)) is not None:
                    agent.told_load = load
            case Draining():
                if (agent := self._of(socket)) is not None:
                    _log.info("agent drains", agent=agent.slug)
            case _:
                pass

    def disconnected(self, socket: LinkSocket, why: str) -> None:
        self._greeting.discard(socket)
        agent = self._of(socket)
        if agent is not None:
            del self._agents[agent.slug]
            SCRAPING_AGENTS.set(len(self._agents))
            _log.warning("agent left", agent=agent.slug, why=why)

    # --- inside ----------------------------------------------------------------------------------------------

    async def _admit(self, socket: LinkSocket, hello: Hello) -> None:
        reason = await self._refusal(hello)
        if not socket.is_up or socket not in self._greeting:
            return
        self._greeting.discard(socket)
        if reason is not None:
            _log.warning("agent refused", agent=hello.slug[:64], reason=reason)
            socket.link.refuse(reason)
            socket.close("refused")
            return
        before = self._agents.pop(hello.slug, None)
        if before is not None:
            before.socket.abort("the agent has linked again")
        self._agents[hello.slug] = LinkedAgent(hello, socket, hello.load)
        SCRAPING_AGENTS.set(len(self._agents))
        socket.link.welcome(self._peers)
        socket.flush_soon()
        _log.info("agent linked", agent=hello.slug, country=hello.country, version=hello.version)

    async def _refusal(self, hello: Hello) -> str | None:
        if hello.country not in COUNTRIES:
            return "its country is not a code of two letters"
        if len(self._agents) >= MOST_AGENTS and hello.slug not in self._agents:
            return "this gateway has as many agents as it takes"
        try:
            async with asyncio.timeout(_AUTHENTICATE_S):
                return None if await self._may_link(hello.slug, hello.key) else _REFUSED
        except (StorageError, TimeoutError):
            return "the gateway cannot look keys up now"

    def _of(self, socket: LinkSocket) -> LinkedAgent | None:
        return next((agent for agent in self._agents.values() if agent.socket is socket), None)
