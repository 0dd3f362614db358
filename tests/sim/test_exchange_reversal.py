"""Trades that are taken back, voids that pay a fixed amount, and orders that wait: money is conserved through all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.core.ids import FixtureId, MarketId, MarketKey, OutcomeId, OutcomeKey
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.order_events import Event, EventKind, OrderEvent, SweepEvent, TradeEvent
from hedgerow.sim.orders import Contract, Leg, OrderKind, Rejection, State

FIXTURE = FixtureId("id1200000161061419")
NAMES = ("ann", "bob", "eve")
CASH = 1_000 * MICRO


def _fee(contract: Contract, price: int, size: int, *, is_maker: bool) -> int:
    return 0 if is_maker else size // 100


def _exchange(
    void_pays: Callable[[Contract], int] | None = None, clock: WorldClock | None = None
) -> tuple[Exchange, Contract]:
    exchange = Exchange("venue", clock or WorldClock(), fee=_fee, void_pays=void_pays)
    yes, no = (OutcomeKey(FIXTURE, OutcomeId(n)) for n in (121, 122))
    contract = Contract("c", MarketKey(FIXTURE, MarketId(121)), yes, no, PriceGrid.probability(10_000), 10_000, 10_000)
    for name in NAMES:
        exchange.add_account(name, CASH)
    exchange.add_contract(contract)
    return exchange, contract


def _trade(exchange: Exchange, contract: Contract, size: int = 10 * MICRO, price: int = 400_000) -> str:
    """Ann buys YES at rest, Bob buys the NO against it."""
    number = len(exchange.orders)
    exchange.place("ann", contract, Leg.YES, Side.BUY, price, size, reference=f"a{number}")
    taker = exchange.place("bob", contract, Leg.NO, Side.BUY, MICRO - price, size, reference=f"b{number}")
    return taker.fills[0].id


def test_orders_that_ever_traded_are_told_apart_from_those_that_only_rested() -> None:
    exchange, contract = _exchange()
    exchange.place("ann", contract, Leg.YES, Side.BUY, 100_000, MICRO, reference="rests")
    trade = _trade(exchange, contract)
    assert [order.reference for order in exchange.traded_orders("ann")] == ["a1"]
    assert exchange.reverse(trade)
    assert [(order.reference, order.fills) for order in exchange.traded_orders("ann")] == [("a1", [])]
    exchange.clear()
    assert exchange.traded_orders("ann") == []


def test_a_reversed_trade_leaves_both_accounts_as_before() -> None:
    exchange, contract = _exchange()
    trade = _trade(exchange, contract)
    assert exchange.accounts["ann"].cash == CASH - 4 * MICRO
    assert exchange.reverse(trade)
    for name in ("ann", "bob"):
        account = exchange.accounts[name]
        assert (account.cash, set(account.held.values()), account.advance) == (CASH, {0}, {})
    assert {(o.state, o.filled, o.remaining, len(o.fills)) for o in exchange.orders.values()} == {
        (State.CANCELLED, 0, 0, 0)
    }


def test_a_reversal_is_told_to_both_sides_and_happens_once() -> None:
    exchange, contract = _exchange()
    trade = _trade(exchange, contract)
    heard: list[Event] = []
    exchange.on_event(heard.append)
    assert exchange.reverse(trade)
    assert not exchange.reverse(trade)
    told = [event for event in heard if isinstance(event, OrderEvent)]
    assert [(event.kind, event.order.account) for event in told] == [
        (EventKind.REVERSED, "ann"),
        (EventKind.REVERSED, "bob"),
    ]


def test_the_failed_part_of_a_resting_order_does_not_rest_again() -> None:
    exchange, contract = _exchange()
    maker = exchange.place("ann", contract, Leg.YES, Side.BUY, 400_000, 10 * MICRO, reference="a")
    taker = exchange.place("bob", contract, Leg.NO, Side.BUY, 600_000, 4 * MICRO, reference="b")
    assert exchange.reverse(taker.fills[0].id)
    assert (maker.state, maker.filled, maker.remaining) == (State.OPEN, 0, 6 * MICRO)
    assert exchange.book(contract).levels(is_bid=True) == [(400_000, 6 * MICRO)]


def test_trades_are_taken_back_together_or_not_at_all() -> None:
    exchange, contract = _exchange()
    first, second = _trade(exchange, contract), _trade(exchange, contract)
    assert exchange.reverse(first, second)
    assert {account.cash for account in exchange.accounts.values()} == {CASH}
    third, fourth = _trade(exchange, contract), _trade(exchange, contract)
    sold = 11 * MICRO
    exchange.place("ann", contract, Leg.YES, Side.SELL, 500_000, sold, reference="sale", needs_holding=True)
    assert not exchange.reverse(third, fourth)
    assert exchange.accounts["ann"].held["c", Leg.YES] == 20 * MICRO


def test_a_trade_stands_when_what_it_brought_was_sold() -> None:
    exchange, contract = _exchange()
    trade = _trade(exchange, contract)
    exchange.place("ann", contract, Leg.YES, Side.SELL, 500_000, 10 * MICRO, reference="sale", needs_holding=True)
    before = {name: (a.cash, dict(a.held), dict(a.advance)) for name, a in exchange.accounts.items()}
    assert not exchange.reverse(trade)
    assert {name: (a.cash, dict(a.held), dict(a.advance)) for name, a in exchange.accounts.items()} == before


def test_a_trade_stands_when_the_contract_is_decided() -> None:
    exchange, contract = _exchange()
    trade = _trade(exchange, contract)
    exchange.settle(contract, SettlementStatus.WON)
    assert not exchange.reverse(trade)


def test_a_void_can_pay_a_half_to_every_contract() -> None:
    exchange, contract = _exchange(void_pays=lambda _: 500_000)
    _trade(exchange, contract, size=10 * MICRO, price=400_000)
    exchange.settle(contract, SettlementStatus.VOID)
    assert exchange.accounts["ann"].cash == CASH - 4 * MICRO + 5 * MICRO
    assert exchange.accounts["bob"].cash == CASH - 6 * MICRO - MICRO // 10 + 5 * MICRO


def test_a_void_gives_the_stake_back_by_default() -> None:
    exchange, contract = _exchange()
    _trade(exchange, contract)
    exchange.settle(contract, SettlementStatus.VOID)
    assert exchange.accounts["ann"].cash == CASH


def test_a_taker_is_told_of_its_whole_run_of_trades() -> None:
    exchange, contract = _exchange()
    heard: list[Event] = []
    exchange.on_event(heard.append)
    for name, price in (("ann", 600_000), ("eve", 610_000)):
        exchange.place(name, contract, Leg.YES, Side.SELL, price, 5 * MICRO, reference=name)
    taker = exchange.place("bob", contract, Leg.YES, Side.BUY, 620_000, 12 * MICRO, reference="b")
    (sweep,) = [event for event in heard if isinstance(event, SweepEvent)]
    trades = [event for event in heard if isinstance(event, TradeEvent)]
    assert sweep.taker is taker
    assert list(sweep.trades) == trades
    assert [(trade.maker.account, trade.price) for trade in trades] == [("ann", 600_000), ("eve", 610_000)]


async def test_a_delayed_order_meets_the_book_later() -> None:
    clock = _stepped()
    exchange, contract = _exchange(clock=clock)
    order = exchange.place("ann", contract, Leg.YES, Side.BUY, 400_000, MICRO, reference="a", delay_s=3.0)
    assert order.state is State.PENDING
    await _step(clock, 2)
    assert exchange.book(contract).best(is_bid=True) is None
    await _step(clock, 3)
    assert exchange.book(contract).best(is_bid=True) == 400_000


async def test_all_or_none_after_a_delay_is_still_all_or_none() -> None:
    clock = _stepped()
    exchange, contract = _exchange(clock=clock)
    maker = exchange.place("ann", contract, Leg.YES, Side.SELL, 600_000, 5 * MICRO, reference="a")
    kind = OrderKind.ALL_OR_NONE
    order = exchange.place(
        "bob", contract, Leg.YES, Side.BUY, 600_000, 5 * MICRO, reference="b", kind=kind, delay_s=1.0
    )
    exchange.cancel(maker)
    exchange.place("ann", contract, Leg.YES, Side.SELL, 600_000, 2 * MICRO, reference="a2")
    await _step(clock, 2)
    assert (order.state, order.filled) == (State.CANCELLED, 0)


def _stepped() -> WorldClock:
    clock = WorldClock()
    clock.run_stepped(0)
    return clock


async def _step(clock: WorldClock, seconds: int) -> None:
    await asyncio.sleep(0)
    clock.step_to(seconds * 1_000_000_000)
    for _ in range(3):
        await asyncio.sleep(0)


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.sampled_from(list(Leg)),
        st.sampled_from(list(Side)),
        st.integers(1, 99),
        st.integers(1, 5_000),
        st.integers(0, 3),
    ),
    max_size=40,
)
RESULTS = st.sampled_from([SettlementStatus.WON, SettlementStatus.LOST, SettlementStatus.VOID])


@given(ACTIONS, RESULTS, st.booleans())
@settings(max_examples=150)
def test_money_is_conserved_over_trades_reversals_and_settlement(
    actions: list[tuple[str, Leg, Side, int, int, int]], result: SettlementStatus, halves: bool
) -> None:
    exchange, contract = _exchange(void_pays=(lambda _: 500_000) if halves else None)
    for number, (name, leg, side, cents, lots, then) in enumerate(actions):
        try:
            order = exchange.place(
                name,
                contract,
                leg,
                side,
                cents * 10_000,
                lots * 10_000,
                reference=str(number),
                needs_holding=True,
            )
        except Rejection:
            continue
        if then == 0 and order.fills:
            exchange.reverse(order.fills[-1].id)
        elif then == 1:
            exchange.cancel(order)
        for account in exchange.accounts:
            assert exchange.free_cash(account) >= 0
            assert all(exchange.free_holding(account, contract, each) >= 0 for each in Leg)
    fees = sum(match.fee for order in exchange.orders.values() for match in order.fills)
    exchange.settle(contract, result)
    assert sum(account.cash for account in exchange.accounts.values()) + fees == len(NAMES) * CASH
