"""The simulated exchange under random trading: money is conserved, nobody overdraws, price and time decide."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.core.ids import FixtureId, MarketId, MarketKey, OutcomeId, OutcomeKey
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.faults import Behaviour
from hedgerow.sim.funds import FeeRule
from hedgerow.sim.orders import (
    CLOSED,
    CROSSES,
    DUPLICATE,
    FUNDS,
    LOT,
    SCRIPTED,
    TICK,
    Contract,
    Leg,
    Order,
    OrderKind,
    Rejection,
    SelfTrade,
    State,
)

FIXTURE = FixtureId("id1200000161061419")
YES, NO = (OutcomeKey(FIXTURE, OutcomeId(n)) for n in (121, 122))
NAMES = ("ann", "bob", "eve")
CENT, ONE = 10_000, MICRO
CASH = 6 * ONE


def _fee(contract: Contract, price: int, size: int, *, is_maker: bool) -> int:
    return 0 if is_maker else size // 100


def _exchange(
    *, nets_pairs: bool = False, closing_is_free: bool = True, withholds: FeeRule | None = None
) -> tuple[Exchange, Contract]:
    clock = WorldClock()
    clock.run_stepped(0)
    rules = {"nets_pairs": nets_pairs, "closing_is_free": closing_is_free}
    exchange = Exchange("venue", clock, **rules, fee=_fee, withholds=withholds)
    contract = Contract("c", MarketKey(FIXTURE, MarketId(121)), YES, NO, PriceGrid.probability(CENT), CENT, CENT)
    for name in NAMES:
        exchange.add_account(name, CASH)
    exchange.add_contract(contract)
    return exchange, contract


@dataclass(frozen=True)
class Place:
    account: str
    leg: Leg
    side: Side
    cents: int
    size: int
    kind: OrderKind
    post_only: bool
    self_trade: SelfTrade


@dataclass(frozen=True)
class Cancel:
    pick: int


@dataclass(frozen=True)
class Amend:
    pick: int
    cents: int
    size: int


@dataclass(frozen=True)
class Take:
    side: Side
    cents: int
    size: int


prices = st.sampled_from((20, 40, 50, 60, 80))  # few, so that orders meet
sizes, picks = st.integers(1, 12), st.integers(0, 30)
actions = st.one_of(
    st.builds(
        Place,
        st.sampled_from(NAMES),
        st.sampled_from(Leg),
        st.sampled_from(Side),
        prices,
        sizes,
        st.sampled_from(OrderKind),
        st.booleans(),
        st.sampled_from(SelfTrade),
    ),
    st.builds(Cancel, picks),
    st.builds(Amend, picks, prices, sizes),
    st.builds(Take, st.sampled_from(Side), prices, sizes),
)


class Scene:
    """Plays actions and remembers what the world's own counterparty has paid."""

    def __init__(self, *, nets_pairs: bool, closing_is_free: bool, needs_holding: bool) -> None:
        self.exchange, self.contract = _exchange(nets_pairs=nets_pairs, closing_is_free=closing_is_free)
        self.needs_holding = needs_holding
        self.counterparty = 0  # contracts of YES that the world has bought, net
        self.counterparty_cash = 0

    def play(self, action: Place | Cancel | Amend | Take) -> None:
        with contextlib.suppress(Rejection):
            self._play(action)

    def _play(self, action: Place | Cancel | Amend | Take) -> None:
        exchange = self.exchange
        match action:
            case Place():
                exchange.place(
                    action.account,
                    self.contract,
                    action.leg,
                    action.side,
                    action.cents * CENT,
                    action.size * ONE,
                    reference=f"r{len(exchange.orders)}",
                    kind=action.kind,
                    post_only=action.post_only,
                    needs_holding=self.needs_holding,
                    self_trade=action.self_trade,
                )
            case Cancel():
                if resting := exchange.open_orders():
                    exchange.cancel(resting[action.pick % len(resting)])
            case Amend():
                if resting := exchange.open_orders():
                    exchange.amend(resting[action.pick % len(resting)], action.cents * CENT, action.size * ONE)
            case Take():
                self._take(action)

    def _take(self, action: Take) -> None:
        for fill in self.exchange.take(YES, action.side, action.cents * CENT, action.size * ONE):
            sign = 1 if action.side is Side.BUY else -1
            self.counterparty += sign * fill.size
            self.counterparty_cash -= sign * fill.price * fill.size // MICRO

    def check(self) -> None:
        """What must hold at every moment."""
        for name in NAMES:
            orders = self.exchange.open_orders(name)
            assert self.exchange.free_cash(name) >= 0
            assert self.exchange.held_cash(name) >= 0
            assert all(self.exchange.free_holding(name, self.contract, leg) >= 0 for leg in Leg)
            assert all(order.remaining > 0 for order in orders)
        book = self.exchange.book(self.contract)
        bid, ask = book.best(is_bid=True), book.best(is_bid=False)
        assert bid is None or ask is None or bid < ask
        resting = {order.id for order in book.orders()}
        assert resting == {order.id for order in self.exchange.open_orders()}

    def fees(self) -> int:
        return sum(match.fee for order in self.exchange.orders.values() for match in order.fills)


results = st.sampled_from([s for s in SettlementStatus if s is not SettlementStatus.UNDECIDED])


@settings(max_examples=200)
@given(st.lists(actions, max_size=40), st.booleans(), st.booleans(), st.booleans(), results, results)
def test_money_is_conserved_and_nobody_overdraws(
    played: list[Place | Cancel | Amend | Take],
    nets_pairs: bool,
    closing_is_free: bool,
    needs_holding: bool,
    first: SettlementStatus,
    second: SettlementStatus,
) -> None:
    needs_holding = needs_holding and not nets_pairs
    scene = Scene(nets_pairs=nets_pairs, closing_is_free=closing_is_free, needs_holding=needs_holding)
    for action in played:
        scene.play(action)
        scene.check()
    for result in (first, second):  # the second corrects the first
        scene.exchange.settle(scene.contract, result)
        assert _settled_total(scene, result) == len(NAMES) * CASH - scene.fees()
        assert all(scene.exchange.held_cash(name) == 0 for name in NAMES)


def _settled_total(scene: Scene, result: SettlementStatus) -> int:
    """All cash with the counterparty's share, as if the world had an account too."""
    cash = sum(account.cash for account in scene.exchange.accounts.values())
    worth = {SettlementStatus.WON: ONE, SettlementStatus.LOST: 0}
    if result in worth:
        return cash + scene.counterparty_cash + scene.counterparty * worth[result] // MICRO
    return cash + _counterparty_returned(scene, result)


def _counterparty_returned(scene: Scene, result: SettlementStatus) -> int:
    """What the counterparty of each trade would have gained under a void or a half result."""
    gained = 0
    for order in scene.exchange.orders.values():
        for match in order.fills:
            if _is_with_the_world(scene, match.id):
                stake = order.risk_price(match.price) * match.size // MICRO
                returned = {
                    SettlementStatus.VOID: stake,
                    SettlementStatus.HALF_WON: (match.size + stake) // 2 if order.is_bid else stake // 2,
                    SettlementStatus.HALF_LOST: stake // 2 if order.is_bid else (match.size + stake) // 2,
                }[result]
                gained += stake - returned
    return gained


def _is_with_the_world(scene: Scene, match_id: str) -> bool:
    return sum(m.id == match_id for o in scene.exchange.orders.values() for m in o.fills) == 1


churns = st.lists(
    st.tuples(
        st.sampled_from(("ann", "bob")), st.sampled_from(Side), st.sampled_from((20, 80)), st.sampled_from((5, 10))
    ),
    min_size=4,
    max_size=14,
)


@settings(max_examples=300)
@given(churns)
def test_where_pairs_are_paid_out_a_poor_account_cannot_overdraw(
    orders: list[tuple[str, Side, int, int]],
) -> None:
    scene = Scene(nets_pairs=True, closing_is_free=True, needs_holding=False)
    scene.exchange.accounts["bob"].cash = 1_000 * ONE
    for account, side, cents, size in orders:
        scene.play(Place(account, Leg.YES, side, cents, size, OrderKind.RESTS, False, SelfTrade.ENDS_MAKER))
        scene.check()


def test_a_flat_position_closes_nothing_more() -> None:
    exchange, contract = _exchange(nets_pairs=True)
    for side in (Side.BUY, Side.SELL):  # ann goes in and out again
        _place(exchange, contract, "bob", side.opposite, 20, 5)
        _place(exchange, contract, "ann", side, 20, 5)
    before = exchange.free_cash("ann")
    _place(exchange, contract, "ann", Side.SELL, 20, 5)
    assert exchange.free_cash("ann") == before - 4 * ONE - 5 * ONE // 100


def test_what_an_order_meant_to_close_is_reserved_when_another_closes_it() -> None:
    exchange, contract = _exchange(nets_pairs=True)
    _place(exchange, contract, "bob", Side.SELL, 20, 5)
    _place(exchange, contract, "ann", Side.BUY, 20, 5)
    resting = _place(exchange, contract, "ann", Side.SELL, 60, 5)
    assert resting.closes == 5 * ONE
    _place(exchange, contract, "bob", Side.BUY, 20, 5)
    _place(exchange, contract, "ann", Side.SELL, 20, 5)
    assert (resting.closes, resting.reserved) == (0, 2 * ONE + 5 * ONE // 100)


def test_an_order_that_closes_can_be_made_to_set_its_money_aside_and_the_pair_is_paid_all_the_same() -> None:
    exchange, contract = _exchange(nets_pairs=True, closing_is_free=False)
    _place(exchange, contract, "bob", Side.SELL, 20, 5)
    _place(exchange, contract, "ann", Side.BUY, 20, 5)
    resting = _place(exchange, contract, "ann", Side.SELL, 60, 5)
    assert (resting.closes, resting.reserved) == (0, 2 * ONE + 5 * ONE // 100)
    before = exchange.accounts["ann"].cash
    exchange.take(YES, Side.BUY, 60 * CENT, 5 * ONE)
    assert exchange.accounts["ann"].cash == before - 2 * ONE + 5 * ONE


def _place(
    exchange: Exchange, contract: Contract, account: str, side: Side, cents: int, size: int, **more: Any
) -> Order:
    reference = f"r{len(exchange.orders)}"
    return exchange.place(account, contract, Leg.YES, side, cents * CENT, size * ONE, reference=reference, **more)


@given(
    st.lists(st.tuples(st.sampled_from((40, 50, 60)), st.integers(1, 3)), min_size=1, max_size=10), st.integers(1, 20)
)
def test_the_best_price_is_matched_first_and_at_one_price_the_oldest(asks: list[tuple[int, int]], size: int) -> None:
    exchange, contract = _exchange()
    exchange.accounts["ann"].cash = 100 * ONE
    resting = [_place(exchange, contract, "ann", Side.SELL, cents, n) for cents, n in asks]
    exchange.take(YES, Side.BUY, 60 * CENT, size * ONE)
    matched = {order.id: order.filled for order in resting}
    left = size * ONE
    for order in sorted(resting, key=lambda order: order.price):
        assert matched[order.id] == min(order.size, left)
        left -= matched[order.id]


def test_a_taker_meets_the_best_contract_first_and_never_pays_more_than_his_price() -> None:
    exchange, contract = _exchange()
    mirror = Contract("d", contract.market, NO, YES, contract.grid, CENT, CENT)
    exchange.add_contract(mirror)
    _place(exchange, contract, "ann", Side.SELL, 55, 2)
    _place(exchange, mirror, "bob", Side.BUY, 50, 2)  # sells YES at 0.50
    _place(exchange, contract, "ann", Side.SELL, 60, 2)
    fills = exchange.take(YES, Side.BUY, 55 * CENT, 6 * ONE)
    assert [(fill.price, fill.size) for fill in fills] == [(50 * CENT, 2 * ONE), (55 * CENT, 2 * ONE)]


def test_a_taker_of_part_takes_that_part_exactly() -> None:
    exchange, contract = _exchange()
    exchange.faults.set(Behaviour(fillRatio=0.29))
    _place(exchange, contract, "ann", Side.SELL, 50, 2)
    fills = exchange.take(YES, Side.BUY, 50 * CENT, ONE)
    assert [fill.size for fill in fills] == [29 * CENT]


@pytest.mark.parametrize(
    ("cents", "size", "more", "why"),
    [
        (50, 0, {}, LOT),
        (100, 1, {}, TICK),
        (50, 100, {}, FUNDS),
        (60, 1, {"post_only": True}, CROSSES),
    ],
)
def test_a_refused_order_leaves_nothing(cents: int, size: int, more: dict[str, Any], why: str) -> None:
    exchange, contract = _exchange()
    _place(exchange, contract, "bob", Side.SELL, 60, 1)
    with pytest.raises(Rejection) as refused:
        _place(exchange, contract, "ann", Side.BUY, cents, size, **more)
    assert refused.value.why == why
    assert exchange.open_orders("ann") == []
    assert exchange.free_cash("ann") == CASH


def test_lots_are_the_dialects_where_it_counts_them_itself() -> None:
    exchange = Exchange("kestrel", WorldClock(), checks_lots=False)
    exchange.add_account("ann", CASH)
    contract = Contract("c", MarketKey(FIXTURE, MarketId(121)), YES, NO, PriceGrid.probability(CENT), 7 * CENT, 1)
    exchange.add_contract(contract)
    placed = exchange.place("ann", contract, Leg.YES, Side.BUY, CENT, 8 * CENT, reference="eight")
    assert placed.remaining == 8 * CENT
    with pytest.raises(Rejection, match=LOT):
        exchange.place("ann", contract, Leg.YES, Side.BUY, CENT, 0, reference="none")


def test_a_reference_is_taken_once() -> None:
    exchange, contract = _exchange()
    exchange.place("ann", contract, Leg.YES, Side.BUY, CENT, ONE, reference="mine")
    with pytest.raises(Rejection, match=DUPLICATE):
        exchange.place("ann", contract, Leg.YES, Side.BUY, CENT, ONE, reference="mine")


def test_scripted_refusals_follow_the_seed() -> None:
    def refused(seed: int) -> list[bool]:
        exchange, contract = _exchange()
        exchange.faults.set(Behaviour(rejectRate=0.5, rejectReason="busy", seed=seed))
        said = []
        for _ in range(20):
            try:
                _place(exchange, contract, "ann", Side.BUY, 1, 1)
                said.append(False)
            except Rejection as refusal:
                said.append(refusal.why == SCRIPTED and str(refusal) == "busy")
        return said

    assert refused(7) == refused(7)
    assert refused(7) != refused(8)


async def test_an_order_that_waits_does_not_enter_a_closed_contract() -> None:
    exchange, contract = _exchange()
    exchange.faults.set(Behaviour(acceptDelayMs=500))
    order = _place(exchange, contract, "ann", Side.BUY, 50, 2)
    await asyncio.sleep(0)
    exchange.set_open(contract, is_open=False)
    await _pass_a_second(exchange)
    assert (order.state, order.reason) == (State.CANCELLED, CLOSED)
    assert exchange.free_cash("ann") == CASH


async def test_a_post_only_order_that_waits_does_not_cross_either() -> None:
    exchange, contract = _exchange()
    exchange.faults.set(Behaviour(acceptDelayMs=500))
    order = _place(exchange, contract, "ann", Side.BUY, 50, 2, post_only=True)
    await asyncio.sleep(0)
    exchange.faults.set(Behaviour())
    _place(exchange, contract, "bob", Side.SELL, 40, 2)
    await _pass_a_second(exchange)
    assert (order.state, order.reason, order.filled) == (State.CANCELLED, CROSSES, 0)


async def _pass_a_second(exchange: Exchange) -> None:
    exchange._clock.step_to(1_000_000_000)
    for _ in range(5):
        await asyncio.sleep(0)


def test_the_ledger_tells_stake_as_money_at_risk() -> None:
    exchange, contract = _exchange()
    _place(exchange, contract, "ann", Side.BUY, 40, 5)
    _place(exchange, contract, "bob", Side.SELL, 30, 2)
    exchange.settle(contract, SettlementStatus.WON)
    ledger = exchange.ledger()
    ann, bob = ledger["entries"]
    assert (ann["stake"], ann["matched"], ann["payout"]) == (Decimal(2), Decimal("0.8"), Decimal(2))
    assert (bob["stake"], bob["matched"], bob["payout"]) == (Decimal("1.4"), Decimal("1.2"), Decimal(0))
    assert [fill["price"] for fill in ann["fills"]] == [Decimal("0.4")]
    assert ledger["balances"]["ann"] == Decimal("7.2")


# --- fees in contracts -------------------------------------------------------------------------------------------


def _tenth(contract: Contract, price: int, size: int, *, is_maker: bool) -> int:
    return 0 if is_maker else size // 10


@pytest.mark.parametrize(
    ("result", "paid"),
    [(SettlementStatus.WON, 9 * ONE), (SettlementStatus.LOST, 0), (SettlementStatus.VOID, 4 * ONE)],
)
def test_a_purchase_whose_fee_is_contracts_costs_its_price_and_pays_for_what_is_left(
    result: SettlementStatus, paid: int
) -> None:
    exchange, contract = _exchange(withholds=_tenth)
    exchange.add_account("ann", 10 * ONE)
    exchange.rest(contract, Leg.YES, 400_000, 10 * ONE)
    order = exchange.place("ann", contract, Leg.YES, Side.BUY, 400_000, 10 * ONE, reference="a")
    assert exchange.accounts["ann"].cash == 6 * ONE
    assert exchange.free_holding("ann", contract, Leg.YES) == 9 * ONE
    (match,) = order.fills
    assert (match.fee, match.withheld, match.charged) == (0, ONE, 400_000)
    exchange.settle(contract, result)
    assert exchange.accounts["ann"].cash == 6 * ONE + paid


def test_a_sale_pays_its_fee_in_money_where_purchases_pay_in_contracts() -> None:
    exchange, contract = _exchange(withholds=_tenth)
    exchange.add_account("ann", 10 * ONE)
    exchange.place("ann", contract, Leg.YES, Side.BUY, 400_000, 10 * ONE, reference="a")
    exchange.take(YES, Side.SELL, 400_000, 10 * ONE)
    exchange.place("bob", contract, Leg.YES, Side.BUY, 500_000, 10 * ONE, reference="b")
    exchange.place("ann", contract, Leg.YES, Side.SELL, 500_000, 10 * ONE, reference="c", needs_holding=True)
    assert exchange.accounts["ann"].cash == 6 * ONE + 5 * ONE - ONE // 10
