"""The connector against a scripted bridge: what each answer, and each silence, becomes."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from structlog.testing import capture_logs

from hedgerow.core.clock import SteppedClock
from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable
from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.core.secrets import Secret
from hedgerow.core.states import BetStatus, SettlementStatus
from hedgerow.venues.base import BetIntent, BetRef, Bookmaker

NOW_MS = 1_795_262_400_000
REFERENCE = "ebb4c11a-714b-4be6-a635-486ec09869a3"
OTHER = "00000000-0000-4000-8000-000000000000"
BET = f"/accounts/demo/bets/{REFERENCE}"
PLACE, READ, FENCE, LIST = f"PUT {BET}", f"GET {BET}", f"POST {BET}/fence", "GET /accounts/demo/bets"
QUOTES = "POST /accounts/demo/quotes"
OUTCOME = OutcomeKey(FixtureId("id1000001763448499"), OutcomeId(101))
REF = BetRef(REFERENCE, None, NOW_MS)

Intent = Callable[..., BetIntent]
Told = Callable[..., dict[str, Any]]


def problem(code: str, outcome: str = "not_placed") -> dict[str, str]:
    return {"code": code, "message": "in words", "outcome": outcome, "retry": "never"}


# --- the bridge --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"access": {"basis": "simulation", "responsible": "x"}}, "it is simulated"),
        ({"bookmaker": "betcris"}, "it is the bridge of betcris"),
    ],
)
async def test_a_bridge_that_must_not_be_used_is_refused_at_once(
    build: Callable[..., Bookmaker], bridge: Any, info: Any, intent: Intent, changes: dict[str, Any], why: str
) -> None:
    bridge.answer("GET /info", {**info, **changes})
    made = build()
    with pytest.raises(Refused, match=why) as refusal:
        await made.open()
    assert refusal.value.reason is Reason.ACCOUNT
    with pytest.raises(Refused, match=why):
        await made.balance()
    with pytest.raises(Refused, match=why):
        await made.place(intent())
    assert bridge.requests("PUT") == []
    await made.close()


async def test_a_wrong_token_is_refused(build: Callable[..., Bookmaker], bridge: Any) -> None:
    bridge.answer("GET /info", problem("unauthorized", "not_applicable"), status=401)
    made = build()
    with pytest.raises(Refused) as refusal:
        await made.open()
    assert refusal.value.reason is Reason.AUTH
    await made.close()


async def test_an_account_in_another_currency_is_refused(build: Callable[..., Bookmaker]) -> None:
    made = build("EUR")
    with pytest.raises(Refused, match="the account is in USD, not in EUR"):
        await made.open()
    await made.close()


async def test_a_bridge_that_is_away_at_the_start_is_asked_again_before_the_first_bet(
    build: Callable[..., Bookmaker], bridge: Any, info: Any, intent: Intent
) -> None:
    bridge.answer("GET /info", "", status=503)
    bridge.then("GET /info", "", status=503)
    bridge.then("GET /info", info)
    made = build()
    await made.open()
    with pytest.raises(Unavailable):
        await made.place(intent())
    assert bridge.requests("PUT") == []
    assert (await made.place(intent())).status is BetStatus.CONFIRMED
    await made.close()


async def test_no_secret_is_printed(build: Callable[..., Bookmaker], bridge: Any, intent: Intent, capsys: Any) -> None:
    made = build(hmac_secret=Secret("throwaway-secret"))
    bridge.answer(PLACE, "", status=500)
    with pytest.raises(InDoubt) as doubt:
        await made.place(intent())
    printed = capsys.readouterr()
    for text in (str(doubt.value), repr(made), printed.out, printed.err):
        assert "throwaway" not in text
    await made.close()


# --- placing -----------------------------------------------------------------------------------------------------


async def test_a_bet_is_what_was_placed_with_both_sides_words(bookmaker: Bookmaker, intent: Intent) -> None:
    report = await bookmaker.place(intent())
    assert (report.status, report.bet_ref) == (BetStatus.CONFIRMED, "B-77")
    assert (report.odds, report.stake) == (1_600_000, Decimal("12.50"))
    assert (report.sent["limitPrice"], report.received["placed"]["price"]) == ("1.578", "1.6")


@pytest.mark.parametrize("placed", [{"stake": "12.50", "price": "1.577"}, {"stake": "12.51", "price": "1.578"}])
async def test_a_bet_beyond_its_limits_is_reported_as_it_stands_and_loudly(
    bookmaker: Bookmaker, bridge: Any, intent: Intent, told: Told, placed: dict[str, str]
) -> None:
    bridge.answer(PLACE, told(placed=placed), status=201)
    with capture_logs() as logs:
        report = await bookmaker.place(intent())
    assert (report.stake, str(report.odds)) == (Decimal(placed["stake"]), placed["price"].replace(".", "") + "000")
    assert [log["event"] for log in logs] == ["bet placed beyond its limits"]


async def test_a_bet_that_waits_is_placed(bookmaker: Bookmaker, bridge: Any, intent: Intent, told: Told) -> None:
    bridge.answer(PLACE, told(state="PENDING", placed=None, bookmakerBetIds=None), status=201)
    assert (await bookmaker.place(intent())).status is BetStatus.PLACED


async def test_a_rejected_bet_is_refused_for_its_code(
    bookmaker: Bookmaker, bridge: Any, intent: Intent, told: Told
) -> None:
    rejected = told(state="REJECTED", placed=None, rejection={"code": "stake_too_high", "retry": "new_reference"})
    bridge.answer(PLACE, rejected, status=201)
    with pytest.raises(Refused) as refusal:
        await bookmaker.place(intent())
    assert (refusal.value.reason, refusal.value.code) == (Reason.LIMIT, "stake_too_high")


@pytest.mark.parametrize("answer", ["", "{", '{"state": "ACCEPTED"}', {"reference": OTHER}, {"state": "DREAMT"}])
async def test_an_answer_that_cannot_be_read_is_a_doubt(
    bookmaker: Bookmaker, bridge: Any, intent: Intent, told: Told, answer: Any
) -> None:
    bridge.answer(PLACE, answer if isinstance(answer, str) else told(**answer), status=201)
    with pytest.raises(InDoubt):
        await bookmaker.place(intent())
    assert len(bridge.requests("PUT")) == 1


async def test_silence_is_a_doubt_and_the_bet_is_not_sent_again(
    bookmaker: Bookmaker, bridge: Any, intent: Intent, lost: object
) -> None:
    bridge.answer(PLACE, lost)
    with pytest.raises(InDoubt):
        await bookmaker.place(intent())
    assert len(bridge.requests("PUT")) == 1


async def test_a_reference_that_is_taken_gives_the_bet_that_has_it(
    bookmaker: Bookmaker, bridge: Any, intent: Intent, told: Told
) -> None:
    bridge.answer(PLACE, problem("reference_conflict", "not_applicable"), status=409)
    bridge.answer(READ, told())
    assert (await bookmaker.place(intent())).bet_ref == "B-77"


@pytest.mark.parametrize(("status", "code"), [(404, "unknown_reference"), (503, "bridge_error"), (401, "unauthorized")])
async def test_a_reference_that_is_taken_by_a_bet_that_is_not_told_is_a_doubt(
    bookmaker: Bookmaker, bridge: Any, intent: Intent, status: int, code: str
) -> None:
    bridge.answer(PLACE, problem("reference_conflict", "not_applicable"), status=409)
    bridge.answer(READ, problem(code, "not_applicable"), status=status)
    with pytest.raises(InDoubt, match="the reference is taken"):
        await bookmaker.place(intent())


@pytest.mark.parametrize("stake", ["0", "-1", "12.505", "NaN", "Infinity", "1E+15"])
async def test_a_stake_that_is_no_amount_is_refused_unsent(
    bookmaker: Bookmaker, bridge: Any, intent: Intent, stake: str
) -> None:
    with pytest.raises(Refused) as refusal:
        await bookmaker.place(intent(stake=Decimal(stake)))
    assert refusal.value.reason is Reason.INVALID
    assert bridge.seen == []


async def test_a_part_is_asked_for_only_where_the_bridge_can_place_one(
    build: Callable[..., Bookmaker], bridge: Any, info: Any, intent: Intent
) -> None:
    bridge.answer("GET /info", {**info, "capabilities": []})
    made = build()
    report = await made.place(intent(accept_partial=True))
    assert report.sent["fill"] == "all_or_nothing"
    await made.close()


async def test_bets_beyond_the_declared_pace_are_refused_unsent(
    bookmaker: Bookmaker, bridge: Any, intent: Intent, clock: SteppedClock
) -> None:
    for _ in range(15):  # a quarter of the minute's 60 at once
        await bookmaker.place(intent())
    with pytest.raises(Refused) as refusal:
        await bookmaker.place(intent())
    assert refusal.value.reason is Reason.RATE
    assert len(bridge.requests("PUT")) == 15
    clock.advance(2)
    await bookmaker.place(intent())


# --- finding -----------------------------------------------------------------------------------------------------


async def test_a_known_bet_is_read_and_not_fenced(bookmaker: Bookmaker, bridge: Any, told: Told) -> None:
    bridge.answer(READ, told(state="PENDING", placed=None, sentAt=None))
    found = await bookmaker.find(REF)
    assert found is not None
    assert found.status is BetStatus.PLACED
    assert bridge.requests("POST") == []


@pytest.mark.parametrize("outcome", ["not_placed", "withdrawn"])
async def test_an_unknown_reference_is_gone_once_it_is_fenced(bookmaker: Bookmaker, bridge: Any, outcome: str) -> None:
    bridge.answer(READ, problem("unknown_reference", "not_applicable"), status=404)
    bridge.answer(FENCE, {"outcome": outcome})
    assert await bookmaker.find(REF) is None


async def test_a_bet_that_arrived_between_the_question_and_the_fence_is_found(
    bookmaker: Bookmaker, bridge: Any, told: Told
) -> None:
    bridge.answer(READ, problem("unknown_reference", "not_applicable"), status=404)
    bridge.answer(FENCE, {"outcome": "exists", "bet": told()})
    found = await bookmaker.find(REF)
    assert found is not None
    assert found.bet_ref == "B-77"


@pytest.mark.parametrize("answer", [{"outcome": "exists"}, {"outcome": "perhaps"}, {}, "", "nothing"])
async def test_a_fence_that_proves_nothing_leaves_the_doubt(bookmaker: Bookmaker, bridge: Any, answer: Any) -> None:
    bridge.answer(READ, problem("unknown_reference", "not_applicable"), status=404)
    bridge.answer(FENCE, answer)
    with pytest.raises(Unavailable):
        await bookmaker.find(REF)


async def test_a_404_that_is_not_the_bridges_proves_nothing(bookmaker: Bookmaker, bridge: Any) -> None:
    bridge.answer(READ, "<html>no such page</html>", status=404)
    with pytest.raises(Refused) as refusal:
        await bookmaker.find(REF)
    assert refusal.value.reason is Reason.OTHER
    assert bridge.requests("POST") == []


async def test_another_bets_answer_is_not_taken_for_ours(bookmaker: Bookmaker, bridge: Any, told: Told) -> None:
    bridge.answer(READ, told(reference=OTHER))
    with pytest.raises(Unavailable, match="another bet's"):
        await bookmaker.find(REF)


# --- settlement --------------------------------------------------------------------------------------------------


def won(told: Told, revision: int, **changes: Any) -> dict[str, Any]:
    settlement = {"status": "WON", "returned": "20.00", "number": 1}
    return told(**{"revision": revision, "settlement": settlement, **changes})


async def test_the_list_is_read_page_by_page_and_each_bet_once(bookmaker: Bookmaker, bridge: Any, told: Told) -> None:
    corrected = won(told, 9, settlement={"status": "LOST", "returned": "0.00", "number": 2})
    bridge.answer(LIST, {"bets": [won(told, 6), won(told, 7, reference=OTHER)], "hasMore": True})
    bridge.then(LIST, {"bets": [told(reference="open", revision=8), corrected], "hasMore": False})
    reports = await bookmaker.settled(NOW_MS)
    assert [(report.reference, report.settlement) for report in reports] == [
        (OTHER, SettlementStatus.WON),
        (REFERENCE, SettlementStatus.LOST),
    ]
    assert [seen.target.partition("?")[2] for seen in bridge.seen] == ["after=0&limit=1000", "after=7&limit=1000"]


async def test_what_was_read_is_not_read_again_once_it_is_old(bookmaker: Bookmaker, bridge: Any, told: Told) -> None:
    bridge.answer(LIST, {"bets": [won(told, 6)], "hasMore": False})
    await bookmaker.settled(NOW_MS)
    await bookmaker.settled(NOW_MS)
    await bookmaker.settled(NOW_MS + 120_000)
    assert [seen.target.partition("?")[2] for seen in bridge.seen] == [
        "after=0&limit=1000",
        "after=0&limit=1000",
        "after=6&limit=1000",
    ]


async def test_a_bridge_that_counts_anew_is_read_from_the_start(
    bookmaker: Bookmaker, bridge: Any, told: Told, intent: Intent
) -> None:
    bridge.answer(LIST, {"bets": [won(told, 60)], "hasMore": False})
    await bookmaker.settled(NOW_MS)
    await bookmaker.place(intent())  # its revision is 5
    await bookmaker.settled(NOW_MS + 120_000)
    assert bridge.seen[-1].target.endswith("after=0&limit=1000")


async def test_a_bet_that_cannot_be_read_hides_no_other(bookmaker: Bookmaker, bridge: Any, told: Told) -> None:
    strange = won(told, 6, reference=OTHER, settlement={"status": "MISLAID", "returned": "9.00"})
    bridge.answer(LIST, {"bets": [{"revision": 3}, strange, won(told, 7)], "hasMore": False})
    assert [report.reference for report in await bookmaker.settled(NOW_MS)] == [REFERENCE]


@pytest.mark.parametrize("bets", [[], [{"revision": 0}], [{}]])
async def test_a_list_without_end_is_given_up(bookmaker: Bookmaker, bridge: Any, bets: list[Any]) -> None:
    bridge.answer(LIST, {"bets": bets, "hasMore": True})
    with pytest.raises(Unavailable):
        await bookmaker.settled(NOW_MS)
    assert len(bridge.seen) == 1


# --- the present offer -------------------------------------------------------------------------------------------


async def test_an_offer_is_told_with_its_limits(bookmaker: Bookmaker, bridge: Any) -> None:
    bridge.answer(QUOTES, {"status": "open", "price": "1.9", "minStake": "5", "maxStake": "250", "currency": "USD"})
    line = await bookmaker.line("615487211", "home", OUTCOME)
    assert line is not None
    assert (line.market_ref, line.outcome_ref, line.odds, line.max_stake) == ("615487211", "home", 1_900_000, 250)


async def test_offers_beyond_the_declared_pace_say_when_to_ask_again(
    bookmaker: Bookmaker, bridge: Any, clock: SteppedClock
) -> None:
    bridge.answer(QUOTES, {"status": "suspended"})
    for _ in range(15):
        assert await bookmaker.line("615487211", "home", OUTCOME) is None
    with pytest.raises(Unavailable) as late:
        await bookmaker.line("615487211", "home", OUTCOME)
    assert late.value.retry_after_s
    clock.advance(late.value.retry_after_s + 0.001)
    assert await bookmaker.line("615487211", "home", OUTCOME) is None


# --- laying ------------------------------------------------------------------------------------------------------


async def test_a_bridge_that_lays_is_known_as_one_and_is_told_the_side(
    build: Callable[..., Bookmaker], bridge: Any, info: Any, intent: Intent
) -> None:
    bridge.answer("GET /info", {**info, "capabilities": ["lay"]})
    made = build()
    assert not made.manifest.lays
    await made.open()
    assert made.manifest.lays
    await made.place(intent(is_back=False))
    (request,) = bridge.requests("PUT")
    assert json.loads(request.body)["side"] == "lay"
    await made.close()


async def test_a_lay_bet_never_goes_to_a_bridge_that_takes_none(
    bookmaker: Bookmaker, bridge: Any, intent: Intent
) -> None:
    with pytest.raises(Refused, match="no lay bets"):
        await bookmaker.place(intent(is_back=False))
    assert bridge.requests("PUT") == []


@pytest.mark.parametrize(("price", "is_worse"), [("1.6", True), ("1.5", False)])
async def test_laying_at_higher_odds_than_asked_is_reported_to_the_operator(
    build: Callable[..., Bookmaker], bridge: Any, info: Any, told: Told, intent: Intent, price: str, is_worse: bool
) -> None:
    bridge.answer("GET /info", {**info, "capabilities": ["lay"]})
    bridge.answer(PLACE, told(placed={"stake": "12.50", "price": price}), status=201)
    made = build()
    with capture_logs() as logs:
        await made.place(intent(is_back=False))
    assert ("bet placed beyond its limits" in {entry["event"] for entry in logs}) == is_worse
    await made.close()
