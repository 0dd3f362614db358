"""What the connector makes of answers, lost answers and refusals; the exam shows the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.patience import PATIENCE_S

from hedgerow.core.clock import SteppedClock
from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, SetupError, Unavailable
from hedgerow.core.secrets import Secret
from hedgerow.core.states import OrderStatus, Side
from hedgerow.venues.base import Exchange, Instrument, NewQuote, OrderRef, VenueContext
from hedgerow.venues.sx_bet import FAMILY

from .conftest import BALANCE, HASH, LOST, REFERENCE, book
from .test_requests import placed

Quotes = Callable[..., NewQuote]


@pytest.fixture
def order_id(golden: dict[str, Any]) -> str:
    found: str = golden["ids"]["bid"]
    return found


def failed(reason: str) -> dict[str, Any]:
    return {"orders": [{"status": "FAILED", "reason": reason}]}


@pytest.mark.parametrize(
    ("outcome", "status", "filled"),
    [
        ({"state": "RESTED"}, OrderStatus.PLACED, 0),
        ({"state": "PARTIAL_FILL_RESTED", "fillAmount": "2600000"}, OrderStatus.PLACED, 5_000_000),
        ({"state": "FULLY_FILLED", "fillAmount": "5200000"}, OrderStatus.FILLED, 10_000_000),
        ({"state": "TIMEOUT"}, OrderStatus.PENDING_PLACEMENT, 0),
        ({"state": "CANCELLED", "cancelReason": "NO_LIQUIDITY"}, OrderStatus.CANCELLED, 0),
        ({"state": "CANCELLED", "cancelReason": "EXPIRED"}, OrderStatus.EXPIRED, 0),
        ({"state": "CANCELLED", "cancelReason": "ENGINE_SHUTDOWN"}, OrderStatus.FAILED, 0),
    ],
)
async def test_an_answer_says_what_became_of_the_order(
    exchange: Exchange, venue: Any, quote: Quotes, order_id: str, outcome: Any, status: OrderStatus, filled: int
) -> None:
    venue.answer("POST /orders-v3", placed(order_id, **outcome))
    state = await exchange.place(quote())
    assert (state.venue_ref, state.status, state.filled) == (order_id, status, filled)


@pytest.mark.parametrize("answer", [failed("INSUFFICIENT_BALANCE"), None])
async def test_a_lack_of_funds_is_refused_however_it_is_told(
    exchange: Exchange, venue: Any, quote: Quotes, order_id: str, answer: Any
) -> None:
    ended = placed(order_id, state="CANCELLED", cancelReason="INSUFFICIENT_BALANCE")
    venue.answer("POST /orders-v3", answer or ended)
    with pytest.raises(Refused) as refusal:
        await exchange.place(quote())
    assert refusal.value.reason is Reason.FUNDS


@pytest.mark.parametrize(
    "answer",
    [
        LOST,
        {"orders": []},
        {"orders": [{"status": "SUBMITTED", "orderId": "0x12", "outcome": {"state": "RESTED"}}]},
        {"orders": [{"status": "SUBMITTED", "outcome": {"state": "SOMETHING_NEW"}}]},
        "no object",
    ],
)
async def test_an_answer_that_is_lost_or_not_understood_leaves_the_order_in_doubt(
    exchange: Exchange, venue: Any, quote: Quotes, answer: Any
) -> None:
    venue.answer("POST /orders-v3", answer)
    with pytest.raises(InDoubt):
        await exchange.place(quote())


async def test_an_order_that_is_there_already_is_asked_for_and_not_sent_again(
    exchange: Exchange, venue: Any, quote: Quotes, order_id: str
) -> None:
    venue.answer("POST /orders-v3", failed("ORDERS_ALREADY_EXIST"))
    row = {"id": order_id, "marketHash": HASH, "isBettingOutcomeOne": True, "status": "ACTIVE"}
    numbers = {"percentageOdds": "52000000000000000000", "totalBetSize": "5200000", "remainingSize": "5200000"}
    venue.answer(f"GET /orders-v3/{order_id}", row | numbers)
    state = await exchange.place(quote())
    assert (state.venue_ref, state.client_ref, state.size) == (order_id, REFERENCE, 10_000_000)
    assert len(venue.requests("POST /orders-v3")) == 1


async def test_a_quote_that_would_take_is_refused_unsent_also_from_the_streams_book(
    exchange: Exchange, venue: Any, quote: Quotes, instrument: Instrument, until: Any
) -> None:
    venue.answer("GET /orderbook-v3/snapshot", book(two="48000000000000000000"))
    with pytest.raises(Refused) as refusal:
        await exchange.place(quote())
    assert refusal.value.reason is Reason.PRICE
    await exchange.watch([instrument])
    channel = f"orderbook_v3:{HASH}"
    await until(lambda: any(one.get("subscribe", {}).get("channel") == channel for one in venue.said))
    await venue.push(channel, {**book(one="52000000000000000000"), "version": "2"})
    async with asyncio.timeout(PATIENCE_S):
        while await _refusal_of(exchange, venue, quote(side=Side.SELL)) != (Reason.PRICE, []):  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    assert not venue.requests("POST /orders-v3")


async def _refusal_of(exchange: Exchange, venue: Any, quote: NewQuote) -> tuple[Reason, list[Any]]:
    """Why the quote is refused, and what was asked for it."""
    venue.seen.clear()
    with pytest.raises(Refused) as refusal:
        await exchange.place(quote)
    return refusal.value.reason, venue.seen


async def test_absence_counts_a_minute_after_the_order_left(
    exchange: Exchange, venue: Any, quote: Quotes, clock: SteppedClock
) -> None:
    venue.answer("POST /orders-v3", LOST)
    with pytest.raises(InDoubt):
        await exchange.place(quote())
    ref = exchange.ref_of(quote())
    with pytest.raises(CannotTell):
        await exchange.find_order(ref)
    clock.advance(61)
    assert await exchange.find_order(ref) is None


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"cancelled": [], "notCancelled": [{"orderId": "0x12", "reason": "NOT_FOUND"}]}, Refused),
        ({"cancelled": [], "notCancelled": [{"orderId": "0x12", "reason": "SOMETHING_NEW"}]}, InDoubt),
        ({"cancelled": [], "unconfirmed": [{"orderId": "0x12"}]}, InDoubt),
        ({"cancelled": [{"orderId": "0x13"}]}, InDoubt),
        (LOST, InDoubt),
    ],
)
async def test_a_cancel_that_is_not_confirmed_is_not_said_to_be_done(
    exchange: Exchange, venue: Any, instrument: Instrument, answer: Any, error: type[Exception]
) -> None:
    venue.answer("DELETE /orders-v3", answer)
    with pytest.raises(error):
        await exchange.cancel(OrderRef(instrument, REFERENCE, "0x12"))


async def test_too_many_requests_pause_the_orders(exchange: Exchange, venue: Any, quote: Quotes) -> None:
    venue.answer("POST /orders-v3", {"message": "Too many requests"}, status=429)
    with pytest.raises(Refused) as refusal:
        await exchange.place(quote())
    assert refusal.value.reason is Reason.RATE
    with pytest.raises(Unavailable) as put_off:
        await exchange.place(quote("another"))
    assert put_off.value.retry_after_s


@pytest.mark.parametrize(
    ("request_line", "answer", "reason"),
    [
        ("GET /user/balance-v3", {"balances": [{**BALANCE, "userAddress": "0x" + "12" * 20}]}, Reason.AUTH),
        ("GET /user/proxy", {"deployed": False}, Reason.ACCOUNT),
    ],
)
async def test_an_account_that_cannot_trade_is_refused_at_the_door(
    context: VenueContext, venue: Any, request_line: str, answer: Any, reason: Reason
) -> None:
    venue.answer(request_line, answer)
    assert FAMILY.exchange is not None
    made = FAMILY.exchange(context)
    with pytest.raises(Refused) as refusal:
        await made.open(lambda event: None)
    await made.close()
    assert refusal.value.reason is reason


@pytest.mark.parametrize("keys", [{}, {"api_key": Secret("k")}, {"api_key": Secret("k"), "private_key": Secret("0x1")}])
async def test_keys_that_are_not_of_their_form_stop_the_building(
    context: VenueContext, keys: dict[str, Secret]
) -> None:
    assert FAMILY.exchange is not None
    with pytest.raises(SetupError):
        FAMILY.exchange(replace(context, account=replace(context.account, credentials=keys)))
