"""Requests and answers of the market making API, as its OpenAPI document tells them.

Requests are validated by these models. Answers are built by `mm.shapes` and the routes and leave with the Decimals'
own digits; the models describe them, and the contract test holds the answers against the models.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from hedgerow.api.models import Model, Number, Open

Ratio = Annotated[Decimal, Field(ge=0, le=1), WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1})]
Ticks = Annotated[int, Field(ge=-99, le=99)]
SportNumber = Annotated[int, Field(ge=-(2**31), lt=2**31)]
OddsFormat = Literal["american", "decimal", "hong_kong", "fractional"]


# --- trading ---------------------------------------------------------------------------------------------------------


class SwitchBody(Model):
    reason: str | None = Field(None, max_length=500, description="Shown with the state", pattern=r"^[^\x00]*$")


class TradingStatusResponse(Model):
    """The client's switches, the operator's, and the state that they make together."""

    client: str
    client_name: str
    odds_format: OddsFormat
    status: str = Field(
        description="live, manual_paused, manual_stopped, soft_paused, system_stopped or emergency", examples=["live"]
    )
    trading_active: bool = Field(description="Whether new orders are posted")
    manual_paused: bool
    manual_paused_at: datetime | None
    manual_pause_reason: str | None
    manual_stopped: bool
    manual_stopped_at: datetime | None
    manual_stop_reason: str | None
    system_trading_blocked: bool = Field(description="Whether any of the operator's switches is on")
    emergency_active: bool
    system_stopped: bool
    soft_paused: bool
    system_reason: str | None
    system_duration_seconds: Number = Field(description="How long the operator's switch has been on; 0 when none is")


class TradingControlResponse(TradingStatusResponse):
    """The state after a switch was turned."""

    result: str = Field(
        description="paused, resumed, stopped, started, already_paused, already_stopped, already_live, start_required",
        examples=["paused"],
    )
    cancelled_order_ids: list[int] = Field(description="Orders that a stop took away")


class CancelFailure(Model):
    order_id: int
    reason: str = Field(description="The exchange's words")


class PartialCancelResponse(Model):
    """502: some orders were cancelled, others may still rest."""

    detail: str
    cancelled_order_ids: list[int]
    failed_order_ids: list[int]
    failures: list[CancelFailure]


class CancelResponse(Open):
    status: str = Field(examples=["cancelled"])
    cancelled_count: int
    cancelled_order_ids: list[int]


# --- configuration ---------------------------------------------------------------------------------------------------


class MarketTypeUpdate(Model):
    market_type: str = Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$", examples=["totals"])
    player_prop: bool = False
    enabled: bool


class MarketAllowlistPatchBody(Model):
    sport_id: SportNumber = Field(examples=[10])
    updates: list[MarketTypeUpdate] = Field(max_length=1000)


class ActivateAllBody(Model):
    sport_id: SportNumber = Field(examples=[10])


class MarketAllowlistResponse(Model):
    sport_id: int
    applied: int = Field(description="How many updates took effect, those that changed nothing included")
    cancelled_orders: dict[str, int] = Field(description="Open orders that were taken away, by exchange")


class ActivateAllResponse(Model):
    sport_id: int
    deleted: int = Field(description="How many market types were off")


class MarketTypeItem(Model):
    market_type: str
    player_prop: bool
    market_name: str
    enabled: bool


class MarketTypesResponse(Model):
    sport_id: int
    bookmaker: str | None
    market_types: list[MarketTypeItem]


class ActivateTournamentRequest(Model):
    limit_ratio: Ratio = Field(Decimal("0.8"), description="Share of the bookmaker's limit that is quoted")
    price_ticks: Ticks = Field(0, description="Steps of 0.01 by which quotes stand away from break-even")


class UpdateTournamentRequest(Model):
    limit_ratio: Ratio | None = None
    price_ticks: Ticks | None = None


class TournamentItem(Open):
    tournament_id: int
    tournament_name: str | None
    category_name: str | None
    sport_id: int | None
    sport_name: str | None
    active: bool
    limit_ratio: Number
    price_ticks: int


class ActivatedResponse(Model):
    status: Literal["activated"]
    tournament: TournamentItem


class UpdatedResponse(Model):
    status: Literal["updated"]
    tournament: TournamentItem


class DeactivatedResponse(Open):
    status: Literal["deactivated"]
    tournament: TournamentItem
    cancelled_orders: dict[str, int]


class TournamentsResponse(Model):
    tournaments: list[TournamentItem]
    count: int


class ClientInfo(Open):
    client: str
    client_name: str
    active: bool


class UpdateClientSettingsRequest(Model):
    odds_format: OddsFormat


class ClientSettingsResponse(Model):
    odds_format: OddsFormat


# --- orders and bets -------------------------------------------------------------------------------------------------


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
    side: Literal["buy", "sell"]
    order_status: str
    matched_status: str
    settlement_status: str
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
    created_at: datetime
    placed_at: datetime | None
    matched_at: datetime | None
    settled_at: datetime | None


class BetItem(Open):
    """A hedge at the bookmaker."""

    bet_id: int
    order_id: int | None
    client: str
    bookmaker: str
    bookmaker_bet_id: str | None
    fixture_id: str
    market_id: int
    outcome_id: int
    player_id: int
    requested_price: Number
    requested_stake: Number
    placed_price: Number | None
    placed_stake: Number | None
    currency: str
    bet_status: Literal["placed", "pending", "declined"]
    settlement_status: str | None
    payout: Number | None
    pnl: Number | None
    sent_data: dict[str, Any]
    received_data: dict[str, Any]
    created_at: datetime
    placed_at: datetime | None
    settled_at: datetime | None


class Page(Model):
    total: int
    page: int
    page_size: int
    total_pages: int


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


# --- positions and money ---------------------------------------------------------------------------------------------


class PositionItem(Open):
    """All orders of the client on one outcome at one exchange."""

    fixture_id: str
    outcome_id: int
    player_id: int
    exchange: str
    order_count: int
    total_stake: Number
    matched_stake: Number
    open_stake: Number
    avg_price: Number
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


class AccountItem(Open):
    exchange: str
    username: str
    client: str
    bookmaker: str | None
    currency: str
    balance: Number | None
    max_outcome_stake: Number
    active: bool


class AccountsResponse(Open):
    accounts: list[AccountItem]
    count: int


# --- the catalogue ---------------------------------------------------------------------------------------------------


class FixtureItem(Open):
    fixture_id: str
    sport_id: int
    sport_name: str | None
    tournament_id: int
    tournament_name: str | None
    category_name: str | None
    participant1_name: str
    participant2_name: str
    start_time: int = Field(description="Seconds since 1970")
    status_id: int = Field(description="0 before the start, 1 live, 2 finished, 3 cancelled")
    live: bool
    scores: dict[str, Any]


class FixturePage(Page):
    data: list[FixtureItem]


class MarketItem(Model):
    market_id: int
    outcome_ids: list[int]
    player_ids: list[int]
    bookmakers: list[str]


class MarketsResponse(Open):
    markets: list[MarketItem]
    count: int


class PlayerItem(Model):
    player_id: int
    market_ids: list[int]
    outcome_ids: list[int]
    bookmakers: list[str]


class PlayersResponse(Open):
    players: list[PlayerItem]
    count: int


class SportItem(Model):
    sport_id: int
    sport_name: str
    tournament_count: int
    fixture_count: int = Field(description="Not over")
    live_count: int


class SportTournament(Model):
    tournament_id: int
    tournament_name: str
    fixture_count: int
    live_count: int
    tradeable_count: int = Field(description="Fixtures with a contract on an exchange")
    activated: bool | None = Field(description="null: never activated by this client")
    limit_ratio: Number | None
    price_ticks: int | None


class SportCategory(Model):
    category_name: str
    tournaments: list[SportTournament]


class SportTournamentsResponse(Model):
    categories: list[SportCategory]
