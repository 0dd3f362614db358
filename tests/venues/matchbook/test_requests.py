"""Every request as it leaves, held against `requests.json`: methods, paths, parameters and members there are those of
matchbook-sdk 0.1.2 and the venue's sheet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from hedgerow.core.clock import NS_PER_S, SteppedClock
from hedgerow.core.money import Micros
from hedgerow.core.states import Side
from hedgerow.venues.base import Exchange, Instrument, NewQuote, OrderRef, VenueContext
from hedgerow.venues.matchbook import MANIFEST
from hedgerow.venues.matchbook.connector import MatchbookExchange

NOW_MS = 1_795_262_400_000
OFFER_ID = "413177013410013"
OFFERS = "/edge/rest/v2/offers"
NO_MARKETS = {"total": 0, "markets": []}

Check = Callable[[str], None]


@pytest.fixture
def sent(venue: Any, golden: dict[str, Any]) -> Check:
    """Compares what was sent with the recorded requests of a name."""

    def check(name: str) -> None:
        assert [_as_recorded(seen) for seen in venue.seen] == golden[name]

    return check


def _as_recorded(seen: Any) -> dict[str, Any]:
    found = {"request": f"{seen.method} {seen.path}" + (f"?{seen.query}" if seen.query else "")}
    if token := seen.headers.get("session-token"):
        found["token"] = token
    return found | ({"body": seen.body} if seen.body else {})


async def test_opening_signs_in_and_lists_the_offers(context: VenueContext, sent: Check) -> None:
    made = MatchbookExchange(MANIFEST, context)
    await made.open(lambda event: None)
    await made.close()
    sent("login")


async def test_a_back_is_held_against_the_book_and_sent(
    exchange: Exchange, venue: Any, quote: Callable[..., NewQuote], offer: Callable[..., Any], sent: Check
) -> None:
    venue.answer(f"POST {OFFERS}", {"offers": [offer()]})
    await exchange.place(quote())
    sent("place")


async def test_a_lay_that_may_trade_is_sent_at_once(
    exchange: Exchange, venue: Any, quote: Callable[..., NewQuote], offer: Callable[..., Any], sent: Check
) -> None:
    venue.answer(f"POST {OFFERS}", {"offers": [offer(side="lay", odds=1.93, stake=2.07, remaining=2.07)]})
    placed = await exchange.place(quote(side=Side.SELL, price=Micros(518_134), size=Micros(3_995_100), post_only=False))
    assert (placed.price, placed.size, placed.side) == (518_134, 3_995_100, Side.SELL)
    sent("lay")


async def test_one_offer_is_cancelled(
    exchange: Exchange, venue: Any, instrument: Instrument, offer: Callable[..., Any], sent: Check
) -> None:
    venue.answer(f"DELETE {OFFERS}/{OFFER_ID}", offer(status="cancelled"))
    await exchange.cancel(OrderRef(instrument, None, OFFER_ID))
    sent("cancel")


async def test_all_offers_are_cancelled_without_a_filter(exchange: Exchange, venue: Any, sent: Check) -> None:
    venue.answer(f"DELETE {OFFERS}", {"offers": []})
    await exchange.cancel_all()
    sent("cancel all")


async def test_an_offer_is_looked_for_among_its_runners(
    exchange: Exchange, venue: Any, quote: Callable[..., NewQuote], offer: Callable[..., Any], sent: Check
) -> None:
    venue.answer(f"GET {OFFERS}", {"total": 1, "offers": [offer()]})
    assert await exchange.find_order(exchange.ref_of(quote())) is not None
    sent("find")


async def test_a_known_offer_is_asked_for_by_its_id(
    exchange: Exchange, venue: Any, instrument: Instrument, offer: Callable[..., Any], sent: Check
) -> None:
    venue.answer(f"GET {OFFERS}/{OFFER_ID}", offer())
    await exchange.find_order(OrderRef(instrument, None, OFFER_ID))
    sent("order")


async def test_the_balance_is_of_two_reads(exchange: Exchange, venue: Any, sent: Check) -> None:
    balance = {"id": 1, "balance": 100, "exposure": 20, "commission-reserve": 0.3, "free-funds": 79.7}
    venue.answer("GET /edge/rest/account/balance", balance)
    await exchange.balance()
    sent("balance")


async def test_a_sports_matches_are_listed(exchange: Exchange, venue: Any, sent: Check) -> None:
    venue.answer("GET /edge/rest/events", {"total": 0, "events": []})
    assert await exchange.listings("tennis") == []
    assert await exchange.listings("squash") == []
    sent("listings")


async def test_results_are_asked_for_by_market(
    exchange: Exchange, venue: Any, instrument: Instrument, sent: Check
) -> None:
    venue.answer("GET /edge/rest/reports/v2/bets/settled", NO_MARKETS)
    both = [instrument, replace(instrument, ref="395729861280010")]
    assert await exchange.resolutions(both) == []
    sent("resolutions")


async def test_fills_are_of_the_list_and_of_the_report(exchange: Exchange, venue: Any, sent: Check) -> None:
    venue.answer("GET /edge/rest/reports/v2/bets/settled", NO_MARKETS)
    await exchange.fills(NOW_MS - 750)
    sent("fills")


async def test_a_turn_beats_and_asks_for_what_changed(
    exchange: Exchange,
    venue: Any,
    quote: Callable[..., NewQuote],
    offer: Callable[..., Any],
    clock: SteppedClock,
    sent: Check,
    eventually: Callable[..., Any],
) -> None:
    venue.answer(f"POST {OFFERS}", {"offers": [offer()]})
    venue.answer("POST /edge/rest/v1/heartbeat", {"action-performed": "HEARTBEAT_ACTIVATED", "actual-timeout": 20})
    await exchange.place(quote())
    venue.seen.clear()
    clock.advance_to(clock.now_ns() + NS_PER_S)
    await eventually(lambda: len(venue.seen) == 2)
    sent("turn")
