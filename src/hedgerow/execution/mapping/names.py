"""How sure two names are one participant's: the rule that says so, and its score."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from difflib import SequenceMatcher
from functools import lru_cache

from hedgerow.execution.mapping import clubs, people
from hedgerow.execution.mapping.evidence import NameEvidence, NameRule
from hedgerow.execution.mapping.facts import Participant
from hedgerow.execution.mapping.sports import PEOPLE
from hedgerow.execution.mapping.text import fold, words

STRENGTH: Mapping[NameRule, int] = {
    NameRule.EXACT: 100,
    NameRule.NORMALISED: 98,
    NameRule.REORDERED: 97,
    NameRule.TEAM: 96,
    NameRule.ALIAS: 95,
    NameRule.AFFIXES: 95,
    NameRule.PARTS: 93,
    NameRule.SHORT_NAME: 92,
    NameRule.SPELLING: 90,
    NameRule.INITIALS: 88,
    NameRule.ABBREVIATION: 85,
    NameRule.CONTAINED: 82,
    NameRule.CITY: 82,
    NameRule.SURNAME: 80,
    NameRule.SIMILAR: 60,
    NameRule.NONE: 0,
}

STRONG = 90
"""From here on a name tells its participant from all others."""
FIRM = 85
"""Two of these tell a match from all others."""
PARTIAL = 80
"""From here on a name fits its participant; that is enough beside a strong one: nobody plays two matches at once."""

_ALIKE = 0.85

# Rules under which the feed's short name may be compared: a part of a short name says nothing.
_WHOLE = frozenset({NameRule.EXACT, NameRule.NORMALISED, NameRule.REORDERED, NameRule.ALIAS, NameRule.AFFIXES})


@lru_cache(maxsize=262_144)
def compare(listed: str, participant: Participant, sport: str, league: str | None) -> NameEvidence:
    """The best that any of the feed's names of a participant says of the venue's name."""
    rule = _compare(listed, participant.name, sport, league)
    best = NameEvidence(listed, participant.name, rule, STRENGTH[rule])
    if rule is NameRule.CITY:
        return best  # a short name that is the city's tells no more
    for other in (participant.short_name, participant.medium_name):
        if sport in PEOPLE and other and len(words(other)) == 1:
            continue  # a surname, which relatives share
        if other and best.score < STRENGTH[NameRule.SHORT_NAME] and _compare(listed, other, sport, league) in _WHOLE:
            best = NameEvidence(listed, other, NameRule.SHORT_NAME, STRENGTH[NameRule.SHORT_NAME])
    short = participant.abbreviation
    if short and best.score < STRENGTH[NameRule.ABBREVIATION] and fold(listed) == fold(short) != "":
        best = NameEvidence(listed, short, NameRule.ABBREVIATION, STRENGTH[NameRule.ABBREVIATION])
    return best


def similar(listed: str, participant: Participant) -> NameEvidence:
    """Whether the names are alike to the eye, which only ever makes a doubt."""
    one, other = (" ".join(sorted(words(name))) for name in (listed, participant.name))
    rule = NameRule.SIMILAR if SequenceMatcher(None, one, other).ratio() >= _ALIKE else NameRule.NONE
    return NameEvidence(listed, participant.name, rule, STRENGTH[rule])


@lru_cache(maxsize=65_536)
def hooks(name: str, sport: str) -> frozenset[Hashable]:
    """Keys to find participants by: two names that have none in common are one under no rule."""
    return frozenset(people.hooks_of(name) if sport in PEOPLE else clubs.hooks_of(name, sport))


def hooks_of(participant: Participant, sport: str) -> frozenset[Hashable]:
    """The keys of all names of a participant."""
    names = (participant.name, participant.short_name, participant.medium_name, participant.abbreviation)
    return frozenset().union(*(hooks(name, sport) for name in names if name))


def _compare(listed: str, known: str, sport: str, league: str | None) -> NameRule:
    if listed == known:
        return NameRule.EXACT
    if not fold(listed) or not fold(known):
        return NameRule.NONE
    if fold(listed) == fold(known):
        return NameRule.NORMALISED
    if sport in PEOPLE:
        return people.compare_people(listed, known)
    return clubs.compare_clubs(listed, known, sport, league)
