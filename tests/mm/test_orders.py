"""Slots and orders: the newest intent wins, doubt stops, fills always count."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hedgerow.core.ids import OutcomeId, VenueSlug
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO, Micros
from hedgerow.core.odds_grid import OddsGrid
from hedgerow.core.states import OrderStatus, Side
from hedgerow.mm.orders import MOST_LEAVING, Act, Command, Order, Pending, Slot, Stakes, apply_state, stake_of
from hedgerow.mm.quoting import Wanted
from hedgerow.venues.base import Instrument, OrderState

CENT = 10_000
INSTRUMENT = Instrument(VenueSlug("kalshi"), "T-1", "M-1", PriceGrid.probability(CENT))


def _wanted(price: int, size: int = 100) -> Wanted:
    return Wanted(Micros(price * CENT), Micros(size * MICRO), Micros(size * MICRO))


def _order(number: int = 1, price: int = 45, size: int = 100) -> Order:
    return Order(number, f"ref-{number}", INSTRUMENT, Side.BUY, Micros(price * CENT), Micros(size * MICRO), 0)


def _state(order: Order, status: OrderStatus, filled: int = 0) -> OrderState:
    return OrderState(
        f"v-{order.order_id}",
        order.client_ref,
        INSTRUMENT.ref,
        order.side,
        order.price,
        order.size,
        Micros(filled * MICRO),
        status,
        1,
    )


def _slot() -> Slot:
    return Slot(INSTRUMENT, Side.BUY, OutcomeId(121))


def _working_slot() -> tuple[Slot, Order]:
    slot, order = _slot(), _order()
    slot.begin(Command(Act.PLACE), order)
    order.pending = Pending.NOTHING
    apply_state(order, _state(order, OrderStatus.PLACED), 1)
    return slot, order


def _next(slot: Slot, *, amends: bool = False) -> Command | None:
    return slot.next_command(amends=amends, hysteresis=0)


def test_nothing_is_sent_while_a_placement_is_under_way() -> None:
    slot, order = _slot(), _order()
    slot.wanted = _wanted(45)
    slot.begin(Command(Act.PLACE), order)
    slot.wanted = _wanted(40)
    assert _next(slot) is None


def test_newest_intent_is_acted_on_when_the_answer_comes() -> None:
    slot, _ = _working_slot()
    slot.wanted = _wanted(40)
    command = _next(slot, amends=True)
    assert command is not None
    assert (command.act, command.price) == (Act.AMEND, 40 * CENT)


def test_a_cancel_of_ours_keeps_its_reason_when_the_stream_tells_its_end_first() -> None:
    slot, order = _working_slot()
    order.reason = "the odds are suspended"
    slot.begin(Command(Act.CANCEL, order), order)
    apply_state(order, replace(_state(order, OrderStatus.CANCELLED), reason="CANCELED"), 2)
    assert (order.status, order.reason) == (OrderStatus.CANCELLED, "the odds are suspended")


def test_bid_above_what_is_wanted_is_too_generous() -> None:
    slot, order = _working_slot()
    slot.wanted = _wanted(40)
    assert slot.is_too_generous(order)
    slot.wanted = _wanted(50)
    assert not slot.is_too_generous(order)


def test_amended_size_counts_what_was_filled() -> None:
    slot, order = _working_slot()
    order.fill(45 * CENT, 30 * MICRO, 0, 2)
    slot.wanted = _wanted(40, 100)
    command = _next(slot, amends=True)
    assert command is not None
    assert command.size == 130 * MICRO


def test_without_amend_the_old_order_is_cancelled_and_the_new_one_placed_at_once() -> None:
    slot, order = _working_slot()
    slot.wanted = _wanted(40)
    cancel = _next(slot)
    assert cancel is not None
    assert cancel.act is Act.CANCEL
    slot.begin(cancel, order)
    place = _next(slot)
    assert place is not None
    assert place.act is Act.PLACE


def test_third_order_is_never_sent() -> None:
    slot, order = _working_slot()
    slot.wanted = _wanted(40)
    slot.begin(Command(Act.CANCEL, order), order)
    second = _order(2, 40)
    slot.begin(Command(Act.PLACE), second)
    second.pending = Pending.NOTHING
    apply_state(second, _state(second, OrderStatus.PLACED), 2)
    slot.wanted = _wanted(35)
    assert _next(slot) is None


def test_cancel_that_could_not_be_sent_is_sent_again() -> None:
    slot, order = _working_slot()
    slot.begin(Command(Act.CANCEL, order), order)
    order.pending = Pending.NOTHING
    command = _next(slot)
    assert command is not None
    assert (command.act, command.order) == (Act.CANCEL, order)


def test_order_in_doubt_blocks_its_slot() -> None:
    slot, order = _slot(), _order()
    slot.begin(Command(Act.PLACE), order)
    order.pending = Pending.LOOKUP
    slot.wanted = None
    assert _next(slot) is None


def test_fill_on_a_cancelled_order_corrects_it() -> None:
    _, order = _working_slot()
    apply_state(order, _state(order, OrderStatus.CANCELLED), 2)
    order.fill(45 * CENT, 100 * MICRO, 0, 3)
    assert order.status is OrderStatus.FILLED
    assert order.matched_stake == 45 * MICRO


def test_order_that_rests_has_no_reason_left_from_a_question() -> None:
    _, order = _working_slot()
    order.reason = "not found"
    apply_state(order, _state(order, OrderStatus.PLACED), 2)
    assert order.reason == ""
    apply_state(order, replace(_state(order, OrderStatus.CANCELLED), reason="expired"), 3)
    apply_state(order, _state(order, OrderStatus.PLACED), 4)
    assert order.reason == "expired"


def test_late_word_of_resting_does_not_revive_an_ended_order() -> None:
    _, order = _working_slot()
    apply_state(order, _state(order, OrderStatus.CANCELLED), 2)
    assert not apply_state(order, _state(order, OrderStatus.PLACED), 3)
    assert order.status is OrderStatus.CANCELLED


def test_failed_order_that_rests_after_all_is_live_again() -> None:
    order = _order()
    order.move_to(OrderStatus.FAILED, 1)
    apply_state(order, _state(order, OrderStatus.PLACED), 2)
    assert order.is_live


def test_sold_contracts_put_the_complement_at_risk() -> None:
    order = Order(1, "r", INSTRUMENT, Side.SELL, Micros(60 * CENT), Micros(10 * MICRO), 0)
    order.fill(60 * CENT, 10 * MICRO, 0, 1)
    assert (order.stake, order.matched_stake) == (4 * MICRO, 4 * MICRO)


class SlotMachine(RuleBasedStateMachine):
    """Any sequence of wishes, answers, silences and fills: never more than two orders, none lost."""

    def __init__(self) -> None:
        super().__init__()
        self.slot = _slot()
        self.sent: list[Order] = []
        self.stakes = Stakes()

    @rule(price=st.one_of(st.none(), st.integers(1, 99)), size=st.integers(1, 300))
    def want(self, price: int | None, size: int) -> None:
        self.slot.wanted = None if price is None else _wanted(price, size)

    @rule(amends=st.booleans())
    def act(self, amends: bool) -> None:
        while (command := self.slot.next_command(amends=amends, hysteresis=0)) is not None:
            order = command.order
            if order is None:
                order = Order(
                    len(self.sent) + 1,
                    f"ref-{len(self.sent) + 1}",
                    INSTRUMENT,
                    Side.BUY,
                    Micros(command.price),
                    Micros(command.size),
                    0,
                )
                self.sent.append(order)
                order.count_in((self.stakes,))
            self.slot.begin(command, order)

    @precondition(lambda self: any(o.pending is not Pending.NOTHING for o in self.sent))
    @rule(data=st.data(), answer=st.sampled_from(["done", "refused", "lost"]))
    def answer(self, data: st.DataObject, answer: str) -> None:
        order = data.draw(st.sampled_from([o for o in self.sent if o.pending is not Pending.NOTHING]))
        pending = order.pending
        if answer == "lost" and pending is not Pending.LOOKUP:
            order.pending = Pending.LOOKUP
            return
        order.pending = Pending.NOTHING
        if not order.is_live:
            return
        if pending is Pending.CANCEL and answer == "done":
            apply_state(order, _state(order, OrderStatus.CANCELLED), 1)
        elif pending is Pending.PLACE and answer == "refused":
            order.move_to(OrderStatus.FAILED, 1)
        elif order.status is OrderStatus.PENDING_PLACEMENT:
            apply_state(order, _state(order, OrderStatus.PLACED), 1)

    @precondition(lambda self: any(o.status is OrderStatus.PLACED for o in self.sent))
    @rule(data=st.data(), price=st.integers(1, 99), more=st.integers(1, 300))
    def move(self, data: st.DataObject, price: int, more: int) -> None:
        order = data.draw(st.sampled_from([o for o in self.sent if o.status is OrderStatus.PLACED]))
        told = _state(order, OrderStatus.PLACED)
        size = Micros(order.filled + more * MICRO)
        apply_state(order, replace(told, price=Micros(price * CENT), size=size), 1)

    @precondition(lambda self: bool(self.sent))
    @rule(data=st.data(), part=st.integers(1, 100))
    def fill(self, data: st.DataObject, part: int) -> None:
        order = data.draw(st.sampled_from(self.sent))
        size = min(order.remaining, order.size * part // 100 // CENT * CENT)
        if size and order.status is not OrderStatus.FAILED:
            order.fill(order.price, size, 0, 2)

    @invariant()
    def never_more_than_two_live_orders(self) -> None:
        assert sum(order.is_live for order in self.sent) <= 1 + MOST_LEAVING

    @invariant()
    def every_live_order_is_held(self) -> None:
        held = self.slot.orders
        assert all(order in held for order in self.sent if order.is_live)

    @invariant()
    def open_stakes_add_up(self) -> None:
        live = [order for order in self.sent if order.is_live]
        at_risk = [stake_of(order.side, order.price, order.remaining, INSTRUMENT.grid) for order in live]
        assert self.stakes.open == sum(order.open_stake for order in self.sent) == sum(at_risk)


SlotMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
TestSlotMachine = SlotMachine.TestCase


def test_order_that_is_counted_in_anew_leaves_the_sums_that_it_was_in() -> None:
    _, order = _working_slot()
    first, second = Stakes(), Stakes()
    order.count_in((first,))
    order.count_in((first, second))
    assert (first.open, second.open) == (order.open_stake, order.open_stake)
    order.move_to(OrderStatus.CANCELLED, 2)
    assert (first.open, second.open) == (0, 0)


def test_order_on_a_contract_that_is_listed_otherwise_is_at_the_risk_of_its_new_grid() -> None:
    _, order = _working_slot()
    stakes = Stakes()
    order.count_in((stakes,))
    rungs = OddsGrid([2_222_222])
    order.relist(replace(INSTRUMENT, grid=rungs))
    at_risk = stake_of(order.side, order.price, order.remaining, rungs)
    assert at_risk != stake_of(order.side, order.price, order.remaining, INSTRUMENT.grid)
    assert (order.open_stake, stakes.open) == (at_risk, at_risk)


def test_fill_that_was_taken_back_is_gone_from_the_order_and_does_not_rest_again() -> None:
    _, order = _working_slot()
    stakes = Stakes()
    order.count_in((stakes,))
    order.fill(45 * CENT, 40 * MICRO, 1_000, 2)
    order.take_back(45 * CENT, 40 * MICRO, 1_000)
    assert (order.filled, order.spent, order.fees, order.matched_stake) == (0, 0, 0, 0)
    assert (order.remaining, stakes.open) == (60 * MICRO, 27 * MICRO)


def test_fill_that_was_taken_back_leaves_an_ended_order_ended() -> None:
    _, order = _working_slot()
    order.fill(45 * CENT, 100 * MICRO, 0, 2)
    order.take_back(45 * CENT, 100 * MICRO, 0)
    assert (order.status, order.filled, order.size) == (OrderStatus.FILLED, 0, 100 * MICRO)
