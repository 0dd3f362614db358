"""Cancels and what their answers prove."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from hedgerow.core.errors import InDoubt, Reason, Refused
from hedgerow.core.states import Side
from hedgerow.venues.base import (
    CancelsMany,
    Exchange,
    Instrument,
    OrderRef,
)

from .script import Quotes


async def test_cancelled_order_is_confirmed_without_a_state(exchange: Exchange, venue: Any, ref: OrderRef) -> None:
    venue.answer("DELETE /order", {"canceled": [ref.venue_ref], "not_canceled": {}})
    assert await exchange.cancel(ref) is None
    (sent,) = venue.requests("DELETE /order")
    assert sent.json == {"orderID": ref.venue_ref}


async def test_order_that_rests_no_more_is_unknown(exchange: Exchange, venue: Any, ref: OrderRef) -> None:
    answer = {"canceled": [], "not_canceled": {ref.venue_ref: "order already canceled or matched"}}
    venue.answer("DELETE /order", answer)
    with pytest.raises(Refused) as caught:
        await exchange.cancel(ref)
    assert caught.value.reason is Reason.UNKNOWN_ORDER


async def test_order_in_its_delay_is_not_cancelled(exchange: Exchange, venue: Any, ref: OrderRef) -> None:
    venue.answer("DELETE /order", {"canceled": [], "not_canceled": {ref.venue_ref: "the order is delayed"}})
    with pytest.raises(Refused, match="delayed") as caught:
        await exchange.cancel(ref)
    assert caught.value.reason is Reason.OTHER


async def test_answer_that_does_not_name_the_order_leaves_the_cancel_in_doubt(
    exchange: Exchange, venue: Any, ref: OrderRef
) -> None:
    venue.answer("DELETE /order", {"canceled": [], "not_canceled": {}})
    with pytest.raises(InDoubt):
        await exchange.cancel(ref)


async def test_many_cancels_are_one_request_and_each_order_has_its_own_answer(
    exchange: Exchange, venue: Any, instrument: Instrument
) -> None:
    answer = {"canceled": ["0x1", "0x4"], "not_canceled": {"0x2": "order already canceled or matched"}}
    venue.answer("DELETE /orders", answer)
    refs = [OrderRef(instrument, None, ref) for ref in ("0x1", "0x2", "0x3", None, "0x4")]
    found = await asyncio.gather(*cast(CancelsMany, exchange).cancel_many(refs), return_exceptions=True)
    (sent,) = venue.requests("DELETE /orders")
    assert sent.json == ["0x1", "0x2", "0x3", "0x4"]
    assert (found[0], found[4]) == (None, None)
    assert isinstance(found[2], InDoubt)
    assert [error.reason for error in (found[1], found[3]) if isinstance(error, Refused)] == [Reason.UNKNOWN_ORDER] * 2


async def test_many_cancels_without_an_answer_are_all_in_doubt(
    exchange: Exchange, venue: Any, instrument: Instrument
) -> None:
    venue.answer("DELETE /orders", "not JSON")
    refs = [OrderRef(instrument, None, ref) for ref in ("0x1", "0x2")]
    found = await asyncio.gather(*cast(CancelsMany, exchange).cancel_many(refs), return_exceptions=True)
    assert [type(error) for error in found] == [InDoubt, InDoubt]


async def test_order_without_an_id_cannot_be_cancelled(exchange: Exchange, quote: Quotes) -> None:
    with pytest.raises(Refused) as caught:
        await exchange.cancel(OrderRef(quote().instrument, "never sent", None))
    assert caught.value.reason is Reason.UNKNOWN_ORDER


async def test_cancel_all_accepts_what_had_ended_before(exchange: Exchange, venue: Any) -> None:
    venue.answer("DELETE /cancel-all", {"canceled": ["0x1"], "not_canceled": {"0x2": "already canceled or matched"}})
    await exchange.cancel_all()


async def test_cancel_all_that_left_something_is_in_doubt(exchange: Exchange, venue: Any) -> None:
    venue.answer("DELETE /cancel-all", {"canceled": [], "not_canceled": {"0x2": "no"}}, {"canceled": []})
    with pytest.raises(InDoubt, match="0x2"):
        await exchange.cancel_all()


async def test_orders_are_not_changed_in_place(exchange: Exchange, ref: OrderRef) -> None:
    with pytest.raises(Refused):
        await exchange.amend(ref, Side.BUY, 510_000, 10_000_000, 0)  # type: ignore[arg-type]
