"""How sure two names are one participant's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.execution.mapping.evidence import NameRule
from hedgerow.execution.mapping.facts import Participant
from hedgerow.execution.mapping.names import FIRM, PARTIAL, STRENGTH, STRONG, compare, hooks, hooks_of, similar

LATIN = st.text(st.characters(max_codepoint=0x17F), min_size=1, max_size=24)
SPORTS = st.sampled_from(["tennis", "soccer", "basketball", "esport-counter-strike"])


def rule(listed: str, participant: Participant, sport: str = "soccer", league: str | None = None) -> NameRule:
    return compare(listed, participant, sport, league).rule


def test_every_rule_has_a_strength_and_the_order_of_strength() -> None:
    assert list(STRENGTH) == list(NameRule)
    assert list(STRENGTH.values()) == sorted(STRENGTH.values(), reverse=True)


def test_alike_is_never_enough_and_a_surname_only_in_part() -> None:
    assert STRENGTH[NameRule.SIMILAR] < PARTIAL <= STRENGTH[NameRule.SURNAME] < FIRM < STRONG


@pytest.mark.parametrize(
    ("participant", "listed", "rule_found"),
    [
        (Participant("Wolverhampton Wanderers", short_name="The Pack"), "The Pack", NameRule.SHORT_NAME),
        (Participant("Wolverhampton Wanderers", short_name="The Pack"), "the pack", NameRule.SHORT_NAME),
        (Participant("Bodoe / Glimt", medium_name="Bodo Glimt"), "Bodø/Glimt", NameRule.SHORT_NAME),
        (Participant("Hapoel Beer Sheva", abbreviation="HBS"), "HBS", NameRule.ABBREVIATION),
        (Participant("Hapoel Beer Sheva", abbreviation="HBS"), "HBT", NameRule.NONE),
        (Participant("Hapoel Beer Sheva", short_name="Hapoel"), "Hap", NameRule.NONE),
    ],
)
def test_the_feeds_other_names_count_as_a_whole(participant: Participant, listed: str, rule_found: NameRule) -> None:
    assert rule(listed, participant) is rule_found


def test_a_short_name_that_is_a_surname_stays_one() -> None:
    player = Participant("Cerundolo, Francisco", short_name="Cerundolo")
    assert rule("Cerundolo", player, "tennis") is NameRule.SURNAME


def test_a_short_name_that_is_a_city_stays_one() -> None:
    lakers = Participant("Los Angeles Lakers", short_name="Los Angeles")
    assert rule("Los Angeles", lakers, "basketball", "NBA") is NameRule.CITY


def test_an_empty_abbreviation_fits_nobody() -> None:
    assert rule("...", Participant("Arsenal", abbreviation="-")) is NameRule.NONE


@pytest.mark.parametrize(
    ("listed", "known", "rule_found"),
    [
        ("Alexander Zverev", "Zverev, Aleksander", NameRule.SIMILAR),
        ("Dynamo Kyiv", "Dynamo Kiev", NameRule.SIMILAR),
        ("Jannik Sinner", "Alcaraz, Carlos", NameRule.NONE),
        ("Спартак", "Spartak", NameRule.NONE),
    ],
)
def test_what_looks_alike_is_only_similar(listed: str, known: str, rule_found: NameRule) -> None:
    assert similar(listed, Participant(known)).rule is rule_found


@given(LATIN, SPORTS)
def test_everybody_is_known_under_their_own_name(name: str, sport: str) -> None:
    assert rule(name, Participant(name), sport) is NameRule.EXACT


@given(LATIN, LATIN, SPORTS)
def test_whoever_fits_is_found_by_a_hook(listed: str, known: str, sport: str) -> None:
    participant = Participant(known, short_name=listed[::-1] or None)
    if rule(listed, participant, sport) not in (NameRule.NONE, NameRule.EXACT):
        assert hooks(listed, sport) & hooks_of(participant, sport)


@given(LATIN, LATIN, SPORTS)
def test_a_comparison_is_the_same_from_both_sides(one: str, other: str, sport: str) -> None:
    assert rule(one, Participant(other), sport) is rule(other, Participant(one), sport)
