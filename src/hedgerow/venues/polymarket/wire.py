"""The venue's messages, in its own words. What is not read is left out.

Numbers come as texts or as JSON numbers, and are read exactly in both forms; where an empty text stands for none, the
number is left raw. Sizes are shares, prices probabilities.
Sources: Polymarket documentation ("Manage Orders", "User Channel", "Market Channel", "Market Details",
"Error Codes", the CLOB and Gamma OpenAPI documents), read 2026-11-21; heartbeats: the official SDK's.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

Moment = str | int | None
"""A time: seconds or milliseconds since 1970 as a number or its text, or ISO 8601; empty where there is none."""


class Message(msgspec.Struct, frozen=True, gc=False):
    """Base of all; unknown members are skipped."""


# --- account and service -----------------------------------------------------------------------------------------


class Version(Message, frozen=True):
    """GET /version: the version of the exchange contracts."""

    version: int


class ClosedOnly(Message, frozen=True):
    """GET /auth/ban-status/closed-only."""

    closed_only: bool


class ApiCredentials(Message, frozen=True, rename="camel"):
    """GET /auth/derive-api-key, POST /auth/api-key."""

    api_key: str
    secret: str
    passphrase: str


class BalanceAllowance(Message, frozen=True):
    """GET /balance-allowance. balance: base units (millionths), or dollars when it has a point."""

    balance: str


class Problem(Message, frozen=True):
    """The body of an HTTP error. Heartbeats use `error_msg`, orders `errorMsg`, all others `error`."""

    error: str | None = None
    errorMsg: str | None = None  # noqa: N815
    error_msg: str | None = None
    code: str | None = None
    retry_after_seconds: Decimal | None = None


class Beat(Message, frozen=True):
    """POST /v1/heartbeats: the id to send next; with status 400 the one that was expected. The older route of the
    OpenAPI document answers without an id."""

    heartbeat_id: str | None = None


# --- orders and trades -------------------------------------------------------------------------------------------


class PlaceReply(Message, frozen=True):
    """POST /order, and one element of POST /orders. A refused leg of a batch has success true, no orderID and an
    errorMsg. Amounts are of what matched at once; empty or absent when nothing did."""

    success: bool = False
    orderID: str | None = None  # noqa: N815
    errorMsg: str | None = None  # noqa: N815
    status: str | None = None
    makingAmount: msgspec.Raw = msgspec.Raw()  # noqa: N815
    takingAmount: msgspec.Raw = msgspec.Raw()  # noqa: N815


class CancelReply(Message, frozen=True):
    """DELETE /order, /orders, /cancel-all: what was cancelled, and why the others were not."""

    canceled: list[str] | None = None
    not_canceled: Mapping[str, str] | None = None


class OpenOrder(Message, frozen=True):
    """GET /data/order/{id} and the elements of GET /data/orders."""

    id: str
    asset_id: str
    side: str
    price: Decimal
    original_size: Decimal
    size_matched: Decimal
    status: str | None = None
    created_at: Moment = None
    expiration: Moment = None
    order_type: str | None = None


class UserOrder(OpenOrder, frozen=True):
    """The user channel's `order`. type: PLACEMENT, UPDATE, CANCELLATION; the status is not always there."""

    type: str | None = None
    timestamp: Moment = None


class MakerOrder(Message, frozen=True):
    """One resting order that took part in a trade. The side is absent in older messages; a maker of the other token
    of the market met the taker by minting or merging a pair."""

    order_id: str
    asset_id: str
    price: Decimal
    matched_amount: Decimal
    owner: str | None = None
    maker_address: str | None = None
    side: str | None = None


class Trade(Message, frozen=True):
    """The user channel's `trade` and the elements of GET /data/trades; the taker's side, token, size and price."""

    id: str
    taker_order_id: str
    asset_id: str
    side: str
    size: Decimal
    price: Decimal
    status: str
    owner: str | None = None
    maker_address: str | None = None
    trader_side: str | None = None
    match_time: Moment = None
    last_update: Moment = None
    timestamp: Moment = None
    maker_orders: list[MakerOrder] | None = None


class Page(Message, frozen=True):
    """A page of orders or trades. next_cursor: `LTE=` after the last."""

    data: list[msgspec.Raw]
    next_cursor: str | None = None


class EventKind(Message, frozen=True):
    """Which message it is, on either channel."""

    event_type: str | None = None
    type: str | None = None


# --- market channel ----------------------------------------------------------------------------------------------


class Book(Message, frozen=True):
    """`book`: of the levels nothing is read. The tick is not in every message."""

    asset_id: str
    tick_size: msgspec.Raw = msgspec.Raw()


class Level(Message, frozen=True):
    """Of a book: all that rests at a price."""

    price: Decimal
    size: Decimal


class BookLevels(Message, frozen=True):
    """`book` again, for who wants its levels. market: the condition, which its two tokens share."""

    asset_id: str
    market: str
    bids: list[Level] = []
    asks: list[Level] = []


class LevelChange(Message, frozen=True):
    """Of one token: `size` is all that rests at the price now."""

    asset_id: str
    price: Decimal
    size: Decimal
    side: str


class PriceChange(Message, frozen=True):
    """`price_change`."""

    price_changes: list[LevelChange]


class LastTrade(Message, frozen=True):
    """`last_trade_price`: told of the taker's token alone, `side` is what the taker did."""

    asset_id: str
    market: str
    price: Decimal
    size: Decimal
    side: str


class TickSizeChange(Message, frozen=True):
    """`tick_size_change`."""

    asset_id: str
    new_tick_size: Decimal


class MarketResolved(Message, frozen=True):
    """`market_resolved`. The winner is empty when the market ended half and half."""

    market: str | None = None
    assets_ids: list[str] | None = None
    winning_asset_id: str | None = None


# --- Gamma: listings and results ---------------------------------------------------------------------------------


class FeeSchedule(Message, frozen=True):
    """Fee of a taker: shares × rate × (p·(1 − p))^exponent."""

    rate: Decimal | None = None
    exponent: Decimal | None = None


class GammaTag(Message, frozen=True):
    slug: str | None = None


class GammaSeries(Message, frozen=True):
    title: str | None = None


class GammaEvent(Message, frozen=True):
    """A match: its markets are one question, or one per result."""

    slug: str | None = None
    title: str | None = None
    tags: list[GammaTag] | None = None
    series: list[GammaSeries] | None = None


class GammaMarket(Message, frozen=True, rename="camel"):
    """One market. outcomes, outcomePrices and clobTokenIds are JSON texts of lists, or lists."""

    condition_id: str | None = None
    slug: str | None = None
    question: str | None = None
    description: str | None = None
    outcomes: str | list[str] | None = None
    outcome_prices: str | list[str] | None = None
    clob_token_ids: str | list[str] | None = None
    order_price_min_tick_size: Decimal | None = None
    order_min_size: Decimal | None = None
    neg_risk: bool | None = None
    active: bool | None = None
    closed: bool | None = None
    accepting_orders: bool | None = None
    closed_time: str | None = None
    game_start_time: str | None = None
    sports_market_type: str | None = None
    group_item_title: str | None = None
    uma_resolution_status: str | None = None
    fees_enabled: bool | None = None
    fee_schedule: FeeSchedule | None = None
    events: list[GammaEvent] | None = None
    tags: list[GammaTag] | None = None


class BookLevel(Message, frozen=True):
    price: Decimal
    size: Decimal


class OrderBook(Message, frozen=True):
    """GET /book: asks from the dearest to the cheapest."""

    asks: list[BookLevel] = []


class MarketsPage(Message, frozen=True):
    """GET /markets/keyset. No next_cursor after the last page."""

    markets: list[msgspec.Raw]
    next_cursor: str | None = None
