"""Every request as it leaves, held against `requests.json`: methods, paths, parameters and members there are those of
the venue's documentation (4casters-io/docs, 2026-08-21); ids and amounts are ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hedgerow.core.money import Micros
from hedgerow.core.states import Side
from hedgerow.venues._4casters import FAMILY
from hedgerow.venues._4casters.odds import GRID, LEAST_STAKE, STAKE_LOT
from hedgerow.venues.base import Exchange, Instrument, NewQuote, OrderRef, VenueContext

from .conftest import GAME, HOME, NOW_S, REFERENCE, REQUEST_ID, Venue

Check = Callable[[str], None]


@pytest.fixture
def sent(venue: Venue, golden: dict[str, Any]) -> Check:
    """Compares what was sent with the recorded requests of a name; beats come when they are due."""

    def check(name: str) -> None:
        seen = [one for one in venue.seen if name == "heartbeat" or not one.path.endswith("Heartbeat")]
        assert [_as_recorded(one) for one in seen] == golden[name]

    return check


def _as_recorded(seen: Any) -> dict[str, Any]:
    found = {"request": f"{seen.method} {seen.path}" + (f"?{seen.query}" if seen.query else "")}
    if token := seen.headers.get("Authorization"):
        found["token"] = token
    return found | ({"body": seen.body} if seen.body else {})


async def test_opening_signs_in_and_follows_both_feeds(context: VenueContext, venue: Venue, sent: Check) -> None:
    assert FAMILY.exchange is not None
    made = FAMILY.exchange(context)
    await made.open(lambda event: None)
    assert venue.handshakes == {"/v2/user": "token", "/price-stream": "token"}
    await made.close()
    sent("login")


async def test_watching_narrows_the_price_feed(
    exchange: Exchange, venue: Venue, instrument: Instrument, golden: dict[str, Any], eventually: Any
) -> None:
    await exchange.watch([instrument])
    await eventually(lambda: venue.heard[-1:] == golden["watch"])


async def test_a_quote_that_must_rest_is_a_post(
    exchange: Exchange, venue: Venue, quote: Callable[..., NewQuote], session: Any, sent: Check
) -> None:
    venue.answer("POST /session/v3/place", session())
    await exchange.place(quote())
    sent("place")


async def test_a_sale_backs_the_other_participant(
    exchange: Exchange, venue: Venue, quote: Callable[..., NewQuote], session: Any, sent: Check
) -> None:
    venue.answer("POST /session/v3/place", session(offered=20, odds=105))
    expires_ms = (NOW_S + 200) * 1000
    state = await exchange.place(quote(side=Side.SELL, post_only=False, expires_at_ms=expires_ms))
    assert (state.side, state.price, state.size) == (Side.SELL, 512_195, 41_000_000)
    sent("sale")


@pytest.mark.parametrize(("side", "name"), [(Side.BUY, "draw"), (Side.SELL, "no draw")])
async def test_a_draw_is_bet_on_with_yes_and_no(
    exchange: Exchange, venue: Venue, quote: Callable[..., NewQuote], session: Any, sent: Check, side: Side, name: str
) -> None:
    draw = Instrument(quote().instrument.venue, f"{GAME}/1x2/draw", GAME, GRID, STAKE_LOT, STAKE_LOT, LEAST_STAKE)
    venue.answer("POST /session/v3/place", session(odds=250))
    price = GRID.at(250)
    assert price is not None
    await exchange.place(quote(instrument=draw, side=side, price=price, size=Micros(35_000_000)))
    sent(name)


async def test_an_order_is_cancelled_by_its_own_id_or_by_our_reference(
    exchange: Exchange, venue: Venue, quote: Callable[..., NewQuote], instrument: Instrument, session: Any, sent: Check
) -> None:
    venue.answer("POST /session/v3/place", session())
    placed = await exchange.place(quote())
    venue.seen.clear()
    venue.answer("POST /session/cancel", {"data": {"success": True}})
    venue.answer("POST /session/cancelByReference", {"data": [{"success": True}]})
    await exchange.cancel(OrderRef(instrument, REFERENCE, placed.venue_ref))
    await exchange.cancel(OrderRef(instrument, REFERENCE, None))
    await exchange.cancel_all()
    sent("cancel")


async def test_an_order_is_looked_for_by_our_reference(
    exchange: Exchange, venue: Venue, quote: Callable[..., NewQuote], unmatched: Any, sent: Check
) -> None:
    told = {"unmatched": [unmatched()], "matched": [], "graded": []}
    venue.answer("GET /user/getBetByUserReference", {"data": told})
    found = await exchange.find_order(exchange.ref_of(quote()))
    assert found is not None
    assert (found.venue_ref, found.instrument_ref) == (REQUEST_ID, f"{GAME}/{HOME}")
    sent("find")


async def test_the_account_is_read(exchange: Exchange, venue: Venue, unmatched: Any, sent: Check) -> None:
    venue.answer("GET /user/getUnmatched", {"data": {"unmatched": [unmatched(filled=1)]}})
    venue.answer("GET /user/getMatchedBets", {"data": {"matchedBets": []}})
    user = {"displayBalance": 59.5, "creditLimit": -100000, "liability": -7419.59}
    venue.answer("GET /user/getMe", {"data": {"user": user}})
    page = {"graded": [], "hasMore": False, "cursor": "c", "settledThrough": "2026-11-21T12:00:00.000Z"}
    venue.answer("GET /user/v2/getGradedSince", {"data": {**page, "hasMore": True}}, {"data": page})
    balance = await exchange.balance()
    assert (str(balance.free), str(balance.held)) == ("92639.91", "20")  # as the venue's own example adds it up
    await exchange.working()
    await exchange.fills(NOW_S * 1000 - 750)
    sent("account")


async def test_matches_and_results_are_asked_for(
    exchange: Exchange, venue: Venue, instrument: Instrument, game: dict[str, Any], sent: Check
) -> None:
    venue.answer("GET /exchange/getLeagues", {"data": {"availableLeagues": ["ATP", "all", "LIVE"]}})
    venue.answer("GET /exchange/v2/getGames", {"data": {"games": [game]}})
    venue.answer("GET /user/v2/getGraded", {"data": {"graded": []}})
    assert [listing.outcome for listing in await exchange.listings("tennis")] == ["Jannik Sinner"]
    assert await exchange.listings("squash") == []
    assert await exchange.resolutions([instrument]) == []
    sent("listings")


async def test_the_switch_is_beaten_from_the_first_order_on(
    exchange: Exchange, venue: Venue, quote: Callable[..., NewQuote], session: Any, eventually: Any, sent: Check
) -> None:
    venue.answer("POST /session/v3/place", session())
    await exchange.place(quote())
    await eventually(lambda: len(venue.requests("POST /user/ordersHeartbeat")) == 1)
    venue.seen[:] = venue.requests("POST /user/ordersHeartbeat")
    sent("heartbeat")
