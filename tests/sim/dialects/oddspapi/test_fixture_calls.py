"""REST calls about fixtures and outrights."""

from __future__ import annotations

from typing import Any

import pytest

from hedgerow.core.ids import FixtureId

NBA_GAME, SOCCER_GAME = FixtureId("id1100013270505136"), FixtureId("id1000001772221240")
START_S = 1_766_414_833


async def ids(feed: Any, path: str, **params: Any) -> list[str]:
    return [fixture["fixtureId"] for fixture in await feed.ok(path, **params)]


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"fixtureIds": f"{SOCCER_GAME},{NBA_GAME},id1"}, [NBA_GAME, SOCCER_GAME]),
        ({"sportId": 10}, [SOCCER_GAME]),
        ({"tournamentId": 132}, [NBA_GAME]),
        ({"startTimeFrom": START_S + 3600, "startTimeTo": START_S + 86_400}, [NBA_GAME, SOCCER_GAME]),
        ({"startTimeFrom": START_S + 3601}, [SOCCER_GAME]),
        ({"startTimeTo": START_S + 86_399}, [NBA_GAME]),
        ({"bookmakers": "sharpbet"}, [NBA_GAME]),
        ({"sportId": 12}, []),
    ],
)
async def test_fixtures_are_filtered(two_games: Any, params: dict[str, Any], found: list[str]) -> None:
    assert await ids(two_games, "fixtures", **params) == found


async def test_fixture_lists_carry_no_books(two_games: Any) -> None:
    assert [fixture["bookmakers"] for fixture in await two_games.ok("fixtures", sportId=11)] == [{}]


async def test_todays_and_live_fixtures(two_games: Any) -> None:
    assert await ids(two_games, "fixtures/today", sportId=11) == [NBA_GAME]
    assert await ids(two_games, "fixtures/today", sportId=10) == []
    assert await ids(two_games, "fixtures/live", tournamentId=132) == []
    two_games.put_fixture(NBA_GAME, status_id=1)
    assert await ids(two_games, "fixtures/live", tournamentId=132) == [NBA_GAME]


async def test_names_are_translated_and_ids_are_not(two_games: Any) -> None:
    (english,), (german,) = [await two_games.ok("fixtures", lang=lang, fixtureIds=NBA_GAME) for lang in ("en", "de")]
    assert (english["status"]["statusName"], german["status"]["statusName"]) == ("Pre-Game", "Vor dem Spiel")
    assert {**german, "status": english["status"]} == english


async def test_mapping_goes_both_ways(two_games: Any) -> None:
    (row,) = await two_games.ok("fixtures/mapping", bookmaker="pinnacle", fixtureIds=NBA_GAME)
    assert row["bookmaker"] == "pinnacle"
    assert await two_games.ok("fixtures/mapping", bookmakerFixtureIds=row["bookmakerFixtureId"]) == [row]
    assert len(await two_games.ok("fixtures/mapping", fixtureIds=NBA_GAME)) == 2
