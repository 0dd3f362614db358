"""The door of the REST face: keys, limits, entitlements, scripted errors."""

from __future__ import annotations

from typing import Any

import pytest

from hedgerow.sim.dialects.oddspapi import DEMO_KEY, AccessKey

OTHER_KEY = "f" * 32


async def test_every_answer_carries_the_rate_limit(feed: Any) -> None:
    answers = [await feed.get("sports"), await feed.get("fixtures"), await feed.get("venues")]
    assert [a.status for a in answers] == [200, 400, 400]
    for answer in answers:
        assert answer.headers["X-RateLimit-Limit"] == "100"
        assert answer.headers["X-RateLimit-Remaining"] == "99"
        assert int(answer.headers["X-RateLimit-Reset"]) == 1_766_414_834


async def test_key_may_be_a_parameter(feed: Any) -> None:
    assert (await feed.get("sports", key=None, apiKey=DEMO_KEY)).status == 200


async def test_missing_key_is_refused(feed: Any) -> None:
    answer = await feed.get("sports", key=None)
    assert (answer.status, answer.body) == (
        401,
        {"error": 401, "message": "missing apiKey", "code": "missing_api_key"},
    )


@pytest.mark.parametrize(("header", "parameter"), [(OTHER_KEY, None), (DEMO_KEY, OTHER_KEY), ("nonsense", None)])
async def test_wrong_key_and_two_that_differ_are_refused(feed: Any, header: str, parameter: str | None) -> None:
    params = {"apiKey": parameter} if parameter else {}
    answer = await feed.get("sports", key=header, **params)
    assert (answer.status, answer.body["code"]) == (401, "invalid_api_key")


async def test_eleventh_call_in_a_second_is_refused_until_a_second_has_passed(feed: Any) -> None:
    feed.put_fixture()
    path = {"fixtureId": "id1100013270505136"}
    assert [(await feed.get("fixtures/odds", **path)).status for _ in range(11)] == [200] * 10 + [429]
    refused = await feed.get("fixtures/odds", **path)
    assert refused.headers["Retry-After"] == "1"
    assert refused.body == {
        "error": 429,
        "message": "rate limit exceeded",
        "code": "rate_limited",
        "limit": 10,
        "windowSec": 1,
        "retryAfterSec": 1,
        "endpoint": "/fixtures/odds",
        "method": "GET",
    }
    feed.step(1)
    assert (await feed.get("fixtures/odds", **path)).status == 200


async def test_factor_lets_tests_run_fast(feed: Any) -> None:
    feed.dialect.rate_factor = 100
    assert (await feed.get("sports")).headers["X-RateLimit-Limit"] == "10000"


@pytest.mark.parametrize(("lang", "path"), [("xx", "sports"), ("en", "weather"), ("en", "")])
async def test_unknown_language_or_path_is_not_found(feed: Any, lang: str, path: str) -> None:
    answer = await feed.get(path, lang=lang)
    assert (answer.status, answer.body["error"]) == (404, 404)


async def test_only_reads_are_allowed(feed: Any) -> None:
    async with feed.http.post(f"{feed.url}/en/sports") as answer:
        assert answer.status == 405


async def test_endpoint_that_the_key_does_not_open_is_named(feed: Any) -> None:
    feed.dialect.keys.register(AccessKey(OTHER_KEY, endpoints=frozenset({"sports", "fixtures"})))
    assert (await feed.get("sports", key=OTHER_KEY)).status == 200
    answer = await feed.get("futures/odds", key=OTHER_KEY, futureId="id1")
    assert (answer.status, answer.body["code"]) == (403, "channel_not_allowed")
    assert answer.body["requestedChannels"] == ["futures/odds"]
    assert answer.body["allowedChannels"] == ["fixtures", "sports"]


async def test_sport_that_the_key_does_not_open_is_denied(feed: Any) -> None:
    feed.put_fixture()
    feed.dialect.keys.register(AccessKey(OTHER_KEY, sports=frozenset({10})))
    answers = [
        await feed.get("sports", key=OTHER_KEY, sportIds="10,69"),
        await feed.get("fixtures", key=OTHER_KEY, sportId=69),
        await feed.get("fixtures/odds", key=OTHER_KEY, fixtureId="id1100013270505136"),
    ]
    assert [(a.status, a.body["code"], a.body["denied"]) for a in answers] == [
        (403, "sport_not_allowed", [denied]) for denied in (69, 69, 11)
    ]
    assert [sport["sportId"] for sport in (await feed.get("sports", key=OTHER_KEY)).body] == [10]
    assert (await feed.get("futures", key=OTHER_KEY, sportId=69)).body == []


async def test_bookmaker_that_the_key_does_not_open_is_denied_or_left_out(feed: Any) -> None:
    feed.put_fixture()
    for slug in ("pinnacle", "sharpbet"):
        feed.put_odds({111: "1.5"}, slug)
    feed.dialect.keys.register(AccessKey(OTHER_KEY, bookmakers=frozenset({"sharpbet"})))
    path = {"fixtureId": "id1100013270505136"}
    denied = [
        await feed.get("fixtures/odds", key=OTHER_KEY, bookmakers="pinnacle", **path),
        await feed.get("fixtures/odds/historical", key=OTHER_KEY, bookmaker="pinnacle", **path),
        await feed.get("fixtures/mapping", key=OTHER_KEY, bookmaker="pinnacle", fixtureIds=path["fixtureId"]),
    ]
    assert {(a.status, a.body["code"], a.body["bookmaker"]) for a in denied} == {
        (403, "bookmaker_not_allowed", "pinnacle")
    }
    answer = await feed.get("fixtures/odds", key=OTHER_KEY, **path)
    assert list(answer.body["odds"]) == list(answer.body["bookmakers"]) == ["sharpbet"]
    listed = await feed.get("bookmakers", key=OTHER_KEY, bookmakers="pinnacle,sharpbet,nobody")
    assert [book["slug"] for book in listed.body] == ["sharpbet"]


async def test_key_without_live_access_sees_no_live_fixture(feed: Any) -> None:
    feed.put_fixture(status_id=1)
    feed.dialect.keys.register(AccessKey(OTHER_KEY, live=False))
    assert (await feed.get("fixtures", key=OTHER_KEY, sportId=11)).body == []
    assert (await feed.get("fixtures/odds", key=OTHER_KEY, fixtureId="id1100013270505136")).status == 404


async def test_revoked_key_is_refused(feed: Any) -> None:
    feed.dialect.keys.revoke(DEMO_KEY)
    assert (await feed.get("sports")).status == 401


@pytest.mark.parametrize(
    ("status", "code"),
    [(403, "channel_not_allowed"), (429, "rate_limited"), (500, "internal_error"), (503, "rate_limiter_error")],
)
async def test_scripted_error_answers_every_call(feed: Any, status: int, code: str) -> None:
    feed.dialect.patch({"restError": status})
    answer = await feed.get("sports")
    assert (answer.status, answer.body["code"]) == (status, code)
    feed.dialect.patch({})
    assert (await feed.get("sports")).status == 200


async def test_scripted_emptiness_is_silent(feed: Any) -> None:
    feed.put_fixture()
    feed.put_odds({111: "1.5"})
    feed.dialect.patch({"emptyAnswers": True})
    odds = await feed.get("fixtures/odds", fixtureId="id1100013270505136")
    assert (odds.status, odds.body["odds"], odds.body["fixtureId"]) == (200, {}, "id1100013270505136")
    assert (await feed.get("fixtures", sportId=11)).body == []


async def test_scripted_padding_makes_answers_large(feed: Any) -> None:
    feed.put_fixture()
    feed.dialect.patch({"padBytes": 5_000_000})
    for path, params in (
        ("fixtures/odds", {"fixtureId": "id1100013270505136"}),
        ("fixtures/odds/main", {"tournamentId": 132}),
    ):
        answer = await feed.get(path, **params)
        assert int(answer.headers["Content-Length"]) > 5_000_000


async def test_world_down_cuts_the_connection(feed: Any) -> None:
    feed.dialect.faults.behaviour.down = True
    with pytest.raises(Exception, match="disconnected"):
        await feed.get("sports")


def test_key_is_32_hex_digits_and_never_printed() -> None:
    with pytest.raises(ValueError, match="32 hexadecimal"):
        AccessKey("x" * 32)
    assert OTHER_KEY not in repr(AccessKey(OTHER_KEY))


async def test_both_sites_serve_both_faces(feed: Any) -> None:
    sites = feed.dialect.sites()
    assert sorted(sites) == ["rest", "ws"]
    assert {len(app.router.routes()) for app in sites.values()} == {3}
