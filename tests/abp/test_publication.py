"""Processes die after they have committed a change and before they have published it; it is told all the same, once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE_S
from websockets.asyncio.client import ClientConnection, connect

from hedgerow.cli.services import ServiceProcess
from hedgerow.core.secrets import Secret
from hedgerow.core.tasks import spawn, stop
from hedgerow.storage.database import Database, decode_json

from .faultkit import ACME, Arena, arena

CHANNELS = ["orders", "bets"]


class Follower:
    """A client that follows its orders and bets over whatever connection it gets, and keeps each number once."""

    def __init__(self, key: Secret) -> None:
        self._key = key
        self._subscription: int | None = None
        self.told: list[Any] = []

    @asynccontextmanager
    async def connected(self, process: ServiceProcess) -> AsyncIterator[ClientConnection]:
        async with connect(process.url.replace("http", "ws", 1) + "/ws") as connection:
            login = {"type": "login", "apiKey": self._key.reveal(), "channels": CHANNELS, "reliableDelivery": True}
            if self._subscription is not None:
                login["resume"] = {"subscriptionId": self._subscription, "lastSeq": len(self.told)}
            await connection.send(json.dumps(login))
            answer = json.loads(await connection.recv())
            assert answer.get("resumed") is (None if self._subscription is None else True), answer
            self._subscription = answer["subscriptionId"]
            yield connection

    async def read(self, connection: ClientConnection, order_id: int) -> None:
        """Until the order is filled, and its bet told."""
        async with asyncio.timeout(PATIENCE_S):
            while not self._has_all_of(order_id):
                message = decode_json(await connection.recv())
                if message["type"] != "data":
                    continue
                assert message["seq"] <= len(self.told) + 1, "a number was left out"
                if message["seq"] == len(self.told) + 1:
                    self.told.append(message)
                if message["seq"] % 3 == 0:  # some stay unacknowledged
                    await connection.send(json.dumps({"type": "ack", "upTo": message["seq"]}))

    def _has_all_of(self, order_id: int) -> bool:
        ours = [one for one in self.told if one["payload"]["orderId"] == order_id]
        return any(one["payload"].get("orderStatus") == "FILLED" for one in ours)


@asynccontextmanager
async def unpublished(database: Database) -> AsyncIterator[None]:
    """What is committed inside waits: a transaction that is older stays open."""
    async with database.transaction() as connection:
        await connection.fetchval("select pg_current_xact_id()")
        yield


async def filled(found: Arena, process: ServiceProcess) -> int:
    """A test order that a process has taken and filled, as the database has it."""
    order_id = await found.place(ACME, process, testOrder=True)
    await found.until(f"select status from abp_orders where order_id = {order_id}", "FILLED")
    return order_id


async def test_what_a_dead_process_committed_is_told_once_in_its_order(
    tmp_path: Path, database: Database, database_url: Secret
) -> None:
    async with arena(tmp_path, database, database_url, seed=3, native=False, lives_s=(30,)) as found:
        moving = spawn(found.keep_moving(with_faults=False), "prices")
        one, other = found.processes
        follower = Follower(found.keys[ACME])
        try:
            async with follower.connected(one) as connection:
                await follower.read(connection, await filled(found, one))
            for dying, there in (([one], other), ([other], one)):
                async with unpublished(database):
                    order_id = await filled(found, dying[0])
                    await dying[0].kill()
                    if there is one:  # nobody is left
                        await found.start(one)
                async with follower.connected(there) as connection:
                    await follower.read(connection, order_id)
        finally:
            await stop(moving)
        rows = await database.fetch(
            """select channel, event, payload->>'status' from outbox
               where client = 'acme' and channel in ('abp.orders', 'abp.bets') order by xid, id"""
        )
        told = [
            (f"abp.{one['channel']}", one["event"], one["payload"].get("orderStatus") or one["payload"]["betStatus"])
            for one in follower.told
        ]
        assert told == [tuple(row) for row in rows][: len(told)]
        assert len(rows) - len(told) <= 1  # a bet's last word may come after its order's
