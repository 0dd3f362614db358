"""`/ws`: a client's WebSocket handed through to a target by way of an agent.

The client says first where it wants to go; the agent connects there, dials in with a connection of its own, and from
then on bytes pass between the two as they are: text and binary, fragments, pings and pongs, close codes. What the
target sends is followed by frame headers alone, so that a frame of ours (1011 for a lost agent) stands between frames.
Reading stops where writing is stopped, so a slow reader slows its own peer, and little is held here.

Sources: the published contract of the API; RFC 6455 section 7; docs/decisions/0174 and 0175.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog

from hedgerow.api.auth import Caller, KeyRing, Refusal
from hedgerow.core.errors import ApiError
from hedgerow.core.observe import SCRAPING_RELAYS, SCRAPING_REQUEST_SECONDS, SCRAPING_REQUESTS
from hedgerow.core.tasks import spawn, stop
from hedgerow.scraping.frames import (
    GOING_AWAY,
    INTERNAL,
    NORMAL,
    POLICY,
    FirstMessage,
    Follower,
    FrameError,
    close_frame,
    pong_frame,
    text_frame,
)
from hedgerow.scraping.gateway.connect import Connect, read_connect, read_key
from hedgerow.scraping.gateway.failures import failure, refusal
from hedgerow.scraping.gateway.links import Credentials, LinkedAgent
from hedgerow.scraping.gateway.reach import reach
from hedgerow.scraping.gateway.sockets import hand_over
from hedgerow.scraping.gateway.work import Counted, Desk
from hedgerow.scraping.handshake import HandshakeError, Upgrade
from hedgerow.scraping.handshake import refusal as refused_upgrade
from hedgerow.scraping.linkevents import CutCode
from hedgerow.scraping.linksocket import StreamCut
from hedgerow.scraping.messages import TOKEN_HEADER, Kind, RelayAnswer, RelayRequest
from hedgerow.scraping.pipe import prepare
from hedgerow.storage.database import StorageError

PATH = "/ws"
PROTOCOL = "ws"

CONNECT_MESSAGE_S = 10.0
MOST_SILENT = 2048
"""Clients that have not said where they want to go; one more costs the oldest of them its connection."""
_REACH_S = 30.0
"""For an agent to reach the target and dial in."""
_LINGER_S = 2.0
"""For a client to take our Close."""
_MOST_EARLY = 64 * 1024
"""Bytes that a client may send before its target is there."""
_USAGE_EVERY_S = 1.0

_encode = msgspec.msgpack.Encoder().encode
_encode_json = msgspec.json.Encoder().encode
_decode_answer = msgspec.msgpack.Decoder(RelayAnswer).decode
_log = structlog.get_logger(__name__)


class Relays:
    """All relays of this gateway."""

    def __init__(self, keys: KeyRing, desk: Desk) -> None:
        self._keys, self._desk = keys, desk
        self._silent: OrderedDict[_Client, None] = OrderedDict()
        self._open: dict[_Client, _Through] = {}
        self._expected: dict[str, asyncio.Future[_Far]] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = spawn(self._count(), "usage of relays", is_vital=True)

    async def stop(self) -> None:
        """Closes every relay with 1001."""
        await stop(self._task)
        for client in [*self._silent, *self._open]:
            client.finish(GOING_AWAY, "the gateway stops")

    def agents(self) -> list[LinkedAgent]:
        """Those that relays run through, whether or not they are linked now."""
        return [through.agent for through in self._open.values()]

    def part_from(self, credentials: Credentials) -> None:
        """Ends the relays of an agent that was let in with them."""
        for client in [one for one, through in self._open.items() if through.agent.credentials == credentials]:
            client.lose_agent()

    # --- connections that come in ----------------------------------------------------------------------------

    def take_client(self, transport: asyncio.Transport, head: bytes) -> None:
        """A `TakeOver` for clients."""
        try:
            upgrade = Upgrade(head)
        except HandshakeError:
            _refuse(transport, "400 Bad Request")
            return
        prepare(transport)
        client = _Client(self, transport, upgrade)
        # A browser that offers subprotocols goes away unless one is chosen, and the target is not known yet.
        transport.write(upgrade.accepted(next(iter(client.offered), None)))
        hand_over(transport, client)
        self._silent[client] = None
        if len(self._silent) > MOST_SILENT:
            next(iter(self._silent)).refuse(POLICY, "Too many connections wait for their connect message")

    def take_agent(self, transport: asyncio.Transport, head: bytes) -> None:
        """A `TakeOver` for agents' connections for one relay each."""
        try:
            upgrade = Upgrade(head)
        except HandshakeError:
            _refuse(transport, "400 Bad Request")
            return
        token = upgrade.headers.get(TOKEN_HEADER.lower().encode(), b"").decode("latin-1")
        expected = self._expected.pop(token, None)
        if expected is None or expected.done():
            _refuse(transport, "404 Not Found")
            return
        prepare(transport)
        transport.pause_reading()
        transport.write(upgrade.accepted())
        far = _Far(transport)
        hand_over(transport, far)
        expected.set_result(far)

    # --- told by clients -------------------------------------------------------------------------------------

    def left(self, client: _Client) -> None:
        """It is over; told once or twice."""
        self._silent.pop(client, None)
        through = self._open.pop(client, None)
        if through is not None:
            through.counted.end()
            self._desk.usage.add_bytes(through.key_id, PROTOCOL, client.uncounted())
            SCRAPING_RELAYS.set(len(self._open))
            SCRAPING_REQUESTS.labels(PROTOCOL, "101").inc()

    def asked(self, client: _Client, message: bytes) -> asyncio.Task[None]:
        """The client has said what it wants."""
        self._silent.pop(client, None)
        return spawn(self._serve(client, message), "relay")

    # --- one relay -------------------------------------------------------------------------------------------

    async def _serve(self, client: _Client, message: bytes) -> None:
        """Until the relay has begun: no task waits for its end, and nothing of the request is kept."""
        began_s = time.perf_counter()
        status = 101  # which is counted at the end
        try:
            caller, connect = await self._admit(client, message)
            counted = self._desk.counted(caller.key)
            counted.begin()
            try:
                agent, (far, answer) = await reach(
                    self._desk,
                    caller.key.key_id,
                    PROTOCOL,
                    connect.target.host,
                    connect.wanted,
                    lambda agent: self._attempt(agent, caller, connect),
                )
            except BaseException:
                counted.end()
                raise
            SCRAPING_REQUEST_SECONDS.labels(PROTOCOL).observe(time.perf_counter() - began_s)
            self._open[client] = _Through(caller.key.key_id, agent, counted)
            SCRAPING_RELAYS.set(len(self._open))
            if not client.join(far, _connected(agent.node_id, answer.subprotocol), connect.idle_s):
                self.left(client)
        except asyncio.CancelledError:
            status = 499
            raise
        except StreamCut as cut:
            status = failure(cut).status
            client.refuse(POLICY if cut.code is CutCode.REFUSED else INTERNAL, failure(cut).detail)
        except ApiError as error:
            status = error.status
            client.refuse(INTERNAL if status >= 500 else POLICY, error.detail)
        except StorageError as error:
            status = 503
            _log.error("relay without database", error=str(error))
            client.refuse(INTERNAL, "The database is not available")
        except Exception:
            status = 500
            _log.exception("relay failed")
            client.refuse(INTERNAL, "Internal server error")
        finally:
            if status != 101:
                SCRAPING_REQUESTS.labels(PROTOCOL, str(status)).inc()

    async def _admit(self, client: _Client, message: bytes) -> tuple[Caller, Connect]:
        """Raises ApiError."""
        caller = await self._keys.judge(read_key(message) or client.key)
        if isinstance(caller, Refusal):
            raise refusal(caller)
        connect = read_connect(message, caller.key.prefix, client.offered)
        await self._desk.buckets.take(caller.key)
        self._desk.check(caller.key, connect.target.host, connect.target.port)
        return caller, connect

    async def _attempt(self, agent: LinkedAgent, caller: Caller, connect: Connect) -> tuple[_Far, RelayAnswer]:
        """Raises StreamCut."""
        token = secrets.token_urlsafe(24)
        expected = self._expected[token] = asyncio.get_running_loop().create_future()
        ask = RelayRequest(
            connect.target.url,
            connect.headers,
            connect.subprotocols,
            token,
            caller.key.targets_allow,
            caller.key.targets_deny,
            connect.proxy,
        )
        channel = agent.open(Kind.WS, _encode(ask), is_last=True)
        is_joined = False
        try:
            async with asyncio.timeout(_REACH_S):
                answer = _decode_answer(await channel.head())  # an agent answers once its connection has our 101
                far = await expected
            is_joined = True
        except TimeoutError:
            raise StreamCut(CutCode.TIMED_OUT, f"no connection within {_REACH_S:g} s") from None
        finally:
            self._expected.pop(token, None)
            if not is_joined:
                channel.cut(CutCode.CANCELLED)
                if expected.done() and not expected.cancelled():
                    expected.result().transport.abort()
        return far, answer

    async def _count(self) -> None:
        while True:
            await asyncio.sleep(_USAGE_EVERY_S)
            for client, through in self._open.items():
                if size := client.uncounted():
                    self._desk.usage.add_bytes(through.key_id, PROTOCOL, size)


@dataclass(slots=True)
class _Through:
    """What an open relay runs through."""

    key_id: int
    agent: LinkedAgent
    counted: Counted


class _Far(asyncio.Protocol):
    """The agent's connection, which stands for the target."""

    __slots__ = ("client", "follower", "is_lost", "size", "transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self.client: _Client | None = None
        self.follower = Follower()
        self.size = 0
        self.is_lost = False

    def data_received(self, data: bytes) -> None:
        client = self.client
        if client is None or not client.is_relaying:
            return
        heard = self.follower.heard
        self.follower.feed(data)
        self.size += len(data)
        client.transport.write(data)
        if client.idle_s and self.follower.heard != heard:
            client.heard_s = asyncio.get_running_loop().time()

    def connection_lost(self, error: Exception | None) -> None:
        self.is_lost = True
        if self.client is not None:
            self.client.target_gone()

    def pause_writing(self) -> None:
        if self.client is not None:
            self.client.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.client is not None:
            self.client.transport.resume_reading()


class _Client(asyncio.Protocol):
    """The client's connection, from its handshake to its end."""

    __slots__ = (
        "_early", "_far", "_first", "_is_over", "_relays", "_size", "_task", "_timer", "_uncounted",
        "heard_s", "idle_s", "is_relaying", "key", "offered", "transport",
    )  # fmt: skip

    def __init__(self, relays: Relays, transport: asyncio.Transport, upgrade: Upgrade) -> None:
        loop = asyncio.get_running_loop()
        self.transport = transport
        self.key = upgrade.headers.get(b"x-api-key", b"").decode("latin-1")
        self.offered = upgrade.offered
        self.is_relaying = False
        self._relays = relays
        self._first: FirstMessage | None = FirstMessage()
        self._early = b""
        self._far: _Far | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_over = False
        self._size = self._uncounted = 0
        self.idle_s = 0.0
        self.heard_s = 0.0
        """When the target's last message came; kept only where there is an idle timeout."""
        self._timer: asyncio.TimerHandle | None = loop.call_later(CONNECT_MESSAGE_S, self._on_silence)

    # --- the connection --------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        far = self._far
        if far is not None:
            if not far.is_lost:
                self._size += len(data)
                far.transport.write(data)
        elif self._first is not None:
            self._on_first(self._first, data)
        elif not self._is_over:
            self._early += data
            if len(self._early) > _MOST_EARLY:
                self.transport.pause_reading()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._is_over and self._task is not None:
            self._task.cancel()
        self.is_relaying, self._is_over = False, True
        self._relays.left(self)
        self._set_timer(None)
        if self._far is not None and not self._far.is_lost:
            self._far.transport.abort() if error is not None else self._far.transport.close()

    def pause_writing(self) -> None:
        if self._far is not None:
            self._far.transport.pause_reading()

    def resume_writing(self) -> None:
        if self._far is not None:
            self._far.transport.resume_reading()

    # --- before the target is there --------------------------------------------------------------------------

    def _on_first(self, first: FirstMessage, data: bytes) -> None:
        try:
            message = first.feed(data)
        except FrameError as error:
            self.finish(error.code, str(error))
            return
        while first.pings:
            self.transport.write(pong_frame(first.pings.pop(0)))
        if first.has_closed:
            self.finish(NORMAL)
        elif message is not None:
            self._early, self._first = bytes(first.rest), None
            self._set_timer(None)
            self._task = self._relays.asked(self, message)

    def _on_silence(self) -> None:
        self._timer = None
        self.refuse(POLICY, f"Connect message not received within {CONNECT_MESSAGE_S:g} seconds")

    def refuse(self, code: int, message: Any) -> None:
        """Tells why there is no relay, and ends."""
        if not self._is_over and self._far is None:
            self.transport.write(text_frame(_encode_json({"type": "error", "message": message})))
        self.finish(code, message if isinstance(message, str) else "")

    # --- the relay -------------------------------------------------------------------------------------------

    def join(self, far: _Far, connected: bytes, idle_s: float) -> bool:
        """From now on what comes here goes there, and the other way round; False when it is over already."""
        self._task = None
        if self._is_over:
            far.transport.abort()
            return False
        self._far, far.client = far, self
        self.is_relaying = True
        self.transport.write(text_frame(connected))
        if far.is_lost:
            self.target_gone()
            return True
        if self._early:
            self._size += len(self._early)
            far.transport.write(self._early)
            self._early = b""
        self.transport.resume_reading()
        far.transport.resume_reading()
        if idle_s:
            self.idle_s, self.heard_s = idle_s, asyncio.get_running_loop().time()
            self._set_timer(idle_s)
        return True

    def target_gone(self) -> None:
        """The agent's connection has ended; the target's Close may have passed before."""
        if not self.is_relaying or self._far is None:
            return
        if self._far.follower.has_closed and self._far.follower.is_between:
            self._end()
        else:
            self.finish(INTERNAL, "the target or its agent was lost")

    def lose_agent(self) -> None:
        """Ends it at once on the agent's side too."""
        self.finish(INTERNAL, "the target or its agent was lost")
        if self._far is not None:
            self._far.transport.abort()

    def finish(self, code: int, reason: str = "") -> None:
        """Ends it with a Close of ours, if one can stand here."""
        if self._is_over:
            return
        if self._far is not None and not self._far.follower.is_between:
            self.transport.abort()  # in the middle of a frame: whatever we said would be taken for its rest
            return
        self.transport.write(close_frame(code, reason))
        self._end()

    def uncounted(self) -> int:
        """Bytes in both directions since this was asked last."""
        size = self._size + (self._far.size if self._far is not None else 0)
        new, self._uncounted = size - self._uncounted, size
        return new

    # --- inside ----------------------------------------------------------------------------------------------

    def _end(self) -> None:
        """Nothing more goes to the client. It is read until it ends too: its kernel could drop our last words
        otherwise, and its answer to a Close of ours closes the target."""
        self.is_relaying, self._is_over, self._first = False, True, None
        self._relays.left(self)
        self._early = b""
        if self.transport.can_write_eof():
            self.transport.resume_reading()
            self.transport.write_eof()
            self._set_timer(_LINGER_S)
        else:
            self._set_timer(None)
            self.transport.close()

    def _set_timer(self, after_s: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if after_s is not None:
            self._timer = asyncio.get_running_loop().call_later(after_s, self._on_time)

    def _on_time(self) -> None:
        self._timer = None
        if self._is_over:
            self.transport.abort()
            return
        left_s = self.heard_s + self.idle_s - asyncio.get_running_loop().time()
        if left_s <= 0:
            self.finish(NORMAL, "idle timeout")
        else:
            self._set_timer(left_s)


def _connected(node_id: str, subprotocol: str | None) -> bytes:
    told = {"type": "connected", "status": 101, "node_id": node_id}
    return _encode_json(told | {"subprotocol": subprotocol} if subprotocol else told)


def _refuse(transport: asyncio.Transport, status: str) -> None:
    transport.write(refused_upgrade(status))
    transport.close()
