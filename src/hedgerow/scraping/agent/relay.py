"""A WebSocket relay's far end: the handshake with the target, a connection of its own to the gateway that asked, and
from then on bytes from the one to the other. Frames are not looked at.

Source: RFC 6455 section 4.1.
"""

from __future__ import annotations

import asyncio
import ssl
from urllib.parse import urlsplit

import msgspec

from hedgerow.core.errors import HedgerowError
from hedgerow.core.secrets import Secret
from hedgerow.scraping import handshake
from hedgerow.scraping.agent.dial import Dialer, DialError, Way
from hedgerow.scraping.agent.work import WorkFailed
from hedgerow.scraping.guard import Lists
from hedgerow.scraping.handshake import HEAD_END, MOST_HEAD, HandshakeError
from hedgerow.scraping.link import CutCode
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

    async def serve(self, channel: Channel, head: bytes) -> None:
        """Returns when the relay is over. Raises WorkFailed, StreamCut."""
        request = _understood(head)
        target = _Half()
        gateway = _Half()
        try:
            subprotocol = await self._reach(request, target)
            await self._dial_in(channel.gateway, request.token, gateway)
            channel.answer(_encode(RelayAnswer(subprotocol)), is_last=True)
            target.join(gateway)
            await asyncio.wait([target.ended, gateway.ended], return_when=asyncio.FIRST_COMPLETED)
            async with asyncio.timeout(_LAST_BYTES_S):
                await asyncio.gather(target.ended, gateway.ended)
        except TimeoutError:
            pass  # whoever is left takes nothing any more
        finally:
            target.abort()
            gateway.abort()

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
            raise WorkFailed(CutCode.UNREACHABLE, f"no TLS with {host}: {error.reason or error}") from None
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

    __slots__ = ("_answered", "_received", "ended")

    def __init__(self) -> None:
        super().__init__()
        loop = asyncio.get_running_loop()
        self._received = bytearray()
        self._answered: asyncio.Future[bytes] | None = None
        self.ended: asyncio.Future[None] = loop.create_future()

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
        return await self._answered

    def join(self, other: _Half) -> None:
        """From now on what comes here goes there, and the other way round."""
        self.other, other.other = other, self
        for half, opposite in ((self, other), (other, self)):
            if half.transport is None:
                opposite.abort()
                self.end()
                return
            if half._received and opposite.transport is not None:
                opposite.transport.write(bytes(half._received))
            half._received = bytearray()
            half.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        if self.other is not None:
            super().data_received(data)
            return
        self._received += data
        if self._answered is None or self._answered.done() or self.transport is None:
            return
        end = self._received.find(HEAD_END)
        if end >= 0:
            self.transport.pause_reading()
            head = bytes(self._received[: end + len(HEAD_END)])
            del self._received[: end + len(HEAD_END)]
            self._answered.set_result(head)
        elif len(self._received) > MOST_HEAD:
            self._answered.set_exception(HandshakeError("the answer is too large"))

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(_Ended("the connection was closed"))
        self.end()

    def end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()


def _understood(head: bytes) -> RelayRequest:
    """Raises WorkFailed."""
    try:
        request = _decode(head)
    except msgspec.DecodeError as error:
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
