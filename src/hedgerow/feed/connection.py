"""The feed's stream as one thing, although for a moment two sockets may carry it.

A new login needs a new socket: when the server asks for it, when the selection changes, when the present one has gone
silent. The new one is opened first and the old one let go when the new one is logged in, so that nothing is missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import structlog

from hedgerow.core.clock import NS_PER_MS, Clock
from hedgerow.core.secrets import Secret
from hedgerow.core.tasks import Backoff, spawn
from hedgerow.feed import wire
from hedgerow.feed.codec import Frame, MalformedFrameError
from hedgerow.feed.session import Cursors, ReceiveType, Session, Wanted
from hedgerow.net.stream import Stream, Target

_log = structlog.get_logger(__name__)

_LOGIN_WITHIN_S = 10.0


class Receiver(Protocol):
    """Who is told what happens. Called on the loop; must not block."""

    def frame(self, frame: Frame, session: Session, received_ns: int) -> None:
        """Any frame, control frames included; `session` has the text and codec that it was decoded from."""
        ...

    def up(self, now_ms: int, missing: tuple[str, ...], *, has_gap: bool) -> None:
        """Logged in. missing: what was asked for and will not be sent; has_gap: whether frames were missed."""
        ...

    def down(self, why: str, *, is_final: bool) -> None:
        """Nothing is logged in any more; final: nor will it be until a person has done something."""
        ...


class Connection:
    """Keeps the feed's stream up with the present selection."""

    def __init__(
        self,
        url: str,
        key: Secret,
        wanted: Wanted,
        clock: Clock,
        receiver: Receiver,
        *,
        backoff: Callable[[], Backoff] = Backoff,
    ) -> None:
        self.wanted = wanted
        self.cursors = Cursors()
        self.clock, self.receiver = clock, receiver
        self._url, self._key, self._backoff = url, key, backoff
        self._links: list[_Link] = []

    @property
    def is_up(self) -> bool:
        return any(link.is_logged_in for link in self._links)

    def renew(self, wanted: Wanted | None = None, *, distrust: bool = False) -> None:
        """Logs in anew on a new socket, with a new selection where one is given. distrust: what the present socket
        brought may not have been all."""
        self.wanted = wanted or self.wanted
        for link in list(self._links):
            link.is_trusted = link.is_trusted and not distrust
            if not link.is_logged_in:
                self._retire(link)
        link = _Link(self, self._url, self._backoff())
        self._links.append(link)
        link.stream.start()

    async def stop(self) -> None:
        """Closes every socket."""
        links, self._links = self._links, []
        for link in links:
            link.is_retired = True
            await link.stream.stop()

    def new_session(self) -> Session:
        return Session(self._key, self.wanted, self.cursors)

    def logged_in(self, link: _Link, now_ms: int) -> None:
        """A link is logged in: it takes over from the others."""
        others = [other for other in self._links if other is not link]
        has_gap = not any(other.is_logged_in and other.is_trusted for other in others)
        for other in others:
            self._retire(other)
        self.receiver.up(now_ms, link.session.missing, has_gap=has_gap)

    def closed(self, link: _Link, code: int, reason: str) -> bool:
        """A link's socket is gone; answers whether it is to come back."""
        was_up = self.is_up
        ending = link.session.closed(code, reason)
        link.is_logged_in = False
        if ending.compress:
            self.wanted = replace(self.wanted, receive_type=ReceiveType.ZSTD_DICT)
        if not ending.comes_back:
            self._links.remove(link)
        if not self._links or (was_up and not self.is_up):
            self.receiver.down(ending.why, is_final=not self._links)
        return ending.comes_back

    def _retire(self, link: _Link) -> None:
        link.is_retired = True
        self._links.remove(link)
        spawn(link.stream.stop(), "feed link let go")


class _Link:
    """One socket of the connection, through all its attempts."""

    def __init__(self, owner: Connection, url: str, backoff: Backoff) -> None:
        self.session = owner.new_session()
        self.is_logged_in = False
        self.is_trusted = True
        self.is_retired = False
        self._owner = owner
        self._deadline: asyncio.TimerHandle | None = None
        self.stream = Stream("odds feed", lambda: Target(url), self, backoff=backoff)

    def opened(self, send: Callable[[str | bytes], None]) -> None:
        self.session = self._owner.new_session()
        self.is_trusted = True
        self._deadline = asyncio.get_running_loop().call_later(_LOGIN_WITHIN_S, self._give_up_login)
        send(self.session.login(self._owner.clock.now_ms()))

    def received(self, payload: memoryview, is_text: bool) -> None:
        if self.is_retired:
            return
        received_ns = self._owner.clock.now_ns()
        try:
            frame = self.session.receive(payload, is_text)
        except MalformedFrameError as error:
            _log.error("the feed sent what is no message", why=str(error))
            self.stream.reconnect()
            return
        if type(frame) is wire.LoginOk:
            self.is_logged_in = True
            self._cancel_deadline()
            self._owner.logged_in(self, received_ns // NS_PER_MS)
        self._owner.receiver.frame(frame, self.session, received_ns)

    def closed(self, code: int, reason: str) -> bool:
        self._cancel_deadline()
        return not self.is_retired and self._owner.closed(self, code, reason)

    def _give_up_login(self) -> None:
        _log.warning("the feed does not answer the login", within_s=_LOGIN_WITHIN_S)
        self.stream.reconnect()

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
