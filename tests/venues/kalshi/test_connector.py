"""The connector over the wire, against a venue that answers by script."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast

import pytest

from hedgerow.core.clock import SteppedClock
from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, Unavailable
from hedgerow.core.money import Micros
from hedgerow.core.secrets import Secret
from hedgerow.core.states import OrderStatus, SettlementStatus, Side
from hedgerow.core.tasks import spawn
from hedgerow.venues.base import (
    CancelsMany,
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

ORDER_ID = "3b23c1c7-f4ef-4f0d-8b9a-9e53c61f1a0d"
CLIENT_REF = "8c35ecb3-328f-4f52-8c7c-0f4b9862f8d1"
ORDERS = "/portfolio/events/orders"
PLACE, AMEND, CANCEL = f"POST {ORDERS}", f"POST {ORDERS}/{ORDER_ID}/amend", f"DELETE {ORDERS}/{ORDER_ID}"
CANCEL_MANY = f"DELETE {ORDERS}/batched"
LIST, AS_OF = "GET /portfolio/orders", "GET /exchange/user_data_timestamp"

Quote = Callable[..., NewQuote]


def error(code: str, details: str = "") -> dict[str, Any]:
    return {"error": {"code": code, "message": code, "details": details}}


@pytest.fixture
def accepted(payload: Callable[[str], bytes]) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(payload("place_answer.json"))
    return answer


@pytest.fixture
def page(payload: Callable[[str], bytes]) -> dict[str, Any]:
    orders: dict[str, Any] = json.loads(payload("orders_page.json"))
    return orders


@pytest.fixture
def ref(instrument: Instrument) -> OrderRef:
    return OrderRef(instrument, CLIENT_REF, ORDER_ID)


@pytest.fixture
def unanswered(instrument: Instrument) -> OrderRef:
    return OrderRef(instrument, CLIENT_REF, None)


# --- placing -------------------------------------------------------------------------------------------------------


async def test_an_accepted_order_rests(exchange: Exchange, venue: Any, quote: Quote, accepted: dict[str, Any]) -> None:
    venue.answer(PLACE, accepted, status=201)
    state = await exchange.place(quote())
    assert (state.venue_ref, state.client_ref) == (ORDER_ID, CLIENT_REF)
    assert (state.status, state.size, state.filled) == (OrderStatus.PLACED, 10_000_000, 0)


async def test_an_order_can_be_filled_by_the_answer(
    exchange: Exchange, venue: Any, quote: Quote, accepted: dict[str, Any]
) -> None:
    venue.answer(PLACE, accepted | {"fill_count": "10.00", "remaining_count": "0.00"}, status=201)
    state = await exchange.place(quote(post_only=False))
    assert (state.status, state.filled) == (OrderStatus.FILLED, 10_000_000)


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, error("invalid_order", "post only cross"), Reason.PRICE),
        (400, error("insufficient_balance"), Reason.FUNDS),
        (400, error("MARKET_INACTIVE"), Reason.CLOSED),
        (401, error("header_timestamp_expired"), Reason.AUTH),
    ],
)
async def test_a_refused_order_says_why(
    status: int, body: Any, reason: Reason, exchange: Exchange, venue: Any, quote: Quote
) -> None:
    venue.answer(PLACE, body, status=status)
    with pytest.raises(Refused) as refused:
        await exchange.place(quote())
    assert refused.value.reason is reason


@pytest.mark.parametrize("status", [408, 500, 503])
async def test_an_unknown_outcome_leaves_the_order_in_doubt_and_is_not_sent_again(
    status: int, exchange: Exchange, venue: Any, quote: Quote
) -> None:
    venue.answer(PLACE, error("internal_error"), status=status)
    with pytest.raises(InDoubt):
        await exchange.place(quote())
    assert len(venue.requests(PLACE)) == 1


async def test_a_lost_answer_leaves_the_order_in_doubt(
    exchange: Exchange, venue: Any, quote: Quote, lost: object
) -> None:
    venue.answer(PLACE, lost)
    with pytest.raises(InDoubt):
        await exchange.place(quote())
    assert len(venue.requests(PLACE)) == 1


@pytest.mark.parametrize(
    "body", ["", "{", "{}", '{"order_id": "x"}', '{"order_id":"","fill_count":"0","remaining_count":"1","ts_ms":1}']
)
async def test_an_unreadable_acceptance_leaves_the_order_in_doubt(
    body: str, exchange: Exchange, venue: Any, quote: Quote
) -> None:
    venue.answer(PLACE, body, status=201)
    with pytest.raises(InDoubt, match="unreadable"):
        await exchange.place(quote())


@pytest.mark.parametrize("changes", [{"price": Micros(560_050)}, {"size": Micros(5_000)}, {"price": Micros(0)}])
async def test_what_the_venue_cannot_hold_is_refused_unsent(
    changes: dict[str, Any], exchange: Exchange, venue: Any, quote: Quote
) -> None:
    with pytest.raises(Refused) as refused:
        await exchange.place(quote(**changes))
    assert refused.value.reason is Reason.INVALID
    assert venue.requests(PLACE) == []


async def test_a_taken_reference_adopts_the_order_that_holds_it(
    exchange: Exchange, venue: Any, quote: Quote, page: dict[str, Any]
) -> None:
    venue.answer(PLACE, error("order_already_exists"), status=409)
    venue.answer(LIST, page)
    state = await exchange.place(quote())
    assert (state.venue_ref, state.filled) == (ORDER_ID, 2_500_000)


@pytest.mark.parametrize(("listing", "status"), [({"orders": [], "cursor": ""}, 200), (error("x"), 503)])
async def test_a_taken_reference_that_is_not_listed_is_in_doubt(
    listing: Any, status: int, exchange: Exchange, venue: Any, quote: Quote
) -> None:
    venue.answer(PLACE, error("order_already_exists"), status=409)
    venue.answer(LIST, listing, status=status)
    with pytest.raises(InDoubt, match="reference is taken"):
        await exchange.place(quote())


# --- finding -------------------------------------------------------------------------------------------------------


async def test_an_unanswered_order_that_arrived_is_found(
    exchange: Exchange, venue: Any, quote: Quote, unanswered: OrderRef, page: dict[str, Any], lost: object
) -> None:
    venue.answer(PLACE, lost)
    with pytest.raises(InDoubt):
        await exchange.place(quote())
    venue.answer(AS_OF, {"as_of_time": "2026-09-21T14:13:21Z"})
    venue.answer(LIST, page)
    found = await exchange.find_order(unanswered)
    assert found is not None
    assert found.venue_ref == ORDER_ID
    assert "min_ts=1789999936" in venue.requests(LIST)[0].query


@pytest.mark.parametrize(("as_of", "is_sure"), [("2026-09-21T14:14:23.999Z", False), ("2026-09-21T14:14:24Z", True)])
async def test_an_unanswered_order_surely_never_arrived_only_a_minute_later(
    as_of: str, is_sure: bool, exchange: Exchange, venue: Any, quote: Quote, unanswered: OrderRef, lost: object
) -> None:
    venue.answer(PLACE, lost)
    with pytest.raises(InDoubt):
        await exchange.place(quote())
    venue.answer(AS_OF, {"as_of_time": as_of})
    venue.answer(LIST, {"orders": [], "cursor": ""})
    if is_sure:
        assert await exchange.find_order(unanswered) is None
    else:
        with pytest.raises(CannotTell):
            await exchange.find_order(unanswered)


async def test_the_minute_counts_from_the_sending_not_from_the_start(
    exchange: Exchange, clock: SteppedClock, venue: Any, quote: Quote, unanswered: OrderRef, lost: object
) -> None:
    clock.advance(600)
    venue.answer(PLACE, lost)
    with pytest.raises(InDoubt):
        await exchange.place(quote())
    venue.answer(AS_OF, {"as_of_time": "2026-09-21T14:23:25Z"})
    venue.answer(LIST, {"orders": [], "cursor": ""})
    with pytest.raises(CannotTell):
        await exchange.find_order(unanswered)


async def test_an_order_of_an_earlier_run_counts_as_sent_at_this_start(
    exchange: Exchange, venue: Any, unanswered: OrderRef
) -> None:
    venue.answer(LIST, {"orders": [], "cursor": ""})
    venue.answer(AS_OF, {"as_of_time": "2026-09-21T14:14:00Z"}, {"as_of_time": "2026-09-21T14:14:30Z"})
    with pytest.raises(CannotTell):
        await exchange.find_order(unanswered)
    assert await exchange.find_order(unanswered) is None


async def test_a_known_order_that_is_no_longer_listed_cannot_be_told(exchange: Exchange, ref: OrderRef) -> None:
    with pytest.raises(CannotTell, match="no longer listed"):
        await exchange.find_order(ref)


async def test_an_order_without_any_reference_cannot_be_told(exchange: Exchange, instrument: Instrument) -> None:
    with pytest.raises(CannotTell):
        await exchange.find_order(OrderRef(instrument, None, None))


async def test_the_reference_is_named_before_it_is_sent(exchange: Exchange, quote: Quote, unanswered: OrderRef) -> None:
    assert exchange.ref_of(quote()) == unanswered


# --- amend and cancel ----------------------------------------------------------------------------------------------


async def test_an_amended_order_keeps_its_id_and_fills(exchange: Exchange, venue: Any, ref: OrderRef) -> None:
    venue.answer(AMEND, {"order_id": ORDER_ID, "ts_ms": 5, "remaining_count": "9.50", "fill_count": "0.00"})
    state = await exchange.amend(ref, Side.BUY, Micros(550_000), Micros(12_000_000), Micros(2_500_000))
    assert state == OrderState(
        ORDER_ID,
        CLIENT_REF,
        ref.instrument.ref,
        Side.BUY,
        Micros(550_000),
        Micros(12_000_000),
        Micros(2_500_000),
        OrderStatus.PLACED,
        5,
    )


async def test_an_amend_that_trades_everything_fills_the_order(exchange: Exchange, venue: Any, ref: OrderRef) -> None:
    venue.answer(AMEND, {"order_id": ORDER_ID, "ts_ms": 5, "remaining_count": "0.00", "fill_count": "9.50"})
    state = await exchange.amend(ref, Side.BUY, Micros(700_000), Micros(12_000_000), Micros(2_500_000))
    assert (state.status, state.filled) == (OrderStatus.FILLED, 12_000_000)


async def test_an_amend_that_leaves_the_order_unclear_asks_for_it(
    exchange: Exchange, venue: Any, ref: OrderRef, page: dict[str, Any]
) -> None:
    venue.answer(AMEND, {"order_id": ORDER_ID, "ts_ms": 5, "remaining_count": "0.00"})
    ended = page["orders"][0] | {"status": "canceled", "remaining_count_fp": "0.00"}
    venue.answer(f"GET /portfolio/orders/{ORDER_ID}", {"order": ended})
    state = await exchange.amend(ref, Side.BUY, Micros(700_000), Micros(12_000_000), Micros(2_500_000))
    assert (state.status, state.filled) == (OrderStatus.CANCELLED, 2_500_000)
    venue.answer(f"GET /portfolio/orders/{ORDER_ID}", error("x"), status=503)
    with pytest.raises(InDoubt):
        await exchange.amend(ref, Side.BUY, Micros(700_000), Micros(12_000_000), Micros(2_500_000))


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [(404, error("not_found"), Refused), (500, error("x"), InDoubt), (200, "{}", InDoubt)],
)
async def test_a_failed_amend_or_cancel_is_refused_or_in_doubt(
    status: int, body: Any, expected: type[Exception], exchange: Exchange, venue: Any, ref: OrderRef
) -> None:
    for request in (AMEND, CANCEL):
        venue.answer(request, body, status=status)
    with pytest.raises(expected):
        await exchange.amend(ref, Side.BUY, Micros(550_000), Micros(12_000_000), Micros(0))
    with pytest.raises(expected):
        await exchange.cancel(ref)


async def test_a_cancel_of_an_order_that_is_gone_says_so(exchange: Exchange, venue: Any, ref: OrderRef) -> None:
    venue.answer(CANCEL, error("not_found"), status=404)
    with pytest.raises(Refused) as refused:
        await exchange.cancel(ref)
    assert refused.value.reason is Reason.UNKNOWN_ORDER


async def test_an_unanswered_order_is_found_before_it_is_cancelled(
    exchange: Exchange, venue: Any, unanswered: OrderRef, page: dict[str, Any]
) -> None:
    venue.answer(AS_OF, {"as_of_time": "2026-09-21T14:13:21Z"})
    venue.answer(LIST, page)
    venue.answer(CANCEL, {"order_id": ORDER_ID, "reduced_by": "7.50", "ts_ms": 1})
    await exchange.cancel(unanswered)
    assert len(venue.requests(CANCEL)) == 1


async def test_many_cancels_are_one_request_and_each_order_has_its_own_answer(
    exchange: Exchange, venue: Any, instrument: Instrument
) -> None:
    items = [
        {"order_id": "one", "reduced_by": "7.50", "ts_ms": 1},
        {"order_id": "two", "reduced_by": "0.00", **error("not_found")},
        {"order_id": "three", "reduced_by": "0.00", **error("something new")},
    ]
    venue.answer(CANCEL_MANY, {"orders": items})
    refs = [OrderRef(instrument, None, ref) for ref in ("three", "two", "one", "four")]
    found = await asyncio.gather(*cast(CancelsMany, exchange).cancel_many(refs), return_exceptions=True)
    (sent,) = venue.requests(CANCEL_MANY)
    ticker = instrument.ref
    assert json.loads(sent.body) == {
        "orders": [{"order_id": ref, "market_ticker": ticker} for ref in ("three", "two", "one", "four")]
    }
    assert [type(answer) for answer in found] == [InDoubt, Refused, type(None), InDoubt]
    assert isinstance(found[1], Refused)
    assert found[1].reason is Reason.UNKNOWN_ORDER


async def test_a_batch_that_the_budget_does_not_hold_is_cancelled_one_by_one(
    exchange: Exchange, venue: Any, instrument: Instrument
) -> None:
    """The venue would refuse it as a whole; single cancels it takes as far as they go."""
    venue.answer(CANCEL, {"order_id": ORDER_ID, "reduced_by": "1.00", "ts_ms": 1})
    cast(Any, exchange)._rest._writes.exhausted(10.0)
    for answer in cast(CancelsMany, exchange).cancel_many([OrderRef(instrument, None, ORDER_ID)] * 2):
        await answer
    assert len(venue.requests(CANCEL)) == 2


async def test_an_order_that_never_arrived_needs_no_cancel(
    exchange: Exchange, venue: Any, unanswered: OrderRef
) -> None:
    venue.answer(AS_OF, {"as_of_time": "2026-09-21T15:00:00Z"})
    venue.answer(LIST, {"orders": [], "cursor": ""})
    with pytest.raises(Refused) as refused:
        await exchange.cancel(unanswered)
    assert refused.value.reason is Reason.UNKNOWN_ORDER


async def test_an_order_id_cannot_leave_its_place_in_the_path(
    exchange: Exchange, venue: Any, instrument: Instrument
) -> None:
    with pytest.raises(Refused):
        await exchange.cancel(OrderRef(instrument, None, "../../x?y=1"))
    assert venue.seen[-1].method == "DELETE"
    assert venue.seen[-1].path.startswith("/trade-api/v2/portfolio/events/orders/")


async def test_cancelling_everything_is_one_request(exchange: Exchange, venue: Any) -> None:
    venue.answer(f"DELETE {ORDERS}", "", status=204)
    await exchange.cancel_all()
    assert len(venue.requests(f"DELETE {ORDERS}")) == 1


# --- reading -------------------------------------------------------------------------------------------------------


async def test_everything_that_rests_is_read_page_by_page(exchange: Exchange, venue: Any, page: dict[str, Any]) -> None:
    one, other = page["orders"][0], page["orders"][0] | {"order_id": "second"}
    venue.answer(LIST, {"orders": [one], "cursor": "more"}, {"orders": [one, other], "cursor": None})
    assert [state.venue_ref for state in await exchange.working()] == [ORDER_ID, "second"]


async def test_a_list_without_an_end_is_given_up(exchange: Exchange, venue: Any, page: dict[str, Any]) -> None:
    venue.answer(LIST, page | {"cursor": "a"}, page | {"cursor": "b"}, page | {"cursor": "a"})
    with pytest.raises(Unavailable, match="no end"):
        await exchange.working()


@pytest.mark.parametrize("body", ["", "[]", '{"orders": [{"order_id": 5}]}', '{"orders": [{}], "cursor": ""}'])
async def test_an_unreadable_list_is_no_empty_list(body: str, exchange: Exchange, venue: Any) -> None:
    venue.answer(LIST, body)
    with pytest.raises(Unavailable, match="unreadable"):
        await exchange.working()


async def test_an_order_of_the_list_that_cannot_be_read_spoils_it(
    exchange: Exchange, venue: Any, page: dict[str, Any]
) -> None:
    venue.answer(LIST, {"orders": [page["orders"][0], page["orders"][1] | {"status": "?"}], "cursor": ""})
    with pytest.raises(Unavailable, match="unreadable"):
        await exchange.working()


async def test_fills_come_oldest_first_from_the_time_on(
    exchange: Exchange, venue: Any, payload: Callable[[str], bytes]
) -> None:
    fill = json.loads(payload("fills_page.json"))["fills"][0]
    later = fill | {"trade_id": "later", "created_time": "2026-09-21T14:14:00Z"}
    before = fill | {"trade_id": "before", "created_time": "2026-09-21T14:13:19.999Z"}
    venue.answer("GET /portfolio/fills", {"fills": [later, fill, before], "cursor": ""})
    found = await exchange.fills(1_790_000_000_000)
    assert [fill.trade_ref for fill in found] == ["d91bc706-ee49-470d-82d8-11418bda6fed", "later"]


async def test_the_balance_leaves_out_what_resting_orders_may_cost(
    exchange: Exchange, venue: Any, page: dict[str, Any]
) -> None:
    venue.answer(LIST, {"orders": [page["orders"][0]], "cursor": ""})
    answer = {"balance": 12_550, "balance_dollars": "125.5034", "portfolio_value": 1_000, "updated_ts": 1}
    venue.answer("GET /portfolio/balance", answer)
    balance = await exchange.balance()
    assert (balance.free, balance.held, balance.currency) == (Decimal("121.3034"), Decimal("4.2"), "USD")


async def test_only_finalized_markets_are_resolved(
    exchange: Exchange, venue: Any, instrument: Instrument, payload: Callable[[str], bytes]
) -> None:
    venue.answer("GET /markets", json.loads(payload("markets_page.json")))
    found = await exchange.resolutions([instrument])
    assert [(resolution.status, resolution.payout_per_contract) for resolution in found] == [
        (SettlementStatus.WON, Decimal(1)),
        (SettlementStatus.VOID, Decimal("0.5")),
    ]


async def test_listings_have_their_series_fees(exchange: Exchange, venue: Any, payload: Callable[[str], bytes]) -> None:
    venue.answer("GET /events", json.loads(payload("events_tennis.json")))
    venue.answer(
        "GET /series/KXDARTSMATCH",
        {"series": {"ticker": "KXDARTSMATCH", "fee_type": "quadratic_with_maker_fees", "fee_multiplier": 0.5}},
    )
    listings = await exchange.listings("darts")
    assert [listing.instrument.maker_fee.rate for listing in listings] == [Decimal("0.00875")] * 2


async def test_a_sport_that_is_not_listed_costs_no_request(exchange: Exchange, venue: Any) -> None:
    seen = len(venue.seen)
    assert await exchange.listings("chess-boxing") == []
    assert len(venue.seen) == seen


async def test_a_venue_that_is_down_is_unavailable_to_reads(exchange: Exchange, venue: Any, lost: object) -> None:
    venue.answer(LIST, lost)
    with pytest.raises(Unavailable):
        await exchange.working()


# --- budgets -------------------------------------------------------------------------------------------------------


def limits(write: int) -> dict[str, Any]:
    bucket = {"refill_rate": write, "bucket_capacity": write}
    return {"usage_tier": "basic", "read": {"refill_rate": 100, "bucket_capacity": 100}, "write": bucket}


async def test_placements_leave_tokens_for_cancels(
    build: Callable[..., Exchange], venue: Any, quote: Quote, ref: OrderRef, accepted: dict[str, Any]
) -> None:
    venue.answer("GET /account/limits", limits(write=50))
    venue.answer(PLACE, accepted, status=201)
    venue.answer(CANCEL, {"order_id": ORDER_ID, "reduced_by": "1.00", "ts_ms": 1})
    exchange = build()
    await exchange.open(lambda event: None)
    for _ in range(3):
        await exchange.place(quote())
    with pytest.raises(Unavailable) as unavailable:
        await exchange.place(quote())
    assert unavailable.value.retry_after_s == pytest.approx(0.2)
    assert len(venue.requests(PLACE)) == 3
    for _ in range(30):
        await exchange.cancel(ref)
    await exchange.close()


async def test_too_many_requests_hold_placements_back_for_a_moment(
    exchange: Exchange, venue: Any, quote: Quote, clock: SteppedClock, accepted: dict[str, Any]
) -> None:
    venue.answer(PLACE, {"error": "too many requests"}, status=429)
    with pytest.raises(Refused) as refused:
        await exchange.place(quote())
    assert refused.value.reason is Reason.RATE
    with pytest.raises(Unavailable):
        await exchange.place(quote())
    clock.advance(1)
    venue.answer(PLACE, accepted, status=201)
    await exchange.place(quote())


async def test_reads_wait_for_their_budget(
    build: Callable[..., Exchange], venue: Any, clock: SteppedClock, until: Callable[..., Any]
) -> None:
    venue.answer("GET /account/limits", limits(write=100))
    venue.answer(LIST, {"orders": [], "cursor": ""})
    exchange = build()
    await exchange.open(lambda event: None)
    for _ in range(9):  # the question for the limits was the first of ten
        await exchange.working()
    before = clock.now_ns()
    task = spawn(exchange.working(), "waiting read")
    await until(lambda: clock.next_wake_ns() is not None)
    assert clock.next_wake_ns() == before + 100_000_000
    clock.advance(0.1)
    assert await task == []
    await exchange.close()


@pytest.mark.parametrize("status", [403, 503])
async def test_limits_that_are_not_told_leave_the_basic_tier(
    status: int, build: Callable[..., Exchange], venue: Any, quote: Quote, accepted: dict[str, Any]
) -> None:
    venue.answer("GET /account/limits", error("x"), status=status)
    venue.answer(PLACE, accepted, status=201)
    exchange = build()
    await exchange.open(lambda event: None)
    for _ in range(8):
        await exchange.place(quote())
    with pytest.raises(Unavailable):
        await exchange.place(quote())
    await exchange.close()


async def test_a_key_that_is_not_accepted_does_not_open(build: Callable[..., Exchange], venue: Any) -> None:
    venue.answer("GET /account/limits", error("authentication_error"), status=401)
    exchange = build()
    with pytest.raises(Refused) as refused:
        await exchange.open(lambda event: None)
    assert refused.value.reason is Reason.AUTH
    await exchange.close()


# --- the stream ----------------------------------------------------------------------------------------------------


async def test_fills_orders_and_markets_come_on_the_stream(
    exchange: Exchange, venue: Any, events: list[ExchangeEvent], instrument: Instrument, payload: Any, until: Any
) -> None:
    await exchange.watch([instrument])
    await venue.push(payload("user_fill.json").decode())
    await venue.push(payload("user_order.json").decode())
    change = {"market_ticker": instrument.ref, "event_type": "deactivated", "is_deactivated": True}
    await venue.push({"type": "market_lifecycle_v2", "sid": 3, "msg": change})
    await until(lambda: len(events) == 3)
    assert [type(event) for event in events] == [Fill, OrderState, MarketChange]


async def test_a_dropped_socket_is_announced_and_comes_back_signed_anew(
    exchange: Exchange, venue: Any, events: list[ExchangeEvent], until: Any
) -> None:
    await venue.drop()
    await until(lambda: len(events) == 2)
    assert [event.is_down for event in events if isinstance(event, StreamGap)] == [True, False]
    assert len(venue.upgrades) == 2
    assert len(venue.said) == 6


async def test_a_stream_that_is_not_confirmed_is_announced_and_tried_anew(
    build: Callable[..., Exchange],
    venue: Any,
    events: list[ExchangeEvent],
    monkeypatch: pytest.MonkeyPatch,
    until: Any,
) -> None:
    monkeypatch.setattr("hedgerow.venues.kalshi.stream.AccountStream.CONFIRMED_WITHIN_S", 0.05)
    venue.confirms = False
    exchange = build()
    await exchange.open(events.append)
    assert [event.is_down for event in events if isinstance(event, StreamGap)] == [True]
    venue.confirms = True
    await until(lambda: len(events) == 2)
    assert isinstance(events[1], StreamGap)
    assert not events[1].is_down
    await exchange.close()


async def test_nothing_of_the_key_is_shown(
    build: Callable[..., Exchange], venue: Any, quote: Quote, rsa_pem: Secret, lost: object
) -> None:
    venue.answer(PLACE, lost)
    exchange = build(rsa_pem)
    await exchange.open(lambda event: None)
    with pytest.raises(InDoubt) as doubt:
        await exchange.place(quote())
    shown = f"{doubt.value!r} {doubt.value} {vars(exchange)!r}"
    assert not re.search(r"BEGIN|KALSHI-ACCESS", shown)
    await exchange.close()


async def test_placing_with_an_rsa_key_uses_a_signature_made_ahead(
    build: Callable[..., Exchange],
    venue: Any,
    quote: Quote,
    clock: SteppedClock,
    accepted: dict[str, Any],
    rsa_pem: Secret,
    until: Any,
) -> None:
    venue.answer(PLACE, accepted, status=201)
    exchange = build(rsa_pem)
    await exchange.open(lambda event: None)
    await until(lambda: len(exchange._rest._placing) > 0)
    await exchange.place(quote())
    time = int(venue.requests(PLACE)[-1].headers["KALSHI-ACCESS-TIMESTAMP"])
    assert time != clock.now_ms()
    assert abs(time - clock.now_ms()) <= 4_000
    await exchange.close()
