"""Which rows a change of odds touches, main lines, opening and closing prices."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey, PlayerId
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.dialects.oddspapi.memory import TICKS_PER_QUOTE, standings
from hedgerow.sim.markets import Catalogue

SOCCER_GAME = FixtureId("id1000001772221240")
CATALOGUE = Catalogue()


def quotes(prices: dict[int, str | None]) -> dict[Any, Quote]:
    """Of one book, by selection; None is a closed one."""
    return {
        (outcome, 0): Quote(
            OutcomeKey(SOCCER_GAME, OutcomeId(outcome)),
            "3et",
            None if price is None else Decimal(price),
            None,
            None,
            "EUR",
            price is not None,
            0,
        )
        for outcome, price in prices.items()
    }


def main_lines(prices: dict[int, str | None]) -> set[int]:
    return {key.market_id for key, standing in standings(CATALOGUE, "3et", quotes(prices)).items() if standing.main}


def test_main_line_is_the_one_with_the_closest_prices() -> None:
    assert main_lines({108: "1.3", 109: "3.6", 1010: "1.9", 1011: "1.95", 1012: "3.2", 1013: "1.35"}) == {1010}


def test_every_family_has_its_own_main_line() -> None:
    assert main_lines({101: "2", 102: "3.4", 103: "3.9", 1010: "1.9", 1011: "1.9", 1068: "1.9", 1069: "1.9"}) == {
        101,
        1010,
        1068,
    }


def test_closed_line_is_not_the_main_one_while_another_is_open() -> None:
    assert main_lines({1010: None, 1011: None, 1012: "3.2", 1013: "1.35"}) == {1012}


def test_market_that_the_catalogue_does_not_hold_stands_alone() -> None:
    assert main_lines({1010: "1.9", 1011: "1.9", 99_999: "1.5"}) == {1010, 99_999}


@given(prices=st.dictionaries(st.sampled_from(range(106, 124)), st.sampled_from(["1.2", "1.9", "3.4", None])))
def test_a_family_that_is_quoted_has_exactly_one_main_line(prices: dict[int, str | None]) -> None:
    known = {k: v for k, v in prices.items() if (m := CATALOGUE.market_of(k)) and m.market_type == "totals"}
    assert len(main_lines(known)) == (1 if known else 0)


def test_move_of_one_side_touches_the_other_only_at_pinnacle(world_feed: Any) -> None:
    fixture = world_feed.put_fixture()
    touched = {}
    for slug in ("pinnacle", "sharpbet"):
        world_feed.put_odds({111: "1.5", 112: "2.7"}, slug)
        world_feed.put_odds({111: "1.6"}, slug)
        history = world_feed.dialect.view.memory.history(fixture.fixture_id, slug, (112, 0))
        touched[slug] = len(history.ticks)
    assert touched == {"pinnacle": 2, "sharpbet": 1}


def test_closing_the_last_side_touches_the_whole_market(world_feed: Any) -> None:
    fixture = world_feed.put_fixture()
    world_feed.put_odds({111: "1.5"}, "sharpbet")
    world_feed.put_odds({112: "2.7"}, "sharpbet", active=False)
    world_feed.put_odds({111: "1.5"}, "sharpbet", active=False)
    tick = world_feed.dialect.view.memory.tick(fixture.fixture_id, "sharpbet", (112, 0))
    history = world_feed.dialect.view.memory.history(fixture.fixture_id, "sharpbet", (112, 0))
    assert not tick.standing.active
    assert [t.standing.active for t in history.ticks] == [True, False]


def test_row_that_only_its_market_touches_changed_now(world_feed: Any) -> None:
    fixture = world_feed.put_fixture()
    world_feed.put_odds({111: "1.5", 112: "2.7"})
    world_feed.step(5)
    world_feed.put_odds({111: "1.6"})
    tick = world_feed.dialect.view.memory.tick(fixture.fixture_id, "pinnacle", (112, 0))
    assert tick.changed_ms - tick.quote.changed_ms == 5000


def test_closing_price_is_the_last_one_before_the_start(world_feed: Any) -> None:
    fixture = world_feed.put_fixture()
    for price in ("1.5", "1.6"):
        world_feed.put_odds({111: price}, "sharpbet")
    world_feed.put_fixture(status_id=1)
    world_feed.put_odds({111: "1.1"}, "sharpbet")
    history = world_feed.dialect.view.memory.history(fixture.fixture_id, "sharpbet", (111, 0))
    assert history.closing is not None
    assert [t.quote.price for t in (history.opening, history.closing)] == [Decimal("1.5"), Decimal("1.6")]


def test_history_is_bounded_and_keeps_its_first_price(world_feed: Any) -> None:
    fixture = world_feed.put_fixture()
    for number in range(TICKS_PER_QUOTE + 5):
        world_feed.put_odds({111: 2 + Decimal(number) / 1000}, "sharpbet")
    history = world_feed.dialect.view.memory.history(fixture.fixture_id, "sharpbet", (111, 0))
    assert len(history.ticks) == TICKS_PER_QUOTE
    assert history.opening.quote.price == 2


def test_what_the_world_held_before_the_feed_is_known(world_feed: Any) -> None:
    world_feed.put_fixture(scores={"result": {"participant1Score": 1, "participant2Score": 0}})
    world_feed.put_odds({111: "1.5", 112: "2.7"}, player_id=PlayerId(0))
    late = type(world_feed.dialect)(world_feed.world)
    fixture = world_feed.put_fixture()
    assert list(late.view.memory.books_of(fixture.fixture_id)) == ["pinnacle"]
    assert late.view.memory.scores_of(fixture.fixture_id)["result"].participant1 == 1


@pytest.mark.parametrize("given", [3, {}, {"participant1Score": "1", "participant2Score": 0}, None])
def test_score_of_another_form_is_left_out(world_feed: Any, given: Any) -> None:
    good = {"participant1Score": 1, "participant2Score": 0}
    fixture = world_feed.put_fixture(scores={"result": good, "p1": given})
    assert list(world_feed.dialect.view.memory.scores_of(fixture.fixture_id)) == ["result"]
