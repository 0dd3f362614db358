"""Every request as it leaves, held against `requests.json`: methods, paths, parameters and members there are those of
the venue's OpenAPI description and its sample bot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.clock import NS_PER_S, SteppedClock
from hedgerow.core.money import Micros
from hedgerow.core.secrets import Secret
from hedgerow.core.states import Side
from hedgerow.venues.base import Exchange, Instrument, NewQuote, OrderRef, VenueContext
from hedgerow.venues.smarkets import MANIFEST
from hedgerow.venues.smarkets.connector import SmarketsExchange
from hedgerow.venues.smarkets.taking import SmarketsTaking
from hedgerow.venues.taking import Leg, TakeOrder

NOW_MS = 1_795_262_400_000
ORDER_ID = "1518455672861"
ORDERS, ACTIVITY, CONTRACTS = "/v3/orders/", "/v3/accounts/activity/", "/v3/markets/128939/contracts/"

Check = Callable[[str], None]
Quote = Callable[..., NewQuote]
Make = Callable[..., dict[str, Any]]


@pytest.fixture
def sent(venue: Any, golden: dict[str, Any]) -> Check:
    """Compares what was sent with the recorded requests of a name."""

    def check(name: str) -> None:
        assert [_as_recorded(seen) for seen in venue.seen] == golden[name]

    return check


def _as_recorded(seen: Any) -> dict[str, Any]:
    found = {"request": f"{seen.method} {seen.path}" + (f"?{seen.query}" if seen.query else "")}
    if authorization := seen.headers.get("Authorization"):
        found["authorization"] = authorization
    return found | ({"body": seen.body} if seen.body else {})


async def test_opening_signs_in_and_reads_where_the_account_stands(context: VenueContext, sent: Check) -> None:
    made = SmarketsExchange(MANIFEST, context)
    await made.open(lambda event: None)
    await made.close()
    sent("open")


async def test_a_second_factor_is_sent_where_it_is_asked_for(context: VenueContext, venue: Any, sent: Check) -> None:
    venue.answer("POST /v3/sessions/", {"token": "half", "stop": None, "factor": "totp"}, status=201)
    venue.answer("POST /v3/sessions/verify/", {"token": "whole", "stop": None, "factor": "complete"}, status=201)
    keys = {"password": Secret("throwaway"), "totp_secret": Secret("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")}
    made = SmarketsTaking(MANIFEST, replace(context, account=replace(context.account, credentials=keys)))
    await made.open()
    await made.close()
    sent("second factor")


async def test_a_quote_is_held_against_the_book_and_sent(
    exchange: Exchange, venue: Any, quote: Quote, placed: Make, sent: Check
) -> None:
    venue.answer(f"POST {ORDERS}", placed())
    await exchange.place(quote())
    sent("place")


async def test_a_sale_that_may_trade_is_sent_at_once(
    exchange: Exchange, venue: Any, quote: Quote, placed: Make, sent: Check
) -> None:
    venue.answer(f"POST {ORDERS}", placed(side="sell", price=7812, quantity=300, available_quantity=300))
    state = await exchange.place(quote(side=Side.SELL, price=Micros(781_200), size=Micros(30_000_000), post_only=False))
    assert (state.price, state.side) == (781_200, Side.SELL)
    sent("sell")


@pytest.mark.parametrize(("is_whole", "name"), [(True, "take whole"), (False, "take part")])
async def test_a_bet_matches_at_once_or_ends(
    context: VenueContext,
    venue: Any,
    instrument: Instrument,
    placed: Make,
    row: Make,
    sent: Check,
    is_whole: bool,
    name: str,
) -> None:
    taking = SmarketsTaking(MANIFEST, context)
    await taking.open()
    venue.seen.clear()
    venue.answer(f"POST {ORDERS}", placed(available_quantity=0, total_executed_quantity=100_000))
    trade = row(seq=11424, source="order.execute", price=4950, quantity_user_currency_change=-100_000)
    venue.answer(f"GET {ACTIVITY}", {"account_activity": [row(), trade], "pagination": {"next_page": None}})
    leg = Leg(instrument, Side.BUY)
    taken = await taking.take(TakeOrder(row()["label"], leg, 500_000, 10_000_000, 495_000, is_whole))
    assert (taken.size, taken.cost, taken.is_over) == (10_000_000, 4_950_000, True)
    await taking.close()
    sent(name)


async def test_one_order_is_cancelled(exchange: Exchange, venue: Any, instrument: Instrument, sent: Check) -> None:
    venue.answer(f"DELETE {ORDERS}{ORDER_ID}/", {})
    assert await exchange.cancel(OrderRef(instrument, None, ORDER_ID)) is None
    sent("cancel")


async def test_all_are_cancelled_at_once_and_within_the_minute_one_by_one(
    exchange: Exchange, venue: Any, order: Make, sent: Check
) -> None:
    venue.answer(f"DELETE {ORDERS}", {})
    venue.answer(f"GET {ORDERS}", {"orders": [order()], "pagination": {"next_page": None}})
    venue.answer(f"DELETE {ORDERS}{ORDER_ID}/", {})
    await exchange.cancel_all()
    await exchange.cancel_all()
    sent("cancel all")


async def test_a_lost_order_is_looked_for_in_the_list_and_in_the_ledger(
    context: VenueContext, quote: Quote, clock: SteppedClock, sent: Check
) -> None:
    made = SmarketsExchange(MANIFEST, context)
    clock.advance_to(clock.now_ns() + 60 * NS_PER_S)
    assert await made.find_order(made.ref_of(quote())) is None
    await made.close()
    sent("find")


async def test_a_known_order_is_asked_for_by_its_id(
    exchange: Exchange, venue: Any, instrument: Instrument, row: Make, sent: Check
) -> None:
    venue.answer(f"GET {ACTIVITY}", {"account_activity": [row()], "pagination": {"next_page": None}})
    assert await exchange.find_order(OrderRef(instrument, None, ORDER_ID)) is not None
    sent("order")


async def test_the_balance_is_of_two_reads(exchange: Exchange, venue: Any, order: Make, sent: Check) -> None:
    venue.answer(f"GET {ORDERS}", {"orders": [order(side="sell", price=2000)], "pagination": {"next_page": None}})
    balance = await exchange.balance()
    assert (balance.free, balance.held, balance.currency) == (Decimal("95.00"), Decimal(8), "USD")
    sent("balance")


async def test_the_next_page_is_the_one_that_the_venue_names(
    exchange: Exchange, venue: Any, order: Make, sent: Check
) -> None:
    following = "?limit=100&state=created&state=partial&pagination_last_id=1518455672861"
    venue.answer(f"GET {ORDERS}", {"orders": [order()], "pagination": {"next_page": following}})
    venue.then(f"GET {ORDERS}", {"orders": [order(id="1518455672862")], "pagination": {"next_page": None}})
    assert [state.venue_ref for state in await exchange.working()] == [ORDER_ID, "1518455672862"]
    sent("working")


async def test_a_sports_matches_are_listed_by_event_market_and_contract(
    exchange: Exchange, venue: Any, sent: Check
) -> None:
    event = {
        "id": "565413",
        "name": "A vs B",
        "state": "upcoming",
        "type": {"domain": "tennis", "scope": "single_event"},
    }
    market = {"id": "128939", "event_id": "565413", "state": "open", "market_type": {"name": "WINNER_2_WAY"}}
    venue.answer("GET /v3/events/", {"events": [event], "pagination": {"next_page": None}})
    venue.answer("GET /v3/events/565413/markets/", {"markets": [market]})
    venue.answer(f"GET {CONTRACTS}", {"contracts": []})
    assert await exchange.listings("tennis") == []
    assert await exchange.listings("squash") == []
    sent("listings")


async def test_results_are_the_contracts_and_commission_the_ledgers(
    exchange: Exchange, venue: Any, instrument: Instrument, sent: Check
) -> None:
    won = {"id": "123456", "market_id": "128939", "name": "A", "state_or_outcome": "winner"}
    venue.answer(f"GET {CONTRACTS}", {"contracts": [won | {"outcome_timestamp": "2026-11-21T12:21:28.381112Z"}]})
    (resolution,) = await exchange.resolutions([instrument])
    assert (resolution.kept, resolution.at_ms) == (Decimal(0), 1_795_263_688_381)
    sent("resolutions")


async def test_fills_are_rows_since_a_time(exchange: Exchange, sent: Check) -> None:
    await exchange.fills(NOW_MS - 750)
    sent("fills")


async def test_a_turn_reads_the_ledger_on(
    exchange: Exchange,
    venue: Any,
    quote: Quote,
    placed: Make,
    row: Make,
    clock: SteppedClock,
    sent: Check,
    eventually: Any,
) -> None:
    venue.answer(f"POST {ORDERS}", placed())
    await exchange.place(quote())
    venue.answer(f"GET {ACTIVITY}", {"account_activity": [row()], "pagination": {"next_page": None}})
    venue.seen.clear()
    clock.advance_to(clock.now_ns() + NS_PER_S)
    await eventually(lambda: len(venue.seen) == 3)
    sent("turn")
