"""The engine with Betfair's ids, and the words for an order's parts: all amounts are backers' stakes in micros."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hedgerow.core.odds_grid import OddsGrid
from hedgerow.core.states import Side
from hedgerow.sim.exchange import Exchange as Engine
from hedgerow.sim.orders import Match, Order, State

_BETS, _MATCHES = 300_000_000_000, 70_000_000_000


class BetfairEngine(Engine):
    """Names bets and matches by numbers."""

    def next_order_id(self) -> str:
        return str(_BETS + int(super().next_order_id().rpartition("-")[2]))

    def next_trade_id(self) -> str:
        return str(_MATCHES + int(super().next_trade_id().rpartition("-t")[2]))


@dataclass(slots=True)
class Meta:
    """What only Betfair keeps of a bet. stake: as asked for; cancelled: taken out by the customer."""

    stake: int
    ref: str
    strategy: str
    persistence: str
    placed_ms: int
    cancelled: int = 0
    cancelled_ms: int | None = None
    lapsed_ms: int | None = None
    settled_ms: int = 0


def meta_of(order: Order) -> Meta:
    meta = order.extra["meta"]
    assert isinstance(meta, Meta)
    return meta


def odds_of(order: Order) -> int:
    """The odds that were asked for, in micros."""
    return odds_at(order, order.price)


def odds_at(order: Order, price: int) -> int:
    """Of a price of the order's, which is always of the YES leg here."""
    grid = order.contract.grid
    assert isinstance(grid, OddsGrid)
    return grid.odds_of(price)


def stake_of(order: Order, price: int, size: int) -> int:
    return order.contract.grid.at_risk(price, size, buys=True)


def match_stake(order: Order, match: Match) -> int:
    return stake_of(order, match.price, match.size)


def side_of(order: Order) -> str:
    """In the venue's words."""
    return "BACK" if order.side is Side.BUY else "LAY"


def is_executable(order: Order) -> bool:
    return order.state in (State.OPEN, State.PENDING) and order.remaining > 0


@dataclass(frozen=True, slots=True)
class Parts:
    """How a bet's stake is divided. average: odds, 0 where nothing matched."""

    matched: int
    remaining: int
    lapsed: int
    cancelled: int
    average: Decimal

    @classmethod
    def of(cls, order: Order) -> Parts:
        meta, is_open = meta_of(order), is_executable(order)
        matched = sum(match_stake(order, match) for match in order.fills)
        contracts = sum(match.size for match in order.fills)
        remaining = stake_of(order, order.price, order.remaining) if is_open else 0
        lapsed = meta.stake - matched - remaining - meta.cancelled
        return cls(matched, remaining, lapsed, meta.cancelled, _mean(contracts, matched))


def _mean(contracts: int, stake: int) -> Decimal:
    return round(Decimal(contracts) / stake, 12).normalize() if stake else Decimal(0)
