"""The accounts' books agree with the engine's money, whatever is traded and however it ends."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.sim.dialects.kalshi import Terms
from hedgerow.sim.dialects.kalshi.errors import Denial
from hedgerow.sim.dialects.kalshi.ledger import Position
from hedgerow.sim.dialects.kalshi.orders import PlaceBody

from .harness import DEMO, RIVAL, SIN, SINNER, Scene, match

FILLS = st.lists(
    st.tuples(
        st.booleans(), st.integers(1, 99).map(lambda c: c * 10_000), st.integers(1, 500).map(lambda n: n * 10_000)
    ),
    min_size=1,
    max_size=12,
)
ORDERS = st.lists(
    st.tuples(
        st.sampled_from([DEMO, RIVAL, ""]),
        st.sampled_from(["bid", "ask"]),
        st.integers(30, 70),
        st.integers(1, 900),
        st.sampled_from(["good_till_canceled", "immediate_or_cancel"]),
        st.sampled_from(["taker_at_cross", "maker"]),
    ),
    max_size=15,
)


@given(FILLS)
def test_a_position_is_worth_what_was_paid_and_made(fills: list[tuple[bool, int, int]]) -> None:
    """Money in all, less what is still in the position, is what was realized (to the micro that a basis may lose)."""
    position = Position("T")
    paid = 0
    for is_yes, price, size in fills:
        position.add(is_yes=is_yes, price=price, size=size, fee=0, at_ms=0)
        paid += (price if is_yes else MICRO - price) * size // MICRO
    pairs = min(position.bought.values())
    assert position.net == position.bought[True] - position.bought[False]
    assert position.traded == paid
    assert position.realized == pairs - (paid - position.cost)
    assert position.cost >= 0
    if position.net == 0:
        assert position.cost == 0


def test_closing_a_part_takes_a_part_of_the_cost() -> None:
    position = Position("T")
    position.add(is_yes=True, price=400_000, size=10 * MICRO, fee=0, at_ms=0)
    position.add(is_yes=False, price=700_000, size=4 * MICRO, fee=0, at_ms=0)
    assert (position.net, position.cost, position.realized) == (6 * MICRO, 2_400_000, 1_200_000)


def test_a_fill_beyond_the_position_turns_it_around() -> None:
    position = Position("T")
    position.add(is_yes=False, price=600_000, size=5 * MICRO, fee=0, at_ms=0)
    position.add(is_yes=True, price=500_000, size=8 * MICRO, fee=0, at_ms=0)
    assert (position.net, position.cost, position.realized) == (3 * MICRO, 1_500_000, 500_000)


@settings(max_examples=60)
@given(ORDERS, st.sampled_from([SettlementStatus.WON, SettlementStatus.LOST, SettlementStatus.VOID]))
def test_the_books_agree_with_the_money(
    orders: list[tuple[str, str, int, int, str, str]], result: SettlementStatus
) -> None:
    scene = Scene(Terms())
    scene.world.put_fixture(match())
    venue, opening = scene.venue, scene.cash()
    for account, side, cents, hundredths, lifetime, prevention in orders:
        if not account:
            scene.take(
                SINNER, Side.BUY if side == "bid" else Side.SELL, Decimal(cents) / 100, Decimal(hundredths) / 100
            )
            continue
        body = PlaceBody(SIN, side, f"{hundredths / 100:.2f}", f"{cents / 100:.4f}", lifetime, prevention)
        try:
            venue.desk.place(account, body)
        except Denial as problem:
            pytest.fail(str(problem))
    for account in (DEMO, RIVAL):
        position = venue.ledger.position(account, SIN)
        assert scene.cash(account) == opening + position.realized - position.cost - position.fees
        fills = [match for order in venue.ledger.orders(account) for match in order.fills]
        assert sum(fill.match.size for fill in venue.ledger.fills(account)) == sum(match.size for match in fills)
        assert (venue.ledger.fills(account) or [None])[-1] is None or (
            venue.ledger.fills(account)[-1].post_position == position.net
        )
    before = {account: scene.cash(account) for account in (DEMO, RIVAL)}
    scene.settle(result)
    for account, cash in before.items():
        revenue = sum(row.revenue for row in venue.ledger.settlements(account))
        assert scene.cash(account) - cash == revenue
        if result is not SettlementStatus.VOID:
            net = venue.ledger.position(account, SIN).net
            won = net if result is SettlementStatus.WON else -net
            assert revenue == max(won, 0)
