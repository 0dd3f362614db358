"""The way out to a venue: straight, or through a proxy by HTTP CONNECT, as the front of a scraping gateway is one.

A way opens connections as the loop does. TLS is between us and the venue, inside the tunnel; a proxy at an https URL is
spoken to by TLS as well, and TLS then goes within TLS. The proxy resolves the venue's name.

Through a proxy, sockets have other ports here than at the venue: a simulated world in stepped time takes them for a
stranger's and does not wait for what comes over them.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import TypeAlias, TypeVar, cast

from hedgerow.core.upstream import Connect, ProxyError, Upstream

P = TypeVar("P", bound=asyncio.BaseProtocol)

OPEN_S = 10.0
"""For one connection through a proxy, TLS with the venue included; the request's own time may be shorter."""
_CLOSED = "closed by the other side"


class Direct:
    """Straight to the venue."""

    async def open(
        self, protocol: Callable[[], P], host: str, port: int, tls: ssl.SSLContext | None
    ) -> tuple[asyncio.Transport, P]:
        """A connection; tls: None for none, else the venue's certificate has to have the host's name. Raises OSError,
        TimeoutError, ssl.SSLError."""
        loop = asyncio.get_running_loop()
        return await loop.create_connection(protocol, host, port, ssl=tls, server_hostname=host if tls else None)


class Through:
    """Through a proxy."""

    def __init__(self, proxy: Upstream, open_s: float = OPEN_S) -> None:
        """proxy: http, or https with a certificate that the system trusts. open_s: for one connection."""
        self._proxy, self._open_s = proxy, open_s
        self._tls = ssl.create_default_context() if proxy.scheme == "https" else None

    @property
    def address(self) -> str:
        """The proxy's `host:port`."""
        return self._proxy.address

    async def open(
        self, protocol: Callable[[], P], host: str, port: int, tls: ssl.SSLContext | None
    ) -> tuple[asyncio.Transport, P]:
        """As `Direct.open`. Raises ProxyError too, an OSError, for what the proxy does not do."""
        try:
            async with asyncio.timeout(self._open_s):
                transport, tunnel = await self._enter(host, port)
                try:
                    if tls is not None:
                        transport = await tunnel.secured(transport, host, tls)
                    return transport, tunnel.hand_over(transport, protocol())
                except BaseException:
                    transport.abort()
                    raise
        except TimeoutError:
            raise TimeoutError(f"no connection through the proxy {self.address} within {self._open_s:g} s") from None

    async def _enter(self, host: str, port: int) -> tuple[asyncio.Transport, _Tunnel]:
        """A connection to the proxy that leads to the venue."""
        proxy, loop = self._proxy, asyncio.get_running_loop()
        connect = Connect(proxy, host, port)
        try:
            transport, tunnel = await loop.create_connection(
                lambda: _Tunnel(connect),
                proxy.host,
                proxy.port,
                ssl=self._tls,
                server_hostname=proxy.host if self._tls else None,
            )
        except TimeoutError:
            raise
        except OSError as error:
            # TLS with the proxy may not be taken for TLS with the venue, which tells of keys that are not accepted.
            why = error.strerror or str(error) or type(error).__name__
            raise ProxyError(f"the proxy {self.address} is not reached: {why}") from None
        try:
            await tunnel.is_open
        except BaseException:
            transport.abort()
            raise
        return transport, tunnel


Egress: TypeAlias = Direct | Through

DIRECT = Direct()


class _Tunnel(asyncio.Protocol):
    """The connection until it is handed over. From the proxy's answer on nothing is read from it."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._transport: asyncio.Transport | None = None
        self._early = b""  # of the venue's, where it came with the answer
        self.is_open: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._connect.request)

    def data_received(self, data: bytes) -> None:
        if self.is_open.done():  # it was refused; b"" of a connection that is lost
            return
        try:
            rest = self._connect.feed(data)
        except ProxyError as error:
            self.is_open.set_exception(error)
            self.is_open.exception()  # perhaps nobody waits for it any more
            return
        if rest is not None and self._transport is not None:
            self._early = rest
            self._transport.pause_reading()
            self.is_open.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self.data_received(b"")

    async def secured(self, transport: asyncio.Transport, host: str, tls: ssl.SSLContext) -> asyncio.Transport:
        """TLS with the venue. The caller hands over without another wait: what the venue says first comes in the next
        turn of the loop. Raises OSError, ssl.SSLError."""
        if self._early:  # it would be taken for what came under TLS
            raise ProxyError("the proxy said more than its answer to CONNECT")
        made = await asyncio.get_running_loop().start_tls(transport, self, tls, server_hostname=host)
        if made is None:
            raise ConnectionResetError(_CLOSED)
        return made

    def hand_over(self, transport: asyncio.Transport, protocol: P) -> P:
        """To the venue's protocol. transport: this one's, or that of TLS over it. Raises OSError."""
        if transport.is_closing():
            raise ConnectionResetError(_CLOSED)
        if self._early and not isinstance(protocol, asyncio.Protocol):
            raise ConnectionAbortedError("the other side spoke without being asked")
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        if self._early and isinstance(protocol, asyncio.Protocol):
            protocol.data_received(self._early)
        if not transport.is_closing():
            transport.resume_reading()
        return protocol
