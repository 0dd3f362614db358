"""What the connector makes of answers, silence and refusals, and of what the feeds say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hedgerow.core.clock import NS_PER_S, SteppedClock
from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, Unavailable
from hedgerow.core.money import Micros
from hedgerow.core.states import OrderStatus, Side
from hedgerow.venues.base import (
    Exchange,
    ExchangeEvent,
    Fill,
    Instrument,
    MarketChange,
    NewQuote,
    OrderRef,
    OrderState,
    StreamGap,
)

from .conftest import GAME, HOME, NOW_S, ORDER_ID, REFERENCE, REQUEST_ID, Venue

PLACE, CANCEL, FIND = "POST /session/v3/place", "POST /session/cancel", "GET /user/getBetByUserReference"
TX = "67f45377c18c6697c172afa3"

Quote = Callable[..., NewQuote]
Row = Callable[..., dict[str, Any]]


def failed(text: str, kind: str) -> dict[str, Any]:
    return {"data": {"createdSessions": [{"error": text, "errorType": kind}]}}


async def refusal(asked: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        await asked
    return caught.value


# --- placing -------------------------------------------------------------------------------------------------------


async def test_what_is_taken_at_better_odds_makes_the_order_larger(
    exchange: Exchange, venue: Venue, quote: Quote, session: Row
) -> None:
    fill = {"amount": 10, "odds": 100, "txID": TX, "wagerRequestID": REQUEST_ID, "risk": 10.1, "win": 9.9}
    venue.answer(PLACE, session([fill], offered=10.5))
    state = await exchange.place(quote(post_only=False))
    assert (state.venue_ref, state.status) == (REQUEST_ID, OrderStatus.PLACED)
    assert (state.size, state.filled) == (40_500_000, 20_000_000)


async def test_an_order_that_is_matched_whole_is_filled(exchange: Exchange, venue: Venue, quote: Quote) -> None:
    fill = {"amount": 21, "odds": -105, "txID": TX, "wagerRequestID": REQUEST_ID, "risk": 21.2, "win": 19.8}
    venue.answer(PLACE, {"data": {"createdSessions": [{"matched": [fill], "unmatched": {}}]}})
    state = await exchange.place(quote(post_only=False))
    assert (state.status, state.size, state.filled) == (OrderStatus.FILLED, 41_000_000, 41_000_000)


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        ("post order cannot have matches", "rejected_order_type_rules", Reason.PRICE),
        ("Insufficient balance. You have $9 available for betting.", "rejected_liability", Reason.FUNDS),
        ("over the limit of the account", "rejected_liability", Reason.ACCOUNT),
        ("game not found: invalid gameID", "validation_error", Reason.CLOSED),
        ("invalid side", "validation_error", Reason.INVALID),
        ("something new", "rejected_newly", Reason.OTHER),
    ],
)
async def test_an_order_that_is_not_processed_is_refused_with_a_200(
    exchange: Exchange, venue: Venue, quote: Quote, text: str, kind: str, reason: Reason
) -> None:
    venue.answer(PLACE, failed(text, kind))
    refused = await refusal(exchange.place(quote()))
    assert (refused.reason, refused.code, refused.message) == (reason, kind, text)


async def test_a_transient_error_of_one_order_is_no_refusal(exchange: Exchange, venue: Venue, quote: Quote) -> None:
    venue.answer(PLACE, failed("failed to interact with database", "system_error"))
    with pytest.raises(Unavailable):
        await exchange.place(quote())


@pytest.mark.parametrize(
    "answer",
    [
        {"data": {"createdSessions": []}},
        {"data": {"createdSessions": [{"matched": [], "unmatched": {}}]}},
        {"data": {"createdSessions": [{"matched": [{"amount": "ten"}]}]}},
        {"data": None},
        "<html>",
    ],
)
async def test_an_answer_that_cannot_be_read_leaves_the_order_in_doubt(
    exchange: Exchange, venue: Venue, quote: Quote, answer: Any
) -> None:
    venue.answer(PLACE, answer)
    with pytest.raises(InDoubt):
        await exchange.place(quote())


async def test_silence_and_5xx_leave_the_order_in_doubt(
    exchange: Exchange, venue: Venue, quote: Quote, lost: object
) -> None:
    for answer, status in ((lost, 200), ({"error": {"message": "Network Error", "code": 503}}, 503)):
        venue.answer(PLACE, answer, status=status)
        with pytest.raises(InDoubt):
            await exchange.place(quote())
    assert len(venue.requests(PLACE)) == 2


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"price": Micros(512_196)}, Reason.PRICE),
        ({"size": Micros(41_000_001)}, Reason.LIMIT),
        ({"size": Micros(410_000)}, Reason.LIMIT),
        ({"expires_at_ms": (NOW_S + 59) * 1000}, Reason.INVALID),
    ],
)
async def test_what_the_venue_would_refuse_is_not_sent(
    exchange: Exchange, venue: Venue, quote: Quote, changes: dict[str, Any], reason: Reason
) -> None:
    assert (await refusal(exchange.place(quote(**changes)))).reason is reason
    assert venue.requests(PLACE) == []


async def test_what_was_taken_before_the_rest_came_to_rest_is_read_from_the_bets(
    exchange: Exchange, venue: Venue, unmatched: Row, bet: Row
) -> None:
    took, made = bet(odds=100, bet=10, risk="10.10"), bet(txID="67f45377c18c6697c172afa4", origin="offer")
    venue.answer("GET /user/getUnmatched", {"data": {"unmatched": [unmatched()]}})
    venue.answer("GET /user/getMatchedBets", {"data": {"matchedBets": [took, made]}})
    (state,) = await exchange.working()
    assert (state.size, state.filled) == (61_000_000, 20_000_000)


# --- the token -----------------------------------------------------------------------------------------------------


async def test_a_token_that_is_over_is_replaced_once_and_a_change_is_not_repeated(
    exchange: Exchange, venue: Venue, quote: Quote
) -> None:
    venue.answer("GET /user/getUnmatched", {"error": "InvalidCredentials"}, status=401)
    venue.then("GET /user/getUnmatched", {"data": {"unmatched": []}})
    assert await exchange.working() == []
    assert len(venue.requests("POST /user/login")) == 1
    venue.answer(PLACE, {"error": "InvalidCredentials"}, status=401)
    with pytest.raises(Unavailable):
        await exchange.place(quote())
    assert len(venue.requests(PLACE)) == 1


async def test_a_429_says_when_to_ask_again_and_no_placement_is_sent_before(
    exchange: Exchange, venue: Venue, quote: Quote, clock: SteppedClock, session: Row
) -> None:
    venue.answer(PLACE, {"error": "Too many requests."}, status=429)
    with pytest.raises(Unavailable):
        await exchange.place(quote())
    with pytest.raises(Unavailable) as held_back:
        await exchange.place(quote())
    assert len(venue.requests(PLACE)) == 1
    assert held_back.value.retry_after_s
    clock.advance_to(clock.now_ns() + int(held_back.value.retry_after_s * NS_PER_S) + 1)
    venue.answer(PLACE, session())
    assert (await exchange.place(quote())).venue_ref == REQUEST_ID


# --- cancelling and finding ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "answer"), [(409, {"error": "filled"}), (403, {"error": "Not your order"})])
async def test_an_order_that_does_not_rest_is_refused_as_unknown(
    exchange: Exchange, venue: Venue, quote: Quote, session: Row, status: int, answer: Any
) -> None:
    venue.answer(PLACE, session())
    placed = await exchange.place(quote())
    venue.answer(CANCEL, answer, status=status)
    ref = OrderRef(quote().instrument, REFERENCE, placed.venue_ref)
    assert (await refusal(exchange.cancel(ref))).reason is Reason.UNKNOWN_ORDER


async def test_a_reference_that_nothing_rests_of_is_refused_as_unknown(
    exchange: Exchange, venue: Venue, instrument: Instrument
) -> None:
    venue.answer("POST /session/cancelByReference", {"data": []})
    assert (await refusal(exchange.cancel(OrderRef(instrument, REFERENCE, None)))).reason is Reason.UNKNOWN_ORDER


async def test_an_order_that_is_not_there_may_still_arrive_for_a_minute(
    exchange: Exchange, venue: Venue, quote: Quote, lost: object, clock: SteppedClock
) -> None:
    venue.answer(PLACE, lost)
    with pytest.raises(InDoubt):
        await exchange.place(quote())
    venue.answer(FIND, {"data": {"unmatched": [], "matched": [], "graded": []}})
    with pytest.raises(CannotTell):
        await exchange.find_order(exchange.ref_of(quote()))
    clock.advance_to(clock.now_ns() + 61 * NS_PER_S)
    assert await exchange.find_order(exchange.ref_of(quote())) is None


async def test_an_order_that_filled_in_part_and_rests_no_more_was_cancelled(
    exchange: Exchange, venue: Venue, quote: Quote, lost: object, bet: Row
) -> None:
    venue.answer(PLACE, lost)
    with pytest.raises(InDoubt):
        await exchange.place(quote())
    row = bet(bet=10.5, odds=-105, origin="offer")
    venue.answer(FIND, {"data": {"unmatched": [], "matched": [row], "graded": []}})
    found = await exchange.find_order(exchange.ref_of(quote()))
    assert found is not None
    assert (found.status, found.size, found.filled) == (OrderStatus.CANCELLED, 41_000_000, 20_500_000)


# --- feeds ---------------------------------------------------------------------------------------------------------


def update(**parts: Any) -> dict[str, Any]:
    told = {"origin": "offer", "gameID": GAME, "createdAt": "2026-11-21T12:00:01.000Z", "messageID": "1-0"}
    return {"matched": None, "unmatched": None, **told, **parts}


def block(**changes: Any) -> dict[str, Any]:
    named = {"orderID": ORDER_ID, "wagerRequestID": REQUEST_ID, "type": "moneyline", "side": HOME, "odds": -105}
    return {**named, "userReference": REFERENCE, **changes}


async def test_the_user_feed_tells_an_orders_life(
    exchange: Exchange, venue: Venue, quote: Quote, session: Row, events: list[ExchangeEvent], eventually: Any
) -> None:
    venue.answer(PLACE, session())
    await exchange.place(quote())
    await venue.push("/v2/user", update(unmatched=block(filled=0, offered=21, remaining=21)))
    matched = block(txID=TX, amount=10.5, risk=10.5, win=10)
    await venue.push("/v2/user", update(unmatched=block(filled=10.5, offered=21, remaining=10.5), matched=matched))
    await venue.push("/v2/user", update(unmatched=block(filled=10.5, offered=0, remaining=0)))
    await eventually(lambda: len(events) == 4)
    placed, fill, partly, gone = events
    assert isinstance(fill, Fill)
    assert (fill.trade_ref, fill.size, fill.fee, fill.is_maker) == (TX, 20_500_000, 0, True)
    states = [state for state in (placed, partly, gone) if isinstance(state, OrderState)]
    assert [(s.status, s.size, s.filled) for s in states] == [
        (OrderStatus.PLACED, 41_000_000, 0),
        (OrderStatus.PLACED, 41_000_000, 20_500_000),
        (OrderStatus.CANCELLED, 41_000_000, 20_500_000),
    ]


async def test_a_taken_bet_on_the_away_participant_sells(
    exchange: Exchange, venue: Venue, quote: Quote, session: Row, events: list[ExchangeEvent], eventually: Any
) -> None:
    venue.answer(PLACE, session())
    await exchange.place(quote())
    taken = block(side="5c12bc1ce0daba000f47ba8b", odds=105, txID=TX, amount=20, risk=20.2, win=20.8)
    await venue.push("/v2/user", update(matched=taken, origin="wager"))
    await eventually(lambda: events)
    (fill,) = events
    assert isinstance(fill, Fill)
    assert (fill.side, fill.price, fill.size, fill.fee) == (Side.SELL, 512_195, 41_000_000, 200_000)


@pytest.mark.parametrize("message", [{"matched": 3}, update(unmatched=block(filled=0, offered=21, remaining=21))])
async def test_an_update_that_cannot_be_placed_is_a_hole(
    exchange: Exchange, venue: Venue, events: list[ExchangeEvent], eventually: Any, message: Any
) -> None:
    await venue.push("/v2/user", message)  # the second is about a game that nobody was told of
    await eventually(lambda: len(events) == 2)
    assert [event.is_down for event in events if isinstance(event, StreamGap)] == [True, False]


async def test_a_watched_game_that_is_over_is_asked_for(
    exchange: Exchange,
    venue: Venue,
    instrument: Instrument,
    events: list[ExchangeEvent],
    bet: Row,
    eventually: Any,
) -> None:
    settled = bet(outcome="winner", settledAt="2026-11-22T16:00:00.000Z")
    venue.answer("GET /user/v2/getGraded", {"data": {"graded": [settled]}})
    await exchange.watch([instrument])
    await eventually(lambda: len(venue.heard) == 2)
    await venue.push("/price-stream", ["gameUpdate", {"id": ORDER_ID, "ended": "of no interest"}])
    await venue.push("/price-stream", ["gameUpdate", {"id": GAME, "ended": True, "messageType": "marketClosed"}])
    await eventually(lambda: len(events) == 2)
    changes = [event for event in events if isinstance(event, MarketChange)]
    assert [(change.is_open, change.resolution and change.resolution.value) for change in changes] == [
        (False, None),
        (False, "WON"),
    ]
