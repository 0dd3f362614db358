"""The connector against a scripted venue: what each answer, and each silence, becomes."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.clock import SteppedClock
from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, SetupError, Unavailable
from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.core.secrets import Secret
from hedgerow.core.states import BetStatus, SettlementStatus
from hedgerow.venues.base import BetIntent, BetRef, Bookmaker
from hedgerow.venues.pinnacle.connector import PREPARED_WITHIN_MS, REMEMBERED_MS, SURE_AFTER_MS, PinnacleBookmaker

NOW_MS = 1_795_262_400_000
REFERENCE = "ebb4c11a-714b-4be6-a635-486ec09869a3"
PLACE, BETS, LINE = "POST /v4/bets/straight", "GET /v4/bets", "GET /v1/line"
BALANCE, STATUS = "GET /v1/client/balance", "GET /v4/bets/betting-status"
HOME = OutcomeKey(FixtureId("id1000001763448499"), OutcomeId(101))
MONEYLINE = "line/29/1980/1616406742/3279471555/0/moneyline"
SPREAD = "line/29/1980/1616406742/3279471555/0/spreads"
NONE = {"straightBets": []}

Intent = Callable[..., BetIntent]


def failed(code: str) -> dict[str, str]:
    return {"status": "PROCESSED_WITH_ERROR", "errorCode": code, "uniqueRequestId": REFERENCE}


def ref(age_ms: int = 0, bet_ref: str | None = None) -> BetRef:
    return BetRef(REFERENCE, bet_ref, NOW_MS - age_ms)


def row(payload: Callable[[str], str], **changes: Any) -> dict[str, Any]:
    """The accepted bet's row, without the request id, as v4 documents it."""
    message: dict[str, Any] = json.loads(payload("bet_accepted.json"))["straightBets"][0]
    del message["uniqueRequestId"]
    return message | changes


# --- the account -----------------------------------------------------------------------------------------------------


async def test_opening_with_a_wrong_password_is_refused(build: Callable[..., Bookmaker], venue: Any) -> None:
    venue.answer(BALANCE, {"code": "INVALID_CREDENTIALS", "message": "no"}, status=401)
    made = build()
    with pytest.raises(Refused) as refusal:
        await made.open()
    assert refusal.value.reason is Reason.AUTH
    await made.close()


async def test_an_account_in_another_currency_is_refused(build: Callable[..., Bookmaker]) -> None:
    made = build("EUR")
    with pytest.raises(Refused, match="the account is in USD, not in EUR") as refusal:
        await made.open()
    assert refusal.value.reason is Reason.ACCOUNT
    await made.close()


async def test_a_venue_that_is_away_at_the_start_is_asked_again_before_the_first_bet(
    build: Callable[..., Bookmaker], venue: Any, intent: Intent, payload: Any
) -> None:
    venue.answer(BALANCE, "", status=503)
    venue.then(BALANCE, "", status=503)
    venue.then(BALANCE, payload("balance.json"))
    made = build()
    await made.open()
    with pytest.raises(Unavailable):
        await made.place(intent())
    assert venue.requests(PLACE) == []
    assert (await made.place(intent())).status is BetStatus.CONFIRMED
    await made.close()


async def test_no_secret_is_printed(build: Callable[..., Bookmaker], venue: Any, capsys: Any) -> None:
    venue.answer(BALANCE, {"code": "INVALID_CREDENTIALS", "message": "no"}, status=401)
    made = build(password=Secret("hunter2"))
    with pytest.raises(Refused) as refusal:
        await made.open()
    await made.close()
    printed = "".join(capsys.readouterr()) + repr(vars(made)) + repr(vars(made._rest)) + str(refusal.value)
    assert "hunter2" not in printed
    assert "Basic" not in printed


@pytest.mark.parametrize("text", ["soon", "0", "-5", "nan", "inf", ""])
def test_a_wrong_pace_is_named_at_the_start(build: Callable[..., Bookmaker], text: str) -> None:
    with pytest.raises(SetupError, match="line_interval_s"):
        build(meta={"line_interval_s": text})


# --- placing ---------------------------------------------------------------------------------------------------------


async def test_an_accepted_bet_is_confirmed(bookmaker: Bookmaker, intent: Intent) -> None:
    report = await bookmaker.place(intent())
    assert (report.status, report.bet_ref, report.odds) == (BetStatus.CONFIRMED, "759629245", 1_578_000)
    assert report.sent["stake"] == Decimal("12.50")
    assert "Authorization" not in str(report.sent)


async def test_a_bet_that_was_prepared_leaves_as_it_would_have_and_not_before(
    bookmaker: PinnacleBookmaker, venue: Any, intent: Intent
) -> None:
    plain = await bookmaker.place(intent())
    bookmaker.prepare(intent())
    await bookmaker.balance()  # what was sent before it is seen by then
    assert len(venue.requests(PLACE)) == 1
    assert await bookmaker.place(intent()) == plain
    first, second = venue.requests(PLACE)
    assert (first.headers, first.body) == (second.headers, second.body)
    await bookmaker.place(intent())  # it was ready once
    assert len(venue.requests(PLACE)) == 3


async def test_a_bet_that_is_another_than_was_prepared_is_made_anew(
    bookmaker: PinnacleBookmaker, venue: Any, intent: Intent
) -> None:
    await bookmaker.place(intent())
    bookmaker.prepare(intent(stake=Decimal(20)))
    report = await bookmaker.place(intent())
    assert report.sent["stake"] == Decimal("12.50")


async def test_what_is_not_known_yet_is_asked_for_by_the_bet(
    bookmaker: PinnacleBookmaker, venue: Any, intent: Intent
) -> None:
    bookmaker.prepare(intent())
    assert venue.seen == []
    assert (await bookmaker.place(intent())).sent["team"] == "TEAM1"
    assert len(venue.requests("GET /v2/leagues")) == 1


@pytest.mark.parametrize("wrong", [{"market_ref": "?"}, {"stake": Decimal("0.001")}, {"is_back": False}])
async def test_what_is_wrong_with_a_bet_is_said_by_placing_it(
    bookmaker: PinnacleBookmaker, venue: Any, intent: Intent, wrong: dict[str, Any]
) -> None:
    bookmaker.prepare(intent(**wrong))
    with pytest.raises(Refused):
        await bookmaker.place(intent(**wrong))
    assert venue.requests(PLACE) == []


async def test_a_bet_that_was_prepared_does_not_leave_while_the_venue_takes_none(
    bookmaker: PinnacleBookmaker, venue: Any, intent: Intent
) -> None:
    venue.answer(PLACE, {"code": "ALL_BETTING_CLOSED", "message": "closed"}, status=400)
    with pytest.raises((Refused, Unavailable)):
        await bookmaker.place(intent())
    venue.answer(STATUS, {"status": "ALL_BETTING_CLOSED"})
    bookmaker.prepare(intent())
    with pytest.raises(Unavailable, match="takes no bets now"):
        await bookmaker.place(intent())
    assert len(venue.requests(PLACE)) == 1


async def test_a_bet_in_live_delay_is_placed_and_found_later(
    bookmaker: Bookmaker, venue: Any, intent: Intent, payload: Any
) -> None:
    venue.answer(PLACE, payload("place_pending.json"))
    assert (await bookmaker.place(intent(is_live=True))).status is BetStatus.PLACED
    venue.answer(BETS, payload("bet_pending.json"), payload("bet_accepted.json"))
    pending, accepted = await bookmaker.find(ref()), await bookmaker.find(ref(6_000))
    assert pending is not None
    assert accepted is not None
    assert (pending.status, accepted.status) == (BetStatus.PLACED, BetStatus.CONFIRMED)


async def test_a_line_that_moved_is_a_refusal_of_the_price(
    bookmaker: Bookmaker, venue: Any, intent: Intent, payload: Any
) -> None:
    venue.answer(PLACE, payload("place_line_changed.json"))
    with pytest.raises(Refused) as refusal:
        await bookmaker.place(intent())
    assert (refusal.value.reason, refusal.value.code) == (Reason.PRICE, "LINE_CHANGED")


async def test_a_busy_line_is_unavailable(bookmaker: Bookmaker, venue: Any, intent: Intent) -> None:
    venue.answer(PLACE, {"code": "RESUBMIT_REQUEST", "message": "again"}, status=400)
    with pytest.raises(Unavailable):
        await bookmaker.place(intent())


async def test_a_lost_answer_leaves_the_bet_in_doubt_and_it_is_not_sent_again(
    bookmaker: Bookmaker, venue: Any, intent: Intent, lost: object
) -> None:
    venue.answer(PLACE, lost)
    with pytest.raises(InDoubt):
        await bookmaker.place(intent())
    assert len(venue.requests(PLACE)) == 1


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (failed("SYSTEM_ERROR_3"), 200),
        ({"ref": "x", "code": "UNEXPECTED_ERROR", "message": "Internal error"}, 500),
        ("<html>", 502),
        ("", 200),
        ("not JSON", 200),
        ({"status": "ACCEPTED", "uniqueRequestId": REFERENCE}, 200),
        ({"status": "PERHAPS"}, 200),
        ([], 200),
    ],
)
async def test_what_does_not_say_that_nothing_happened_is_in_doubt(
    bookmaker: Bookmaker, venue: Any, intent: Intent, answer: Any, status: int
) -> None:
    venue.answer(PLACE, answer, status=status)
    with pytest.raises(InDoubt):
        await bookmaker.place(intent())


async def test_a_known_reference_is_answered_with_its_bet(
    bookmaker: Bookmaker, venue: Any, intent: Intent, payload: Any
) -> None:
    venue.answer(PLACE, failed("DUPLICATED_REQUEST"))
    venue.answer(BETS, payload("bet_accepted.json"))
    report = await bookmaker.place(intent())
    assert (report.status, report.bet_ref) == (BetStatus.CONFIRMED, "759629245")
    assert report.sent["uniqueRequestId"] == REFERENCE


@pytest.mark.parametrize(("answer", "status"), [(NONE, 200), ("", 503), ({"code": "X"}, 400)])
async def test_a_known_reference_without_a_bet_is_in_doubt(
    bookmaker: Bookmaker, venue: Any, intent: Intent, answer: Any, status: int
) -> None:
    venue.answer(PLACE, failed("DUPLICATED_REQUEST"))
    venue.answer(BETS, answer, status=status)
    with pytest.raises(InDoubt, match="the reference is taken"):
        await bookmaker.place(intent())


@pytest.mark.parametrize(
    "changes",
    [
        {"market_ref": "special/29/1/2"},
        {"outcome_ref": "over"},
        {"stake": Decimal("12.505")},
        {"stake": Decimal(0)},
        {"stake": Decimal(-1)},
        {"stake": Decimal("NaN")},
        {"stake": Decimal("Infinity")},
        {"currency": "EUR"},
    ],
)
async def test_what_is_not_understood_is_refused_and_never_sent(
    bookmaker: Bookmaker, venue: Any, intent: Intent, changes: dict[str, Any]
) -> None:
    with pytest.raises(Refused) as refusal:
        await bookmaker.place(intent(**changes))
    assert refusal.value.reason is Reason.INVALID
    assert venue.seen == []


async def test_a_league_that_is_not_listed_is_not_bet_on(bookmaker: Bookmaker, venue: Any, intent: Intent) -> None:
    with pytest.raises(Unavailable, match="league 7"):
        await bookmaker.place(intent(market_ref=MONEYLINE.replace("1980", "7")))
    assert venue.requests(PLACE) == []


async def test_after_betting_closed_nothing_is_sent_until_it_is_open_again(
    bookmaker: Bookmaker, venue: Any, intent: Intent, payload: Any
) -> None:
    venue.answer(PLACE, failed("ALL_BETTING_CLOSED"), payload("place_accepted.json"))
    venue.answer(STATUS, {"status": "ALL_BETTING_CLOSED"}, {"status": "ALL_BETTING_ENABLED"})
    with pytest.raises(Refused) as refusal:
        await bookmaker.place(intent())
    assert refusal.value.reason is Reason.CLOSED
    with pytest.raises(Unavailable):
        await bookmaker.place(intent())
    assert len(venue.requests(PLACE)) == 1
    assert (await bookmaker.place(intent())).status is BetStatus.CONFIRMED
    await bookmaker.place(intent())
    assert len(venue.requests(STATUS)) == 2


async def test_closed_live_betting_lets_other_bets_through(
    bookmaker: Bookmaker, venue: Any, intent: Intent, payload: Any
) -> None:
    venue.answer(PLACE, failed("ALL_LIVE_BETTING_CLOSED"), payload("place_accepted.json"))
    venue.answer(STATUS, {"status": "ALL_LIVE_BETTING_CLOSED"})
    with pytest.raises(Refused):
        await bookmaker.place(intent(is_live=True))
    with pytest.raises(Unavailable):
        await bookmaker.place(intent(is_live=True))
    assert (await bookmaker.place(intent())).status is BetStatus.CONFIRMED


# --- finding ---------------------------------------------------------------------------------------------------------


async def test_a_lost_bet_is_found_by_its_reference(bookmaker: Bookmaker, venue: Any, payload: Any) -> None:
    venue.answer(BETS, payload("bet_accepted.json"))
    report = await bookmaker.find(ref(1_000))
    assert report is not None
    assert (report.reference, report.bet_ref, report.stake) == (REFERENCE, "759629245", Decimal("12.5"))


async def test_a_row_without_the_reference_is_the_one_that_was_asked_for(
    bookmaker: Bookmaker, venue: Any, payload: Any
) -> None:
    venue.answer(BETS, {"straightBets": [row(payload)]})
    report = await bookmaker.find(ref(1_000))
    assert report is not None
    assert report.reference == REFERENCE


async def test_another_s_row_is_not_taken(bookmaker: Bookmaker, venue: Any, payload: Any) -> None:
    venue.answer(BETS, {"straightBets": [row(payload, uniqueRequestId="41812e84-132e-499e-9b21-a6d0a8ad06a4")]})
    assert await bookmaker.find(ref(60_000)) is None


@pytest.mark.parametrize("answer", [NONE, {}, {"straightBets": None}, ""])
async def test_nothing_there_is_never_placed_once_no_request_is_on_its_way(
    bookmaker: Bookmaker, venue: Any, answer: Any
) -> None:
    venue.answer(BETS, answer)
    surely_in = SURE_AFTER_MS + PREPARED_WITHIN_MS
    assert await bookmaker.find(ref(surely_in)) is None
    with pytest.raises(CannotTell, match="may still arrive"):
        await bookmaker.find(ref(surely_in - 1))


async def test_the_time_counts_from_when_the_request_left(
    bookmaker: Bookmaker, venue: Any, clock: SteppedClock, intent: Intent, lost: object
) -> None:
    venue.answer(PLACE, lost)
    with pytest.raises(InDoubt):
        await bookmaker.place(intent())
    long_prepared = ref(PREPARED_WITHIN_MS)
    with pytest.raises(CannotTell):
        await bookmaker.find(long_prepared)
    clock.advance(SURE_AFTER_MS / 1000)
    assert await bookmaker.find(long_prepared) is None


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("", 500),
        ("not JSON", 200),
        ({"straightBets": [{"betStatus": 7}]}, 200),
        ({"straightBets": [{"betStatus": "TORN_UP"}]}, 200),
    ],
)
async def test_an_answer_that_cannot_be_read_is_no_proof(
    bookmaker: Bookmaker, venue: Any, answer: Any, status: int
) -> None:
    venue.answer(BETS, answer, status=status)
    with pytest.raises(Unavailable):
        await bookmaker.find(ref(60_000))


async def test_two_rows_for_one_reference_cannot_be_told_apart(bookmaker: Bookmaker, venue: Any, payload: Any) -> None:
    venue.answer(BETS, {"straightBets": [row(payload), row(payload, betId=2)]})
    with pytest.raises(CannotTell, match="2 bets have the reference"):
        await bookmaker.find(ref(60_000))


async def test_an_old_reference_is_found_in_the_lists_by_its_name(
    bookmaker: Bookmaker, venue: Any, payload: Any
) -> None:
    named = row(payload, uniqueRequestId=REFERENCE.upper())
    venue.answer(BETS, NONE, {"straightBets": [row(payload, betId=2), named]})
    report = await bookmaker.find(ref(REMEMBERED_MS))
    assert report is not None
    assert report.bet_ref == "759629245"


async def lose(bookmaker: Bookmaker, venue: Any, intent: Intent, lost: object) -> None:
    """A bet on the spread that got no answer."""
    venue.answer(PLACE, lost)
    with pytest.raises(InDoubt):
        await bookmaker.place(intent(market_ref=SPREAD, outcome_ref="-1.75/home"))


async def test_an_old_bet_of_this_run_is_found_by_what_was_asked_for(
    bookmaker: Bookmaker, venue: Any, clock: SteppedClock, intent: Intent, lost: object, payload: Any
) -> None:
    await lose(bookmaker, venue, intent, lost)
    clock.advance(REMEMBERED_MS / 1000)
    venue.answer(BETS, NONE, {"straightBets": [row(payload, betId=2, risk=3), row(payload)]})
    report = await bookmaker.find(ref())
    assert report is not None
    assert (report.reference, report.bet_ref) == (REFERENCE, "759629245")


async def test_two_bets_that_can_be_it_are_left_to_a_person(
    bookmaker: Bookmaker, venue: Any, clock: SteppedClock, intent: Intent, lost: object, payload: Any
) -> None:
    await lose(bookmaker, venue, intent, lost)
    clock.advance(REMEMBERED_MS / 1000)
    venue.answer(BETS, NONE, {"straightBets": [row(payload, betId=2), row(payload)]})
    with pytest.raises(CannotTell, match="2 bets of that time"):
        await bookmaker.find(ref())


async def test_a_bet_that_belongs_to_another_reference_is_not_taken(
    bookmaker: Bookmaker, venue: Any, clock: SteppedClock, intent: Intent, lost: object, payload: Any
) -> None:
    other = "41812e84-132e-499e-9b21-a6d0a8ad06a4"
    accepted = json.loads(payload("place_accepted.json")) | {"uniqueRequestId": other}
    venue.answer(PLACE, accepted)
    await bookmaker.place(intent(reference=other, market_ref=SPREAD, outcome_ref="-1.75/home"))
    await lose(bookmaker, venue, intent, lost)
    clock.advance(REMEMBERED_MS / 1000)
    venue.answer(BETS, NONE, {"straightBets": [row(payload)]})
    with pytest.raises(CannotTell, match="0 bets of that time"):
        await bookmaker.find(ref())


async def test_an_old_bet_of_an_earlier_run_is_left_to_a_person(bookmaker: Bookmaker, venue: Any, payload: Any) -> None:
    venue.answer(BETS, NONE, {"straightBets": [row(payload)]})
    with pytest.raises(CannotTell):
        await bookmaker.find(ref(REMEMBERED_MS))


async def test_lists_are_not_asked_for_longer_ago_than_they_go(bookmaker: Bookmaker, venue: Any) -> None:
    with pytest.raises(CannotTell, match="older than the venue's lists"):
        await bookmaker.find(ref(31 * 86_400_000))
    assert len(venue.requests(BETS)) == 1


async def test_a_known_bet_id_is_asked_for_itself(bookmaker: Bookmaker, venue: Any, payload: Any) -> None:
    venue.answer(BETS, payload("settled_page.json"))
    report = await bookmaker.find(ref(bet_ref="3"))
    assert report is not None
    assert (report.reference, report.settlement) == (REFERENCE, SettlementStatus.HALF_WON)


async def test_a_bet_id_that_is_not_listed_cannot_be_told(bookmaker: Bookmaker) -> None:
    with pytest.raises(CannotTell, match="bet 77 is not listed"):
        await bookmaker.find(ref(bet_ref="77"))


# --- settlement ------------------------------------------------------------------------------------------------------


async def test_settled_bets_come_in_the_order_of_their_changes(bookmaker: Bookmaker, venue: Any, payload: Any) -> None:
    page = json.loads(payload("settled_page.json"))
    page["straightBets"].reverse()
    venue.answer(BETS, page)
    assert [report.bet_ref for report in await bookmaker.settled(NOW_MS)] == list("123456789")


async def test_a_corrected_bet_is_told_in_its_latest_version(bookmaker: Bookmaker, venue: Any, payload: Any) -> None:
    won = row(payload, betStatus="WON", winLoss=7.22, updateSequence=5)
    lost = row(payload, betStatus="LOST", winLoss=-12.5, updateSequence=9)
    venue.answer(BETS, {"straightBets": [lost, won]})
    (report,) = await bookmaker.settled(NOW_MS)
    assert (report.settlement, report.payout) == (SettlementStatus.LOST, Decimal(0))


async def test_every_page_is_read(bookmaker: Bookmaker, venue: Any, payload: Any) -> None:
    first = {"moreAvailable": True, "toRecord": 0, "straightBets": [row(payload, betId=1, betStatus="WON", winLoss=1)]}
    last = {"moreAvailable": False, "toRecord": 1, "straightBets": [row(payload, betId=2, betStatus="WON", winLoss=1)]}
    venue.answer(BETS, first, last)
    assert {report.bet_ref for report in await bookmaker.settled(NOW_MS)} == {"1", "2"}
    assert [seen.query.rpartition("=")[2] for seen in venue.requests(BETS)] == ["0", "1"]


@pytest.mark.parametrize("to_record", [None, -1, 0])
async def test_a_list_without_end_is_not_followed_for_ever(
    bookmaker: Bookmaker, venue: Any, to_record: int | None
) -> None:
    venue.answer(BETS, {"moreAvailable": True, "toRecord": to_record, "straightBets": []})
    with pytest.raises(Unavailable, match="no end"):
        await bookmaker.settled(NOW_MS)
    assert len(venue.requests(BETS)) <= 2


async def test_a_strange_row_hides_no_other(bookmaker: Bookmaker, venue: Any, payload: Any) -> None:
    rows = [{"betStatus": 1}, row(payload, betStatus="TORN_UP"), row(payload, betId=2, betStatus="WON", winLoss=1)]
    venue.answer(BETS, {"straightBets": rows})
    assert [report.bet_ref for report in await bookmaker.settled(NOW_MS)] == ["2"]


async def test_an_open_bet_is_not_settled(bookmaker: Bookmaker, venue: Any, payload: Any) -> None:
    venue.answer(BETS, payload("bet_accepted.json"))
    assert await bookmaker.settled(NOW_MS) == []


async def test_a_settled_bet_has_the_reference_that_this_run_learned(
    bookmaker: Bookmaker, venue: Any, intent: Intent, payload: Any
) -> None:
    await bookmaker.place(intent())
    ours = row(payload, betStatus="WON", winLoss=7.22, updateSequence=1)
    venue.answer(BETS, {"straightBets": [ours, row(payload, betId=2, betStatus="WON", winLoss=1, updateSequence=2)]})
    assert [report.reference for report in await bookmaker.settled(NOW_MS)] == [REFERENCE, ""]


async def test_bets_are_asked_for_thirty_days_back_at_most(bookmaker: Bookmaker, venue: Any) -> None:
    await bookmaker.settled(0)
    assert "fromDate=2026-10-22T12%3A01%3A00Z" in venue.requests(BETS)[0].query


# --- the present offer -----------------------------------------------------------------------------------------------


async def test_the_offer_has_the_account_s_limits(bookmaker: Bookmaker, venue: Any, payload: Any) -> None:
    venue.answer(LINE, payload("line_alternative.json"))
    offer = await bookmaker.line(SPREAD, "-2.75/home", HOME)
    assert offer is not None
    assert offer.market_ref == "altLine/29/1980/1616406742/3279471555/51267007180/0/spreads"
    assert (offer.odds, offer.max_stake, offer.currency) == (2_550_000, Decimal(250), "USD")


async def test_a_line_that_is_gone_is_none(bookmaker: Bookmaker, venue: Any) -> None:
    venue.answer(LINE, {"status": "NOT_EXISTS"})
    assert await bookmaker.line(MONEYLINE, "home", HOME) is None


async def test_a_sport_s_line_is_asked_for_once_in_two_minutes(
    bookmaker: Bookmaker, venue: Any, clock: SteppedClock, payload: Any
) -> None:
    venue.answer(LINE, payload("line_main.json"))
    await bookmaker.line(MONEYLINE, "home", HOME)
    clock.advance(100)
    with pytest.raises(Unavailable) as error:
        await bookmaker.line(MONEYLINE, "away", HOME)
    assert error.value.retry_after_s == pytest.approx(20)
    await bookmaker.line("line/4/487/1628488896/3565645414/0/moneyline", "home", HOME)
    clock.advance(20)
    await bookmaker.line(MONEYLINE, "away", HOME)
    assert len(venue.requests(LINE)) == 3


async def test_an_account_has_its_own_pace(
    build: Callable[..., Bookmaker], venue: Any, clock: SteppedClock, payload: Any
) -> None:
    venue.answer(LINE, payload("line_main.json"))
    made = build(meta={"line_interval_s": "5"})
    await made.line(MONEYLINE, "home", HOME)
    clock.advance(5)
    await made.line(MONEYLINE, "home", HOME)
    await made.close()
    assert len(venue.requests(LINE)) == 2


@pytest.mark.parametrize(("market_ref", "outcome_ref"), [("line/1", "home"), (SPREAD, "home"), (MONEYLINE, "over")])
async def test_a_line_that_is_not_understood_is_not_asked_for(
    bookmaker: Bookmaker, venue: Any, market_ref: str, outcome_ref: str
) -> None:
    with pytest.raises(Refused) as refusal:
        await bookmaker.line(market_ref, outcome_ref, HOME)
    assert refusal.value.reason is Reason.INVALID
    assert venue.seen == []
