"""The feed's words as facts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.ids import FixtureId, MarketId, OutcomeId
from hedgerow.core.states import FixtureStatus
from hedgerow.execution.mapping import FixtureFacts, MarketFacts, Participant
from hedgerow.execution.mapping.from_feed import fixtures_of, markets_of
from hedgerow.feed import wire
from hedgerow.feed.catalogue import Catalogue, Market
from hedgerow.feed.fixtures import FixtureState

SLUGS = {12: "tennis"}
FIXTURE = FixtureId("id1200231461061419")
NAMES = {"participant1_name": "Sinner, Jannik", "participant2_name": "Alcaraz, Carlos"}


def told(**changes: Any) -> FixtureState:
    parts: dict[str, Any] = {
        "status": wire.Status(status_id=1),
        "sport": wire.Sport(sport_id=12),
        "tournament": wire.Tournament(tournament_id=2314, tournament_name="ATP Finals", category_name="ATP"),
        "participants": wire.Participants(**NAMES, participant1_short_name="Sinner J", participant2_abbr="ALC"),
        "start_time": 1_795_280_400,
    }
    state = FixtureState(FIXTURE, Catalogue())
    state.describe(wire.Fixture(fixture_id=FIXTURE, **{**parts, **changes}), 1)
    return state


def test_a_match_is_taken_over_with_all_its_names() -> None:
    assert fixtures_of([told()], SLUGS) == (
        FixtureFacts(
            FIXTURE,
            "tennis",
            "ATP Finals",
            (Participant("Sinner, Jannik", short_name="Sinner J"), Participant("Alcaraz, Carlos", abbreviation="ALC")),
            1_795_280_400_000,
            FixtureStatus.LIVE,
            "ATP",
        ),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"status": None},
        {"sport": None},
        {"sport": wire.Sport(sport_id=13)},
        {"tournament": wire.Tournament(tournament_id=1)},
        {"participants": None},
        {"participants": wire.Participants(participant1_name="Sinner, Jannik")},
        {"participants": wire.Participants(**{**NAMES, "participant2_name": ""})},
    ],
)
def test_a_match_that_is_not_told_whole_is_no_fact(changes: dict[str, Any]) -> None:
    assert fixtures_of([told(**changes)], SLUGS) == ()


def test_a_match_of_a_sport_without_a_slug_is_no_fact() -> None:
    assert fixtures_of([told()], {10: "soccer"}) == ()


def test_a_start_that_is_not_told_is_not_made_up() -> None:
    assert fixtures_of([told(start_time=None)], SLUGS)[0].starts_at_ms is None


def test_markets_are_taken_over_by_sport_but_for_players() -> None:
    ids, line = (OutcomeId(12149), OutcomeId(12150)), Decimal("-1.5")
    games = Market(MarketId(12149), 12, "spreads", "result", line, False, "Games", "", ids, ("1", "2"))
    aces = Market(MarketId(12999), 12, "players-aces", "result", None, True, "Aces", "", (OutcomeId(12999),), ("x",))
    assert markets_of(Catalogue([games, aces]), SLUGS) == {
        "tennis": (MarketFacts(MarketId(12149), "spreads", "result", line, ids, ("1", "2")),)
    }
