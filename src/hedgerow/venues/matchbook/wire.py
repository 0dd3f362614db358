"""Matchbook's messages, in Matchbook's own words; only the fields that are read or sent.

Names are kebab-case, numbers are read as exact Decimals, ids come as numbers or as texts. Sources: matchbook-sdk 0.1.2
(betting, markets, reports, account, heartbeat resources); recorded answers of the Java SDK's tests.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

Id = int | str

# --- sent ----------------------------------------------------------------------------------------------------------


class NewOffer(msgspec.Struct, rename="kebab"):
    """stake: the backer's, on either side."""

    runner_id: int
    side: str
    odds: Decimal
    stake: Decimal
    temp_id: str
    keep_in_play: bool = False


class Submission(msgspec.Struct, rename="kebab"):
    """POST /edge/rest/v2/offers."""

    offers: list[NewOffer]
    odds_type: str = "DECIMAL"
    exchange_type: str = "back-lay"


class Login(msgspec.Struct):
    username: str
    password: str


class Beat(msgspec.Struct):
    timeout: int


# --- the account ---------------------------------------------------------------------------------------------------


class Session(msgspec.Struct, rename="kebab"):
    session_token: str


class BalanceAnswer(msgspec.Struct, rename="kebab"):
    free_funds: Decimal


class Beaten(msgspec.Struct, rename="kebab"):
    """The switch as it is set; the venue decides on the time."""

    action_performed: str
    actual_timeout: int | None = None


# --- events --------------------------------------------------------------------------------------------------------


class Price(msgspec.Struct, rename="kebab"):
    """side: `back` is what can be backed now."""

    available_amount: Decimal
    odds: Decimal
    side: str
    odds_type: str = "DECIMAL"


class Runner(msgspec.Struct, rename="kebab"):
    id: Id
    name: str
    status: str = ""
    withdrawn: bool = False
    event_participant_id: Id | None = None


class Market(msgspec.Struct, rename="kebab"):
    id: Id
    status: str
    market_type: str = ""
    runners: list[Runner] = []


class MetaTag(msgspec.Struct, rename="kebab"):
    name: str
    type: str = ""


class Event(msgspec.Struct, rename="kebab"):
    id: Id
    name: str
    status: str
    start: str | None = None
    sport_id: Id | None = None
    meta_tags: list[MetaTag] | None = None
    markets: list[Market] | None = None


class EventsPage(msgspec.Struct, rename="kebab"):
    total: int
    events: list[Event]


class PricesAnswer(msgspec.Struct):
    prices: list[Price]


# --- offers --------------------------------------------------------------------------------------------------------


class FieldError(msgspec.Struct):
    """Why something was refused; `field` names what of it."""

    messages: list[str] | None = None
    codes: list[str] | None = None
    field: str | None = None


class ErrorBody(msgspec.Struct):
    errors: list[FieldError] = []


class MatchedBet(msgspec.Struct, rename="kebab"):
    id: Id
    stake: Decimal
    created_at: str
    odds: Decimal | None = None
    odds_type: str | None = None
    decimal_odds: Decimal | None = None
    commission: Decimal | None = None
    status: str | None = None


class Offer(msgspec.Struct, rename="kebab"):
    """What a refused one lacks is optional here."""

    status: str
    side: str
    stake: Decimal
    runner_id: Id
    id: Id | None = None
    market_id: Id | None = None
    temp_id: str | None = None
    odds: Decimal | None = None
    odds_type: str | None = None
    decimal_odds: Decimal | None = None
    remaining: Decimal | None = None
    originator_commission_rate: Decimal | None = None
    acceptor_commission_rate: Decimal | None = None
    commission_reserve: Decimal | None = None
    created_at: str | None = None
    delay: Decimal | None = None
    matched_bets: list[MatchedBet] | None = None
    errors: list[FieldError] | None = None


class OffersAnswer(msgspec.Struct):
    """Of a submission and of a cancel of several."""

    offers: list[Offer]


class OffersPage(msgspec.Struct):
    total: int
    offers: list[Offer]


# --- reports -------------------------------------------------------------------------------------------------------


class SettledBet(msgspec.Struct, rename="kebab"):
    """profit_and_loss: before commission."""

    id: Id
    offer_id: Id
    odds: Decimal
    stake: Decimal
    profit_and_loss: Decimal
    matched_time: str
    commission: Decimal | None = None
    commission_type: str | None = None
    originator: bool | None = None


class SettledSelection(msgspec.Struct, rename="kebab"):
    runner_id: Id
    side: str
    bets: list[SettledBet]


class SettledMarket(msgspec.Struct, rename="kebab"):
    id: Id
    settled_time: str
    selections: list[SettledSelection]


class SettledPage(msgspec.Struct, rename="kebab"):
    total: int
    markets: list[SettledMarket]
    odds_type: str | None = None
