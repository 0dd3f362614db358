"""Orders, the bets that hedge them, and why they were sent."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from hedgerow.api.models import Model, Number, Open
from hedgerow.mm.schemas.pages import Page


class OrderItem(Open):
    """An order on an exchange."""

    order_id: int
    fixture_id: str
    market_id: int
    outcome_id: int
    player_id: int
    client: str
    exchange: str
    exchange_order_id: str | None
    exchange_outcome_id: str
    client_order_id: str = Field(description="Our reference, by which the exchange can be asked")
    side: Literal["buy", "sell"]
    order_status: str
    matched_status: str
    settlement_status: str
    feed_settlement_status: str | None
    reason: str | None
    order_cents: Number = Field(description="Price of a contract that pays 1", examples=[0.45])
    order_stake: Number = Field(description="Money at risk when all of it is matched, USD")
    order_shares: Number = Field(description="Contracts")
    matched_stake: Number
    matched_shares: Number
    matched_cents: Number | None = Field(description="Average price of what was matched")
    fees: Number
    payout: Number | None
    pnl: Number | None = Field(description="After fees, once settled")
    bookmaker: str
    bookmaker_outcome_price: Number | None = Field(description="Odds of the hedge that the price rests on")
    bookmaker_outcome_limit: Number | None
    is_adopted: bool = Field(description="Found on the exchange by our reference after a restart")
    created_at: datetime
    placed_at: datetime | None
    matched_at: datetime | None
    closed_at: datetime | None
    settled_at: datetime | None


class BetItem(Open):
    """A hedge at the bookmaker."""

    bet_id: int
    order_id: int | None
    request_uuid: str = Field(description="Our reference, by which the bookmaker can be asked")
    client: str
    bookmaker: str
    bookmaker_bet_id: str | None
    fixture_id: str
    market_id: int
    outcome_id: int
    player_id: int
    planned_price: Number | None
    requested_price: Number
    requested_stake: Number
    placed_price: Number | None
    placed_stake: Number | None
    currency: str
    usd_rate: Number = Field(description="Units of the currency per USD, at the placement")
    bet_status: Literal["placed", "pending", "declined"]
    in_doubt: bool = Field(description="Sent, and only the bookmaker knows")
    reason: str | None
    settlement_status: str | None
    feed_settlement_status: str | None
    payout: Number | None
    pnl: Number | None
    sent_data: dict[str, Any]
    received_data: dict[str, Any]
    is_test: bool
    created_at: datetime
    sent_at: datetime | None
    placed_at: datetime | None
    settled_at: datetime | None


class OrderPage(Page):
    data: list[OrderItem]


class BetPage(Page):
    data: list[BetItem]


class OpenOrdersResponse(Open):
    orders: list[OrderItem]
    count: int


class OrderSummary(Model):
    total_orders: int
    fixture_count: int
    exchange_count: int
    total_stake: Number
    total_matched: Number
    total_open: Number = Field(description="Unmatched stake of open orders")
    filled_count: int
    cancelled_count: int
    open_count: int


class BetSummary(Model):
    total_bets: int
    order_count: int
    bookmaker_count: int
    total_stake: Number = Field(description="Of placed bets, USD")
    avg_price: Number | None = Field(description="Of placed bets, weighted by stake")
    placed_count: int
    pending_count: int
    declined_count: int
    won_count: int
    lost_count: int


class Derivation(Open):
    """Why a quote was sent as it was."""

    at: datetime
    action: Literal["place", "amend"]
    side: Literal["buy", "sell"]
    price: Number
    size: Number
    break_even: Number = Field(description="The price at which a fill and its hedge pay nothing")
    edge: Number = Field(description="What a hedged fill earns per contract")
    why: dict[str, Any]


class ExplainedHedge(Model):
    bet_id: int
    bookmaker: str
    outcome_id: int
    settlement_status: str | None
    feed_settlement_status: str | None
    placed_stake: Number | None
    payout: Number | None
    currency: str
    pnl_usd: Number | None = Field(description="At the rate of the placement")


class ExplainedSettlement(Model):
    """What each side says of the result; nobody's word is changed by another's."""

    settlement_status: str = Field(description="The exchange's word, as the order's holder sees it")
    feed_settlement_status: str | None
    paid_per_contract: Number | None
    payout: Number | None
    pnl: Number | None
    hedges: list[ExplainedHedge] = Field(
        description="Bets that the order's fills led to, and that several fills of its market did"
    )
    words: dict[str, dict[str, str]] = Field(description="In a dispute: by who says it, and outcome")
    disputed: list[str] = Field(description="Who contradicts whom", examples=[["kalshi/pinnacle"]])


class ExplainResponse(Page):
    order_id: int
    data: list[Derivation]
    settlement: ExplainedSettlement
