"""A client with two accounts in a database of the test's own, and a floor with a bookmaker to bet at."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hedgerow.core.clock import NS_PER_S, SteppedClock
from hedgerow.core.secrets import Secret, Vault
from hedgerow.execution.invariants import check
from hedgerow.sim.dialects.pinnacle import Pinnacle, Terms
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.site import listen
from hedgerow.sim.world import Fixture, World
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.bets import Bets
from hedgerow.storage.database import Database

from .abpkit import NOW, Desk
from .runkit import ACCOUNT, ALCARAZ, KEY, NOW_S, SINNER, SPEED, TENNIS, Floor


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(int(NOW.timestamp()) * NS_PER_S)


@pytest.fixture
def vault() -> Vault:
    return Vault(Secret(KEY))


@pytest.fixture
async def desk(database: Database, clock: SteppedClock, vault: Vault) -> Desk:
    """Clients acme and zenith; acme has an account at pinnacle (USD) and one at cloudbet (EUR)."""
    accounts = Accounts(database, clock)
    ids = []
    for client in ("acme", "zenith"):
        await accounts.add_client(client, client)
    for venue, currency in (("pinnacle", "USD"), ("cloudbet", "EUR")):
        made = await accounts.add_account(
            venue, f"{venue}_main", "acme", vault=vault, credentials={"password": "x"}, currency=currency
        )
        assert made is not None
        ids.append(made.account_id)
    return Desk(database, clock, Bets(database, clock), ids[0], ids[1])


@pytest.fixture
async def floor(database: Database) -> AsyncIterator[Floor]:
    """A minute of the world passes in one and a half seconds."""
    world = World(Catalogue())
    world.clock.run_scaled(NOW_S * NS_PER_S, SPEED)
    pinnacle = Pinnacle(world, Terms())
    world.put_fixture(Fixture(TENNIS, 12, 2314, "Jannik Sinner", "Carlos Alcaraz", NOW_S + 7200))
    site = await listen(pinnacle.sites()["rest"], "127.0.0.1", 0)
    vault = Vault(Secret(KEY))
    made = Floor(database, world, pinnacle, vault, site.url)
    made.offer(SINNER, "1.8")
    made.offer(ALCARAZ, "2.1")
    accounts = Accounts(database, world.clock)
    await accounts.add_client("acme", "Acme")
    credentials = dict(pinnacle.demo_credentials(ACCOUNT))
    await accounts.add_account("pinnacle", "main", "acme", vault=vault, credentials=credentials)
    yield made
    for runner, desks in made.started:
        await runner.stop()
        await desks.close()
    assert {name: rows for name, rows in (await check(database, second_look_s=0)).items() if rows} == {}
    await site.runner.cleanup()
