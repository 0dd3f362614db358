"""A WebSocket relay's far end: the handshake with the target, a connection of its own to the gateway that asked, and
from then on bytes from the one to the other. Frames are not looked at.

Source: RFC 6455 section 4.1.
"""

from __future__ import annotations

import asyncio
import ssl
from urllib.parse import urlsplit

import msgspec

from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.errors import HedgerowError
from hedgerow.core.secrets import Secret
from hedgerow.scraping import handshake
from hedgerow.scraping.agent.dial import Dialer, DialError, Way
from hedgerow.scraping.agent.work import WorkFailed, no_tls
from hedgerow.scraping.guard import Lists
from hedgerow.scraping.handshake import HEAD_END, MOST_HEAD, HandshakeError
from hedgerow.scraping.linkevents import CutCode
from hedgerow.scraping.linksocket import Channel
from hedgerow.scraping.messages import RELAY_PATH, TOKEN_HEADER, RelayAnswer, RelayRequest
from hedgerow.scraping.pipe import Pipe, prepare

HANDSHAKE_S = 10.0
_LAST_BYTES_S = 30.0
"""For what one side said last to reach the other."""
_PORTS = {"ws": 80, "wss": 443}

_decode = msgspec.msgpack.Decoder(RelayRequest).decode
_encode = msgspec.msgpack.Encoder().encode


class Relayer:
    """Serves streams of kind WS."""

    def __init__(self, dialer: Dialer, trust: ssl.SSLContext | None) -> None:
        """trust: for TLS to gateways; None: the system's authorities, as for targets."""
        self._dialer = dialer
        self._target_trust = ssl.create_default_context()
        self._gateway_trust = trust or self._target_trust

    async def serve(self, channel: Channel, head: bytes) -> asyncio.Future[None]:
        """Returns when the relay has begun, with what is done when it is over: no task waits for that, and nothing of
        the request is kept. Raises WorkFailed, StreamCut."""
        request = _understood(head)
        target = _Half()
        gateway = _Half()
        try:
            subprotocol = await self._reach(request, target)
            await self._dial_in(channel.gateway, request.token, gateway)
            channel.answer(_encode(RelayAnswer(subprotocol)), is_last=True)
        except BaseException:
            target.abort()
            gateway.abort()
            raise
        return target.join(gateway)

    async def _reach(self, request: RelayRequest, half: _Half) -> str | None:
        """Opens the target; the subprotocol that it chose. Raises WorkFailed."""
        url = urlsplit(request.url)
        host, port = url.hostname or "", url.port or _PORTS[url.scheme]
        way = Way(Lists(request.allow, request.deny), Secret(request.proxy) if request.proxy is not None else None)
        try:
            connected = await self._dialer.open(host, port, way)
        except DialError as error:
            raise WorkFailed(error.code, error.detail) from None
        context = self._target_trust if url.scheme == "wss" else None
        try:
            async with asyncio.timeout(HANDSHAKE_S):
                try:
                    await asyncio.get_running_loop().create_connection(
                        lambda: half, sock=connected, ssl=context, server_hostname=host if context else None
                    )
                except BaseException:
                    connected.close()
                    raise
                headers = list(request.headers)
                if request.subprotocols:
                    headers.append(("Sec-WebSocket-Protocol", ", ".join(request.subprotocols)))
                path = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
                key = handshake.new_key()
                answer = await half.ask(handshake.request(path, url.netloc.rpartition("@")[2], key, headers))
                return handshake.read_answer(answer, key, request.subprotocols)
        except TimeoutError:
            raise WorkFailed(CutCode.TIMED_OUT, f"no handshake with {host} within {HANDSHAKE_S:g} s") from None
        except HandshakeError as error:
            raise WorkFailed(CutCode.UNREACHABLE, f"no WebSocket at {host}: {error}") from None
        except ssl.SSLError as error:
            raise no_tls(host, error) from None
        except (OSError, _Ended):
            raise WorkFailed(CutCode.UNREACHABLE, f"{host} broke off the handshake") from None

    async def _dial_in(self, link: str, token: str, half: _Half) -> None:
        """Raises WorkFailed."""
        url = urlsplit(link)
        is_safe = url.scheme == "wss"
        path = url.path.rpartition("/")[0] + RELAY_PATH
        key = handshake.new_key()
        try:
            async with asyncio.timeout(HANDSHAKE_S):
                await asyncio.get_running_loop().create_connection(
                    lambda: half,
                    url.hostname or "",
                    url.port or _PORTS[url.scheme],
                    ssl=self._gateway_trust if is_safe else None,
                )
                answer = await half.ask(handshake.request(path, url.netloc, key, [(TOKEN_HEADER, token)]))
                handshake.read_answer(answer, key)
        except (OSError, HandshakeError, _Ended) as error:  # TimeoutError and SSLError are OSErrors
            raise WorkFailed(CutCode.FAILED, f"the agent cannot dial in for the relay: {error}") from None


class _Ended(HedgerowError):  # noqa: N818
    """The connection ended before it answered."""


class _Half(Pipe):
    """One side of the relay: the answer to the handshake, then the pipe."""

    __slots__ = ("_answered", "_over", "_received")

    def __init__(self) -> None:
        super().__init__()
        self._received = b""
        self._answered: asyncio.Future[bytes] | None = None
        self._over: asyncio.Future[None] | None = None  # done when both sides have ended

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert self.transport is not None
        prepare(self.transport)

    async def ask(self, request: bytes) -> bytes:
        """The head of the answer; what lies behind it waits. Raises HandshakeError, _Ended."""
        if self.transport is None:
            raise _Ended
        self._answered = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        try:
            return await self._answered
        finally:
            self._answered = None

    def join(self, other: _Half) -> asyncio.Future[None]:
        """From now on what comes here goes there, and the other way round. Done when both have ended; a cancelled one
        ends them."""
        over = self._over = other._over = asyncio.get_running_loop().create_future()
        over.add_done_callback(self._part)
        self.other, other.other = other, self
        for half, opposite in ((self, other), (other, self)):
            if half.transport is None:
                half._ended()
                opposite.abort()
                break
            if half._received and opposite.transport is not None:
                opposite.transport.write(half._received)
            half._received = b""
            half.transport.resume_reading()
        return over

    def data_received(self, data: bytes) -> None:
        if self.other is not None:
            super().data_received(data)
            return
        self._received += data
        if self._answered is None or self._answered.done() or self.transport is None:
            return
        head, end, rest = self._received.partition(HEAD_END)
        if end:
            self.transport.pause_reading()
            self._received = rest
            self._answered.set_result(head + end)
        elif len(self._received) > MOST_HEAD:
            self._answered.set_exception(HandshakeError("the answer is too large"))

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(_Ended("the connection was closed"))
        self._ended()

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def _ended(self) -> None:
        """Whoever is left has some time to take the last bytes."""
        over, other = self._over, self.other
        if over is None or over.done() or not isinstance(other, _Half):
            return
        if other.transport is None:
            over.set_result(None)
        else:
            late = asyncio.get_running_loop().call_later(_LAST_BYTES_S, other.abort)
            over.add_done_callback(lambda _: late.cancel())

    def _part(self, _: asyncio.Future[None]) -> None:
        """The relay is over, or the agent stops."""
        for half in (self, self.other):
            if isinstance(half, _Half):
                half.abort()
                half._over = None


def _understood(head: bytes) -> RelayRequest:
    """Raises WorkFailed."""
    try:
        request = _decode(head)
    except UNREADABLE as error:
        raise WorkFailed(CutCode.INVALID, f"the request cannot be understood: {error}") from None
    if not _is_socket_url(request.url):
        raise WorkFailed(CutCode.INVALID, "the target is not a WebSocket's URL")
    return request


def _is_socket_url(text: str) -> bool:
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        return False
    return url.scheme in _PORTS and port != 0
