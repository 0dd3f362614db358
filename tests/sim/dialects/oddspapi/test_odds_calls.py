"""REST calls about odds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.ids import FixtureId
from hedgerow.sim.dialects.oddspapi import OddsPapi
from hedgerow.sim.dialects.oddspapi.odds_calls import MAIN_CAP
from hedgerow.sim.site import listen

NBA_GAME, SOCCER_GAME = FixtureId("id1100013270505136"), FixtureId("id1000001772221240")


def outcomes(fixture: Any) -> dict[str, list[int]]:
    return {slug: [row["outcomeId"] for row in rows.values()] for slug, rows in fixture["odds"].items()}


async def test_odds_of_a_fixture_come_with_the_books(two_games: Any) -> None:
    body = await two_games.ok("fixtures/odds", fixtureId=NBA_GAME)
    assert outcomes(body) == {"pinnacle": [111, 112], "sharpbet": [111, 112]}
    assert list(body["odds"]["pinnacle"]) == [f"{NBA_GAME}:pinnacle:111:0", f"{NBA_GAME}:pinnacle:112:0"]
    assert list(body["bookmakers"]) == ["pinnacle", "sharpbet"]


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"mainLine": "true"}, [1010, 1011]),
        ({"mainLine": "false"}, [1012, 1013]),
        ({"marketActive": "false"}, []),
        ({"bookmakers": "sharpbet"}, []),
    ],
)
async def test_odds_are_filtered(two_games: Any, params: dict[str, Any], found: list[int]) -> None:
    body = await two_games.ok("fixtures/odds", fixtureId=SOCCER_GAME, **params)
    assert outcomes(body).get("pinnacle", []) == found


async def test_since_means_changed_at_or_after(two_games: Any) -> None:
    two_games.step(10)
    two_games.put_odds({111: "1.6"}, "sharpbet")
    now = two_games.clock.now_ms()
    for since, found in (
        (now, {"sharpbet": [111]}),
        (now + 1, {}),
        (0, {"pinnacle": [111, 112], "sharpbet": [111, 112]}),
    ):
        assert outcomes(await two_games.ok("fixtures/odds", fixtureId=NBA_GAME, since=since)) == found


async def test_inactive_rows_are_in_the_odds_of_a_fixture_but_not_in_main_odds_without_since(two_games: Any) -> None:
    two_games.put_odds({111: "1.5"}, "sharpbet", active=False)
    assert outcomes(await two_games.ok("fixtures/odds", fixtureId=NBA_GAME))["sharpbet"] == [111, 112]
    main = await two_games.ok("fixtures/odds/main", fixtureIds=NBA_GAME)
    assert outcomes(main[0])["sharpbet"] == [112]
    main = await two_games.ok("fixtures/odds/main", fixtureIds=NBA_GAME, since=0)
    assert outcomes(main[0])["sharpbet"] == [111, 112]


async def test_main_odds_hold_main_lines_of_many_fixtures(two_games: Any) -> None:
    main = await two_games.ok("fixtures/odds/main", fixtureIds=f"{NBA_GAME},{SOCCER_GAME}")
    assert [outcomes(fixture)["pinnacle"] for fixture in main] == [[111, 112], [1010, 1011]]


async def test_main_odds_are_capped(feed: Any) -> None:
    for number in range(MAIN_CAP + 5):
        feed.put_fixture(FixtureId(f"id1100013270{number:06d}"))
    assert len(await feed.ok("fixtures/odds/main", tournamentId=132)) == MAIN_CAP


async def test_finished_fixture_has_no_odds(two_games: Any) -> None:
    two_games.put_fixture(NBA_GAME, status_id=2)
    assert (await two_games.ok("fixtures/odds", fixtureId=NBA_GAME))["odds"] == {}


async def test_unknown_fixture_is_not_found(feed: Any) -> None:
    for path in ("fixtures/odds", "fixtures/odds/clv", "fixtures/settlement"):
        assert await feed.code(path, fixtureId="id1") == (404, "not_found")


async def test_closing_odds_are_null_before_the_start(two_games: Any) -> None:
    two_games.put_odds({111: "1.6"})
    pair = (await two_games.ok("fixtures/odds/clv", fixtureId=NBA_GAME))["odds"]["pinnacle"][
        f"{NBA_GAME}:pinnacle:111:0"
    ]
    assert (pair["olv"]["price"], pair["clv"]) == (Decimal("1.5"), None)
    two_games.put_fixture(NBA_GAME, status_id=1)
    body = await two_games.ok("fixtures/odds/clv", fixtureId=NBA_GAME, oddsIds=f"{NBA_GAME}:pinnacle:111:0")
    assert "bookmakers" not in body
    (pair,) = body["odds"]["pinnacle"].values()
    assert pair["clv"]["price"] == Decimal("1.6")


async def test_history_holds_every_state_by_its_time(two_games: Any) -> None:
    first = two_games.clock.now_ms()
    two_games.step(1)
    two_games.put_odds({111: "1.6"})
    body = await two_games.ok("fixtures/odds/historical", fixtureId=NBA_GAME, bookmaker="pinnacle")
    series = body["odds"]["pinnacle"][f"{NBA_GAME}:pinnacle:111:0"]
    assert {at: row["price"] for at, row in series.items()} == {
        str(first): Decimal("1.5"),
        str(first + 1000): Decimal("1.6"),
    }
    assert list(body["odds"]) == ["pinnacle"]
    assert await two_games.code("fixtures/odds/historical", fixtureId=NBA_GAME) == (400, "missing_bookmaker")


async def test_history_by_odds_ids_is_the_intersection_with_the_book(two_games: Any) -> None:
    wanted = f"{NBA_GAME}:pinnacle:111:0,{NBA_GAME}:sharpbet:112:0"
    both = await two_games.ok("fixtures/odds/historical", fixtureId=NBA_GAME, oddsIds=wanted)
    one = await two_games.ok("fixtures/odds/historical", fixtureId=NBA_GAME, oddsIds=wanted, bookmaker="sharpbet")
    assert outcomes_of_series(both) == {"pinnacle": 1, "sharpbet": 1}
    assert outcomes_of_series(one) == {"sharpbet": 1}


def outcomes_of_series(body: Any) -> dict[str, int]:
    return {slug: len(series) for slug, series in body["odds"].items()}


async def test_feed_can_be_told_to_leave_inactive_rows_out(two_games: Any) -> None:
    two_games.put_odds({111: "1.5"}, "sharpbet", active=False)
    strict = OddsPapi(two_games.world, odds_omit_inactive=True)
    listening = await listen(strict.sites()["rest"], "127.0.0.1", 0)
    two_games.url = listening.url
    body = await two_games.ok("fixtures/odds", fixtureId=NBA_GAME)
    await listening.runner.cleanup()
    assert outcomes(body)["sharpbet"] == [112]
