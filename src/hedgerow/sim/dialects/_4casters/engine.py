"""The engine with 4casters' ids, ladder and commission.

An order's id is the venue's `wagerRequestID`; the offer that rests of it has an id of its own, which follows from the
order's. Source: the venue's pages on placing orders (ids, commission in its examples) and on graded bets.
"""

from __future__ import annotations

from functools import cache

from hedgerow.core.american_grid import AmericanGrid
from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.orders import Contract, Match, Order

RATE = 10_000
"""The taker's commission: millionths of the smaller of stake and winnings. Makers pay none."""

_CENT = 10_000
_REQUEST, _OFFER, _FILL = "68", "69", "6a"

_STEPS = ((200, 1), (500, 5), (1_000, 10), (10_000, 50))
"""(odds up to which, step), from 101 on, on both sides of even."""


class Ladder(AmericanGrid):
    """Sizes of takers are worked out by the desk, from the stake of the side that they take: in the book contracts are
    contracts."""

    __slots__ = ()

    def resized(self, size: int, price: int, other: int) -> int:
        return size


@cache
def ladder() -> Ladder:
    above = [100]
    for end, step in _STEPS:
        above += range(above[-1] + step, end + 1, step)
    return Ladder([*above, *(-rung for rung in above[1:])])


def facing(american: int) -> int:
    """The odds of who stands against these."""
    return american if american == 100 else -american


def commission(contract: Contract, price: int, size: int, *, is_maker: bool) -> int:
    """Of one fill, in whole cents."""
    if is_maker:
        return 0
    smaller = min(contract.grid.at_risk(price, size, buys=buys) for buys in (True, False))
    return (smaller * RATE + MICRO * _CENT // 2) // (MICRO * _CENT) * _CENT


class FourcastersExchange(Exchange):
    """Names things as 4casters does; a refund gives the commission back too."""

    def next_order_id(self) -> str:
        return _hex(_REQUEST, super().next_order_id())

    def next_trade_id(self) -> str:
        return _hex(_FILL, super().next_trade_id())

    def settle(self, contract: Contract, result: SettlementStatus) -> None:
        super().settle(contract, result)
        if result is SettlementStatus.VOID:
            for order in self.orders.values():
                if order.contract is contract and order.account in self.accounts:
                    fees = sum(match.fee for match in order.fills)
                    self.accounts[order.account].cash += fees
                    order.payout += fees


def offer_id(order: Order) -> str:
    """Of what rests of the order."""
    return _OFFER + order.id[2:]


def request_id(offer: str) -> str:
    """The id of the order that an offer rests of."""
    return _REQUEST + offer[2:]


def stake_of(order: Order, match: Match) -> int:
    """What the order staked in a fill. Micros."""
    return order.at_risk(match.price, match.size)


def _hex(kind: str, name: str) -> str:
    """24 hex digits, as the ids of the venue's database."""
    number = name.rpartition("-")[2].lstrip("t")
    return f"{kind}{int(number):022x}"
