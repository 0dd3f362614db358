"""The API of automated bet placing, as far as the pages use it. Odds are decimal; stakes are in the currency that
stands beside them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from hedgerow.core.secrets import Secret
from hedgerow.dashboard.apis.answers import Row, query, read
from hedgerow.net.calls import Caller

SOCKET = "/ws"
CHANNELS = ("orders", "bets", "settlements", "accounts", "balance", "betslip", "emergency", "status")

_CONNECTIONS = 4
_TIMEOUT_S = 10.0


class Account(Row, frozen=True, kw_only=True):
    bookmaker: str
    username: str
    client: str
    balance: Decimal
    active: bool
    priority: int
    max_stake: Decimal | None
    min_stake: Decimal | None
    currency_id: str


class Bet(Row, frozen=True, kw_only=True):
    bet_id: int
    order_id: int
    bookmaker: str
    account: str | None
    bet_status: str
    settlement_status: str
    in_doubt: bool = False
    test_bet: bool = False
    placed_price: Decimal | None
    placed_stake: Decimal | None
    placed_currency: str | None
    decline_reason: str | None
    settlement_amount: Decimal | None = None
    user_ref: str | None = None
    created_at: datetime | None = None
    placed_at: datetime | None = None


class Participants(Row, frozen=True, kw_only=True):
    participant1_name: str | None = None
    participant2_name: str | None = None


class FixtureInfo(Row, frozen=True, kw_only=True):
    participants: Participants | None = None


class OutcomeInfo(Row, frozen=True, kw_only=True):
    market_name: str | None = None
    outcome_name: str | None = None
    handicap: Decimal | None = None


class Order(Row, frozen=True, kw_only=True):
    order_id: int
    request_uuid: str
    fixture_id: str | None
    fixture_info: FixtureInfo | None = None
    outcome_info: OutcomeInfo | None = None
    outcome_id: int
    order_price: Decimal
    order_stake: Decimal
    filled_stake: Decimal
    order_currency: str
    order_status: str
    status_reason: str | None = None
    user_ref: str
    test_order: bool
    created_at: datetime
    expires_at: datetime | None = None
    bets: tuple[Bet, ...] = ()


class DeclinedOrder(Row, frozen=True, kw_only=True):
    request_uuid: str
    decline_reason: str


class Placed(Row, frozen=True, kw_only=True):
    status: str
    accepted_orders: list[Order]
    declined_orders: list[DeclinedOrder]


class _Cancelled(Row, frozen=True, kw_only=True):
    cancelled_count: int


class Allocation(Row, frozen=True, kw_only=True):
    """What one bookmaker was sent. stake: in currency."""

    rank: int
    bookmaker: str
    price: Decimal
    stake: Decimal
    currency: str
    bound_by: list[str]
    bet: Bet | None


class LeftOut(Row, frozen=True, kw_only=True):
    bookmaker: str
    why: str


class Candidate(Row, frozen=True, kw_only=True):
    bookmaker: str


class Decision(Row, frozen=True, kw_only=True):
    attempt: int
    at: datetime
    candidates: list[Candidate]
    allocations: list[Allocation]
    left_out: list[LeftOut]


class Receipt(Row, frozen=True, kw_only=True):
    """decisions: the oldest first."""

    decisions: list[Decision]


class Position(Row, frozen=True, kw_only=True):
    bookmaker: str | None
    account: str | None
    user_ref: str | None
    open_bets: int
    total_stake: Decimal
    avg_price: Decimal | None
    fixture_ids: int | None


class Pnl(Row, frozen=True, kw_only=True):
    bookmaker: str | None
    account: str | None
    user_ref: str | None
    settled_bets: int
    wins: int
    losses: int
    total_staked: Decimal
    total_won: Decimal
    net_pnl: Decimal
    win_rate: Decimal | None


class Offer(Row, frozen=True, kw_only=True):
    """What one bookmaker offers on an outcome. Limits are in limit_currency."""

    price: Decimal | None
    active: bool
    limit: Decimal | None = None
    limit_min: Decimal | None = None
    limit_currency: str = "USD"
    account: str | None = None


class Betslip(Row, frozen=True, kw_only=True):
    """odds: by bookmaker, then by the API's key of the quote."""

    fixture_id: str
    outcome_id: int
    fixture_info: FixtureInfo | None
    outcome_info: OutcomeInfo | None
    odds: dict[str, dict[str, Offer]]


class NewOrder(msgspec.Struct, frozen=True, rename="camel"):
    """price: the worst decimal odds that are accepted. bookmakers: slugs separated by commas; None: all."""

    request_uuid: str
    fixture_id: str
    outcome_id: int
    order_price: Decimal
    order_stake: Decimal
    user_ref: str
    test_order: bool
    player_id: int = 0
    order_currency: str = "USD"
    bookmakers: str | None = None
    accept_better_odds: bool = True
    accept_partial_stake: bool = True
    expires_at: datetime | None = None


class AbpApi:
    """One key's. Every call raises CallError for an error status, Unavailable or InDoubt for none."""

    def __init__(self, url: str, key: Secret) -> None:
        self._caller = Caller("the ABP API", url, key, timeout_s=_TIMEOUT_S, connections=_CONNECTIONS)

    async def close(self) -> None:
        await self._caller.close()

    async def whoami(self) -> str:
        """The client whose key it is; "" for one without accounts, whom this API does not name."""
        return next((account.client for account in await self.accounts()), "")

    async def accounts(self) -> list[Account]:
        """Highest priority first."""
        return read(await self._caller.get("/accounts"), list[Account])

    async def betslip(self, fixture_id: str, outcome_id: int, player_id: int = 0) -> Betslip:
        """Opens the minute in which changes are told on the socket's `betslip` channel, in the same shape."""
        path = "/betslip" + query(fixture_id=fixture_id, outcome_id=outcome_id, player_id=player_id)
        return read(await self._caller.get(path), Betslip)

    async def place(self, order: NewOrder) -> Placed:
        given = msgspec.to_builtins(order, builtin_types=(Decimal,))
        body = {"orders": [{name: value for name, value in given.items() if value is not None}]}
        return read(await self._caller.post("/place-orders", body), Placed)

    async def cancel(self, order_id: int) -> int:
        """How many orders stopped: 0 for one that had ended."""
        return read(await self._caller.post("/cancel-orders", {"orderIds": [order_id]}), _Cancelled).cancelled_count

    async def cancel_all(self) -> int:
        """Every open order of the client; how many stopped."""
        return read(await self._caller.post("/cancel-all-orders"), _Cancelled).cancelled_count

    async def orders(self, *, limit: int, user_ref: str = "", order_ids: str = "") -> list[Order]:
        """Newest first, those that match any of the filters, of which one is needed."""
        path = "/orders" + query(limit=limit, user_ref=user_ref, order_ids=order_ids)
        return read((await self._caller.get(path))["orders"], list[Order])

    async def receipt(self, order_id: int) -> Receipt:
        return read(await self._caller.get(f"/orders/{order_id}/receipt"), Receipt)

    async def bets(self, *, limit: int, user_ref: str = "", order_ids: str = "") -> list[Bet]:
        """As `orders`."""
        path = "/bets" + query(limit=limit, user_ref=user_ref, order_ids=order_ids)
        return read((await self._caller.get(path))["bets"], list[Bet])

    async def positions(self, group_by: str) -> list[Position]:
        """group_by: bookmaker, account or userRef."""
        return read((await self._caller.get("/positions" + query(group_by=group_by)))["positions"], list[Position])

    async def pnl(self, group_by: str) -> list[Pnl]:
        return read((await self._caller.get("/pnl" + query(group_by=group_by)))["pnl"], list[Pnl])
