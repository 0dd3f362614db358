"""Every request as it leaves, held against `requests.json`, which is written from the venue's protobuf files."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.odds import OddsMicros
from hedgerow.venues.base import BetRef, Bookmaker
from hedgerow.venues.cloudbet.requests import second_reference

from .conftest import NOW_S, REFERENCE, STATUS, Intent, Payload

Check = Callable[[str], None]


@pytest.fixture
def sent(venue: Any, golden: dict[str, Any]) -> Check:
    """Compares what was sent with the recorded requests of a name."""

    def check(name: str) -> None:
        assert [as_recorded(seen) for seen in venue.seen] == golden[name]

    return check


def as_recorded(seen: Any) -> dict[str, Any]:
    where = f"{seen.method} {seen.path}" + (f"?{seen.query}" if seen.query else "")
    return {"request": where} | ({"body": seen.body} if seen.body else {})


async def test_opening_asks_for_the_currencies(build: Callable[..., Bookmaker], sent: Check) -> None:
    made = build()
    await made.open()
    sent("opening")
    await made.close()


async def test_the_balance_and_what_is_held(bookmaker: Bookmaker, sent: Check) -> None:
    await bookmaker.balance()
    sent("balance")


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("total, better odds wanted", {}),
        (
            "moneyline, exact odds",
            {
                "market_ref": "soccer.match_odds",
                "outcome_ref": "draw",
                "odds": OddsMicros(3_000_000),
                "stake": Decimal("1E+2"),
                "accept_better": False,
            },
        ),
        (
            "away handicap, named by the home team's",
            {
                "market_ref": "soccer.asian_handicap/handicap=-2.75",
                "outcome_ref": "away",
                "stake": Decimal("0.00012345"),
            },
        ),
    ],
)
async def test_a_bet(bookmaker: Bookmaker, intent: Intent, sent: Check, name: str, changes: dict[str, Any]) -> None:
    await bookmaker.place(intent(**changes))
    sent(name)


async def test_requests_carry_the_key(bookmaker: Bookmaker, venue: Any, intent: Intent) -> None:
    await bookmaker.place(intent())
    (posted,) = venue.seen
    told = {name: posted.headers[name] for name in ("X-API-Key", "Content-Type", "Accept")}
    assert told == {"X-API-Key": "key-1", "Content-Type": "application/json", "Accept": "application/json"}


async def test_asking_for_a_reference(bookmaker: Bookmaker, venue: Any, sent: Check, payload: Payload) -> None:
    venue.answer(STATUS, payload("bet.json"))
    await bookmaker.find(BetRef(REFERENCE, None, NOW_S * 1000))
    sent("find")


async def test_the_statement(bookmaker: Bookmaker, sent: Check) -> None:
    await bookmaker.settled(NOW_S * 1000)
    sent("settled")


async def test_the_present_line(bookmaker: Bookmaker, sent: Check, intent: Intent) -> None:
    bet = intent()
    await bookmaker.line(bet.market_ref, bet.outcome_ref, bet.outcome)
    sent("line")


@given(st.uuids())
def test_a_second_reference_follows_from_the_first_whatever_its_case(first: uuid.UUID) -> None:
    second = second_reference(str(first))
    assert second == second_reference(str(first).upper())
    assert second not in (str(first), second_reference(second))
    assert str(uuid.UUID(second)) == second
