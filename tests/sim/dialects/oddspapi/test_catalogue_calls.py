"""REST calls about the catalogue."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.ids import FixtureId

NBA_GAME = FixtureId("id1100013270505136")


async def test_bookmakers_are_all_that_are_known(two_games: Any) -> None:
    books = {book["slug"]: book for book in await two_games.ok("bookmakers")}
    assert {"pinnacle", "sharpbet", "betfair-ex", "polymarket"} <= books.keys()
    pinnacle = books["pinnacle"]
    assert len(pinnacle) == 18
    assert (pinnacle["maxDelayLiveInSec"], pinnacle["staleThresholdSec"], pinnacle["limitCurrency"]) == (
        2,
        240,
        "USD",
    )
    assert (pinnacle["lastOddsAt"], books["kalshi"]["lastOddsAt"]) == ("2025-12-22T14:47:13.000000+00:00", None)


async def test_bookmaker_is_heard_of_all_the_time_until_the_feed_loses_it(two_games: Any) -> None:
    two_games.step(600)
    (quiet,) = await two_games.ok("bookmakers", bookmakers="pinnacle")
    two_games.dialect.patch({"staleBooks": ["pinnacle"]})
    two_games.step(600)
    (lost,) = await two_games.ok("bookmakers", bookmakers="pinnacle")
    assert quiet["lastOddsAt"] == lost["lastOddsAt"] == "2025-12-22T14:57:13.000000+00:00"


async def test_bookmaker_that_only_the_world_knows_is_listed(feed: Any) -> None:
    feed.put_fixture()
    feed.put_odds({111: "1.5"}, "ourbook", currency="GBP")
    (book,) = await feed.ok("bookmakers", bookmakers="ourbook")
    assert book["limitCurrency"] == "GBP"


async def test_sports_and_markets_come_from_the_catalogue(feed: Any) -> None:
    sports = await feed.ok("sports", sportIds="10,11,99")
    assert sports == [
        {"sportId": 10, "slug": "soccer", "sportName": "Soccer"},
        {"sportId": 11, "slug": "basketball", "sportName": "Basketball"},
    ]
    (market,) = await feed.ok("markets", marketIds=1010)
    assert market == {
        "marketId": 1010,
        "sportId": 10,
        "marketType": "totals",
        "period": "fulltime",
        "marketLength": 2,
        "playerProp": False,
        "handicap": Decimal("2.5"),
        "marketName": "Over Under Full Time",
        "marketNameShort": "Over Under Full Time",
        "outcomes": [{"outcomeId": 1010, "outcomeName": "Over"}, {"outcomeId": 1011, "outcomeName": "Under"}],
    }
    assert [m["marketId"] for m in await feed.ok("markets", outcomeIds="112,111,1011")] == [111, 1010]
    assert len(await feed.ok("markets", sportId=11)) == 2


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("markets", {}),
        ("markets", {"sportId": 10, "marketIds": 101}),
        ("seasons", {}),
        ("participants", {}),
        ("players", {}),
        ("venues", {}),
        ("fixtures", {}),
        ("fixtures/today", {}),
        ("fixtures/live", {}),
        ("fixtures/odds/main", {}),
        ("fixtures/odds/main", {"tournamentId": 1, "fixtureIds": "id1"}),
        ("fixtures/mapping", {"bookmaker": "pinnacle"}),
        ("futures/mapping", {"bookmaker": "pinnacle"}),
    ],
)
async def test_call_without_one_lookup_mode_is_refused(feed: Any, path: str, params: dict[str, Any]) -> None:
    assert await feed.code(path, **params) == (400, "invalid_filters")


@pytest.mark.parametrize(
    "path",
    ["fixtures/odds", "fixtures/odds/clv", "fixtures/odds/historical", "fixtures/settlement", "futures/odds"],
)
async def test_call_without_its_required_parameter_is_refused(feed: Any, path: str) -> None:
    assert await feed.code(path) == (422, "validation_error")


async def test_tournaments_default_to_basketball(two_games: Any) -> None:
    assert {t["sportId"] for t in await two_games.ok("tournaments")} == {11}
    (epl,) = await two_games.ok("tournaments", tournamentIds=17)
    assert epl == {
        "tournamentId": 17,
        "sportId": 10,
        "tournamentSlug": "premier-league",
        "categorySlug": "england",
        "tournamentName": "Premier League",
        "categoryName": "England",
    }


async def test_tournament_of_a_fixture_keeps_the_fixtures_name(feed: Any) -> None:
    feed.put_fixture(FixtureId("id1200080061061419"), tournament_name="Village Open", category_name="Challenger")
    (tournament,) = await feed.ok("tournaments", sportId=12, tournamentIds=800)
    assert (tournament["tournamentName"], tournament["categorySlug"]) == ("Village Open", "challenger")


async def test_seasons_and_participants_are_those_of_the_fixtures(two_games: Any) -> None:
    fixture = two_games.dialect.view.fixture(two_games.put_fixture(NBA_GAME), "en")
    (season,) = await two_games.ok("seasons", tournamentId=132)
    assert (season["seasonId"], season["seasonName"]) == (fixture["season"]["seasonId"], "NBA 2025")
    assert await two_games.ok("seasons", seasonIds=season["seasonId"]) == [season]
    listed = {p["participantId"]: p["name"] for p in await two_games.ok("participants", sportId=11)}
    assert listed[fixture["participants"]["participant1Id"]] == "Alphas"
    both = ",".join(map(str, listed))
    assert len(await two_games.ok("participants", participantIds=both)) == 2


async def test_players_are_those_that_are_quoted(two_games: Any) -> None:
    two_games.put_odds({111: "2"}, player_id=607468)
    assert await two_games.ok("players", sportId=11) == [{"playerId": 607468, "playerName": "Player, 607468"}]
    assert await two_games.ok("players", playerIds="1") == []


async def test_currencies_are_the_worlds(feed: Any) -> None:
    feed.world.put_currency("EUR", Decimal("0.848627"))
    assert await feed.ok("currencies", currency="eur") == [
        {"currency": "EUR", "currencyValue": Decimal("0.848627"), "updatedAt": "2025-12-22T14:47:13.000000+00:00"}
    ]
    assert len(await feed.ok("currencies")) == 3


@pytest.mark.parametrize(("path", "params"), [("venues", {"venueIds": 6054}), ("futures", {"sportId": 69})])
async def test_what_the_world_does_not_have_is_empty(feed: Any, path: str, params: dict[str, Any]) -> None:
    assert await feed.ok(path, **params) == []


async def test_outrights_answer_as_documented(feed: Any) -> None:
    assert await feed.ok("futures/live", sportId=10) == []
    assert await feed.ok("futures/mapping", bookmaker="pinnacle", futureIds="id110168821099751") == []
    assert await feed.code("futures/odds", futureId="id110168821099751") == (404, "not_found")
    assert await feed.code("futures/settlement", futureId="id110168821099751") == (501, "not_implemented")
