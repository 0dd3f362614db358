"""The venue's socket, which speaks the Pusher protocol: channels are authorised by REST for one socket each.

The private channel tells the account's orders and a health check; the public one the tournaments that were asked for.
Books (`market_selections`) are not told. Source: docs.prophetx.co "Integration with Websockets", "WebSocket Events".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import msgspec
from aiohttp import web

from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.prophetx.terms import Terms
from hedgerow.sim.dialects.prophetx.wire import Denial, user_id
from hedgerow.sim.site import Socket

Json = dict[str, Any]

KEY, _SECRET = "throwaway-key", b"throwaway-secret"
PUBLIC = "private-broadcast-service=6-device_type=5"
_LIMIT = 400
_GENERAL, _HEALTH, _ORDER = "general", "health_check", "order"

_encoder = msgspec.json.Encoder(decimal_format="number")


class _Subscription(msgspec.Struct):
    type: str
    ids: list[str] = []


class Registration(msgspec.Struct):
    """POST /v4/mm/websocket: the whole set of what a socket wants."""

    socket_id: str
    service: str = "pusher"
    subscriptions: list[_Subscription] = []


class _Said(msgspec.Struct):
    event: str
    data: Any = None


class _Sign(msgspec.Struct):
    auth: str
    user_data: str = ""
    channel: str = ""


@dataclass(eq=False, slots=True)
class _Client:
    socket: Socket
    socket_id: str
    account: str = ""
    tournaments: frozenset[str] = frozenset()
    channels: set[str] = field(default_factory=set)


class Sockets:
    """Everybody who listens."""

    def __init__(self, clock: WorldClock, terms: Terms) -> None:
        self._clock, self._terms = clock, terms
        self._clients: dict[str, _Client] = {}
        self._numbers = count(1)
        self._sequence = 0

    def sockets(self) -> list[Socket]:
        return [client.socket for client in self._clients.values()]

    def next_sequence(self) -> int:
        """A clock in nanoseconds that never stands."""
        self._sequence = max(self._sequence + 1, self._clock.now_ns())
        return self._sequence

    # --- what is told --------------------------------------------------------------------------------------------

    def order(self, account: str, info: Json, *, times: int) -> None:
        """An order of an account changed."""
        for client in self._clients.values():
            if client.account == account:
                for _ in range(times):
                    self._push(client, _private(account), _ORDER, _ORDER, "u", {"info": info})

    def public(self, tournament_id: int, kind: str, op: str, payload: Json) -> None:
        """Something of a tournament changed."""
        for client in self._clients.values():
            if str(tournament_id) in client.tournaments:
                self._push(client, PUBLIC, f"tournament_{tournament_id}", kind, op, payload)

    def _push(self, client: _Client, channel: str, name: str, kind: str, op: str, payload: Json) -> None:
        if channel not in client.channels:
            return
        text = base64.b64encode(_encoder.encode(payload)).decode()
        data = {"timestamp": self._clock.now_ns(), "change_type": kind, "op": op, "payload": text}
        client.socket.push({"event": name, "channel": channel, "data": _encoder.encode(data).decode()})

    # --- authorising ---------------------------------------------------------------------------------------------

    def register(self, account: str, wanted: Registration) -> Json:
        """What the socket may follow from now on. Raises Denial."""
        client = self._clients.get(wanted.socket_id)
        if client is None or client.account not in ("", account):
            raise Denial(400, "invalid_param", "Invalid param: socket_id")
        if unknown := [one.type for one in wanted.subscriptions if one.type not in ("tournament", "event")]:
            raise Denial(400, "unknown_type", unknown[0])
        client.account = account
        ids = [name for one in wanted.subscriptions if one.type == "tournament" for name in one.ids]
        client.tournaments = frozenset(ids)
        user_data = _encoder.encode({"id": user_id(account)}).decode()
        named = [{"name": f"tournament_{name}", "type": "tournament"} for name in ids]
        channels = {
            PUBLIC: [*named, {"name": _GENERAL, "type": _GENERAL}],
            _private(account): [
                {"name": _ORDER, "type": _ORDER},
                {"name": _HEALTH, "type": "private_system_signal"},
            ],
        }
        return {
            "data": {
                "success": True,
                "status": "CONNECTED",
                "updated_at": self._clock.now_ms() // 1000,
                "subscriptions": msgspec.to_builtins(wanted.subscriptions),
                "authorized_channel": [
                    {"channel_name": name, "auth": _signed(f"{client.socket_id}:{name}"), "binding_events": events}
                    for name, events in channels.items()
                ],
                "channel_count": len(channels),
                "channel_limit": _LIMIT,
                "authenticated": {
                    "auth": _signed(f"{client.socket_id}::user::{user_data}"),
                    "user_data": user_data,
                },
            }
        }

    # --- the conversation ----------------------------------------------------------------------------------------

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["key"] != KEY:
            raise Denial(404, "data_not_found")
        number = next(self._numbers)
        client = _Client(Socket(request), f"{number}.{number * 7919}")
        await client.socket.open()
        self._clients[client.socket_id] = client
        told = {"socket_id": client.socket_id, "activity_timeout": 120}
        self._say(client, "pusher:connection_established", told)
        self._beat_later(client)
        try:
            async for frame in client.socket.texts():
                self._on_frame(client, frame)
        finally:
            self._clients.pop(client.socket_id, None)
            await client.socket.ended()
        return client.socket.ws

    def _on_frame(self, client: _Client, frame: str | bytes) -> None:
        try:
            said = msgspec.json.decode(frame, type=_Said)
            signed = msgspec.convert(said.data, _Sign) if said.event in _SIGNED else _Sign("")
        except msgspec.MsgspecError:
            self._refuse(client, 4000, "invalid message")
            return
        match said.event:
            case "pusher:ping":
                self._say(client, "pusher:pong", {})
            case "pusher:signin":
                if signed.auth != _signed(f"{client.socket_id}::user::{signed.user_data}"):
                    self._refuse(client, 4009, "Connection not authorized")
                    return
                client.socket.push({"event": "pusher:signin_success", "data": {"user_data": signed.user_data}})
            case "pusher:subscribe":
                self._subscribe(client, signed)
            case _:
                pass

    def _subscribe(self, client: _Client, wanted: _Sign) -> None:
        if wanted.auth != _signed(f"{client.socket_id}:{wanted.channel}"):
            self._refuse(client, 4009, "Connection not authorized")
            return
        client.channels.add(wanted.channel)
        answer = {"event": "pusher_internal:subscription_succeeded", "data": "{}", "channel": wanted.channel}
        client.socket.push(answer)

    def _say(self, client: _Client, event: str, data: Json) -> None:
        client.socket.push({"event": event, "data": _encoder.encode(data).decode()})

    def _refuse(self, client: _Client, code: int, why: str) -> None:
        client.socket.push({"event": "pusher:error", "data": {"code": code, "message": why}})
        client.socket.close(code, why.encode())

    # --- the health check ----------------------------------------------------------------------------------------

    def _beat_later(self, client: _Client) -> None:
        self._clock.later(self._terms.health_every_s, lambda: self._beat(client), "prophetx health check", soft=True)

    def _beat(self, client: _Client) -> None:
        if client.socket_id in self._clients:
            self._push(client, _private(client.account), _HEALTH, "private_system_signal", "u", {})
            self._beat_later(client)


_SIGNED = ("pusher:signin", "pusher:subscribe")


def _private(account: str) -> str:
    return f"private-service=6-device_type=5-user={user_id(account)}"


def _signed(text: str) -> str:
    return f"{KEY}:{hmac.new(_SECRET, text.encode(), hashlib.sha256).hexdigest()}"
