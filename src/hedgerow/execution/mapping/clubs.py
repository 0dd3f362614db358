"""Whether two names are one team's: by the table of leagues, by the aliases, by what is left without FC and the like.

Marks (women, reserves ...) are no part of the comparison here; `marks` compares them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from functools import cache, lru_cache

from hedgerow.execution.mapping.evidence import NameRule
from hedgerow.execution.mapping.marks import unmarked
from hedgerow.execution.mapping.tables import Team, alias_lists, cities, city_forms, league_names, leagues, team_forms
from hedgerow.execution.mapping.text import fold, without_digraphs, words

# Words that a club's name has in one list and lacks in another.
_AFFIXES = frozenset(
    [
        *("fc", "cf", "sc", "ac", "afc", "as", "ss", "ssc", "us", "ud", "cd", "ca", "cs", "fk", "sk", "nk", "kf", "ks"),
        *("if", "bk", "bc", "hc", "sv", "vfb", "vfl", "tsg", "tsv", "fsv", "hnk", "gnk", "club", "clube", "calcio"),
        *("futbol", "football", "futebol", "fotbal", "de", "do", "da", "del", "the", "and"),
        *("team", "esports", "esport", "gaming", "gg"),
    ]
)

# Words that too many clubs share to name one of them alone.
_COMMON = frozenset(
    [
        *("real", "united", "city", "inter", "sporting", "athletic", "atletico", "racing", "dynamo", "dinamo", "union"),
        *("olympique", "olimpia", "deportivo", "deportes", "nacional", "national", "universidad", "university", "town"),
        *("san", "santa", "saint", "new", "north", "south", "east", "west", "young", "stars", "state", "central"),
        *("independiente", "rangers", "wanderers", "rovers", "county", "lokomotiv", "spartak", "red", "blue", "kings"),
    ]
)


def compare_clubs(listed: str, known: str, sport: str, league: str | None) -> NameRule:
    """By which rule both are one team of the sport. league: the table's, where the match is of one (`league_of`)."""
    team = _team(known, sport, league)
    if team is not None and (named := {found for found in teams_of(listed, sport) if found.league == team.league}):
        if team not in named:
            return NameRule.NONE
        return NameRule.TEAM if len(named) == 1 else NameRule.CITY
    if unmarked(listed) == unmarked(known):
        return NameRule.NORMALISED
    if (alias := _alias(listed, sport)) is not None and alias == _alias(known, sport):
        return NameRule.ALIAS
    one, other = core_of(listed), core_of(known)
    if one == other:
        return NameRule.AFFIXES
    if {*map(without_digraphs, one)} == {*map(without_digraphs, other)}:
        return NameRule.SPELLING
    shorter = min(one, other, key=len)
    is_part = (one < other or other < one) and any(len(word) > 2 and word not in _COMMON for word in shorter)
    return NameRule.CONTAINED if is_part else NameRule.NONE


@lru_cache(maxsize=65_536)
def core_of(name: str) -> frozenset[str]:
    """The words that make a club: without marks, affixes and founding years, cities as their country writes them. The
    name itself where nothing else is left."""
    given = [cities().get(word, word) for word in unmarked(name)]
    core = {word for index, word in enumerate(given) if word not in _AFFIXES and not _is_year(word, index)}
    return frozenset(core or given)


def league_of(*names: str | None) -> str | None:
    """The one league of the table that the texts (a tournament, its category) name; None for none or several."""
    given = [name for name in names if name]
    found = {word.upper() for name in given for word in words(name)} & leagues()
    found.update(league for name in given if (league := league_names().get(fold(name))))
    return found.pop() if len(found) == 1 else None


def is_city(name: str, sport: str) -> bool:
    """Whether a name is a city's only: "Memphis" is a team of the NBA, a college, and whoever plays there."""
    return (sport, fold(name)) in city_forms()


def teams_of(name: str, sport: str) -> frozenset[Team]:
    """The teams of the sport's leagues that are called so: one, or those of one city."""
    return team_forms().get((sport, fold(name)), frozenset())


def hooks_of(name: str, sport: str) -> Iterator[Hashable]:
    """Whatever two names must share one of to be one team's under any rule."""
    yield fold(name)
    yield from teams_of(name, sport)
    yield from map(without_digraphs, core_of(name))
    if (alias := _alias(name, sport)) is not None:
        yield alias


def _is_year(word: str, index: int) -> bool:
    """Whether a word is a number as clubs carry it: 04, 1860, or the 1 in front."""
    return word.isdigit() and (len(word) > 1 or index == 0)


def _team(known: str, sport: str, league: str | None) -> Team | None:
    """The one team that the feed's name is; in the match's own league, where that is known."""
    found = [team for team in teams_of(known, sport) if league is None or team.league == league]
    return found[0] if len(found) == 1 else None


def _alias(name: str, sport: str) -> int | None:
    """The alias entry that a name stands in."""
    return _aliases(sport).get(core_of(name))


@cache
def _aliases(sport: str) -> Mapping[frozenset[str], int]:
    return {core_of(name): entry for entry, names in enumerate(alias_lists(sport)) for name in names}
