"""What gateways of one deployment tell each other over the bus: that they are there, and how requests went.

Movement, not truth: whoever misses a message chooses a little worse for a while.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from collections.abc import Set

import msgspec
import structlog

from hedgerow.bus.nats import Bus, BusError
from hedgerow.bus.subjects import SCRAPING_GATEWAYS, SCRAPING_REPORTS
from hedgerow.core.clock import Clock
from hedgerow.core.tasks import spawn, stop
from hedgerow.scraping.gateway.health import HealthBook, Report
from hedgerow.scraping.gateway.links import Links

BEAT_EVERY_S = 2.0
GONE_AFTER_S = 10.0
TELL_EVERY_S = 0.25
_MOST_UNTOLD = 10_000
_MOST_IN_MESSAGE = 500
_MOST_GATEWAYS = 32

_log = structlog.get_logger(__name__)


class Beat(msgspec.Struct, frozen=True):
    """A gateway is there. url: where agents reach it."""

    gateway: str
    url: str


class Told(msgspec.Struct, frozen=True):
    """Outcomes that a gateway has seen."""

    gateway: str
    reports: list[Report]


class Heard(msgspec.Struct, frozen=True):
    """The same as it comes: a gateway hears its own outcomes too, which are as many as its requests."""

    gateway: str
    reports: msgspec.Raw


_beat = msgspec.msgpack.Decoder(Beat)
_heard = msgspec.msgpack.Decoder(Heard)
_reports = msgspec.msgpack.Decoder(list[Report])
_encode = msgspec.msgpack.Encoder().encode


class Sharing:
    """One gateway's voice and ear."""

    def __init__(self, bus: Bus, links: Links, book: HealthBook, clock: Clock, url: str) -> None:
        self._bus, self._links, self._book, self._clock = bus, links, book, clock
        self._me = Beat(uuid.uuid4().hex, url)
        self._seen: dict[str, tuple[str, float]] = {}  # URL and when it was heard, by gateway
        self._untold: deque[Report] = deque(maxlen=_MOST_UNTOLD)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Also when the bus is down: it takes effect when it is up."""
        await self._bus.subscribe(SCRAPING_GATEWAYS, self._on_beat)
        await self._bus.subscribe(SCRAPING_REPORTS, self._on_reports)
        self._tell_links()
        self._tasks = [
            spawn(self._beat(), "beat of the gateway", is_vital=True),
            spawn(self._tell(), "telling of outcomes", is_vital=True),
        ]

    async def stop(self) -> None:
        await stop(*self._tasks)

    def share(self, report: Report) -> None:
        """Told to the others soon; the oldest are dropped when there is too much."""
        self._untold.append(report)

    @property
    def gateways(self) -> tuple[str, ...]:
        """URLs of all gateways, this one's first."""
        return (self._me.url, *sorted({url for url, _ in self._seen.values()} - {self._me.url}))

    @property
    def name(self) -> str:
        """By which other gateways know this one."""
        return self._me.gateway

    @property
    def others(self) -> Set[str]:
        """Names of the gateways that were heard lately."""
        return self._seen.keys()

    async def _beat(self) -> None:
        while True:
            if await self._tell_of_me():
                self._forget_gone()
            self._tell_links()
            await asyncio.sleep(BEAT_EVERY_S)

    async def _tell_of_me(self) -> bool:
        """False while the bus is down, which it says by itself."""
        try:
            await self._bus.publish(SCRAPING_GATEWAYS, _encode(self._me))
        except BusError:
            return False
        return True

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(TELL_EVERY_S)
            while self._untold and self._bus.is_up:
                reports = [self._untold.popleft() for _ in range(min(len(self._untold), _MOST_IN_MESSAGE))]
                try:
                    await self._bus.publish(SCRAPING_REPORTS, _encode(Told(self._me.gateway, reports)))
                except BusError:
                    break

    async def _on_beat(self, _: str, message: bytes) -> None:
        beat = _beat.decode(message)
        is_new = beat.gateway not in self._seen
        if beat.gateway == self._me.gateway or (is_new and len(self._seen) >= _MOST_GATEWAYS):
            return
        self._seen[beat.gateway] = beat.url, asyncio.get_running_loop().time()
        if is_new:
            _log.info("another gateway is there", gateway=beat.url)
            self._tell_links()
            await self._tell_of_me()  # it hears of this one at once, not with the next beat

    async def _on_reports(self, _: str, message: bytes) -> None:
        heard = _heard.decode(message)
        if heard.gateway != self._me.gateway:
            now_ms = self._clock.now_ms()
            for report in _reports.decode(heard.reports):
                self._book.note(report, now_ms)

    def _forget_gone(self) -> None:
        """While the bus is down nobody is heard, and nobody is forgotten."""
        now_s = asyncio.get_running_loop().time()
        self._seen = {name: seen for name, seen in self._seen.items() if now_s - seen[1] < GONE_AFTER_S}

    def _tell_links(self) -> None:
        self._links.tell_peers(self.gateways)
