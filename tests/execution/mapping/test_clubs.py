"""When two names are one team's."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.execution.mapping.clubs import compare_clubs, core_of, hooks_of, is_city, league_of, teams_of
from hedgerow.execution.mapping.evidence import NameRule
from hedgerow.execution.mapping.tables import Team, alias_lists, leagues, team_forms

GAMMA = "data/polymarket/gamma_sports_markets.jsonl"
US_MARKETS = "data/polymarket/us_markets_2026-08-13.csv"
ALIAS_SPORTS = [
    "soccer",
    "cricket",
    "esport-counter-strike",
    "esport-league-of-legends",
    "esport-dota",
    "esport-valorant",
]
CLUBS = [
    "Manchester United",
    "Man Utd",
    "Manchester",
    "FC Barcelona",
    "Barcelona",
    "Espanyol Barcelona",
    "Inter",
    "Inter Milano",
    "FC Bayern München",
    "Bayern Munich",
    "Köln",
    "1. FC Koeln",
    "Real Madrid",
    "Atletico Madrid",
    "Chelsea FC Women",
    "Chelsea",
]


@pytest.mark.parametrize(
    ("sport", "league", "listed", "known", "rule"),
    [
        ("soccer", None, "Fulham", "Fulham FC", NameRule.AFFIXES),
        ("soccer", None, "1. FC Köln", "FC Cologne", NameRule.AFFIXES),
        ("soccer", None, "FK Partizan Beograd", "Partizan Belgrade", NameRule.AFFIXES),
        ("soccer", None, "Koeln", "Köln", NameRule.SPELLING),
        ("soccer", None, "Schalke 04", "FC Schalke", NameRule.AFFIXES),
        ("soccer", None, "Chelsea FC Women", "Chelsea FC (W)", NameRule.NORMALISED),
        ("soccer", None, "Bayern Munich", "FC Bayern München", NameRule.ALIAS),
        ("soccer", None, "Man Utd", "Manchester United", NameRule.ALIAS),
        ("soccer", None, "Inter", "Internazionale", NameRule.ALIAS),
        ("soccer", None, "Manchester", "Manchester United", NameRule.CONTAINED),
        ("soccer", None, "Barcelona", "Espanyol Barcelona", NameRule.CONTAINED),
        ("basketball", "NBA", "Lakers", "Los Angeles Lakers", NameRule.TEAM),
        ("basketball", "NBA", "Los Angeles L", "Los Angeles Lakers", NameRule.TEAM),
        ("basketball", "NBA", "LA Lakers", "Los Angeles Lakers", NameRule.TEAM),
        ("basketball", "NBA", "Los Angeles", "Los Angeles Lakers", NameRule.CITY),
        ("basketball", "NBA", "Indiana", "Indiana Pacers", NameRule.TEAM),
        ("basketball", "WNBA", "Indiana", "Indiana Fever", NameRule.TEAM),
        ("basketball", None, "Anadolu Efes", "Anadolu Efes Istanbul", NameRule.CONTAINED),
        ("baseball", "MLB", "Chicago WS", "Chicago White Sox", NameRule.TEAM),
        ("baseball", "MLB", "A's", "Athletics", NameRule.TEAM),
        ("ice-hockey", "NHL", "New York R", "New York Rangers", NameRule.TEAM),
        ("ice-hockey", "NHL", "St. Louis", "St. Louis Blues", NameRule.TEAM),
        ("esport-counter-strike", None, "NAVI", "Natus Vincere", NameRule.ALIAS),
        ("esport-counter-strike", None, "Vitality", "Team Vitality", NameRule.AFFIXES),
        ("esport-counter-strike", None, "G2", "G2 Esports", NameRule.AFFIXES),
        ("cricket", None, "RCB", "Royal Challengers Bengaluru", NameRule.ALIAS),
        ("cricket", None, "Mumbai", "Mumbai Indians", NameRule.CONTAINED),
    ],
)
def test_one_team_under_two_names(sport: str, league: str | None, listed: str, known: str, rule: NameRule) -> None:
    assert compare_clubs(listed, known, sport, league) is rule


@pytest.mark.parametrize(
    ("sport", "league", "listed", "known"),
    [
        ("soccer", None, "Inter", "Inter Miami CF"),
        ("soccer", None, "Real Madrid", "Real Sociedad"),
        ("soccer", None, "Real", "Real Madrid"),
        ("soccer", None, "United", "Manchester United"),
        ("soccer", None, "Bristol City", "Bristol Rovers"),
        ("soccer", None, "Lions", "Detroit Lions"),
        ("basketball", "NBA", "Los Angeles C", "Los Angeles Lakers"),
        ("basketball", "NBA", "Clippers", "Los Angeles Lakers"),
        ("baseball", "MLB", "Chicago C", "Chicago White Sox"),
        ("ice-hockey", "NHL", "New York I", "New York Rangers"),
        ("esport-league-of-legends", None, "Dplus", "Top Esports"),
    ],
)
def test_two_teams_are_not_made_one(sport: str, league: str | None, listed: str, known: str) -> None:
    rule = compare_clubs(listed, known, sport, league)
    assert rule is (NameRule.CONTAINED if known == "Detroit Lions" else NameRule.NONE)


@given(listed=st.sampled_from(CLUBS), known=st.sampled_from(CLUBS))
def test_names_that_fit_have_a_key_in_common(listed: str, known: str) -> None:
    if compare_clubs(listed, known, "soccer", None) is not NameRule.NONE:
        assert {*hooks_of(listed, "soccer")} & {*hooks_of(known, "soccer")}


@pytest.mark.parametrize("sport", ALIAS_SPORTS)
def test_no_name_is_an_alias_of_two(sport: str) -> None:
    entries = [{core_of(name) for name in names} for names in alias_lists(sport)]
    assert entries
    assert sum(map(len, entries)) == len(set().union(*entries))


def test_the_leagues_have_all_their_teams() -> None:
    teams = {team for found in team_forms().values() for team in found}
    assert {league: sum(team.league == league for team in teams) for league in leagues()} == {
        "NBA": 30,
        "WNBA": 15,
        "NFL": 32,
        "NHL": 32,
        "MLB": 30,
    }


def test_a_league_is_read_from_its_tournament() -> None:
    assert league_of("NBA", "USA") == "NBA"
    assert league_of("NBA Cup") == "NBA"
    assert league_of("Premier League", None) is None
    assert league_of("NBA v WNBA") is None


@pytest.mark.parametrize(
    ("listed_as", "league"),
    [
        ("Pro Basketball (M)", "NBA"),
        ("Pro Basketball (W)", "WNBA"),
        ("Pro Football", "NFL"),
        ("Pro Baseball", "MLB"),
        ("Pro Hockey", "NHL"),
        ("College Basketball (M)", None),
    ],
)
def test_a_league_is_known_by_what_kalshi_calls_it(listed_as: str, league: str | None) -> None:
    assert league_of(listed_as) == league


@pytest.mark.parametrize(("name", "is_one"), [("Memphis", True), ("LA", True), ("MEM", True), ("Grizzlies", False)])
def test_a_city_is_told_from_a_team(name: str, is_one: bool) -> None:
    assert is_city(name, "basketball") is is_one
    assert not is_city(name, "soccer")


def test_every_recorded_nickname_names_one_team_of_its_league(shared: Callable[[str], Path]) -> None:
    rows = [json.loads(line) for line in shared(GAMMA).read_text().splitlines()]
    seen = set()
    for row in rows:
        if row["sportsMarketType"] == "moneyline":
            league = row["slug"].partition("-")[0].upper()
            for nickname in json.loads(row["outcomes"]):
                assert len([team for team in teams_of(nickname, "basketball") if team.league == league]) == 1, nickname
                seen.add((league, nickname))
    assert len(seen) == 30 + 13


def test_recorded_nba_codes_and_nicknames_agree(shared: Callable[[str], Path]) -> None:
    rows = [json.loads(line) for line in shared(GAMMA).read_text().splitlines()]
    nba = [row for row in rows if row["slug"].startswith("nba-") and row["sportsMarketType"] == "moneyline"]
    for row in nba:
        codes = row["slug"].split("-")[1:3]
        named = {next(iter(teams_of(name, "basketball"))) for name in json.loads(row["outcomes"])}
        coded = {team for code in codes for team in teams_of(code, "basketball") if team.league == "NBA"}
        assert named == coded, row["slug"]
    assert len(nba) > 100


def test_recorded_full_names_are_their_teams(shared: Callable[[str], Path]) -> None:
    sports = {"mlb": "baseball", "nfl": "american-football"}
    found: set[Team] = set()
    for row in csv.DictReader(shared(US_MARKETS).read_text().splitlines()):
        code = re.match(r"asc-(mlb|nfl)-", row["slug"])
        question = re.match(r"Will the (.+) cover \S+ vs the (.+) in ", row["question"])
        if code and question:
            for name in question.groups():
                teams = teams_of(name, sports[code[1]])
                assert len(teams) == 1, name
                found |= teams
    assert len(found) > 20
