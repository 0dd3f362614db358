"""Every request as it leaves, held against `requests.json`: methods, paths, parameters and members there are those of
docs.prophetx.co ("Submit order", "Integration", "Integration with Websockets") and the venue's sheet."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.clock import NS_PER_S, SteppedClock
from hedgerow.core.ids import FixtureId, OutcomeId, PlayerId
from hedgerow.core.money import Micros
from hedgerow.core.odds import OddsMicros
from hedgerow.core.states import BetStatus, Side
from hedgerow.venues.base import BetIntent, Exchange, Instrument, NewQuote, OrderRef, VenueContext
from hedgerow.venues.registry import build_bookmaker

from .conftest import FIRST, NOW_S, REFERENCE, SECOND, V4

ORDER_ID = "0e9a41f5c3b24d6b8f7a2c1d5e6f7081"
Check = Callable[[str], None]
Order = Callable[..., dict[str, Any]]


@pytest.fixture
def sent(venue: Any, golden: dict[str, Any]) -> Check:
    """Compares what was sent, the socket's attempts apart, with the recorded requests of a name."""

    def check(name: str) -> None:
        assert [_as_recorded(seen) for seen in venue.seen if not seen.path.startswith("/app/")] == golden[name]

    return check


def _as_recorded(seen: Any) -> dict[str, Any]:
    found = {"request": f"{seen.method} {seen.path}" + (f"?{seen.query}" if seen.query else "")}
    if token := seen.headers.get("Authorization"):
        found["token"] = token
    return found | ({"body": seen.body} if seen.body else {})


def placed(order: dict[str, Any]) -> dict[str, Any]:
    return {"data": {"success": True, "order": order}}


def detail(**changes: Any) -> dict[str, Any]:
    row = {"id": 7, "order_id": ORDER_ID, "price": 110, "quantity": 10, "matched_at": NOW_S * NS_PER_S}
    return {"data": {"matching_details": [row | changes], "next_cursor": None}}


async def test_opening_signs_in_and_asks_where_the_socket_is(
    exchange: Exchange, venue: Any, context: VenueContext, sent: Check
) -> None:
    again = type(exchange)(exchange.manifest, context)  # type: ignore[call-arg]
    await again.open(lambda event: None)
    await again.close()
    sent("login")


async def test_a_token_is_renewed_by_the_one_for_that(
    context: VenueContext, venue: Any, clock: SteppedClock, sent: Check
) -> None:
    venue.answer(f"GET {V4}/get_balance", {"data": {"balance": 1}})
    bookmaker = build_bookmaker("prophetx", context)
    await bookmaker.open()
    venue.seen.clear()
    clock.advance_to(clock.now_ns() + 9 * 60 * NS_PER_S)
    await bookmaker.balance()
    await bookmaker.close()
    sent("refresh")


async def test_an_order_that_must_not_trade_adds_liquidity_only(
    exchange: Exchange, venue: Any, quote: Callable[..., NewQuote], order: Order, sent: Check
) -> None:
    venue.answer(f"POST {V4}/submit_order", placed(order()))
    state = await exchange.place(quote())
    assert (state.price, state.size, state.filled) == (476_190, 21_000_000, 0)
    sent("place")


async def test_a_sale_buys_the_other_side_at_the_other_side_of_the_price(
    exchange: Exchange, venue: Any, quote: Callable[..., NewQuote], order: Order, sent: Check
) -> None:
    told = order(strike_id=SECOND, price=-110, quantity=2.31, open_quantity=2.31)
    venue.answer(f"POST {V4}/submit_order", placed(told))
    state = await exchange.place(quote(side=Side.SELL, size=Micros(4_410_000), post_only=False))
    assert (state.side, state.price, state.size, state.instrument_ref) == (Side.SELL, 476_190, 4_410_000, FIRST)
    sent("sell")


async def test_one_order_is_cancelled_by_both_its_names(
    exchange: Exchange, venue: Any, instrument: Instrument, sent: Check
) -> None:
    venue.answer(f"POST {V4}/cancel_order", {"data": {"success": True}})
    await exchange.cancel(OrderRef(instrument, REFERENCE, ORDER_ID))
    sent("cancel")


async def test_all_orders_are_cancelled_and_none_is_no_error(exchange: Exchange, venue: Any, sent: Check) -> None:
    venue.answer(f"POST {V4}/cancel_all_orders", {"error": "no_cancellable_orders", "message": "none"}, status=404)
    await exchange.cancel_all()
    sent("cancel all")


async def test_an_order_is_looked_for_by_our_reference(
    exchange: Exchange, venue: Any, quote: Callable[..., NewQuote], order: Order, sent: Check
) -> None:
    answer = {"data": {"orders": [order(external_id="other"), order()], "next_cursor": ""}}
    venue.answer(f"GET {V4}/get_order_history", answer)
    found = await exchange.find_order(exchange.ref_of(quote()))
    assert found is not None
    assert found.venue_ref == ORDER_ID
    sent("find")


async def test_a_known_order_is_asked_for_by_its_id(
    exchange: Exchange, venue: Any, instrument: Instrument, order: Order, sent: Check
) -> None:
    venue.answer(f"GET {V4}/get_order/{ORDER_ID}", {"data": order()})
    await exchange.find_order(OrderRef(instrument, None, ORDER_ID))
    sent("order")


async def test_what_rests_is_asked_for_week_by_week(exchange: Exchange, sent: Check) -> None:
    assert await exchange.working() == []
    sent("working")


async def test_fills_are_asked_for_by_the_orders_that_changed(
    exchange: Exchange, venue: Any, instrument: Instrument, order: Order, sent: Check
) -> None:
    await exchange.watch([instrument])
    row = order(filled_quantity=10, matching_status="fully_matched")
    venue.answer(f"GET {V4}/get_order_history", {"data": {"orders": [row]}})
    venue.answer(f"GET {V4}/get_order_matched_detail", detail())
    (fill,) = await exchange.fills((NOW_S - 3 * 86_400) * 1000)
    assert (fill.price, fill.size, fill.trade_ref) == (476_190, 21_000_000, f"{ORDER_ID}:10000000")
    sent("fills")


async def test_a_sports_matches_are_listed(exchange: Exchange, venue: Any, sent: Check) -> None:
    tennis, other = ({"id": number, "name": "x", "sport": {"id": 1, "name": name}} for number, name in _SPORTS)
    venue.answer("GET /partner/mm/get_tournaments", {"data": {"tournaments": [tennis, other]}})
    venue.answer("GET /partner/mm/get_sport_events", {"data": {"sport_events": [{"event_id": 44285780}]}})
    venue.answer(f"GET {V4}/get_multiple_markets", {"data": {"44285780": None}})
    assert await exchange.listings("tennis") == []
    assert await exchange.listings("squash") == []
    sent("listings")


_SPORTS = ((109, "Tennis"), (31, "Baseball"))


async def test_a_bet_is_filled_or_killed(context: VenueContext, venue: Any, order: Order, sent: Check) -> None:
    sides = [[{"strike_id": FIRST, "price": 110, "quantity": 50}], [{"strike_id": SECOND, "price": None}]]
    markets = {"data": {"44285780": [{"id": 219, "type": "moneyline", "selections": sides}]}}
    strikes = {"data": [{"strike_id": FIRST, "event_id": 44285780, "market_id": 219}]}
    venue.answer(f"GET {V4}/get_strikes", strikes)
    venue.answer(f"GET {V4}/get_multiple_markets", markets)
    venue.answer(f"POST {V4}/submit_order", placed(order(filled_quantity=10, matching_status="fully_matched")))
    venue.answer(f"GET {V4}/get_order_matched_detail", detail())
    bookmaker = build_bookmaker("prophetx", context)
    await bookmaker.open()
    venue.seen.clear()
    fixture, outcome = FixtureId("id1"), OutcomeId(121)
    bet = BetIntent(
        REFERENCE,
        fixture,
        outcome,
        PlayerId(0),
        "44285780:219",
        FIRST,
        OddsMicros(2_100_000),
        stake=Decimal(10),
        currency="USD",
        is_live=False,
    )
    report = await bookmaker.place(bet)
    await bookmaker.close()
    assert (report.status, report.odds, report.stake) == (BetStatus.CONFIRMED, 2_100_000, 10)
    sent("take")
