"""What our APIs push: one WebSocket for each key, shared by all its open pages, for a key may have five at most.

The conversation is sans-I/O; `net.stream` keeps the socket open. Pages are told of events and of the connection's
state; they read again what they show, so an event that was missed while the connection was down costs nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import partial
from typing import Any

import msgspec
import structlog

from hedgerow.core.secrets import Secret, key_hash
from hedgerow.core.tasks import Backoff, spawn, stop
from hedgerow.dashboard.apis import abp, mm
from hedgerow.dashboard.sessions import Kind
from hedgerow.net.stream import Stream, Target

LINGER_S = 10.0
"""How long a connection is kept without a page: going from one page to the next needs no new one."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 10.0
_NOT_ADMITTED = 4001
_TOO_MANY = 4003

_log = structlog.get_logger(__name__)


class Link(StrEnum):
    """How a connection to an API stands. REFUSED: the API does not take the key (any more)."""

    CONNECTING = "connecting"
    LIVE = "live"
    DOWN = "down"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that an API told. payload: the row, in the API's words. old: what changed, as it was before (market
    making tells it)."""

    kind: Kind
    channel: str
    event: str
    payload: Mapping[str, Any]
    old: Mapping[str, Any]


OnEvent = Callable[[Event], None]

_HELLO: Mapping[Kind, tuple[str, str, tuple[str, ...]]] = {
    Kind.MM: (mm.SOCKET, "subscribe", mm.CHANNELS),
    Kind.ABP: (abp.SOCKET, "login", abp.CHANNELS),
}
"""Path of the socket, the message that begins, and the channels that pages use."""
_WELCOMES = ("subscribed", "login_ok")
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


class Conversation:
    """With one API, by one key. tell: of each event; changed: when `link` has."""

    def __init__(self, kind: Kind, key: Secret, tell: OnEvent, changed: Callable[[], None]) -> None:
        self.link = Link.CONNECTING
        self._kind, self._key, self._tell, self._changed = kind, key, tell, changed
        self._send: Callable[[str | bytes], None] = lambda _: None

    def opened(self, send: Callable[[str | bytes], None]) -> None:
        self._send = send
        _, begin, channels = _HELLO[self._kind]
        send(msgspec.json.encode({"type": begin, "apiKey": self._key.reveal(), "channels": channels}).decode())

    def received(self, payload: memoryview, is_text: bool) -> None:
        match _decode(payload):
            case {"type": "broadcast" | "data", "channel": str(channel), "payload": dict(row)} as told:
                self._tell(Event(self._kind, channel, str(told.get("event", "")), row, told.get("old") or {}))
            case {"type": "ping"}:
                self._send('{"type":"pong"}')
            case {"type": kind} if kind in _WELCOMES:
                self._become(Link.LIVE)

    def closed(self, code: int, reason: str) -> bool:
        """Another connection is tried but where the key is refused: five connections are the most that a key may have,
        and somebody else's may end."""
        self._become(Link.REFUSED if code == _NOT_ADMITTED else Link.DOWN)
        if code == _TOO_MANY:
            _log.warning("the key has no connection left for the dashboard", api=self._kind)
        return code != _NOT_ADMITTED

    def _become(self, link: Link) -> None:
        if link is not self.link:
            self.link = link
            self._changed()


class Followed:
    """One key's connection, and the pages that listen."""

    def __init__(self, kind: Kind, url: str, key: Secret) -> None:
        self.followers: dict[object, tuple[OnEvent, Callable[[], None]]] = {}
        """Of each its listener and watcher, by a name of its own: several may share a function."""
        self._conversation = Conversation(kind, key, self._tell, self._changed)
        path, _, _ = _HELLO[kind]
        target = Target(url.replace("http", "ws", 1) + path)
        self._stream = Stream(
            f"dashboard {kind}",
            lambda: target,
            self._conversation,
            backoff=Backoff(_FIRST_PAUSE_S, _LONGEST_PAUSE_S),
        )

    @property
    def link(self) -> Link:
        return self._conversation.link

    def start(self) -> None:
        self._stream.start()

    async def stop(self) -> None:
        await self._stream.stop()

    def _tell(self, event: Event) -> None:
        for listener, _ in tuple(self.followers.values()):
            _safely(partial(listener, event))

    def _changed(self) -> None:
        for _, watcher in tuple(self.followers.values()):
            _safely(watcher)


def _safely(call: Callable[[], None]) -> None:
    """One page's fault is not the others': the connection is theirs as well."""
    try:
        call()
    except Exception:
        _log.exception("a page failed at what an API told")


class Followings:
    """All connections, by key. Bounded by the number of sessions."""

    def __init__(self, urls: Mapping[Kind, str]) -> None:
        self._urls = urls
        self._open: dict[tuple[Kind, bytes], Followed] = {}
        self._closing: dict[tuple[Kind, bytes], asyncio.Task[None]] = {}

    def follow(self, kind: Kind, key: Secret, listener: OnEvent, watcher: Callable[[], None]) -> Callable[[], None]:
        """Tells the listener of events and the watcher of changes of the link, until what is answered is called."""
        name = kind, key_hash(key.reveal())
        followed = self._open.get(name)
        if followed is None or followed.link is Link.REFUSED:
            followed = self._open[name] = Followed(kind, self._urls[kind], key)
            followed.start()
        if (closing := self._closing.pop(name, None)) is not None:
            closing.cancel()
        follower = object()
        followed.followers[follower] = listener, watcher

        def leave() -> None:
            followed.followers.pop(follower, None)
            if not followed.followers and name not in self._closing and self._open.get(name) is followed:
                self._closing[name] = spawn(self._close_later(name, followed), "dashboard lingers")

        return leave

    def link(self, kind: Kind, key: Secret) -> Link:
        """How the connection stands."""
        followed = self.followed(kind, key)
        return followed.link if followed is not None else Link.CONNECTING

    def followed(self, kind: Kind, key: Secret) -> Followed | None:
        """The key's connection; None where nobody follows, or has for a while."""
        return self._open.get((kind, key_hash(key.reveal())))

    async def stop(self) -> None:
        await stop(*self._closing.values())
        for followed in self._open.values():
            await followed.stop()
        self._open.clear()

    async def _close_later(self, name: tuple[Kind, bytes], followed: Followed) -> None:
        await asyncio.sleep(LINGER_S)
        del self._closing[name]
        if self._open.get(name) is followed:
            del self._open[name]
        await followed.stop()
