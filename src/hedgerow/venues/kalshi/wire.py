"""Kalshi's messages, in Kalshi's own words; only the fields that are read or sent.

Amounts stay the texts that the venue sends (`_dollars`: up to 6 decimals, `_fp`: contracts with 2 decimals);
`parse.py` makes micros of them. Fields that the venue may leave out or send as null are optional here even where its
schema calls them required: its own examples leave some out.

Sources: OpenAPI 3.34 as modelled by kalshi-python-async 3.34.0; AsyncAPI pages user-fills, user-orders and
market-and-event-lifecycle of docs.kalshi.com (August to October 2026).
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

# --- sent ----------------------------------------------------------------------------------------------------------


class PlaceBody(msgspec.Struct, omit_defaults=True):
    """POST /portfolio/events/orders."""

    ticker: str
    client_order_id: str
    side: str
    count: str
    price: str
    time_in_force: str
    self_trade_prevention_type: str
    post_only: bool | None = None
    cancel_order_on_pause: bool | None = None
    expiration_time: int | None = None


class AmendBody(msgspec.Struct):
    """POST /portfolio/events/orders/{order_id}/amend. `count` is filled + wanted resting."""

    ticker: str
    side: str
    price: str
    count: str


class TakeBody(msgspec.Struct):
    """POST /portfolio/events/orders, of an order that matches at once or ends."""

    ticker: str
    client_order_id: str
    side: str
    count: str
    price: str
    time_in_force: str
    self_trade_prevention_type: str


class SubscribeParams(msgspec.Struct, omit_defaults=True):
    """market_tickers: of channels that are about some markets only."""

    channels: list[str]
    market_tickers: list[str] | None = None


class Subscribe(msgspec.Struct):
    """The stream's command to follow channels; `id` comes back in the reply."""

    id: int
    params: SubscribeParams
    cmd: str = "subscribe"


# --- answers -------------------------------------------------------------------------------------------------------


class Placed(msgspec.Struct):
    order_id: str
    fill_count: str
    remaining_count: str
    ts_ms: int
    client_order_id: str | None = None


class Amended(msgspec.Struct):
    """`remaining_count` and `fill_count` (of this amend alone) come only when the amend filled or resized."""

    order_id: str
    ts_ms: int
    remaining_count: str | None = None
    fill_count: str | None = None


class Cancelled(msgspec.Struct):
    order_id: str
    reduced_by: str
    ts_ms: int


class BatchCancelItem(msgspec.Struct):
    """The ticker goes along as in the cancel of one order."""

    order_id: str
    market_ticker: str


class BatchCancel(msgspec.Struct):
    """The body of DELETE .../orders/batched."""

    orders: list[BatchCancelItem]


class BatchCancelled(msgspec.Struct):
    """One item of its answer: `error` where the order was not cancelled."""

    order_id: str
    reduced_by: str | None = None
    error: ErrorDetail | None = None


class BatchCancelledAnswer(msgspec.Struct):
    orders: list[BatchCancelled]


class Order(msgspec.Struct):
    """Of REST lists and of the stream's `user_order`; times are RFC 3339 there, epoch milliseconds here."""

    order_id: str
    ticker: str
    status: str
    yes_price_dollars: str
    initial_count_fp: str
    fill_count_fp: str
    remaining_count_fp: str
    client_order_id: str | None = None
    book_side: str | None = None
    outcome_side: str | None = None
    action: str | None = None
    side: str | None = None
    created_time: str | None = None
    last_update_time: str | None = None
    expiration_time: str | None = None
    created_ts_ms: int | None = None
    last_updated_ts_ms: int | None = None
    expiration_ts_ms: int | None = None
    last_update_reason: str | None = None
    taker_fill_cost_dollars: str | None = None
    taker_fees_dollars: str | None = None
    maker_fill_cost_dollars: str | None = None


class Fill(msgspec.Struct):
    """Of GET /portfolio/fills (`created_time`) and of the stream's `fill` (`ts_ms`, `client_order_id`)."""

    trade_id: str
    order_id: str
    market_ticker: str
    is_taker: bool
    yes_price_dollars: str
    count_fp: str
    fee_cost: str
    book_side: str | None = None
    outcome_side: str | None = None
    action: str | None = None
    side: str | None = None
    client_order_id: str | None = None
    created_time: str | None = None
    ts_ms: int | None = None


class PriceRange(msgspec.Struct):
    start: str
    end: str
    step: str


class Market(msgspec.Struct):
    ticker: str
    event_ticker: str
    status: str
    price_ranges: list[PriceRange] = []
    yes_sub_title: str = ""
    market_type: str = "binary"
    fractional_trading_enabled: bool | None = None
    result: str = ""
    settlement_value_dollars: str | None = None
    settlement_ts: str | None = None
    expected_expiration_time: str | None = None
    occurrence_datetime: str | None = None
    rules_primary: str = ""
    rules_secondary: str = ""


class ProductMetadata(msgspec.Struct):
    competition: str | None = None


class Event(msgspec.Struct):
    event_ticker: str
    series_ticker: str
    title: str
    markets: list[Market] | None = None
    product_metadata: ProductMetadata | None = None
    fee_type_override: str | None = None
    fee_multiplier_override: Decimal | None = None


class Milestone(msgspec.Struct):
    """What happens in the world: for a match, its scheduled start and the events that hang on it."""

    start_date: str
    primary_event_tickers: list[str] = []
    related_event_tickers: list[str] = []


class Series(msgspec.Struct):
    ticker: str
    fee_type: str
    fee_multiplier: Decimal


class OrdersPage(msgspec.Struct):
    orders: list[Order]
    cursor: str | None = None


class FillsPage(msgspec.Struct):
    fills: list[Fill]
    cursor: str | None = None


class MarketsPage(msgspec.Struct):
    markets: list[Market]
    cursor: str | None = None


class EventsPage(msgspec.Struct):
    events: list[Event]
    milestones: list[Milestone] | None = None
    cursor: str | None = None


class OrderAnswer(msgspec.Struct):
    order: Order


class MarketAnswer(msgspec.Struct):
    market: Market


class EventAnswer(msgspec.Struct):
    event: Event


class OrderBook(msgspec.Struct):
    """Bids of each side, price and count, the lowest price first."""

    yes_dollars: list[tuple[str, str]] | None = None
    no_dollars: list[tuple[str, str]] | None = None


class BookAnswer(msgspec.Struct):
    orderbook_fp: OrderBook


class SeriesAnswer(msgspec.Struct):
    series: Series


class BalanceAnswer(msgspec.Struct):
    balance_dollars: str


class Bucket(msgspec.Struct):
    """Tokens per second, and tokens kept at most."""

    refill_rate: Decimal
    bucket_capacity: Decimal


class LimitsAnswer(msgspec.Struct):
    read: Bucket
    write: Bucket


class UserDataTimestamp(msgspec.Struct):
    as_of_time: str


class ErrorDetail(msgspec.Struct):
    code: str | None = None
    message: str | None = None
    details: str | None = None


class ErrorBody(msgspec.Struct):
    """The shapes of an error: {"error": {...}}, {"error": "text"}, or the fields at the top level, where a query that
    is not accepted has `msg` alone."""

    error: ErrorDetail | str | None = None
    code: str | None = None
    message: str | None = None
    details: str | None = None
    msg: str | None = None


# --- the stream ----------------------------------------------------------------------------------------------------


class Frame(msgspec.Struct):
    """Every message of the stream; `msg` is read by its type."""

    type: str
    id: int | None = None
    sid: int | None = None
    seq: int | None = None
    msg: msgspec.Raw = msgspec.Raw()


class Subscribed(msgspec.Struct):
    channel: str
    sid: int


class StreamError(msgspec.Struct):
    code: int
    msg: str = ""


class Lifecycle(msgspec.Struct):
    """`market_lifecycle_v2`: only the fields of the event at hand are there."""

    event_type: str
    market_ticker: str
    close_ts: int | None = None
    result: str | None = None
    settlement_value: str | None = None
    price_ranges: list[PriceRange] | None = None


class BookSnapshot(msgspec.Struct):
    """`orderbook_snapshot`: price and count of every level; a side without any is not there."""

    market_ticker: str
    yes_dollars_fp: list[tuple[str, str]] = []
    no_dollars_fp: list[tuple[str, str]] = []


class BookDelta(msgspec.Struct):
    """`orderbook_delta`: the price in the side's own terms."""

    market_ticker: str
    price_dollars: str
    delta_fp: str
    side: str


class PublicTrade(msgspec.Struct):
    """`trade`: `taker_side` is the side that the taker bought."""

    market_ticker: str
    yes_price_dollars: str
    count_fp: str
    taker_side: str
