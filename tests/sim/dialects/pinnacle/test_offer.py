"""Sports to lines: what is offered, how it is told in snapshots and deltas, and how often it may be asked."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.states import SettlementStatus
from hedgerow.sim.dialects.pinnacle import Terms
from hedgerow.sim.dialects.pinnacle.formats import odds_in, risk_for_win, win_of

from .harness import (
    HOME_WIN,
    NBA,
    NOW_S,
    SINNER,
    SOCCER,
    TENNIS,
    Client,
    Scene,
    event_id,
    soccer,
    tennis,
)

VOID, WON, LOST = SettlementStatus.VOID, SettlementStatus.WON, SettlementStatus.LOST


async def moneyline(client: Client, sport_id: int = 33, **query: Any) -> Any:
    """The first period of a sport's first event."""
    odds = await client.get("/v2/odds", sportId=sport_id, oddsFormat="Decimal", **query)
    return odds["leagues"][0]["events"][0]["periods"][0]


async def test_sports_say_which_have_offers(demo: Client) -> None:
    sports = {sport["id"]: sport for sport in (await demo.get("/v2/sports"))["sports"]}
    assert (sports[33]["name"], sports[33]["hasOfferings"], sports[33]["eventCount"]) == ("Tennis", True, 1)
    assert sports[19]["hasOfferings"] is False


async def test_leagues_say_which_team_is_at_home(demo: Client) -> None:
    (nba,) = (await demo.get("/v2/leagues", sportId=4))["leagues"]
    (premier,) = (await demo.get("/v2/leagues", sportId=29))["leagues"]
    assert (nba["id"], nba["homeTeamType"]) == (487, "Team2")
    assert (premier["id"], premier["name"], premier["homeTeamType"]) == (1980, "England - Premier League", "Team1")


async def test_periods_are_those_of_the_sport(demo: Client) -> None:
    assert [p["number"] for p in (await demo.get("/v1/periods", sportId=29))["periods"]] == [0, 1, 2]
    assert [p["number"] for p in (await demo.get("/v1/periods", sportId=19))["periods"]] == [0, 6]


async def test_a_fixture_has_its_documented_form(demo: Client) -> None:
    answer = await demo.get("/v1/fixtures", sportId=33)
    (league,) = answer["league"]
    (event,) = league["events"]
    assert (answer["sportId"], league["name"]) == (33, "Wimbledon")
    assert event.pop("version") <= answer["last"]
    assert event == {
        "id": event_id(TENNIS),
        "starts": "2026-06-09T12:13:20Z",
        "home": "Jannik Sinner",
        "away": "Carlos Alcaraz",
        "rotNum": "",
        "liveStatus": 0,
        "status": "O",
        "parlayRestriction": 2,
        "altTeaser": False,
        "resultingUnit": "Regular",
    }


async def test_odds_have_the_line_id_that_the_feed_tells(scene: Scene, demo: Client) -> None:
    period = await moneyline(demo)
    assert period["lineId"] == scene.line_id(TENNIS, SINNER)
    assert (period["number"], period["status"]) == (0, 1)
    assert period["moneyline"] == {"home": Decimal("1.75"), "away": Decimal("2.2")}
    assert period["cutoff"] == "2026-06-09T12:13:20Z"


async def test_a_client_that_reckons_from_the_volume_never_exceeds_a_limit(scene: Scene, demo: Client) -> None:
    """p > 2 risks the volume, p < 2 volume / (p − 1): the rule of Pinnacle's FAQ."""
    period = await moneyline(demo)
    assert period["maxMoneyline"] == Decimal("750.00")
    scene.put_odds(TENNIS, {SINNER: "2.05"}, limit="600")
    assert (await moneyline(demo))["maxMoneyline"] == Decimal(600)


async def test_limits_can_be_told_in_whole_units_of_another_currency(demo: Client) -> None:
    period = await moneyline(demo, toCurrencyCode="EUR")
    assert period["maxMoneyline"] == 637  # 750 × 0.85 = 637.5
    assert (await demo.call("GET", "/v2/odds", sportId=33, toCurrencyCode="XXX")).status == 400


async def test_a_draw_is_told_where_there_is_one(demo: Client) -> None:
    period = await moneyline(demo, 29)
    assert period["moneyline"] == {"home": Decimal("2.1"), "draw": Decimal("3.4"), "away": Decimal("3.6")}


async def test_handicaps_have_a_main_line_and_alternatives(scene: Scene, demo: Client) -> None:
    main, other = scene.market_id("spreads", "-0.5"), scene.market_id("spreads", "0")
    scene.put_odds(SOCCER, {main: "1.95", main + 1: "1.97", other: "1.4", other + 1: "3.1"})
    total = scene.market_id("totals", "2.5")
    scene.put_odds(SOCCER, {total: "1.9", total + 1: "2.0"})
    period = await moneyline(demo, 29)
    first, second = period["spreads"]
    assert first == {"hdp": Decimal("-0.5"), "home": Decimal("1.95"), "away": Decimal("1.97")}
    assert second["altLineId"] == scene.line_id(SOCCER, other)
    assert (second["hdp"], second["max"]) == (0, Decimal("400.00"))
    assert period["totals"] == [{"points": Decimal("2.5"), "over": Decimal("1.9"), "under": Decimal("2.0")}]
    assert {"maxSpread", "maxTotal", "spreadUpdatedAt", "totalUpdatedAt"} <= period.keys()


async def test_a_delta_has_only_changed_periods_with_all_their_markets(scene: Scene, demo: Client) -> None:
    half = next(m for m in scene.world.catalogue.of_sport(10) if m.market_type == "1x2" and m.period == "p1")
    first, draw, second = (int(outcome) for outcome in half.outcomes)
    total = scene.market_id("totals", "2.5")
    scene.put_odds(SOCCER, {total: "1.9", total + 1: "2.0", first: "2.6", draw: "2.1", second: "4.2"})
    last = (await demo.get("/v2/odds", sportId=29))["last"]
    scene.put_odds(SOCCER, {HOME_WIN: "2.2"})
    delta = await demo.get("/v2/odds", sportId=29, since=last)
    (period,) = delta["leagues"][0]["events"][0]["periods"]
    assert (period["number"], "moneyline" in period, "totals" in period) == (0, True, True)
    assert delta["last"] > last


async def test_a_delta_without_a_change_is_an_empty_body(scene: Scene, demo: Client) -> None:
    last = (await demo.get("/v2/odds", sportId=33))["last"]
    scene.put_odds(SOCCER, {HOME_WIN: "2.2"})
    answer = await demo.call("GET", "/v2/odds", sportId=33, since=last)
    assert (answer.status, answer.json) == (200, None)
    answer = await demo.call("GET", "/v1/fixtures", sportId=33, since=last)
    assert (answer.status, answer.json) == (200, None)


@pytest.mark.parametrize("since", [0, 1])
async def test_since_must_come_from_a_response(demo: Client, since: int) -> None:
    answer = await demo.call("GET", "/v2/odds", sportId=33, since=since)
    assert (answer.status, answer.json["code"]) == (400, "INVALID_REQUEST_DATA")


async def test_a_closed_market_is_missing_and_its_period_offline(scene: Scene, demo: Client) -> None:
    last = (await demo.get("/v2/odds", sportId=33))["last"]
    scene.put_odds(TENNIS, {SINNER: None})
    period = await moneyline(demo, since=last)
    assert (period["status"], "moneyline" in period, period["lineId"]) == (2, False, 0)
    assert (await demo.get("/v2/odds", sportId=33))["leagues"] == []


async def test_a_suspended_match_is_offline_with_its_prices(scene: Scene, demo: Client) -> None:
    last = (await demo.get("/v2/odds", sportId=33))["last"]
    scene.world.put_book(TENNIS, "pinnacle", suspended=True)
    period = await moneyline(demo, since=last)
    assert (period["status"], period["moneyline"]["home"]) == (2, Decimal("1.75"))


async def test_a_match_that_is_over_is_in_no_answer(scene: Scene, demo: Client) -> None:
    last = (await demo.get("/v2/odds", sportId=33))["last"]
    scene.world.put_fixture(tennis(status_id=2))
    assert (await demo.get("/v2/odds", sportId=33))["leagues"] == []
    assert (await demo.get("/v1/fixtures", sportId=33))["league"] == []
    assert (await demo.call("GET", "/v2/odds", sportId=33, since=last)).json is None


async def test_a_changed_score_is_no_change_of_odds(scene: Scene, demo: Client) -> None:
    last = (await demo.get("/v2/odds", sportId=29))["last"]
    scene.world.put_fixture(soccer(scores={"result": {"participant1Score": 1, "participant2Score": 0}}))
    assert (await demo.call("GET", "/v2/odds", sportId=29, since=last)).json is None
    assert (await demo.get("/v1/fixtures", sportId=29, since=last))["league"] != []


async def test_live_soccer_tells_score_and_minute(scene: Scene, demo: Client) -> None:
    scores = {"result": {"participant1Score": 2, "participant2Score": 1}}
    scene.world.put_fixture(soccer(status_id=1, live=True, scores=scores, true_start_ms=(NOW_S - 1_800) * 1000))
    odds = await demo.get("/v2/odds", sportId=29, isLive=1)
    event = odds["leagues"][0]["events"][0]
    for told in (event, event["periods"][0]):
        assert (told["homeScore"], told["awayScore"], told["homeRedCards"]) == (2, 1, 0)
    (fixture,) = (await demo.get("/v1/fixtures", sportId=29))["league"][0]["events"]
    assert fixture["liveStatus"] == 1
    (sport,) = (await demo.get("/v1/inrunning"))["sports"]
    assert sport["leagues"][0]["events"] == [{"id": event_id(SOCCER), "state": 1, "elapsed": 30}]
    assert (await demo.get("/v2/odds", sportId=33, isLive=1))["leagues"] == []


@pytest.mark.parametrize(
    "query",
    ["leagueIds=1&leagueIds=1002314", "leagueIds=1002314&leagueIds=1", "leagueIds=1,1002314", "leagueids=1002314"],
)
async def test_lists_are_commas_or_repeated_parameters(demo: Client, query: str) -> None:
    assert len((await demo.get(f"/v1/fixtures?sportId=33&{query}"))["league"]) == 1


async def test_answers_are_narrowed_to_leagues_and_events(scene: Scene, demo: Client) -> None:
    for query, found in (
        ({"leagueIds": 1980}, 1),
        ({"leagueIds": "1,2"}, 0),
        ({"eventIds": f"7,{event_id(SOCCER)}"}, 1),
        ({"eventIds": 7}, 0),
    ):
        assert len((await demo.get("/v2/odds", sportId=29, **query))["leagues"]) == found
        assert len((await demo.get("/v1/fixtures", sportId=29, **query))["league"]) == found


LINE = {"leagueId": 1002314, "sportId": 33, "periodNumber": 0, "betType": "MONEYLINE", "oddsFormat": "Decimal"}


async def line(client: Client, **changes: Any) -> Any:
    query = {**LINE, "eventId": event_id(TENNIS), "team": "Team1", **changes}
    return await client.get("/v1/line", **{name: value for name, value in query.items() if value is not None})


async def test_a_line_tells_price_and_own_limits(scene: Scene, demo: Client) -> None:
    assert await line(demo) == {
        "status": "SUCCESS",
        "price": Decimal("1.75"),
        "lineId": scene.line_id(TENNIS, SINNER),
        "maxRiskStake": Decimal("1000.00"),
        "minRiskStake": Decimal("1.00"),
        "maxWinStake": Decimal("750.00"),
        "minWinStake": Decimal("0.75"),
        "effectiveAsOf": "2026-06-09T10:13:20Z",
    }


async def test_an_alternate_line_has_two_ids(scene: Scene, demo: Client) -> None:
    main, other = scene.market_id("totals", "2.5"), scene.market_id("totals", "3.5")
    scene.put_odds(SOCCER, {main: "1.9", main + 1: "2.0", other: "2.9", other + 1: "1.4"})
    wanted = {"sportId": 29, "leagueId": 1980, "eventId": event_id(SOCCER), "betType": "TOTAL_POINTS", "team": None}
    found = await line(demo, **wanted, handicap="3.5", side="OVER")
    assert (found["price"], found["altLineId"]) == (Decimal("2.9"), scene.line_id(SOCCER, other))
    assert found["lineId"] == (await moneyline(demo, 29))["lineId"]
    assert "altLineId" not in await line(demo, **wanted, handicap="2.5", side="UNDER")


@pytest.mark.parametrize(
    "changes", [{"eventId": 7}, {"leagueId": 7}, {"sportId": 29}, {"periodNumber": 1}, {"team": "Draw"}]
)
async def test_a_line_that_is_not_there_does_not_exist(demo: Client, changes: dict[str, Any]) -> None:
    assert await line(demo, **changes) == {"status": "NOT_EXISTS"}


@pytest.mark.parametrize("changes", [{"team": None}, {"betType": "PARLAY"}, {"oddsFormat": "Roman"}, {"eventId": "x"}])
async def test_a_wrong_line_request_is_refused(demo: Client, changes: dict[str, Any]) -> None:
    query = {**LINE, "eventId": event_id(TENNIS), "team": "Team1", **changes}
    answer = await demo.call("GET", "/v1/line", **{name: v for name, v in query.items() if v is not None})
    assert (answer.status, answer.json["code"]) == (400, "INVALID_REQUEST_DATA")


async def test_settled_fixtures_tell_the_first_and_the_later_decision(scene: Scene, demo: Client) -> None:
    async def told(sport_id: int = 33) -> list[Any]:
        leagues = (await demo.get("/v1/fixtures/settled", sportId=sport_id))["leagues"]
        return [period for league in leagues for event in league["events"] for period in event["periods"]]

    assert await told() == []
    scene.settle(TENNIS, o121=WON, o122=LOST)
    (first,) = await told()
    scene.settle(TENNIS, o121=LOST, o122=WON)
    (second,) = await told()
    scene.settle(TENNIS, o121=VOID, o122=VOID)
    (third,) = await told()
    assert [period["status"] for period in (first, second, third)] == [1, 2, 4]
    assert first["settlementId"] < second["settlementId"] < third["settlementId"]
    scene.settle(NBA, o111=VOID, o112=VOID)
    assert [period["status"] for period in await told(4)] == [3]
    scene.world.put_fixture(soccer(status_id=3))
    assert [(period["number"], period["status"]) for period in await told(29)] == [(0, 5)]


async def test_settled_fixtures_go_back_one_day_and_know_since(scene: Scene, demo: Client) -> None:
    scene.settle(TENNIS, o121=WON, o122=LOST)
    last = (await demo.get("/v1/fixtures/settled", sportId=33))["last"]
    assert (await demo.get("/v1/fixtures/settled", sportId=33, since=last))["leagues"] == []
    await scene.step(86_401)
    assert (await demo.get("/v1/fixtures/settled", sportId=33))["leagues"] == []


async def test_there_are_no_specials(demo: Client) -> None:
    for path in ("/v1/fixtures/special", "/v1/odds/special", "/v1/fixtures/special/settled"):
        assert (await demo.get(path, sportId=33))["leagues"] == []
    assert await demo.get("/v1/line/special", specialId=1) == {"status": "NOT_EXISTS"}
    body = {"bets": [{"uniqueRequestId": "a", "specialId": 1}]}
    answer = await demo.call("POST", "/v4/bets/special", body)
    assert answer.json["bets"][0]["errorCode"] == "CONTEST_NOT_FOUND"
    assert (await demo.call("POST", "/v4/bets/special", {})).status == 400


async def test_rates_and_reasons_are_listed(demo: Client) -> None:
    rates = {row["code"]: row["rate"] for row in (await demo.get("/v2/currencies"))["currencies"]}
    assert (rates["USD"], rates["EUR"]) == (1, Decimal("0.85"))
    reasons = (await demo.get("/v1/cancellationreasons"))["cancellationReasons"]
    assert {"code": "FBS_CW_65", "description": "The event was postponed"} in reasons


class TestPace:
    """One request of an odds endpoint and sport in two minutes; snapshots are cached for one."""

    @pytest.fixture
    def terms(self) -> Terms:
        return Terms()

    async def test_odds_may_be_asked_once_in_two_minutes(self, scene: Scene, demo: Client, rival: Client) -> None:
        last = (await demo.get("/v2/odds", sportId=33))["last"]
        answer = await demo.call("GET", "/v2/odds", sportId=33, since=last)
        assert (answer.status, answer.json) == (
            429,
            {"code": "TOO_MANY_REQUESTS", "message": "Notice of Excessive Request Activity"},
        )
        assert (await demo.call("GET", "/v2/odds", sportId=29)).status == 200
        assert (await rival.call("GET", "/v2/odds", sportId=33)).status == 200
        assert (await line(demo))["status"] == "SUCCESS"
        await scene.step(119)
        assert (await demo.call("GET", "/v2/odds", sportId=33)).status == 429
        await scene.step(2)
        assert (await demo.call("GET", "/v2/odds", sportId=33)).status == 200

    async def test_fixtures_are_not_held_to_the_pace(self, demo: Client) -> None:
        for _ in range(3):
            await demo.get("/v1/fixtures", sportId=33)

    async def test_a_snapshot_may_be_a_minute_old_and_its_delta_is_new(self, scene: Scene, demo: Client) -> None:
        first = await demo.get("/v1/fixtures", sportId=33)
        scene.world.put_fixture(tennis(live=True))
        assert await demo.get("/v1/fixtures", sportId=33) == first
        delta = await demo.get("/v1/fixtures", sportId=33, since=first["last"])
        assert delta["league"][0]["events"][0]["liveStatus"] == 1
        await scene.step(61)
        assert await demo.get("/v1/fixtures", sportId=33) != first

    async def test_the_pace_can_be_switched(self, scene: Scene, demo: Client) -> None:
        scene.pinnacle.patch({"oddsIntervalSeconds": 0})
        for _ in range(2):
            await demo.get("/v2/odds", sportId=33)


@pytest.mark.parametrize(
    ("form", "short", "long"),
    [
        ("DECIMAL", "1.75", "2.2"),
        ("AMERICAN", "-133", "120"),
        ("HONGKONG", "0.750", "1.200"),
        ("INDONESIAN", "-1.333", "1.200"),
        ("MALAY", "0.750", "-0.833"),
    ],
)
def test_odds_are_told_in_every_format(form: str, short: str, long: str) -> None:
    assert [str(odds_in(form, Decimal(price))) for price in ("1.75", "2.2")] == [short, long]


async def test_odds_are_american_unless_asked_otherwise(demo: Client) -> None:
    odds = await demo.get("/v2/odds", sportId=33)
    assert odds["leagues"][0]["events"][0]["periods"][0]["moneyline"] == {"home": -133, "away": 120}
    assert (await demo.call("GET", "/v2/odds", sportId=33, oddsFormat="Roman")).status == 400


@given(st.decimals("1.00", "10000", places=2), st.decimals("1.01", "50", places=3))
def test_a_stake_reckoned_for_a_win_never_wins_more(win: Decimal, price: Decimal) -> None:
    assert win_of(risk_for_win(win, price, "USD"), price, "USD") <= win
