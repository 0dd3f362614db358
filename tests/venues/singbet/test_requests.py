"""Every request as it leaves, held against `requests.json`, which is written from the venue sheet and the document of
the Web API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hedgerow.venues.base import BetIntent, BetRef, Bookmaker

from .conftest import NOW_S, REFERENCE

HOUR_MS = 3_600_000


def told(venue: Any) -> list[dict[str, Any]]:
    """What was asked since the list was emptied, as the recorded requests are written."""
    return [
        {"request": f"{seen.method} {seen.path}" + (f"?{seen.query}" if seen.query else "")}
        | ({"body": seen.body} if seen.body else {})
        for seen in venue.seen
    ]


async def test_opening_logs_in_registers_and_reads_the_balance(
    bookmaker: Bookmaker, venue: Any, golden: dict[str, Any]
) -> None:
    assert told(venue) == golden["opening"]
    keys = [(seen.headers.get("AOToken"), seen.headers.get("AOKey")) for seen in venue.seen]
    assert keys == [(None, None), ("token-1", "key-1"), ("token-1", None)]


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("home team of a handicap", {}),
        (
            "first half's total, live",
            {"market_ref": "1/284512345/HT/O", "outcome_ref": "UnderOdds", "is_live": True},
        ),
    ],
)
async def test_a_bet(
    bookmaker: Bookmaker,
    venue: Any,
    golden: dict[str, Any],
    intent: Callable[..., BetIntent],
    name: str,
    changes: dict[str, Any],
) -> None:
    venue.seen.clear()
    await bookmaker.place(intent(**changes))
    assert told(venue) == golden[name]


async def test_finding_a_bet_that_never_came(bookmaker: Bookmaker, venue: Any, golden: dict[str, Any]) -> None:
    venue.answer("GET /service/GetBetByReference", {"Code": 300, "Data": None})
    venue.seen.clear()
    assert await bookmaker.find(BetRef(REFERENCE, None, NOW_S * 1000 - HOUR_MS)) is None
    assert told(venue) == golden["finding"]


async def test_the_statement_is_read_by_day(bookmaker: Bookmaker, venue: Any, golden: dict[str, Any]) -> None:
    venue.seen.clear()
    assert await bookmaker.settled(NOW_S * 1000 - HOUR_MS) == []
    assert told(venue) == golden["settled"]
