"""ProphetX's messages, in ProphetX's own words; only the members that are read or sent.

Numbers are read as exact Decimals. Times come in several forms and stay raw here (`parse.time_ms`). Sources: the
venue's sheet; docs.prophetx.co of September 2026 ("Submit order", "WebSocket Events", "Integration with Websockets").
The members of matching details are not published and guessed.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

Id = int | str
NOTHING = msgspec.Raw(b"null")

# --- sent ----------------------------------------------------------------------------------------------------------


class Login(msgspec.Struct):
    access_key: str
    secret_key: str


class Refresh(msgspec.Struct):
    refresh_token: str


class NewOrder(msgspec.Struct, omit_defaults=True):
    """POST /v4/mm/submit_order. price: American odds; quantity: the stake."""

    external_id: str
    strike_id: str
    price: int
    quantity: Decimal
    order_strategy: str | None = None


class Cancel(msgspec.Struct):
    order_id: str
    external_id: str


class Subscription(msgspec.Struct):
    type: str
    ids: list[str]


class Register(msgspec.Struct):
    """POST /v4/mm/websocket: the whole set of what a socket wants."""

    socket_id: str
    subscriptions: list[Subscription]
    service: str = "pusher"


# --- the session ---------------------------------------------------------------------------------------------------


class Tokens(msgspec.Struct):
    """refresh_token: not with a refreshed one."""

    access_token: str
    refresh_token: str | None = None
    access_expire_time: msgspec.Raw = NOTHING


class TokensAnswer(msgspec.Struct):
    data: Tokens


class Problem(msgspec.Struct):
    """An error: the code under `error`, in older answers under `code`."""

    error: str | None = None
    code: str | None = None
    message: str | None = None


class Funds(msgspec.Struct):
    """GET /v4/mm/get_balance."""

    balance: Decimal
    matched_order_balance: Decimal | None = None
    unmatched_order_balance: Decimal | None = None


class FundsAnswer(msgspec.Struct):
    data: Funds


# --- what is listed ------------------------------------------------------------------------------------------------


class Named(msgspec.Struct):
    id: Id
    name: str = ""


class Tournament(msgspec.Struct):
    id: Id
    name: str = ""
    sport: Named | None = None


class Tournaments(msgspec.Struct):
    tournaments: list[Tournament] | None = None


class TournamentsAnswer(msgspec.Struct):
    data: Tournaments


class Competitor(msgspec.Struct):
    id: Id
    name: str
    side: str | None = None


class SportEvent(msgspec.Struct):
    event_id: Id
    name: str | None = None
    scheduled: str | None = None
    status: str | None = None
    sub_type: str | None = None
    tournament_name: str | None = None
    competitors: list[Competitor] | None = None


class SportEvents(msgspec.Struct):
    sport_events: list[SportEvent] | None = None


class SportEventsAnswer(msgspec.Struct):
    data: SportEvents


class Selection(msgspec.Struct):
    """A level that can be bought, or the one row of an empty side, which has no price."""

    strike_id: str | None = None
    competitor_id: Id | None = None
    name: str | None = None
    price: Decimal | None = None
    quantity: Decimal | None = None


class Market(msgspec.Struct):
    """selections: the two sides, each best first."""

    id: Id
    type: str | None = None
    sub_type: str | None = None
    status: str | None = None
    selections: list[list[Selection]] | None = None


class MarketsAnswer(msgspec.Struct):
    """By event."""

    data: dict[str, list[Market] | None]


class Strike(msgspec.Struct):
    strike_id: str
    event_id: Id
    market_id: Id


class StrikesAnswer(msgspec.Struct):
    data: list[Strike] | None = None


# --- orders --------------------------------------------------------------------------------------------------------


class Order(msgspec.Struct):
    """filled_quantity: of REST all that was filled, of the socket this fill, where total_filled_quantity is all."""

    order_id: str
    strike_id: str
    price: Decimal
    quantity: Decimal
    status: str
    sport_event_id: Id
    market_id: Id
    external_id: str | None = None
    matching_status: str | None = None
    winning_status: str | None = None
    filled_quantity: Decimal | None = None
    total_filled_quantity: Decimal | None = None
    open_quantity: Decimal | None = None
    fill_price: Decimal | None = None
    update_type: str | None = None
    sequence_number: int | None = None
    created_at: msgspec.Raw = NOTHING
    updated_at: msgspec.Raw = NOTHING


class Placed(msgspec.Struct):
    success: bool
    order: Order


class PlacedAnswer(msgspec.Struct):
    data: Placed


class Done(msgspec.Struct):
    success: bool


class DoneAnswer(msgspec.Struct):
    data: Done


class OrderAnswer(msgspec.Struct):
    data: Order


class Orders(msgspec.Struct):
    orders: list[Order] | None = None
    next_cursor: str | None = None


class OrdersAnswer(msgspec.Struct):
    """last_synced_at: what is listed is a replica, as of then."""

    data: Orders
    last_synced_at: msgspec.Raw = NOTHING


class MatchingDetail(msgspec.Struct):
    """A fill. price, quantity: of the order's own side."""

    id: Id
    order_id: str
    price: Decimal
    quantity: Decimal
    matched_at: msgspec.Raw


class MatchingDetails(msgspec.Struct):
    matching_details: list[MatchingDetail] | None = None
    next_cursor: str | None = None


class MatchingDetailsAnswer(msgspec.Struct):
    data: MatchingDetails


# --- the socket ----------------------------------------------------------------------------------------------------


class Connection(msgspec.Struct):
    """GET /websocket/connection-config."""

    key: str
    cluster: str | None = None
    ws_host: str | None = None


class Frame(msgspec.Struct):
    """data: JSON, as it is or inside a text."""

    event: str
    data: msgspec.Raw = NOTHING
    channel: str | None = None


class Established(msgspec.Struct):
    socket_id: str


class SocketError(msgspec.Struct):
    code: int | None = None
    message: str | None = None


class Binding(msgspec.Struct):
    name: str
    type: str = ""


class Channel(msgspec.Struct):
    channel_name: str
    auth: str
    binding_events: list[Binding] = []


class Authenticated(msgspec.Struct):
    auth: str
    user_data: str


class Registration(msgspec.Struct):
    success: bool
    authorized_channel: list[Channel]
    authenticated: Authenticated


class RegistrationAnswer(msgspec.Struct):
    data: Registration


class Message(msgspec.Struct):
    """What a channel tells. timestamp: nanoseconds; payload: JSON in base64."""

    change_type: str
    timestamp: int
    op: str = "u"
    payload: str = "e30="


class OrderPayload(msgspec.Struct):
    info: Order


class MarketInfo(msgspec.Struct):
    id: Id
    sport_event_id: Id
    status: str | None = None


class MarketPayload(msgspec.Struct):
    info: MarketInfo


class EventPayload(msgspec.Struct):
    """id: of the event."""

    id: Id


def raw_text(text: str) -> msgspec.Raw:
    """A text as it stands in JSON: for what is read like a time of another form."""
    return msgspec.Raw(msgspec.json.encode(text))
