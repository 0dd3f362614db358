"""The Chrome DevTools Protocol over a pair of sockets: commands out, answers and events in.

A browser that is spoken to over inherited descriptors opens no port that a page or another user could connect to, and
ends by itself when we are gone. Only events that somebody listens to are decoded.
Source: the protocol's published description (version 1.3), Chromium's `--remote-debugging-pipe` (messages end in NUL).
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import Callable
from typing import Any, TypeVar, cast

import msgspec
import structlog

from hedgerow.core.errors import HedgerowError

T = TypeVar("T")

MOST_MESSAGE = 96 * 1024 * 1024
"""A longer one is dropped, and costs whoever asked for it: a rendered page is at most a third of it."""

Params = dict[str, Any]
Listener = Callable[[Params], None]


class CdpError(HedgerowError):
    """The browser refused a command."""


class BrowserGone(HedgerowError):  # noqa: N818
    """The browser ended, or its page crashed."""


_log = structlog.get_logger(__name__)


class _Message(msgspec.Struct, rename="camel"):
    id: int | None = None
    method: str = ""
    session_id: str = ""
    params: msgspec.Raw = msgspec.Raw(b"{}")
    result: msgspec.Raw = msgspec.Raw(b"{}")
    error: Params | None = None


_ANSWER = re.compile(rb'\{"id":(\d+)')
_decode = msgspec.json.Decoder(_Message).decode
_decode_any: Callable[[bytes | msgspec.Raw], Any] = msgspec.json.decode
_encode = msgspec.json.Encoder().encode


class Target:
    """One side of the conversation: the browser itself, or a page that is attached to."""

    def __init__(self, connection: Connection, session_id: str) -> None:
        self._connection, self._session_id = connection, session_id
        self.listeners: dict[str, Listener] = {}
        self.gone: str | None = None
        """Why commands are answered no more."""
        self.when_gone: Callable[[str], object] = lambda _: None
        """Called once, with why."""

    def send(self, method: str, **params: Any) -> asyncio.Future[Params]:
        """Sends at once; the answer comes later. The answer raises CdpError, BrowserGone."""
        return self._connection.send(self, self._session_id, method, params)

    async def call(self, method: str, **params: Any) -> Params:
        """Raises CdpError, BrowserGone."""
        return await self.send(method, **params)

    def on(self, event: str, listener: Listener) -> None:
        """Calls the listener for each such event, in order."""
        self.listeners[event] = listener

    def end(self, why: str) -> None:
        """Whoever waits for an answer is told that none comes."""
        if self.gone is None:
            self.gone = why
            self._connection.fail(self, why)
            self.when_gone(why)


class Connection(asyncio.Protocol):
    """The conversation with one browser."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._searched = 0
        self._is_dropping = False
        self._number = 0
        self._waiting: dict[int, tuple[Target, asyncio.Future[Params]]] = {}
        self._targets: dict[str, Target] = {}
        self.browser = self.target("")
        self.ended = asyncio.Event()

    @classmethod
    async def on(cls, connected: socket.socket) -> Connection:
        """Speaks on our end of the pair."""
        _, connection = await asyncio.get_running_loop().create_unix_connection(cls, sock=connected)
        return connection

    def target(self, session_id: str) -> Target:
        target = self._targets[session_id] = Target(self, session_id)
        return target

    def forget(self, target: Target) -> None:
        """Of a page that is being closed: its late events find nobody."""
        target.end("the page was closed")
        self._targets = {key: kept for key, kept in self._targets.items() if kept is not target}

    def send(self, target: Target, session_id: str, method: str, params: Params) -> asyncio.Future[Params]:
        answer: asyncio.Future[Params] = asyncio.get_running_loop().create_future()
        if self._transport is None or target.gone is not None:
            answer.set_exception(BrowserGone(target.gone or "the browser ended"))
            return _heard(answer)
        self._number += 1
        message: Params = {"id": self._number, "method": method, "params": params}
        if session_id:
            message["sessionId"] = session_id
        self._waiting[self._number] = target, answer
        self._transport.write(_encode(message) + b"\0")
        return _heard(answer)

    def fail(self, target: Target, why: str) -> None:
        for number, (asked, answer) in list(self._waiting.items()):
            if asked is target:
                del self._waiting[number]
                if not answer.done():
                    answer.set_exception(BrowserGone(why))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # --- asyncio ---------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclasses

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self.ended.set()
        for target in list(self._targets.values()):
            target.end("the browser ended")

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\0", self._searched)) >= 0:
            message = bytes(self._received[:end])
            del self._received[: end + 1]
            self._searched = 0
            if self._is_dropping:
                self._is_dropping = False
            else:
                self._on_message(_read(message, _decode))
        self._searched = len(self._received)
        if self._searched > MOST_MESSAGE:
            self._drop()

    # --- inside ----------------------------------------------------------------------------------------------

    def _drop(self) -> None:
        """Takes no more of the message that comes in; what asked for it, if it is an answer, is told."""
        number = None if self._is_dropping else _ANSWER.match(self._received)
        if number is not None and (asked := self._waiting.pop(int(number[1]), None)) and not asked[1].done():
            asked[1].set_exception(CdpError("the answer is too large"))
        self._is_dropping, self._searched = True, 0
        self._received.clear()

    def _on_event(self, message: _Message) -> None:
        """What a page makes of its events costs itself alone."""
        target = self._targets.get(message.session_id)
        listener = target.listeners.get(message.method) if target is not None else None
        if target is None or listener is None:
            return
        try:
            listener(_read(message.params, _decode_any))
        except Exception:
            _log.exception("an event of a page was not understood", method=message.method)
            target.end("the browser told of the page what is not understood")

    def _on_message(self, message: _Message) -> None:
        if message.id is None:
            self._on_event(message)
            return
        _, answer = self._waiting.pop(message.id, (None, None))
        if answer is None or answer.done():
            return
        if message.error is not None:
            answer.set_exception(CdpError(str(message.error.get("message", "refused"))))
        else:
            answer.set_result(_read(message.result, _decode_any))


def _read(text: bytes | msgspec.Raw, decode: Callable[[bytes | msgspec.Raw], T]) -> T:
    """Pages have halves of characters in their texts (lone surrogates), which are no JSON; they become `?`."""
    try:
        return decode(text)
    except msgspec.DecodeError:
        whole = json.dumps(json.loads(bytes(text).decode("utf-8", "replace")), ensure_ascii=False)
        return decode(whole.encode("utf-8", "replace"))


def _heard(answer: asyncio.Future[Params]) -> asyncio.Future[Params]:
    """Answers that nobody waits for may fail silently: the page may be gone."""
    answer.add_done_callback(lambda done: done.cancelled() or done.exception())
    return answer
