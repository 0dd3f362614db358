"""Average cost, profit and fees add up, whatever was bought and sold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.states import Side
from hedgerow.sim.dialects.polymarket.holdings import Holding, Part
from hedgerow.sim.dialects.polymarket.markets import LOT, Market
from hedgerow.sim.dialects.polymarket.trades import Trade
from hedgerow.sim.orders import Leg, Order


@dataclass
class _Order:
    side: Side


@dataclass
class _Trade:
    matched_ms: int


def _part(side: Side, price: int, size: int, fee: int = 0, at_ms: int = 1) -> Part:
    return Part(cast(Trade, _Trade(at_ms)), cast(Order, _Order(side)), price, size, fee)


def _holding() -> Holding:
    return Holding(cast(Market, None), Leg.YES)


@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 99), st.integers(1, 10_000), st.integers(0, 10**6)), max_size=30)
)
def test_money_paid_is_cost_or_loss_and_nothing_is_left_of_what_is_sold(
    fills: list[tuple[bool, int, int, int]],
) -> None:
    holding, paid = _holding(), 0
    for wants_to_buy, cents, lots, fee in fills:
        part = _part(Side.BUY if wants_to_buy else Side.SELL, cents * 10_000, lots * LOT, fee)
        holding.add(part)
        paid += part.money if wants_to_buy else -part.money
        assert holding.cost - holding.realized == paid
        assert 0 <= holding.average <= 990_000
        assert holding.size > 0 or holding.cost == holding.fees == 0
    if holding.size:
        holding.add(_part(Side.SELL if holding.size > 0 else Side.BUY, 500_000, abs(holding.size)))
    assert (holding.size, holding.cost, holding.fees, holding.average) == (0, 0, 0, 0)


def test_a_sale_leaves_the_average_and_takes_its_share_of_the_fees() -> None:
    holding = _holding()
    holding.add(_part(Side.BUY, 400_000, 10 * LOT, fee=40, at_ms=5))
    holding.add(_part(Side.BUY, 600_000, 10 * LOT, fee=60, at_ms=7))
    holding.add(_part(Side.SELL, 700_000, 5 * LOT, at_ms=9))
    assert (holding.average, holding.realized, holding.fees) == (500_000, 10_000, 75)
    assert (holding.bought, holding.first_ms, holding.last_ms) == (20 * LOT, 5, 9)
