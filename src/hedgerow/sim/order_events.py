"""What a simulated exchange tells its listeners, in the order in which it happens."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hedgerow.sim.orders import Contract, Match, Order


class EventKind(StrEnum):
    PLACED = "placed"
    FILLED = "filled"
    CANCELLED = "cancelled"
    CHANGED = "changed"  # amended
    REVERSED = "reversed"  # a fill was taken back
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class OrderEvent:
    kind: EventKind
    order: Order
    match: Match | None = None


@dataclass(frozen=True, slots=True)
class LevelEvent:
    """A book level changed: YES terms, the new size and the difference. `cause`: the resting order behind it."""

    contract: Contract
    is_bid: bool
    price: int
    size: int
    difference: int
    cause: Order


@dataclass(frozen=True, slots=True)
class TradeEvent:
    """Two orders met: YES terms, the taker's direction."""

    contract: Contract
    id: str
    price: int
    size: int
    taker: Order
    maker: Order


@dataclass(frozen=True, slots=True)
class SweepEvent:
    """A taker has met all that it could; what is left of it rests or ends after this. Its trades, in order."""

    taker: Order
    trades: tuple[TradeEvent, ...]


@dataclass(frozen=True, slots=True)
class ContractEvent:
    """A contract was listed, opened, closed or resolved."""

    contract: Contract


Event = OrderEvent | LevelEvent | TradeEvent | SweepEvent | ContractEvent
