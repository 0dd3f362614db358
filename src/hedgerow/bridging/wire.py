"""The messages of the bridge protocol, whole. Money and prices are texts of decimal numbers, never JSON numbers.

This is the bridge's side, and the check's. The connector has words of its own (`venues.bridge.wire`), as the simulator
has, so that one wrong belief cannot pass alone. Source: the protocol's OpenAPI document 1.0.0. Members that it requires
are required here. Strange members of answers are passed over, as its rules ask for; those of a BetRequest are refused
(BR-20).
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from hedgerow.core.decoding import UNREADABLE

PROTOCOL = "1.0"
BASE = "/bridge/v1"
"""Of every path, where an operator chose no other."""

REFERENCE_DAYS = 30
"""For so long at least a bridge knows a reference."""
SKEW_MS = 30_000
"""So far off may the time of a signed request be."""

Amount = Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]+(\.[0-9]+)?$", max_length=40)]
Currency = Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9_]{2,12}$")]
Side = Literal["back", "lay"]
Fill = Literal["all_or_nothing", "up_to"]

T = TypeVar("T")


class Basis(StrEnum):
    """On what ground bets may be placed."""

    BOOKMAKER_CONTRACT = "bookmaker_contract"
    AGENT_OR_BROKER_CONTRACT = "agent_or_broker_contract"
    WRITTEN_PERMISSION = "written_permission"
    MANUAL_DESK = "manual_desk"
    SIMULATION = "simulation"


class Capability(StrEnum):
    """What a bridge may have beyond what it must."""

    ODDS = "odds"
    EVENTS = "events"
    CANCEL = "cancel"
    LAY = "lay"
    PARTIAL = "partial"
    CASHOUT_REPORT = "cashout_report"
    STATEMENT_SETTLEMENT = "statement_settlement"


class State(StrEnum):
    """Of a bet."""

    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"
    VOID = "VOID"
    UNKNOWN = "UNKNOWN"


class Status(StrEnum):
    """Of a settlement."""

    UNSETTLED = "UNSETTLED"
    WON = "WON"
    LOST = "LOST"
    VOID = "VOID"
    HALF_WON = "HALF_WON"
    HALF_LOST = "HALF_LOST"
    PUSH = "PUSH"
    CASHOUT = "CASHOUT"


class _Message(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Either way."""


# --- requests ----------------------------------------------------------------------------------------------------


class Selection(_Message, frozen=True):
    """What is bet on: the feed's ids, the bookmaker's own as the feed gives them, words for a person."""

    fixture_id: str
    outcome_id: int
    player_id: int
    bookmaker_fixture_id: str | None = None
    bookmaker_market_id: str | None = None
    bookmaker_outcome_id: str | None = None
    meta: dict[str, Any] = {}
    description: dict[str, Any] = {}


class QuoteRequest(_Message, frozen=True):
    """`POST /accounts/{account}/quotes`."""

    selection: Selection
    side: Side
    stake: Amount | None = None


class BetRequest(_Message, frozen=True, forbid_unknown_fields=True):
    """`PUT /accounts/{account}/bets/{reference}`."""

    selection: Selection
    side: Side
    stake: Amount
    currency: Currency
    limit_price: Amount
    accept_better: bool
    fill: Fill
    not_after: str
    quote_id: str | None = None


# --- answers -----------------------------------------------------------------------------------------------------


class Access(_Message, frozen=True):
    basis: Basis
    responsible: str
    contact: str | None = None
    reference: str | None = None


class DecisionSeconds(_Message, frozen=True):
    """How long until a bet is final."""

    typical: float
    maximum: float


class Pacing(_Message, frozen=True):
    """concurrent_bets: of one account."""

    quotes_per_minute: int
    bets_per_minute: int
    concurrent_bets: int


class Info(_Message, frozen=True):
    protocol: str
    bookmaker: str
    bridge_version: str
    simulated: bool
    access: Access
    capabilities: list[Capability]
    currencies: Annotated[list[Currency], msgspec.Meta(min_length=1)]
    idempotency_days: Annotated[int, msgspec.Meta(ge=REFERENCE_DAYS)]
    pacing: Pacing
    decision_seconds: DecisionSeconds | None = None
    live_delay_seconds: float | None = None


class Health(_Message, frozen=True):
    status: Literal["up", "degraded", "down"]
    betting: Literal["all", "prematch", "none"]
    as_of: str
    reason: str | None = None


class Account(_Message, frozen=True):
    account: str
    currency: Currency
    active: bool
    reason: str | None = None


class Accounts(_Message, frozen=True):
    accounts: list[Account]


class Balance(_Message, frozen=True):
    """open: stakes of bets that are open or wait."""

    available: Amount
    open: Amount
    currency: Currency
    as_of: str
    credit: Amount | None = None


class Quote(_Message, frozen=True):
    quote_id: str
    status: Literal["open", "suspended", "not_offered"]
    expires_at: str
    price: Amount | None = None
    min_stake: Amount | None = None
    max_stake: Amount | None = None
    stake_step: Amount | None = None
    currency: Currency | None = None
    live: bool | None = None
    live_delay_seconds: float | None = None
    understood_as: str | None = None


class Money(_Message, frozen=True):
    stake: Amount
    price: Amount


class Rejection(_Message, frozen=True):
    """offer: what the bookmaker would take."""

    code: str
    retry: str
    message: str | None = None
    offer: Money | None = None


class Settlement(_Message, frozen=True):
    """returned: paid back in total, the stake included. number: 1 for the first, one more with each correction."""

    status: Status
    returned: Amount | None = None
    commission: Amount | None = None
    reason: str | None = None
    number: int | None = None
    settled_at: str | None = None


UNSETTLED = Settlement(Status.UNSETTLED)


class Bet(_Message, frozen=True):
    """sent_at: None means that it was never sent to the bookmaker, and is told as such."""

    reference: str
    account: str
    state: State
    requested: Money
    currency: Currency
    settlement: Settlement
    revision: Annotated[int, msgspec.Meta(ge=0)]
    updated_at: str
    sent_at: str | msgspec.UnsetType | None = msgspec.UNSET
    received_at: str | None = None
    decided_at: str | None = None
    bookmaker_bet_ids: list[str] = []
    placed: Money | None = None
    rejection: Rejection | None = None
    evidence: dict[str, Any] = {}


class Changes(_Message, frozen=True):
    bets: list[Bet]
    has_more: bool


class FenceResult(_Message, frozen=True):
    outcome: Literal["not_placed", "withdrawn", "exists"]
    bet: Bet | None = None


class OddsItem(_Message, frozen=True):
    selection: Selection
    active: bool
    updated_at: str
    price: Amount | None = None


class OddsPage(_Message, frozen=True):
    cursor: str
    snapshot: bool
    has_more: bool
    items: list[OddsItem]


class Problem(_Message, frozen=True):
    """outcome: what became of the bet that the request is about."""

    code: str
    message: str
    outcome: Literal["not_placed", "unknown", "placed", "not_applicable"]
    retry: str
    retry_after_seconds: float | None = None
    bet: Bet | None = None


RETRIES = {
    "price_changed": "new_reference",
    "score_changed": "new_reference",
    "suspended": "new_reference",
    "stake_too_low": "new_reference",
    "stake_too_high": "new_reference",
    "exposure_limit": "new_reference",
    "expired": "new_reference",
    "withdrawn": "new_reference",
    "insufficient_funds": "later",
    "too_frequent": "later",
    "not_offered": "never",
    "past_cutoff": "never",
    "unsupported": "never",
    "currency_not_allowed": "never",
    "account_restricted": "never",
    "account_blocked": "never",
    "responsible_gambling_limit": "never",
}
"""Why a bet can be rejected, by code, and how it may be tried again. Source: the protocol's table of errors."""


encode = msgspec.json.encode


def decode(body: bytes, kind: type[T]) -> T:
    """Raises ValueError that names the member."""
    try:
        return msgspec.json.decode(body, type=kind)
    except UNREADABLE as error:
        raise ValueError(str(error)) from error


def amount(value: Decimal) -> str:
    """Digits without an exponent."""
    return f"{value:f}"
