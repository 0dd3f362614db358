"""Requests and answers of the API of automated bet placing, as its OpenAPI document tells them.

Requests are validated by these models. Answers are built by `abp.events` and the routes and leave with the Decimals'
own digits; the models describe them, and the contract test holds the answers against the models.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field, WithJsonSchema

from hedgerow.abp.validation import HIGHEST_ODDS, HIGHEST_STAKE
from hedgerow.api.models import Model, Number, Open
from hedgerow.core.errors import InputError
from hedgerow.execution.commission import commission_rate

_NO_NUL = r"^[^\x00]*$"  # PostgreSQL has no text with it
_MOST_ID = 2**63
_MOST_IDS = 1000

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=_NO_NUL)]
Words = Annotated[str, Field(max_length=2000, pattern=_NO_NUL)]
Id = Annotated[int, Field(ge=0, lt=_MOST_ID)]
Amount = Annotated[
    Decimal, Field(ge=0, le=HIGHEST_STAKE, allow_inf_nan=False), WithJsonSchema({"type": "number", "minimum": 0})
]
Priority = Annotated[int, Field(ge=-(2**31), lt=2**31)]
CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3,5}$")]
PositiveNumber = WithJsonSchema({"type": "number", "exclusiveMinimum": 0})
Odds = Annotated[Decimal, Field(gt=0, le=HIGHEST_ODDS, allow_inf_nan=False), PositiveNumber]
Stake = Annotated[Decimal, Field(gt=0, allow_inf_nan=False), PositiveNumber]
GroupBy = Literal["bookmaker", "account", "userRef"]
PriceRuleName = Literal["each", "average"]
_HIGHEST_EXPONENT = 1000


def storable(value: Any) -> Any:
    """A value of any shape, if PostgreSQL's `jsonb` can hold it: no NUL in a text, no number beyond its `numeric`.
    Raises ValueError."""
    match value:
        case dict():
            for name, part in value.items():
                storable(name)
                storable(part)
        case list():
            for part in value:
                storable(part)
        case str() if "\x00" in value:
            raise ValueError("a text must not contain the character NUL")
        case Decimal() if abs(value.adjusted()) > _HIGHEST_EXPONENT:
            raise ValueError(f"a number must not be beyond 1e{_HIGHEST_EXPONENT}, nor that close to zero")
    return value


Meta = Annotated[dict[str, Any], AfterValidator(storable)]


def _with_a_rate(meta: dict[str, Any]) -> dict[str, Any]:
    """Raises ValueError for a commission rate that is none: bets would be settled by it."""
    try:
        commission_rate(meta)
    except InputError as error:
        raise ValueError(str(error)) from None
    return meta


AccountMeta = Annotated[Meta, AfterValidator(_with_a_rate)]


# --- accounts --------------------------------------------------------------------------------------------------------


class AccountCreateRequest(Model):
    bookmaker: Name
    username: Name
    password: Words | None = Field(None, description="Only taken in, never shown")
    balance: Amount = Field(Decimal(0), description="Until the bookmaker tells it")
    active: bool = True
    priority: Priority = Field(0, description="The highest of a bookmaker is used first")
    max_stake: Amount | None = None
    min_stake: Amount | None = None
    currency_id: CurrencyCode = "USD"
    verify_betslip: bool | None = Field(None, description="Ask the bookmaker itself for betslips")
    meta: AccountMeta = Field(
        default_factory=dict,
        description="Entries that look secret are only taken in; commissionRate: an exchange's share of net winnings",
    )


class AccountUpdateRequest(Model):
    """Only what is given is changed; null takes a stake limit away."""

    password: Words | None = None
    balance: Amount | None = None
    active: bool | None = None
    priority: Priority | None = None
    max_stake: Amount | None = None
    min_stake: Amount | None = None
    currency_id: CurrencyCode | None = None
    verify_betslip: bool | None = None
    meta: AccountMeta | None = None


class AccountResponse(Model):
    bookmaker: str
    username: str
    client: str
    password: str | None = Field(description="Always `***`")
    balance: Number
    active: bool
    priority: int
    max_stake: Number | None
    min_stake: Number | None
    currency_id: str
    verify_betslip: bool
    meta: dict[str, Any]
    created_at: datetime | None
    updated_at: datetime | None


# --- bets ------------------------------------------------------------------------------------------------------------


class BetResponse(Model):
    bet_id: int
    order_id: int
    bookmaker: str
    fixture_id: str
    outcome_id: int
    player_id: int
    back: bool
    bet_status: Literal["PENDING", "PLACED", "CONFIRMED", "REJECTED", "CANCELLED", "FAILED", "VOID"]
    settlement_status: Literal["UNSETTLED", "WON", "LOST", "VOID", "HALF_WON", "HALF_LOST", "PUSH", "CASHOUT"]
    in_doubt: bool = Field(description="Sent, and only the bookmaker knows")
    client: str
    client_name: str
    test_bet: bool
    request_uuid: str
    bookmaker_bet_id: str | None
    bet_request_id: str | None = Field(description="Our reference, by which the bookmaker can be asked")
    placed_price: Number | None
    placed_stake: Number | None
    placed_currency: str | None
    placed_at: datetime | None
    decline_reason: str | None
    user_ref: str | None
    account: str | None
    sent_data: dict[str, Any] | None
    received_data: dict[str, Any] | None
    currency_info: dict[str, Any] | None
    settled_at: datetime | None
    settlement_amount: Number | None = Field(description="What was paid back, the stake included")
    settlement_reason: str | None
    odds_info: dict[str, Any] | None
    created_at: datetime
    updated_at: datetime


class BetsResponse(Model):
    status: str = Field(examples=["success"])
    bets: list[BetResponse]
    count: int
    has_more: bool
    next_cursor: int | None = Field(description="`afterBetId` of the next page")


# --- orders ----------------------------------------------------------------------------------------------------------


class PlaceOrderRequest(Model):
    request_uuid: UUID = Field(description="Yours; names one order for thirty minutes")
    fixture_id: Name | None = None
    future_id: Name | None = None
    participant_id: int | None = 0
    outcome_id: Id
    player_id: Id = 0
    order_price: Odds = Field(description="The worst decimal odds that are accepted")
    order_stake: Stake
    user_ref: Name
    test_order: bool = Field(description="Validated, routed and stored; nothing is sent")
    bookmakers: Words | None = Field(None, description="Slugs separated by commas; none: all", examples=["pinnacle"])
    order_currency: CurrencyCode = "USD"
    back: bool = True
    expires_at: AwareDatetime | None = Field(None, description="5 s after creation unless given, at most 24 h")
    accept_better_odds: bool = True
    accept_partial_stake: bool = True
    price_rule: PriceRuleName = Field(
        "each", description="What `orderPrice` is asked of: each bet, or the average of all, weighted by stake"
    )
    meta: Meta | None = None


class PlaceOrdersRequest(Model):
    orders: list[PlaceOrderRequest] = Field(min_length=1, max_length=100)


class CancelOrdersRequest(Model):
    """At least one filter; an order that matches any of them is meant."""

    order_ids: list[Id] | None = Field(None, max_length=_MOST_IDS)
    request_uuids: list[UUID] | None = Field(None, max_length=_MOST_IDS)
    user_ref: Name | None = None


class OrderChange(Open):
    """An order as a change of it is told."""

    order_id: int
    request_uuid: str
    client: str
    client_name: str
    user_ref: str
    order_status: str
    status_reason: str | None
    allowed_bookmakers: str = Field(description="Slugs separated by commas; `*`: all")
    fixture_id: str
    outcome_id: int
    player_id: int
    order_price: Number = Field(description="The worst decimal odds that are accepted")
    order_stake: Number = Field(description="In `orderCurrency`, as all stakes of the order")
    filled_stake: Number
    remaining_stake: Number
    order_currency: str
    test_order: bool
    back: bool
    accept_better_odds: bool
    accept_partial_stake: bool
    price_rule: PriceRuleName = Field(description="What `orderPrice` is asked of: each bet, or their average")
    meta: dict[str, Any] | None
    odds_info: dict[str, Any] | None
    expires_at: datetime | None
    filled_at: datetime | None
    created_at: datetime | None
    updated_at: datetime | None


class OrderItem(OrderChange):
    """An order with its bets, and what the odds feed tells of its fixture and outcome."""

    currency_info: dict[str, Any] | None
    fixture_info: dict[str, Any] | None
    outcome_info: dict[str, Any] | None
    player_info: dict[str, Any] | None
    bets: list[BetResponse]


class DeclinedOrder(Open):
    """What was asked for, and why it was not taken."""

    request_uuid: str
    decline_reason: str
    client_name: str
    user_ref: str
    allowed_bookmakers: str
    fixture_id: str
    outcome_id: int
    player_id: int
    order_price: Number
    order_stake: Number
    order_currency: str
    test_order: bool
    back: bool
    bets: list[BetResponse] = Field(description="Always empty")


class PlaceOrdersResponse(Model):
    status: Literal["accepted", "partial-success", "declined"]
    accepted_orders: list[OrderItem]
    declined_orders: list[DeclinedOrder]


class NotCancelled(Model):
    reason: str
    orders: list[OrderItem]


class CancelOrdersResponse(Model):
    status: str = Field(examples=["cancelled"])
    cancelled_count: int
    cancelled: list[OrderItem]
    not_cancelled: NotCancelled


class GetOrdersResponse(Model):
    orders: list[OrderItem]
    count: int
    has_more: bool
    next_cursor: int | None = Field(description="`afterOrderId` of the next page")


class DuplicatesResponse(Model):
    detail: str
    duplicate_uuids: list[str]
    in_progress_uuids: list[str]


# --- analytics -------------------------------------------------------------------------------------------------------


class PositionEntry(Model):
    bookmaker: str | None
    account: str | None
    user_ref: str | None
    open_bets: int
    total_stake: Number
    avg_price: Number | None = Field(description="Weighted by stake")
    fixture_ids: int | None = Field(description="Distinct fixtures")


class PositionsResponse(Model):
    status: str = Field(examples=["success"])
    group_by: str
    positions: list[PositionEntry]
    count: int
    total_stake: Number
    total_open_bets: int


class PnlEntry(Model):
    bookmaker: str | None
    account: str | None
    user_ref: str | None
    settled_bets: int
    wins: int = Field(description="HALF_WON counts as one")
    losses: int = Field(description="HALF_LOST counts as one")
    voids: int
    pushes: int
    total_staked: Number
    total_won: Number = Field(description="What was paid out")
    total_lost: Number = Field(description="Stakes of lost bets")
    net_pnl: Number
    win_rate: Number | None = Field(description="Percent of settled bets, one decimal")


class PnlResponse(Model):
    status: str = Field(examples=["success"])
    group_by: str
    pnl: list[PnlEntry]
    count: int
    total_net_pnl: Number
    total_staked: Number
    total_settled_bets: int


# --- receipts --------------------------------------------------------------------------------------------------------


class DecisionResponse(Model):
    attempt: int = Field(description="From 1, in the order of the decisions")
    at: datetime
    wanted: dict[str, Any] = Field(description="What was still to be bet, and the order's rules")
    candidates: list[dict[str, Any]] = Field(
        description="Every account that was looked at: price, limits, failures, and `bounds` with what bound them"
    )
    allocations: list[dict[str, Any]] = Field(
        description="By rank: who got how much, `boundBy` what, and the `bet` with what was sent and answered"
    )
    left_out: list[dict[str, Any]] = Field(description="Every other candidate, and why")
    unrouted: Number = Field(description="Of the open stake, in the order's currency")


class ReceiptResponse(Model):
    order_id: int
    request_uuid: str
    order_status: str
    status_reason: str | None
    decisions: list[DecisionResponse] = Field(description="The oldest first")


# --- what there is ---------------------------------------------------------------------------------------------------


class BetslipResponse(Model):
    fixture_id: str
    outcome_id: int
    player_id: int
    client: str
    user_ref: str | None
    fixture_info: dict[str, Any] | None
    outcome_info: dict[str, Any] | None
    player_info: dict[str, Any] | None
    odds: dict[str, Any] = Field(description="By bookmaker, then by `fixtureId:bookmaker:outcomeId:playerId`")


class BookmakerResponse(Model):
    bookmaker_id: int
    bookmaker: str
    bookmaker_name: str | None
    active: bool
    max_stake: Number | None = Field(description="USD, for accounts without a limit of their own")
    min_stake: Number | None


class OddsTypeResponse(Model):
    outcome_id: int
    outcome_name: str


class MarketResponse(Model):
    market_id: int
    market_length: int
    sport_id: int
    player_prop: bool
    handicap: Number
    market_name: str
    market_name_short: str
    market_type: str
    period: str
    odds_types: list[OddsTypeResponse]
