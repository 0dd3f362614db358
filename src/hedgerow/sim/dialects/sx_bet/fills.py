"""The venue's fills: matched at once, locked on the chain a little later, or taken back.

One fill is one order's part in one match. MATCHED becomes LOCKED, and SETTLED when the market is decided; one that the
scripted fault lets fail becomes FAILED, unless the accounts have used what it brought: then it is locked all the same.
Source: the SX sheet, section 4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.evm import keccak
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.order_events import TradeEvent
from hedgerow.sim.orders import Contract, Match, Order


class FillStatus(StrEnum):
    MATCHED = "MATCHED"
    LOCKED = "LOCKED"
    SETTLED = "SETTLED"
    FAILED = "FAILED"


@dataclass(slots=True)
class Fill:
    """Micros; price: of the outcome that the order bets on, size: what is paid back if it wins."""

    order: Order
    engine_id: str
    match_id: str
    trade_id: str
    price: int
    size: int
    stake: int
    is_maker: bool
    matched_ms: int
    updated_ms: int
    refund: int = 0  # of the stakes on both outcomes, what one of them returns in any case
    paid: int = 0  # at settlement
    status: FillStatus = FillStatus.MATCHED
    transaction_hash: str = ""


class FillLog:
    """Every fill since the world began, oldest first."""

    def __init__(
        self, exchange: Exchange, clock: WorldClock, locked_after_s: float, tell: Callable[[Fill], None]
    ) -> None:
        """tell: is called at the first status of a fill and at each that follows."""
        self._exchange, self._clock, self._locked_after_s, self._tell = exchange, clock, locked_after_s, tell
        self._fills: list[Fill] = []
        self._refunded: dict[tuple[str, str], int] = {}  # by (account, contract)

    def __iter__(self) -> Iterator[Fill]:
        return iter(self._fills)

    def clear(self) -> None:
        self._fills.clear()
        self._refunded.clear()

    def record(self, trade: TradeEvent) -> None:
        """Takes a match in and tells it to both sides, as far as they have accounts."""
        orders = [order for order in (trade.maker, trade.taker) if order.account in self._exchange.accounts]
        fills = [self._fill(order, order.fills[-1]) for order in orders]
        fails = self._exchange.faults.fails_trade()
        self._fills += fills
        for fill in fills:
            self._tell(fill)
        if fills:
            self._clock.later(self._locked_after_s, lambda: self._end(fills, fails=fails), f"sx match {trade.id}")

    def settle(self, contract: Contract) -> None:
        """The market was decided, or decided anew."""
        for fill in self._fills:
            if fill.order.contract is contract and fill.status is not FillStatus.FAILED:
                fill.paid = _paid(fill, contract.result)
                self._move(fill, FillStatus.SETTLED)

    def _fill(self, order: Order, match: Match) -> Fill:
        price = order.risk_price(match.price)
        name = f"{order.contract.ref} {match.id}"
        return Fill(
            order,
            match.id,
            "0x" + keccak(f"match {name}".encode()).hex(),
            "0x" + keccak(f"trade {order.id} {name}".encode()).hex(),
            price,
            match.size,
            price * match.size // MICRO,
            match.is_maker,
            match.at_ms,
            match.at_ms,
            self._refund(order),
        )

    def _refund(self, order: Order) -> int:
        """What the engine has paid back of the account's stakes on both outcomes since it was looked at last."""
        key = order.account, order.contract.ref
        whole = self._exchange.accounts[order.account].advance.get(order.contract.ref, 0)
        before, self._refunded[key] = self._refunded.get(key, 0), whole
        return whole - before

    def _end(self, fills: list[Fill], *, fails: bool) -> None:
        """The chain has the match, or has not. What was forgotten or settled meanwhile stays as it is."""
        if fills[0] not in self._fills or fills[0].status is not FillStatus.MATCHED:
            return
        is_failed = fails and self._exchange.reverse(fills[0].engine_id)
        for fill in fills:
            if is_failed:
                self._refund(fill.order)  # was taken back with the stakes
            else:
                fill.transaction_hash = "0x" + keccak(f"transaction {fill.match_id}".encode()).hex()
            self._move(fill, FillStatus.FAILED if is_failed else FillStatus.LOCKED)

    def _move(self, fill: Fill, status: FillStatus) -> None:
        fill.status, fill.updated_ms = status, self._clock.now_ms()
        self._tell(fill)


def _paid(fill: Fill, result: SettlementStatus | None) -> int:
    """What the fill returns by a market's result."""
    seen = result if fill.order.is_bid or result is None else result.mirrored
    if seen in (SettlementStatus.WON, SettlementStatus.LOST):
        return fill.size if seen is SettlementStatus.WON else 0
    return fill.stake
