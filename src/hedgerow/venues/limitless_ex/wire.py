"""The venue's messages, in its own words. What is not read is left out.

Sizes and money of orders are texts of millionths of a share and of a dollar; books have prices as numbers and sizes in
millionths. Sources: docs.limitless.exchange (api-reference), the official SDK (limitless-sdk 1.3.0), answers of the
venue as ccxt 4.5.90 shows them, read 2026-11-21.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec


class Message(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Base of all; unknown members are skipped."""


class Problem(Message, frozen=True):
    """The body of an HTTP error. message: a text, or what is wrong with each member."""

    message: msgspec.Raw = msgspec.Raw(b'""')


# --- the profile ---------------------------------------------------------------------------------------------------


class Rank(Message, frozen=True):
    fee_rate_bps: int


class Profile(Message, frozen=True):
    """GET /profiles/me. account: with which it logs in; tradeWalletOption: which of the wallets holds the money."""

    id: int
    account: str
    rank: Rank
    trade_wallet_option: str | None = None
    smart_wallet: str | None = None
    embedded_account: str | None = None


# --- markets -------------------------------------------------------------------------------------------------------


class Tokens(Message, frozen=True):
    yes: str
    no: str


class Contracts(Message, frozen=True):
    """exchange: checks the orders; feeModuleType: COLLATERAL where the fee is taken in money."""

    exchange: str
    fee_module_type: str | None = None


class Metadata(Message, frozen=True):
    fee: bool = True


class Market(Message, frozen=True):
    """GET /markets/{slug}. tokens, venue: of a market with an order book."""

    slug: str
    status: str
    trade_type: str
    expired: bool = False
    tokens: Tokens | None = None
    venue: Contracts | None = None
    metadata: Metadata = Metadata()
    winning_outcome_index: int | None = None
    payout_numerators: list[str] | None = None


class Level(Message, frozen=True):
    price: Decimal
    size: Decimal


class Book(Message, frozen=True):
    """GET /markets/{slug}/orderbook: the whole book in the terms of YES, best first."""

    bids: list[Level]
    asks: list[Level]
    token_id: str


# --- orders --------------------------------------------------------------------------------------------------------


class OrderMarket(Message, frozen=True):
    slug: str


class Order(Message, frozen=True):
    """side: 0 buys, 1 sells."""

    id: str
    token_id: str
    side: int
    market: OrderMarket


class Totals(Message, frozen=True):
    """Of what is matched, in millionths. Fees of purchases are shares, elsewhere money."""

    contracts_gross: str
    contracts_fee: str
    usd_gross: str
    usd_fee: str


class Execution(Message, frozen=True):
    settlement_status: str
    totals_raw: Totals
    client_order_id: str | None = None


class Placed(Message, frozen=True):
    """POST /orders, and `data` of an order that is found."""

    order: Order
    execution: Execution


class StatusRow(Message, frozen=True):
    """data: of one that is found."""

    index: int
    status: str
    data: Placed | None = None


class StatusAnswer(Message, frozen=True):
    """POST /orders/status/batch."""

    results: list[StatusRow]


class OrderRow(Message, frozen=True):
    """An order in GET /markets/{slug}/user-orders."""

    id: str
    type: str
    side: str


class HistoryMarket(Message, frozen=True):
    slug: str


class HistoryEntry(Message, frozen=True):
    """A trade, or something else that happened to the account. blockTimestamp: s since 1970."""

    block_timestamp: int
    market: HistoryMarket | None = None
    strategy: str | None = None


class HistoryPage(Message, frozen=True):
    """GET /portfolio/history, newest first."""

    data: list[HistoryEntry]
    next_cursor: str | None = None
