"""The connector against a venue that answers by script, over real sockets."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hedgerow.core.clock import SteppedClock
from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, Unavailable
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.secrets import Secret
from hedgerow.core.states import FillState, OrderStatus, SettlementStatus, Side
from hedgerow.venues.base import (
    Exchange,
    ExchangeEvent,
    Fee,
    Fill,
    Instrument,
    MarketChange,
    NewQuote,
    OrderRef,
    OrderState,
    StreamGap,
)

TOKEN = "71321045679252212594626385532706912750332728571942532289631379312455583992563"
Quotes = Callable[..., NewQuote]
Until = Callable[[Callable[[], object]], Awaitable[None]]
Events = list[ExchangeEvent]


def accepted(order_id: str | None, status: str = "live", **more: Any) -> dict[str, Any]:
    return {"success": True, "errorMsg": "", "orderID": order_id, "status": status, **more}


def refused(text: str) -> dict[str, Any]:
    return {"success": True, "errorMsg": text, "orderID": "", "status": "", "takingAmount": "", "makingAmount": ""}


def resting(order_id: str | None, **changes: Any) -> dict[str, Any]:
    order = {"id": order_id, "status": "LIVE", "asset_id": TOKEN, "side": "BUY", "price": "0.52"}
    return {**order, "original_size": "10", "size_matched": "0", "created_at": 1_789_999_000, **changes}


def trade(order_id: str | None, size: str = "10", status: str = "TRADE_STATUS_MATCHED", **changes: Any) -> Any:
    leg = {"order_id": order_id, "asset_id": TOKEN, "price": "0.52", "matched_amount": size, "side": "BUY"}
    message = {"id": "trade-1", "taker_order_id": "0xff", "asset_id": TOKEN, "side": "SELL", "size": size}
    message |= {"price": "0.52", "status": status, "trader_side": "MAKER", "match_time": "1789999990"}
    return {**message, "maker_orders": [leg], **changes}


def page(*items: Any, cursor: str = "LTE=") -> dict[str, Any]:
    return {"data": list(items), "next_cursor": cursor, "count": len(items), "limit": 100}


# --- opening -----------------------------------------------------------------------------------------------------


async def test_opening_signs_in_and_waits_for_the_account_channel(exchange: Exchange, venue: Any) -> None:
    channel = venue.channels["/ws/user"]
    assert channel.said[1] == "PING"
    assert channel.messages == [
        {
            "type": "user",
            "auth": {
                "apiKey": "11111111-1111-1111-1111-111111111111",
                "secret": "MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE=",
                "passphrase": "passphrase-11",
            },
            "markets": [],
        }
    ]


async def test_missing_key_is_derived_from_the_wallet(build: Any, venue: Any, events: Events) -> None:
    key = {"apiKey": "derived", "secret": "c2VjcmV0", "passphrase": "words"}
    venue.answer("GET /auth/derive-api-key", key)
    exchange = build({"private_key": Secret("0x" + "11" * 32)})
    await exchange.open(events.append)
    await exchange.close()
    (asked,) = venue.requests("GET /auth/derive-api-key")
    assert asked.headers["POLY_ADDRESS"] == "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A"
    assert asked.headers["POLY_NONCE"] == "0"
    assert venue.channels["/ws/user"].messages[0]["auth"]["apiKey"] == "derived"
    assert venue.requests("POST /auth/api-key") == []


async def test_key_is_made_where_there_is_none(build: Any, venue: Any, events: Events) -> None:
    venue.answer("GET /auth/derive-api-key", {"error": "Could not derive api key!"}, status=400)
    venue.answer("POST /auth/api-key", {"apiKey": "made", "secret": "c2VjcmV0", "passphrase": "words"})
    exchange = build({"private_key": Secret("0x" + "11" * 32)})
    await exchange.open(events.append)
    await exchange.close()
    assert venue.channels["/ws/user"].messages[0]["auth"]["apiKey"] == "made"


async def test_refused_wallet_makes_no_key(build: Any, venue: Any, events: Events) -> None:
    venue.answer("GET /auth/derive-api-key", {"error": "Invalid L1 Request headers"}, status=401)
    exchange = build({"private_key": Secret("0x" + "11" * 32)})
    with pytest.raises(Refused, match="clock") as caught:
        await exchange.open(events.append)
    assert caught.value.reason is Reason.AUTH
    assert venue.requests("POST /auth/api-key") == []
    await exchange.close()


async def test_venue_that_does_not_tell_time_or_standing_is_opened(build: Any, venue: Any, events: Events) -> None:
    venue.answer("GET /time", {"error": "not found"}, status=404)
    venue.answer("GET /auth/ban-status/closed-only", {"error": "not found"}, status=404)
    exchange = build()
    await exchange.open(events.append)
    assert await exchange.working() == []
    await exchange.close()


async def test_nothing_private_is_asked_before_opening(build: Any, venue: Any) -> None:
    with pytest.raises(Unavailable, match="not signed in"):
        await build({"private_key": Secret("0x" + "11" * 32)}).working()
    assert venue.seen == []


async def test_wrong_key_stops_the_opening(build: Any, venue: Any, events: Events) -> None:
    venue.answer("GET /auth/ban-status/closed-only", {"error": "Unauthorized/Invalid api key"}, status=401)
    exchange = build()
    with pytest.raises(Refused) as caught:
        await exchange.open(events.append)
    assert caught.value.reason is Reason.AUTH
    await exchange.close()


async def test_signatures_carry_the_venues_time(build: Any, venue: Any, events: Events) -> None:
    venue.answer("GET /time", 1_790_000_000 - 90)
    exchange = build()
    await exchange.open(events.append)
    await exchange.working()
    await exchange.close()
    (asked,) = venue.requests("GET /data/orders")
    assert asked.headers["POLY_TIMESTAMP"] == str(1_790_000_000 - 90)


async def test_channel_that_does_not_come_up_is_announced_and_comes_later(
    build: Any, venue: Any, events: Events, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hedgerow.venues.polymarket.connector.OPEN_WITHIN_S", 0.05)
    channel = venue.channels["/ws/user"]
    channel.answers_pings = False
    exchange = build()
    await exchange.open(events.append)
    assert [gap.is_down for gap in events if isinstance(gap, StreamGap)] == [True]
    await channel.push("PONG")
    await until(lambda: len(events) == 2)
    assert [gap.is_down for gap in events if isinstance(gap, StreamGap)] == [True, False]
    await exchange.close()


async def test_account_that_may_only_close_places_nothing(
    build: Any, venue: Any, events: Events, quote: Quotes
) -> None:
    venue.answer("GET /auth/ban-status/closed-only", {"closed_only": True})
    exchange = build()
    await exchange.open(events.append)
    with pytest.raises(Refused, match="only close") as caught:
        await exchange.place(quote())
    assert caught.value.reason is Reason.ACCOUNT
    assert venue.requests("POST /order") == []
    await exchange.close()


# --- placing -----------------------------------------------------------------------------------------------------


async def test_accepted_order_rests_under_the_id_that_was_computed(
    exchange: Exchange, venue: Any, quote: Quotes
) -> None:
    ref = exchange.ref_of(quote())
    venue.answer("POST /order", accepted(ref.venue_ref))
    state = await exchange.place(quote())
    assert (state.venue_ref, state.client_ref) == (ref.venue_ref, ref.client_ref)
    assert (state.status, state.price, state.size, state.filled) == (OrderStatus.PLACED, 520_000, 10_000_000, 0)


async def test_order_that_the_venue_names_otherwise_is_followed_under_that_name(
    exchange: Exchange, venue: Any, quote: Quotes
) -> None:
    venue.answer("POST /order", accepted("0xAB"))
    venue.answer("DELETE /order", {"canceled": ["0xab"], "not_canceled": {}})
    state = await exchange.place(quote())
    assert state.venue_ref == "0xab"
    await exchange.cancel(exchange.ref_of(quote()))
    assert venue.requests("DELETE /order")[0].json == {"orderID": "0xab"}


async def test_delayed_order_is_pending(exchange: Exchange, venue: Any, quote: Quotes) -> None:
    venue.answer("POST /order", accepted(exchange.ref_of(quote()).venue_ref, "delayed"))
    assert (await exchange.place(quote())).status is OrderStatus.PENDING_PLACEMENT


async def test_order_matched_at_once_is_filled(exchange: Exchange, venue: Any, quote: Quotes) -> None:
    order_id = exchange.ref_of(quote()).venue_ref
    venue.answer("POST /order", accepted(order_id, "matched", makingAmount="5.2", takingAmount="10"))
    state = await exchange.place(quote(post_only=False))
    assert (state.status, state.filled) == (OrderStatus.FILLED, 10_000_000)


@pytest.mark.parametrize("status", [200, 400])
async def test_refused_order_names_its_reason(exchange: Exchange, venue: Any, quote: Quotes, status: int) -> None:
    text = "invalid post-only order: order crosses book"
    venue.answer("POST /order", refused(text) if status == 200 else {"error": text}, status=status)
    with pytest.raises(Refused) as caught:
        await exchange.place(quote())
    assert caught.value.reason is Reason.PRICE


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("<html>bad gateway</html>", 502),
        ({"error": "could not insert order"}, 500),
        ("not json", 200),
        ({"success": True, "orderID": "computed", "status": "pondering"}, 200),
    ],
)
async def test_answer_that_settles_nothing_leaves_the_order_in_doubt(
    exchange: Exchange, venue: Any, quote: Quotes, answer: Any, status: int
) -> None:
    if isinstance(answer, dict) and answer.get("orderID") == "computed":
        answer = {**answer, "orderID": exchange.ref_of(quote()).venue_ref}
    venue.answer("POST /order", answer, status=status)
    with pytest.raises(InDoubt):
        await exchange.place(quote())
    assert len(venue.requests("POST /order")) == 1


async def test_lost_answer_leaves_the_order_in_doubt(exchange: Exchange, venue: Any, quote: Quotes, lost: Any) -> None:
    venue.answer("POST /order", lost)
    with pytest.raises(InDoubt):
        await exchange.place(quote())
    assert len(venue.requests("POST /order")) == 1


async def test_engine_that_restarts_took_nothing(exchange: Exchange, venue: Any, quote: Quotes) -> None:
    venue.answer("POST /order", "", status=425)
    with pytest.raises(Unavailable) as caught:
        await exchange.place(quote())
    assert caught.value.retry_after_s == 2.0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"price": 525_000}, Reason.PRICE),
        ({"price": 0}, Reason.PRICE),
        ({"price": 1_000_000}, Reason.PRICE),
        ({"size": 10_005_000}, Reason.LIMIT),
        ({"size": 4_990_000}, Reason.LIMIT),
        ({"expires_at_ms": 1_790_000_119_000}, Reason.INVALID),
    ],
)
async def test_quote_that_would_be_refused_or_rounded_is_not_sent(
    exchange: Exchange, venue: Any, quote: Quotes, change: dict[str, Any], reason: Reason
) -> None:
    with pytest.raises(Refused) as caught:
        await exchange.place(quote(**change))
    assert caught.value.reason is reason
    assert venue.requests("POST /order") == []


async def test_shortest_life_is_two_minutes(exchange: Exchange, venue: Any, quote: Quotes) -> None:
    short = quote(expires_at_ms=1_790_000_120_000)
    venue.answer("POST /order", accepted(exchange.ref_of(short).venue_ref))
    await exchange.place(short)
    (sent,) = venue.requests("POST /order")
    assert (sent.json["orderType"], sent.json["order"]["expiration"]) == ("GTD", "1790000180")


async def test_refusal_that_names_the_tick_tells_the_grid(
    exchange: Exchange, venue: Any, quote: Quotes, events: Events
) -> None:
    text = "order 0xab is invalid. Price (0.52) breaks minimum tick size rule: 0.1"
    venue.answer("POST /order", {"error": text}, status=400)
    with pytest.raises(Refused):
        await exchange.place(quote())
    venue.answer("POST /order", {"error": text.replace("0.1", "0.3")}, status=400)
    with pytest.raises(Refused):
        await exchange.place(quote("again"))
    assert events == [MarketChange(TOKEN, is_open=True, grid=PriceGrid.probability(100_000))]


async def test_budget_that_is_used_up_sends_nothing(exchange: Exchange, venue: Any, quote: Quotes) -> None:
    venue.answer("POST /order", refused("not enough balance / allowance"))
    for number in range(60):
        with pytest.raises(Refused):
            await exchange.place(quote(f"ref-{number}"))
    with pytest.raises(Unavailable, match="budget") as caught:
        await exchange.place(quote("one more"))
    assert caught.value.retry_after_s == pytest.approx(1 / 40)
    assert len(venue.requests("POST /order")) == 60


async def test_cancels_are_sent_in_any_case(exchange: Exchange, venue: Any, instrument: Instrument) -> None:
    venue.answer("DELETE /order", {"canceled": ["0x1"], "not_canceled": {}})
    for _ in range(130):  # ten more than the venue's bucket holds
        await exchange.cancel(OrderRef(instrument, None, "0x1"))
    assert len(venue.requests("DELETE /order")) == 130


async def test_too_many_requests_stop_further_ones_for_as_long_as_the_venue_says(
    exchange: Exchange, venue: Any, quote: Quotes, clock: SteppedClock
) -> None:
    venue.answer("POST /order", {"error": "Too Many Requests"}, status=429, headers={"Retry-After": "3"})
    with pytest.raises(Refused) as caught:
        await exchange.place(quote())
    assert caught.value.reason is Reason.RATE
    with pytest.raises(Unavailable, match="budget"):
        await exchange.place(quote("again"))
    assert len(venue.requests("POST /order")) == 1
    clock.advance(3.1)
    venue.answer("POST /order", accepted(exchange.ref_of(quote("later")).venue_ref))
    await exchange.place(quote("later"))


# --- another version of the exchange -----------------------------------------------------------------------------

OTHER_EXCHANGE = {"exchange": "0x" + "aa" * 20, "neg_risk_exchange": "0x" + "bb" * 20}


async def test_order_for_an_old_version_is_signed_again_once(
    build: Any, venue: Any, events: Events, quote: Quotes
) -> None:
    exchange = build(**OTHER_EXCHANGE)
    await exchange.open(events.append)
    old = exchange.ref_of(quote())
    venue.answer("GET /version", {"version": 4})
    venue.answer("POST /order", {"error": "order_version_mismatch"}, status=400)
    venue.then("POST /order", {"error": "order_version_mismatch"}, 400)
    with pytest.raises(Refused, match="order_version_mismatch"):
        await exchange.place(quote())
    first, second = venue.requests("POST /order")
    new = exchange.ref_of(quote())
    assert old.venue_ref != new.venue_ref
    assert first.json["order"]["signature"] != second.json["order"]["signature"]
    assert first.json["order"]["salt"] == second.json["order"]["salt"]
    await exchange.close()


async def test_order_signed_again_is_found_by_the_old_reference(
    build: Any, venue: Any, events: Events, quote: Quotes, lost: Any
) -> None:
    exchange = build(**OTHER_EXCHANGE)
    await exchange.open(events.append)
    old = exchange.ref_of(quote())
    venue.answer("GET /version", {"version": 4})
    venue.answer("POST /order", {"error": "order_version_mismatch"}, status=400)
    venue.then("POST /order", lost)
    with pytest.raises(InDoubt):
        await exchange.place(quote())
    new = exchange.ref_of(quote()).venue_ref
    venue.answer(f"GET /data/order/{new}", resting(new))
    found = await exchange.find_order(old)
    assert found is not None
    assert found.venue_ref == new
    await exchange.close()


async def test_same_version_is_not_signed_again(exchange: Exchange, venue: Any, quote: Quotes) -> None:
    venue.answer("POST /order", {"error": "order_version_mismatch"}, status=400)
    with pytest.raises(Refused):
        await exchange.place(quote())
    assert len(venue.requests("POST /order")) == 1


async def test_version_that_is_not_known_is_not_traded_on(
    build: Any, venue: Any, events: Events, quote: Quotes
) -> None:
    venue.answer("GET /version", {"version": 4})
    exchange = build()
    await exchange.open(events.append)
    assert exchange.ref_of(quote()).venue_ref is None
    with pytest.raises(Refused, match="version 4"):
        await exchange.place(quote())
    await exchange.close()


# --- cancelling --------------------------------------------------------------------------------------------------


@pytest.fixture
async def ref(exchange: Exchange, venue: Any, quote: Quotes) -> OrderRef:
    """Of an order that rests."""
    made = exchange.ref_of(quote())
    venue.answer("POST /order", accepted(made.venue_ref))
    await exchange.place(quote())
    return made


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


# --- in doubt ----------------------------------------------------------------------------------------------------


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
    assert (found.status, found.filled, found.size) == (status, int(float(size) * 1_000_000), 10_000_000)


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


# --- lists -------------------------------------------------------------------------------------------------------


async def test_working_orders_come_from_all_pages(exchange: Exchange, venue: Any, ref: OrderRef) -> None:
    venue.answer("GET /data/orders", page(resting(ref.venue_ref), cursor="MTAw"))
    venue.then("GET /data/orders", page(resting("0x2", side="SELL"), resting("0x3", status="MATCHED")))
    working = await exchange.working()
    assert [(order.venue_ref, order.client_ref) for order in working] == [
        (ref.venue_ref, ref.client_ref),
        ("0x2", None),
    ]
    assert [dict(asked.query)["next_cursor"] for asked in venue.requests("GET /data/orders")] == ["MA==", "MTAw"]


async def test_working_orders_may_come_as_a_plain_list(exchange: Exchange, venue: Any) -> None:
    venue.answer("GET /data/orders", [resting("0x2")])
    assert [order.venue_ref for order in await exchange.working()] == ["0x2"]


async def test_list_without_an_end_is_no_list(exchange: Exchange, venue: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hedgerow.venues.polymarket.rest._MOST_PAGES", 3)
    venue.answer("GET /data/orders", *(page(resting("0x2"), cursor=str(number)) for number in range(3)))
    with pytest.raises(Unavailable, match="3 pages"):
        await exchange.working()
    venue.answer("GET /markets/keyset", {"markets": [], "next_cursor": "more"})
    with pytest.raises(Unavailable, match="3 pages"):
        await exchange.listings("tennis")


async def test_list_that_goes_round_is_no_list(exchange: Exchange, venue: Any) -> None:
    venue.answer("GET /data/orders", page(resting("0x2"), cursor="MTAw"))
    with pytest.raises(Unavailable, match="no end"):
        await exchange.working()
    assert len(venue.requests("GET /data/orders")) == 2


async def test_unreadable_list_is_no_empty_list(exchange: Exchange, venue: Any) -> None:
    venue.answer("GET /data/orders", page({"id": "0x2"}))
    with pytest.raises(Unavailable, match="unreadable"):
        await exchange.working()


async def test_taker_pays_the_fee_of_the_watched_market_and_else_that_of_sports(
    exchange: Exchange, venue: Any, instrument: Instrument
) -> None:
    venue.answer("GET /data/trades", page(trade("0x1", trader_side="TAKER", maker_orders=[])))
    (dear,) = await exchange.fills(0)
    await exchange.watch([dataclasses.replace(instrument, taker_fee=Fee(Decimal("0.02"), unit=10))])
    (cheap,) = await exchange.fills(0)
    assert (dear.fee, cheap.fee) == (124_800, 49_920)  # 10 × rate × 0.52 × 0.48


async def test_fills_come_oldest_first_from_the_second_that_was_asked_for(exchange: Exchange, venue: Any) -> None:
    later = trade("0x1", id="later", match_time="1789999995")
    sooner = trade("0x1", id="sooner", match_time="1789999990", status="TRADE_STATUS_CONFIRMED")
    before = trade("0x1", id="before", match_time="1789999989")
    for one in (later, sooner, before):
        one["maker_orders"][0]["owner"] = "11111111-1111-1111-1111-111111111111"
    venue.answer("GET /data/trades", page(later, cursor="MTAw"))
    venue.then("GET /data/trades", page(before, sooner))
    fills = await exchange.fills(1_789_999_990_500)
    assert [(fill.trade_ref, fill.state) for fill in fills] == [
        ("sooner", FillState.FINAL),
        ("later", FillState.PROVISIONAL),
    ]
    asked = dict(venue.requests("GET /data/trades")[0].query)
    assert asked["after"] == "1789999989"
    assert asked["maker_address"] == "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A"


async def test_balance_is_split_into_free_and_held(exchange: Exchange, venue: Any) -> None:
    venue.answer("GET /balance-allowance", {"balance": "100000000", "allowances": {}})
    venue.answer("GET /data/orders", page(resting("0x1", size_matched="5")))
    balance = await exchange.balance()
    assert (balance.free, balance.held, balance.currency) == (Decimal("97.4"), Decimal("2.6"), "USD")
    (asked,) = venue.requests("GET /balance-allowance")
    assert dict(asked.query) == {"asset_type": "COLLATERAL", "signature_type": "0"}


async def test_listings_come_from_all_pages_and_skip_what_is_unreadable(
    exchange: Exchange, venue: Any, fixtures: Path
) -> None:
    tennis = json.loads((fixtures / "gamma_tennis.json").read_text())["markets"]
    soccer = json.loads((fixtures / "gamma_soccer.json").read_text())["markets"]
    venue.answer("GET /markets/keyset", {"markets": [*tennis, {"slug": 5}], "next_cursor": "more"}, {"markets": soccer})
    listings = await exchange.listings("soccer")
    assert [listing.outcome for listing in listings] == ["Reds FC", "Draw", "Blues CF"]
    first, second = venue.requests("GET /markets/keyset")
    assert dict(first.query)["sports_market_types"] == "moneyline"
    assert ("after_cursor", "more") in second.query


async def test_resolutions_are_asked_for_by_condition(
    exchange: Exchange, venue: Any, instrument: Instrument, fixtures: Path
) -> None:
    (market,) = json.loads((fixtures / "gamma_tennis.json").read_text())["markets"]
    closed = market | {"closed": True, "umaResolutionStatus": "resolved", "outcomePrices": '["0", "1"]'}
    venue.answer("GET /markets/keyset", {"markets": [closed]})
    wanted = [dataclasses.replace(instrument, ref="7002", market_ref=market["conditionId"]), instrument]
    (result,) = await exchange.resolutions(wanted)
    assert (result.instrument_ref, result.status) == ("7002", SettlementStatus.WON)
    (asked,) = venue.requests("GET /markets/keyset")
    assert ("closed", "true") in asked.query
    assert [value for name, value in asked.query if name == "condition_ids"] == sorted(one.market_ref for one in wanted)


# --- streams -----------------------------------------------------------------------------------------------------


async def test_events_of_the_account_arrive_in_order(
    exchange: Exchange, venue: Any, ref: OrderRef, events: Events, until: Until
) -> None:
    channel = venue.channels["/ws/user"]
    await channel.push({"event_type": "order", "type": "PLACEMENT", **resting(ref.venue_ref)})
    await channel.push({"event_type": "trade", **trade(ref.venue_ref, "4", "MATCHED")})
    await channel.push({"event_type": "trade", **trade(ref.venue_ref, "4", "FAILED")})
    await until(lambda: len(events) == 3)
    order, matched, failed = events
    assert isinstance(order, OrderState)
    assert isinstance(matched, Fill)
    assert isinstance(failed, Fill)
    assert order.client_ref == matched.client_ref == ref.client_ref
    assert (matched.state, failed.state) == (FillState.PROVISIONAL, FillState.REVERSED)
    assert (matched.trade_ref, matched.venue_ref) == (failed.trade_ref, failed.venue_ref)


async def test_event_that_overtakes_the_answer_is_not_taken_back(
    exchange: Exchange, venue: Any, quote: Quotes, events: Events, until: Until
) -> None:
    order_id = exchange.ref_of(quote()).venue_ref
    venue.answer("POST /order", accepted(order_id))
    filled = resting(order_id, status="MATCHED", size_matched="10")

    async def tell_first() -> None:
        await venue.channels["/ws/user"].push({"event_type": "order", "type": "UPDATE", **filled})
        await until(lambda: events)

    venue.before("POST /order", tell_first)
    state = await exchange.place(quote())
    assert (state.status, state.filled) == (OrderStatus.FILLED, 10_000_000)


async def test_broken_channel_is_a_gap_until_it_is_back(
    exchange: Exchange, venue: Any, events: Events, until: Until
) -> None:
    await venue.channels["/ws/user"].drop()
    await until(lambda: len(events) == 2)
    assert [gap.is_down for gap in events if isinstance(gap, StreamGap)] == [True, False]


async def test_silent_channel_is_dropped_and_comes_back(
    build: Any, venue: Any, events: Events, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hedgerow.venues.polymarket.channels._LOOK_EVERY_S", 0.02)
    monkeypatch.setattr("hedgerow.venues.polymarket.channels.SILENCE_S", 0.04)
    exchange = build()
    await exchange.open(events.append)
    await until(lambda: venue.channels["/ws/user"].said.count("PING") > 1)
    assert any(isinstance(gap, StreamGap) and gap.is_down for gap in events)
    await exchange.close()


async def test_watched_markets_are_followed_and_others_are_not(
    exchange: Exchange, venue: Any, instrument: Instrument, events: Events, until: Until
) -> None:
    channel = venue.channels["/ws/market"]
    await exchange.watch([instrument])
    await until(lambda: len(channel.messages) == 1)
    await exchange.watch([dataclasses.replace(instrument, ref="7001")])
    await until(lambda: len(channel.messages) == 3)
    assert [message["assets_ids"] for message in channel.messages] == [[TOKEN], [TOKEN], ["7001"]]
    change = {"event_type": "tick_size_change", "new_tick_size": "0.001", "old_tick_size": "0.01"}
    await channel.push([{**change, "asset_id": TOKEN}, {**change, "asset_id": "7001"}])
    await until(lambda: events)
    assert events == [MarketChange("7001", is_open=True, grid=PriceGrid.probability(1_000))]


async def test_watching_nothing_closes_the_markets_channel(
    exchange: Exchange, venue: Any, instrument: Instrument, until: Until
) -> None:
    await exchange.watch([instrument])
    await until(lambda: venue.channels["/ws/market"].messages)
    await exchange.watch([])
    await until(lambda: venue.channels["/ws/market"].socket.closed)


async def test_many_markets_are_spread_over_sockets(exchange: Exchange, instrument: Instrument) -> None:
    await exchange.watch([dataclasses.replace(instrument, ref=str(number)) for number in range(450)])
    sessions = [channel.session for channel in exchange._channels._markets]  # type: ignore[attr-defined]
    assert sorted(len(session.tokens) for session in sessions) == [50, 200, 200]
    await exchange.watch([dataclasses.replace(instrument, ref=str(number)) for number in range(200, 250)])
    assert len(exchange._channels._markets) == 1  # type: ignore[attr-defined]


# --- the dead-man's switch ---------------------------------------------------------------------------------------


async def test_nothing_beats_before_the_first_order(exchange: Exchange, venue: Any) -> None:
    await exchange.working()
    assert venue.requests("POST /v1/heartbeats") == []


async def test_closing_cancels_what_the_switch_would_cancel(
    build: Any, venue: Any, events: Events, quote: Quotes
) -> None:
    exchange = build()
    await exchange.open(events.append)
    venue.answer("POST /order", accepted(exchange.ref_of(quote()).venue_ref))
    await exchange.place(quote())
    await exchange.close()  # the first beat may still be on its way
    assert len(venue.requests("DELETE /cancel-all")) == 1


async def test_closing_without_an_order_cancels_nothing(build: Any, venue: Any, events: Events) -> None:
    exchange = build()
    await exchange.open(events.append)
    await exchange.close()
    assert venue.requests("DELETE /cancel-all") == []


async def test_closing_survives_a_venue_that_is_gone(
    build: Any, venue: Any, events: Events, quote: Quotes, lost: Any
) -> None:
    exchange = build()
    await exchange.open(events.append)
    venue.answer("POST /order", accepted(exchange.ref_of(quote()).venue_ref))
    await exchange.place(quote())
    venue.answer("DELETE /cancel-all", lost)
    await exchange.close()


async def test_lapse_of_the_switch_asks_for_what_rests(
    exchange: Exchange, venue: Any, quote: Quotes, events: Events, clock: SteppedClock, until: Until, lost: Any
) -> None:
    venue.answer("POST /order", accepted(exchange.ref_of(quote()).venue_ref))
    await exchange.place(quote())
    await until(lambda: exchange._heart._accepted_ms is not None)  # type: ignore[attr-defined]
    await asyncio.sleep(0)
    clock.advance(11)
    await until(lambda: events)
    (gap,) = events
    assert isinstance(gap, StreamGap)
    assert not gap.is_down
    assert "11 s" in gap.reason
