"""What the connector makes of the broker's answers: what was surely not bet, what may have been, and what is asked
then."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from tests.venues.scripted import LOST

from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused, Unavailable
from hedgerow.core.odds import OddsMicros
from hedgerow.core.states import BetStatus
from hedgerow.venues.base import BetIntent, BetRef, Bookmaker
from hedgerow.venues.singbet.connector import SURE_AFTER_MS

from .conftest import NOW_S, QUOTE, REFERENCE, TICKET

PLACE, ASK, FIND = "POST /service/PlaceBet", "POST /service/GetPlacementInfo", "GET /service/GetBetByReference"
NOW_MS = NOW_S * 1000
NONE = {"Code": 300, "Data": None}

Intent = Callable[..., BetIntent]


def quoted(**changes: Any) -> dict[str, Any]:
    return {"Code": 0, "Result": {"OddsPlacementData": [{**QUOTE, **changes}]}}


def failed(text: str) -> dict[str, Any]:
    return {"Code": -1, "Message": text, "Result": None}


@pytest.mark.parametrize(
    ("answer", "changes", "reason"),
    [
        (quoted(Odds=1.92), {}, Reason.PRICE),
        (quoted(Odds=1.94), {"accept_better": False}, Reason.PRICE),
        (quoted(MaximumAmount=39), {}, Reason.LIMIT),
        (quoted(MinimumAmount=41), {}, Reason.LIMIT),
        (quoted(Currency="EUR"), {}, Reason.ACCOUNT),
        (quoted(Rejected=True, Message="Odds changed"), {}, Reason.PRICE),
        (quoted(Rejected=True), {}, Reason.CLOSED),
        (quoted(Bookie="SBO"), {}, Reason.CLOSED),
        (failed("Match is closed"), {}, Reason.CLOSED),
        (quoted(), {"is_back": False}, Reason.INVALID),
        (quoted(), {"stake": Decimal("1.234")}, Reason.INVALID),
        (quoted(), {"stake": Decimal("NaN")}, Reason.INVALID),
        (quoted(), {"reference": "x" * 41}, Reason.INVALID),
    ],
)
async def test_a_bet_that_the_quote_does_not_allow_is_not_sent(
    bookmaker: Bookmaker, venue: Any, intent: Intent, answer: Any, changes: dict[str, Any], reason: Reason
) -> None:
    venue.answer(ASK, answer)
    with pytest.raises(Refused) as refused:
        await bookmaker.place(intent(**changes))
    assert (refused.value.reason, venue.requests(PLACE)) == (reason, [])


async def test_a_match_that_is_not_todays_is_asked_for_among_the_early_ones(
    bookmaker: Bookmaker, venue: Any, intent: Intent
) -> None:
    venue.answer(ASK, failed("Game not found in this market"), quoted())
    await bookmaker.place(intent())
    assert '"MarketTypeId":2' in venue.requests(PLACE)[0].body


async def test_a_better_price_is_asked_for_and_a_stake_is_cut_where_that_is_wanted(
    bookmaker: Bookmaker, venue: Any, intent: Intent
) -> None:
    venue.answer(ASK, quoted(Odds=1.95, MaximumAmount=33.333))
    await bookmaker.place(intent(accept_partial=True))
    body = venue.requests(PLACE)[0].body
    assert '"BookieOdds":"SIN:1.95","Amount":33.33' in body


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (LOST, 200),
        ("{", 200),
        ({"Code": 0, "Result": {"BetPlacementReference": "WA-another"}}, 200),
        ({"Code": 0, "Result": None}, 200),
        (failed("Error during bet processing"), 200),
        ({"Code": -200, "Message": "the bet has a problem"}, 200),
        ({}, 502),
        ({}, 408),
    ],
)
async def test_an_answer_that_does_not_say_what_became_of_a_bet_leaves_it_in_doubt(
    bookmaker: Bookmaker, venue: Any, intent: Intent, answer: Any, status: int
) -> None:
    venue.answer(PLACE, answer, status=status)
    with pytest.raises(InDoubt):
        await bookmaker.place(intent())
    assert len(venue.requests(PLACE)) == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ODDS CHANGED", Reason.PRICE),
        ("Stake is below minimum", Reason.LIMIT),
        ("insufficient credit in the account", Reason.FUNDS),
        ("Market suspended", Reason.CLOSED),
        ("No.", Reason.OTHER),
    ],
)
async def test_a_refusal_is_known_by_its_words(
    bookmaker: Bookmaker, venue: Any, intent: Intent, text: str, reason: Reason
) -> None:
    no_book = {"PlacementData": [{"PlacedSuccessfully": False, "Message": text}]}
    for answer in (failed(text), {"Code": 0, "Result": no_book}):
        venue.answer(PLACE, answer)
        with pytest.raises(Refused) as refused:
            await bookmaker.place(intent())
        assert refused.value.reason is reason


@pytest.mark.parametrize("answer", [NONE, LOST, failed("Bet not found"), {"Code": 0, "Data": [{**TICKET, "Odds": 0}]}])
async def test_a_bet_that_was_taken_and_shows_no_ticket_yet_is_placed(
    bookmaker: Bookmaker, venue: Any, intent: Intent, answer: Any
) -> None:
    venue.answer(FIND, answer)
    assert (await bookmaker.place(intent())).status is BetStatus.PLACED


async def test_a_question_is_asked_again_in_a_new_session_and_a_bet_is_not(
    bookmaker: Bookmaker, venue: Any, intent: Intent
) -> None:
    venue.answer(ASK, failed("Session expired, please log in"), quoted())
    await bookmaker.place(intent())
    assert len(venue.requests("GET /door/Login")) == 2
    venue.answer(PLACE, failed("Session expired, please log in"))
    with pytest.raises(Unavailable):
        await bookmaker.place(intent())
    assert len(venue.requests(PLACE)) == 2


async def test_a_login_that_leads_to_a_less_safe_place_is_not_followed(
    bookmaker: Bookmaker, venue: Any, intent: Intent
) -> None:
    login = {"SuccessfulLogin": True, "Token": "t", "Key": "k", "Url": "ftp://127.0.0.1/service"}
    venue.answer("GET /door/Login", {"Code": 0, "Result": login})
    venue.answer(ASK, failed("Session expired"))
    with pytest.raises(Unavailable, match="an address that is none"):
        await bookmaker.place(intent())


async def test_absence_counts_when_no_request_can_be_on_its_way(bookmaker: Bookmaker, venue: Any) -> None:
    venue.answer(FIND, NONE)
    with pytest.raises(CannotTell):
        await bookmaker.find(BetRef(REFERENCE, None, NOW_MS - SURE_AFTER_MS + 1))
    assert await bookmaker.find(BetRef(REFERENCE, None, NOW_MS - SURE_AFTER_MS)) is None
    with pytest.raises(CannotTell):
        await bookmaker.find(BetRef(REFERENCE, "7001", NOW_MS - SURE_AFTER_MS))


@pytest.mark.parametrize("answer", [{"Code": 0, "Data": [{"Status": "Running"}]}, {"Code": -200}, "{"])
async def test_an_answer_that_cannot_be_read_is_not_absence(bookmaker: Bookmaker, venue: Any, answer: Any) -> None:
    venue.answer(FIND, answer)
    with pytest.raises((Unavailable, CannotTell)):
        await bookmaker.find(BetRef(REFERENCE, None, 0))


async def test_another_bets_ticket_is_not_taken_for_ours(bookmaker: Bookmaker, venue: Any) -> None:
    venue.answer(FIND, {"Code": 0, "Data": [{**TICKET, "BetPlacementReference": "WA-another"}]})
    assert await bookmaker.find(BetRef(REFERENCE, None, 0)) is None


async def test_a_bet_with_two_tickets_is_found_with_all_of_its_stake(bookmaker: Bookmaker, venue: Any) -> None:
    venue.answer(FIND, {"Code": 0, "Data": [{**TICKET, "ReferenceNumber": "7002"}, TICKET]})
    found = await bookmaker.find(BetRef(REFERENCE, None, NOW_MS, stake=Decimal(40)))
    assert found is not None
    assert (found.stake, found.bet_ref, found.odds) == (80, "7001", OddsMicros(1_930_000))


async def test_a_ticket_in_both_lists_is_one_and_a_strange_one_hides_no_other(bookmaker: Bookmaker, venue: Any) -> None:
    won = {**TICKET, "Status": "Won", "Pnl": 37.2}
    strange = {**won, "BetPlacementReference": "WA-strange", "Pnl": 1}
    venue.answer("GET /service/GetNonRunningBets", {"Code": 0, "Data": [strange, {"Status": 1}, won]})
    summaries = {"Code": 0, "Result": {"BetSummaries": [won]}}
    venue.answer("GET /service/GetBetHistorySummary", summaries)
    (report,) = await bookmaker.settled(NOW_MS)
    assert (report.reference, report.payout) == (REFERENCE, Decimal("77.2"))


async def test_a_statement_since_ever_is_read_for_a_month_and_to_tomorrow(bookmaker: Bookmaker, venue: Any) -> None:
    assert await bookmaker.settled(0) == []
    days = [seen.query for seen in venue.requests("GET /service/GetBetHistorySummary")]
    assert (len(days), days[-1]) == (31, "date=11%2F22%2F2026&bookies=SIN")
