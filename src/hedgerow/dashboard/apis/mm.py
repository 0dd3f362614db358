"""The market making API, as far as the pages use it. Money is USD, prices of contracts are 0 to 1, odds are decimal."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import quote

from hedgerow.core.secrets import Secret
from hedgerow.dashboard.apis.answers import Row, query, read
from hedgerow.net.calls import Caller

PREFIX = "/api/v1"
SOCKET = "/ws/subscribe"
CHANNELS = ("orders", "bets", "accounts", "scores", "emergency")

Switch = Literal["pause", "resume", "stop", "start"]

_CONNECTIONS = 4
_TIMEOUT_S = 10.0
_MOST_SPORTS = 20
_MOST_NAMED = 50


class Me(Row, frozen=True, kw_only=True):
    client: str


class Status(Row, frozen=True, kw_only=True):
    """status: live, manual_paused, manual_stopped, soft_paused, system_stopped or emergency."""

    status: str
    trading_active: bool
    manual_paused: bool
    manual_pause_reason: str | None
    manual_stopped: bool
    manual_stop_reason: str | None
    system_reason: str | None


class Turned(Status, frozen=True, kw_only=True):
    """The state after a switch was turned."""

    result: str
    cancelled_order_ids: list[int]


class Order(Row, frozen=True, kw_only=True):
    """An order on an exchange."""

    order_id: int
    fixture_id: str
    outcome_id: int
    exchange: str
    side: str
    order_status: str
    reason: str | None = None
    order_cents: Decimal
    order_stake: Decimal
    order_shares: Decimal
    matched_stake: Decimal
    matched_shares: Decimal
    matched_cents: Decimal | None
    fees: Decimal
    pnl: Decimal | None
    bookmaker: str
    bookmaker_outcome_price: Decimal | None
    created_at: datetime
    placed_at: datetime | None
    matched_at: datetime | None


class Bet(Row, frozen=True, kw_only=True):
    """A hedge. Stakes are in its currency."""

    bet_id: int
    order_id: int | None
    bookmaker: str
    fixture_id: str
    outcome_id: int
    requested_price: Decimal
    requested_stake: Decimal
    placed_price: Decimal | None
    placed_stake: Decimal | None
    currency: str
    bet_status: str
    in_doubt: bool = False
    reason: str | None = None
    settlement_status: str | None
    pnl: Decimal | None
    created_at: datetime


class Position(Row, frozen=True, kw_only=True):
    fixture_id: str
    outcome_id: int
    exchange: str
    order_count: int
    total_stake: Decimal
    matched_stake: Decimal
    open_stake: Decimal
    avg_price: Decimal
    realized_pnl: Decimal
    unrealized_pnl: Decimal
    participant1_name: str | None
    participant2_name: str | None
    tournament_name: str | None


class Pnl(Row, frozen=True, kw_only=True):
    """USD. The results after fees are net_realized_spread (hedged) and naked_pnl (unhedged)."""

    total_turnover: Decimal
    net_realized_spread: Decimal
    naked_pnl: Decimal
    unhedged_stake: Decimal
    unhedged_stake_pct: Decimal
    locked_pnl: Decimal
    fees: Decimal

    @property
    def result(self) -> Decimal:
        """What settled orders and hedges brought."""
        return self.net_realized_spread + self.naked_pnl


class Derivation(Row, frozen=True, kw_only=True):
    """Why a quote was sent as it was. why: what the price was made of, in the engine's words."""

    at: datetime
    action: str
    side: str
    price: Decimal
    size: Decimal
    break_even: Decimal
    edge: Decimal
    why: dict[str, Any]


class Explained(Row, frozen=True, kw_only=True):
    order_id: int
    data: list[Derivation]


class Account(Row, frozen=True, kw_only=True):
    exchange: str
    username: str
    currency: str
    balance: Decimal | None
    active: bool


class Fixture(Row, frozen=True, kw_only=True):
    fixture_id: str
    participant1_name: str
    participant2_name: str


class Tournament(Row, frozen=True, kw_only=True):
    """activated: None where the client never activated it. tradeable_count: fixtures with a contract on an exchange."""

    tournament_id: int
    tournament_name: str
    fixture_count: int
    live_count: int
    tradeable_count: int
    activated: bool | None


class _Sport(Row, frozen=True, kw_only=True):
    sport_id: int
    fixture_count: int


class _Category(Row, frozen=True, kw_only=True):
    tournaments: list[Tournament]


class MmApi:
    """One key's. Every call raises CallError for an error status, Unavailable or InDoubt for none."""

    def __init__(self, url: str, key: Secret) -> None:
        self._caller = Caller("the MM API", url + PREFIX, key, timeout_s=_TIMEOUT_S, connections=_CONNECTIONS)

    async def close(self) -> None:
        await self._caller.close()

    async def whoami(self) -> str:
        """The client whose key it is."""
        return read(await self._caller.get("/me"), Me).client

    async def status(self) -> Status:
        return read(await self._caller.get("/trading/status"), Status)

    async def turn(self, switch: Switch, reason: str) -> Turned:
        """Turns a switch of the client. reason: "" for none."""
        body = {"reason": reason} if reason else {}
        return read(await self._caller.post(f"/trading/{switch}", body), Turned)

    async def open_orders(self) -> list[Order]:
        """Newest first."""
        return read((await self._caller.get("/orders/open"))["orders"], list[Order])

    async def orders(self, *, page_size: int, status: str) -> list[Order]:
        """The newest ones. status: several separated by commas."""
        found = await self._caller.get("/orders" + query(page_size=page_size, status=status))
        return read(found["data"], list[Order])

    async def order(self, order_id: int) -> Order:
        return read(await self._caller.get(f"/orders/{order_id}"), Order)

    async def explain(self, order_id: int, *, page_size: int) -> list[Derivation]:
        """Newest first."""
        found = await self._caller.get(f"/orders/{order_id}/explain" + query(page_size=page_size))
        return read(found, Explained).data

    async def cancel(self, order_id: int) -> None:
        await self._caller.post(f"/orders/{order_id}/cancel")

    async def bets(self, *, page_size: int, order_id: int | None = None) -> list[Bet]:
        """The newest ones."""
        found = await self._caller.get("/bets" + query(page_size=page_size, order_id=order_id))
        return read(found["data"], list[Bet])

    async def positions(self) -> list[Position]:
        return read((await self._caller.get("/positions"))["positions"], list[Position])

    async def pnl(self, day: date | None = None) -> Pnl:
        """Of all time, or of one day (UTC)."""
        text = day.isoformat() if day is not None else None
        return read(await self._caller.get("/pnl" + query(from_date=text, to_date=text)), Pnl)

    async def accounts(self) -> list[Account]:
        return read((await self._caller.get("/accounts"))["accounts"], list[Account])

    async def fixtures_of(self, fixture_ids: Sequence[str]) -> list[Fixture]:
        """The first of them, as many as can be asked for at one time; unknown ones are left out."""
        asked = "&".join(f"fixtureIds={quote(one, safe='')}" for one in fixture_ids[:_MOST_NAMED])
        found = await self._caller.get(f"/fixtures?all=true&pageSize={_MOST_NAMED}&{asked}")
        return read(found["data"], list[Fixture])

    async def tournaments(self) -> list[Tournament]:
        """Those with fixtures that are not over, and those that the client has activated; of the largest sports."""
        sports = read(await self._caller.get("/sports"), list[_Sport])
        sports.sort(key=lambda sport: -sport.fixture_count)
        found = await asyncio.gather(
            *(self._caller.get(f"/sports/{sport.sport_id}/tournaments") for sport in sports[:_MOST_SPORTS])
        )
        categories = [one for told in found for one in read(told["categories"], list[_Category])]
        return [tournament for category in categories for tournament in category.tournaments]

    async def activate(self, tournament_id: int) -> None:
        await self._caller.post(f"/tournaments/{tournament_id}/activate")

    async def deactivate(self, tournament_id: int) -> None:
        await self._caller.post(f"/tournaments/{tournament_id}/deactivate")
