"""An API of automated bet placing on a database of the test's own, beside a feed that knows one fixture."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx
from fastapi import FastAPI
from tests.abp.abpkit import NOW, Desk

from hedgerow.abp.app import ApiContext, create_app
from hedgerow.bus.nats import Bus
from hedgerow.core.clock import NS_PER_S, SteppedClock
from hedgerow.core.ids import MarketId
from hedgerow.core.secrets import Secret, Vault
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.bets import Bets
from hedgerow.storage.database import Database, decode_json

KEY = "0b6f1c9e-2f6d-4a55-9f0e-3a51e2c0d001"
RIVAL_KEY = "0b6f1c9e-2f6d-4a55-9f0e-3a51e2c0d002"
FIXTURE = "id1200231461061419"
OUTCOME = 121


class OneFixture:
    """A `FeedView` with one tennis match."""

    def fixture_info(self, fixture_id: str) -> dict[str, Any] | None:
        return {"fixtureId": fixture_id, "startTime": 1_770_666_300} if fixture_id == FIXTURE else None

    def outcome_info(self, outcome_id: int) -> dict[str, Any] | None:
        return {"marketId": 121, "outcomeId": outcome_id} if self.market_of(outcome_id) else None

    def market_of(self, outcome_id: int) -> MarketId | None:
        return MarketId(121) if outcome_id in (121, 122) else None

    def markets(self, sport_id: int | None) -> Sequence[dict[str, Any]]:
        market = {
            "marketId": 121,
            "marketLength": 2,
            "sportId": 12,
            "playerProp": False,
            "handicap": Decimal(0),
            "marketName": "Winner",
            "marketNameShort": "W",
            "marketType": "winner",
            "period": "result",
            "oddsTypes": [{"outcomeId": 121, "outcomeName": "1"}, {"outcomeId": 122, "outcomeName": "2"}],
        }
        return [market] if sport_id in (None, 12) else []

    def per_usd(self, currency: str) -> Decimal | None:
        return {"USD": Decimal(1), "EUR": Decimal("0.9137")}.get(currency)


@dataclass
class Api:
    """The application, a client of it with the key of acme, and the rows behind it."""

    app: FastAPI
    http: httpx.AsyncClient
    desk: Desk
    accounts: Accounts
    clock: SteppedClock
    vault: Vault

    @property
    def database(self) -> Database:
        return self.desk.database

    async def get(self, path: str, **query: Any) -> Any:
        """The body of a 200, numbers with a point as Decimals."""
        return await self.ask("GET", path, 200, params=query)

    async def post(self, path: str, body: Any = None, *, status: int = 200) -> Any:
        return await self.ask("POST", path, status, json=body)

    async def ask(self, method: str, path: str, status: int, **options: Any) -> Any:
        """The body of an answer with that status."""
        answer = await self.http.request(method, path, **options)
        assert answer.status_code == status, answer.text
        return decode_json(answer.content) if answer.content else None


@asynccontextmanager
async def serving(database: Database, bus: Bus) -> AsyncIterator[Api]:
    """The API with the clients acme, whose key is sent, and zenith. Acme bets in dollars and in euros."""
    clock = SteppedClock(int(NOW.timestamp()) * NS_PER_S)
    vault = Vault(Secret(base64.b64encode(bytes(32)).decode()))
    accounts, ids = Accounts(database, clock), []
    for client, key in (("acme", KEY), ("zenith", RIVAL_KEY)):
        await accounts.add_client(client, client.title())
        await accounts.create_key(client, "abp", key=key, per_minute=1000)
    for venue, currency in (("pinnacle", "USD"), ("cloudbet", "EUR")):
        made = await accounts.add_account(
            venue, f"{venue}_main", "acme", vault=vault, credentials={"password": "hush"}, currency=currency
        )
        assert made is not None
        ids.append(made.account_id)
    context = ApiContext(database, accounts, clock, vault, OneFixture(), bus)
    app = create_app(context)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://abp", headers={"X-API-Key": KEY}) as http:
        yield Api(app, http, Desk(database, clock, Bets(database, clock), *ids), accounts, clock, vault)
