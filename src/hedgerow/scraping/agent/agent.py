"""The agent itself: one identity, its works, and a link to every gateway of the deployment.

It starts from the gateways that it is given, learns of the others from them, and comes back to each by itself.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import picows
import structlog

from hedgerow import __version__
from hedgerow.core.secrets import Secret
from hedgerow.core.tasks import Backoff, spawn, stop
from hedgerow.scraping.agent.work import carried_out, tell_failure
from hedgerow.scraping.agent.works import AgentWorks
from hedgerow.scraping.link import LARGEST_RECEIVED, PROTOCOL, Side
from hedgerow.scraping.linkevents import CutCode, Draining, Event, Hello, Opened, PeersTold, Refused, Welcomed
from hedgerow.scraping.linksocket import Channel, LinkSocket
from hedgerow.scraping.linkurl import link_url

MOST_GATEWAYS = 32
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 10.0
_STEADY_S = 10.0
_LOAD_EVERY_S = 1.0
_DRAIN_S = 10.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the agent is. country: two letters. most_streams: pieces of work at one time."""

    slug: str
    key: Secret
    country: str
    most_streams: int = 1024


class Agent:
    """Runs until it is stopped."""

    def __init__(
        self, identity: Identity, works: AgentWorks, gateways: tuple[str, ...], trust: ssl.SSLContext | None = None
    ) -> None:
        """gateways: base URLs, http(s) or ws(s). trust: for TLS; None: the system's authorities. Raises ValueError for
        what is no gateway's URL."""
        self.identity, self.works, self._trust = identity, works, trust
        self._given = tuple(dict.fromkeys(map(link_url, gateways)))
        self._links: dict[str, _GatewayLink] = {}
        self._running: set[asyncio.Future[None]] = set()
        self._begun = 0  # work under way that has no task
        self._last: asyncio.Future[None] | None = None  # the end of the last of it, while the agent stops
        self._load_task: asyncio.Task[None] | None = None
        self.is_linked = asyncio.Event()
        """Set from the first welcome on."""

    async def start(self) -> None:
        await self.works.start()
        for url in self._given:
            self._join(url)
        self._load_task = spawn(self._tell_load(), "load of the agent", is_vital=True)

    async def stop(self) -> None:
        """Takes nothing new, lets what is under way end for a while, then leaves."""
        await stop(self._load_task)
        for link in self._links.values():
            link.drain()
        if self._begun:
            self._last = asyncio.get_running_loop().create_future()
            self._count(self._last)
        if self._running:
            await asyncio.wait(self._running, timeout=_DRAIN_S)
        await asyncio.gather(*(link.stop() for link in self._links.values()))
        await self._cancel()
        await self.works.stop()

    @property
    def load(self) -> int:
        """Pieces of work under way, over all gateways."""
        return len(self._running) + self._begun

    @property
    def links(self) -> dict[str, bool]:
        """Whether each gateway's link is up, by its URL."""
        return {url: link.is_up for url, link in self._links.items()}

    # --- told by links ---------------------------------------------------------------------------------------

    def hello(self) -> Hello:
        identity = self.identity
        return Hello(
            PROTOCOL,
            identity.slug,
            identity.key.reveal(),
            identity.country,
            __version__,
            self.works.capabilities,
            identity.most_streams,
            self.load,
        )

    def told_peers(self, teller: str, peers: tuple[str, ...]) -> None:
        """Links to gateways that are new, and leaves those that are gone. Who is reached over TLS tells of nobody
        without it: the key goes there."""
        told = set(_readable(peers[:MOST_GATEWAYS]))
        if teller.startswith("wss:"):
            told = {url for url in told if url.startswith("wss:")}
        for url in told - self._links.keys():
            if len(self._links) < MOST_GATEWAYS:
                self._join(url)
        for url in self._links.keys() - told - set(self._given):
            if not self._links[url].is_up:
                spawn(self._links.pop(url).stop(), "leaving a gateway")

    def opened(self, socket: LinkSocket, event: Opened) -> None:
        """Starts the work that a stream asks for."""
        channel = socket.accept(event.stream, is_last=event.is_last)
        if self.load >= self.identity.most_streams:
            channel.cut(CutCode.BUSY, "the agent has as much work as it takes")
            return
        if event.is_last and self._begin(channel, event.kind, event.head):
            return
        task = spawn(self._work(channel, event.kind, event.head), "work of the agent")
        self._count(task)
        channel.when_cut(task.cancel)

    def _begin(self, channel: Channel, kind: int, head: bytes) -> bool:
        """Whether the work needs no task, and has begun. A fault costs its stream, and not the link."""
        begin = self.works.beginners.get(kind)
        if begin is None:
            return False
        self._begun += 1
        try:
            if begin(channel, head, self._on_over):
                return True
        except Exception as error:
            tell_failure(error, channel)
            self._on_over()
            return True
        self._on_over()
        return False

    def _on_over(self) -> None:
        """Of work without a task."""
        self._begun -= 1
        if not self._begun and self._last is not None and not self._last.done():
            self._last.set_result(None)

    async def _work(self, channel: Channel, kind: int, head: bytes) -> None:
        handle = self.works.handlers.get(kind)
        if handle is None:
            channel.cut(CutCode.UNSUPPORTED, "the agent cannot do this kind of work")
            return
        going_on = await carried_out(handle(channel, head), channel)
        if going_on is not None:
            self._count(going_on)

    # --- inside ----------------------------------------------------------------------------------------------

    def _count(self, work: asyncio.Future[None]) -> None:
        self._running.add(work)
        work.add_done_callback(self._running.discard)

    async def _cancel(self) -> None:
        left = list(self._running)
        for work in left:
            work.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _join(self, url: str) -> None:
        link = self._links[url] = _GatewayLink(self, url, self._trust)
        link.start()

    async def _tell_load(self) -> None:
        told = -1
        while True:
            await asyncio.sleep(_LOAD_EVERY_S)
            if told != self.load:
                told = self.load
                for link in self._links.values():
                    link.tell_load(told)


class _GatewayLink:
    """One gateway's link, kept up."""

    def __init__(self, agent: Agent, url: str, trust: ssl.SSLContext | None) -> None:
        self._agent, self._url, self._trust = agent, url, trust
        self._socket: LinkSocket | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_linked = False
        self._told: str | None = None  # why there is no link, said once

    @property
    def is_up(self) -> bool:
        return self._socket is not None and self._socket.link.is_open

    def start(self) -> None:
        self._task = spawn(self._run(), f"link to {self._url}", is_vital=True)

    async def stop(self) -> None:
        if self._socket is not None:
            self._socket.close("the agent stops")
        await stop(self._task)

    def drain(self) -> None:
        if self._socket is not None and self.is_up:
            self._socket.link.drain()
            self._socket.flush_now()

    def tell_load(self, load: int) -> None:
        if self._socket is not None and self.is_up:
            self._socket.link.tell_load(load)
            self._socket.flush_soon()

    # --- driver of the socket --------------------------------------------------------------------------------

    def connected(self, socket: LinkSocket) -> None:
        self._socket = socket
        socket.link.say_hello(self._agent.hello())

    def happened(self, socket: LinkSocket, event: Event) -> None:
        match event:
            case Opened():
                self._agent.opened(socket, event)
            case Welcomed(peers=peers):
                _log.info("linked", gateway=self._url)
                self._is_linked, self._told = True, None
                self._agent.is_linked.set()
                self._agent.told_peers(self._url, peers)
            case PeersTold(peers=peers):
                self._agent.told_peers(self._url, peers)
            case Refused(reason=reason):
                if self._told != reason:
                    self._told = reason
                    _log.error("the gateway refuses this agent; it goes on trying", gateway=self._url, reason=reason)
                socket.abort("refused")
            case Draining():
                _log.info("the gateway is stopping", gateway=self._url)
            case _:
                pass

    def disconnected(self, socket: LinkSocket, why: str) -> None:
        self._socket = None
        if self._is_linked:
            self._is_linked = False
            _log.warning("link down", gateway=self._url, why=why)
        else:
            self._tell_unreached(why)

    async def _run(self) -> None:
        backoff = Backoff(_FIRST_PAUSE_S, _LONGEST_PAUSE_S)
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            try:
                transport, _ = await picows.ws_connect(
                    lambda: LinkSocket(Side.AGENT, self, self._url),
                    self._url,
                    ssl_context=self._trust if self._url.startswith("wss:") else None,
                    max_frame_size=LARGEST_RECEIVED,
                    logger_name="link",
                )
                try:
                    await transport.wait_disconnected()
                finally:
                    transport.disconnect(graceful=False)
            except (OSError, TimeoutError, picows.WSError, ssl.SSLError) as error:
                self._tell_unreached(str(error) or type(error).__name__)
            if clock() - began > _STEADY_S:
                backoff.reset()
            await asyncio.sleep(backoff.next_pause_s())

    def _tell_unreached(self, why: str) -> None:
        if self._told is None:
            self._told = why
            _log.warning("gateway is not reached", gateway=self._url, error=why)


def _readable(peers: Iterable[str]) -> Iterator[str]:
    """Where they take links. One that is told wrongly costs nobody the others."""
    for url in peers:
        try:
            yield link_url(url)
        except ValueError as error:
            _log.error("a gateway is told whose URL cannot be read", url=url[:200], error=str(error))
