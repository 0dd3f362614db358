"""The WebSocket of automated bet placing, `/ws`: its channels, and how a committed change is told on them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI, WebSocket
from starlette.requests import Request
from starlette.responses import Response

from hedgerow.abp.events import Row, Shape, account_shape, bet_shape, order_shape
from hedgerow.api.answers import JsonAnswer
from hedgerow.api.auth import KeyRing
from hedgerow.bus.relay import Change
from hedgerow.core.clock import Clock
from hedgerow.realtime.hub import Address, Hub
from hedgerow.realtime.login import Access, LoginSession
from hedgerow.realtime.reliable import LoginSocket
from hedgerow.realtime.subscriptions import Subscriptions
from hedgerow.storage.database import decode_json, encode_json

PATH = "/ws"
ACCESS = Access(
    own=("orders", "bets", "settlements", "accounts", "balance", "betslip"),
    everybodys=("fixtures", "currencies", "status", "emergency"),
)
SEEN = ("betslip", "fixtures", "currencies", "status")
"""Channels that also tell what only a process sees (`abp.live`)."""
_EVERYBODYS = frozenset(ACCESS.everybodys)
_CHANNEL_OF = {
    "abp.orders": "orders",
    "abp.bets": "bets",
    "abp.settlements": "settlements",
    "abp.accounts": "accounts",
    "accounts": "balance",
    "currencies": "currencies",
    "emergency": "emergency",
}
"""The outbox's channels, and what they are called here."""
_EVENTS = {"settlements": "SETTLED", "balance": "UPDATE", "currencies": "UPDATE", "emergency": "STATUS"}
"""Of channels where every change is the same event."""


def _balance_shape(row: Row) -> Shape:
    return {
        "clientName": row["client"],
        "bookmaker": row["venue"],
        "username": row["username"],
        "balance": row["balance"],
        "currency": row["currency"],
    }


def _emergency_shape(row: Row) -> Shape:
    return {"active": row["emergency"], "reason": row["reason"]}


def _currency_shape(row: Row) -> Shape:
    return {"currency": row["currency"], "currencyValue": row["per_usd"]}


_SHAPES: Mapping[str, Callable[[Row], Shape]] = {
    "orders": order_shape,
    "bets": bet_shape,
    "settlements": bet_shape,
    "accounts": account_shape,
    "balance": _balance_shape,
    "currencies": _currency_shape,
    "emergency": _emergency_shape,
}
_TIMED = frozenset({"balance", "currencies", "emergency", "status"})
"""Channels whose payload says itself when it was true."""
# A change of these columns alone is no news on the channel.
_TELLING = {"balance": frozenset({"balance"}), "emergency": frozenset({"emergency", "reason"})}


def message(channel: str, event: str, payload: Shape, now_ms: int) -> bytes:
    """A data message, to which each subscription adds its number."""
    if channel in _TIMED:
        payload = payload | {"ts": now_ms}
    told = {"type": "data", "channel": channel, "event": event, "payload": payload, "ts": now_ms}
    return encode_json(told)


def address(channel: str, client: str | None) -> Address:
    return channel, None if channel in _EVERYBODYS else client


class Words:
    """`hub.Translator` of this service."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def address(self, change: Change) -> Address | None:
        channel = _CHANNEL_OF.get(change.channel)
        return None if channel is None else address(channel, change.client)

    def message(self, change: Change) -> bytes | None:
        channel, row = _CHANNEL_OF[change.channel], decode_json(bytes(change.payload))
        if not self._is_news(channel, decode_json(bytes(change.old))):
            return None
        event = _EVENTS.get(channel, change.event)
        return message(channel, event, _SHAPES[channel](row), self._clock.now_ms())

    def _is_news(self, channel: str, old: Mapping[str, Any] | None) -> bool:
        telling = _TELLING.get(channel)
        return telling is None or old is None or not telling.isdisjoint(old)


def add_socket(app: FastAPI, keys: KeyRing, hub: Hub, subscriptions: Subscriptions) -> None:
    """Serves the WebSocket, and tells who comes by plain HTTP to upgrade."""

    async def serve(websocket: WebSocket) -> None:
        session = LoginSession(ACCESS, asyncio.get_running_loop().time())
        await LoginSocket(websocket, session, keys, hub, subscriptions, everybodys=_EVERYBODYS).serve()

    async def upgrade(_: Request) -> Response:
        return JsonAnswer({"detail": "Upgrade Required"}, 426, {"Upgrade": "websocket", "Connection": "Upgrade"})

    app.add_api_websocket_route(PATH, serve)
    app.add_route(PATH, upgrade, methods=["GET"], include_in_schema=False)
