"""The venue's settlements: what is matched goes to a chain, which takes it or fails.

The engine knows single meetings of two orders; the venue settles a taker with all makers that it met at a price. One
that the scripted fault lets fail is taken back from both sides; when the accounts have used what it brought, or the
market was resolved meanwhile, it succeeds after all. Source: the predict.fun sheet, sections 4 and 5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from uuid import UUID

from hedgerow.core.money import MICRO
from hedgerow.sim import evm
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.order_events import SweepEvent, TradeEvent
from hedgerow.sim.orders import Leg, Match, Order


class Progress(StrEnum):
    """The venue's words, as its wallet events end."""

    SUBMITTED = "Submitted"
    SUCCESS = "Success"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True)
class Part:
    """One order's part in a settlement, in the terms of its own outcome; micros."""

    order: Order
    price: int
    size: int
    fee: int
    withheld: int
    is_maker: bool


@dataclass(slots=True)
class Settlement:
    """A taker and the makers that it met at one price."""

    id: str
    taker: Part
    makers: tuple[Part, ...]
    match_ids: tuple[str, ...]
    at_ms: int
    progress: Progress = Progress.SUBMITTED

    @property
    def parts(self) -> tuple[Part, ...]:
        return (self.taker, *self.makers)

    @property
    def transaction_hash(self) -> str:
        return "0x" + evm.keccak(f"transaction {self.id}".encode()).hex()


class Settlements:
    """Every settlement since the world began, oldest first."""

    def __init__(
        self,
        exchange: Exchange,
        clock: WorldClock,
        *,
        settled_after_s: float,
        failed_after_s: float,
        tell: Callable[[Settlement], None],
    ) -> None:
        """tell: is called at each step of a settlement; of one that the chain has at once at its success alone. The
        times count from the match."""
        self._exchange, self._clock, self._tell = exchange, clock, tell
        self._settled_after_s, self._failed_after_s = settled_after_s, failed_after_s
        self._all: dict[str, Settlement] = {}
        self._settled: dict[str, int] = {}  # how much of an order is settled

    def __iter__(self) -> Iterator[Settlement]:
        return iter(self._all.values())

    def clear(self) -> None:
        self._all.clear()
        self._settled.clear()

    def settled(self, order: Order) -> int:
        """How much of an order the chain has, in micros."""
        return self._settled.get(order.id, 0)

    def record(self, sweep: SweepEvent) -> None:
        """Takes a taker's run of trades in and settles them, price by price."""
        for _, run in groupby(sweep.trades, key=lambda trade: trade.price):
            self._add(sweep.taker, list(run))

    def _add(self, taker: Order, run: list[TradeEvent]) -> None:
        ids = tuple(event.id for event in run)
        makers = tuple(_part(event.maker, [event], ids) for event in run)
        number = evm.keccak(f"settlement {taker.contract.ref} {ids[0]}".encode())
        settlement = Settlement(
            str(UUID(bytes=number[:16], version=4)), _part(taker, run, ids), makers, ids, self._clock.now_ms()
        )
        self._all[settlement.id] = settlement
        fails = self._exchange.faults.fails_trade()
        after_s, act = (self._failed_after_s, self._fail) if fails else (self._settled_after_s, self._succeed)
        if after_s:
            self._tell(settlement)
        self._clock.later(after_s, lambda: act(settlement), f"settlement {settlement.id}")

    def _succeed(self, settlement: Settlement) -> None:
        if settlement.id not in self._all:  # the world was emptied
            return
        settlement.progress = Progress.SUCCESS
        for part in settlement.parts:
            self._settled[part.order.id] = self._settled.get(part.order.id, 0) + part.size
        self._tell(settlement)

    def _fail(self, settlement: Settlement) -> None:
        if settlement.id not in self._all:
            return
        if not self._exchange.reverse(*settlement.match_ids):
            self._succeed(settlement)
            return
        settlement.progress = Progress.FAILED
        self._tell(settlement)


def _part(order: Order, run: list[TradeEvent], ids: tuple[str, ...]) -> Part:
    matches: list[Match] = [match for match in order.fills if match.id in ids]
    yes_price = run[0].price
    return Part(
        order,
        yes_price if order.leg is Leg.YES else MICRO - yes_price,
        sum(event.size for event in run),
        sum(match.fee for match in matches),
        sum(match.withheld for match in matches),
        matches[0].is_maker,
    )
