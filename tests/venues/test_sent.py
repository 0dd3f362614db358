"""What is remembered of sent orders."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from hedgerow.core.ids import VenueSlug
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import Micros
from hedgerow.core.states import OrderStatus, Side
from hedgerow.venues.base import Instrument, NewQuote, OrderState
from hedgerow.venues.sent import SentOrders

Quotes = Callable[[str], NewQuote]


@pytest.fixture
def quote() -> Quotes:
    """A bid for 10 at 0.52 under a reference."""
    instrument = Instrument(VenueSlug("anywhere"), "1", "market", PriceGrid.probability(10_000))
    return lambda ref: NewQuote(ref, instrument, Side.BUY, Micros(520_000), Micros(10_000_000))


def state(status: OrderStatus, filled: int = 0, order_id: str = "a") -> OrderState:
    size = Micros(10)
    return OrderState(order_id, "ref", "token", Side.BUY, Micros(1), size, Micros(filled), status, 0)


def test_order_is_known_both_ways(quote: Quotes) -> None:
    sent = SentOrders()
    sent.add("a", quote("ref"), 5)
    assert (sent.ref_of("a"), sent.id_of("ref")) == ("ref", "a")
    assert (sent.ref_of("b"), sent.id_of("other"), sent.id_of(None), sent.get(None)) == (None,) * 4


def test_reference_leads_to_the_order_that_was_sent_last(quote: Quotes) -> None:
    sent = SentOrders()
    sent.add("a", quote("ref"), 5)
    sent.add("b", quote("ref"), 6)
    assert sent.id_of("ref") == "b"
    assert sent.ref_of("a") == "ref"


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        (state(OrderStatus.PLACED), state(OrderStatus.PLACED, 4), "after"),
        (state(OrderStatus.PLACED, 4), state(OrderStatus.PLACED), "before"),
        (state(OrderStatus.FILLED, 10), state(OrderStatus.PLACED), "before"),
        (state(OrderStatus.PLACED), state(OrderStatus.PENDING_PLACEMENT), "before"),
        (state(OrderStatus.PENDING_PLACEMENT), state(OrderStatus.PLACED), "after"),
        (state(OrderStatus.CANCELLED, 4), state(OrderStatus.FILLED, 10), "after"),
        (state(OrderStatus.CANCELLED, 4), state(OrderStatus.PLACED, 4), "before"),
    ],
)
def test_answer_that_was_overtaken_takes_nothing_back(
    quote: Quotes, before: OrderState, after: OrderState, kept: str
) -> None:
    sent = SentOrders()
    sent.add("a", quote("ref"), 0)
    assert sent.told(before) == before
    assert sent.told(after) == {"before": before, "after": after}[kept]


def test_state_of_a_stranger_is_handed_back() -> None:
    stranger = state(OrderStatus.PLACED, order_id="b")
    sent = SentOrders()
    assert sent.told(stranger) == stranger
    assert sent.get("b") is None


def test_eldest_that_has_ended_is_forgotten_first(quote: Quotes) -> None:
    sent = SentOrders(limit=2)
    sent.add("a", quote("ref-a"), 0)
    sent.add("b", quote("ref-b"), 0)
    sent.told(dataclasses.replace(state(OrderStatus.CANCELLED), venue_ref="b"))
    sent.add("c", quote("ref-c"), 0)
    assert [sent.ref_of(order) for order in "abc"] == ["ref-a", None, "ref-c"]
    assert sent.id_of("ref-b") is None


def test_memory_is_bounded_when_all_rest(quote: Quotes) -> None:
    sent = SentOrders(limit=3)
    for number in range(10):
        sent.add(str(number), quote(f"ref-{number}"), 0)
    assert [number for number in range(10) if sent.get(str(number))] == [7, 8, 9]
