"""Whose order is whose, at a venue that keeps no reference of ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from hedgerow.core.clock import SteppedClock
from hedgerow.core.money import Micros
from hedgerow.core.states import Side
from hedgerow.venues.base import NewQuote
from hedgerow.venues.polymarket_us import wire
from hedgerow.venues.polymarket_us.ownership import Ownership
from hedgerow.venues.reading import read

from .conftest import ORDER_ID, Makes

Quotes = Callable[..., NewQuote]


def seen(message: dict[str, Any]) -> wire.Order:
    return read(wire.Order, json.dumps(message).encode())


def execution(order: wire.Order) -> wire.Execution:
    return wire.Execution(order, "EXECUTION_TYPE_NEW")


def test_what_is_told_before_the_answer_waits_for_it(ownership: Ownership, quote: Quotes, order: Makes) -> None:
    ownership.leaves(quote())
    told = execution(seen(order()))
    assert ownership.hold(told)
    assert ownership.release() == []  # the answer is still awaited
    ownership.named("quote-1", ORDER_ID)
    assert ownership.release() == [told]
    assert ownership.sent.ref_of(ORDER_ID) == "quote-1"
    assert not ownership.hold(told)


def test_orders_of_other_markets_do_not_wait(ownership: Ownership, quote: Quotes, order: Makes) -> None:
    ownership.leaves(quote())
    assert not ownership.hold(execution(seen(order(marketSlug="aec-nfl-ari-lv-2026-11-22"))))


def test_what_waits_is_bounded(ownership: Ownership, quote: Quotes, order: Makes) -> None:
    ownership.leaves(quote())
    held = [ownership.hold(execution(seen(order(id=f"ORDER{number}")))) for number in range(2_001)]
    assert (held.count(True), held[-1]) == (2_000, False)


def test_an_order_that_lost_its_answer_is_known_by_its_looks(ownership: Ownership, quote: Quotes, order: Makes) -> None:
    ownership.leaves(quote())
    ownership.lost("quote-1")
    ownership.recognise(seen(order()))
    assert ownership.name_of("quote-1") == ORDER_ID


@pytest.mark.parametrize(
    "other",
    [
        {"marketSlug": "aec-nfl-ari-lv-2026-11-22"},
        {"intent": "ORDER_INTENT_BUY_SHORT"},
        {"price": {"value": "0.56", "currency": "USD"}},
        {"quantity": 10.01},
        {"createTime": "2026-11-21T11:59:00Z"},
        {"createTime": "2026-11-21T12:02:00Z"},
    ],
)
def test_another_order_is_not_taken_for_it(ownership: Ownership, quote: Quotes, order: Makes, other: Any) -> None:
    ownership.leaves(quote())
    ownership.lost("quote-1")
    ownership.recognise(seen(order(**other)))
    assert ownership.name_of("quote-1") is None
    assert ownership.unclaimed([seen(order(**other))], "quote-1") == []


def test_a_list_that_is_faster_than_the_answer_tells_whose_the_order_is(
    ownership: Ownership, quote: Quotes, order: Makes
) -> None:
    ownership.leaves(quote())
    assert ownership.reference_of(seen(order())) == "quote-1"
    assert ownership.reference_of(seen(order(quantity=11))) is None
    assert ownership.name_of("quote-1") is None  # only the answer names it
    ownership.leaves(quote("quote-2"))
    assert ownership.reference_of(seen(order())) is None


def test_two_alike_are_not_told_apart(ownership: Ownership, quote: Quotes, order: Makes) -> None:
    for name in ("quote-1", "quote-2"):
        ownership.leaves(quote(name))
        ownership.lost(name)
    ownership.recognise(seen(order()))
    assert (ownership.name_of("quote-1"), ownership.name_of("quote-2")) == (None, None)


def test_an_order_of_another_reference_is_no_candidate(ownership: Ownership, quote: Quotes, order: Makes) -> None:
    ownership.leaves(quote("quote-2"))
    ownership.named("quote-2", ORDER_ID)
    ownership.leaves(quote())
    ownership.lost("quote-1")
    both = [seen(order()), seen(order(id="ANOTHER")), seen(order(id="ANOTHER"))]
    assert [found.id for found in ownership.unclaimed(both, "quote-1")] == ["ANOTHER"]


def test_a_quote_of_an_earlier_run_is_looked_for_further_back(clock: SteppedClock, quote: Quotes, order: Makes) -> None:
    restarted = Ownership(clock)
    clock.advance(3_600)
    assert restarted.unclaimed([seen(order())], "quote-1")  # nothing but a reference: anything may be it
    restarted.asked_for(quote())
    assert restarted.unclaimed([seen(order())], "quote-1")
    restarted.asked_for(replace(quote("quote-2"), side=Side.SELL))
    assert not restarted.unclaimed([seen(order())], "quote-2")
    restarted.asked_for(quote("quote-3", price=Micros(560_000)))
    assert not restarted.unclaimed([seen(order())], "quote-3")
