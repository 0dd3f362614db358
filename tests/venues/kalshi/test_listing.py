"""Events of match series become listings; what is not understood is left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from hedgerow.core.money import MICRO
from hedgerow.venues.base import Fee, Listing
from hedgerow.venues.kalshi import wire
from hedgerow.venues.kalshi.listing import SeriesFees, listings_of, series_of

FEES = SeriesFees(Fee(), Fee(Decimal("0.07"), unit=100))
START_MS = 1_795_280_400_000  # 2026-11-21T17:00:00Z
OCCURRENCE_MS = 1_795_278_600_000  # 2026-11-21T16:30:00Z


def listed(sport: str, page: dict[str, Any]) -> list[Listing]:
    read = msgspec.json.decode(json.dumps(page).encode(), type=wire.EventsPage)
    return list(listings_of(sport, read.events, read.milestones or [], FEES))


@pytest.fixture
def tennis(payload: Callable[[str], bytes]) -> dict[str, Any]:
    page: dict[str, Any] = json.loads(payload("events_tennis.json"))
    return page


def test_each_participant_of_a_match_is_a_contract(tennis: dict[str, Any]) -> None:
    alcaraz, sinner = listed("tennis", tennis)
    assert (alcaraz.instrument.ref, alcaraz.outcome) == ("KXATPMATCH-26NOV21ALCSIN-ALC", "Carlos Alcaraz")
    assert (sinner.outcome, sinner.opposite) == ("Jannik Sinner", "Carlos Alcaraz")
    assert alcaraz.participants == sinner.participants == ("Jannik Sinner", "Carlos Alcaraz")
    assert alcaraz.instrument.market_ref == "KXATPMATCH-26NOV21ALCSIN"
    assert (alcaraz.sport, alcaraz.market_type, alcaraz.period) == ("tennis", "moneyline", "result")
    assert alcaraz.competition == "ATP Finals"
    assert (alcaraz.is_open, sinner.is_open) == (True, False)
    assert "walkover" in alcaraz.rules


def test_contracts_have_their_markets_own_grid_and_hundredths(tennis: dict[str, Any]) -> None:
    alcaraz, sinner = (listing.instrument for listing in listed("tennis", tennis))
    assert (alcaraz.grid.lowest, sinner.grid.lowest) == (1_000, 10_000)
    assert (alcaraz.lot, alcaraz.min_size) == (MICRO // 100, MICRO // 100)
    assert (alcaraz.maker_fee, alcaraz.taker_fee) == (FEES.maker, FEES.taker)


def test_a_market_may_trade_whole_contracts_only(tennis: dict[str, Any]) -> None:
    tennis["events"][0]["markets"][0]["fractional_trading_enabled"] = False
    whole, fractional = (listing.instrument for listing in listed("tennis", tennis))
    assert (whole.lot, whole.min_size, fractional.lot) == (MICRO, MICRO, MICRO // 100)


def test_the_start_is_the_milestones_else_the_occurrence(tennis: dict[str, Any]) -> None:
    assert listed("tennis", tennis)[0].starts_at_ms == START_MS
    assert listed("tennis", tennis | {"milestones": []})[0].starts_at_ms == OCCURRENCE_MS
    broken = [{"start_date": "soon", "primary_event_tickers": ["KXATPMATCH-26NOV21ALCSIN"]}]
    assert listed("tennis", tennis | {"milestones": broken})[0].starts_at_ms == OCCURRENCE_MS


def test_a_milestone_of_its_own_goes_before_a_related_one(tennis: dict[str, Any]) -> None:
    related = {"start_date": "2026-11-01T00:00:00Z", "related_event_tickers": ["KXATPMATCH-26NOV21ALCSIN"]}
    page = tennis | {"milestones": [*tennis["milestones"], related]}
    assert listed("tennis", page)[0].starts_at_ms == START_MS


def test_an_occurrence_that_repeats_the_expiration_is_no_start(payload: Callable[[str], bytes]) -> None:
    assert {listing.starts_at_ms for listing in listed("soccer", json.loads(payload("events_soccer.json")))} == {None}


def test_a_soccer_match_has_three_results_in_regulation_time(payload: Callable[[str], bytes]) -> None:
    found = listed("soccer", json.loads(payload("events_soccer.json")))
    assert [listing.outcome for listing in found] == ["Crystal Palace", "Fulham", "Tie"]
    assert {(listing.market_type, listing.period, listing.opposite) for listing in found} == {("1x2", "fulltime", None)}
    assert {listing.participants for listing in found} == {("Fulham", "Crystal Palace")}


def test_an_events_own_fees_go_before_its_series(payload: Callable[[str], bytes]) -> None:
    instrument = listed("soccer", json.loads(payload("events_soccer.json")))[0].instrument
    assert (instrument.taker_fee.rate, instrument.maker_fee.rate) == (Decimal("0.035"), Decimal("0.00875"))


@pytest.mark.parametrize("status", ["closed", "determined", "disputed", "amended", "finalized", "of tomorrow"])
def test_a_market_that_is_over_is_not_listed(status: str, tennis: dict[str, Any]) -> None:
    tennis["events"][0]["markets"][0]["status"] = status
    assert [listing.outcome for listing in listed("tennis", tennis)] == ["Jannik Sinner"]


def test_an_event_with_other_markets_than_a_match_has_is_left_out(tennis: dict[str, Any]) -> None:
    one, other = tennis["events"][0]["markets"]
    for markets in ([one], [one, other, one | {"ticker": "X-3", "yes_sub_title": "A third"}], None):
        tennis["events"][0]["markets"] = markets
        assert listed("tennis", tennis) == []


def test_a_tie_is_no_result_where_the_sport_has_none(payload: Callable[[str], bytes]) -> None:
    assert listed("tennis", json.loads(payload("events_soccer.json"))) == []


def test_participants_of_one_name_cannot_be_told_apart(tennis: dict[str, Any]) -> None:
    for market in tennis["events"][0]["markets"]:
        market["yes_sub_title"] = "Winner"
    assert listed("tennis", tennis) == []


def test_an_event_that_cannot_be_read_does_not_take_the_others_along(tennis: dict[str, Any]) -> None:
    broken = json.loads(json.dumps(tennis["events"][0]))
    broken["markets"][0]["price_ranges"] = []
    page = tennis | {"events": [broken, *tennis["events"]]}
    assert len(listed("tennis", page)) == 2


@pytest.mark.parametrize(
    ("title", "participants"),
    [
        ("Kansas City at Buffalo", ("Kansas City Chiefs", "Buffalo Bills")),
        ("Bills vs. Chiefs", ("Buffalo Bills", "Kansas City Chiefs")),
        ("Buffalo @ Kansas City: Week 11", ("Buffalo Bills", "Kansas City Chiefs")),
        ("AFC championship", ("Kansas City Chiefs", "Buffalo Bills")),
        ("KC vs BUF", ("Kansas City Chiefs", "Buffalo Bills")),
    ],
)
def test_participants_stand_as_in_the_title_where_it_tells(
    title: str, participants: tuple[str, str], tennis: dict[str, Any]
) -> None:
    event = tennis["events"][0] | {"title": title}
    for market, name in zip(event["markets"], ("Kansas City Chiefs", "Buffalo Bills"), strict=True):
        market["yes_sub_title"] = name
    assert listed("american-football", tennis | {"events": [event]})[0].participants == participants


def test_series_are_known_by_the_feeds_slugs(shared: Callable[[str], Any]) -> None:
    slugs = {
        sport["slug"] for sport in json.loads(shared("data/oddspapi/sports.json").read_text()) if sport.get("slug")
    }
    known = {slug for slug in slugs if series_of(slug)}
    assert {"tennis", "basketball", "american-football", "ice-hockey", "baseball", "cricket", "soccer"} <= known
    assert "esport-counter-strike" in known
    assert series_of("chess-boxing") == ()


def test_no_series_is_of_two_sports(shared: Callable[[str], Any]) -> None:
    slugs = {
        sport["slug"] for sport in json.loads(shared("data/oddspapi/sports.json").read_text()) if sport.get("slug")
    }
    every = [series for slug in slugs for series in series_of(slug)]
    assert len(every) == len(set(every)) > 60
