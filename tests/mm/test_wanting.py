"""What each place of a market is to quote, what keeps it from that, and how places share what they may use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from hedgerow.core.ids import OutcomeId
from hedgerow.core.money import MICRO, Micros
from hedgerow.core.states import OrderStatus, Side
from hedgerow.mm.controls import TradingState
from hedgerow.mm.hedging import Offer
from hedgerow.mm.market import Place, TradedMarket, Trader
from hedgerow.mm.orders import Order, Pending, Slot, Stakes, stake_of
from hedgerow.mm.quoter import Terms
from hedgerow.mm.quoting import Wanted
from hedgerow.mm.sizing import CapName
from hedgerow.mm.wanting import derived, want

from .marketkit import AWAY, DRAW, HOME, OFFERS, SETTINGS, market_of

NOW_MS = 1_000
NO_OFFERS: dict[OutcomeId, Offer] = {}


def three_way() -> TradedMarket:
    return market_of("1x2", HOME, DRAW, AWAY)


def wanted(market: TradedMarket, offers: dict[OutcomeId, Offer] = OFFERS) -> dict[Slot, Terms]:
    return want(market, offers, None if offers == OFFERS else "no odds", NOW_MS, lambda _: MICRO)


def place_of(market: TradedMarket, side: Side) -> Place:
    (found,) = [place for place in market.places if place.slot.side is side]
    return found


def price_wanted(place: Place) -> int | None:
    return place.slot.wanted.price if place.slot.wanted is not None else None


def stake_wanted(place: Place) -> int:
    """The money at risk in what is wanted, micros."""
    slot = place.slot
    return stake_of(slot.side, slot.wanted.price, slot.wanted.size, slot.instrument.grid) if slot.wanted else 0


def test_every_place_is_set_and_its_derivation_answered() -> None:
    market = three_way()
    found = wanted(market)
    assert [price_wanted(place) for place in market.places] == [360_000, 390_000]
    assert [found[place.slot].wanted for place in market.places] == [place.slot.wanted for place in market.places]
    assert [place.unquoted for place in market.places] == [None, None]


def test_what_a_place_would_quote_is_derived_without_setting_it() -> None:
    market = three_way()
    derivations = [derived(market, place, OFFERS, lambda _: MICRO) for place in market.places]
    assert [place.slot.wanted for place in market.places] == [None, None]
    found = wanted(market)
    assert [quote and quote.wanted for quote in derivations] == [found[place.slot].wanted for place in market.places]


def test_nothing_is_derived_where_the_tournament_is_not_activated() -> None:
    market = three_way()
    market.client.tournaments = {}
    assert derived(market, market.places[0], OFFERS, lambda _: MICRO) is None


# --- what keeps a market from being quoted -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("why", "change"),
    [
        ("emergency", lambda trader: setattr(trader, "state", TradingState.EMERGENCY)),
        ("not activated", lambda trader: trader.tournaments.clear()),
        ("not activated", lambda trader: trader.tournaments.update({17: replace(SETTINGS, is_active=False)})),
        ("not activated", lambda trader: trader.denied.add((10, "1x2", False))),
        ("no hedge account", lambda trader: setattr(trader, "hedges", False)),
        (CapName.DAILY_LOSS, lambda trader: setattr(trader, "stopped_by", CapName.DAILY_LOSS)),
    ],
)
def test_market_that_may_not_be_quoted_has_nothing_wanted(why: str, change: Callable[[Trader], Any]) -> None:
    market = three_way()
    wanted(market)
    change(market.client)
    assert wanted(market) == {}
    assert market.why_not == why
    assert [(place.slot.wanted, place.unquoted) for place in market.places] == [(None, why)] * 2


def test_market_without_offers_says_what_the_odds_say() -> None:
    market = three_way()
    assert wanted(market, NO_OFFERS) == {}
    assert (market.why_not, {place.unquoted for place in market.places}) == ("no odds", {"no odds"})


def test_market_that_may_be_quoted_again_says_nothing() -> None:
    market = three_way()
    wanted(market, NO_OFFERS)
    wanted(market)
    assert (market.why_not, [place.unquoted for place in market.places]) == (None, [None, None])


# --- what keeps a place from being quoted --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("why", "change"),
    [
        ("closed at the exchange", lambda place: setattr(place.slot, "is_open", False)),
        ("cancelled by hand", lambda place: setattr(place.slot, "held_until_ms", NOW_MS + 1)),
    ],
)
def test_place_that_is_shut_leaves_the_others(why: str, change: Callable[[Place], Any]) -> None:
    market = three_way()
    shut, other = place_of(market, Side.BUY), place_of(market, Side.SELL)
    wanted(market)
    change(shut)
    assert set(wanted(market)) == {other.slot}
    assert (shut.slot.wanted, shut.unquoted, shut.is_bound) == (None, why, False)
    assert price_wanted(other) == 390_000


def test_place_that_was_cancelled_by_hand_is_quoted_when_its_time_has_come() -> None:
    market = three_way()
    market.places[0].slot.held_until_ms = NOW_MS
    assert len(wanted(market)) == 2


def test_exchange_that_refuses_too_much_is_not_quoted() -> None:
    market = three_way()
    market.places[0].lane.is_refused = True  # both places are its
    assert wanted(market) == {}
    assert {place.unquoted for place in market.places} == {CapName.ORDER_REJECTS}
    assert market.why_not is None


def test_place_whose_hedge_has_no_offer_says_why_and_the_other_is_quoted() -> None:
    market = three_way()
    wanted(market, {HOME: OFFERS[HOME]})
    bid, ask = place_of(market, Side.BUY), place_of(market, Side.SELL)
    assert (price_wanted(bid), bid.unquoted) == (None, "no odds")
    assert (price_wanted(ask), ask.unquoted) == (390_000, None)


def test_place_whose_cap_leaves_nothing_names_the_cap() -> None:
    market = three_way()
    bid = place_of(market, Side.BUY)
    bid.slot.stakes = (Stakes(CapName.CLIENT, cap=0),)
    wanted(market)
    assert (bid.slot.wanted, bid.unquoted, bid.is_bound) == (None, CapName.CLIENT, True)


# --- what places share ---------------------------------------------------------------------------------------------


def test_sides_that_one_account_pays_for_share_its_money() -> None:
    market = three_way()
    wanted(market)
    (first, second) = (stake_wanted(place) for place in market.places)
    lane = market.places[0].lane
    lane.cash = first + second // 2
    wanted(market)
    assert stake_wanted(market.places[0]) == first
    assert 0 < stake_wanted(market.places[1]) <= second // 2


def test_sides_that_count_in_one_cap_share_it_and_give_their_claims_back() -> None:
    market = three_way()
    wanted(market)
    (first, second) = (stake_wanted(place) for place in market.places)
    shared = Stakes(CapName.CLIENT, cap=first + second // 2)
    for place in market.places:
        place.slot.stakes = (shared,)
    wanted(market)
    assert stake_wanted(market.places[0]) == first
    assert 0 < stake_wanted(market.places[1]) <= second // 2
    assert (shared.claimed, market.places[1].is_bound) == (0, True)


# --- pauses --------------------------------------------------------------------------------------------------------


def resting_bid(market: TradedMarket, price: int, size: int = MICRO) -> Order:
    slot = place_of(market, Side.BUY).slot
    order = Order(1, "ref", slot.instrument, Side.BUY, Micros(price), Micros(size), 0, status=OrderStatus.PLACED)
    order.pending, slot.order = Pending.NOTHING, order
    return order


@pytest.mark.parametrize(("resting", "stays"), [(350_000, True), (360_000, True), (370_000, False)])
def test_paused_client_keeps_what_rests_unless_it_is_too_generous(resting: int, stays: bool) -> None:
    market = three_way()
    market.client.state = TradingState.MANUAL_PAUSED
    order = resting_bid(market, resting)
    wanted(market)
    kept = Wanted(order.price, Micros(MICRO), Micros(MICRO))
    assert place_of(market, Side.BUY).slot.wanted == (kept if stays else None)


def test_paused_client_keeps_no_order_that_is_larger_than_its_hedge() -> None:
    market = three_way()
    wanted(market)
    most = place_of(market, Side.BUY).slot.wanted
    assert most is not None
    market.client.state = TradingState.MANUAL_PAUSED
    for size, stays in ((most.most, True), (most.most + MICRO, False)):
        resting_bid(market, 350_000, size)
        wanted(market)
        assert (place_of(market, Side.BUY).slot.wanted is not None) is stays


def test_paused_client_posts_nothing_new() -> None:
    market = three_way()
    market.client.state = TradingState.MANUAL_PAUSED
    wanted(market)
    assert [place.slot.wanted for place in market.places] == [None, None]
