"""No two quotes of a deployment trade with each other."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.ids import OutcomeId, VenueSlug
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO, Micros
from hedgerow.core.states import OrderStatus, Side
from hedgerow.mm.crossing import OwnBooks, meets
from hedgerow.mm.orders import Order, Pending, Slot
from hedgerow.venues.base import Instrument

from .marketkit import AWAY, HOME, market_of

CENT = 10_000
YES = Instrument(VenueSlug("polymarket"), "yes", "match", PriceGrid.probability(CENT))
NO = replace(YES, ref="no")
CENTS = st.integers(1, 99)


def _order(instrument: Instrument, side: Side, cents: int) -> Order:
    order = Order(1, "ref", instrument, side, Micros(cents * CENT), Micros(MICRO), 0)
    order.pending = Pending.NOTHING
    return order


@given(CENTS, CENTS)
def test_bid_meets_an_ask_at_or_below_it_and_the_other_way_round(bid: int, ask: int) -> None:
    assert meets(YES, Side.BUY, bid * CENT, _order(YES, Side.SELL, ask)) == (bid >= ask)
    assert meets(YES, Side.SELL, ask * CENT, _order(YES, Side.BUY, bid)) == (bid >= ask)


@given(CENTS, CENTS)
def test_bids_for_opposite_contracts_meet_as_a_bid_and_an_ask_for_one_would(one: int, other: int) -> None:
    ask = _order(YES, Side.SELL, 100 - other)
    assert meets(YES, Side.BUY, one * CENT, _order(NO, Side.BUY, other)) == meets(YES, Side.BUY, one * CENT, ask)


@given(CENTS, CENTS)
def test_asks_for_two_contracts_and_a_bid_for_one_and_an_ask_for_the_other_never_meet(one: int, other: int) -> None:
    """Two of three results are sold for less than 1 together all the time."""
    for side, others in ((Side.SELL, Side.SELL), (Side.BUY, Side.SELL), (Side.SELL, Side.BUY)):
        assert not meets(YES, side, one * CENT, _order(NO, others, other))


@given(CENTS, CENTS)
def test_orders_on_the_same_side_of_one_contract_never_meet(one: int, other: int) -> None:
    for side in Side:
        assert not meets(YES, side, one * CENT, _order(YES, side, other))


def test_price_that_an_amendment_under_way_asks_for_counts_beside_the_old_one() -> None:
    order = _order(YES, Side.BUY, 40)
    order.asked_price = 48 * CENT
    assert not meets(YES, Side.SELL, 47 * CENT, order)  # answered: it rests at its price
    for pending in (Pending.AMEND, Pending.LOOKUP):
        order.pending = pending
        assert meets(YES, Side.SELL, 47 * CENT, order)
        assert meets(YES, Side.SELL, 40 * CENT, order)


# --- books ---------------------------------------------------------------------------------------------------------


def _slot(instrument: Instrument, side: Side, *orders: Order) -> Slot:
    slot = Slot(instrument, side, OutcomeId(1))
    slot.leaving = list(orders)
    return slot


def _books(*slots: Slot) -> OwnBooks:
    books = OwnBooks()
    for slot in slots:
        books.add(slot)
    return books


def test_quote_is_held_against_every_live_order_of_its_market_at_the_exchange() -> None:
    ask = _order(YES, Side.SELL, 50)
    bid, other = _slot(YES, Side.BUY), _slot(YES, Side.SELL, ask)
    books = _books(bid, other)
    assert (books.would_meet(bid, 50 * CENT), books.would_meet(bid, 49 * CENT)) == (True, False)
    ask.move_to(OrderStatus.FAILED, 1)
    assert not books.would_meet(bid, 50 * CENT)


def test_order_of_another_market_or_exchange_is_not_met() -> None:
    bid = _slot(YES, Side.BUY)
    elsewhere = [replace(YES, market_ref="another"), replace(YES, venue=VenueSlug("kalshi"))]
    books = _books(bid, *(_slot(at, Side.SELL, _order(at, Side.SELL, 50)) for at in elsewhere))
    assert not books.would_meet(bid, 99 * CENT)


def test_order_of_a_market_that_was_dropped_is_not_met() -> None:
    bid, other = _slot(YES, Side.BUY), _slot(YES, Side.SELL, _order(YES, Side.SELL, 50))
    books = _books(bid, other)
    books.drop(other, market_of("moneyline", HOME, AWAY))
    assert not books.would_meet(bid, 50 * CENT)


def test_markets_that_wait_for_a_book_have_their_turn_once_first_come_first() -> None:
    first, second = market_of("moneyline", HOME, AWAY), market_of("moneyline", HOME, AWAY)
    yes, no = _slot(YES, Side.BUY), _slot(NO, Side.BUY)
    books = _books(yes, no)
    for market in (first, second, first):
        books.wait(yes, market)
    assert list(books.take_waiting(no)) == [first, second]  # the other contract of the same market
    assert list(books.take_waiting(yes)) == []


def test_market_that_was_dropped_waits_no_more() -> None:
    market, yes = market_of("moneyline", HOME, AWAY), _slot(YES, Side.BUY)
    books = _books(yes)
    books.wait(yes, market)
    books.drop(yes, market)
    assert list(books.take_waiting(yes)) == []
