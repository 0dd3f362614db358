"""Placing straight bets and reading them: lines, stakes, delays, ids, settlement."""

from __future__ import annotations

import uuid
from dataclasses import replace
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from hedgerow.core.states import SettlementStatus
from hedgerow.sim.dialects.pinnacle import Terms
from hedgerow.sim.faults import Behaviour

from .harness import (
    ALCARAZ,
    CELTICS,
    DEMO,
    HOME_WIN,
    LAKERS,
    NBA,
    SINNER,
    SOCCER,
    TENNIS,
    Client,
    Scene,
    basic,
    event_id,
    nba,
    soccer,
    tennis,
)

VOID, WON, LOST = SettlementStatus.VOID, SettlementStatus.WON, SettlementStatus.LOST
HALF_WON, HALF_LOST = SettlementStatus.HALF_WON, SettlementStatus.HALF_LOST
DAYS = {"fromDate": "2026-06-01", "toDate": "2026-06-20T00:00:00Z"}


async def error_of(demo: Client, slip: dict[str, Any]) -> str:
    answer = await demo.place(**slip)
    assert answer["status"] == "PROCESSED_WITH_ERROR", answer
    assert answer.keys() == {"status", "errorCode", "uniqueRequestId"}
    return str(answer["errorCode"])


async def test_an_accepted_bet_answers_what_it_risks(scene: Scene, demo: Client) -> None:
    slip = scene.slip(stake=10.55)
    assert await demo.place(**slip) == {
        "status": "ACCEPTED",
        "uniqueRequestId": slip["uniqueRequestId"],
        "betId": 1,
        "risk": Decimal("10.55"),
        "win": Decimal("7.91"),
        "price": Decimal("1.75"),
        "betterLineWasAccepted": False,
    }
    assert scene.book.balances[DEMO] == Decimal("9989.45")


async def test_the_row_of_a_bet_has_its_documented_form(scene: Scene, demo: Client) -> None:
    slip = scene.slip()
    await demo.place(**slip)
    row = await demo.bet(slip["uniqueRequestId"])
    assert row.pop("updateSequence") > 0
    assert row == {
        "betId": 1,
        "uniqueRequestId": slip["uniqueRequestId"],
        "wagerNumber": 1,
        "placedAt": "2026-06-09T10:13:20Z",
        "betStatus": "ACCEPTED",
        "betType": "MONEYLINE",
        "win": Decimal("7.50"),
        "risk": Decimal("10.00"),
        "winLoss": None,
        "oddsFormat": "DECIMAL",
        "customerCommission": 0,
        "sportId": 33,
        "leagueId": 1002314,
        "eventId": event_id(TENNIS),
        "price": Decimal("1.75"),
        "team1": "Jannik Sinner",
        "team2": "Carlos Alcaraz",
        "teamName": "Jannik Sinner",
        "handicap": None,
        "periodNumber": 0,
        "isLive": False,
        "eventStartTime": "2026-06-09T12:13:20Z",
    }


async def test_a_request_id_is_only_told_to_those_who_ask_by_it(scene: Scene, demo: Client) -> None:
    placed = await demo.place(**scene.slip())
    row = await demo.bet(placed["uniqueRequestId"])
    told = row.pop("uniqueRequestId")
    assert told == placed["uniqueRequestId"]
    assert (await demo.get("/v4/bets", betids=placed["betId"]))["straightBets"] == [row]
    assert (await demo.get("/v4/bets", betlist="ALL", **DAYS))["straightBets"] == [row]


async def test_the_ledger_has_the_clients_reference_and_the_venues_id(scene: Scene, demo: Client) -> None:
    slip = scene.slip()
    placed = await demo.place(**slip)
    (entry,) = scene.book.ledger()["entries"]
    assert (entry["id"], entry["reference"]) == (str(placed["betId"]), slip["uniqueRequestId"])
    assert (entry["outcomeId"], entry["stake"], entry["state"]) == (SINNER, Decimal(10), "accepted")


@pytest.mark.parametrize(("team", "outcome"), [("TEAM1", CELTICS), ("TEAM2", LAKERS)])
async def test_the_home_team_is_team_2_where_the_league_says_so(
    scene: Scene, demo: Client, team: str, outcome: int
) -> None:
    """Participant 1 is at home."""
    line_id = scene.line_id(NBA, LAKERS)
    slip = scene.slip(sportId=4, eventId=event_id(NBA), lineId=line_id, team=team)
    await demo.place(**slip)
    assert [int(bet.outcome.outcome_id) for bet in scene.book.bets.values()] == [outcome]
    row = await demo.bet(slip["uniqueRequestId"])
    names = {CELTICS: "Boston Celtics", LAKERS: "Los Angeles Lakers"}
    assert (row["teamName"], row["team1"]) == (names[outcome], "Boston Celtics")


async def test_a_changed_line_refuses_the_bet(scene: Scene, demo: Client) -> None:
    slip = scene.slip()
    scene.put_odds(TENNIS, {SINNER: "1.7"})
    assert await error_of(demo, slip) == "LINE_CHANGED"
    assert scene.book.bets == {}


async def test_the_other_sides_change_changes_the_line_too(scene: Scene, demo: Client) -> None:
    slip = scene.slip()
    scene.put_odds(TENNIS, {ALCARAZ: "2.25"})
    assert await error_of(demo, slip) == "LINE_CHANGED"


async def test_a_better_line_is_taken_on_request_only(scene: Scene, demo: Client) -> None:
    wanting, not_wanting = scene.slip(), scene.slip(acceptBetterLine=False)
    scene.put_odds(TENNIS, {SINNER: "1.8"})
    assert await error_of(demo, not_wanting) == "LINE_CHANGED"
    placed = await demo.place(**wanting)
    assert (placed["price"], placed["betterLineWasAccepted"]) == (Decimal("1.8"), True)


async def test_a_scripted_price_move_is_met_like_a_changed_line(scene: Scene, demo: Client) -> None:
    scene.book.faults.set(Behaviour(priceMove=-0.05))
    assert await error_of(demo, scene.slip()) == "LINE_CHANGED"
    scene.book.faults.set(Behaviour(priceMove=0.05))
    assert await error_of(demo, scene.slip(acceptBetterLine=False)) == "LINE_CHANGED"
    placed = await demo.place(**scene.slip())
    assert (placed["price"], placed["betterLineWasAccepted"]) == (Decimal("1.838"), True)


async def test_an_unknown_line_id_is_a_changed_line(scene: Scene, demo: Client) -> None:
    assert await error_of(demo, scene.slip(lineId=7)) == "LINE_CHANGED"


async def test_every_id_that_was_told_names_its_line(scene: Scene, demo: Client) -> None:
    main, other = scene.market_id("totals", "2.5"), scene.market_id("totals", "3.5")
    scene.put_odds(SOCCER, {main: "1.9", main + 1: "2.0", other: "2.9", other + 1: "1.4"})
    given = {
        "sportId": 29,
        "eventId": event_id(SOCCER),
        "betType": "TOTAL_POINTS",
        "team": None,
        "side": "OVER",
    }
    odds = await demo.get("/v2/odds", sportId=29, oddsFormat="Decimal")
    period = odds["leagues"][0]["events"][0]["periods"][0]
    alternate = period["totals"][1]["altLineId"]
    assert (await demo.place(**scene.slip(**given, lineId=period["lineId"])))["price"] == Decimal("1.9")
    assert (await demo.place(**scene.slip(**given, lineId=period["lineId"], altLineId=alternate)))["price"] == Decimal(
        "2.9"
    )
    assert (await demo.place(**scene.slip(**given, lineId=scene.line_id(SOCCER, other))))["price"] == Decimal("2.9")
    rows = (await demo.get("/v4/bets", betlist="RUNNING", **DAYS))["straightBets"]
    assert [(row["side"], row["handicap"]) for row in rows] == [
        ("OVER", Decimal("2.5")),
        ("OVER", Decimal("3.5")),
        ("OVER", Decimal("3.5")),
    ]


async def test_a_handicap_bet_shows_the_chosen_teams_handicap(scene: Scene, demo: Client) -> None:
    first = scene.market_id("spreads", "-0.5")
    scene.put_odds(SOCCER, {first: "1.95", first + 1: "1.97"})
    given = {"sportId": 29, "eventId": event_id(SOCCER), "betType": "SPREAD", "lineId": scene.line_id(SOCCER, first)}
    for team, handicap in (("TEAM1", Decimal("-0.5")), ("TEAM2", Decimal("0.5"))):
        slip = scene.slip(**given, team=team)
        await demo.place(**slip)
        assert (await demo.bet(slip["uniqueRequestId"]))["handicap"] == handicap


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"eventId": 7}, "INVALID_EVENT"),
        ({"sportId": 29}, "INVALID_EVENT"),
        ({"periodNumber": 1}, "OFFLINE_EVENT"),
        ({"team": "DRAW"}, "LINE_CHANGED"),
        ({"betType": "SPREAD"}, "OFFLINE_EVENT"),
        ({"betType": "TEAM_TOTAL_POINTS", "side": "OVER", "team": "TEAM1"}, "OFFLINE_EVENT"),
        ({"stake": 1_000.01}, "ABOVE_MAX_BET_AMOUNT"),
        ({"stake": 0.99}, "BELOW_MIN_BET_AMOUNT"),
    ],
)
async def test_a_bet_is_refused_in_pinnacles_words(
    scene: Scene, demo: Client, changes: dict[str, Any], code: str
) -> None:
    assert await error_of(demo, scene.slip(**changes)) == code
    assert scene.book.bets == {}


async def test_more_than_the_balance_cannot_be_staked(scene: Scene, demo: Client) -> None:
    scene.put_odds(TENNIS, {SINNER: "1.75"}, limit=None)
    assert await error_of(demo, scene.slip(stake=10_000.01)) == "INSUFFICIENT_FUNDS"


async def test_an_offer_that_is_closed_or_over_takes_no_bet(scene: Scene, demo: Client) -> None:
    slip = scene.slip()
    scene.world.put_book(TENNIS, "pinnacle", suspended=True)
    assert await error_of(demo, slip) == "OFFLINE_EVENT"
    scene.world.put_book(TENNIS, "pinnacle", suspended=False)
    scene.put_odds(TENNIS, {ALCARAZ: None})
    assert await error_of(demo, slip) == "OFFLINE_EVENT"
    scene.world.put_fixture(tennis(status_id=2))
    assert await error_of(demo, slip) == "PAST_CUTOFFTIME"


async def test_fill_and_kill_is_cut_to_the_limit(scene: Scene, demo: Client) -> None:
    placed = await demo.place(**scene.slip(stake=1_500, fillType="FILLANDKILL"))
    assert placed["risk"] == Decimal(1000)
    scene.put_odds(TENNIS, {SINNER: "1.76"}, limit="0.50")
    assert await error_of(demo, scene.slip(stake=10, fillType="FILLANDKILL")) == "BELOW_MIN_BET_AMOUNT"


async def test_fill_to_the_limit_ignores_the_stake(scene: Scene, demo: Client) -> None:
    placed = await demo.place(**scene.slip(stake=1, fillType="FILLMAXLIMIT"))
    assert placed["risk"] == Decimal(1000)


async def test_a_stake_can_be_given_as_its_win(scene: Scene, demo: Client) -> None:
    placed = await demo.place(**scene.slip(stake=7.50, winRiskStake="WIN"))
    assert (placed["risk"], placed["win"]) == (Decimal("10.00"), Decimal("7.50"))


async def test_stakes_and_prices_are_exact(scene: Scene, demo: Client) -> None:
    scene.put_odds(TENNIS, {SINNER: "1.961"})
    placed = await demo.place(**scene.slip(stake=0.1 + 10.2))
    assert (placed["risk"], placed["price"]) == (Decimal("10.29"), Decimal("1.961"))  # 10.299999999999999 is cut


async def test_other_formats_are_answered_in_their_own(scene: Scene, demo: Client) -> None:
    assert (await demo.place(**scene.slip(oddsFormat="AMERICAN")))["price"] == -133


class TestLineMaximum:
    @pytest.fixture
    def terms(self) -> Terms:
        return Terms(odds_interval_s=0.0, has_line_maximum=True)

    async def test_bets_on_a_line_lower_what_is_left_of_it(self, scene: Scene, demo: Client, rival: Client) -> None:
        await demo.place(**scene.slip(stake=800))
        assert await error_of(demo, scene.slip(stake=300)) == "ABOVE_EVENT_MAX"
        assert (await demo.place(**scene.slip(stake=300, fillType="FILLANDKILL")))["risk"] == Decimal(200)
        assert await error_of(demo, scene.slip(stake=300, fillType="FILLANDKILL")) == "ABOVE_EVENT_MAX"
        assert (await rival.place(**scene.slip(stake=300)))["status"] == "ACCEPTED"
        scene.put_odds(TENNIS, {SINNER: "1.76"})
        assert (await demo.place(**scene.slip(stake=300)))["status"] == "ACCEPTED"


async def test_a_repeated_id_is_refused_for_half_an_hour(scene: Scene, demo: Client) -> None:
    slip = scene.slip()
    await demo.place(**slip)
    assert await error_of(demo, slip) == "DUPLICATED_REQUEST"
    assert await error_of(demo, slip | {"uniqueRequestId": slip["uniqueRequestId"].upper()}) == "DUPLICATED_REQUEST"
    await scene.step(1_799)
    assert await error_of(demo, slip) == "DUPLICATED_REQUEST"
    assert await demo.bet(slip["uniqueRequestId"]) is not None
    await scene.step(2)
    assert await demo.bet(slip["uniqueRequestId"]) is None
    assert (await demo.place(**slip))["betId"] == 2


async def test_an_id_that_was_refused_may_be_used_again(scene: Scene, demo: Client) -> None:
    slip = scene.slip(stake=5_000)
    await error_of(demo, slip)
    assert (await demo.place(**slip | {"stake": 5}))["status"] == "ACCEPTED"


async def test_ids_are_of_one_account(scene: Scene, demo: Client, rival: Client) -> None:
    slip = scene.slip()
    await demo.place(**slip)
    assert await rival.bet(slip["uniqueRequestId"]) is None
    assert (await rival.place(**slip))["status"] == "ACCEPTED"


async def test_a_lost_answer_leaves_a_bet_that_is_found_by_its_id(scene: Scene, demo: Client) -> None:
    slip = scene.slip()
    scene.book.faults.set(Behaviour(loseResponseRate=1.0))
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await demo.place(**slip)
    assert (await demo.bet(slip["uniqueRequestId"]))["betStatus"] == "ACCEPTED"
    assert await error_of(demo, slip) == "DUPLICATED_REQUEST"


async def test_an_id_that_never_arrived_has_an_empty_answer(demo: Client) -> None:
    assert await demo.get("/v4/bets", uniqueRequestIds=str(uuid.uuid4())) == {"straightBets": []}


@pytest.mark.parametrize(
    ("reason", "status", "code"),
    [
        ("RED_CARDS_CHANGED", 200, "RED_CARDS_CHANGED"),
        ("SYSTEM_ERROR_3", 200, "SYSTEM_ERROR_3"),
        ("", 200, "LINE_CHANGED"),
        ("RESUBMIT_REQUEST", 400, "RESUBMIT_REQUEST"),
        ("NO_API_ACCESS", 403, "NO_API_ACCESS"),
        ("UNEXPECTED_ERROR", 500, "UNEXPECTED_ERROR"),
    ],
)
async def test_scripted_refusals_use_the_scripts_word(
    scene: Scene, demo: Client, reason: str, status: int, code: str
) -> None:
    scene.book.faults.set(Behaviour(rejectRate=1.0, rejectReason=reason))
    answer = await demo.call("POST", "/v4/bets/straight", scene.slip())
    assert (answer.status, answer.json.get("errorCode") or answer.json["code"]) == (status, code)
    assert scene.book.bets == {}


async def test_the_script_can_take_a_part_of_a_stake(scene: Scene, demo: Client) -> None:
    scene.book.faults.set(Behaviour(fillRatio=0.25))
    assert (await demo.place(**scene.slip(stake=100)))["risk"] == Decimal(25)


@pytest.mark.parametrize(
    "changes",
    [
        {"uniqueRequestId": "not-a-uuid"},
        {"uniqueRequestId": None},
        {"stake": "10"},
        {"stake": -1},
        {"stake": 1e300},
        {"stake": None},
        {"lineId": "1"},
        {"oddsFormat": "Decimal"},
        {"winRiskStake": "PUSH"},
        {"fillType": "SOME"},
        {"betType": "PARLAY"},
        {"team": None},
        {"team": "Team1"},
        {"betType": "TOTAL_POINTS"},
    ],
)
async def test_a_malformed_request_is_not_processed(scene: Scene, demo: Client, changes: dict[str, Any]) -> None:
    answer = await demo.call("POST", "/v4/bets/straight", scene.slip(**changes))
    assert (answer.status, answer.json["code"]) == (400, "INVALID_REQUEST_DATA")


class TestLiveDelay:
    @pytest.fixture
    def terms(self) -> Terms:
        return Terms(live_delay_s=6.0)

    @pytest.fixture
    async def pending(self, scene: Scene, demo: Client) -> str:
        """The request id of a bet that waits."""
        scene.world.put_fixture(tennis(status_id=1, live=True))
        slip = scene.slip()
        assert await demo.place(**slip) == {
            "status": "PENDING_ACCEPTANCE",
            "uniqueRequestId": slip["uniqueRequestId"],
        }
        return str(slip["uniqueRequestId"])

    async def test_a_bet_that_waits_is_only_found_by_its_request(
        self, scene: Scene, demo: Client, pending: str
    ) -> None:
        assert await demo.bet(pending) == {"uniqueRequestId": pending, "betStatus": "PENDING_ACCEPTANCE"}
        assert (await demo.get("/v4/bets", betlist="RUNNING", **DAYS))["straightBets"] == []
        assert (await demo.get("/v4/bets", betIds=1))["straightBets"] == []

    async def test_it_is_accepted_after_the_delay(self, scene: Scene, demo: Client, pending: str) -> None:
        await scene.step(6)
        row = await demo.bet(pending)
        assert (row["betStatus"], row["betId"], row["isLive"]) == ("ACCEPTED", 1, True)

    async def test_it_is_not_accepted_when_the_price_fell(self, scene: Scene, demo: Client, pending: str) -> None:
        scene.put_odds(TENNIS, {SINNER: "1.6"})
        await scene.step(6)
        assert await demo.bet(pending) == {"uniqueRequestId": pending, "betStatus": "NOT_ACCEPTED"}
        assert scene.book.balances[DEMO] == 10_000
        assert (await demo.get("/v4/bets", betlist="ALL", **DAYS))["straightBets"] == []

    async def test_before_the_match_there_is_no_delay(self, scene: Scene, demo: Client) -> None:
        assert (await demo.place(**scene.slip()))["status"] == "ACCEPTED"


async def test_a_scripted_delay_waits_before_the_match_too(scene: Scene, demo: Client) -> None:
    scene.book.faults.set(Behaviour(acceptDelayMs=2_000))
    slip = scene.slip()
    assert (await demo.place(**slip))["status"] == "PENDING_ACCEPTANCE"
    await scene.step(2)
    assert (await demo.bet(slip["uniqueRequestId"]))["betStatus"] == "ACCEPTED"


@pytest.mark.parametrize(
    ("result", "status", "win_loss"),
    [
        (WON, "WON", "7.50"),
        (LOST, "LOST", "-10.00"),
        (VOID, "CANCELLED", "0.00"),
        (HALF_WON, "HALF_WON_HALF_PUSHED", "3.75"),
        (HALF_LOST, "HALF_LOST_HALF_PUSHED", "-5.00"),
    ],
)
async def test_a_settled_bet_tells_what_it_brought(
    scene: Scene, demo: Client, result: SettlementStatus, status: str, win_loss: str
) -> None:
    placed = await demo.place(**scene.slip())
    scene.settle(TENNIS, o121=result, o122=result.mirrored)
    (row,) = (await demo.get("/v4/bets", betIds=placed["betId"]))["straightBets"]
    assert (row["betStatus"], row["winLoss"]) == (status, Decimal(win_loss))
    assert ("cancellationReason" in row) is (status == "CANCELLED")
    assert scene.book.balances[DEMO] == 10_000 + Decimal(win_loss)


async def test_a_void_handicap_is_a_push(scene: Scene, demo: Client) -> None:
    first = scene.market_id("spreads", "-1")
    scene.put_odds(SOCCER, {first: "1.95", first + 1: "1.97"})
    slip = scene.slip(sportId=29, eventId=event_id(SOCCER), betType="SPREAD", lineId=scene.line_id(SOCCER, first))
    await demo.place(**slip)
    scene.world.settle(SOCCER, {first: VOID, first + 1: VOID})
    row = await demo.bet(slip["uniqueRequestId"])
    assert (row["betStatus"], row["winLoss"], "cancellationReason" in row) == ("PUSHED", 0, False)


async def test_a_corrected_result_raises_the_update_sequence(scene: Scene, demo: Client) -> None:
    slip = scene.slip()
    await demo.place(**slip)
    scene.settle(TENNIS, o121=WON, o122=LOST)
    first = await demo.bet(slip["uniqueRequestId"])
    scene.settle(TENNIS, o121=LOST, o122=WON)
    second = await demo.bet(slip["uniqueRequestId"])
    assert (first["betStatus"], second["betStatus"]) == ("WON", "LOST")
    assert second["updateSequence"] > first["updateSequence"]


async def test_lists_are_by_state_time_status_and_type(scene: Scene, demo: Client) -> None:
    await demo.place(**scene.slip())
    await scene.step(3_600)
    await demo.place(
        **scene.slip(sportId=29, eventId=event_id(SOCCER), lineId=scene.line_id(SOCCER, HOME_WIN), team="TEAM1")
    )
    scene.settle(TENNIS, o121=WON, o122=LOST)

    async def ids(**query: Any) -> list[int]:
        return [row["betId"] for row in (await demo.get("/v4/bets", **{**DAYS, **query}))["straightBets"]]

    assert (await ids(betlist="RUNNING"), await ids(betlist="SETTLED"), await ids(betlist="ALL")) == (
        [2],
        [1],
        [1, 2],
    )
    assert await ids(betlist="ALL", sortDir="DESC") == [2, 1]
    assert await ids(betlist="SETTLED", fromDate="2026-06-09T11:00:00Z", toDate="2026-06-09T12:00:00Z") == [1]
    assert await ids(betlist="ALL", fromDate="2026-06-09T10:13:20Z", toDate="2026-06-09T10:13:21Z") == [1]
    assert await ids(betlist="ALL", fromDate="2026-06-09T10:00:00Z", toDate="2026-06-09T10:13:20Z") == []
    assert (await ids(betlist="ALL", betStatuses="WON"), await ids(betlist="ALL", betStatuses="LOSE")) == ([1], [])
    assert await ids(betlist="ALL", betType="SPREAD") == []


async def test_long_lists_come_in_pages(scene: Scene, demo: Client) -> None:
    for _ in range(5):
        await demo.place(**scene.slip())
    seen, record = [], 0
    while True:
        page = await demo.get("/v4/bets", betlist="RUNNING", pageSize=2, fromRecord=record, **DAYS)
        seen += [row["betId"] for row in page["straightBets"]]
        assert page["fromRecord"] == record
        if not page["moreAvailable"]:
            break
        record = page["toRecord"] + 1
    assert seen == [1, 2, 3, 4, 5]


async def test_a_page_that_ends_with_the_list_is_the_last(scene: Scene, demo: Client) -> None:
    for _ in range(2):
        await demo.place(**scene.slip())
    page = await demo.get("/v4/bets", betlist="RUNNING", pageSize=2, **DAYS)
    assert (page["moreAvailable"], len(page["straightBets"])) == (False, 2)


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"betlist": "SOME", **DAYS},
        {"betlist": "RUNNING"},
        {"betlist": "RUNNING", "fromDate": "2026-06-09", "toDate": "2026-06-09"},
        {"betlist": "RUNNING", "fromDate": "2026-01-01", "toDate": "2026-06-09"},
        {"betlist": "RUNNING", "fromDate": "soon", "toDate": "later"},
        {"betlist": "RUNNING", **DAYS, "pageSize": 1001},
        {"betIds": "x"},
        {"betIds": ",".join(str(n) for n in range(101))},
        {"uniqueRequestIds": ",".join("x" for _ in range(11))},
    ],
)
async def test_a_wrong_question_is_refused(demo: Client, query: dict[str, Any]) -> None:
    answer = await demo.call("GET", "/v4/bets", **query)
    assert (answer.status, answer.json["code"]) == (400, "INVALID_REQUEST_DATA")


async def test_another_accounts_bets_are_not_shown(scene: Scene, demo: Client, rival: Client) -> None:
    placed = await demo.place(**scene.slip())
    assert (await rival.get("/v4/bets", betIds=placed["betId"]))["straightBets"] == []
    assert (await rival.get("/v4/bets", betlist="ALL", **DAYS))["straightBets"] == []


async def test_the_balance_knows_what_is_outstanding(scene: Scene, demo: Client) -> None:
    await demo.place(**scene.slip(stake=100))
    assert await demo.get("/v1/client/balance") == {
        "availableBalance": Decimal("9900.00"),
        "outstandingTransactions": Decimal("100.00"),
        "givenCredit": 0,
        "currency": "USD",
    }


async def test_betting_can_be_closed(scene: Scene, demo: Client) -> None:
    scene.world.put_fixture(nba(status_id=1, live=True))
    live = scene.slip(sportId=4, eventId=event_id(NBA), lineId=scene.line_id(NBA, LAKERS))
    scene.pinnacle.patch({"bettingStatus": "ALL_LIVE_BETTING_CLOSED"})
    assert await demo.get("/v4/bets/betting-status") == {"status": "ALL_LIVE_BETTING_CLOSED"}
    assert await error_of(demo, live) == "ALL_LIVE_BETTING_CLOSED"
    assert (await demo.place(**scene.slip()))["status"] == "ACCEPTED"
    scene.pinnacle.patch({"bettingStatus": "ALL_BETTING_CLOSED"})
    assert await error_of(demo, scene.slip()) == "ALL_BETTING_CLOSED"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "INVALID_AUTHORIZATION_HEADER"),
        ("Bearer x", "INVALID_AUTHORIZATION_HEADER"),
        ("Basic !", "INVALID_CREDENTIALS"),
        (basic(DEMO, "wrong"), "INVALID_CREDENTIALS"),
        (basic("nobody", ""), "INVALID_CREDENTIALS"),
    ],
)
async def test_only_known_accounts_come_in(scene: Scene, demo: Client, header: str | None, code: str) -> None:
    headers = {} if header is None else {"Authorization": header}
    async with scene.http.get(demo.url + "/v2/sports", headers=headers) as response:
        assert (response.status, (await response.json())["code"]) == (401, code)


async def test_access_can_be_taken_away(scene: Scene, demo: Client) -> None:
    scene.pinnacle.patch({"hasApiAccess": False})
    answer = await demo.call("GET", "/v2/sports")
    assert (answer.status, answer.json["code"]) == (403, "NO_API_ACCESS")


@pytest.mark.parametrize(("agent", "encoding"), [("us", "gzip"), ("", None)])
async def test_answers_are_compressed_for_those_with_a_name(
    scene: Scene, demo: Client, agent: str, encoding: str | None
) -> None:
    headers = {"Accept-Encoding": "gzip", "User-Agent": agent, **demo.headers}
    async with scene.http.get(demo.url + "/v2/sports", headers=headers) as response:
        assert response.headers.get("Content-Encoding") == encoding
        assert (await response.json())["sports"]


async def test_an_unknown_path_is_not_found(demo: Client) -> None:
    assert (await demo.call("GET", "/v9/nothing")).status == 404


@pytest.mark.parametrize(
    "switches", [{"x": 1}, {"liveDelaySeconds": -1}, {"liveDelaySeconds": True}, {"bettingStatus": "OPEN"}]
)
def test_a_wrong_switch_changes_nothing(scene: Scene, switches: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        scene.pinnacle.patch({"hasApiAccess": False, **switches})
    assert scene.terms.has_api_access


def test_no_switch_puts_back_what_the_venue_was_made_with(scene: Scene) -> None:
    made_with = replace(scene.terms)
    scene.pinnacle.patch({"bettingStatus": "ALL_BETTING_CLOSED", "hasApiAccess": False, "oddsIntervalSeconds": 7})
    scene.pinnacle.patch({})
    assert scene.terms == made_with


def test_demo_credentials_are_short_and_of_known_accounts(scene: Scene) -> None:
    for account in scene.book.balances:
        credentials = scene.pinnacle.demo_credentials(account)
        assert credentials["username"] == account
        assert 0 < len(credentials["password"]) <= 10
    with pytest.raises(KeyError):
        scene.pinnacle.demo_credentials("nobody")


async def test_a_reset_world_has_nothing_of_the_old_one(scene: Scene, demo: Client) -> None:
    slip = scene.slip()
    await demo.place(**slip)
    scene.world.reset()
    assert await demo.bet(slip["uniqueRequestId"]) is None
    assert (await demo.get("/v2/odds", sportId=33))["leagues"] == []
    scene.world.put_fixture(tennis())
    scene.world.put_fixture(soccer())
    scene.put_odds(TENNIS, {SINNER: "1.75", ALCARAZ: "2.2"})
    assert (await demo.place(**scene.slip(uniqueRequestId=slip["uniqueRequestId"])))["betId"] == 1
