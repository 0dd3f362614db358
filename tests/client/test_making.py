"""The market making stream over a real socket: changes as models, and a lost connection as a gap."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from tests.abp.test_subscribe import listening
from tests.client.wirekit import wired
from tests.mm.routes.apikit import KEY, serving
from tests.patience import PATIENCE_S

from hedgerow.bus.nats import Bus
from hedgerow.client import AsyncClient, Gap, Message, Reconnects, Service
from hedgerow.client.mm.models import AccountChange
from hedgerow.storage.database import Database


async def test_changes_are_told_and_a_lost_connection_is_a_gap(database: Database, nats: Bus) -> None:
    async with serving(database, nats) as api, listening(api, nats) as server, wired(server.port) as wire:
        service = Service(f"http://127.0.0.1:{wire.port}", KEY)
        quickly = Reconnects(first_s=0.01, longest_s=0.05)
        async with (
            asyncio.timeout(PATIENCE_S),
            AsyncClient(mm=service) as client,
            client.mm.stream("accounts", reconnects=quickly) as stream,
        ):
            for balance in (Decimal("10.25"), Decimal("0.1")):
                await database.execute("update accounts set balance = $1 where client = 'demo'", balance)
                message = await anext(stream)
                assert isinstance(message, Message)
                assert message.read(AccountChange).balance == balance
                assert message.old is not None
                wire.cut()
                assert isinstance(await anext(stream), Gap)
            assert stream.position is None
            account = (await client.mm.list_accounts()).accounts[0]
            assert account.balance == Decimal("0.1")
