"""A client with two accounts in a database of the test's own."""

from __future__ import annotations

import base64

import pytest

from hedgerow.core.clock import NS_PER_S, SteppedClock
from hedgerow.core.secrets import Secret, Vault
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.bets import Bets
from hedgerow.storage.database import Database

from .abpkit import NOW, Desk


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(int(NOW.timestamp()) * NS_PER_S)


@pytest.fixture
def vault() -> Vault:
    return Vault(Secret(base64.b64encode(bytes(32)).decode()))


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
