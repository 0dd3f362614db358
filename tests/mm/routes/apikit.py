"""A market making API on a database of the test's own, and a market making that notes what it is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
from fastapi import FastAPI

from hedgerow.bus.nats import Bus
from hedgerow.core.clock import SteppedClock
from hedgerow.core.config import Settings
from hedgerow.core.secrets import Secret, Vault, new_master_key
from hedgerow.mm.app import ApiContext, create_app
from hedgerow.mm.commands import CancelOutcome, ConfigurationChange
from hedgerow.mm.controls import Result, Switch, turn
from hedgerow.mm.switches import Switches
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.database import Database, decode_json

NOW = datetime(2026, 2, 15, 10, 30, tzinfo=UTC)
KEY = "0b6f1c9e-2f6d-4a55-9f0e-3a51e2c0d001"
RIVAL_KEY = "0b6f1c9e-2f6d-4a55-9f0e-3a51e2c0d002"
FIXTURE = "id1000000861624412"


@dataclass
class FakeMarketMaking:
    """Does what the switches say, in the database; cancels nothing, and says what it was told to say."""

    switches: Switches
    database: Database
    outcome: CancelOutcome = field(default_factory=CancelOutcome)
    change: ConfigurationChange = field(default_factory=ConfigurationChange)
    covered: set[int] = field(default_factory=set)
    asked: list[Any] = field(default_factory=list)

    async def switch(self, client: str, switch: Switch, reason: str | None, actor: str) -> tuple[Result, CancelOutcome]:
        self.asked.append((client, switch, reason, actor))
        controls = await self.switches.client_controls(client)
        assert controls is not None
        turned, result = turn(controls, switch, NOW, reason)
        async with self.database.transaction() as connection:
            await self.switches.save_controls(connection, turned)
        return result, self.outcome

    async def cancel(
        self, client: str, *, order_id: int | None = None, exchange: str | None = None, fixture_id: str | None = None
    ) -> CancelOutcome:
        self.asked.append((client, order_id, exchange, fixture_id))
        return self.outcome

    async def reconfigure(self, client: str) -> ConfigurationChange:
        self.asked.append(client)
        return self.change

    async def covers(self, client: str, tournament_id: int) -> bool:
        return tournament_id in self.covered


@dataclass
class Api:
    """The application, a client of it with a key, and the database behind it. account_id: the client's account;
    rivals_id: another client's."""

    app: FastAPI
    http: httpx.AsyncClient
    database: Database
    accounts: Accounts
    switches: Switches
    market_making: FakeMarketMaking
    clock: SteppedClock
    account_id: int = 0
    rivals_id: int = 0

    async def get(self, path: str, **query: Any) -> Any:
        """The body of a 200, numbers with a point as Decimals."""
        answer = await self.http.get(f"/api/v1{path}", params=query)
        assert answer.status_code == 200, answer.text
        return decode_json(answer.content)

    async def post(self, path: str, body: Any = None, **query: Any) -> Any:
        answer = await self.http.post(f"/api/v1{path}", json=body, params=query)
        assert answer.status_code == 200, answer.text
        return decode_json(answer.content)

    async def patch(self, path: str, body: Any) -> Any:
        answer = await self.http.patch(f"/api/v1{path}", json=body)
        assert answer.status_code == 200, answer.text
        return decode_json(answer.content)

    async def status(self, method: str, path: str, **options: Any) -> int:
        return (await self.http.request(method, f"/api/v1{path}", **options)).status_code

    async def insert(self, table: str, **columns: Any) -> None:
        """One row; nothing is defaulted here."""
        names = ", ".join(columns)
        marks = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
        await self.database.execute(f"insert into {table} ({names}) values ({marks})", *columns.values())

    async def add_order(self, order_id: int, **given: Any) -> None:
        """An order row of `demo`, buying at 0.45."""
        row = {
            "client": "demo",
            "account_id": self.account_id,
            "exchange": "polymarket",
            "fixture_id": FIXTURE,
            "market_id": 101,
            "outcome_id": 161,
            "player_id": 0,
            "side": "buy",
            "price": Decimal("0.45"),
            "size": Decimal(100),
            "stake": Decimal(45),
            "client_order_id": f"ref-{order_id}",
            "exchange_order_id": f"0x{order_id}",
            "exchange_outcome_id": "12345678",
            "status": "PLACED",
            "bookmaker": "pinnacle",
            "created_at": NOW,
        }
        await self.insert("mm_orders", order_id=order_id, **(row | given))

    async def add_bet(self, number: int, **given: Any) -> int:
        """A confirmed hedge of `demo`; answers its id."""
        row = {
            "reference": f"00000000-0000-4000-8000-{number:012d}",
            "origin": "mm",
            "client": "demo",
            "account_id": self.account_id,
            "bookmaker": "pinnacle",
            "fixture_id": FIXTURE,
            "market_id": 101,
            "outcome_id": 162,
            "order_id": 1,
            "requested_odds": Decimal("1.8"),
            "requested_stake": Decimal(100),
            "currency": "USD",
            "usd_rate": Decimal(1),
            "status": "CONFIRMED",
            "placed_odds": Decimal("1.808"),
            "placed_stake": Decimal(100),
            "created_at": NOW,
        } | given
        await self.insert("bets", **row)
        found: int = await self.database.fetchval("select max(bet_id) from bets")
        return found

    async def add_fixture(self, fixture_id: str = FIXTURE, **given: Any) -> None:
        row = {
            "sport_id": 10,
            "tournament_id": 17,
            "participant1_name": "Arsenal",
            "participant2_name": "Chelsea",
            "start_time": 1_771_151_400,
            "status_id": 1,
            "is_live": True,
            "updated_at": NOW,
        }
        await self.insert("fixtures", fixture_id=fixture_id, **(row | given))


@asynccontextmanager
async def serving(database: Database, bus: Bus, **checks: Any) -> AsyncIterator[Api]:
    """The API with two clients, `demo` (whose key is sent) and `rival`, each with one account."""
    clock = SteppedClock(int(NOW.timestamp()) * 1_000_000_000)
    accounts, switches = Accounts(database, clock), Switches(database, clock)
    vault = Vault(Secret(new_master_key()))
    ids = {}
    for client, key, venue in (("rival", RIVAL_KEY, "kalshi"), ("demo", KEY, "polymarket")):
        await accounts.add_client(client, client.title())
        await accounts.create_key(client, "mm", key=key)
        await switches.add_client(client, "pinnacle")
        account = await accounts.add_account(venue, f"{client}-1", client, vault=vault, credentials={"key": "k"})
        assert account is not None
        ids[client] = account.account_id
    market_making = FakeMarketMaking(switches, database)
    app = create_app(ApiContext(database, accounts, clock, market_making, bus, Settings(), checks))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://mm", headers={"X-API-Key": KEY}) as http:
        yield Api(app, http, database, accounts, switches, market_making, clock, ids["demo"], ids["rival"])
