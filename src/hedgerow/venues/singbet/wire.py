"""The broker's messages, in its words. Numbers with decimals are Decimal, never float.

Only the members that are read. Sources: the Web API's document (1.8), its wiki; the members of a ticket as public
clients read them.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec


class _Message(msgspec.Struct, frozen=True, rename="pascal"):
    """What crosses the wire."""


# --- requests ----------------------------------------------------------------------------------------------------


class AskQuote(_Message, frozen=True):
    """`POST GetPlacementInfo`. timeout: seconds that the broker waits for the book."""

    game_id: int
    game_type: str
    is_full_time: int
    bookies: str
    market_type_id: int
    odds_format: str
    odds_name: str
    sports_type: int
    timeout: int


class PlaceBet(_Message, frozen=True):
    """`POST PlaceBet`. bookie_odds: the book and the price asked, e.g. SIN:1.93."""

    place_bet_id: str
    game_id: int
    game_type: str
    is_full_time: int
    market_type_id: int
    odds_format: str
    odds_name: str
    sports_type: int
    bookie_odds: str
    amount: Decimal


encode = msgspec.json.Encoder(decimal_format="number").encode
"""The bytes of a request; a Decimal is a number with the digits it has."""


# --- answers -----------------------------------------------------------------------------------------------------


class Envelope(_Message, frozen=True):
    """Every answer. What it carries is in Result, in lists of tickets in Data, and of no fixed form after a failure."""

    code: int
    message: str | None = None
    result: msgspec.Raw = msgspec.Raw(b"null")
    data: msgspec.Raw = msgspec.Raw(b"null")


class Login(_Message, frozen=True):
    successful_login: bool
    text_message: str | None = None
    token: str | None = None
    key: str | None = None
    url: str | None = None


class Registered(_Message, frozen=True):
    success: bool
    text_message: str | None = None


class Summary(_Message, frozen=True):
    """`GetAccountSummary`."""

    credit: Decimal
    outstanding: Decimal
    credit_currency: str


class BookQuote(_Message, frozen=True):
    """What one book says to a question."""

    bookie: str
    odds: Decimal | None = None
    minimum_amount: Decimal | None = None
    maximum_amount: Decimal | None = None
    currency: str | None = None
    rejected: bool = False
    message: str | None = None


class Quotes(_Message, frozen=True):
    odds_placement_data: list[BookQuote] | None = None


class BookPlacement(_Message, frozen=True):
    """What one book says to a bet."""

    bookie: str | None = None
    placed_successfully: bool | None = None
    message: str | None = None


class Placed(_Message, frozen=True):
    bet_placement_reference: str | None = None
    placement_data: list[BookPlacement] | None = None


class Ticket(_Message, frozen=True):
    """One bet at a book. Clients read what it won under two spellings."""

    bet_placement_reference: str
    status: str
    reference_number: str | int | None = None
    bet_placement_message: str | None = None
    bookie: str | None = None
    odds: Decimal | None = None
    odds_type: str | None = None
    stake: Decimal | None = None
    currency: str | None = None
    pnl: Decimal | None = None
    pnl_too: Decimal | None = msgspec.field(name="PnL", default=None)

    @property
    def won(self) -> Decimal | None:
        return self.pnl if self.pnl is not None else self.pnl_too


class History(_Message, frozen=True):
    """`GetBetHistorySummary`. Tickets are read one by one, so that a strange one hides no other."""

    bet_summaries: list[msgspec.Raw] | None = None
