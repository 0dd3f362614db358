"""An order whose bet a person places by hand: over the served feed, our connector, a desk's protocol and its page."""

from __future__ import annotations

from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.bridging.desk.serving import desk_at

from hedgerow.abp.orders import AbpOrder
from hedgerow.abp.service import AutomatedBetPlacing
from hedgerow.bridging import wire
from hedgerow.core.clock import NS_PER_S
from hedgerow.core.config import Settings
from hedgerow.core.ids import ClientName
from hedgerow.core.secrets import Secret, Vault
from hedgerow.execution.invariants import check
from hedgerow.sim.dialects.oddspapi import DEMO_KEY
from hedgerow.sim.server import WorldConfig, WorldServer
from hedgerow.sim.world import Fixture
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.database import Database

from .bridgedkit import is_told, offer, request, until
from .runkit import NOW_S, TENNIS

ACME = ClientName("acme")
SPEED = 5.0
TOKEN = "throwaway-token-of-a-desk"


async def test_an_order_goes_over_a_desk_to_a_confirmed_bet(
    database: Database, vault: Vault, eventually: Any, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        server = WorldServer(WorldConfig())
        stack.push_async_callback(server.stop)
        await server.start()
        world = server.world
        world.clock.run_scaled(NOW_S * NS_PER_S, SPEED)
        world.put_fixture(Fixture(TENNIS, 12, 2314, "Jannik Sinner", "Carlos Alcaraz", NOW_S + 7200))
        offer(server, "1.75")
        at = await stack.enter_async_context(desk_at("vertex", "main", Secret(TOKEN), world.clock, tmp_path))
        desk = at.desk
        desk.tell_balance("main", "Ann", "1000")
        service = await _service(stack, server, at.url + wire.BASE, database, vault)
        await eventually(lambda: all(one.is_open for one in service.desks.all()))
        await service.desks.read_balances()
        await eventually(lambda: service.book.fixture(TENNIS) is not None and service.book.up_since_ms is not None)
        offer(server, "1.8")
        await eventually(lambda: is_told(service))
        (order,) = await service.place(ACME, None, [request()])
        assert isinstance(order, AbpOrder), order
        await eventually(lambda: bool(desk.jobs()))
        [job] = desk.jobs()
        assert job.what.startswith("Jannik Sinner · Winner, result · Jannik Sinner v Carlos Alcaraz")
        assert (job.wager.stake, job.wager.limit_price) == (Decimal(10), Decimal("1.8"))
        (bet,) = await database.fetch("select * from bets")
        assert bet["status"] in ("PENDING", "PLACED")
        desk.take("main", job.wager.reference, "Ann")
        desk.placed("main", job.wager.reference, "Ann", "T-4711", "10", "1.82")
        (bet,) = await until(database, lambda rows: rows[0]["status"] == "CONFIRMED")
        assert (bet["bookmaker_bet_id"], bet["placed_odds"], bet["placed_stake"]) == (
            "T-4711",
            Decimal("1.82"),
            Decimal(10),
        )
        assert all(not rows for rows in (await check(database)).values())


async def _service(
    stack: AsyncExitStack, server: WorldServer, url: str, database: Database, vault: Vault
) -> AutomatedBetPlacing:
    """Of client acme, whose account at the bookmaker is the desk's."""
    feed = server.venues.urls("oddspapi")
    settings = Settings(feed_rest_url=feed["rest"] + "/en", feed_ws_url=feed["ws"] + "/ws", feed_key=Secret(DEMO_KEY))
    clock = server.world.clock
    accounts = Accounts(database, clock)
    await accounts.add_client(ACME, ACME)
    meta = {"bridge_url": url}
    await accounts.add_account("vertex", "main", ACME, vault=vault, credentials={"password": TOKEN}, meta=meta)
    made = AutomatedBetPlacing(settings, database, vault, clock)
    stack.push_async_callback(made.stop)
    await made.start()
    return made
