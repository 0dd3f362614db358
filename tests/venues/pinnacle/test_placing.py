"""A partner's bet: as it leaves, and what its answers mean."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.venues.mutated import mutations

from hedgerow.core.errors import InDoubt, Reason, Refused, SetupError, Unavailable
from hedgerow.core.odds import OddsMicros
from hedgerow.core.secrets import Secret
from hedgerow.core.states import BetSettlement, BetStatus
from hedgerow.venues.base import BetIntent, Bookmaker
from hedgerow.venues.pinnacle import parse
from hedgerow.venues.pinnacle.placing import PartnerPlacing
from hedgerow.venues.reading import UnreadableError

from .conftest import REFERENCE
from .test_requests import as_recorded

PLACE = "POST /b2b/v2/bets/straight"
KEYS = {"password": Secret("throwaway1"), "partner_key": Secret("partner-1")}
PLACING = PartnerPlacing(KEYS["partner_key"], "bettor-1", "Api")
WHOLE = {
    "betId": 5,
    "betStatus": "ACCEPTED",
    "betStatus2": "ACCEPTED",
    "risk": 12.5,
    "win": 7.35,
    "price": 1.588,
    "oddsFormat": "DECIMAL",
}

Build = Callable[..., Bookmaker]
Intent = Callable[..., BetIntent]


@pytest.fixture
async def partner(build: Build, venue: Any, payload: Callable[[str], Any]) -> AsyncIterator[Bookmaker]:
    """An opened connector of a partner's account."""
    venue.answer(PLACE, payload("partner_accepted.json"))
    made = build(slug="pinnacleb2b", **KEYS)
    await made.open()
    venue.seen.clear()
    yield made
    await made.close()


def placed(**changes: Any) -> Any:
    """The report of a bet whose answer has a whole bet."""
    body = json.dumps({"bets": [{"status": "ACCEPTED", "betId": 5, "straightBet": {**WHOLE, **changes}}]})
    return parse.placed(PLACING.answer(body.encode()), REFERENCE, {})


# --- as it leaves --------------------------------------------------------------------------------------------------


async def test_a_bet_is_sent_as_the_documents_have_it(
    partner: Bookmaker, venue: Any, intent: Intent, golden: dict[str, Any]
) -> None:
    await partner.place(intent())
    assert [as_recorded(seen) for seen in venue.seen] == golden["home moneyline of a partner"]


async def test_the_partners_key_goes_with_bets_alone(partner: Bookmaker, venue: Any, intent: Intent) -> None:
    await partner.place(intent())
    keys = {f"{seen.method} {seen.path}": seen.headers.get("X-PARTNER-KEY") for seen in venue.seen}
    assert keys == {"GET /v2/leagues": None, PLACE: "partner-1"}
    assert all(seen.headers["Authorization"].startswith("Basic ") for seen in venue.seen)


async def test_an_account_names_its_bettor_and_channel(build: Build, venue: Any, intent: Intent, payload: Any) -> None:
    venue.answer(PLACE, payload("partner_accepted.json"))
    made = build(slug="pinnacleb2b", meta={"source_id": "bettor-7", "app_id": "Web"}, **KEYS)
    report = await made.place(intent())
    await made.close()
    (sent,) = report.sent["bets"]
    assert (sent["sourceId"], sent["ext"]) == ("bettor-7", {"appId": "Web"})
    assert "partner-1" not in repr(report)


def test_a_channel_that_the_venue_does_not_know_is_a_setup_error(build: Build) -> None:
    with pytest.raises(SetupError, match="app_id of account demo is 'Pigeon'"):
        build(slug="pinnacleb2b", meta={"app_id": "Pigeon"}, **KEYS)


# --- answers -------------------------------------------------------------------------------------------------------


async def test_a_taken_bet_has_the_price_and_stake_of_the_whole_bet(partner: Bookmaker, intent: Intent) -> None:
    report = await partner.place(intent())
    assert (report.status, report.bet_ref, report.settlement) == (BetStatus.CONFIRMED, "759629245", None)
    assert (report.odds, report.stake) == (OddsMicros(1_588_000), Decimal("12.5"))
    assert report.received["straightBet"]["betStatus2"] == "ACCEPTED"


async def test_a_live_bet_waits(partner: Bookmaker, venue: Any, intent: Intent) -> None:
    venue.answer(PLACE, {"bets": [{"status": "PENDING_ACCEPTANCE"}]})
    assert (await partner.place(intent(is_live=True))).status is BetStatus.PLACED


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("LIMIT_PRICE_IS_WORST_THAN_CURRENT", Reason.PRICE),
        ("INVALID_PARTNER", Reason.ACCOUNT),
        ("PARTNER_PROFILE_IS_NOT_FOUND", Reason.ACCOUNT),
        ("CUSTOMER_TYPE_DOES_NOT_MATCH_PARTNER", Reason.ACCOUNT),
        ("PARTNER_SOURCE_IP_IS_INVALID", Reason.ACCOUNT),
        ("INVALID_SOURCEID", Reason.INVALID),
        ("SOURCEID_TOO_LONG", Reason.INVALID),
        ("UNIQUE_REQUEST_ID_REQUIRED", Reason.INVALID),
    ],
)
async def test_a_partners_codes_have_their_reasons(
    partner: Bookmaker, venue: Any, intent: Intent, code: str, reason: Reason
) -> None:
    venue.answer(PLACE, {"bets": [{"status": "PROCESSED_WITH_ERROR", "errorCode": code}]})
    with pytest.raises(Refused) as refused:
        await partner.place(intent())
    assert (refused.value.reason, refused.value.code, refused.value.venue) == (reason, code, "pinnacleb2b")


async def test_a_busy_line_did_not_take_the_bet(partner: Bookmaker, venue: Any, intent: Intent) -> None:
    venue.answer(PLACE, {"bets": [{"status": "PROCESSED_WITH_ERROR", "errorCode": "RESUBMIT_REQUEST"}]})
    with pytest.raises(Unavailable, match="pinnacleb2b place"):
        await partner.place(intent())


async def test_a_partners_key_that_is_not_accepted_is_told(partner: Bookmaker, venue: Any, intent: Intent) -> None:
    venue.answer(PLACE, {"code": "INVALID_PARTNER_KEY", "message": "no"}, status=401)
    with pytest.raises(Refused) as refused:
        await partner.place(intent())
    assert refused.value.reason is Reason.AUTH


async def test_a_reference_that_is_taken_finds_its_bet(
    partner: Bookmaker, venue: Any, intent: Intent, payload: Any
) -> None:
    venue.answer(PLACE, {"bets": [{"status": "PROCESSED_WITH_ERROR", "errorCode": "DUPLICATE_UNIQUE_REQUEST_ID"}]})
    venue.answer("GET /v4/bets", payload("bet_accepted.json"))
    assert (await partner.place(intent())).bet_ref == "759629245"


@pytest.mark.parametrize(
    "answer",
    [
        {"bets": []},
        {"bets": [{"status": "PENDING_ACCEPTANCE"}] * 2},
        {"status": "ACCEPTED", "betId": 5},
        {"bets": [{"status": "ACCEPTED", "betId": 5}]},
        {"bets": [{"status": "ACCEPTED", "betId": 6, "straightBet": WHOLE}]},
    ],
)
async def test_an_answer_that_does_not_say_it_all_is_in_doubt(
    partner: Bookmaker, venue: Any, intent: Intent, answer: Any
) -> None:
    venue.answer(PLACE, answer)
    with pytest.raises(InDoubt, match="pinnacleb2b place: unreadable answer"):
        await partner.place(intent())


@pytest.mark.parametrize(
    ("coarse", "fine", "settlement", "payout"),
    [
        ("WON", "HALF_WON_HALF_PUSHED", BetSettlement.HALF_WON, "16.175"),
        ("LOSE", "HALF_LOST_HALF_PUSHED", BetSettlement.HALF_LOST, "6.25"),
        ("LOSE", "LOST", BetSettlement.LOST, "0"),
    ],
)
def test_the_fine_status_goes_before_the_coarse_one(
    coarse: str, fine: str, settlement: BetSettlement, payout: str
) -> None:
    report = placed(betStatus=coarse, betStatus2=fine)
    assert (report.settlement, report.payout) == (settlement, Decimal(payout))


@given(st.data())
def test_a_mutated_answer_is_never_read_as_another_price_or_stake(data: st.DataObject) -> None:
    told = {"bets": [{"status": "ACCEPTED", "betId": 5, "straightBet": WHOLE}]}
    changed = data.draw(mutations(told))
    try:
        report = parse.placed(PLACING.answer(json.dumps(changed).encode()), REFERENCE, {})
    except UnreadableError:
        return
    if report.status is BetStatus.CONFIRMED:
        answer = changed["bets"][0]
        row = answer.get("straightBet") or answer
        assert report.stake == Decimal(str(row["risk"]))
        is_decimal = row.get("oddsFormat") in (None, "DECIMAL")
        wanted = Decimal(str(row["price"])) if is_decimal else 1 + Decimal(str(row["win"])) / report.stake
        assert abs(report.odds - wanted * 1_000_000) < 1
