"""The three APIs: the generated operations, and what stands beside them by hand: streams, fetches, relays, events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from hedgerow.client.abp.methods import AsyncBetPlacing, SyncBetPlacing
from hedgerow.client.background import Relay, Stream
from hedgerow.client.call import Call
from hedgerow.client.mm.methods import AsyncMarketMaking, SyncMarketMaking
from hedgerow.client.relays import AsyncRelay
from hedgerow.client.scraping.methods import AsyncNetwork, SyncNetwork
from hedgerow.client.scraping.models import FetchResponse
from hedgerow.client.service import Service
from hedgerow.client.sessions.events import Event, EventParser
from hedgerow.client.sessions.making import Channel as MakingChannel
from hedgerow.client.sessions.making import MakingSession
from hedgerow.client.sessions.placing import Channel as PlacingChannel
from hedgerow.client.sessions.placing import PlacingSession
from hedgerow.client.sessions.relay import Target
from hedgerow.client.sessions.session import Position
from hedgerow.client.streams import AsyncStream, Reconnects

_DEFAULT = Reconnects()


def _placing_stream(
    service: Service,
    channels: tuple[PlacingChannel, ...],
    is_reliable: bool,
    is_automatic: bool,
    resume: Position | None,
    reconnects: Reconnects,
) -> AsyncStream:
    session = PlacingSession(service.key, channels, is_reliable=is_reliable, resume=resume)
    return AsyncStream(service.socket_url("/ws"), session, is_automatic=is_automatic, reconnects=reconnects)


def _making_stream(service: Service, channels: tuple[MakingChannel, ...], reconnects: Reconnects) -> AsyncStream:
    session = MakingSession(service.key, channels)
    return AsyncStream(service.socket_url("/ws/subscribe"), session, reconnects=reconnects)


class AsyncAbp(AsyncBetPlacing):
    """Automated bet placing."""

    def stream(
        self,
        *channels: PlacingChannel,
        is_reliable: bool = True,
        is_automatic: bool = True,
        resume: Position | None = None,
        reconnects: Reconnects = _DEFAULT,
    ) -> AsyncStream:
        """Changes on the channels, all of them where none is named. is_reliable: nothing is lost while a connection is;
        is_automatic: a message is acknowledged when the next is asked for. resume: an earlier stream's position."""
        return _placing_stream(self._http.service, channels, is_reliable, is_automatic, resume, reconnects)


class Abp(SyncBetPlacing):
    """Automated bet placing."""

    def stream(
        self,
        *channels: PlacingChannel,
        is_reliable: bool = True,
        is_automatic: bool = True,
        resume: Position | None = None,
        reconnects: Reconnects = _DEFAULT,
    ) -> Stream:
        """As `AsyncAbp.stream`."""
        service = self._http.service
        return Stream(lambda: _placing_stream(service, channels, is_reliable, is_automatic, resume, reconnects))


class AsyncMm(AsyncMarketMaking):
    """Market making."""

    def stream(self, *channels: MakingChannel, reconnects: Reconnects = _DEFAULT) -> AsyncStream:
        """Changes on the channels, all of them where none is named. A lost connection is told as a gap."""
        return _making_stream(self._http.service, channels, reconnects)


class Mm(SyncMarketMaking):
    """Market making."""

    def stream(self, *channels: MakingChannel, reconnects: Reconnects = _DEFAULT) -> Stream:
        """As `AsyncMm.stream`."""
        return Stream(lambda: _making_stream(self._http.service, channels, reconnects))


class AsyncScraping(AsyncNetwork):
    """The scraping network. Calls that targets shape are made by `hedgerow.client.scraping.asking`."""

    async def fetch(self, call: Call[FetchResponse]) -> FetchResponse:
        """What the target answered: `fetch(asking.fetch(url))`. Raises ClientError."""
        return await self._send(call)

    @asynccontextmanager
    async def events(self, call: Call[bytes]) -> AsyncIterator[AsyncIterator[Event]]:
        """Events of `asking.watch` and `asking.consume`, until they end. Raises ClientError."""
        async with self._http.events(call) as parts:
            yield _parsed(parts)

    def relay(self, target: Target) -> AsyncRelay:
        """A WebSocket to the target, opened by `async with`."""
        return _relay(self._http.service, target)


class Scraping(SyncNetwork):
    """The scraping network. Calls that targets shape are made by `hedgerow.client.scraping.asking`."""

    def fetch(self, call: Call[FetchResponse]) -> FetchResponse:
        """As `AsyncScraping.fetch`."""
        return self._send(call)

    @contextmanager
    def events(self, call: Call[bytes]) -> Iterator[Iterator[Event]]:
        """As `AsyncScraping.events`."""
        with self._http.events(call) as parts:
            parser = EventParser()
            yield (event for part in parts for event in parser.feed(part))

    def relay(self, target: Target) -> Relay:
        """A WebSocket to the target, opened by `with`."""
        return Relay(lambda: _relay(self._http.service, target))


def _relay(service: Service, target: Target) -> AsyncRelay:
    return AsyncRelay(service.socket_url("/ws"), service.key, target)


async def _parsed(parts: AsyncIterator[bytes]) -> AsyncIterator[Event]:
    parser = EventParser()
    async for part in parts:
        for event in parser.feed(part):
            yield event
