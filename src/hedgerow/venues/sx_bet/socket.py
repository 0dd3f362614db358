"""The socket under the stream: a fresh token for each connection, given up when it is not confirmed in time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from hedgerow.core.clock import Clock
from hedgerow.core.errors import VenueError
from hedgerow.core.tasks import spawn, stop
from hedgerow.net.egress import Egress
from hedgerow.net.stream import Stream, Target
from hedgerow.venues.base import EventSink
from hedgerow.venues.sx_bet.errors import VENUE
from hedgerow.venues.sx_bet.stream import PATH, RefOf, Send, Session

CONFIRMED_WITHIN_S = 10.0

_log = structlog.get_logger(__name__)


class AccountStream:
    """Implements net.stream.Conversation around a session."""

    def __init__(
        self,
        url: str,
        address: str,
        token: Callable[[], Awaitable[str]],
        sink: EventSink,
        clock: Clock,
        ref_of: RefOf,
        egress: Egress,
    ) -> None:
        """url: of the WebSocket host. token: asks for one; raises venue errors."""
        self.session = Session(address, sink, clock, ref_of, self._log_in, self._reconnect)
        self._token = token
        self._up = asyncio.Event()
        self._login: asyncio.Task[None] | None = None
        target = Target(url.rstrip("/") + ("" if url.rstrip("/").endswith(PATH) else PATH))
        self._stream = Stream(f"{VENUE} account", lambda: target, self, egress=egress)

    async def start(self) -> None:
        """Returns when the account is followed, or announces after a while that it is not yet."""
        self._stream.start()
        try:
            async with asyncio.timeout(CONFIRMED_WITHIN_S):
                await self._up.wait()
        except TimeoutError:
            self.session.announce_down("the stream could not be opened yet")

    async def stop(self) -> None:
        await stop(self._login)
        await self._stream.stop()

    # --- the conversation --------------------------------------------------------------------------------------

    def opened(self, send: Send) -> None:
        self.session.opened(send)

    def received(self, payload: memoryview, is_text: bool) -> None:
        self.session.received(payload, is_text)
        if self.session.is_up:
            self._up.set()

    def closed(self, code: int, reason: str) -> bool:
        if self._login is not None:
            self._login.cancel()
        return self.session.closed(code, reason)

    def _log_in(self) -> None:
        self._login = spawn(self._logged_in(), f"{VENUE} stream login")

    async def _logged_in(self) -> None:
        """Brings the session up, or drops the socket: its next one gets another token."""
        try:
            async with asyncio.timeout(CONFIRMED_WITHIN_S):
                self.session.connect(await self._token())
                while not self.session.is_up:
                    self._up.clear()
                    await self._up.wait()
        except (VenueError, TimeoutError) as error:
            _log.warning("stream not confirmed", venue=VENUE, error=str(error) or type(error).__name__)
            self._reconnect()

    def _reconnect(self) -> None:
        self._stream.reconnect()
