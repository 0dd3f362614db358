"""Requests to a bridge as its router makes them, and as a router with a fault would."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from hedgerow import __version__
from hedgerow.bridging import wire
from hedgerow.core.claims import DisprovedError, expect
from hedgerow.core.clock import Clock
from hedgerow.core.errors import InputError
from hedgerow.core.secrets import Secret
from hedgerow.net.bridge_signature import signature

T = TypeVar("T")

_TIMEOUT_S = 45.0
"""Longer than the longest poll."""
_MOST_BYTES = 8 * 1024 * 1024
_MOST_EVENTS = 10_000


@dataclass(frozen=True, slots=True)
class Answer:
    """As it came."""

    asked: str
    status: int
    body: bytes

    def read(self, kind: type[T], *statuses: int) -> T:
        """Raises DisprovedError for another status (200, where none is named) and for what does not fit the schema."""
        due = statuses or (200,)
        if self.status not in due:
            raise DisprovedError(f"{self.asked} answers {self.status} where {_either(due)} was due: {self._text}")
        try:
            return wire.decode(self.body, kind)
        except ValueError as error:
            raise DisprovedError(f"{self.asked} answers no {kind.__name__}: {error}") from None

    def problem(self, status: int, *codes: str) -> wire.Problem:
        """The Problem that was due, with one of the codes (any, when none is named). Raises DisprovedError."""
        found = self.read(wire.Problem, status)
        expect(not codes or found.code in codes, f"{self.asked} answers {found.code!r} where {_either(codes)} was due")
        expect(found.message, f"{self.asked} answers {status} without a message")
        return found

    @property
    def _text(self) -> str:
        return self.body[:200].decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event."""

    name: str
    id: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Keys:
    """With which a router shows who it is. secret: with which requests are signed, if they are."""

    token: Secret
    secret: Secret | None = None


class Client:
    """Of one bridge. Watches every answer for the secrets that it sends."""

    def __init__(self, url: str, keys: Keys, clock: Clock, tls: ssl.SSLContext | None = None) -> None:
        """url: with the path before `/info`. Raises InputError for what is no address."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(f"{url!r} is no address of a bridge, like https://bridge.example.org{wire.BASE}")
        self._parts, self._prefix = parts, parts.path.rstrip("/")
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self.keys, self._clock = keys, clock
        self._tls = (tls or ssl.create_default_context()) if parts.scheme == "https" else None
        self.leaks: list[str] = []
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Client:
        connector = aiohttp.TCPConnector(ssl=self._tls or True, limit=64)
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def call(
        self, method: str, path: str, body: bytes = b"", *, keys: Keys | None = None, skew_ms: int = 0
    ) -> Answer:
        """One request. skew_ms: by how much the router's clock is off. Raises DisprovedError for no whole answer."""
        assert self._session is not None
        asked = f"{method} {path.partition('?')[0]}"
        headers = self._headers(method, path, body, keys or self.keys, skew_ms)
        url = URL(self._origin + self._prefix + path, encoded=True)
        try:
            async with self._session.request(
                method, url, data=body or None, headers=headers, allow_redirects=False
            ) as response:
                text = await response.content.read(_MOST_BYTES)
                answer = Answer(asked, response.status, text)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise DisprovedError(f"{asked} is not answered: {error or type(error).__name__}") from error
        self._watch(asked, text)
        return answer

    async def cut(self, method: str, path: str, body: bytes) -> None:
        """Sends a request, whole, and is gone before the answer."""
        lines = [f"{name}: {value}" for name, value in self._headers(method, path, body, self.keys, 0).items()]
        head = [f"{method} {self._prefix}{path} HTTP/1.1", f"Host: {self._parts.netloc}", *lines]
        raw = "\r\n".join([*head, f"Content-Length: {len(body)}", "", ""]).encode() + body
        port = self._parts.port or (443 if self._tls else 80)
        try:
            _, writer = await asyncio.open_connection(self._parts.hostname, port, ssl=self._tls)
        except OSError as error:
            raise DisprovedError(f"the bridge takes no connection: {error}") from error
        writer.write(raw)
        with contextlib.suppress(OSError):
            await writer.drain()
            writer.close()
            await writer.wait_closed()

    @contextlib.asynccontextmanager
    async def events(self, last_id: str | None = None) -> AsyncIterator[AsyncIterator[Event]]:
        """The stream of events, from where `last_id` was the last. Raises DisprovedError when there is none."""
        assert self._session is not None
        headers = self._headers("GET", "/events", b"", self.keys, 0)
        headers["Accept"] = "text/event-stream"
        if last_id is not None:
            headers["Last-Event-ID"] = last_id
        url = URL(f"{self._origin}{self._prefix}/events", encoded=True)
        try:
            response = await self._session.get(url, headers=headers)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise DisprovedError(f"GET /events is not answered: {error or type(error).__name__}") from error
        try:
            if response.status != 200 or response.content_type != "text/event-stream":
                raise DisprovedError(f"GET /events answers {response.status} {response.content_type}")
            yield self._told(response.content)
        finally:
            response.close()

    async def _told(self, lines: aiohttp.StreamReader) -> AsyncIterator[Event]:
        fields: dict[str, str] = {}
        for _ in range(_MOST_EVENTS):
            try:
                line = (await lines.readline()).decode(errors="replace")
            except (aiohttp.ClientError, ValueError):  # cut, or a line without end
                return
            if not line:
                return
            name, _, value = line.rstrip("\r\n").partition(":")
            if name:
                fields[name] = value.removeprefix(" ")
            elif "data" in fields:
                data = fields["data"].encode()
                self._watch("GET /events", data)
                yield Event(fields.get("event", "message"), fields.get("id", ""), data)
                fields = {}
            else:  # a comment keeps the connection alive
                fields = {}

    def _headers(self, method: str, path: str, body: bytes, keys: Keys, skew_ms: int) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {keys.token.reveal()}", "User-Agent": f"hedgerow/{__version__}"}
        if body:
            headers["Content-Type"] = "application/json"
        if keys.secret is not None:
            at_ms = self._clock.now_ms() + skew_ms
            headers["X-Bridge-Timestamp"] = str(at_ms)
            headers["X-Bridge-Signature"] = signature(keys.secret, at_ms, method, self._prefix + path, body)
        return headers

    def _watch(self, asked: str, text: bytes) -> None:
        """Notes an answer that holds what no answer may hold."""
        for name, secret in (("token", self.keys.token), ("signing secret", self.keys.secret)):
            if secret and secret.reveal().encode() in text and len(self.leaks) < 10:
                self.leaks.append(f"{asked} tells the {name}")


def _either(values: tuple[object, ...]) -> str:
    return " or ".join(str(value) for value in values)
