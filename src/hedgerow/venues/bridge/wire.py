"""The bridge protocol's messages, in its own words. Money and prices are texts of decimal numbers.

Only the members that are read or sent. Source: the protocol's OpenAPI document 1.0.0; members that it requires are
required here, those that it may leave out are optional. Unknown members are ignored, as its rules ask for (BR-20).
"""

from __future__ import annotations

from typing import Annotated

import msgspec

Amount = Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]+(\.[0-9]+)?$", max_length=40)]


class _Message(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Either way."""


# --- requests ----------------------------------------------------------------------------------------------------


class Selection(_Message, frozen=True):
    fixture_id: str
    outcome_id: int
    player_id: int
    bookmaker_market_id: str
    bookmaker_outcome_id: str
    description: dict[str, str | float] = {}


class QuoteRequest(_Message, frozen=True):
    """`POST /accounts/{account}/quotes`."""

    selection: Selection
    side: str


class BetRequest(_Message, frozen=True):
    """`PUT /accounts/{account}/bets/{reference}`."""

    selection: Selection
    side: str
    stake: str
    currency: str
    limit_price: str
    accept_better: bool
    fill: str
    not_after: str


encode = msgspec.json.encode


# --- answers -----------------------------------------------------------------------------------------------------


class Access(_Message, frozen=True):
    basis: str


class DecisionSeconds(_Message, frozen=True):
    typical: float
    maximum: float


class Pacing(_Message, frozen=True):
    quotes_per_minute: int
    bets_per_minute: int
    concurrent_bets: int


class Info(_Message, frozen=True):
    protocol: str
    bookmaker: str
    simulated: bool
    access: Access
    capabilities: list[str]
    currencies: list[str]
    pacing: Pacing
    decision_seconds: DecisionSeconds | None = None


class Balance(_Message, frozen=True):
    available: Amount
    open: Amount
    currency: str


class Quote(_Message, frozen=True):
    status: str
    price: Amount | None = None
    min_stake: Amount | None = None
    max_stake: Amount | None = None
    currency: str | None = None


class Money(_Message, frozen=True):
    stake: Amount
    price: Amount


class Rejection(_Message, frozen=True):
    code: str
    message: str = ""


class Settlement(_Message, frozen=True):
    status: str
    returned: Amount | None = None
    commission: Amount | None = None
    reason: str | None = None
    number: int | None = None


class Bet(_Message, frozen=True):
    reference: str
    state: str
    settlement: Settlement
    revision: int
    updated_at: str
    bookmaker_bet_ids: list[str] | None = None
    placed: Money | None = None
    rejection: Rejection | None = None


class FenceResult(_Message, frozen=True):
    outcome: str
    bet: Bet | None = None


class Changes(_Message, frozen=True):
    """Bets are read one by one, so that a strange one hides no other."""

    bets: list[msgspec.Raw]
    has_more: bool


class Revision(_Message, frozen=True):
    """What has to be readable of every bet in a list of changes."""

    revision: int


class Problem(_Message, frozen=True):
    code: str
    message: str
    outcome: str
    retry_after_seconds: float | None = None
