"""The venue's messages, in its own words. What is not read is left out.

Money, prices and sizes of orders and matches are texts of wei (10^18 to a dollar or a share); books have JSON numbers
and wallet events decimal texts of whole units. Sources: dev.predict.fun (guides, REST and WebSocket reference) and
messages that users of the API publish, read 2026-11-21.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec


class Message(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Base of all; unknown members are skipped."""


class Problem(Message, frozen=True):
    """The body of an HTTP error."""

    error: str = ""
    message: str = ""


# --- logging in ----------------------------------------------------------------------------------------------------


class MessageData(Message, frozen=True):
    message: str


class AuthMessage(Message, frozen=True):
    """GET /v1/auth/message."""

    data: MessageData


class TokenData(Message, frozen=True):
    token: str


class AuthToken(Message, frozen=True):
    """POST /v1/auth."""

    data: TokenData


# --- markets -------------------------------------------------------------------------------------------------------


class Outcome(Message, frozen=True):
    """status: WON or LOST once the market is resolved."""

    index_set: int
    on_chain_id: str
    name: str = ""
    status: str | None = None


class Market(Message, frozen=True):
    id: int
    outcomes: list[Outcome]
    decimal_precision: int
    fee_rate_bps: int
    is_neg_risk: bool
    is_yield_bearing: bool
    title: str = ""
    question: str = ""
    description: str = ""
    status: str = ""
    trading_status: str = ""
    resolution: msgspec.Raw = msgspec.Raw(b"null")


class MarketAnswer(Message, frozen=True):
    """GET /v1/markets/{id}."""

    data: Market


class Tag(Message, frozen=True):
    name: str


class Category(Message, frozen=True):
    """What belongs together: of a match all its markets."""

    title: str
    slug: str = ""
    market_variant: str = ""
    starts_at: str | None = None
    tags: list[Tag] | None = None
    markets: list[msgspec.Raw] | None = None


class Page(Message, frozen=True):
    """Of every list."""

    data: list[msgspec.Raw]
    cursor: str | None = None


class Book(Message, frozen=True):
    """The whole book in the terms of the first outcome: (price, shares), best first."""

    asks: list[tuple[Decimal, Decimal]]
    bids: list[tuple[Decimal, Decimal]]


class BookAnswer(Message, frozen=True):
    """GET /v1/markets/{id}/orderbook."""

    data: Book


# --- orders --------------------------------------------------------------------------------------------------------


class Placed(Message, frozen=True):
    order_hash: str


class PlaceAnswer(Message, frozen=True):
    """POST /v1/orders: the order is accepted, and no more."""

    data: Placed


class RemoveAnswer(Message, frozen=True):
    """POST /v1/orders/remove-by-hash. noop: nothing of it rests; rejected: it may not be removed yet."""

    removed: list[str]
    noop: list[str] = []
    rejected: list[str] = []


class SignedOrder(Message, frozen=True):
    """The members of an order that was signed. side: 0 buys, 1 sells."""

    hash: str
    token_id: str
    maker_amount: str
    taker_amount: str
    side: int


class OrderRow(Message, frozen=True):
    """An order as lists have it. amountFilled: what of it is settled."""

    market_id: int
    amount: str
    amount_filled: str
    status: str
    strategy: str
    order: SignedOrder


class OrderAnswer(Message, frozen=True):
    """GET /v1/orders/{hash}."""

    data: OrderRow


class MatchFee(Message, frozen=True):
    amount: str
    type: str


class MatchOutcome(Message, frozen=True):
    on_chain_id: str


class Leg(Message, frozen=True):
    """An order's part in a match. price: a maker's is the one that it traded at, a taker's the worst it allowed."""

    hash: str
    amount: str
    price: str
    quote_type: str
    signer: str
    outcome: MatchOutcome
    fee: MatchFee | None = None


class MatchMarket(Message, frozen=True):
    id: int


class Match(Message, frozen=True):
    """A settled match: GET /v1/orders/matches. priceExecuted: of the taker."""

    settlement_id: str
    price_executed: str
    executed_at: str
    taker: Leg
    makers: list[Leg]
    market: MatchMarket


# --- the stream ----------------------------------------------------------------------------------------------------


class StreamError(Message, frozen=True):
    code: str = ""
    message: str = ""


class Frame(Message, frozen=True):
    """type: R answers a request, M is a message of a topic."""

    type: str = ""
    topic: str = ""
    request_id: int | None = None
    success: bool = True
    error: StreamError | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")


class EventFee(Message, frozen=True):
    amount_wei: str
    type: str


class EventFill(Message, frozen=True):
    executed_price_wei: str
    executed_size_wei: str


class EventDetails(Message, frozen=True):
    """outcomeIndex: the index set of the outcome, 1 or 2."""

    market_id: int
    outcome_index: int
    price: Decimal
    quantity: Decimal
    quantity_filled: Decimal
    quote_type: str
    strategy_type: str = "LIMIT"


class WalletEvent(Message, frozen=True):
    """A step of an order or of a settlement of it."""

    type: str
    order_hash: str
    timestamp: int
    details: EventDetails
    settlement_id: str | None = None
    is_maker: bool | None = None
    fee: EventFee | None = None
    fill: EventFill | None = None
