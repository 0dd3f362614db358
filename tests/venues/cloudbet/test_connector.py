"""The connector against a venue that answers by script: doubt, references, pages, limits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from tests.patience import PATIENCE_S
from tests.venues.scripted import LOST

from hedgerow.core.clock import SteppedClock
from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, SetupError, Unavailable
from hedgerow.core.ids import FixtureId
from hedgerow.core.states import BetSettlement, BetStatus
from hedgerow.core.tasks import spawn
from hedgerow.venues.base import BetRef, Bookmaker, Idempotency
from hedgerow.venues.cloudbet.connector import ASKED_AGAIN_MS, SURE_AFTER_MS
from hedgerow.venues.cloudbet.requests import second_reference
from hedgerow.venues.registry import venue as declared

from .conftest import NOW_S, REFERENCE, STATUS, Intent, Payload

PLACE, HISTORY = "POST /pub/v3/bets/place", "GET /pub/v3/bets/history"
SECOND = second_reference(REFERENCE)
SECOND_STATUS = f"GET /pub/v3/bets/{SECOND}/status"
REF = BetRef(REFERENCE, None, NOW_S * 1000)


def page(*bets: dict[str, Any], total: int | None = None) -> dict[str, Any]:
    return {"bets": list(bets), "totalBets": str(len(bets) if total is None else total)}


def test_the_manifest_says_what_callers_rely_on() -> None:
    manifest = declared("cloudbet").manifest
    assert (manifest.is_bookmaker, manifest.is_exchange, manifest.lays) == (True, False, False)
    assert (manifest.idempotency, manifest.level) == (Idempotency.UNIQUE_REFERENCE, "native")


def test_an_undocumented_trading_api_is_refused_at_the_start(build: Callable[..., Bookmaker]) -> None:
    with pytest.raises(SetupError, match="trading_version"):
        build(trading_version="v4")


async def test_an_account_without_the_currency_is_refused(build: Callable[..., Bookmaker]) -> None:
    made = build(currency="ETH")
    with pytest.raises(Refused) as refused:
        await made.open()
    assert refused.value.reason is Reason.ACCOUNT
    await made.close()


# --- placing -------------------------------------------------------------------------------------------------------


async def test_an_accepted_bet_is_confirmed(bookmaker: Bookmaker, intent: Intent) -> None:
    report = await bookmaker.place(intent())
    assert (report.status, report.bet_ref, report.odds) == (BetStatus.CONFIRMED, REFERENCE, 1_860_000)
    assert report.sent["acceptPriceChange"] == "BETTER"
    assert report.received["status"] == "ACCEPTED"


@pytest.mark.parametrize(
    ("answer", "http"),
    [
        (LOST, 200),
        ("<html>", 200),
        ({"error": ""}, 200),  # no status: an internal error
        ({"status": "SOMETHING_NEW"}, 200),
        ({"status": "ACCEPTED"}, 200),  # of no bet
        ({"status": "INTERNAL_SERVER_ERROR"}, 500),
        ("", 504),
    ],
)
async def test_what_is_no_word_on_the_bet_leaves_it_in_doubt(
    bookmaker: Bookmaker, venue: Any, intent: Intent, answer: Any, http: int
) -> None:
    venue.answer(PLACE, answer, status=http)
    with pytest.raises(InDoubt):
        await bookmaker.place(intent())
    assert len(venue.requests(PLACE)) == 1


@pytest.mark.parametrize("http", [200, 400, 422])
async def test_a_refusal_is_one_with_whatever_http_status(
    bookmaker: Bookmaker, venue: Any, intent: Intent, payload: Payload, http: int
) -> None:
    venue.answer(PLACE, payload("placed.json", status="PRICE_ABOVE_MARKET", price="1.8"), status=http)
    with pytest.raises(Refused) as refused:
        await bookmaker.place(intent())
    assert (refused.value.reason, refused.value.code) == (Reason.PRICE, "PRICE_ABOVE_MARKET")


async def test_the_firewall_is_an_access_that_is_not_granted(bookmaker: Bookmaker, venue: Any, intent: Intent) -> None:
    venue.answer(PLACE, "<html>", status=403)
    with pytest.raises(Refused, match="not granted") as refused:
        await bookmaker.place(intent())
    assert refused.value.reason is Reason.ACCOUNT


async def test_a_reference_that_is_taken_answers_its_bet(
    bookmaker: Bookmaker, venue: Any, intent: Intent, payload: Payload
) -> None:
    venue.answer(PLACE, {"status": "DUPLICATE_REQUEST"}, status=400)
    venue.answer(STATUS, payload("bet.json", status="PENDING_ACCEPTANCE", returnAmount="0.0"))
    assert (await bookmaker.place(intent())).status is BetStatus.PLACED


async def test_a_taken_reference_without_a_bet_is_in_doubt(bookmaker: Bookmaker, venue: Any, intent: Intent) -> None:
    venue.answer(PLACE, {"status": "DUPLICATE_REQUEST"}, status=400)
    with pytest.raises(InDoubt):
        await bookmaker.place(intent())


@pytest.mark.parametrize(
    "changes",
    [
        {"is_back": False},
        {"stake": Decimal(0)},
        {"stake": Decimal("NaN")},
        {"stake": Decimal("0.000000001")},
        {"currency": "EUR"},
        {"market_ref": "615487211"},
        {"outcome_ref": "home/"},
        {"fixture_id": FixtureId("id1000001763448499")},
    ],
)
async def test_what_cannot_be_said_to_the_venue_is_not_sent(
    bookmaker: Bookmaker, venue: Any, intent: Intent, changes: dict[str, Any]
) -> None:
    with pytest.raises(Refused):
        await bookmaker.place(intent(**changes))
    assert venue.seen == []


# --- a stake above the limit -----------------------------------------------------------------------------------------


async def test_a_part_is_sent_under_a_second_reference(
    bookmaker: Bookmaker, venue: Any, intent: Intent, payload: Payload
) -> None:
    venue.answer(
        PLACE, payload("above_max.json"), payload("placed.json", referenceId=SECOND, stake="8.86", status="ACCEPTED")
    )
    report = await bookmaker.place(intent(accept_partial=True))
    assert (report.status, report.stake, report.bet_ref) == (BetStatus.CONFIRMED, Decimal("8.86"), SECOND)
    assert '"stake":"8.86"' in venue.requests(PLACE)[1].body
    assert SECOND in venue.requests(PLACE)[1].body


@pytest.mark.parametrize(("partial", "requests"), [(False, 1), (True, 2)])
async def test_a_stake_that_stays_above_the_limit_is_refused_for_it(
    bookmaker: Bookmaker, venue: Any, intent: Intent, payload: Payload, partial: bool, requests: int
) -> None:
    venue.answer(PLACE, payload("above_max.json"))
    with pytest.raises(Refused) as refused:
        await bookmaker.place(intent(accept_partial=partial))
    assert refused.value.reason is Reason.LIMIT
    assert len(venue.requests(PLACE)) == requests


async def test_a_part_whose_answer_was_lost_is_found_by_the_first_reference(
    bookmaker: Bookmaker, venue: Any, intent: Intent, payload: Payload
) -> None:
    venue.answer(PLACE, payload("above_max.json"))
    venue.then(PLACE, LOST)
    with pytest.raises(InDoubt):
        await bookmaker.place(intent(accept_partial=True))
    venue.answer(STATUS, payload("above_max.json"))
    with pytest.raises(CannotTell):
        await bookmaker.find(REF)
    venue.answer(SECOND_STATUS, payload("bet.json", referenceId=SECOND, stake="8.86", status="ACCEPTED"))
    found = await bookmaker.find(REF)
    assert found is not None
    assert (found.bet_ref, found.stake) == (SECOND, Decimal("8.86"))


async def test_a_bet_above_the_limit_that_no_second_followed_was_rejected(
    bookmaker: Bookmaker, venue: Any, clock: SteppedClock, payload: Payload
) -> None:
    venue.answer(STATUS, payload("above_max.json"))
    clock.advance(SURE_AFTER_MS / 1000)
    with pytest.raises(CannotTell):  # missing once
        await bookmaker.find(REF)
    clock.advance(ASKED_AGAIN_MS / 1000)
    found = await bookmaker.find(REF)
    assert found is not None
    assert found.status is BetStatus.REJECTED
    assert len(venue.requests(HISTORY)) == 1


# --- finding ---------------------------------------------------------------------------------------------------------


async def test_a_missing_bet_is_gone_only_when_it_is_missing_twice_and_late(
    bookmaker: Bookmaker, clock: SteppedClock
) -> None:
    with pytest.raises(CannotTell):
        await bookmaker.find(REF)
    clock.advance(ASKED_AGAIN_MS / 1000)
    with pytest.raises(CannotTell):
        await bookmaker.find(REF)
    clock.advance((SURE_AFTER_MS - ASKED_AGAIN_MS) / 1000)
    assert await bookmaker.find(REF) is None


async def test_a_missing_bet_that_is_asked_for_late_is_asked_for_twice(
    bookmaker: Bookmaker, clock: SteppedClock
) -> None:
    clock.advance(10 * SURE_AFTER_MS / 1000)
    with pytest.raises(CannotTell):
        await bookmaker.find(REF)
    clock.advance(ASKED_AGAIN_MS / 1000)
    assert await bookmaker.find(REF) is None


@pytest.mark.parametrize("reference", [REFERENCE.upper(), SECOND])
async def test_a_missing_bet_that_is_in_the_history_is_found(
    bookmaker: Bookmaker, venue: Any, clock: SteppedClock, payload: Payload, reference: str
) -> None:
    with pytest.raises(CannotTell):
        await bookmaker.find(REF)
    clock.advance(SURE_AFTER_MS / 1000)
    venue.answer(HISTORY, page(payload("bet.json", referenceId=reference)))
    found = await bookmaker.find(REF)
    assert found is not None
    assert (found.bet_ref, found.settlement) == (reference, BetSettlement.WON)


@pytest.mark.parametrize("changes", [{"status": "SOMETHING_NEW"}, {"status": None}, {"stake": "x"}])
async def test_a_bet_that_cannot_be_read_is_neither_there_nor_gone(
    bookmaker: Bookmaker, venue: Any, payload: Payload, changes: dict[str, Any]
) -> None:
    venue.answer(STATUS, payload("bet.json", **changes))
    with pytest.raises(CannotTell):
        await bookmaker.find(REF)


@pytest.mark.parametrize(
    ("event", "settlement"),
    [
        ({"status": "CANCELLED"}, BetSettlement.VOID),
        ({"status": "RESULTED"}, BetSettlement.PUSH),
        ({}, BetSettlement.PUSH),
        (None, BetSettlement.PUSH),
    ],
)
async def test_the_event_says_whether_a_returned_stake_is_a_push(
    bookmaker: Bookmaker, venue: Any, payload: Payload, event: dict[str, Any] | None, settlement: BetSettlement
) -> None:
    venue.answer(STATUS, payload("bet.json", status="PUSH", returnAmount="12.5"))
    if event is not None:
        venue.answer("GET /pub/v2/odds/events/31009864", event)
    for _ in range(2):
        found = await bookmaker.find(REF)
        assert found is not None
        assert (found.settlement, found.payout) == (settlement, Decimal("12.5"))
    is_decided = bool(event)
    assert len(venue.requests("GET /pub/v2/odds/events/31009864")) == (1 if is_decided else 2)


# --- money and settlement -------------------------------------------------------------------------------------


async def test_held_is_what_open_bets_of_the_currency_hold(bookmaker: Bookmaker, venue: Any, payload: Payload) -> None:
    rows = (
        payload("bet.json", referenceId="1", status="ACCEPTED", stake="10"),
        payload("bet.json", referenceId="2", status="PENDING_ACCEPTANCE", stake="2.5"),
        payload("bet.json", referenceId="2", status="PENDING_ACCEPTANCE", stake="2.5"),  # the list had moved on
        payload("bet.json", referenceId="3", status="ACCEPTED", stake="1", currency="BTC"),
        payload("bet.json", referenceId="4", status="WIN", stake="5"),
    )
    venue.answer(HISTORY, page(*rows))
    told = await bookmaker.balance()
    assert (told.free, told.held, told.currency) == (Decimal("987.12345678"), Decimal("12.5"), "USD")


async def test_a_balance_that_is_left_out_is_zero(bookmaker: Bookmaker, venue: Any) -> None:
    venue.answer("GET /pub/v1/account/currencies/USD/balance", {})
    assert (await bookmaker.balance()).free == 0


async def test_the_statement_has_each_settled_bet_once_in_order(
    bookmaker: Bookmaker, venue: Any, payload: Payload
) -> None:
    rows = (
        payload("bet.json", referenceId="c", status="ACCEPTED"),
        payload("bet.json", referenceId="b", status="LOSS", returnAmount="0.0"),
        payload("bet.json", referenceId="x", status="WIN", returnAmount="0.0"),  # paid what no bet that won is
        payload("bet.json", referenceId="a"),
        "not a bet",
    )
    venue.answer(HISTORY, page(*rows))  # type: ignore[arg-type]
    reports = await bookmaker.settled(NOW_S * 1000)
    assert [(report.reference, report.settlement) for report in reports] == [
        ("a", BetSettlement.WON),
        ("b", BetSettlement.LOST),
    ]


async def test_the_history_is_read_as_far_back_as_it_is_asked_for(
    bookmaker: Bookmaker, venue: Any, clock: SteppedClock, payload: Payload
) -> None:
    first = [payload("bet.json", referenceId=f"{number}") for number in range(100)]
    old = payload("bet.json", referenceId="old", createTime="2026-11-01T00:00:00Z")
    venue.answer(HISTORY, page(*first, total=300), page(payload("bet.json", referenceId="100"), old, total=300))
    asked = spawn(bookmaker.settled(NOW_S * 1000), "read the statement")
    async with asyncio.timeout(PATIENCE_S):
        while clock.next_wake_ns() is None:  # noqa: ASYNC110 - the pause between two pages
            await asyncio.sleep(0.001)
        clock.advance(1)
        reports = await asked
    assert [report.reference for report in reports] == [f"{number}" for number in range(100, -1, -1)]
    assert [seen.query for seen in venue.seen] == ["limit=100&offset=0", "limit=100&offset=100"]


# --- the offer -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("answer", "http"), [({"status": "MALFORMED_REQUEST"}, 404), ({"outcome": "over"}, 200)])
async def test_a_selection_that_vanished_is_not_offered(
    bookmaker: Bookmaker, venue: Any, intent: Intent, answer: Any, http: int
) -> None:
    venue.answer("POST /pub/v2/odds/lines", answer, status=http)
    bet = intent()
    assert await bookmaker.line(bet.market_ref, bet.outcome_ref, bet.outcome) is None


async def test_a_line_that_was_asked_for_too_often_says_when_it_may_be_again(
    bookmaker: Bookmaker, venue: Any, intent: Intent
) -> None:
    venue.answer("POST /pub/v2/odds/lines", {}, status=429)
    bet = intent()
    with pytest.raises(Unavailable) as error:
        await bookmaker.line(bet.market_ref, bet.outcome_ref, bet.outcome)
    assert error.value.retry_after_s == 1
