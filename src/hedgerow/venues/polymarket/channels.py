"""The sockets under the two conversations: one for the account, as many for the markets as their tokens need."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from hedgerow.core.tasks import spawn, stop
from hedgerow.net.egress import Egress
from hedgerow.net.stream import Stream, Target
from hedgerow.venues.base import EventSink, PublicSink
from hedgerow.venues.polymarket.books import PublicBooks
from hedgerow.venues.polymarket.stream import PING, PING_EVERY_S, SILENCE_S, MarketSession, Session, UserSession

_LOOK_EVERY_S = 5.0

_log = structlog.get_logger(__name__)

S = TypeVar("S", bound=Session)


@dataclass(frozen=True, slots=True)
class _Channel(Generic[S]):
    """A conversation, its socket, and the task that notices silence."""

    session: S
    stream: Stream
    watch: asyncio.Task[None]

    async def close(self) -> None:
        await stop(self.watch)
        await self.stream.stop()


class Channels:
    """Opens, follows and closes the sockets of one account."""

    def __init__(self, base_url: str, egress: Egress) -> None:
        """base_url: of the WebSocket host; an http one is taken for the ws one at the same place."""
        self._base_url = "ws" + base_url.removeprefix("http") if base_url.startswith("http") else base_url
        self._egress = egress
        self._user: _Channel[UserSession] | None = None
        self._markets: list[_Channel[MarketSession]] = []
        self.shown: PublicSink | None = None
        """Takes everybody's orders and trades on what is followed from now on."""

    async def open(self, session: UserSession, is_ready: asyncio.Event, within_s: float) -> None:
        """Starts the account's channel and waits for it at most so long; later it comes up by itself."""
        self._user = self._start("/ws/user", session)
        try:
            async with asyncio.timeout(within_s):
                await is_ready.wait()
        except TimeoutError:
            session.announce_gap(f"user channel is not up after {within_s} s")

    async def close(self) -> None:
        channels: list[_Channel[UserSession] | _Channel[MarketSession]] = [*self._markets]
        if self._user is not None:
            channels.append(self._user)
        self._user, self._markets = None, []
        await asyncio.gather(*(channel.close() for channel in channels))

    async def follow(self, tokens: Collection[str], sink: EventSink) -> None:
        """Follows the markets of these tokens, and no others."""
        for channel in self._markets:
            channel.session.drop(channel.session.tokens.difference(tokens))
        followed = {token for channel in self._markets for token in channel.session.tokens}
        fresh = [token for token in tokens if token not in followed]
        for channel in self._markets:
            fitting, fresh = fresh[: channel.session.room], fresh[channel.session.room :]
            channel.session.add(fitting)
        while fresh:
            session = MarketSession(sink, PublicBooks(self.shown) if self.shown is not None else None)
            fitting, fresh = fresh[: session.room], fresh[session.room :]
            session.add(fitting)
            self._markets.append(self._start("/ws/market", session))
        idle = [channel for channel in self._markets if not channel.session.tokens]
        self._markets = [channel for channel in self._markets if channel.session.tokens]
        await asyncio.gather(*(channel.close() for channel in idle))

    def _start(self, path: str, session: S) -> _Channel[S]:
        stream = Stream(
            f"polymarket {session.name}",
            lambda: Target(self._base_url + path),
            session,
            says=(PING, PING_EVERY_S),
            egress=self._egress,
        )
        stream.start()
        return _Channel(session, stream, spawn(_end_silence(session, stream), f"polymarket {session.name} silence"))


async def _end_silence(session: Session, stream: Stream) -> None:
    """Drops a socket over which nothing has come for too long; the loop's time, for sockets know no other."""
    quiet_s = 0.0
    while True:
        heard = session.frames
        await asyncio.sleep(_LOOK_EVERY_S)
        quiet_s = quiet_s + _LOOK_EVERY_S if stream.is_up and session.frames == heard else 0.0
        if quiet_s >= SILENCE_S:
            _log.warning("channel is silent", stream=stream.name, silent_s=quiet_s)
            stream.reconnect()
            quiet_s = 0.0
