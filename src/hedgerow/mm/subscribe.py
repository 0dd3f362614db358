"""The market making WebSocket, `/ws/subscribe`: its channels, and how a committed change is told on them."""

from __future__ import annotations

import asyncio

from fastapi import FastAPI, WebSocket
from starlette.requests import Request
from starlette.responses import Response

from hedgerow.api.answers import JsonAnswer
from hedgerow.api.auth import KeyRing
from hedgerow.bus.relay import Change
from hedgerow.mm.events import SHAPES, previous_values
from hedgerow.realtime.hub import Address, Hub
from hedgerow.realtime.session import Session
from hedgerow.realtime.socket import Socket
from hedgerow.storage.database import decode_json, encode_json

PATH = "/ws/subscribe"
CHANNELS = ("orders", "bets", "accounts", "scores", "emergency")
_EVERYBODYS = frozenset({"scores", "emergency"})
# The outbox's channels that go by another name here.
_CHANNEL_OF = {"mm.orders": "orders"} | {channel: channel for channel in CHANNELS[1:]}


class Words:
    """`hub.Translator` of this service."""

    def address(self, change: Change) -> Address | None:
        channel = _CHANNEL_OF.get(change.channel)
        if channel is None:
            return None
        return channel, None if channel in _EVERYBODYS else change.client

    def message(self, change: Change) -> bytes | None:
        """Bets of other services of the client are not told here."""
        channel, row = _CHANNEL_OF[change.channel], decode_json(bytes(change.payload))
        if channel == "bets" and row["origin"] != "mm":
            return None
        shape = SHAPES[channel]
        told = {"type": "broadcast", "channel": channel, "event": change.event, "payload": shape(row)}
        if (old := decode_json(bytes(change.old))) is not None:
            told["old"] = previous_values(shape, row, old)
        return encode_json(told)


def add_socket(app: FastAPI, keys: KeyRing, hub: Hub) -> None:
    """Serves the WebSocket, and tells who comes by plain HTTP to upgrade."""

    async def subscribe(websocket: WebSocket) -> None:
        session = Session(CHANNELS, asyncio.get_running_loop().time())
        await Socket(websocket, session, keys, hub, everybodys=_EVERYBODYS).serve()

    async def upgrade(_: Request) -> Response:
        return JsonAnswer({"detail": "Upgrade Required"}, 426, {"Upgrade": "websocket", "Connection": "Upgrade"})

    app.add_api_websocket_route(PATH, subscribe)
    app.add_route(PATH, upgrade, methods=["GET"], include_in_schema=False)
