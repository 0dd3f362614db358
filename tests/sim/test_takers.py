"""Takers: who comes, where, at what price, and always the same for a seed."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.core.money import MICRO
from hedgerow.core.states import Side
from hedgerow.sim.events import ReplayEvent, SuspendEvent, TradeEvent
from hedgerow.sim.takers import TakerOrder, TakerRules, Takers, with_takers

FIXTURE = FixtureId("id1200255561419001")
OUTCOME = OutcomeKey(FIXTURE, OutcomeId(121))
RULES = TakerRules()

trades = st.builds(
    TradeEvent,
    st.integers(0, 10**12),
    st.just(OUTCOME),
    st.integers(1, MICRO - 1),
    st.integers(0, 10**12),
    st.sampled_from(Side),
)


def trade(price: int = 500_000, size: int = 40 * MICRO, side: Side = Side.BUY, at_ns: int = 0) -> TradeEvent:
    return TradeEvent(at_ns, OUTCOME, price, size, side)


@given(trades, st.integers(0, 50))
def test_a_taker_follows_the_rules(given_trade: TradeEvent, seed: int) -> None:
    taker = Takers(("kalshi", "polymarket"), seed).of(given_trade)
    if taker is None:
        assert given_trade.size * RULES.share < MICRO
        return
    assert taker.exchange in ("kalshi", "polymarket")
    assert (taker.outcome, taker.side) == (given_trade.outcome, given_trade.side)
    assert taker.size % MICRO == 0
    assert MICRO <= taker.size <= RULES.most * MICRO
    assert 0 < taker.limit < MICRO
    assert abs(taker.limit - given_trade.price) <= RULES.reach + 1_000
    assert taker.at_ns == given_trade.at_ns + RULES.delay_ns


def test_takers_pay_the_spread_in_their_direction() -> None:
    takers = Takers(("kalshi",), 1)
    limits = [order.limit for side in Side if (order := takers.of(trade(side=side))) is not None]
    assert limits == [520_000, 480_000]


def test_sizes_are_scaled_and_cut() -> None:
    takers = Takers(("kalshi",), 1, TakerRules(share=Decimal("0.5"), most=30))
    sizes = [order.size for size in (40, 400) if (order := takers.of(trade(size=size * MICRO))) is not None]
    assert sizes == [20 * MICRO, 30 * MICRO]


def test_small_trades_bring_a_contract_as_often_as_they_are_large() -> None:
    takers = Takers(("kalshi",), 1, TakerRules(share=Decimal(1)))
    came = sum(takers.of(trade(size=MICRO // 4)) is not None for _ in range(2_000))
    assert 420 < came < 580


def test_the_same_seed_sends_the_same_takers() -> None:
    def sent(seed: int) -> list[TakerOrder | None]:
        takers = Takers(("kalshi", "polymarket"), seed)
        return [takers.of(trade(size=number * MICRO)) for number in range(40)]

    assert sent(1) == sent(1)
    assert sent(1) != sent(2)
    assert {order.exchange for order in sent(1) if order} == {"kalshi", "polymarket"}


def test_without_exchanges_nobody_comes() -> None:
    assert Takers((), 1).of(trade()) is None


@given(st.lists(st.tuples(st.integers(0, 3 * 10**9), st.booleans()), max_size=30))
def test_takers_come_late_and_everything_stays_in_order(moments: list[tuple[int, bool]]) -> None:
    events: list[ReplayEvent] = [
        trade(at_ns=at_ns) if is_trade else SuspendEvent(at_ns, FIXTURE, "pinnacle", suspended=True)
        for at_ns, is_trade in sorted(moments)
    ]
    actions = list(with_takers(events, Takers(("kalshi",), 1)))
    assert all(before.at_ns <= after.at_ns for before, after in pairwise(actions))
    assert [action for action in actions if isinstance(action, SuspendEvent)] == [
        event for event in events if isinstance(event, SuspendEvent)
    ]
    came = [action.at_ns - RULES.delay_ns for action in actions if isinstance(action, TakerOrder)]
    assert came == [event.at_ns for event in events if isinstance(event, TradeEvent)]


def test_at_one_time_odds_come_before_takers() -> None:
    late = SuspendEvent(RULES.delay_ns, FIXTURE, "pinnacle", suspended=True)
    actions = list(with_takers([trade(), late], Takers(("kalshi",), 1)))
    assert [type(action) for action in actions] == [SuspendEvent, TakerOrder]
