"""Folding: what is made alike, and what stays apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.execution.mapping.text import fold, without_digraphs, words


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("FC Bayern München", "fc bayern munchen"),
        ("  Paris   Saint-Germain ", "paris saint germain"),
        ("O'Connell", "oconnell"),
        ("O’Connell", "oconnell"),
        ("Nødskov Rune", "nodskov rune"),
        ("Łódź", "lodz"),
        ("Brighton & Hove Albion", "brighton and hove albion"),
        ("St. Louis", "st louis"),
        ("Auger-Aliassime", "auger aliassime"),
        ("Groß", "gross"),
        ("İstanbul Başakşehir", "istanbul basaksehir"),
        ("Đoković", "dokovic"),
        ("...", ""),
    ],
)
def test_names_are_folded(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_case_makes_no_difference_in_ascii(text: str) -> None:
    ascii_text = text.encode("ascii", "ignore").decode()
    assert fold(ascii_text.upper()) == fold(ascii_text.lower())


def test_other_scripts_stay_what_they_are() -> None:
    assert words("Спартак") != words("Spartak")


def test_digraphs_and_umlauts_become_alike() -> None:
    assert without_digraphs(fold("Mueller")) == without_digraphs(fold("Müller"))
