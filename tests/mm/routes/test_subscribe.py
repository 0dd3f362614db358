"""The WebSocket over real sockets, from a committed row to the client."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from tests.api.told import Description
from tests.patience import PATIENCE_S
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from hedgerow.api.server import Server
from hedgerow.bus.nats import Bus
from hedgerow.bus.relay import Relay
from hedgerow.mm import asyncapi
from hedgerow.mm.controls import SystemState
from hedgerow.mm.switches import save_system
from hedgerow.realtime import socket as socket_module
from hedgerow.realtime.output import MOST_MESSAGES
from hedgerow.storage.database import decode_json

from .apikit import FIXTURE, KEY, NOW, RIVAL_KEY, Api

CHANNELS = ["orders", "bets", "accounts", "scores", "emergency"]

DESCRIBED = Description(asyncapi.document())


class Client:
    """A client of the socket."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def next(self) -> Any:
        """What is told next; heartbeats, which come by the clock, are passed over."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                text = await self.connection.recv()
                assert DESCRIBED.faults(text) == []
                if (told := decode_json(text))["type"] != "heartbeat":
                    return told

    async def next_orders(self, number: int) -> list[int]:
        """The ids of the orders that are told next, of which only the first is held against the description: that
        costs more than all else, and a flood is to be over before a deaf client counts as dead."""
        told = [(await self.next())["payload"]["orderId"]]
        async with asyncio.timeout(PATIENCE_S):
            while len(told) < number:
                message = decode_json(await self.connection.recv())
                if message["type"] != "heartbeat":
                    told.append(message["payload"]["orderId"])
        return told

    async def close_code(self) -> int | None:
        async with asyncio.timeout(PATIENCE_S):
            try:
                while True:
                    await self.connection.recv()
            except ConnectionClosed:
                return self.connection.close_code

    async def subscribe(self, *channels: str, key: str = KEY) -> Any:
        await self.send(type="subscribe", apiKey=key, channels=channels or CHANNELS)
        return await self.next()


# What the kernel keeps for a client on this machine (some 2.5 MB), the queue's 2,000 messages, and as many again.
WAVE = 500
FLOOD = 8000


def narrow(server: Server) -> socket.socket:
    """A connection that takes little before it is read."""
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    found.connect(("127.0.0.1", server.port))
    found.setblocking(False)
    return found


async def add_orders(api: Api, first: int, number: int) -> None:
    """Order rows of `demo`, numbered upwards, committed together."""
    await api.database.execute(
        """insert into mm_orders (order_id, client, account_id, exchange, fixture_id, market_id, outcome_id, side,
             price, size, stake, client_order_id, exchange_outcome_id, status, bookmaker, created_at)
           select n, 'demo', $1, 'polymarket', $2, 101, 161, 'buy', 0.45, 100, 45, 'ref-' || n, '12345678', 'PLACED',
             'pinnacle', $3 from generate_series($4::bigint, $5::bigint) n order by n""",
        api.account_id,
        FIXTURE,
        NOW,
        first,
        first + number - 1,
    )


@pytest.fixture
async def server(api: Api, nats: Bus) -> AsyncIterator[Server]:
    relay, found = Relay(api.database, nats), Server(api.app, "127.0.0.1", 0)
    await found.start()
    relay.start()
    yield found
    await relay.stop()
    await found.stop()


@pytest.fixture
async def client(server: Server) -> AsyncIterator[Client]:
    async with connect(f"ws://127.0.0.1:{server.port}/ws/subscribe", ping_interval=None) as connection:
        yield Client(connection)


async def test_order_is_told_whole_with_what_it_was_before(api: Api, client: Client) -> None:
    told = await client.subscribe("orders")
    assert told == {"type": "subscribed", "subscriptionId": told["subscriptionId"], "channels": ["orders"]}
    await api.add_order(123)
    await api.database.execute(
        "update mm_orders set status = 'FILLED', matched_size = 100, matched_stake = 45.00, matched_at = $1", NOW
    )
    placed, filled = await client.next(), await client.next()
    assert (placed["type"], placed["channel"], placed["event"]) == ("broadcast", "orders", "INSERT")
    assert "old" not in placed
    assert placed["payload"]["orderStatus"] == "PLACED"
    assert filled["event"] == "UPDATE"
    assert filled["payload"] == await api.get("/orders/123")
    assert filled["old"] == {
        "orderStatus": "PLACED",
        "matchedStatus": "NOT_MATCHED",
        "matchedStake": 0,
        "matchedShares": 0,
        "matchedAt": None,
    }


async def test_channels_carry_the_clients_own_rows_and_everybodys(api: Api, client: Client) -> None:
    await client.subscribe()
    await api.add_fixture()
    await api.add_order(1, client="rival")
    await api.add_bet(1, origin="abp")
    number = await api.add_bet(2)
    await api.accounts.set_balance(api.account_id, Decimal("12.50"), Decimal(0))
    await api.database.execute("""update fixtures set scores = '{"result": {"participant1Score": 1}}'""")
    emergency = SystemState(soft_paused=False, stopped=False, emergency=True, reason="Manual trigger", since=NOW)
    async with api.database.transaction() as connection:
        await save_system(connection, emergency)
    bet, account, scores, state = [await client.next() for _ in range(4)]
    assert (bet["channel"], bet["event"], bet["payload"]) == ("bets", "INSERT", await api.get(f"/bets/{number}"))
    assert (account["channel"], account["payload"]["balance"]) == ("accounts", Decimal("12.50"))
    assert account["old"]["balance"] is None
    assert (scores["channel"], scores["payload"]["fixtureId"]) == ("scores", FIXTURE)
    assert scores["payload"]["scores"] == {"home": 1, "away": None}
    assert state["channel"] == "emergency"
    expected = {"emergency": True, "reason": "Manual trigger", "triggeredAt": "2026-02-15T10:30:00Z"}
    assert {name: state["payload"][name] for name in expected} == expected
    assert state["old"]["emergency"] is False


async def test_unsubscribed_client_is_told_nothing_more(api: Api, client: Client) -> None:
    await client.subscribe("orders")
    await client.send(type="unsubscribe")
    assert await client.next() == {"type": "unsubscribed"}
    await api.add_order(1)
    await client.send(type="ping")
    assert await client.next() == {"type": "pong"}
    assert (await client.subscribe("orders"))["type"] == "subscribed"


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ({"api_key": "not-a-key"}, "Invalid api_key format"),
        ({"apiKey": 7}, "Invalid apiKey format"),
        ({"apiKey": "0b6f1c9e-2f6d-4a55-9f0e-3a51e2c0dfff"}, "Invalid API key"),
        ({}, "apiKey required"),
    ],
)
async def test_who_has_no_key_is_told_why_and_closed(client: Client, message: dict[str, Any], error: str) -> None:
    await client.send(type="subscribe", channels=["orders"], **message)
    told = await client.next()
    assert (told["type"], told["message"]) == ("error", error)
    assert await client.close_code() == 4001


async def test_sixth_connection_of_a_key_is_refused(server: Server) -> None:
    connections = [await connect(f"ws://127.0.0.1:{server.port}/ws/subscribe", ping_interval=None) for _ in range(7)]
    clients = [Client(connection) for connection in connections]
    told = [await client.subscribe("orders") for client in clients[:6]]
    assert [message["type"] for message in told] == ["subscribed"] * 5 + ["error"]
    assert told[5]["message"] == "Connection limit exceeded"
    assert await clients[5].close_code() == 4003
    assert (await clients[6].subscribe("orders", key=RIVAL_KEY))["type"] == "subscribed"
    for connection in connections:
        await connection.close()


async def test_client_that_stops_reading_is_closed_and_the_others_miss_nothing(
    api: Api, server: Server, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_module, "_LAST_WORDS_S", 600)
    async with connect(
        f"ws://127.0.0.1:{server.port}/ws/subscribe", sock=narrow(server), max_queue=1, ping_interval=None
    ) as deaf_end:
        deaf = Client(deaf_end)
        assert (await deaf.subscribe("orders"))["type"] == "subscribed"
        await client.subscribe("orders")
        told: list[int] = []
        for first in range(0, FLOOD, WAVE):
            await add_orders(api, first, WAVE)
            told += await client.next_orders(WAVE)
        assert told == list(range(FLOOD))
        assert await deaf.close_code() == 4002
    await add_orders(api, FLOOD, 1)
    assert (await client.next())["payload"]["orderId"] == FLOOD


async def test_burst_disturbs_nobody_who_reads(api: Api, client: Client) -> None:
    await client.subscribe("orders")
    await add_orders(api, 0, 3 * MOST_MESSAGES)
    assert await client.next_orders(3 * MOST_MESSAGES) == list(range(3 * MOST_MESSAGES))


async def test_http_is_told_to_upgrade(api: Api) -> None:
    answer = await api.http.get("/ws/subscribe")
    assert (answer.status_code, answer.headers["Upgrade"]) == (426, "websocket")


async def test_service_over_a_socket_answers_rest_too(server: Server) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", timeout=PATIENCE_S) as http:
        assert (await http.get("/readyz")).json()["status"] == "ready"
        assert (await http.get("/api/v1/me", headers={"X-API-Key": KEY})).json()["client"] == "demo"
