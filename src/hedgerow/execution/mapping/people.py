"""Whether two names are one person's: "Alcaraz Garfia, Carlos", "Carlos Alcaraz", "C. Alcaraz", "Alcaraz".

The feed writes "Family, Given" and so says which words are which; where nobody says it the last word is taken for the
family name, which only matters for a name that is a surname alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from hedgerow.execution.mapping.evidence import NameRule
from hedgerow.execution.mapping.text import fold, without_digraphs, words

_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv"})


@dataclass(frozen=True, slots=True)
class Person:
    """The words of a name, and which of them are the family's."""

    words: tuple[str, ...]
    family: frozenset[str]


@lru_cache(maxsize=65_536)
def person_of(name: str) -> Person:
    """A name as it is printed, with or without the comma."""
    before, comma, after = name.partition(",")
    family, given = _words(before), _words(after)
    if comma and family and given:
        return Person(given + family, frozenset(family))
    everything = family + given
    return Person(everything, frozenset(everything[-1:]))


def compare_people(listed: str, known: str) -> NameRule:
    """By which rule both are one person; NONE for two people, and for what no rule decides."""
    one, other = person_of(listed), person_of(known)
    if not one.words or not other.words:
        return NameRule.NONE
    if Counter(one.words) == Counter(other.words):
        return NameRule.NORMALISED if one.words == other.words else NameRule.REORDERED
    if Counter(map(without_digraphs, one.words)) == Counter(map(without_digraphs, other.words)):
        return NameRule.SPELLING
    return _in_part(one, other)


def hooks_of(name: str) -> Iterator[Hashable]:
    """Whatever two names must share one of to be one person's under any rule."""
    yield fold(name)
    yield from map(without_digraphs, person_of(name).words)


def _in_part(one: Person, other: Person) -> NameRule:
    """Where one name says more than the other."""
    rest, other_rest = Counter(one.words) - Counter(other.words), Counter(other.words) - Counter(one.words)
    shared = set(one.words) & set(other.words)
    # The comma tells the family; without one on either side both guesses have to agree.
    if not shared & one.family and not shared & other.family:
        return NameRule.NONE
    if not rest or not other_rest:
        shorter, longer = (one, other) if not rest else (other, one)
        if set(shorter.words) <= longer.family:
            return NameRule.SURNAME
        return NameRule.PARTS if len(shorter.words) > 1 and shared & longer.family else NameRule.NONE
    return NameRule.INITIALS if shared & other.family and _are_initials([*rest], [*other_rest]) else NameRule.NONE


def _are_initials(one: list[str], other: list[str]) -> bool:
    """Whether every word of the shorter list goes with one of the longer by its first letter, one of the two being
    nothing but that letter."""
    short, long = sorted((one, other), key=len)
    left = list(long)
    for word in short:
        fitting = next((w for w in left if w[0] == word[0] and (len(w) == 1 or len(word) == 1)), None)
        if fitting is None:
            return False
        left.remove(fitting)
    return True


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in words(text) if word not in _SUFFIXES)
