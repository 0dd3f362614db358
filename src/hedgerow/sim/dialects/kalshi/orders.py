"""Orders as Kalshi speaks of them: the bodies of requests, and what only this dialect knows of an order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import msgspec

from hedgerow.sim.dialects.kalshi.errors import unparsable
from hedgerow.sim.orders import Order, State

T = TypeVar("T")

META = "kalshi"


class PlaceBody(msgspec.Struct, frozen=True):
    """`POST /portfolio/events/orders`. Texts are checked by hand, because each lack has its own answer."""

    ticker: str = ""
    side: str = ""
    count: str = ""
    price: str = ""
    time_in_force: str = ""
    self_trade_prevention_type: str = ""
    client_order_id: str = ""
    expiration_time: int | None = None
    post_only: bool = False
    reduce_only: bool = False
    cancel_order_on_pause: bool = False
    order_group_id: str = ""
    subaccount: int = 0
    exchange_index: int = 0


class AmendBody(msgspec.Struct, frozen=True):
    ticker: str = ""
    side: str = ""
    price: str = ""
    count: str = ""
    client_order_id: str = ""
    updated_client_order_id: str = ""
    expiration_time: int | None = None
    exchange_index: int = 0


class DecreaseBody(msgspec.Struct, frozen=True):
    reduce_by: str | None = None
    reduce_to: str | None = None
    exchange_index: int = 0
    market_ticker: str = ""


@dataclass(slots=True)
class Meta:
    """What only this dialect knows of an order. `initial`: contracts; `reason`: why it last changed, in its words."""

    initial: int
    updated_ms: int
    stp: str
    post_only: bool = False
    cancels_on_pause: bool = False
    group_id: str = ""
    has_client_id: bool = True
    reason: str = ""


def meta_of(order: Order) -> Meta:
    """Made from the order itself where another than this desk has placed it."""
    meta: Meta = order.extra.setdefault(META, Meta(order.size, order.created_ms, ""))
    return meta


def status_of(order: Order) -> Literal["resting", "canceled", "executed"]:
    """A settled order keeps what it was; one that waits for its acceptance rests."""
    if order.remaining == 0:
        return "executed"
    return "resting" if order.state in (State.OPEN, State.PENDING) else "canceled"


def resting_of(order: Order) -> int:
    """Contracts that rest; a cancelled order has none, whatever it once wanted."""
    return order.remaining if status_of(order) == "resting" else 0


def client_id_of(order: Order) -> str:
    return order.reference if meta_of(order).has_client_id else ""


def decode(body: bytes) -> dict[str, Any]:
    """The request's JSON object; an empty body is an empty one. Raises Denial (400)."""
    try:
        value = msgspec.json.decode(body or b"{}")
    except msgspec.DecodeError as error:
        raise unparsable(f"json: {error}") from None
    if not isinstance(value, dict):
        raise unparsable("json: cannot unmarshal into an object")
    return value


def typed(value: Any, kind: type[T]) -> T:
    """The object as the struct; null counts as absent, as in Go. Raises Denial (400) for a field of another type."""
    if not isinstance(value, dict):
        raise unparsable("json: cannot unmarshal into an object")
    try:
        return msgspec.convert({name: field for name, field in value.items() if field is not None}, kind)
    except msgspec.ValidationError as error:
        raise unparsable(f"json: {error}") from None
