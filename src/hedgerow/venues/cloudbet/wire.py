"""Cloudbet's messages, in Cloudbet's words. Numbers with decimals are Decimal, never float; amounts of bets are texts.

Only the members that are read. Sources: the protobuf files of `cloudbet/docs` (trading, response, feed, account), which
the venue renders as protojson: enumerations by name, int64 as text, and members that have their zero value may be left
out. A status that is not there is therefore the enumeration's first.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

INTERNAL_ERROR = "INTERNAL_SERVER_ERROR"
"""The zero of `Status`."""


class _Message(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What comes from the venue."""


# --- requests ----------------------------------------------------------------------------------------------------


class PlaceBet(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """`POST /pub/v3/bets/place`: PublicBetRequest. Only a partner has a customer_reference."""

    reference_id: str
    event_id: str
    market_url: str
    price: str
    stake: str
    currency: str
    side: str
    accept_price_change: str
    customer_reference: str | None = None


class AskLine(msgspec.Struct, frozen=True, rename="camel"):
    """`POST /pub/v2/odds/lines`: LineRequest."""

    event_id: str
    market_url: str


# --- answers -----------------------------------------------------------------------------------------------------


class Bet(_Message, frozen=True):
    """PublicBetResponse; of an answer with an error status only `status` and `error` (Error)."""

    status: str = INTERNAL_ERROR
    reference_id: str | None = None
    event_id: str | None = None
    market_url: str | None = None
    side: str = "BACK"
    currency: str | None = None
    price: str | None = None
    stake: str | None = None
    return_amount: str | None = None
    create_time: str | None = None
    customer_reference: str | None = None
    error: str = ""


class BetsPage(_Message, frozen=True):
    """PublicBetHistoryResponse. Rows are read one by one, so that a strange one hides no other."""

    bets: list[msgspec.Raw] | None = None
    total_bets: str | int = 0


class Amount(_Message, frozen=True):
    """Balance."""

    amount: str = "0"


class Currencies(_Message, frozen=True):
    currencies: list[str] | None = None


class Selection(_Message, frozen=True):
    """Stakes are in EUR, whatever the account's currency."""

    outcome: str = ""
    params: str = ""
    price: Decimal | None = None
    min_stake: Decimal | None = None
    max_stake: Decimal | None = None
    status: str = "SELECTION_DISABLED"
    side: str = "BACK"


class Submarket(_Message, frozen=True):
    selections: list[Selection] | None = None


class Market(_Message, frozen=True):
    submarkets: dict[str, Submarket] | None = None


class EventOffer(_Message, frozen=True):
    """Event, as far as it is offered."""

    markets: dict[str, Market] | None = None


class Event(_Message, frozen=True):
    status: str = "PRE_TRADING"


class Error(_Message, frozen=True):
    status: str | None = None
    error: str | None = None
