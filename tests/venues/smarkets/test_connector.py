"""What the connector makes of answers, silence and refusals."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.patience import PATIENCE_S

from hedgerow.core.clock import NS_PER_S, SteppedClock
from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, SetupError, Unavailable
from hedgerow.core.money import Micros
from hedgerow.core.secrets import Secret
from hedgerow.core.states import FillState, OrderStatus, Side
from hedgerow.venues.base import (
    Exchange,
    ExchangeEvent,
    Fill,
    Instrument,
    NewQuote,
    OrderRef,
    OrderState,
    StreamGap,
    VenueContext,
)
from hedgerow.venues.registry import build_exchange
from hedgerow.venues.smarkets import MANIFEST
from hedgerow.venues.smarkets.taking import SmarketsTaking
from hedgerow.venues.taking import TakeOrder

SESSIONS, ORDERS, ACTIVITY, ACCOUNT = "/v3/sessions/", "/v3/orders/", "/v3/accounts/activity/", "/v3/accounts/"
QUOTES, CONTRACTS = "/v3/markets/128939/quotes/", "/v3/markets/128939/contracts/"
ORDER_ID = "1518455672861"
NO_PAGE = {"next_page": None}

Quote = Callable[..., NewQuote]
Make = Callable[..., dict[str, Any]]


def error(error_type: str, data: Any = "") -> dict[str, Any]:
    return {"error_type": error_type, "data": data}


def ledger(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"account_activity": list(rows), "pagination": NO_PAGE}


async def refusal(asked: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        await asked
    return caught.value


# --- placing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (400, "ORDER_REJECTED_INSUFFICIENT_FUNDS", Reason.FUNDS),
        (400, "ORDER_REJECTED_STAKE_LIMIT_EXCEEDED", Reason.LIMIT),
        (400, "ORDER_INVALID_INVALID_PRICE, ORDER_INVALID_INVALID_QUANTITY", Reason.INVALID),
        (400, "ORDER_REJECTED_CROSSED_SELF", Reason.PRICE),
        (400, "ORDER_REJECTED_MARKET_HALTED", Reason.CLOSED),
        (400, "SOMETHING_NEW", Reason.OTHER),
        (403, "FORBIDDEN", Reason.ACCOUNT),
        (451, "COUNTRY_BLOCKED", Reason.ACCOUNT),
    ],
)
async def test_a_refusal_is_told_by_its_type(
    exchange: Exchange, venue: Any, quote: Quote, status: int, code: str, reason: Reason
) -> None:
    venue.answer(f"POST {ORDERS}", error(code), status=status)
    assert (await refusal(exchange.place(quote()))).reason is reason


@pytest.mark.parametrize("code", ["ORDER_REJECTED_THROTTLE_EXCEEDED", "ORDER_REJECTED_CAPACITY_REACHED"])
async def test_what_the_venue_has_no_room_for_now_may_be_asked_again(
    exchange: Exchange, venue: Any, quote: Quote, code: str
) -> None:
    venue.answer(f"POST {ORDERS}", error(code), status=400)
    with pytest.raises(Unavailable) as caught:
        await exchange.place(quote())
    assert caught.value.retry_after_s


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (503, "ORDER_UNAVAILABLE", Unavailable),
        (503, "CREATE_ORDER_TIMEOUT", InDoubt),
        (503, "KYC_SERVICE_INTERNAL_ERROR", InDoubt),
        (500, "INTERNAL_ERROR", InDoubt),
    ],
)
async def test_of_a_failure_it_is_known_whether_anything_was_done(
    exchange: Exchange, venue: Any, quote: Quote, status: int, code: str, kind: type[Exception]
) -> None:
    venue.answer(f"POST {ORDERS}", error(code), status=status)
    with pytest.raises(kind):
        await exchange.place(quote())


async def test_a_lost_answer_leaves_the_order_in_doubt(
    exchange: Exchange, venue: Any, quote: Quote, lost: object
) -> None:
    venue.answer(f"POST {ORDERS}", lost)
    with pytest.raises(InDoubt):
        await exchange.place(quote())


@pytest.mark.parametrize("changes", [{"contract_id": "123457"}, {"side": "sell"}, {"order_id": "x"}, {"price": 0}])
async def test_an_answer_about_something_else_leaves_the_order_in_doubt(
    exchange: Exchange, venue: Any, quote: Quote, placed: Make, changes: dict[str, Any]
) -> None:
    venue.answer(f"POST {ORDERS}", placed(**changes))
    with pytest.raises(InDoubt):
        await exchange.place(quote())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"price": Micros(500_100)}, Reason.PRICE),
        ({"size": Micros(10_000_100)}, Reason.LIMIT),
        ({"size": Micros(90_000)}, Reason.LIMIT),
        ({"size": Micros(0)}, Reason.LIMIT),
        ({"size": Micros(429_496_730_000)}, Reason.LIMIT),
        ({"side": Side.SELL, "price": Micros(1_000), "size": Micros(49_990_000)}, Reason.LIMIT),
    ],
)
async def test_what_the_venue_would_refuse_is_not_sent(
    exchange: Exchange, venue: Any, quote: Quote, changes: dict[str, Any], reason: Reason
) -> None:
    assert (await refusal(exchange.place(quote(**changes)))).reason is reason
    assert venue.seen == []


async def test_orders_of_one_moment_share_a_look_at_the_book(
    exchange: Exchange, venue: Any, quote: Quote, placed: Make, clock: SteppedClock
) -> None:
    venue.answer(f"POST {ORDERS}", placed())
    venue.answer(f"GET {QUOTES}", {"123456": {"bids": [], "offers": [{"price": 5050, "quantity": 1}]}})
    await asyncio.gather(*(exchange.place(replace(quote(), client_ref=name)) for name in "abc"))
    assert len(venue.requests(f"GET {QUOTES}")) == 1
    clock.advance_to(clock.now_ns() + 2 * NS_PER_S)
    assert (await refusal(exchange.place(quote(price=Micros(510_200))))).reason is Reason.PRICE
    assert len(venue.requests(f"GET {QUOTES}")) == 2


async def test_a_contract_that_was_open_is_not_looked_up_again_for_a_minute_or_until_a_refusal(
    context: VenueContext, venue: Any
) -> None:
    contract = {"id": "123456", "market_id": "128939", "name": "A", "state_or_outcome": "open"}
    venue.answer("GET /v3/events/", {"events": [{"id": "5", "name": "A vs B", "state": "live"}], "pagination": NO_PAGE})
    venue.answer("GET /v3/events/5/markets/", {"markets": [{"id": "128939", "event_id": "5", "state": "live"}]})
    venue.answer(f"GET {CONTRACTS}", {"contracts": [contract]})
    clock = SteppedClock(context.clock.now_ns())
    taking = SmarketsTaking(MANIFEST, replace(context, clock=clock))
    reads = []
    for seconds in (0, 59, 61):
        clock.advance_to(clock.now_ns() + seconds * NS_PER_S)
        leg = await taking.leg("place", "", "123456", is_back=True)
        reads.append(len(venue.requests(f"GET {CONTRACTS}")))
    venue.answer(f"POST {ORDERS}", error("ORDER_REJECTED_MARKET_HALTED"), status=400)
    assert (await refusal(taking.take(TakeOrder("ours", leg, 500_000, 10_000_000, 500_000, is_whole=True)))).reason is (
        Reason.CLOSED
    )
    venue.answer(f"GET {CONTRACTS}", {"contracts": [contract | {"state_or_outcome": "halted"}]})
    assert (await refusal(taking.leg("place", "", "123456", is_back=True))).reason is Reason.CLOSED
    assert reads == [2, 2, 3]  # the first look learns where the contract is
    await taking.close()


async def test_an_order_is_cancelled_when_it_expires(
    exchange: Exchange, venue: Any, quote: Quote, placed: Make, clock: SteppedClock, eventually: Any
) -> None:
    venue.answer(f"POST {ORDERS}", placed())
    venue.answer(f"DELETE {ORDERS}{ORDER_ID}/", {})
    await exchange.place(quote(expires_at_ms=clock.now_ms() + 1_000))
    clock.advance_to(clock.now_ns() + NS_PER_S)
    await eventually(lambda: venue.requests(f"DELETE {ORDERS}{ORDER_ID}/"))


# --- looking for it, cancelling it ---------------------------------------------------------------------------------


async def test_absence_counts_when_the_order_can_no_longer_arrive(
    exchange: Exchange, venue: Any, quote: Quote, lost: object, clock: SteppedClock
) -> None:
    venue.answer(f"POST {ORDERS}", lost)
    ref = exchange.ref_of(quote())
    with pytest.raises(InDoubt):
        await exchange.place(quote())
    with pytest.raises(CannotTell, match="may still arrive"):
        await exchange.find_order(ref)
    clock.advance_to(clock.now_ns() + 60 * NS_PER_S)
    assert await exchange.find_order(ref) is None


async def test_an_order_that_left_the_list_is_found_in_the_ledger(
    exchange: Exchange, venue: Any, quote: Quote, row: Make
) -> None:
    venue.answer(f"GET {ACTIVITY}", ledger(row(), row(seq=11424, source="order.book.cancel", extra="market_halted")))
    found = await exchange.find_order(exchange.ref_of(quote()))
    assert found is not None
    assert (found.venue_ref, found.status) == (ORDER_ID, OrderStatus.EXPIRED)


async def test_an_order_that_is_nowhere_cannot_be_told(exchange: Exchange, instrument: Instrument) -> None:
    with pytest.raises(CannotTell):
        await exchange.find_order(OrderRef(instrument, None, ORDER_ID))


@pytest.mark.parametrize(("status", "code"), [(404, "NOT_FOUND"), (400, "TOO_LATE"), (400, "NOT_LIVE")])
async def test_an_order_that_is_over_is_unknown_to_a_cancel(
    exchange: Exchange, venue: Any, instrument: Instrument, status: int, code: str
) -> None:
    venue.answer(f"DELETE {ORDERS}{ORDER_ID}/", error(f"ORDER_CANCEL_REJECTED_{code}"), status=status)
    refused = await refusal(exchange.cancel(OrderRef(instrument, None, ORDER_ID)))
    assert refused.reason is Reason.UNKNOWN_ORDER


async def test_a_cancel_that_timed_out_is_in_doubt(exchange: Exchange, venue: Any, instrument: Instrument) -> None:
    venue.answer(f"DELETE {ORDERS}{ORDER_ID}/", error("CANCEL_ORDER_TIMEOUT"), status=503)
    with pytest.raises(InDoubt):
        await exchange.cancel(OrderRef(instrument, None, ORDER_ID))


async def test_a_page_that_names_another_place_is_not_followed(exchange: Exchange, venue: Any) -> None:
    for name in ("/v3/orders/", "?a=b\r\nX: y", ""):
        venue.answer(f"GET {ORDERS}", {"orders": [], "pagination": {"next_page": name}})
        with pytest.raises(Unavailable):
            await exchange.working()


# --- the session ---------------------------------------------------------------------------------------------------


async def test_a_session_that_is_over_is_renewed_and_the_question_repeated_once(exchange: Exchange, venue: Any) -> None:
    whole = {"account": {"currency": "USD", "available_balance": "95.00"}}
    venue.answer(f"GET {ACCOUNT}", error("AUTH_REQUIRED"), status=401)
    venue.then(f"GET {ACCOUNT}", whole)
    assert (await exchange.balance()).free == 95
    assert len(venue.requests(f"POST {SESSIONS}")) == 1


async def test_an_order_that_met_a_dead_session_was_not_taken_and_is_not_repeated(
    exchange: Exchange, venue: Any, quote: Quote
) -> None:
    venue.answer(f"POST {ORDERS}", error("AUTH_REQUIRED"), status=401)
    with pytest.raises(Unavailable):
        await exchange.place(quote())
    assert len(venue.requests(f"POST {ORDERS}")) == 1


async def test_a_token_that_was_not_used_for_long_is_renewed(context: VenueContext, venue: Any) -> None:
    clock = SteppedClock(context.clock.now_ns())
    made = build_exchange("smarkets", replace(context, clock=clock))
    await made.working()
    for minutes, logins in ((20, 1), (20, 1), (26, 2)):
        clock.advance_to(clock.now_ns() + minutes * 60 * NS_PER_S)
        await made.working()
        assert len(venue.requests(f"POST {SESSIONS}")) == logins
    await made.close()


async def test_too_many_requests_pause_their_group_until_the_time_that_is_told(exchange: Exchange, venue: Any) -> None:
    limit = {"count": 51, "limit": 50, "expiry": "2026-11-21T12:00:40"}
    venue.answer(f"GET {ACCOUNT}", error("RATE_LIMIT_EXCEEDED", limit), status=429)
    with pytest.raises(Unavailable) as caught:
        await exchange.balance()
    assert caught.value.retry_after_s == 40
    asked = len(venue.seen)
    with pytest.raises(Unavailable):
        await exchange.balance()
    assert len(venue.seen) == asked


@pytest.mark.parametrize(
    ("status", "answer", "reason"),
    [
        (401, error("INVALID_CREDENTIALS"), Reason.AUTH),
        (401, error("PASSWORD_RESET_NEEDED"), Reason.ACCOUNT),
        (403, error("USER_SUSPENDED"), Reason.ACCOUNT),
        (201, {"token": "half", "factor": "totp"}, Reason.ACCOUNT),
        (201, {"token": "half", "factor": "nemid"}, Reason.ACCOUNT),
        (201, {"token": None, "factor": "complete"}, Reason.ACCOUNT),
    ],
)
async def test_a_login_that_does_not_open_says_why(
    context: VenueContext, venue: Any, status: int, answer: dict[str, Any], reason: Reason
) -> None:
    venue.answer(f"POST {SESSIONS}", answer, status=status)
    made = build_exchange("smarkets", context)
    assert (await refusal(made.open(lambda event: None))).reason is reason
    await made.close()


async def test_an_account_in_another_currency_is_refused_at_the_start(context: VenueContext, venue: Any) -> None:
    venue.answer(f"GET {ACCOUNT}", {"account": {"currency": "GBP", "available_balance": "95.00"}})
    made = build_exchange("smarkets", context)
    assert (await refusal(made.open(lambda event: None))).reason is Reason.ACCOUNT
    await made.close()


def test_a_second_factor_that_cannot_be_read_stops_the_start(context: VenueContext) -> None:
    keys = {"password": Secret("throwaway"), "totp_secret": Secret("not base32!")}
    with pytest.raises(SetupError):
        build_exchange("smarkets", replace(context, account=replace(context.account, credentials=keys)))


# --- following -----------------------------------------------------------------------------------------------------


@pytest.fixture
def goes_on(clock: SteppedClock) -> Callable[[Callable[[], bool]], Awaitable[None]]:
    """The time goes on, second by second, until a condition holds."""

    async def wait(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                clock.advance_to(clock.now_ns() + NS_PER_S)
                await asyncio.sleep(0.005)

    return wait


async def test_a_trade_is_told_then_its_order_and_later_that_it_was_taken_back(
    exchange: Exchange, venue: Any, row: Make, events: list[ExchangeEvent], goes_on: Any
) -> None:
    trade = row(seq=11424, source="order.execute", quantity_user_currency_change=-40_000)
    void = row(seq=11425, source="order.execute.void", quantity_user_currency_change=40_000)
    begun = ledger(row(), trade)
    venue.answer(f"GET {ACTIVITY}", begun, begun, ledger(void), ledger(row(), trade, void), ledger())
    await goes_on(lambda: len(events) >= 4)
    assert [type(event) for event in events] == [Fill, OrderState, Fill, OrderState]
    fills = [event for event in events if isinstance(event, Fill)]
    assert [(fill.trade_ref, fill.state) for fill in fills] == [
        ("11424.0", FillState.PROVISIONAL),
        ("11424.0", FillState.REVERSED),
    ]
    assert [event.filled for event in events if isinstance(event, OrderState)] == [4_000_000, 0]


async def test_a_silence_is_a_gap_and_the_ledger_is_read_on_from_its_last_row(
    exchange: Exchange,
    venue: Any,
    quote: Quote,
    placed: Make,
    row: Make,
    lost: object,
    events: list[ExchangeEvent],
    goes_on: Any,
) -> None:
    venue.answer(f"POST {ORDERS}", placed())
    await exchange.place(quote())
    venue.answer(f"GET {ACTIVITY}", ledger(row()), ledger(row()), lost, ledger())
    await goes_on(lambda: len(events) >= 3)
    assert [type(event) for event in events] == [OrderState, StreamGap, StreamGap]
    assert [event.is_down for event in events if isinstance(event, StreamGap)] == [True, False]
    assert "pagination_last_seq=11423" in venue.requests(f"GET {ACTIVITY}")[-1].query
