"""The WebSocket over real sockets, from a committed row to the client."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from tests.abp.abpkit import taken
from tests.abp.routes.apikit import KEY, RIVAL_KEY, Api, serving
from tests.api.told import Description
from tests.patience import PATIENCE_S
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from hedgerow.abp import asyncapi
from hedgerow.abp.subscribe import ACCESS, message
from hedgerow.api.server import Server
from hedgerow.bus.nats import Bus
from hedgerow.bus.relay import Relay
from hedgerow.storage.database import Database, decode_json

CHANNELS = [
    "orders",
    "bets",
    "settlements",
    "accounts",
    "balance",
    "betslip",
    "fixtures",
    "currencies",
    "status",
    "emergency",
]

DESCRIBED = Description(asyncapi.document())


class Client:
    """A client of the socket."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def next(self) -> Any:
        async with asyncio.timeout(PATIENCE_S):
            text = await self.connection.recv()
        assert DESCRIBED.faults(text) == []
        return decode_json(text)

    async def login(self, *channels: str, key: str = KEY, **options: Any) -> Any:
        await self.send(type="login", apiKey=key, channels=channels, **options)
        return await self.next()

    async def close_code(self) -> int | None:
        async with asyncio.timeout(PATIENCE_S):
            try:
                while True:
                    await self.connection.recv()
            except ConnectionClosed:
                return self.connection.close_code


@pytest.fixture
async def api(database: Database, nats: Bus) -> AsyncIterator[Api]:
    async with serving(database, nats) as found:
        yield found


@asynccontextmanager
async def listening(api: Api, nats: Bus) -> AsyncIterator[Server]:
    """The API on a port, once what was there before has been published: clients hear of what comes after."""
    relay, found = Relay(api.database, nats), Server(api.app, "127.0.0.1", 0)
    relay.start()
    waiting = "select exists (select 1 from outbox o cross join outbox_cursor c where (o.xid, o.id) > (c.xid, c.id))"
    async with asyncio.timeout(PATIENCE_S):
        while await api.database.fetchval(waiting):  # noqa: ASYNC110 - it is the relay's table
            await asyncio.sleep(0.01)
    await found.start()
    yield found
    await relay.stop()
    await found.stop()


@pytest.fixture
async def server(api: Api, nats: Bus) -> AsyncIterator[Server]:
    async with listening(api, nats) as found:
        yield found


@asynccontextmanager
async def connected(server: Server) -> AsyncIterator[Client]:
    async with connect(f"ws://127.0.0.1:{server.port}/ws", ping_interval=None) as connection:
        yield Client(connection)


@pytest.fixture
async def client(server: Server) -> AsyncIterator[Client]:
    async with connected(server) as found:
        yield found


async def test_login_without_channels_follows_all(client: Client) -> None:
    told = await client.login()
    assert (told["type"], told["clientName"], told["channels"]) == ("login_ok", "acme", CHANNELS)
    assert told["access"] == {"clientFiltered": CHANNELS[:6], "global": CHANNELS[6:]}
    assert told["features"] == {"messageOrdering": True, "acknowledgments": False, "batchAck": False}


async def test_orders_and_bets_are_told_as_reads_show_them(api: Api, client: Client) -> None:
    await client.login("orders", "bets", "settlements")
    order = await api.desk.order()
    bet = taken(await api.desk.bet(order), odds="1.98")
    async with api.database.transaction() as connection:
        await api.desk.bets.save_answer(connection, bet)
    bet.settlement, bet.payout = "WON", Decimal("19.80")
    async with api.database.transaction() as connection:
        await api.desk.bets.save_settlement(connection, bet)
    told = [await client.next() for _ in range(5)]
    assert [(one["channel"], one["event"], one["seq"]) for one in told] == [
        ("orders", "INSERT", 1),
        ("bets", "INSERT", 2),
        ("bets", "UPDATE", 3),
        ("bets", "UPDATE", 4),
        ("settlements", "SETTLED", 5),
    ]
    assert told[3]["payload"] == told[4]["payload"] == await api.get(f"/bets/{bet.bet_id}")
    (read,) = (await api.get("/orders", orderIds=order.order_id))["orders"]
    assert told[0]["payload"] == {name: read[name] for name in told[0]["payload"]}
    assert (told[0]["type"], told[0]["payload"]["remainingStake"], told[0]["ts"]) == ("data", 10, api.clock.now_ms())


async def test_accounts_balance_currencies_and_emergency_are_told(api: Api, client: Client) -> None:
    await client.login("accounts", "balance", "currencies", "emergency")
    account = {"bookmaker": "pinnacle", "username": "second", "password": "hush", "meta": {"appKey": "k-1"}}
    shown = await api.post("/accounts", account, status=201)
    await api.accounts.set_balance(api.desk.dollars, Decimal("12.50"), Decimal(0))
    await api.database.execute("insert into currencies values ('EUR', 0.9137, 'operator', now())")
    await api.database.execute("update mm_system set soft_paused = true")
    await api.database.execute("update mm_system set emergency = true, reason = 'maintenance'")
    inserted, balance, currency, emergency = [await client.next() for _ in range(4)]
    assert (inserted["channel"], inserted["event"], inserted["payload"]) == ("accounts", "INSERT", shown)
    assert (balance["channel"], balance["event"]) == ("balance", "UPDATE")
    assert balance["payload"] == {
        "clientName": "acme",
        "bookmaker": "pinnacle",
        "username": "pinnacle_main",
        "balance": Decimal("12.50"),
        "currency": "USD",
        "ts": api.clock.now_ms(),
    }
    assert (currency["channel"], currency["payload"]["currencyValue"]) == ("currencies", Decimal("0.9137"))
    assert (emergency["event"], emergency["payload"]["active"]) == ("STATUS", True)
    assert emergency["payload"]["reason"] == "maintenance"


async def change_all(api: Api, client: str, account_id: int) -> None:
    """A change of every kind that is a client's own."""
    order = await api.desk.order(client=client, request_uuid=str(uuid.uuid4()))
    bet = taken(await api.desk.bet(order, account_id=account_id))
    async with api.database.transaction() as connection:
        await api.desk.bets.save_answer(connection, bet)
    bet.settlement, bet.payout = "WON", Decimal(20)
    async with api.database.transaction() as connection:
        await api.desk.bets.save_settlement(connection, bet)
    await api.accounts.set_balance(account_id, Decimal(77), Decimal(0))
    await api.database.execute("update accounts set priority = priority + 1 where account_id = $1", account_id)
    slip = message("betslip", "UPDATE", slip_of(client), api.clock.now_ms())
    api.app.state.hub.tell(("betslip", client), lambda: slip)


def slip_of(client: str) -> dict[str, Any]:
    """Without odds."""
    nothing = dict.fromkeys(("userRef", "fixtureInfo", "outcomeInfo", "playerInfo"))
    return {"fixtureId": "id1", "outcomeId": 101, "playerId": 0, "client": client, "odds": {}, **nothing}


@pytest.mark.parametrize("channel", ACCESS.own)
async def test_nobody_hears_of_anothers_rows(api: Api, server: Server, channel: str) -> None:
    """Whoever hears its own change hears it first, though another's came before."""
    made = await api.accounts.add_account(
        "vertex", "of-zenith", "zenith", vault=api.vault, credentials={"password": "x"}
    )
    assert made is not None
    async with connected(server) as acme, connected(server) as zenith:
        await acme.login(channel)
        await zenith.login(channel, key=RIVAL_KEY)
        await change_all(api, "acme", api.desk.dollars)
        assert owner(await acme.next()) == "acme"  # what was committed of acme has been told
        await change_all(api, "zenith", made.account_id)
        heard = [await zenith.next()]
        while channel == "accounts" and heard[-1]["event"] == "INSERT":  # the account that was made above
            heard.append(await zenith.next())
        assert {owner(told) for told in heard} == {"zenith"}
        assert {told["channel"] for told in heard} == {channel}


def owner(told: Any) -> Any:
    return told["payload"].get("client") or told["payload"]["clientName"]


async def test_unknown_key_is_closed_out(client: Client) -> None:
    assert (await client.login(key=KEY[:-1] + "f"))["message"] == "Invalid API key"
    assert await client.close_code() == 4001


async def test_sixth_connection_of_a_key_is_closed_out(server: Server) -> None:
    async with AsyncExitStack() as stack:
        *five, sixth = [await stack.enter_async_context(connected(server)) for _ in range(6)]
        for client in five:
            assert (await client.login("orders"))["type"] == "login_ok"
        assert (await sixth.login("orders"))["message"] == "Connection limit exceeded"
        assert await sixth.close_code() == 4003


async def test_subscription_goes_on_over_another_connection(api: Api, server: Server) -> None:
    async with connected(server) as first:
        number = (await first.login("orders", reliableDelivery=True))["subscriptionId"]
        one = await api.desk.order()
        told = await first.next()
        assert (told["seq"], told["requireAck"], told["payload"]["orderId"]) == (1, True, one.order_id)
        two = await api.desk.order(request_uuid="eb45b192-317b-42d5-9f65-000000000002")
        assert (await first.next())["seq"] == 2
        await first.send(type="ack", seq=1)
    three = await api.desk.order(request_uuid="eb45b192-317b-42d5-9f65-000000000003")
    async with connected(server) as second:
        answer = await second.login("orders", resume={"subscriptionId": number, "lastSeq": 1})
        assert (answer["subscriptionId"], answer["resumed"], answer["reliableDelivery"]) == (number, True, True)
        told = [await second.next(), await second.next()]
        found = [(one["seq"], one["payload"]["orderId"]) for one in told]
        assert found == [(2, two.order_id), (3, three.order_id)]


async def test_subscription_is_not_given_to_another_key(api: Api, server: Server) -> None:
    async with connected(server) as first:
        number = (await first.login("orders", reliableDelivery=True))["subscriptionId"]
    async with connected(server) as second:
        answer = await second.login("orders", key=RIVAL_KEY, resume={"subscriptionId": number, "lastSeq": 0})
        assert (answer["resumed"], answer["clientName"]) == (False, "zenith")
        await api.desk.order()
        await api.desk.order(client="zenith")
        assert (await second.next())["payload"]["client"] == "zenith"


async def test_plain_http_is_told_to_upgrade(api: Api) -> None:
    assert await api.ask("GET", "/ws", 426) == {"detail": "Upgrade Required"}
