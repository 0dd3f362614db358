"""Amended, renamed and expiring orders of the simulated exchange."""

from __future__ import annotations

import asyncio

import pytest

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.ids import FixtureId, MarketId, MarketKey, OutcomeId, OutcomeKey
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO
from hedgerow.core.states import Side
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.order_events import EventKind, LevelEvent, OrderEvent
from hedgerow.sim.orders import DUPLICATE, FUNDS, LOT, TICK, Contract, Leg, Order, Rejection, State

FIXTURE = FixtureId("id1200231461061419")
CENT, ONE = 10_000, MICRO


class Scene:
    """One contract, two accounts, a clock that stands."""

    def __init__(self) -> None:
        self.clock = WorldClock()
        self.clock.run_stepped(NS_PER_S)
        self.exchange = Exchange("test", self.clock, nets_pairs=True)
        for name in ("ann", "bob"):
            self.exchange.add_account(name, 10 * MICRO)
        self.contract = Contract(
            "C",
            MarketKey(FIXTURE, MarketId(121)),
            OutcomeKey(FIXTURE, OutcomeId(121)),
            OutcomeKey(FIXTURE, OutcomeId(122)),
            PriceGrid.probability(CENT),
            CENT,
            CENT,
        )
        self.exchange.add_contract(self.contract)
        self.numbers = iter(range(100))

    def place(self, account: str, side: Side, price: int, size: int, **more: int) -> Order:
        return self.exchange.place(
            account, self.contract, Leg.YES, side, price, size, reference=f"r{next(self.numbers)}", **more
        )

    def levels(self, *, is_bid: bool) -> list[tuple[int, int]]:
        return self.exchange.book(self.contract).levels(is_bid)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_smaller_size_keeps_the_place_in_the_queue(scene: Scene) -> None:
    first = scene.place("ann", Side.BUY, 40 * CENT, 5 * ONE)
    scene.place("bob", Side.BUY, 40 * CENT, 5 * ONE)
    scene.exchange.amend(first, 40 * CENT, 2 * ONE)
    scene.place("bob", Side.SELL, 40 * CENT, 2 * ONE)
    assert first.filled == 2 * ONE


def test_another_price_loses_the_place_in_the_queue(scene: Scene) -> None:
    first = scene.place("ann", Side.BUY, 39 * CENT, 5 * ONE)
    second = scene.place("ann", Side.BUY, 40 * CENT, 5 * ONE)
    scene.exchange.amend(first, 40 * CENT, 5 * ONE)
    scene.place("bob", Side.SELL, 40 * CENT, ONE)
    assert (first.filled, second.filled) == (0, ONE)


def test_an_order_may_be_moved_that_uses_all_the_money(scene: Scene) -> None:
    order = scene.place("ann", Side.BUY, 40 * CENT, 20 * ONE)
    scene.exchange.amend(order, 41 * CENT, 20 * ONE)
    assert scene.levels(is_bid=True) == [(41 * CENT, 20 * ONE)]


def test_an_order_that_cannot_be_paid_stays_as_it_was(scene: Scene) -> None:
    order = scene.place("ann", Side.BUY, 40 * CENT, 20 * ONE)
    with pytest.raises(Rejection, match=FUNDS):
        scene.exchange.amend(order, 60 * CENT, 20 * ONE)
    assert scene.levels(is_bid=True) == [(40 * CENT, 20 * ONE)]


@pytest.mark.parametrize(("price", "size", "why"), [(405_000, ONE, TICK), (40 * CENT, 15_000, LOT), (0, ONE, TICK)])
def test_an_amend_is_held_to_the_grid_and_the_lot(scene: Scene, price: int, size: int, why: str) -> None:
    order = scene.place("ann", Side.BUY, 40 * CENT, 2 * ONE)
    with pytest.raises(Rejection, match=why):
        scene.exchange.amend(order, price, size)


def test_the_size_that_is_filled_ends_the_order_and_its_level(scene: Scene) -> None:
    order = scene.place("ann", Side.BUY, 40 * CENT, 5 * ONE)
    scene.place("bob", Side.SELL, 40 * CENT, 2 * ONE)
    scene.exchange.amend(order, 40 * CENT, 2 * ONE)
    assert order.state is State.CANCELLED
    assert scene.levels(is_bid=True) == []


def test_a_level_change_names_the_order_behind_it(scene: Scene) -> None:
    seen: list[LevelEvent] = []
    scene.exchange.on_event(lambda event: seen.append(event) if isinstance(event, LevelEvent) else None)
    maker = scene.place("ann", Side.BUY, 40 * CENT, 5 * ONE)
    scene.place("bob", Side.SELL, 40 * CENT, 2 * ONE)
    assert [(event.cause, event.difference) for event in seen] == [(maker, 5 * ONE), (maker, -2 * ONE)]


def test_a_renamed_order_is_found_by_both_names_and_frees_neither(scene: Scene) -> None:
    order, other = scene.place("ann", Side.BUY, 40 * CENT, ONE), scene.place("ann", Side.BUY, 40 * CENT, ONE)
    scene.exchange.rename(order, "new")
    assert scene.exchange.find("ann", "new") is scene.exchange.find("ann", "r0") is order
    with pytest.raises(Rejection, match=DUPLICATE):
        scene.exchange.rename(other, "r0")


async def test_a_later_expiry_replaces_the_earlier_one(scene: Scene) -> None:
    order = scene.place("ann", Side.BUY, 40 * CENT, ONE, expires_ms=2_000)
    scene.exchange.expire_at(order, 5_000)
    await settle(scene, 3 * NS_PER_S)
    assert order.state is State.OPEN
    await settle(scene, 5 * NS_PER_S)
    assert (order.state, order.reason) == (State.CANCELLED, "expired")


def test_an_expiry_in_the_past_ends_what_did_not_match_at_once(scene: Scene) -> None:
    scene.place("bob", Side.SELL, 40 * CENT, ONE)
    order = scene.place("ann", Side.BUY, 40 * CENT, 3 * ONE, expires_ms=500)
    assert (order.state, order.filled) == (State.CANCELLED, ONE)


def test_an_amended_order_is_told_as_changed(scene: Scene) -> None:
    order = scene.place("ann", Side.BUY, 40 * CENT, 2 * ONE)
    kinds: list[EventKind] = []
    scene.exchange.on_event(lambda event: kinds.append(event.kind) if isinstance(event, OrderEvent) else None)
    scene.exchange.amend(order, 41 * CENT, 3 * ONE)
    assert kinds == [EventKind.CHANGED]


async def settle(scene: Scene, now_ns: int) -> None:
    """Steps the clock and lets those who wake act."""
    for _ in range(3):
        await asyncio.sleep(0)
    scene.clock.step_to(now_ns)
    for _ in range(3):
        await asyncio.sleep(0)
