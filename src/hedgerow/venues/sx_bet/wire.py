"""The venue's messages, in its own words. What is not read is left out.

Amounts are texts of whole numbers: money in base units (millionths of a USDC), odds in 10^20 of a probability. Sources:
the SX sheet (V3, read 2026-11-21), ccxt 4.5.90's samples of live answers, docs.sx.bet for the stream, Centrifugo's
description of its client protocol.
"""

from __future__ import annotations

import msgspec


class Message(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Base of all; unknown members are skipped."""


class Envelope(Message, frozen=True):
    """Around every answer of 2xx."""

    data: msgspec.Raw


class Page(Message, frozen=True):
    """The data of a list; its elements stand under a name of their own. next_key: missing after the last page."""

    next_key: str | None = None


class Problem(Message, frozen=True):
    """The body of an HTTP error: a code, or texts."""

    message: str | list[str] | None = None
    error: str | None = None


# --- the venue and the account ---------------------------------------------------------------------------------


class Domain(Message, frozen=True):
    """What orders are signed for."""

    name: str
    version: str
    chain_id: int
    verifying_contract: str


class Asset(Message, frozen=True):
    """The token that is bet with."""

    base_token: str
    decimals: int


class Limits(Message, frozen=True):
    """Base units, as a text or a number."""

    order_size_minimum_base_units: str | int


class Metadata(Message, frozen=True):
    """GET /metadata/obv3. odds_ladder_step_size: hundred-thousandths of a probability."""

    domain: Domain
    active_asset: Asset
    odds_ladder_step_size: int
    limits: Limits


class Proxy(Message, frozen=True):
    """GET /user/proxy: the wallet that holds the money."""

    deployed: bool


class BalanceRow(Message, frozen=True):
    """One token of the account. user_address: of the key that signs orders."""

    user_address: str
    token_address: str
    available_amount: str


class Balances(Message, frozen=True):
    """GET /user/balance-v3."""

    balances: list[BalanceRow]


class Token(Message, frozen=True):
    """GET /user/realtime-token-v3/api-key."""

    token: str


class Beat(Message, frozen=True):
    """POST /heartbeat/v3."""

    expires_at: str | None = None


# --- markets ---------------------------------------------------------------------------------------------------


class Market(Message, frozen=True):
    """GET /markets/active, /markets/find and the stream's markets. outcome: 1, 2, or 0 for a void, once it is
    reported; times in seconds."""

    market_hash: str
    status: str
    outcome_one_name: str
    outcome_two_name: str
    type: int
    sport_id: int
    team_one_name: str | None = None
    team_two_name: str | None = None
    game_time: int | None = None
    league_label: str | None = None
    outcome: int | None = None
    reported_date: int | None = None
    is_quarter_line_market: bool = False


class LevelRow(Message, frozen=True):
    """What rests on one outcome at its makers' own odds: their stakes."""

    percentage_odds: str
    size: str


class Book(Message, frozen=True):
    """GET /orderbook-v3/snapshot and the stream's books: always whole. version: compared as text."""

    market_hash: str
    version: str
    outcome_one: list[LevelRow]
    outcome_two: list[LevelRow]


# --- orders and fills ------------------------------------------------------------------------------------------


class OrderItem(Message, frozen=True, omit_defaults=True):
    """One order of POST /orders-v3."""

    market_hash: str
    maker: str
    total_bet_size: str
    percentage_odds: str
    salt: str
    expiry: int
    base_token: str
    is_maker_betting_outcome_one: bool
    time_in_force: str
    order_signature: str
    client_order_id: str | None = None


class PlaceBody(Message, frozen=True):
    """The body of POST /orders-v3. max_wait_time: milliseconds."""

    orders: list[OrderItem]
    wait_for_outcome: bool
    max_wait_time: int


class Outcome(Message, frozen=True):
    """What became of an order while its placement was waited for."""

    state: str
    fill_amount: str | None = None
    cancel_reason: str | None = None


class Placed(Message, frozen=True):
    """One order's part of the answer. status: SUBMITTED, or FAILED with a reason."""

    status: str
    reason: str | None = None
    order_id: str | None = None
    outcome: Outcome | None = None


class PlaceReply(Message, frozen=True):
    """POST /orders-v3."""

    orders: list[Placed]


class Named(Message, frozen=True):
    """An order in a cancellation and in its answer."""

    order_id: str
    reason: str | None = None


class CancelReply(Message, frozen=True):
    """DELETE /orders-v3."""

    cancelled: list[Named] = []
    not_cancelled: list[Named] = []
    unconfirmed: list[Named] = []


class Submitted(Message, frozen=True):
    """DELETE /orders-v3/all: as many as one request takes."""

    has_more: bool = False


class OrderRow(Message, frozen=True):
    """GET /orders-v3, /orders-v3/{id} and the stream's orders."""

    id: str
    market_hash: str
    is_betting_outcome_one: bool
    percentage_odds: str
    total_bet_size: str
    remaining_size: str
    status: str
    inactive_reason: str | None = None
    client_order_id: str | None = None
    updated_at: str | None = None


class Settlement(Message, frozen=True):
    """How a fill's market ended: outcome as of Market, and what the venue kept."""

    outcome: int
    settle_date: str
    settle_fee_amount: str = "0"


class FillRow(Message, frozen=True):
    """GET /fills-v3 and the stream's fills: one order's part in one match. fill_amount: its stake, return_amount: what
    is paid back if it wins."""

    id: str
    order_id: str
    market_hash: str
    fill_amount: str
    fill_odds: str
    return_amount: str
    is_betting_outcome_one: bool
    status: str
    created_at: str
    is_maker: bool = False
    updated_at: str | None = None
    settlement: Settlement | None = None


# --- the stream ------------------------------------------------------------------------------------------------


class Publication(Message, frozen=True):
    data: msgspec.Raw
    offset: int = 0


class Connected(Message, frozen=True):
    """The answer to the login: nothing of it is needed."""


class Unsubscribed(Message, frozen=True):
    """The end of a subscription: nothing of it is needed."""


class Push(Message, frozen=True):
    """What comes unasked: a publication, or the end of a subscription."""

    channel: str = ""
    pub: Publication | None = None
    unsubscribe: Unsubscribed | None = None


class Subscribed(Message, frozen=True):
    """The answer to a subscription, with what was missed."""

    epoch: str = ""
    offset: int = 0
    publications: list[Publication] = []


class StreamError(Message, frozen=True):
    code: int
    message: str = ""


class Reply(Message, frozen=True):
    """One line of a frame. Without any member it is the server's ping."""

    id: int = 0
    error: StreamError | None = None
    connect: Connected | None = None
    subscribe: Subscribed | None = None
    push: Push | None = None
