"""Fixtures, sports, accounts and the client itself over HTTP."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from .apikit import FIXTURE, NOW, RIVAL_KEY, Api


async def test_fixture_tells_names_scores_and_clock(api: Api) -> None:
    score = {"participant1Score": 2, "participant2Score": 1}
    await api.add_fixture(scores={"result": score, "p1": score}, clock={"currentPeriod": "2nd Half", "currentTime": 67})
    fixture = await api.get(f"/fixtures/{FIXTURE}")
    assert (fixture["participant1Name"], fixture["startTime"], fixture["live"]) == ("Arsenal", 1_771_151_400, True)
    assert (fixture["statusId"], fixture["currentPeriod"], fixture["currentMinute"]) == (1, "2nd Half", 67)
    assert fixture["scores"] == {"home": 2, "away": 1, "period1Home": 2, "period1Away": 1}
    assert (fixture["sportName"], fixture["tournamentName"]) == (None, None)


@pytest.mark.parametrize("fixture_id", ["id1000000861624499", "a%00b"])
async def test_unknown_fixture_is_404(api: Api, fixture_id: str) -> None:
    assert await api.status("GET", f"/fixtures/{fixture_id}") == 404


async def test_fixtures_are_those_with_own_orders_unless_all_are_asked_for(api: Api) -> None:
    await api.add_fixture("traded")
    await api.add_fixture("later", start_time=1_771_251_400, tournament_id=18, is_live=False)
    await api.add_fixture("tennis", start_time=1_771_051_400, sport_id=12)
    await api.add_order(1, fixture_id="traded")
    await api.add_order(2, fixture_id="tennis", client="rival")

    async def found(**query: Any) -> list[str]:
        return [fixture["fixtureId"] for fixture in (await api.get("/fixtures", **query))["data"]]

    assert await found() == ["traded"]
    assert await found(all=True) == ["later", "traded", "tennis"]
    assert await found(all=True, live=False) == ["later"]
    assert await found(all=True, tournament_id=18) == ["later"]
    assert await found(all=True, sportId=12) == ["tennis"]
    assert await found(all=True, fixtureIds=["later", "tennis", "none"]) == ["later", "tennis"]
    assert await found(all=True, page=2, pageSize=2) == ["tennis"]


async def test_sports_count_what_is_not_over(api: Api) -> None:
    await api.insert("sports", sport_id=10, slug="soccer", name="Soccer")
    await api.insert("sports", sport_id=12, slug="tennis", name="Tennis")
    await api.add_fixture("live")
    await api.add_fixture("soon", tournament_id=18, status_id=0, is_live=False)
    await api.add_fixture("over", tournament_id=19, status_id=2, is_live=False)
    soccer, tennis = await api.get("/sports")
    assert soccer == {"sportId": 10, "sportName": "Soccer", "tournamentCount": 2, "fixtureCount": 2, "liveCount": 1}
    assert tennis == {"sportId": 12, "sportName": "Tennis", "tournamentCount": 0, "fixtureCount": 0, "liveCount": 0}


async def test_tournaments_of_a_sport_stand_under_their_category(api: Api) -> None:
    for tournament_id, name, category in ((17, "Premier League", "England"), (18, "Cup", "England"), (19, "A", "B")):
        await api.insert("tournaments", tournament_id=tournament_id, sport_id=10, name=name, category=category)
    await api.add_fixture()
    await api.insert(
        "mm_mappings",
        venue="kalshi",
        instrument_ref="I",
        market_ref="E",
        fixture_id=FIXTURE,
        verdict="PROVED",
        evidence={},
        updated_at=NOW,
    )
    await api.database.execute("insert into mm_tournaments values ('demo', 18, false, 0.5, 1, now())")
    (category,) = (await api.get("/sports/10/tournaments"))["categories"]
    assert category["categoryName"] == "England"
    cup, league = category["tournaments"]
    assert (cup["tournamentId"], cup["activated"], cup["limitRatio"], cup["fixtureCount"]) == (
        18,
        False,
        Decimal("0.5"),
        0,
    )
    assert (league["fixtureCount"], league["liveCount"], league["tradeableCount"]) == (1, 1, 1)
    assert (league["activated"], league["limitRatio"], league["priceTicks"]) == (None, None, None)


async def test_key_says_whose_it_is(api: Api) -> None:
    me = await api.get("/me")
    assert (me["client"], me["clientName"], me["active"], me["bookmaker"]) == ("demo", "Demo", True, "pinnacle")


async def test_accounts_are_the_clients_own_and_show_no_credentials(api: Api) -> None:
    await api.accounts.set_balance(api.account_id, Decimal("50000.10"), Decimal(5))
    (account,) = (await api.get("/accounts"))["accounts"]
    assert (account["exchange"], account["username"], account["client"]) == ("polymarket", "demo-1", "demo")
    assert (account["balance"], account["maxOutcomeStake"], account["active"]) == (Decimal("50000.10"), 1000, True)
    assert account["bookmaker"] == "pinnacle"
    assert not {"sealed", "credentials", "meta"} & account.keys()
    assert (await api.get("/accounts", exchange="kalshi"))["count"] == 0


async def test_odds_format_is_kept(api: Api) -> None:
    assert await api.patch("/clients/settings", {"oddsFormat": "hong_kong"}) == {"oddsFormat": "hong_kong"}
    assert (await api.get("/trading/status"))["oddsFormat"] == "hong_kong"
    assert await api.status("PATCH", "/clients/settings", json={"oddsFormat": "roman"}) == 422


@pytest.mark.parametrize("key", [None, "", "demo", "0b6f1c9e-2f6d-4a55-9f0e-3a51e2c0dfff"])
async def test_without_a_working_key_nothing_is_answered(api: Api, key: str | None) -> None:
    del api.http.headers["X-API-Key"]
    answer = await api.http.get("/api/v1/me", headers={} if key is None else {"X-API-Key": key})
    assert (answer.status_code, answer.json()) == (401, {"detail": "Invalid or missing API key"})


async def test_client_over_its_limit_waits_and_others_do_not(api: Api) -> None:
    await api.database.execute("update api_keys set per_minute = 2")
    answers = [await api.http.get("/api/v1/me") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert answers[2].json() == {"detail": "Rate limit exceeded"}
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 60
    assert (await api.http.get("/api/v1/me", headers={"X-API-Key": RIVAL_KEY})).status_code == 200
