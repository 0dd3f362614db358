"""Every request as it leaves, held against `requests.json`, which is written from the venue's documents."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.secrets import Secret
from hedgerow.venues.base import BetIntent, BetRef, Bookmaker

NOW_MS = 1_795_262_400_000
HOUR_MS = 3_600_000
REFERENCE = "ebb4c11a-714b-4be6-a635-486ec09869a3"

Check = Callable[[str], None]
Intent = Callable[..., BetIntent]


@pytest.fixture
def sent(venue: Any, golden: dict[str, Any]) -> Check:
    """Compares what was sent with the recorded requests of a name."""

    def check(name: str) -> None:
        assert [as_recorded(seen) for seen in venue.seen] == golden[name]

    return check


def as_recorded(seen: Any) -> dict[str, Any]:
    where = f"{seen.method} {seen.path}" + (f"?{seen.query}" if seen.query else "")
    return {"request": where} | ({"body": seen.body} if seen.body else {})


async def test_opening_reads_the_balance(build: Callable[..., Bookmaker], sent: Check) -> None:
    made = build()
    await made.open()
    sent("balance")
    await made.close()


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("home moneyline", {}),
        (
            "home moneyline where the home team is second",
            {"market_ref": "line/4/487/1628488896/3565645414/0/moneyline"},
        ),
        ("draw, exact price", {"outcome_ref": "draw", "accept_better": False}),
        (
            "total, in part",
            {
                "market_ref": "line/15/889/1630865288/3722781646/0/totals",
                "outcome_ref": "44.0/over",
                "stake": Decimal("1E+2"),
                "accept_partial": True,
            },
        ),
        (
            "alternative total",
            {
                "market_ref": "altLine/15/889/1630865288/3722781646/57132782926/0/totals",
                "outcome_ref": "44.5/under",
            },
        ),
        (
            "away spread of the first half",
            {"market_ref": "line/29/1980/1616406742/3279471555/1/spreads", "outcome_ref": "-0.5/away"},
        ),
        (
            "team total",
            {"market_ref": "line/29/1980/1616406742/3279471555/0/teamTotal", "outcome_ref": "away/1.5/under"},
        ),
    ],
)
async def test_a_bet(bookmaker: Bookmaker, intent: Intent, sent: Check, name: str, changes: dict[str, Any]) -> None:
    await bookmaker.place(intent(**changes))
    sent(name)


async def test_the_second_bet_of_a_sport_asks_for_no_leagues(bookmaker: Bookmaker, venue: Any, intent: Intent) -> None:
    await bookmaker.place(intent())
    await bookmaker.place(intent())
    assert len(venue.requests("GET /v2/leagues")) == 1


async def test_requests_carry_the_basic_credentials(bookmaker: Bookmaker, venue: Any, intent: Intent) -> None:
    await bookmaker.place(intent())
    expected = "Basic " + b64encode(b"demo:throwaway1").decode()
    assert {seen.headers["Authorization"] for seen in venue.seen} == {expected}
    posted = venue.requests("POST /v4/bets/straight")[0].headers
    assert (posted["Content-Type"], posted["Accept"]) == ("application/json", "application/json")
    assert posted["User-Agent"]


async def test_a_client_id_of_its_own_goes_before_the_account_s_name(
    build: Callable[..., Bookmaker], venue: Any
) -> None:
    made = build(username=Secret("AB123"), password=Secret("pässword"))
    await made.open()
    await made.close()
    assert venue.seen[0].headers["Authorization"] == "Basic " + b64encode("AB123:pässword".encode()).decode()


async def test_asking_for_a_reference(bookmaker: Bookmaker, sent: Check) -> None:
    await bookmaker.find(BetRef(REFERENCE, None, NOW_MS - 60_000))
    sent("find by reference")


async def test_asking_for_a_bet(bookmaker: Bookmaker, venue: Any, sent: Check, payload: Any) -> None:
    venue.answer("GET /v4/bets", payload("bet_accepted.json"))
    await bookmaker.find(BetRef(REFERENCE, "759629245", NOW_MS))
    sent("find by bet id")


async def test_searching_for_an_old_reference(bookmaker: Bookmaker, venue: Any, sent: Check, payload: Any) -> None:
    venue.answer("GET /v4/bets", {"straightBets": []}, payload("bet_accepted.json"))
    await bookmaker.find(BetRef(REFERENCE, None, NOW_MS - HOUR_MS))
    sent("find in the lists")


async def test_asking_for_settled_bets(bookmaker: Bookmaker, sent: Check) -> None:
    await bookmaker.settled(NOW_MS - HOUR_MS)
    sent("settled")


@pytest.mark.parametrize(
    ("name", "kind", "outcome_ref"),
    [
        ("line of a moneyline", "moneyline", "home"),
        ("line of a spread", "spreads", "-2.75/away"),
        ("line of a total", "totals", "2.5/over"),
    ],
)
async def test_asking_for_a_line(
    bookmaker: Bookmaker, venue: Any, sent: Check, payload: Any, intent: Any, name: str, kind: str, outcome_ref: str
) -> None:
    venue.answer("GET /v1/line", payload("line_main.json"))
    await bookmaker.line(f"line/29/1980/1616406742/3279471555/0/{kind}", outcome_ref, intent().outcome)
    sent(name)
