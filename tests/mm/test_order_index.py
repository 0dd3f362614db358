"""Orders are found under each of their names for as long as a fill of theirs may come."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hedgerow.core.ids import OutcomeId
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.states import OrderStatus, Side
from hedgerow.mm import order_index
from hedgerow.mm.order_index import OrderIndex
from hedgerow.mm.orders import Order, Slot, Stakes

from .lanekit import INSTRUMENT, order_of, slot_on


def index_of(*orders: Order) -> OrderIndex:
    index = OrderIndex(Stakes())
    for order in orders:
        index.add(order)
    return index


def end(order: Order) -> None:
    order.move_to(OrderStatus.CANCELLED, 1)


def test_order_is_found_by_its_number_and_by_either_reference() -> None:
    order = order_of(1, "v-1")
    index = index_of(order)
    assert index.by_number == {1: order}
    assert index.find("v-1", None) is order
    assert index.find(None, "ref-1") is order
    assert index.find("v-2", "ref-2") is None
    assert index.find(None, None) is None


def test_exchanges_name_decides_where_both_are_given() -> None:
    first, second = order_of(1, "v-1"), order_of(2, "v-2")
    assert index_of(first, second).find("v-1", "ref-2") is first


def test_our_reference_is_enough_where_the_exchanges_name_is_new() -> None:
    order = order_of(1)
    assert index_of(order).find("v-1", "ref-1") is order


def test_named_order_is_found_under_the_name() -> None:
    order = order_of(1)
    index = index_of(order)
    index.name(order, "v-1")
    assert (order.venue_ref, index.find("v-1", None)) == ("v-1", order)


def test_ended_order_is_live_no_more_and_still_found() -> None:
    order, other = order_of(1, "v-1"), order_of(2, "v-2")
    index = index_of(order, other)
    end(order)
    assert index.live() == [other]
    assert index.find("v-1", None) is order


def test_only_so_many_ended_orders_are_kept_the_oldest_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_index, "ENDED_KEPT", 2)
    orders = [order_of(number, f"v-{number}") for number in range(3)]
    index = index_of(*orders)
    for order in orders:
        end(order)
        assert index.live() == [other for other in orders if other.is_live]
    assert list(index.by_number) == [1, 2]
    assert index.find("v-0", "ref-0") is None
    assert index.find("v-1", None) is orders[1]


def test_order_that_proves_to_rest_after_its_end_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_index, "ENDED_KEPT", 1)
    back, other = order_of(1, "v-1", OrderStatus.PENDING_PLACEMENT), order_of(2, "v-2")
    index = index_of(back, other)
    back.move_to(OrderStatus.FAILED, 1)
    assert index.live() == [other]
    back.move_to(OrderStatus.PLACED, 2)
    end(other)
    index.live()
    assert index.live() == [back]
    assert index.find("v-1", "ref-1") is back


def test_order_counts_in_the_accounts_stake_and_in_its_slots() -> None:
    account, outcome = Stakes(), Stakes()
    index, order = OrderIndex(account), order_of(1)
    slot = slot_on()
    slot.stakes = (outcome,)
    index.add_slot(slot)
    index.add(order)
    assert (account.open, outcome.open) == (900_000, 900_000)
    end(order)
    assert (account.open, outcome.open) == (0, 0)


def test_order_on_what_nobody_quotes_counts_in_the_accounts_stake_alone() -> None:
    account, order = Stakes(), order_of(1)
    index = OrderIndex(account)
    index.add(order)
    assert (account.open, index.slot_of(order)) == (900_000, None)


def test_slot_that_is_there_stays() -> None:
    index, slot = index_of(), slot_on()
    assert index.add_slot(slot) is slot
    assert index.add_slot(slot_on()) is slot
    assert index.slot_of(order_of(1)) is slot
    assert index.slots == {(INSTRUMENT.ref, Side.BUY.value): slot}


def test_slots_of_both_sides_are_two() -> None:
    index = index_of()
    assert index.add_slot(slot_on(Side.BUY)) is not index.add_slot(slot_on(Side.SELL))


def test_restored_order_takes_its_place_and_a_second_one_is_to_leave() -> None:
    index, first, second = index_of(), order_of(1), order_of(2)
    slot = index.add_slot(slot_on())
    for order in (first, second):
        index.restore(order)
    assert (slot.order, slot.leaving) == (first, [second])
    assert index.live() == [first, second]


def test_restored_order_without_a_slot_is_known() -> None:
    index, order = index_of(), order_of(1, "v-1")
    index.restore(order)
    assert index.find("v-1", None) is order


def test_relisted_contract_is_taken_over_by_its_slots_and_their_orders() -> None:
    index, order = index_of(), order_of(1)
    slot, other = index.add_slot(slot_on()), index.add_slot(slot_on(Side.SELL))
    index.restore(order)
    finer = replace(INSTRUMENT, grid=PriceGrid.probability(1_000))
    assert index.relist(finer, is_open=False) == [slot, other]
    assert [(s.instrument, s.is_open, s.is_listed) for s in (slot, other)] == [(finer, False, True)] * 2
    assert index.instruments == {INSTRUMENT.ref: finer}
    assert order.instrument is finer


def test_contract_that_nobody_quotes_is_not_taken_over() -> None:
    index, slot = index_of(), Slot(replace(INSTRUMENT, ref="other"), Side.BUY, OutcomeId(1))
    index.add_slot(slot)
    assert index.relist(INSTRUMENT, is_open=True) == []
    assert list(index.instruments) == ["other"]
