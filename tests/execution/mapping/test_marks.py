"""What sets teams of one name apart."""

from __future__ import annotations

import pytest

from hedgerow.execution.mapping.marks import Mark, marks_of_name, marks_of_tournament, unmarked


@pytest.mark.parametrize(
    ("name", "marks", "rest"),
    [
        ("Chelsea FC", set(), ("chelsea", "fc")),
        ("Chelsea FC Women", {Mark.WOMEN}, ("chelsea", "fc")),
        ("Chelsea FC (W)", {Mark.WOMEN}, ("chelsea", "fc")),
        ("India W", {Mark.WOMEN}, ("india",)),
        ("W Connection", set(), ("w", "connection")),
        ("Barcelona B", {Mark.RESERVE}, ("barcelona",)),
        ("Bayern München II", {Mark.RESERVE}, ("bayern", "munchen")),
        ("Jong Ajax", {Mark.RESERVE}, ("ajax",)),
        ("Team Heretics Academy", {Mark.RESERVE}, ("team", "heretics")),
        ("Benfica U19", {Mark.YOUTH}, ("benfica",)),
        ("Benfica U-19", {Mark.YOUTH}, ("benfica",)),
        ("England Under 21", {Mark.YOUTH}, ("england",)),
        ("England U20 Women", {Mark.YOUTH, Mark.WOMEN}, ("england",)),
        ("Boca Juniors", set(), ("boca", "juniors")),
        ("B36 Torshavn", set(), ("b36", "torshavn")),
        ("Krawietz K / Puetz T", {Mark.DOUBLES}, ("krawietz", "k", "puetz", "t")),
        ("Women", set(), ("women",)),
        ("", set(), ()),
    ],
)
def test_a_name_is_parted_from_its_marks(name: str, marks: set[Mark], rest: tuple[str, ...]) -> None:
    assert marks_of_name(name) == marks
    assert unmarked(name) == rest


@pytest.mark.parametrize(
    ("names", "marks"),
    [
        (("Premier League", "England"), set()),
        (("UEFA Youth League", "International Youth"), {Mark.YOUTH}),
        (("Wimbledon", "WTA"), {Mark.WOMEN}),
        (("WNBA", "USA"), {Mark.WOMEN}),
        (("Wimbledon Doubles", None), {Mark.DOUBLES}),
        (("Under 21.5",), {Mark.YOUTH}),
        ((None,), set()),
        (("LEC Academy",), set()),
        (("NCAA, Regular Season", "USA"), {Mark.COLLEGE}),
        (("College Basketball (W)",), {Mark.COLLEGE, Mark.WOMEN}),
        (("Pro Basketball (M)",), set()),
        (("Pro Basketball (W)",), {Mark.WOMEN}),
    ],
)
def test_tournaments_mark_their_teams(names: tuple[str | None, ...], marks: set[Mark]) -> None:
    assert marks_of_tournament(*names) == marks
