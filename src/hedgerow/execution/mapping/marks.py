"""Marks that set teams of one name apart: women, youth, reserves, colleges, doubles. Sides with other marks are others.

Tournaments carry them too: "Chelsea" in the Women's Super League is marked as women.
"""

from __future__ import annotations

import re
from enum import StrEnum

from hedgerow.execution.mapping.text import words


class Mark(StrEnum):
    WOMEN = "women"
    YOUTH = "youth"
    RESERVE = "reserve"
    COLLEGE = "college"
    DOUBLES = "doubles"


_WOMEN = frozenset(
    [
        *("women", "womens", "woman", "ladies", "female", "females", "femenino", "femenina", "feminino", "feminina"),
        *("feminine", "femminile", "frauen", "dames", "damer", "kvinner"),
        *("wta", "wnba", "nwsl", "wsl", "wbbl", "wpl", "ncaaw", "cwbb"),
    ]
)
# "Juniors" is none: Boca Juniors are grown up.
_YOUTH = frozenset({"youth", "juvenil", "primavera"})
_RESERVE = frozenset({"reserve", "reserves", "academy", "jong"})
# Of tournaments: the NCAA's under its own name and under those of Polymarket's leagues and Kalshi's competitions.
_COLLEGE = frozenset({"ncaa", "ncaab", "ncaaf", "ncaam", "ncaaw", "cbb", "cwbb", "cfb", "college"})
_AGE = re.compile(r"(?:u|under|sub)(?:1[4-9]|2[0-3])")

# At the end of a name only: "W Connection" and "B36 Torshavn" are clubs of men.
_LAST = {"w": Mark.WOMEN, "ii": Mark.RESERVE, "iii": Mark.RESERVE, "b": Mark.RESERVE}

_PAIR = re.compile(r"\S\s*/\s*\S")


def marks_of_name(name: str) -> frozenset[Mark]:
    """The marks in a participant's name."""
    return frozenset(_split(name)[1])


def marks_of_tournament(*names: str | None) -> frozenset[Mark]:
    """The marks in the names of a tournament and its category."""
    found: set[Mark] = set()
    for name in names:
        given = _joined_age(words(name or ""))
        found.update(mark for word in given if (mark := _mark(word)))
        if "doubles" in given:
            found.add(Mark.DOUBLES)
        if not _COLLEGE.isdisjoint(given):
            found.add(Mark.COLLEGE)
        if len(given) > 1 and given[-1] == "w":  # "Pro Basketball (W)"
            found.add(Mark.WOMEN)
    return frozenset(found - {Mark.RESERVE})


def unmarked(name: str) -> tuple[str, ...]:
    """The words of a name without its marks."""
    return _split(name)[0]


def _split(name: str) -> tuple[tuple[str, ...], set[Mark]]:
    given = _joined_age(words(name))
    marks = {Mark.DOUBLES} if _PAIR.search(name) else set()
    kept = []
    for index, word in enumerate(given):
        is_last = 0 < index == len(given) - 1
        mark = _mark(word) or (_LAST.get(word) if is_last else None)
        if mark is not None and len(given) > 1:
            marks.add(mark)
        else:
            kept.append(word)
    return tuple(kept), marks


def _mark(word: str) -> Mark | None:
    if word in _WOMEN:
        return Mark.WOMEN
    if word in _YOUTH or _AGE.fullmatch(word):
        return Mark.YOUTH
    return Mark.RESERVE if word in _RESERVE else None


def _joined_age(given: tuple[str, ...]) -> tuple[str, ...]:
    """ "U 19" and "under 21" as one word."""
    joined: list[str] = []
    for word in given:
        if joined and _AGE.fullmatch(joined[-1] + word) and word.isdigit():
            joined[-1] += word
        else:
            joined.append(word)
    return tuple(joined)
