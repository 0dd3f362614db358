"""Positions, profit and loss, and accounts."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field

from hedgerow.api.models import Model, Number, Open


class PositionItem(Open):
    """All orders of the client on one outcome at one exchange."""

    fixture_id: str
    market_id: int
    outcome_id: int
    player_id: int
    exchange: str
    order_count: int
    total_stake: Number
    matched_stake: Number
    open_stake: Number
    avg_price: Number
    bought_shares: Number = Field(description="Matched contracts")
    sold_shares: Number
    realized_pnl: Number = Field(description="As in the P&L, of the position's orders")
    unrealized_pnl: Number
    fees: Number = Field(description="The exchange's, on the settled orders")
    participant1_name: str | None
    participant2_name: str | None
    sport_id: int | None
    sport_name: str | None
    tournament_id: int | None
    tournament_name: str | None
    category_name: str | None
    start_time: int | None = Field(description="Seconds since 1970")
    last_order_at: datetime


class PositionsResponse(Model):
    positions: list[PositionItem]
    count: int


class PnLResponse(Model):
    """USD. The definitions stand at `mm.analytics.profit_and_loss`."""

    total_turnover: Number = Field(description="Money at risk in all fills")
    valid_turnover: Number = Field(description="Sum of the absolute results of settled orders and settled hedges")
    net_realized_spread: Number = Field(
        description="Result of the hedged parts of settled orders and of settled hedges, after fees"
    )
    naked_pnl: Number = Field(description="Result of the unhedged parts of settled orders, after fees")
    unhedged_stake: Number = Field(description="Money at risk in the unhedged parts of all fills")
    unhedged_stake_pct: Number = Field(description="Of totalTurnover, in percent")
    avg_hedge_price_drift: Number = Field(
        description="Planned minus taken odds of hedges, weighted by stake; above 0, they were dearer than planned"
    )
    settled_pair_count: int = Field(description="Settled orders of which some part was hedged")
    naked_settled_count: int = Field(description="Settled orders of which some part was not hedged")
    from_date: date | None
    to_date: date | None
    pnl: Number = Field(description="realizedPnl + unrealizedPnl")
    realized_pnl: Number = Field(
        description="Settled orders alone: matchedStake × (1/probability - 1) won, -matchedStake lost, half of it for "
        "halves, 0 void unless the exchange paid a price for it; before fees"
    )
    unrealized_pnl: Number = Field(
        description="Unsettled matched orders, if all of them win: matchedStake × (1/probability - 1)"
    )
    fees: Number = Field(description="The exchanges' fees on settled orders, which realizedPnl does not hold")
    locked_pnl: Number = Field(
        description="What open hedged fills and their hedges bring at least, whatever the result; after fees"
    )
    total_matched_stake: Number = Field(description="Money at risk in all matched orders")
    settled_count: int = Field(description="Matched orders that are settled")
    unsettled_count: int = Field(description="Matched orders that are not")


class AccountChange(Open):
    """An account as a change of it is told."""

    account_id: int
    exchange: str
    username: str
    client: str
    currency: str
    balance: Number | None
    held: Number | None = Field(description="Of the balance, what is not free to use")
    balance_at: datetime | None = Field(description="When the venue told it")
    max_outcome_stake: Number
    limit_max: Number | None
    limit_min: Number | None
    priority: int
    active: bool


class AccountItem(AccountChange):
    """An account, beside the bookmaker that its client hedges at."""

    bookmaker: str | None


class AccountsResponse(Open):
    accounts: list[AccountItem]
    count: int
