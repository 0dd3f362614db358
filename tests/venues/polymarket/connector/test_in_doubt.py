"""Orders whose answer was lost, and what finds them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.clock import SteppedClock
from hedgerow.core.errors import CannotTell, InDoubt, Unavailable
from hedgerow.core.money import micros
from hedgerow.core.states import OrderStatus
from hedgerow.venues.base import (
    Exchange,
    OrderRef,
)

from .script import Events, Quotes, Until, page, resting, trade


@pytest.fixture
async def doubt(exchange: Exchange, venue: Any, quote: Quotes, lost: Any) -> OrderRef:
    """Of an order whose answer was lost."""
    venue.answer("POST /order", lost)
    with pytest.raises(InDoubt):
        await exchange.place(quote())
    return exchange.ref_of(quote())


async def test_order_in_doubt_that_rests_is_found(exchange: Exchange, venue: Any, doubt: OrderRef) -> None:
    venue.answer(f"GET /data/order/{doubt.venue_ref}", resting(doubt.venue_ref, size_matched="4"))
    found = await exchange.find_order(doubt)
    assert found is not None
    assert (found.status, found.filled, found.client_ref) == (OrderStatus.PLACED, 4_000_000, doubt.client_ref)


@pytest.mark.parametrize(
    ("size", "status"), [("10", OrderStatus.FILLED), ("4", OrderStatus.CANCELLED), ("9.995", OrderStatus.FILLED)]
)
async def test_order_in_doubt_that_traded_is_found_by_its_trades(
    exchange: Exchange, venue: Any, doubt: OrderRef, size: str, status: OrderStatus
) -> None:
    venue.answer("GET /data/trades", page(trade(doubt.venue_ref, size)))
    found = await exchange.find_order(doubt)
    assert found is not None
    assert (found.status, found.filled, found.size) == (status, micros(Decimal(size)), 10_000_000)


async def test_order_whose_only_trade_failed_has_ended_with_nothing(
    exchange: Exchange, venue: Any, doubt: OrderRef, events: Events, until: Until
) -> None:
    told = {"event_type": "order", "type": "UPDATE", **resting(doubt.venue_ref, size_matched="10", status="MATCHED")}
    await venue.channels["/ws/user"].push(told)
    await until(lambda: events)
    venue.answer("GET /data/trades", page(trade(doubt.venue_ref, status="TRADE_STATUS_FAILED")))
    found = await exchange.find_order(doubt)
    assert found is not None
    assert (found.status, found.filled, found.size) == (OrderStatus.CANCELLED, 0, 10_000_000)


@pytest.mark.parametrize("answer", [None, {"error": "order not found"}])
async def test_absence_proves_nothing_until_the_order_can_no_longer_arrive(
    exchange: Exchange, venue: Any, doubt: OrderRef, clock: SteppedClock, answer: Any
) -> None:
    venue.answer(f"GET /data/order/{doubt.venue_ref}", answer, status=200 if answer is None else 404)
    with pytest.raises(CannotTell):
        await exchange.find_order(doubt)
    clock.advance(59)
    with pytest.raises(CannotTell):
        await exchange.find_order(doubt)
    clock.advance(1)
    assert await exchange.find_order(doubt) is None


async def test_order_of_an_earlier_process_is_waited_for_from_the_first_question(
    exchange: Exchange, quote: Quotes, clock: SteppedClock
) -> None:
    ref = OrderRef(quote().instrument, "earlier", "0x" + "12" * 32)
    for _ in range(2):
        with pytest.raises(CannotTell):
            await exchange.find_order(ref)
        clock.advance(30)
    assert await exchange.find_order(ref) is None


async def test_order_that_was_seen_and_is_gone_has_ended(
    exchange: Exchange, venue: Any, doubt: OrderRef, events: Events, until: Until
) -> None:
    await venue.channels["/ws/user"].push({"event_type": "order", "type": "PLACEMENT", **resting(doubt.venue_ref)})
    await until(lambda: events)
    found = await exchange.find_order(doubt)
    assert found is not None
    assert found.status is OrderStatus.CANCELLED


async def test_end_that_the_channel_told_is_the_answer(
    exchange: Exchange, venue: Any, doubt: OrderRef, events: Events, until: Until
) -> None:
    end = resting(doubt.venue_ref, status="CANCELED_MARKET_RESOLVED", size_matched="2")
    await venue.channels["/ws/user"].push({"event_type": "order", "type": "CANCELLATION", **end})
    await until(lambda: events)
    found = await exchange.find_order(doubt)
    assert found is not None
    assert (found.status, found.filled) == (OrderStatus.CANCELLED, 2_000_000)


async def test_question_that_is_not_answered_is_no_answer(exchange: Exchange, venue: Any, doubt: OrderRef) -> None:
    venue.answer(f"GET /data/order/{doubt.venue_ref}", {"error": "Internal server error"}, status=500)
    with pytest.raises(Unavailable):
        await exchange.find_order(doubt)


async def test_reference_without_an_id_cannot_be_asked_for(exchange: Exchange, quote: Quotes) -> None:
    with pytest.raises(CannotTell):
        await exchange.find_order(OrderRef(quote().instrument, "never sent", None))
