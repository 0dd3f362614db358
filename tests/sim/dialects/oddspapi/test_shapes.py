"""How the feed writes things: formats, and key sets as recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.ids import FixtureId
from hedgerow.sim.dialects.oddspapi import facts, shapes

ODDS = st.decimals("1.01", "1000", places=3)
SNAPSHOT = "data/oddspapi/v5shape_odds_id1000232463448499.json"


def keys(value: Any, depth: int = 1) -> Any:
    """The key set of an object, with those of the objects in it down to a depth."""
    if not isinstance(value, dict) or depth < 0:
        return None
    return {key: keys(inner, depth - 1) for key, inner in value.items()}


def recorded_frame(shared: Callable[[str], Path], channel: str) -> Any:
    frames = json.loads(shared("data/oddspapi/ws_frames.json").read_text())["frames"]
    return next(entry["frame"] for entry in frames if entry["frame"].get("channel") == channel)


@pytest.mark.parametrize(
    ("price", "fraction", "moneyline"),
    [
        ("1.155", "11/71", -645),
        ("1.99", "99/100", -101),
        ("3.5", "5/2", 250),
        ("2", "1/1", 100),
        ("5.77", "477/100", 477),
    ],
)
def test_price_has_the_forms_that_were_recorded(price: str, fraction: str, moneyline: int) -> None:
    assert (shapes.fractional(Decimal(price)), shapes.american(Decimal(price))) == (fraction, moneyline)


@given(price=ODDS)
def test_fraction_is_close_and_small(price: Decimal) -> None:
    top, bottom = map(int, shapes.fractional(price).split("/"))
    assert bottom <= 100
    assert abs(Fraction(top, bottom) - Fraction(price - 1)) <= Fraction(1, 100)


@given(price=ODDS)
def test_american_price_pays_the_same_within_rounding(price: Decimal) -> None:
    moneyline = shapes.american(price)
    profit = Fraction(moneyline, 100) if moneyline >= 100 else Fraction(-100, moneyline)
    assert abs(profit - Fraction(price - 1)) <= Fraction(price - 1) / 100 + Fraction(1, 100)


@given(value=st.decimals("-100000", "100000", places=4))
def test_number_is_exact_and_has_no_exponent(value: Decimal) -> None:
    written = shapes.number(value)
    assert written == value
    assert "E" not in str(written)


def test_number_drops_trailing_zeros() -> None:
    assert (str(shapes.number(Decimal("1.900"))), str(shapes.number(Decimal("1E+2")))) == ("1.9", "100")


@pytest.mark.parametrize(("status_id", "live"), [(0, False), (1, True), (2, False), (3, False)])
def test_status_is_live_only_in_play_in_every_language(world_feed: Any, status_id: int, live: bool) -> None:
    fixture = world_feed.put_fixture(status_id=status_id)
    names = {lang: shapes.status_shape(fixture, lang) for lang in facts.STATUS_NAMES}
    assert {(shape["live"], shape["statusId"]) for shape in names.values()} == {(live, status_id)}
    assert names["de"]["statusName"] != names["ru"]["statusName"]


def test_fixture_has_the_recorded_keys(world_feed: Any, shared: Callable[[str], Path]) -> None:
    recorded = json.loads(shared(SNAPSHOT).read_text())
    recorded.pop("odds")
    ours = world_feed.dialect.view.fixture(world_feed.put_fixture(), "en")
    for whole in (recorded, ours):
        whole["bookmakers"] = {}
    assert keys(ours) == keys(recorded)


def test_fixture_decodes_to_its_own_id(world_feed: Any) -> None:
    ours = world_feed.dialect.view.fixture(world_feed.put_fixture(FixtureId("id1000001772221240")), "en")
    assert ours["sport"] == {"sportId": 10, "sportName": "Soccer"}
    assert ours["tournament"] == {"tournamentId": 17, "tournamentName": "Premier League", "categoryName": "England"}
    assert ours["externalProviders"]["betradarId"] == 72221240


@pytest.mark.parametrize("fixture_id", ["pm1100013270505136", "id11000132a7x"])
def test_fixture_that_is_not_betradars_has_no_betradar_id(world_feed: Any, fixture_id: str) -> None:
    shape = world_feed.dialect.view.fixture(world_feed.put_fixture(FixtureId(fixture_id)), "en")
    assert shape["externalProviders"]["betradarId"] is None


def test_times_have_their_units(world_feed: Any) -> None:
    fixture = world_feed.put_fixture(status_id=1, scores={"p1": {"participant1Score": 2, "participant2Score": 1}})
    shape = world_feed.dialect.view.fixture(fixture, "en")
    assert shape["startTime"] == 1_766_418_433
    assert shape["trueStartTime"] == "2025-12-22T14:47:13.000000+00:00"
    assert shape["scores"]["p1"] == {
        "period": "p1",
        "participant1Score": 2,
        "participant2Score": 1,
        "updatedAt": "2025-12-22T14:47:13.000000+00:00",
    }


def test_row_has_the_recorded_keys(world_feed: Any, shared: Callable[[str], Path]) -> None:
    payload = recorded_frame(shared, "odds")["payload"]
    (recorded,) = payload["odds"]["sx.bet"].values()
    fixture = world_feed.put_fixture()
    world_feed.put_odds({111: "1.155"})
    (ours,) = world_feed.dialect.view.present(fixture, "pinnacle", [(111, 0)]).values()
    assert ours.keys() == recorded.keys()
    assert "limitMin" not in ours


def test_book_state_has_the_recorded_keys(world_feed: Any, shared: Callable[[str], Path]) -> None:
    recorded = recorded_frame(shared, "bookmakers")["payload"]["bookmakers"]["pinnacle"]
    fixture = world_feed.put_fixture()
    world_feed.put_odds({111: "1.155"})
    assert world_feed.dialect.view.book_state(fixture, "pinnacle").keys() == recorded.keys()


def test_row_without_a_price_carries_placeholders(world_feed: Any) -> None:
    fixture = world_feed.put_fixture()
    world_feed.put_odds({111: None}, active=False)
    (row,) = world_feed.dialect.view.present(fixture, "pinnacle", [(111, 0)]).values()
    assert (row["price"], row["priceFractional"], row["priceAmerican"], row["active"]) == (0, "", 0, False)


def test_books_ids_are_stable_and_differ_by_book(world_feed: Any) -> None:
    fixture = world_feed.put_fixture()
    ids = {slug: shapes.book_fixture_id(fixture, slug) for slug in ("pinnacle", "sharpbet", "bookmaker.eu")}
    assert len(set(ids.values())) == 3
    assert ids == {slug: shapes.book_fixture_id(fixture, slug) for slug in ids}


def test_observed_facts_of_books_are_kept() -> None:
    assert facts.book("pinnacle").delays == facts.Delays(15, 5, 2)
    assert facts.book("188bet").delays.live is None
    assert (facts.book("vertex").stale_s, facts.book("bookmaker.eu").stale_s, facts.book("3et").stale_s) == (
        24048,
        4770,
        240,
    )
    assert (facts.book("sharpbet").currency, facts.book("pinnacle").currency) == ("EUR", "USD")
