"""The venue's messages (NBX, V2), in its own words. What is not read is left out.

Quantities are cents of payout, prices JSON numbers with up to three decimals. Sources: docs.novig.com (NBX OpenAPI
0.0.44; the pages on placing, books, markets, fees and lifecycle); members of orders and fills as users of the API have
them (novig4j). Own orders' states and private events are documented thinly: see quality.toml.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec


class Message(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Base of all; unknown members are skipped."""


class Problem(Message, frozen=True):
    """The body of an HTTP error, as far as one can guess: a text, or several."""

    message: str | list[str] = ""
    error: str = ""


class Token(Message, frozen=True, rename=None):
    """POST /nbx/v1/auth/emm-token. expires_in: seconds."""

    access_token: str
    expires_in: int = 1_800


# --- markets -------------------------------------------------------------------------------------------------------


class Team(Message, frozen=True):
    name: str


class Game(Message, frozen=True):
    home_team: Team
    away_team: Team
    scheduled_start: str | None = None


class Event(Message, frozen=True):
    """status: INITIAL, OPEN_PREGAME, CLOSED_PREGAME, OPEN_INGAME, FINAL, DELAYED or CANCELED."""

    status: str = ""
    scheduled_start: str | None = None
    game: Game | None = None


class Outcome(Message, frozen=True):
    """index: 0 home, 1 away, whatever the place in the list. status: TBD, WIN, LOSS, PUSH or a fair value."""

    id: str
    index: int
    description: str = ""
    status: msgspec.Raw = msgspec.Raw(b'"TBD"')


class Market(Message, frozen=True):
    """status: OPEN, CLOSED or SETTLED."""

    id: str
    outcomes: list[Outcome]
    status: str
    event_id: str
    type: str = ""
    league: str = ""
    description: str = ""
    settled_at: str | None = None
    event: Event | None = None


class Locks(Message, frozen=True):
    """GET /emm/locks: what is locked takes no orders, whatever its status says."""

    system_lock: msgspec.Raw = msgspec.Raw(b"null")
    locked_event_ids: list[str] = []


class Bid(Message, frozen=True):
    """One order of a book. qty: what is left of it."""

    price: Decimal
    qty: Decimal


class Ladder(Message, frozen=True):
    outcome_id: str
    bids: list[Bid]


class Book(Message, frozen=True):
    """GET /emm/book/{id}. There are bids only: whoever buys an outcome meets those for the other."""

    market_id: str
    outcome_ladders: list[Ladder]


# --- the account ---------------------------------------------------------------------------------------------------


class Balance(Message, frozen=True):
    """GET /emm/account/balance."""

    balance: Decimal


class Placed(Message, frozen=True):
    """POST /emm/orders/place: the order is in the queue, and no more."""

    id: str


class Order(Message, frozen=True):
    """An order of the account. qty: what is left."""

    id: str
    outcome_id: str
    market_id: str
    price: Decimal
    qty: Decimal
    original_qty: Decimal
    status: str
    flags: str | None = None
    created_at: str | None = msgspec.field(default=None, name="created_at")


class Fill(Message, frozen=True):
    """A fill of the account, in the history and on the socket; only the history has fees, and of charged ones alone."""

    id: str
    order_id: str
    outcome_id: str
    market_id: str
    price: Decimal
    qty: Decimal
    created_at: str
    is_taker: bool
    is_wash: bool = False
    fee: Decimal | None = None


# --- the socket ----------------------------------------------------------------------------------------------------


class TickMarket(Message, frozen=True):
    id: str


class Frame(Message, frozen=True):
    """event: of an acknowledgement, an error or a private event, whose content is `data`. type: of a bare tick."""

    event: str = ""
    type: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")
    market: TickMarket | None = None
