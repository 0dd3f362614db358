"""The venue's messages: only the members that are read. Numbers come as text or as JSON numbers, and are read exactly.

Sources: docs.polymarket.us as justrhoto/polymarket-us-docs mirrors it (orders, portfolio, account, events, markets and
WebSocket pages, August to October 2026); polymarket-us 2.4.1. That a trade carries the executions of both sides is not
in the schema: users of the API publish it.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec


class Amount(msgspec.Struct):
    value: Decimal
    currency: str = "USD"


# --- orders --------------------------------------------------------------------------------------------------------


class NewOrder(msgspec.Struct, rename="camel", omit_defaults=True):
    """The body of a placement. quantity: a JSON number."""

    market_slug: str
    intent: str
    type: str
    price: dict[str, str]
    quantity: Decimal
    tif: str
    manual_order_indicator: str
    participate_dont_initiate: bool = False
    good_till_time: str | None = None
    synchronous_execution: bool = False
    max_block_time: str | None = None


class Order(msgspec.Struct, rename="camel"):
    id: str
    market_slug: str
    intent: str
    state: str
    quantity: Decimal
    price: Amount | None = None
    cum_quantity: Decimal = Decimal(0)
    tif: str = ""
    create_time: str | None = None


class Execution(msgspec.Struct, rename="camel"):
    """Something that happened to an order."""

    order: Order
    type: str
    last_shares: Decimal | None = None
    last_px: Amount | None = None
    trade_id: str = ""
    aggressor: bool = False
    transact_time: str | None = None
    commission_notional_collected: Amount | None = None
    order_reject_reason: str = ""
    text: str = ""


class Placed(msgspec.Struct):
    id: str
    executions: list[Execution] | None = None


class OrderAnswer(msgspec.Struct):
    order: Order


class OpenOrders(msgspec.Struct):
    orders: list[Order] = []


class Cancelled(msgspec.Struct):
    """The answer to one cancel says nothing."""


class CancelledMany(msgspec.Struct, rename="camel"):
    """Ids that were asked for, not those that were cancelled."""

    canceled_order_ids: list[str] = []


# --- the account ---------------------------------------------------------------------------------------------------


class TradeExecution(msgspec.Struct, rename="camel"):
    """One side of a trade. order: of the other side only a part is told."""

    order: msgspec.Raw
    last_shares: Decimal | None = None
    last_px: Amount | None = None
    commission_notional_collected: Amount | None = None


class Trade(msgspec.Struct, rename="camel"):
    id: str
    market_slug: str
    state: str
    create_time: str
    is_aggressor: bool
    aggressor_execution: TradeExecution | None = None
    passive_execution: TradeExecution | None = None


class Activity(msgspec.Struct):
    type: str
    trade: Trade | None = None


class Activities(msgspec.Struct, rename="camel"):
    activities: list[Activity] = []
    next_cursor: str = ""
    eof: bool = False


class UserBalance(msgspec.Struct, rename="camel"):
    currency: str
    buying_power: Decimal
    open_orders: Decimal = Decimal(0)


class Balances(msgspec.Struct):
    balances: list[UserBalance] = []


# --- what is listed ------------------------------------------------------------------------------------------------


class Team(msgspec.Struct):
    name: str = ""
    league: str = ""


class MarketSide(msgspec.Struct):
    long: bool | None = None
    description: str | None = None
    team: Team | None = None


class Market(msgspec.Struct, rename="camel"):
    slug: str | None = None
    sports_market_type: str | None = None
    status: str | None = None
    active: bool | None = None
    closed: bool | None = None
    hidden: bool | None = None
    description: str | None = None
    game_start_time: str | None = None
    order_price_min_tick_size: Decimal | None = None
    minimum_trade_qty: Decimal | None = None
    fee_coefficient: Decimal | None = None
    market_sides: list[MarketSide] = []


class MarketAnswer(msgspec.Struct):
    market: Market


class Event(msgspec.Struct, rename="camel"):
    slug: str | None = None
    title: str | None = None
    series_slug: str | None = None
    start_time: str | None = None
    markets: list[msgspec.Raw] = []


class Events(msgspec.Struct):
    events: list[msgspec.Raw] = []


class Level(msgspec.Struct):
    px: Amount
    qty: Decimal


class Book(msgspec.Struct, rename="camel"):
    market_slug: str
    state: str = ""
    bids: list[Level] = []
    offers: list[Level] = []


class BookAnswer(msgspec.Struct, rename="camel"):
    market_data: Book


class Settlement(msgspec.Struct):
    settlement: Decimal


# --- the sockets ---------------------------------------------------------------------------------------------------


class Snapshot(msgspec.Struct):
    eof: bool = False


class Update(msgspec.Struct):
    execution: Execution


class MarketState(msgspec.Struct, rename="camel"):
    """Of a market's book its state alone."""

    market_slug: str
    state: str = ""


class Frame(msgspec.Struct, rename="camel"):
    request_id: str = ""
    order_subscription_snapshot: Snapshot | None = None
    order_subscription_update: Update | None = None
    market_data: MarketState | None = None
    error: str = ""


class Subscription(msgspec.Struct, rename="camel", omit_defaults=True):
    request_id: str
    subscription_type: str
    market_slugs: list[str] = []
    responses_debounced: bool = False


class Subscribe(msgspec.Struct):
    subscribe: Subscription


class Subscribed(msgspec.Struct, rename="camel"):
    request_id: str


class Unsubscribe(msgspec.Struct):
    unsubscribe: Subscribed


# --- errors --------------------------------------------------------------------------------------------------------


class Problem(msgspec.Struct):
    code: int | str = 0
    message: str = ""
