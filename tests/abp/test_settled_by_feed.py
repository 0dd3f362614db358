"""A bet at a bookmaker without statements, from its order to its money, over the served feed and a served bridge."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hedgerow.abp.analytics import GroupBy, pnl
from hedgerow.abp.orders import AbpOrder
from hedgerow.abp.service import AutomatedBetPlacing
from hedgerow.core.clock import NS_PER_S
from hedgerow.core.config import Settings
from hedgerow.core.ids import ClientName
from hedgerow.core.secrets import Secret, Vault
from hedgerow.core.states import SettlementStatus
from hedgerow.execution.invariants import check
from hedgerow.sim.dialects.oddspapi import DEMO_KEY
from hedgerow.sim.server import WorldConfig, WorldServer
from hedgerow.sim.world import Fixture
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.database import Database

from .bridgedkit import is_told, offer, request, until
from .runkit import ALCARAZ, NOW_S, SINNER, TENNIS

ACME = ClientName("acme")
SPEED = 20.0
"""A minute of the world passes in three seconds."""


async def test_the_feed_settles_where_the_bookmaker_has_no_statement(
    database: Database, vault: Vault, eventually: Any
) -> None:
    server = WorldServer(WorldConfig())
    await server.start()
    world = server.world
    world.clock.run_scaled(NOW_S * NS_PER_S, SPEED)
    world.put_fixture(Fixture(TENNIS, 12, 2314, "Jannik Sinner", "Carlos Alcaraz", NOW_S + 7200))
    offer(server, "1.75")
    bridge: Any = server.venues.dialects["vertex"]
    bridge.patch({"statement": False})
    service = await _service(server, bridge, database, vault)
    try:
        await eventually(lambda: all(desk.is_open for desk in service.desks.all()))
        await service.desks.read_balances()
        await eventually(lambda: service.book.fixture(TENNIS) is not None and service.book.up_since_ms is not None)
        offer(server, "1.8")
        await eventually(lambda: is_told(service))
        (order,) = await service.place(ACME, None, [request()])
        assert isinstance(order, AbpOrder), order
        (bet,) = await until(database, lambda rows: bool(rows) and rows[0]["status"] == "CONFIRMED")
        world.put_fixture(Fixture(TENNIS, 12, 2314, "Jannik Sinner", "Carlos Alcaraz", NOW_S + 7200, status_id=2))
        world.settle(TENNIS, {SINNER.outcome_id: SettlementStatus.WON, ALCARAZ.outcome_id: SettlementStatus.LOST})
        (bet,) = await until(database, lambda rows: rows[0]["settlement"] != "UNSETTLED")
        assert (bet["settlement"], bet["payout"], bet["settled_by"]) == ("WON", Decimal("17.60"), "feed")
        (row,) = pnl(await service.orders.bet_facts(ACME), GroupBy.BOOKMAKER)
        assert (row.wins, row.net_pnl) == (1, Decimal("7.60"))
        assert all(not rows for rows in (await check(database)).values())
    finally:
        await service.stop()
        await server.stop()


async def _service(server: WorldServer, bridge: Any, database: Database, vault: Vault) -> AutomatedBetPlacing:
    feed = server.venues.urls("oddspapi")
    settings = Settings(
        feed_rest_url=feed["rest"] + "/en",
        feed_ws_url=feed["ws"] + "/ws",
        feed_key=Secret(DEMO_KEY),
        venue_urls={"vertex": {"rest": server.venues.urls("vertex")["rest"] + "/bridge/v1"}},
    )
    clock = server.world.clock
    accounts = Accounts(database, clock)
    await accounts.add_client(ACME, ACME)
    (account, *_) = bridge.book.balances
    credentials = dict(bridge.demo_credentials(account))
    meta = {"commissionRate": "0.05"}
    await accounts.add_account("vertex", "main", ACME, vault=vault, credentials=credentials, meta=meta)
    made = AutomatedBetPlacing(settings, database, vault, clock)
    await made.start()
    return made
