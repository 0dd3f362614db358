"""Smarkets' messages, in Smarkets' own words; only the members that are read or sent.

Ids and money are texts, prices whole basis points, quantities whole ten-thousandths of a pot. Source: the venue's
OpenAPI description, version 3.
"""

from __future__ import annotations

import msgspec

# --- sent ----------------------------------------------------------------------------------------------------------


class Login(msgspec.Struct):
    username: str
    password: str
    remember: bool = True
    use_auth_v2: bool = False


class Verification(msgspec.Struct):
    token: str
    code: str


class NewOrder(msgspec.Struct, omit_defaults=True):
    """POST /v3/orders/. quantity: in the account's currency."""

    market_id: str
    contract_id: str
    price: int
    quantity: int
    side: str
    type: str
    label: str
    minimum_accepted_quantity: int = 0


# --- read ----------------------------------------------------------------------------------------------------------


class SessionAnswer(msgspec.Struct):
    token: str | None = None
    factor: str = "complete"


class ErrorBody(msgspec.Struct):
    """data: a text, or of a limit an object."""

    error_type: str = ""
    data: msgspec.Raw = msgspec.Raw(b'""')


class Limit(msgspec.Struct):
    expiry: str


class Pagination(msgspec.Struct, frozen=True):
    next_page: str | None = None


class EventType(msgspec.Struct):
    domain: str = ""
    scope: str = ""


class Event(msgspec.Struct):
    id: str
    name: str
    state: str
    full_slug: str = ""
    start_datetime: str | None = None
    type: EventType | str | None = None


class EventsPage(msgspec.Struct):
    events: list[Event]
    pagination: Pagination = Pagination()


class TypeName(msgspec.Struct):
    name: str = ""


class MarketInfo(msgspec.Struct):
    commission_rate: str | None = None


class Market(msgspec.Struct):
    id: str
    event_id: str
    state: str
    market_type: TypeName | None = None
    info: MarketInfo | None = None


class MarketsAnswer(msgspec.Struct):
    markets: list[Market]


class Contract(msgspec.Struct):
    id: str
    market_id: str
    name: str
    state_or_outcome: str
    contract_type: TypeName | None = None
    outcome_timestamp: str | None = None


class ContractsAnswer(msgspec.Struct):
    contracts: list[Contract]


class Quote(msgspec.Struct):
    """quantity: in GBP."""

    price: int
    quantity: int


class Book(msgspec.Struct):
    """bids: what can be sold to, offers: what can be bought."""

    bids: list[Quote] = []
    offers: list[Quote] = []


class Account(msgspec.Struct):
    currency: str
    available_balance: str
    commission_type: str | None = None


class AccountAnswer(msgspec.Struct):
    account: Account


class Currency(msgspec.Struct):
    """rate_to_gbp: units for a pound."""

    rate_to_gbp: str


class Placed(msgspec.Struct):
    """The answer to an order. available_quantity: what is left of it."""

    order_id: str
    contract_id: str
    side: str
    price: int
    quantity: int
    available_quantity: int
    total_executed_quantity: int


class Order(msgspec.Struct):
    id: str
    market_id: str
    contract_id: str
    side: str
    state: str
    price: int
    quantity_user_currency: int
    quantity_filled_user_currency: int
    quantity_filled_pending_user_currency: int
    quantity_unfilled_user_currency: int
    created_datetime: str
    label: str | None = None


class OrdersPage(msgspec.Struct):
    orders: list[Order]
    pagination: Pagination = Pagination()


class Row(msgspec.Struct):
    """A row of the ledger. Which members a source has is not documented."""

    seq: int
    subseq: int
    source: str
    timestamp: str
    market_id: str | None = None
    contract_id: str | None = None
    order_id: str | None = None
    label: str | None = None
    side: str | None = None
    price: int | None = None
    quantity_user_currency: int | None = None
    quantity_user_currency_change: int | None = None
    commission: str | None = None
    extra: str | None = None


class ActivityPage(msgspec.Struct):
    account_activity: list[Row]
    pagination: Pagination = Pagination()
