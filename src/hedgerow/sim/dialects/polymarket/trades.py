"""The venue's trades: what is matched is told at once and settled on a chain later, or taken back.

The engine knows single meetings of two orders; the venue tells one trade for all makers that a taker met at a price.
A trade goes MATCHED, MINED, CONFIRMED in the world's time. One that the scripted fault lets fail goes MATCHED,
RETRYING, FAILED, and its fills are taken back from both sides; when the accounts have used what it brought, or the
market is resolved meanwhile, its retry succeeds instead. Source: the Polymarket sheet, section 4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from uuid import UUID

from hedgerow.core.money import MICRO
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.evm import keccak
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.order_events import SweepEvent, TradeEvent
from hedgerow.sim.orders import Leg, Order


class TradeStatus(StrEnum):
    MATCHED = "MATCHED"
    MINED = "MINED"
    CONFIRMED = "CONFIRMED"
    RETRYING = "RETRYING"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class MakerFill:
    """What one resting order gave to a trade: the price in the terms of its own token."""

    order: Order
    match_id: str
    price: int
    size: int


@dataclass(slots=True)
class Trade:
    """A taker and the makers that it met at one price; price and size in the terms of the taker's token."""

    id: str
    taker: Order
    makers: tuple[MakerFill, ...]
    price: int
    size: int
    matched_ms: int
    updated_ms: int
    status: TradeStatus = TradeStatus.MATCHED
    transaction_hash: str = ""

    @property
    def orders(self) -> list[Order]:
        return [self.taker, *(fill.order for fill in self.makers)]

    def involves(self, account: str) -> bool:
        return any(order.account == account for order in self.orders)


class TradeLog:
    """Every trade since the world began, oldest first."""

    def __init__(
        self,
        exchange: Exchange,
        clock: WorldClock,
        *,
        mined_after_s: float,
        confirmed_after_s: float,
        tell: Callable[[Trade], None],
    ) -> None:
        """tell: is called at the first status of a trade and at each that follows. The times count from the match."""
        self._exchange, self._clock, self._tell = exchange, clock, tell
        self._mined_after_s, self._confirmed_after_s = mined_after_s, confirmed_after_s
        self._trades: dict[str, Trade] = {}
        self._of_order: dict[str, list[str]] = {}

    def __iter__(self) -> Iterator[Trade]:
        return iter(self._trades.values())

    def clear(self) -> None:
        self._trades.clear()
        self._of_order.clear()

    def ids_of(self, order: Order) -> list[str]:
        """The trades of an order, oldest first."""
        return self._of_order.get(order.id, [])

    def record(self, sweep: SweepEvent) -> list[Trade]:
        """Takes a taker's run of trades in and tells them, price by price."""
        return [self._add(sweep.taker, list(run)) for _, run in groupby(sweep.trades, key=lambda trade: trade.price)]

    def _add(self, taker: Order, run: list[TradeEvent]) -> Trade:
        now = self._clock.now_ms()
        makers = tuple(
            MakerFill(event.maker, event.id, _in_terms_of(event.maker.leg, event.price), event.size) for event in run
        )
        number = keccak(f"trade {taker.contract.ref} {run[0].id}".encode())
        trade = Trade(
            str(UUID(bytes=number[:16], version=4)),
            taker,
            makers,
            _in_terms_of(taker.leg, run[0].price),
            sum(event.size for event in run),
            now,
            now,
        )
        self._trades[trade.id] = trade
        for order in trade.orders:
            self._of_order.setdefault(order.id, []).append(trade.id)
        self._tell(trade)
        fails = self._exchange.faults.fails_trade()
        self._later(trade, self._mined_after_s, self._retry if fails else self._mine)
        self._later(trade, self._confirmed_after_s, self._give_up if fails else self._confirm)
        return trade

    def _later(self, trade: Trade, seconds: float, act: Callable[[Trade], None]) -> None:
        def act_if_known() -> None:
            if self._trades.get(trade.id) is trade:
                act(trade)

        self._clock.later(seconds, act_if_known, f"trade {trade.id}")

    def _mine(self, trade: Trade) -> None:
        trade.transaction_hash = "0x" + keccak(f"transaction {trade.id}".encode()).hex()
        self._move(trade, TradeStatus.MINED)

    def _confirm(self, trade: Trade) -> None:
        self._move(trade, TradeStatus.CONFIRMED)

    def _retry(self, trade: Trade) -> None:
        self._move(trade, TradeStatus.RETRYING)

    def _give_up(self, trade: Trade) -> None:
        if self._exchange.reverse(*(fill.match_id for fill in trade.makers)):
            self._move(trade, TradeStatus.FAILED)
        else:
            self._mine(trade)
            self._confirm(trade)

    def _move(self, trade: Trade, status: TradeStatus) -> None:
        trade.status, trade.updated_ms = status, self._clock.now_ms()
        self._tell(trade)


def _in_terms_of(leg: Leg, yes_price: int) -> int:
    return yes_price if leg is Leg.YES else MICRO - yes_price
