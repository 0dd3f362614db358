"""When two names are one person's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.execution.mapping.evidence import NameRule
from hedgerow.execution.mapping.people import compare_people, hooks_of

NAMES = [
    "Alcaraz, Carlos",
    "Alcaraz Garfia, Carlos",
    "Carlos Alcaraz",
    "C. Alcaraz",
    "Alcaraz",
    "Cerundolo, Francisco",
    "Cerundolo, Juan Manuel",
    "F. Cerundolo",
    "Williams, Serena",
    "Venus Williams",
    "Wang, Xinyu",
    "Wang Xiyu",
    "X. Wang",
    "Del Potro, Juan Martin",
    "Müller, Alexandre",
    "Alexandre Mueller",
]


@pytest.mark.parametrize(
    ("listed", "known", "rule"),
    [
        ("Carlos Alcaraz", "Alcaraz, Carlos", NameRule.NORMALISED),
        ("Qinwen Zheng", "Zheng, Qinwen", NameRule.NORMALISED),
        ("Zheng Qinwen", "Qinwen Zheng", NameRule.REORDERED),
        ("Carlos Alcaraz", "Alcaraz Garfia, Carlos", NameRule.PARTS),
        ("Holger Vitus Rune", "Rune, Holger", NameRule.PARTS),
        ("C. Alcaraz", "Alcaraz Garfia, Carlos", NameRule.INITIALS),
        ("J.M. Cerundolo", "Cerundolo, Juan Manuel", NameRule.INITIALS),
        ("Alcaraz", "Alcaraz Garfia, Carlos", NameRule.SURNAME),
        ("Van de Zandschulp", "Van De Zandschulp, Botic", NameRule.SURNAME),
        ("Auger-Aliassime", "Auger-Aliassime, Felix", NameRule.SURNAME),
        ("Alexandre Mueller", "Müller, Alexandre", NameRule.SPELLING),
        ("Frances Tiafoe Jr.", "Tiafoe, Frances", NameRule.NORMALISED),
    ],
)
def test_one_person_under_two_names(listed: str, known: str, rule: NameRule) -> None:
    assert compare_people(listed, known) is rule


@pytest.mark.parametrize(
    ("listed", "known"),
    [
        ("Venus Williams", "Williams, Serena"),
        ("Juan Manuel Cerundolo", "Cerundolo, Francisco"),
        ("J. Cerundolo", "Cerundolo, Francisco"),
        ("Xinyu Wang", "Wang, Xiyu"),
        ("Juan Martin", "Del Potro, Juan Martin"),
        ("Carlos Moya", "Alcaraz, Carlos"),
        ("Carlos", "Alcaraz, Carlos"),
        ("Alexander Zverev", "Zverev, Aleksandr"),
        ("Jannik Sinner", "Alcaraz, Carlos"),
        ("", "Alcaraz, Carlos"),
        ("Jr.", "Alcaraz, Carlos"),
    ],
)
def test_two_people_are_not_made_one(listed: str, known: str) -> None:
    assert compare_people(listed, known) is NameRule.NONE


@given(listed=st.sampled_from(NAMES), known=st.sampled_from(NAMES))
def test_names_that_fit_have_a_key_in_common(listed: str, known: str) -> None:
    if compare_people(listed, known) is not NameRule.NONE:
        assert {*hooks_of(listed)} & {*hooks_of(known)}


@given(name=st.sampled_from(NAMES))
def test_everybody_is_himself(name: str) -> None:
    assert compare_people(name, name) is NameRule.NORMALISED
