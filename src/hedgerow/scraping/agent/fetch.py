"""One HTTP request of an agent: sent within the rules, redirects followed hop by hop through them, the body passed on
as it comes, unpacked and bounded.

Sources: RFC 9110 sections 15.4 (redirects) and 7.6.1 (hop-by-hop fields); Fetch Standard, "HTTP-redirect fetch" (what
a redirect changes, and what another origin is not told).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
from pyreqwest.client import Client
from pyreqwest.exceptions import (
    BuilderError,
    ConnectError,
    PyreqwestError,
    RequestTimeoutError,
)
from pyreqwest.http import Url
from pyreqwest.request import StreamRequest
from pyreqwest.response import Response

from hedgerow.core.secrets import Secret
from hedgerow.scraping.agent.clients import Clients
from hedgerow.scraping.agent.dial import Dialer, DialError, Way
from hedgerow.scraping.agent.socks import SocksGuard
from hedgerow.scraping.agent.work import WorkFailed
from hedgerow.scraping.guard import Lists
from hedgerow.scraping.link import MOST_CHUNK, CutCode
from hedgerow.scraping.linksocket import Channel
from hedgerow.scraping.messages import MOST_BODY, MOST_TIMEOUT_S, FetchAnswer, FetchRequest
from hedgerow.scraping.upstream import Upstream

MOST_REDIRECTS = 10
_AT_ONCE = 256 * 1024
"""Answers of a known length up to this are passed on in one piece."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEEPS_METHOD = frozenset({307, 308})
_OF_ONE_ORIGIN = frozenset({"authorization", "cookie", "proxy-authorization"})
_OF_A_BODY = frozenset({"content-length", "content-type", "content-encoding", "content-language", "content-location"})
_NO_BODY = frozenset({204, 304})

_decode = msgspec.msgpack.Decoder(FetchRequest).decode
_encode = msgspec.msgpack.Encoder().encode


class Fetcher:
    """Serves streams of kind FETCH."""

    def __init__(self, clients: Clients, dialer: Dialer, guard: SocksGuard) -> None:
        self._clients, self._dialer, self._guard = clients, dialer, guard

    async def serve(self, channel: Channel, head: bytes) -> None:
        """Raises WorkFailed, StreamCut."""
        request, way = _understood(head)
        phase = _Phase()
        try:
            async with asyncio.timeout(min(request.timeout_s, MOST_TIMEOUT_S)):
                with self._clients.lend(way) as lent:
                    await _Fetch(self, channel, request, way, lent, phase).run()
        except TimeoutError:
            detail = f"no whole answer within {request.timeout_s:g} s ({phase.name})"
            raise WorkFailed(CutCode.TIMED_OUT, detail) from None

    def check(self, url: Url, way: Way) -> None:
        """Refuses at once what no resolution can save. Raises WorkFailed."""
        try:
            self._dialer.check(_host(url), _port(url), way)
        except DialError as error:
            raise WorkFailed(error.code, error.detail) from None

    def why_not(self, name: str, url: Url) -> DialError | None:
        """Why the guard made no connection for the URL."""
        return self._guard.why_not(name, _host(url), _port(url))


class _Phase:
    """What a request waits for, as a timeout tells it."""

    name = "waiting for the answer"


class _Fetch:
    """One request on its way."""

    def __init__(
        self,
        fetcher: Fetcher,
        channel: Channel,
        request: FetchRequest,
        way: Way,
        lent: tuple[Client, str],
        phase: _Phase,
    ) -> None:
        self._fetcher, self._channel, self._way = fetcher, channel, way
        self._client, self._name = lent
        self._method, self._url = request.method, _parsed(request.url)
        self._headers = request.headers
        self._follows = request.follows
        self._phase = phase
        self._body: bytes | None = None  # None: it is passed on as it comes

    async def run(self) -> None:
        if self._channel.is_whole:
            self._body = await _whole_body(self._channel)
        for hop in range(MOST_REDIRECTS + 1):
            self._fetcher.check(self._url, self._way)
            try:
                async with self._sent() as response:
                    following = self._next(response)
                    if following is None:
                        await self._answer(response)
                        return
            except ConnectError as error:
                raise self._not_connected(error) from None
            except RequestTimeoutError:
                raise TimeoutError from None
            except PyreqwestError as error:
                raise WorkFailed(CutCode.BROKEN, f"the target broke off: {_cause(error)}") from None
            if hop == MOST_REDIRECTS:
                raise WorkFailed(CutCode.BROKEN, f"more than {MOST_REDIRECTS} redirects")
            self._redirect(following, response.status)

    def _sent(self) -> StreamRequest:
        try:
            builder = self._client.request(self._method, self._url).headers(self._headers)
            if self._body is None:
                builder = builder.body_stream(_passed_on(self._channel))
            elif self._body:
                builder = builder.body_bytes(self._body)
            return builder.streamed_read_buffer_limit(_AT_ONCE).build_streamed()
        except (BuilderError, ValueError) as error:
            raise WorkFailed(CutCode.INVALID, f"the request cannot be sent: {_cause(error)}") from None

    async def _answer(self, response: Response) -> None:
        headers = list(response.headers.items())
        head = FetchAnswer(response.status, _without_fragment(self._url), _version(response.version), headers)
        self._phase.name = "reading the body"
        self._channel.answer(_encode(head))
        if self._method == "HEAD" or response.status in _NO_BODY:
            await self._channel.write(b"", is_last=True)
            return
        length = response.get_header("content-length")
        if length is not None and length.isdecimal() and int(length) <= _AT_ONCE:
            await self._channel.write(bytes(await response.bytes()), is_last=True)
            return
        await self._pass_body(response)

    async def _pass_body(self, response: Response) -> None:
        reader, size = response.body_reader, 0
        while (part := await reader.read(MOST_CHUNK)) is not None:
            size += len(part)
            if size > MOST_BODY:
                raise WorkFailed(CutCode.TOO_LARGE, f"the body is larger than {MOST_BODY // 1024 // 1024} MiB")
            if part:
                await self._channel.write(bytes(part))
        await self._channel.write(b"", is_last=True)

    # --- redirects -------------------------------------------------------------------------------------------

    def _next(self, response: Response) -> Url | None:
        """Where to go on; None when this is the answer."""
        location = response.get_header("location")
        if not self._follows or response.status not in _REDIRECTS or not location:
            return None
        if response.status in _KEEPS_METHOD and self._body is None:
            return None  # a body that was passed on is gone
        try:
            following = self._url.join(location)
        except ValueError:
            return None
        return following if following.scheme in ("http", "https") and following.host_str else None

    def _redirect(self, following: Url | None, status: int) -> None:
        assert following is not None
        if status not in _KEEPS_METHOD and (
            (status == 303 and self._method not in ("GET", "HEAD")) or (status != 303 and self._method == "POST")
        ):
            self._method, self._body = "GET", b""
            self._headers = [(name, value) for name, value in self._headers if name.lower() not in _OF_A_BODY]
        if following.origin_ascii != self._url.origin_ascii:
            self._headers = [(name, value) for name, value in self._headers if name.lower() not in _OF_ONE_ORIGIN]
        self._url = following

    # --- errors ----------------------------------------------------------------------------------------------

    def _not_connected(self, error: ConnectError) -> WorkFailed:
        if (why := self._fetcher.why_not(self._name, self._url)) is not None:
            return WorkFailed(why.code, why.detail)
        return WorkFailed(CutCode.UNREACHABLE, f"{_host(self._url)} cannot be connected to: {_cause(error)}")


def _understood(head: bytes) -> tuple[FetchRequest, Way]:
    try:
        request = _decode(head)
        lists = Lists(request.allow, request.deny)
        _ = lists.policy
        if request.proxy is not None:
            Upstream.of(request.proxy)
    except (msgspec.DecodeError, ValueError) as error:
        raise WorkFailed(CutCode.INVALID, f"the request cannot be understood: {error}") from None
    return request, Way(lists, None if request.proxy is None else Secret(request.proxy))


def _parsed(text: str) -> Url:
    try:
        url = Url(text)
    except ValueError:
        raise WorkFailed(CutCode.INVALID, "the target is not a URL") from None
    if url.scheme not in ("http", "https") or not url.host_str:
        raise WorkFailed(CutCode.INVALID, "the target is not an http or https URL")
    return url


async def _whole_body(channel: Channel) -> bytes:
    parts = []
    while part := await channel.read():
        parts.append(part)
    return b"".join(parts)


async def _passed_on(channel: Channel) -> AsyncIterator[bytes]:
    while part := await channel.read():
        yield part


def _host(url: Url) -> str:
    return (url.host_str or "").strip("[]")


def _port(url: Url) -> int:
    return url.port_or_known_default or 0


def _without_fragment(url: Url) -> str:
    return str(url.with_fragment(None))


def _version(version: str) -> str:
    """As it is usually written: HTTP/2, not HTTP/2.0."""
    return version.removesuffix(".0") if version.startswith(("HTTP/2", "HTTP/3")) else version


def _cause(error: Exception) -> str:
    """The innermost cause that the library names; the outer ones repeat the URL, which may hold a secret."""
    details = getattr(error, "details", None)
    causes = details.get("causes") if isinstance(details, dict) else None
    return causes[-1]["message"] if causes and len(causes) > 1 else type(error).__name__
