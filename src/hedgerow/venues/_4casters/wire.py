"""4casters' messages, in its own words; only the members that are read or sent.

Numbers are read as exact Decimals; odds are whole American numbers. Source: 4casters-io/docs of 2026-08-21, its pages
and both of its OpenAPI documents.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


def _named(name: str) -> str:
    """snake_case as the venue writes it: `gameID`, `sumUntaken`."""
    first, *rest = name.split("_")
    return first + "".join("ID" if part == "id" else part.capitalize() for part in rest)


class Message(msgspec.Struct, frozen=True, rename=_named):
    """What the venue sends; members that are not named here are passed over."""


class Answered(Message, Generic[T], frozen=True):
    """The envelope of every answer."""

    data: T


class ErrorDetail(Message, frozen=True):
    message: str = ""


class ErrorBody(Message, frozen=True):
    """Of a refused request."""

    error: str | ErrorDetail | None = None


# --- sent ----------------------------------------------------------------------------------------------------------


class NewOrder(msgspec.Struct, rename=_named, omit_defaults=True):
    """bet: the stake of the order's own side. side: whom it backs, or yes and no of the outcome that `market` names."""

    game_id: str
    type: str
    side: str
    odds: int
    bet: Decimal
    order_type: str
    user_reference: str
    market: str | None = None
    expiration_minutes: int | None = None


class Submission(msgspec.Struct):
    """POST /session/v3/place."""

    orders: list[NewOrder]


# --- the account ---------------------------------------------------------------------------------------------------


class User(Message, frozen=True):
    """liability: what is staked, below zero; credit_limit: below zero for accounts that have one."""

    display_balance: Decimal
    liability: Decimal
    credit_limit: Decimal = Decimal(0)
    auth: str | None = None


class UserData(Message, frozen=True):
    user: User


# --- games ---------------------------------------------------------------------------------------------------------


class Participant(Message, frozen=True):
    id: str
    long_name: str
    home_away: str


class GameSummary(Message, frozen=True):
    """The game of a bet."""

    id: str
    participants: list[Participant] = []


class Offer(Message, frozen=True):
    """What can be taken: odds and stake of the taker, who backs the participant (or the side of the market)."""

    odds: int
    sum_untaken: Decimal
    participant_id: str | None = None
    market: str | None = None
    side: str | None = None
    created_by: str | None = None
    mock_order: bool = False


class Game(Message, frozen=True):
    """A game, with its books where they were asked for."""

    id: str
    sport: str
    start: str
    participants: list[Participant]
    ended: bool = False
    live: bool = False
    is_specials: bool = False
    parent_game_id: str | None = None
    period_name: str | None = None
    event_name: str | None = None
    tournament_name: str | None = None
    league: str = ""
    message_type: str | None = None
    home_moneylines: list[Offer] = []
    away_moneylines: list[Offer] = []
    home_moneylines1x2: list[Offer] = []
    away_moneylines1x2: list[Offer] = []
    draw1x2: list[Offer] = []


class GamesData(Message, frozen=True):
    games: list[Game]


class LeaguesData(Message, frozen=True):
    available_leagues: list[str]


# --- orders and bets -----------------------------------------------------------------------------------------------


class Backed(Message, frozen=True):
    """What an order or bet backs, as lists tell it."""

    type: str
    odds: int
    game: GameSummary
    participant_id: str | None = None
    market: str | None = None
    side: str | None = None
    user_reference: str | None = None
    wager_request_id: str | None = None


class Unmatched(Backed, frozen=True, kw_only=True):
    """A resting order. offered: its stake when it came to rest; filled: the part of that which was matched."""

    id: str
    offered: Decimal
    filled: Decimal
    created_at: str


class Bet(Backed, frozen=True, kw_only=True):
    """A fill. bet: its stake; risk: with the commission of a taker, in two decimals. Graded ones have the last four."""

    id: str
    tx_id: str = msgspec.field(name="txID")
    bet: Decimal
    origin: str
    matched_time: str
    risk: str
    outcome: str | None = None
    settled_at: str | None = None
    fee: str | None = None
    result: str | None = None


class UnmatchedData(Message, frozen=True):
    unmatched: list[Unmatched]


class MatchedData(Message, frozen=True):
    matched_bets: list[Bet]


class ReferenceData(Message, frozen=True):
    """Everything of one reference."""

    unmatched: list[Unmatched] = []
    matched: list[Bet] = []
    graded: list[Bet] = []


class GradedData(Message, frozen=True):
    """has_more and cursor: of the walk by settlement."""

    graded: list[Bet]
    has_more: bool = False
    cursor: str = ""


class LookedUp(Message, frozen=True):
    id: str
    cancelled: bool


class LookupData(Message, frozen=True):
    order: LookedUp


# --- answers to changes --------------------------------------------------------------------------------------------


class MatchedFill(Message, frozen=True):
    """A fill of a placement. amount: its stake without commission."""

    amount: Decimal
    odds: int
    tx_id: str = msgspec.field(name="txID")
    wager_request_id: str
    risk: Decimal


class UnmatchedOffer(Message, frozen=True):
    """What rests of a placement; without an id nothing does."""

    order_id: str | None = None
    wager_request_id: str | None = None
    offered: Decimal | None = None


class Session(Message, frozen=True):
    """What became of one order of a placement."""

    error: str | None = None
    error_type: str | None = None
    matched: list[MatchedFill] | None = None
    unmatched: UnmatchedOffer | None = None


class PlacedData(Message, frozen=True):
    created_sessions: list[Session]


class Cancelled(Message, frozen=True):
    success: bool
    reason: str | None = None


# --- feeds ---------------------------------------------------------------------------------------------------------


class Block(Message, frozen=True):
    """What both blocks of an update have."""

    wager_request_id: str
    order_id: str
    type: str
    side: str
    odds: int
    market: str | None = None
    user_reference: str | None = None


class UnmatchedBlock(Block, frozen=True, kw_only=True):
    """offered 0: the order is gone, and filled is all that was matched of it; else what this event matched."""

    filled: Decimal
    offered: Decimal
    remaining: Decimal


class MatchedBlock(Block, frozen=True, kw_only=True):
    tx_id: str = msgspec.field(name="txID")
    amount: Decimal
    risk: Decimal


class Update(Message, frozen=True):
    """Of the user feed."""

    game_id: str
    created_at: str
    unmatched: UnmatchedBlock | None = None
    matched: MatchedBlock | None = None
