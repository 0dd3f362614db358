"""The data behind the rules: teams of leagues (`teams.toml`), aliases and names of cities (`aliases.toml`)."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from hedgerow.execution.mapping.text import fold, words


@dataclass(frozen=True, slots=True)
class Team:
    """A team of a league in the table."""

    league: str
    name: str


@cache
def leagues() -> frozenset[str]:
    """The leagues of the table."""
    return frozenset(_read("teams.toml"))


@cache
def league_names() -> Mapping[str, str]:
    """Leagues by what an exchange writes for them, folded."""
    return {fold(entry["listed_as"]): league for league, entry in _read("teams.toml").items()}


@cache
def city_forms() -> frozenset[tuple[str, str]]:
    """The forms by which (sport, folded) only a city is named, or its letters: other leagues and colleges have teams
    of the same."""
    return frozenset(
        (entry["sport"], fold(form))
        for entry in _read("teams.toml").values()
        for cities, _, abbreviation in entry["teams"]
        for form in (*cities.split("/"), abbreviation)
    )


@cache
def team_forms() -> Mapping[tuple[str, str], frozenset[Team]]:
    """Teams by (sport, folded form): the whole name, the city, the nickname, the abbreviation, and the city with the
    nickname's first letters ("Los Angeles L", "Chicago WS")."""
    forms: defaultdict[tuple[str, str], set[Team]] = defaultdict(set)
    for league, entry in _read("teams.toml").items():
        for cities, nicknames, abbreviation in entry["teams"]:
            team = Team(league, f"{cities.split('/')[0]} {nicknames.split('/')[0]}")
            for form in _forms(cities.split("/"), nicknames.split("/"), abbreviation):
                forms[entry["sport"], fold(form)].add(team)
    return {key: frozenset(teams) for key, teams in forms.items()}


@cache
def alias_lists(sport: str) -> Sequence[Sequence[str]]:
    """The names that are one participant each."""
    lists: Sequence[Sequence[str]] = _read("aliases.toml").get(sport, {}).get("names", ())
    return lists


@cache
def cities() -> Mapping[str, str]:
    """How the country writes a city that English writes otherwise, folded."""
    names: Mapping[str, str] = _read("aliases.toml")["cities"]
    return names


def _forms(city_names: list[str], nicknames: list[str], abbreviation: str) -> Iterator[str]:
    yield abbreviation
    yield from city_names
    yield from nicknames
    for city in city_names:
        for nickname in nicknames:
            yield f"{city} {nickname}"
            yield f"{city} {''.join(word[0] for word in words(nickname))}"


@cache
def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((files("hedgerow.execution.mapping") / name).read_text("utf-8"))
