"""Ids: what can be read out of a fixture id, and what contradicts it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.ids import (
    NO_PLAYER,
    FixtureId,
    FixtureIdParts,
    MarketId,
    MarketKey,
    OutcomeId,
    OutcomeKey,
    fixture_id_contradiction,
    fixture_id_parts,
    odds_id,
)

sources = st.sampled_from(["id", "pm", "ks"])
sports = st.integers(0, 99)
tournaments = st.integers(0, 999_999)
natives = st.from_regex(r"[0-9A-Za-z_]{1,20}", fullmatch=True)


@given(sources, sports, tournaments, natives)
def test_parts_are_what_the_id_was_made_of(source: str, sport: int, tournament: int, native: str) -> None:
    text = f"{source}{sport:02}{tournament:06}{native}"
    assert fixture_id_parts(text) == FixtureIdParts(source, sport, tournament, native)
    assert fixture_id_contradiction(text, sport, tournament) is None


def test_documented_example_is_read() -> None:
    """Source: the odds feed's sheet."""
    assert fixture_id_parts("id1000002361061419") == FixtureIdParts("id", 10, 23, "61061419")


@pytest.mark.parametrize(
    "text", ["", "id", "id10000023", "xx1000002361061419", "id10000023-1", "id10000023١", " id1000002361"]
)
def test_other_forms_are_not_read(text: str) -> None:
    assert fixture_id_parts(text) is None
    assert "not of the feed's form" in (fixture_id_contradiction(text, 10, 23) or "")


@given(sources, sports, tournaments, natives, sports, tournaments)
def test_contradiction_is_told_exactly_when_a_field_differs(
    source: str, sport: int, tournament: int, native: str, other_sport: int, other_tournament: int
) -> None:
    text = f"{source}{sport:02}{tournament:06}{native}"
    told = fixture_id_contradiction(text, other_sport, other_tournament)
    assert (told is None) == ((sport, tournament) == (other_sport, other_tournament))
    assert told is None or text in told


def test_outcomes_without_a_player_have_player_0() -> None:
    assert OutcomeKey(FixtureId("f"), OutcomeId(1)).player_id == NO_PLAYER == 0
    assert MarketKey(FixtureId("f"), MarketId(1)).player_id == 0


def test_odds_id_is_the_feeds_key() -> None:
    assert odds_id("id1000002361061419", "pinnacle", 101, 0) == "id1000002361061419:pinnacle:101:0"
