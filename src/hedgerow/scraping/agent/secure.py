"""The agent's client for targets with TLS, with HTTP/2 where they speak it: reqwest's, through the loopback guard.

Not for targets without TLS: that is `agent.plain`. Source: docs/decisions/0130.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import NoReturn

from pyreqwest.client import Client
from pyreqwest.exceptions import BuilderError, ConnectError, PyreqwestError, RequestTimeoutError
from pyreqwest.http import Url
from pyreqwest.request import StreamRequest
from pyreqwest.response import Response

from hedgerow.scraping.agent.answers import MOST_AT_ONCE, Asked
from hedgerow.scraping.agent.clients import Clients
from hedgerow.scraping.agent.dial import Dialer, DialError
from hedgerow.scraping.agent.socks import SocksGuard
from hedgerow.scraping.agent.work import WorkFailed
from hedgerow.scraping.link import MOST_CHUNK
from hedgerow.scraping.linkevents import CutCode
from hedgerow.scraping.linksocket import Channel


class SecureClient:
    """Sends requests of https URLs."""

    def __init__(self, clients: Clients, dialer: Dialer, guard: SocksGuard) -> None:
        self._clients, self._dialer, self._guard = clients, dialer, guard

    async def send(self, asked: Asked) -> SecureAnswer:
        """Returns when the answer's head is there. Raises WorkFailed, TimeoutError."""
        host, port = _host_and_port(Url(asked.url))
        try:
            self._dialer.check(host, port, asked.way)  # what no resolution can save
        except DialError as error:
            raise WorkFailed(error.code, error.detail) from None
        async with AsyncExitStack() as stack:
            client, name = stack.enter_context(self._clients.lend(asked.way))
            try:
                response = await stack.enter_async_context(_request(client, asked))
            except ConnectError as error:
                if (why := self._guard.why_not(name, host, port)) is not None:
                    raise WorkFailed(why.code, why.detail) from None
                reason = f"{host} cannot be connected to: {_cause(error)}"
                raise WorkFailed(CutCode.UNREACHABLE, reason) from None
            except PyreqwestError as error:
                _raise(error)
            return SecureAnswer(response, stack.pop_all())


class SecureAnswer:
    """The answer to one request."""

    def __init__(self, response: Response, held: AsyncExitStack) -> None:
        """held: what ends with the answer."""
        self._response, self._held = response, held
        self.status, self.version = response.status, _version(response.version)
        self.headers = list(response.headers.items())
        self.is_read = False

    def header(self, name: str) -> str | None:
        return self._response.get_header(name)

    async def read(self) -> bytes:
        length = self.header("content-length")
        try:
            if length is not None and length.isdecimal() and int(length) <= MOST_AT_ONCE:
                self.is_read = True
                return bytes(await self._response.bytes())
            part = await self._response.body_reader.read(MOST_CHUNK)
        except PyreqwestError as error:
            _raise(error)
        self.is_read = part is None
        return bytes(part or b"")

    async def close(self) -> None:
        try:
            await self._held.aclose()
        except PyreqwestError as error:
            _raise(error)


def _request(client: Client, asked: Asked) -> StreamRequest:
    try:
        builder = client.request(asked.method, asked.url).headers(asked.headers)
        if asked.body is None:
            builder = builder.body_stream(_passed_on(asked.channel))
        elif asked.body:
            builder = builder.body_bytes(asked.body)
        return builder.streamed_read_buffer_limit(MOST_AT_ONCE).build_streamed()
    except (BuilderError, ValueError) as error:
        raise WorkFailed(CutCode.INVALID, f"the request cannot be sent: {_cause(error)}") from None


async def _passed_on(channel: Channel) -> AsyncIterator[bytes]:
    while part := await channel.read():
        yield part


def _host_and_port(url: Url) -> tuple[str, int]:
    return (url.host_str or "").strip("[]"), url.port_or_known_default or 0


def _version(version: str) -> str:
    """As it is usually written: HTTP/2, not HTTP/2.0."""
    return version.removesuffix(".0") if version.startswith(("HTTP/2", "HTTP/3")) else version


def _raise(error: PyreqwestError) -> NoReturn:
    if isinstance(error, RequestTimeoutError):
        raise TimeoutError from None
    raise WorkFailed(CutCode.BROKEN, f"the target broke off: {_cause(error)}") from None


def _cause(error: Exception) -> str:
    """The innermost cause that the library names; the outer ones repeat the URL, which may hold a secret."""
    details = getattr(error, "details", None)
    causes = details.get("causes") if isinstance(details, dict) else None
    return causes[-1]["message"] if causes and len(causes) > 1 else type(error).__name__
