"""From the venue's messages to ours: exact, or refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.states import BetSettlement, BetStatus
from hedgerow.execution.grading import money_back
from hedgerow.venues.base import Balance, BetReport
from hedgerow.venues.pinnacle import parse, wire
from hedgerow.venues.pinnacle.line import selection_of
from hedgerow.venues.pinnacle.parse import MalformedError

REFERENCE = "ebb4c11a-714b-4be6-a635-486ec09869a3"
MONEYLINE = "line/29/1980/1616406742/3279471555/0/moneyline"

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=6),
    max_leaves=12,
)


def answer(text: str, **changes: Any) -> wire.PlaceAnswer:
    return msgspec.json.decode(json.dumps(json.loads(text) | changes).encode(), type=wire.PlaceAnswer)


def row(text: str, index: int = 0, **changes: Any) -> wire.StraightBet:
    message = json.loads(text)["straightBets"][index] | changes
    return msgspec.json.decode(json.dumps(message).encode(), type=wire.StraightBet)


def settled(payload: Callable[[str], str], bet_id: int, **changes: Any) -> BetReport:
    return parse.bet(row(payload("settled_page.json"), bet_id - 1, **changes), REFERENCE)


# --- numbers and times ---------------------------------------------------------------------------------------------


@given(amount=st.decimals(min_value=0, max_value=10**12, places=4))
def test_numbers_keep_every_digit(amount: Decimal) -> None:
    body = f'{{"status": "ACCEPTED", "risk": {amount:f}}}'.encode()
    assert msgspec.json.decode(body, type=wire.PlaceAnswer).risk == amount


@given(ms=st.integers(0, 4_000_000_000_000))
def test_a_time_is_written_and_read_to_the_second(ms: int) -> None:
    assert parse.time_ms(parse.time_text(ms), "x") == ms // 1000 * 1000


@pytest.mark.parametrize("text", ["2026-11-21T12:00:03Z", "2026-11-21T12:00:03.4567Z", "2026-11-21T12:00:03"])
def test_a_time_is_utc(text: str) -> None:
    assert parse.time_ms(text, "x") == 1_795_262_403_000


@pytest.mark.parametrize("text", [None, "", "2026-11-21", "2026-13-21T12:00:00Z", "2026-11-21T12:00:00+02:00", "now"])
def test_a_time_that_is_none_is_refused(text: str | None) -> None:
    with pytest.raises(MalformedError, match="placedAt"):
        parse.time_ms(text, "placedAt")


# --- placements ----------------------------------------------------------------------------------------------------


def test_an_accepted_bet_has_what_was_taken(payload: Callable[[str], str]) -> None:
    report = parse.placed(answer(payload("place_accepted.json")), REFERENCE, {"stake": Decimal("12.50")})
    assert (report.status, report.bet_ref) == (BetStatus.CONFIRMED, "759629245")
    assert (report.odds, report.stake) == (1_578_000, Decimal("12.5"))
    assert report.sent == {"stake": Decimal("12.50")}
    assert report.received["win"] == Decimal("7.22")


def test_better_odds_and_a_smaller_stake_are_taken_from_the_answer(payload: Callable[[str], str]) -> None:
    changed = answer(payload("place_accepted.json"), price=1.601, risk=10.01, betterLineWasAccepted=True)
    report = parse.placed(changed, REFERENCE, {})
    assert (report.odds, report.stake) == (1_601_000, Decimal("10.01"))


def test_a_pending_bet_has_no_price_yet(payload: Callable[[str], str]) -> None:
    report = parse.placed(answer(payload("place_pending.json")), REFERENCE, {})
    assert (report.status, report.bet_ref, report.odds, report.stake) == (BetStatus.PLACED, None, None, None)


def test_the_request_id_is_compared_without_its_case(payload: Callable[[str], str]) -> None:
    echoed = answer(payload("place_accepted.json"), uniqueRequestId=REFERENCE.upper())
    assert parse.placed(echoed, REFERENCE, {}).status is BetStatus.CONFIRMED


@pytest.mark.parametrize(
    "changes",
    [
        {"betId": None},
        {"risk": None},
        {"risk": 0},
        {"price": None},
        {"price": 1},
        {"price": -1.5},
        {"status": "PERHAPS"},
        {"uniqueRequestId": "41812e84-132e-499e-9b21-a6d0a8ad06a4"},
    ],
)
def test_an_acceptance_that_leaves_something_open_is_refused(
    payload: Callable[[str], str], changes: dict[str, Any]
) -> None:
    with pytest.raises(MalformedError):
        parse.placed(answer(payload("place_accepted.json"), **changes), REFERENCE, {})


# --- bets of the lists ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bet_id", "status", "settlement", "payout"),
    [
        (1, BetStatus.CONFIRMED, BetSettlement.WON, "15.78"),
        (2, BetStatus.CONFIRMED, BetSettlement.LOST, "0"),
        (3, BetStatus.CONFIRMED, BetSettlement.HALF_WON, "14.55"),
        (4, BetStatus.CONFIRMED, BetSettlement.HALF_LOST, "5"),
        (5, BetStatus.CONFIRMED, BetSettlement.PUSH, "10"),
        (6, BetStatus.CONFIRMED, BetSettlement.PUSH, "10"),
        (7, BetStatus.VOID, BetSettlement.VOID, "10"),
        (8, BetStatus.VOID, BetSettlement.VOID, "10"),
        (9, BetStatus.CONFIRMED, BetSettlement.LOST, "0"),
    ],
)
def test_every_settled_status_has_its_meaning_and_payout(
    payload: Callable[[str], str], bet_id: int, status: BetStatus, settlement: BetSettlement, payout: str
) -> None:
    report = settled(payload, bet_id)
    assert (report.status, report.settlement, report.payout) == (status, settlement, Decimal(payout))


@pytest.mark.parametrize("bet_id", range(1, 10))
def test_a_payout_does_not_hang_on_win_loss_being_told(payload: Callable[[str], str], bet_id: int) -> None:
    assert settled(payload, bet_id, winLoss=None).payout == settled(payload, bet_id).payout


@pytest.mark.parametrize("bet_id", range(1, 10))
def test_payouts_agree_with_the_rules_of_settlement(payload: Callable[[str], str], bet_id: int) -> None:
    report = settled(payload, bet_id)
    assert report.settlement is not None
    assert report.stake is not None
    odds = Decimal("1.578") if bet_id in (1, 2, 9) else Decimal("1.91")
    assert report.payout == money_back(report.settlement, report.stake, odds, is_back=True)


def test_the_commission_is_taken_off(payload: Callable[[str], str]) -> None:
    report = settled(payload, 1, customerCommission=0.12)
    assert (report.payout, report.commission) == (Decimal("15.66"), Decimal("0.12"))


def test_a_cancelled_bet_says_why(payload: Callable[[str], str]) -> None:
    assert settled(payload, 8).reason == "cancelled: FBS_CW_227"


def test_a_bet_in_live_delay_stays_placed(payload: Callable[[str], str]) -> None:
    report = parse.bet(row(payload("bet_pending.json")), REFERENCE)
    assert (report.status, report.settlement) == (BetStatus.PLACED, None)


def test_a_bet_that_was_not_accepted_is_rejected(payload: Callable[[str], str]) -> None:
    report = parse.bet(row(payload("bet_pending.json"), betStatus="NOT_ACCEPTED"), REFERENCE)
    assert (report.status, report.reason) == (BetStatus.REJECTED, "not accepted after the live delay")


def test_an_accepted_bet_is_confirmed_and_open(payload: Callable[[str], str]) -> None:
    report = parse.bet(row(payload("bet_accepted.json")), REFERENCE)
    assert (report.status, report.bet_ref, report.odds) == (BetStatus.CONFIRMED, "759629245", 1_578_000)
    assert (report.stake, report.settlement, report.payout) == (Decimal("12.5"), None, None)


def test_odds_in_another_format_are_reckoned_from_the_win(payload: Callable[[str], str]) -> None:
    report = settled(payload, 1, oddsFormat="AMERICAN", price=-173)
    assert report.odds == 1_578_000


@pytest.mark.parametrize(
    "changes",
    [
        {"betStatus": "TORN_UP"},
        {"betId": None},
        {"risk": None},
        {"risk": -1},
        {"price": None},
        {"oddsFormat": "AMERICAN", "win": None},
        {"oddsFormat": "AMERICAN", "win": 0},
        {"winLoss": None, "win": None},
    ],
)
def test_a_bet_that_leaves_something_open_is_refused(payload: Callable[[str], str], changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        settled(payload, 1, **changes)


@given(message=json_values)
def test_no_message_breaks_the_reading_of_bets(message: Any) -> None:
    try:
        parse.bet(msgspec.convert(message, wire.StraightBet), REFERENCE)
    except (msgspec.ValidationError, MalformedError):
        return
    assert isinstance(message, dict)


@given(changes=st.dictionaries(st.sampled_from(["risk", "win", "winLoss", "price", "betId", "betStatus"]), json_values))
def test_a_changed_member_is_read_or_refused(changes: dict[str, Any]) -> None:
    good = {"betStatus": "WON", "betId": 1, "risk": 10, "win": 5, "winLoss": 5, "price": 1.5}
    try:
        report = parse.bet(msgspec.json.decode(json.dumps(good | changes).encode(), type=wire.StraightBet), REFERENCE)
    except (msgspec.MsgspecError, MalformedError):
        return
    assert report.stake is None or report.stake > 0
    assert report.odds is None or report.odds > 1_000_000


# --- the rest ------------------------------------------------------------------------------------------------------


def test_a_balance_is_read(payload: Callable[[str], str]) -> None:
    told = msgspec.json.decode(payload("balance.json"), type=wire.BalanceAnswer)
    assert parse.balance(told) == Balance(Decimal("9875.53"), Decimal("124.47"), "USD")


def line_answer(text: str, **changes: Any) -> wire.LineAnswer:
    return msgspec.json.decode(json.dumps(json.loads(text) | changes).encode(), type=wire.LineAnswer)


def test_a_main_line_is_named_by_its_id(payload: Callable[[str], str]) -> None:
    selection = selection_of("line/29/6619/1616406742/1/0/spreads", "-2.0/home")
    found = parse.live_line(line_answer(payload("line_main.json")), selection, "-2.0/home", "USD")
    assert found is not None
    assert found.market_ref == "line/29/6619/1616406742/3279471555/0/spreads"
    assert (found.outcome_ref, found.odds, found.currency) == ("-2.0/home", 1_763_000, "USD")
    assert (found.min_stake, found.max_stake) == (Decimal("1.32"), Decimal(3277))


def test_an_alternative_line_is_named_by_both_ids(payload: Callable[[str], str]) -> None:
    selection = selection_of("line/29/6619/1616406742/51267007180/0/spreads", "-2.75/home")
    found = parse.live_line(line_answer(payload("line_alternative.json")), selection, "-2.75/home", "USD")
    assert found is not None
    assert found.market_ref == "altLine/29/6619/1616406742/3279471555/51267007180/0/spreads"


def test_a_line_that_is_not_offered_is_none() -> None:
    selection = selection_of(MONEYLINE, "home")
    assert parse.live_line(wire.LineAnswer("NOT_EXISTS"), selection, "home", "USD") is None


@pytest.mark.parametrize(
    "changes",
    [{"status": "PERHAPS"}, {"price": None}, {"lineId": None}, {"minRiskStake": None}, {"maxRiskStake": None}],
)
def test_a_line_that_leaves_something_open_is_refused(payload: Callable[[str], str], changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        parse.live_line(
            line_answer(payload("line_main.json"), **changes), selection_of(MONEYLINE, "home"), "home", "USD"
        )


def test_leagues_say_which_team_is_at_home(payload: Callable[[str], str]) -> None:
    told = msgspec.json.decode(payload("leagues.json"), type=wire.LeaguesAnswer)
    assert parse.home_is_first(told) == {1980: True, 487: False}


def test_a_league_that_does_not_say_it_is_left_out() -> None:
    leagues = [wire.League(1), wire.League(2, "Team3"), wire.League(3, "TEAM2")]
    assert parse.home_is_first(wire.LeaguesAnswer(leagues)) == {3: False}
