"""The connector against a venue that answers by script: what is sent once, what is doubt, and how it is resolved."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from hedgerow.core.clock import SteppedClock
from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, Unavailable
from hedgerow.core.money import Micros
from hedgerow.core.states import OrderStatus, Side
from hedgerow.venues.base import Instrument, NewQuote, OrderRef
from hedgerow.venues.polymarket_us.connector import PolymarketUsExchange

from .conftest import MARKET, ORDER_ID, Makes

PLACE, OPEN, ONE = "POST /v1/orders", "GET /v1/orders/open", f"GET /v1/order/{ORDER_ID}"
CANCEL, TRADES = f"POST /v1/order/{ORDER_ID}/cancel", "GET /v1/portfolio/activities"
NO_TRADES = {"activities": [], "eof": True}

Quotes = Callable[..., NewQuote]
Exchange = PolymarketUsExchange


@pytest.fixture
def ref(instrument: Instrument) -> OrderRef:
    return OrderRef(instrument, None, ORDER_ID)


async def placed(exchange: Exchange, venue: Any, quote: NewQuote, order: Makes, **changes: Any) -> Any:
    venue.answer(PLACE, {"id": ORDER_ID, "executions": []})
    venue.answer(ONE, {"order": order(**changes)})
    return await exchange.place(quote)


# --- placing -------------------------------------------------------------------------------------------------------


async def test_without_the_streams_word_the_order_is_asked_for(
    exchange: Exchange, venue: Any, quote: Quotes, order: Makes
) -> None:
    state = await placed(exchange, venue, quote(), order)
    assert (state.venue_ref, state.client_ref, state.status) == (ORDER_ID, "quote-1", OrderStatus.PLACED)
    assert exchange.ref_of(quote()).venue_ref == ORDER_ID


async def test_an_order_of_which_nothing_can_be_learned_is_pending_and_not_doubted(
    exchange: Exchange, venue: Any, quote: Quotes
) -> None:
    venue.answer(PLACE, {"id": ORDER_ID})
    venue.answer(ONE, {"message": "down"}, status=503)
    state = await exchange.place(quote())
    assert (state.venue_ref, state.status, state.size) == (ORDER_ID, OrderStatus.PENDING_PLACEMENT, 10_000_000)


async def test_an_order_that_the_exchange_rejects_is_refused(
    exchange: Exchange, venue: Any, quote: Quotes, order: Makes
) -> None:
    with pytest.raises(Refused):
        await placed(exchange, venue, quote(), order, state="ORDER_STATE_REJECTED")


@pytest.mark.parametrize("answer", [{}, {"id": ""}, {"id": "../cancel"}, "{", []])
async def test_an_answer_that_names_no_order_leaves_it_in_doubt(
    exchange: Exchange, venue: Any, quote: Quotes, answer: Any
) -> None:
    venue.answer(PLACE, answer)
    with pytest.raises(InDoubt):
        await exchange.place(quote())
    assert len(venue.requests(PLACE)) == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"price": Micros(551_000)}, Reason.PRICE),
        ({"price": Micros(5_000)}, Reason.PRICE),
        ({"size": Micros(10_005_000)}, Reason.LIMIT),
        ({"size": Micros(0)}, Reason.LIMIT),
        ({"expires_at_ms": 1_000}, Reason.INVALID),
    ],
)
async def test_what_the_venue_would_cut_or_refuse_is_not_sent(
    exchange: Exchange, venue: Any, quote: Quotes, changes: Any, reason: Reason
) -> None:
    with pytest.raises(Refused) as refused:
        await exchange.place(quote(**changes))
    assert (refused.value.reason, venue.seen) == (reason, [])


async def test_orders_leave_requests_to_questions_and_cancels(
    exchange: Exchange, venue: Any, quote: Quotes, clock: SteppedClock
) -> None:
    venue.answer(PLACE, {"code": 3, "message": "no"}, status=400)
    for number in range(7):
        with pytest.raises(Refused):
            await exchange.place(quote(f"quote {number}"))
    with pytest.raises(Unavailable) as full:
        await exchange.place(quote("one more"))
    assert len(venue.requests(PLACE)) == 7
    assert full.value.retry_after_s
    venue.answer(OPEN, {"orders": []})
    assert await exchange.working() == []


async def test_the_venues_own_limit_is_heeded(exchange: Exchange, venue: Any, quote: Quotes) -> None:
    venue.answer(PLACE, {"status": 429, "message": "Too Many Requests"}, status=429)
    with pytest.raises(Refused) as refused:
        await exchange.place(quote())
    assert refused.value.reason is Reason.RATE
    with pytest.raises(Unavailable):
        await exchange.place(quote("next"))
    assert len(venue.requests(PLACE)) == 1


# --- doubt ---------------------------------------------------------------------------------------------------------


@pytest.fixture
async def doubted(exchange: Exchange, venue: Any, quote: Quotes, lost: object) -> OrderRef:
    """A quote whose answer was lost, at a venue where nothing rests and nothing has traded."""
    venue.answer(PLACE, lost)
    venue.answer(OPEN, {"orders": []})
    venue.answer(TRADES, NO_TRADES)
    with pytest.raises(InDoubt):
        await exchange.place(quote())
    return exchange.ref_of(quote())


async def test_a_lost_order_is_found_by_its_looks_where_it_rests(
    exchange: Exchange, venue: Any, doubted: OrderRef, order: Makes
) -> None:
    other = order(id="ANOTHER", quantity=11)
    venue.answer(OPEN, {"orders": [other, order()]})
    venue.answer(ONE, {"order": order()})
    found = await exchange.find_order(doubted)
    assert found is not None
    assert (found.venue_ref, found.client_ref) == (ORDER_ID, "quote-1")
    assert len(venue.requests(PLACE)) == 1


async def test_a_lost_order_is_found_by_its_trades(
    exchange: Exchange, venue: Any, doubted: OrderRef, order: Makes, trade: Makes
) -> None:
    filled = order(state="ORDER_STATE_FILLED", cumQuantity=10)
    ours = {"order": filled, "lastShares": "10", "lastPx": filled["price"]}
    venue.answer(TRADES, {"activities": [trade(passiveExecution=ours)], "eof": True})
    venue.answer(ONE, {"order": filled})
    found = await exchange.find_order(doubted)
    assert found is not None
    assert (found.venue_ref, found.status) == (ORDER_ID, OrderStatus.FILLED)


async def test_orders_that_look_alike_are_not_guessed_between(
    exchange: Exchange, venue: Any, doubted: OrderRef, order: Makes
) -> None:
    venue.answer(OPEN, {"orders": [order(), order(id="ANOTHER")]})
    with pytest.raises(CannotTell):
        await exchange.find_order(doubted)


async def test_absence_proves_something_only_later(exchange: Exchange, doubted: OrderRef, clock: SteppedClock) -> None:
    with pytest.raises(CannotTell):
        await exchange.find_order(doubted)
    clock.advance(61)
    assert await exchange.find_order(doubted) is None


async def test_a_reference_alone_finds_nothing_while_anything_may_be_it(
    exchange: Exchange, venue: Any, instrument: Instrument, order: Makes
) -> None:
    venue.answer(OPEN, {"orders": [order()]})
    venue.answer(TRADES, NO_TRADES)
    with pytest.raises(CannotTell):
        await exchange.find_order(OrderRef(instrument, "of an earlier run", None))
    with pytest.raises(CannotTell):
        await exchange.find_order(OrderRef(instrument, None, None))


async def test_an_id_that_is_not_known_any_more_tells_nothing(exchange: Exchange, ref: OrderRef) -> None:
    with pytest.raises(CannotTell):
        await exchange.find_order(ref)


# --- cancelling ----------------------------------------------------------------------------------------------------


async def test_an_accepted_cancel_is_believed_when_the_order_has_ended(
    exchange: Exchange, venue: Any, ref: OrderRef, order: Makes
) -> None:
    venue.answer(CANCEL, {})
    venue.answer(ONE, {"order": order(state="ORDER_STATE_CANCELED", cumQuantity=3)})
    state = await exchange.cancel(ref)
    assert state is not None
    assert (state.status, state.filled) == (OrderStatus.CANCELLED, 3_000_000)


@pytest.mark.parametrize("state", ["ORDER_STATE_NEW", "ORDER_STATE_PENDING_CANCEL"])
async def test_an_accepted_cancel_of_an_order_that_rests_is_in_doubt(
    exchange: Exchange, venue: Any, ref: OrderRef, order: Makes, state: str
) -> None:
    venue.answer(CANCEL, {})
    venue.answer(ONE, {"order": order(state=state)})
    with pytest.raises(InDoubt):
        await exchange.cancel(ref)


async def test_an_accepted_cancel_whose_end_cannot_be_asked_for_is_in_doubt(
    exchange: Exchange, venue: Any, ref: OrderRef
) -> None:
    venue.answer(CANCEL, {})
    venue.answer(ONE, {"status": 429}, status=429)
    with pytest.raises(InDoubt):
        await exchange.cancel(ref)


async def test_a_silent_yes_for_an_order_that_was_filled_is_a_refusal(
    exchange: Exchange, venue: Any, ref: OrderRef, order: Makes
) -> None:
    venue.answer(CANCEL, {})
    venue.answer(ONE, {"order": order(state="ORDER_STATE_FILLED", cumQuantity=10)})
    with pytest.raises(Refused) as refused:
        await exchange.cancel(ref)
    assert refused.value.reason is Reason.UNKNOWN_ORDER


async def test_a_name_that_is_no_id_is_not_put_into_a_path(exchange: Exchange, venue: Any, ref: OrderRef) -> None:
    with pytest.raises(Refused) as refused:
        await exchange.cancel(OrderRef(ref.instrument, None, "open/../x"))
    assert (refused.value.reason, venue.seen) == (Reason.UNKNOWN_ORDER, [])


async def test_of_many_cancels_each_has_its_own_answer(
    exchange: Exchange, venue: Any, instrument: Instrument, order: Makes
) -> None:
    venue.answer("POST /v1/orders/batched/cancel", {"canceledOrderIds": ["A", "B"]})
    venue.answer("GET /v1/order/A", {"order": order(id="A", state="ORDER_STATE_CANCELED")})
    refs = [OrderRef(instrument, None, name) for name in ("A", "B", "C")]
    first, unknown, unnamed = exchange.cancel_many(refs)
    assert await first is None
    with pytest.raises(Refused):
        await unknown
    with pytest.raises(InDoubt):
        await unnamed
    (sent,) = venue.requests("POST /v1/orders/batched/cancel")
    assert [item["marketSlug"] for item in json.loads(sent.body)["orders"]] == [MARKET] * 3


# --- lists ---------------------------------------------------------------------------------------------------------


async def test_trades_are_read_page_by_page_until_they_are_too_old(
    exchange: Exchange, venue: Any, trade: Makes
) -> None:
    old = trade(id="OLD", createTime="2026-11-21T11:59:59Z")
    venue.answer(TRADES, {"activities": [trade(id="B"), trade(id="A")], "nextCursor": "2", "eof": False})
    venue.then(TRADES, {"activities": [old], "nextCursor": "3", "eof": False})
    fills = await exchange.fills(1_795_262_400_000)
    assert [fill.trade_ref for fill in fills] == ["A", "B"]
    assert [seen.query.rpartition("&")[2] for seen in venue.requests(TRADES)][1] == "cursor=2"


async def test_a_list_that_goes_round_has_no_end(exchange: Exchange, venue: Any, trade: Makes) -> None:
    venue.answer(TRADES, {"activities": [trade()], "nextCursor": "2", "eof": False})
    with pytest.raises(Unavailable):
        await exchange.fills(0)


async def test_a_market_that_is_not_settled_has_no_resolution(
    exchange: Exchange, venue: Any, instrument: Instrument
) -> None:
    assert await exchange.resolutions([instrument]) == []
    venue.answer(f"GET /v1/markets/{MARKET}/settlement", {"slug": MARKET, "settlement": 7})
    with pytest.raises(Unavailable):
        await exchange.resolutions([instrument])


async def test_an_amend_is_refused_unsent(exchange: Exchange, venue: Any, ref: OrderRef) -> None:
    with pytest.raises(Refused):
        await exchange.amend(ref, Side.BUY, Micros(550_000), Micros(10_000_000), Micros(0))
    assert venue.seen == []
