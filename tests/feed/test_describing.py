"""Outcomes in words, as a person is told them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hedgerow.core.ids import NO_PLAYER, FixtureId, MarketId, OutcomeId, OutcomeKey
from hedgerow.feed import wire
from hedgerow.feed.book import PriceBook
from hedgerow.feed.catalogue import Market
from hedgerow.feed.describing import described

FIXTURE = wire.Fixture(
    fixture_id=FixtureId("id1"),
    sport=wire.Sport(sport_name="Basketball"),
    start_time=1_795_262_400,
    participants=wire.Participants(participant1_name="Boston Celtics", participant2_name="New York Knicks"),
)


def market(kind: str, names: tuple[str, ...], handicap: str | None) -> Market:
    line = None if handicap is None else Decimal(handicap)
    outcomes = tuple(OutcomeId(1_100 + place) for place in range(len(names)))
    return Market(MarketId(1_100), 11, kind, "fulltime", line, False, "Spread", "S", outcomes, names)


def outcome(place: int) -> OutcomeKey:
    return OutcomeKey(FixtureId("id1"), OutcomeId(1_100 + place), NO_PLAYER)


@pytest.mark.parametrize(
    ("kind", "names", "line", "place", "name", "told"),
    [
        ("spreads", ("1", "2"), "-3.5", 0, "Boston Celtics", "-3.5"),
        ("spreads", ("1", "2"), "-3.5", 1, "New York Knicks", "3.5"),
        ("spreads-european", ("1", "X", "2"), "2", 2, "New York Knicks", "-2"),
        ("spreads-european", ("1", "X", "2"), "2", 1, "Draw", "2"),
        ("totals", ("Over", "Under"), "210.5", 1, "Under", "210.5"),
        ("moneyline", ("1", "2"), "0", 1, "New York Knicks", None),
    ],
)
def test_an_outcome_is_told_with_its_own_name_and_line(
    kind: str, names: tuple[str, ...], line: str, place: int, name: str, told: str | None
) -> None:
    words = described(FIXTURE, market(kind, names, line), outcome(place))
    assert (words["outcome"], words.get("handicap")) == (name, None if told is None else Decimal(told))


def test_the_match_is_told_with_it() -> None:
    words = described(FIXTURE, market("moneyline", ("1", "2"), None), outcome(0))
    assert {name: words[name] for name in ("sport", "participant1", "participant2", "startTime", "market")} == {
        "sport": "Basketball",
        "participant1": "Boston Celtics",
        "participant2": "New York Knicks",
        "startTime": "2026-11-21T12:00:00.000Z",
        "market": "Spread",
    }


def test_what_the_feed_has_not_told_is_left_out() -> None:
    assert described(None, None, outcome(0)) == {}
    assert PriceBook().described(outcome(0)) == {}
