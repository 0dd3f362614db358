"""An API of automated bet placing on a database of the test's own, beside a feed that knows one fixture."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx
from fastapi import FastAPI
from tests.abp.abpkit import NOW, Desk

from hedgerow.abp.app import ApiContext, create_app
from hedgerow.abp.feedview import BookView
from hedgerow.abp.intake import Declined, OrderRequest
from hedgerow.abp.orders import AbpOrder
from hedgerow.abp.repository import OrderFilter
from hedgerow.abp.service import AutomatedBetPlacing, Cancellation
from hedgerow.bus.nats import Bus
from hedgerow.core.clock import NS_PER_S, SteppedClock
from hedgerow.core.config import Settings
from hedgerow.core.errors import ApiError
from hedgerow.core.ids import ClientName, FixtureId, MarketId, OutcomeId, PlayerId
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
class FakePlacing:
    """Accepts orders into the database but those whose UUID has a reason; cancels and offers what it is told to."""

    desk: Desk
    reasons: dict[str, str] = field(default_factory=dict)
    cancellation: Cancellation = field(default_factory=lambda: Cancellation((), ()))
    asked: list[Any] = field(default_factory=list)
    is_full: bool = False

    def check_room(self) -> None:
        if self.is_full:
            raise ApiError(503, "full")

    async def place(
        self, client: ClientName, key_bookmakers: frozenset[str] | None, requests: Sequence[OrderRequest]
    ) -> list[AbpOrder | Declined]:
        self.asked.append((client, key_bookmakers))
        return [await self._place(client, request) for request in requests]

    async def _place(self, client: ClientName, request: OrderRequest) -> AbpOrder | Declined:
        self.asked.append(request)
        if (reason := self.reasons.get(request.request_uuid)) is not None:
            return Declined(request, reason)
        return await self.desk.order(
            client=client,
            request_uuid=request.request_uuid,
            price=request.price,
            stake=request.stake,
            bookmakers=request.bookmakers,
        )

    async def cancel(self, client: ClientName, wanted: OrderFilter | None) -> Cancellation:
        self.asked.append((client, wanted))
        return self.cancellation

    async def betslip(
        self,
        client: ClientName,
        fixture_id: FixtureId,
        outcome_id: OutcomeId,
        player_id: PlayerId,
        bookmakers: frozenset[str] | None,
    ) -> dict[str, Any]:
        self.asked.append((client, fixture_id, outcome_id, player_id, bookmakers))
        return {
            "fixtureId": fixture_id,
            "outcomeId": outcome_id,
            "playerId": player_id,
            "client": client,
            "userRef": None,
            "fixtureInfo": None,
            "outcomeInfo": None,
            "playerInfo": None,
            "odds": {"pinnacle": {f"{fixture_id}:pinnacle:{outcome_id}:{player_id}": {"price": Decimal("1.50")}}},
        }


@dataclass
class Api:
    """The application, a client of it with the key of acme, and the rows behind it."""

    app: FastAPI
    http: httpx.AsyncClient
    desk: Desk
    placing: FakePlacing
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
    desk = Desk(database, clock, Bets(database, clock), *ids)
    placing = FakePlacing(desk)
    app = create_app(ApiContext(database, accounts, clock, vault, OneFixture(), placing, bus))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://abp", headers={"X-API-Key": KEY}) as http:
        yield Api(app, http, desk, placing, accounts, clock, vault)


def with_service(api: Api, bus: Bus) -> FastAPI:
    """The same API in front of bet placing itself, whose feed is away and which works on no orders."""
    nowhere = "127.0.0.1:1"
    settings = Settings(feed_rest_url=f"http://{nowhere}/en", feed_ws_url=f"ws://{nowhere}/ws")
    service = AutomatedBetPlacing(settings, api.database, api.vault, api.clock)
    view = BookView(service.book)
    return create_app(ApiContext(api.database, api.accounts, api.clock, api.vault, view, service, bus))
