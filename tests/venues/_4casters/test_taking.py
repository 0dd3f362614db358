"""Bets that take what stands: what they paid, and what the book has for them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey, PlayerId
from hedgerow.core.money import MICRO
from hedgerow.core.states import BetSettlement, BetStatus
from hedgerow.venues._4casters import FAMILY
from hedgerow.venues.base import Bookmaker, VenueContext

from .conftest import AWAY, GAME, HOME, NOW_S, REFERENCE, Venue

OUTCOME = OutcomeKey(FixtureId("id1200231461061419"), OutcomeId(121), PlayerId(0))
SETTLED = {"settledAt": "2026-11-21T16:00:00.000Z", "fee": "0.27"}


@pytest.fixture
async def bookmaker(context: VenueContext, venue: Venue) -> AsyncIterator[Bookmaker]:
    assert FAMILY.bookmaker is not None
    made = FAMILY.bookmaker(context)
    await made.open()
    yield made
    await made.close()


@pytest.mark.parametrize(
    ("outcome", "result", "settlement", "payout"),
    [
        ("winner", "26.76", BetSettlement.WON, "77.027027"),
        ("loser", "-50.27", BetSettlement.LOST, "0"),
        ("refunded", "0.00", BetSettlement.VOID, "50.27"),
        ("push", "-0.27", BetSettlement.VOID, "50"),
        ("half-win", "13.24", BetSettlement.HALF_WON, "63.513513"),
        ("half-loss", "-25.27", BetSettlement.HALF_LOST, "25"),
    ],
)
async def test_a_graded_bet_is_told_with_what_came_back(
    bookmaker: Bookmaker,
    venue: Venue,
    bet: Callable[..., dict[str, Any]],
    outcome: str,
    result: str,
    settlement: BetSettlement,
    payout: str,
) -> None:
    row = bet(outcome=outcome, result=result, **SETTLED)
    venue.answer("GET /user/v2/getGradedSince", {"data": {"graded": [row], "hasMore": False, "cursor": "c"}})
    (report,) = await bookmaker.settled(NOW_S * 1000)
    assert (report.reference, report.settlement, report.payout) == (REFERENCE, settlement, Decimal(payout))
    assert report.status is (BetStatus.VOID if settlement is BetSettlement.VOID else BetStatus.CONFIRMED)


async def test_the_best_offer_of_others_is_the_line(bookmaker: Bookmaker, venue: Venue, game: dict[str, Any]) -> None:
    def offer(odds: int, backed: str = HOME, **changes: Any) -> dict[str, Any]:
        return {"id": GAME, "odds": odds, "sumUntaken": 21, "participantID": backed, **changes}

    mine, mock = offer(130, createdBy="me"), offer(125, mockOrder=True)
    rows = [mine, mock, offer(-105), offer(104), offer(150, AWAY)]
    venue.answer("GET /exchange/v2/getOrderbook", {"data": {"games": [{**game, "homeMoneylines": rows}]}})
    line = await bookmaker.line("", f"{GAME}/{HOME}", OUTCOME)
    assert line is not None
    assert (line.odds, line.max_stake > 21) == (2_040_000, True)
    away = await bookmaker.line("", f"{GAME}/{AWAY}", OUTCOME)
    assert away is not None
    assert away.odds == 5 * MICRO // 2
    venue.answer("GET /exchange/v2/getOrderbook", {"data": {"games": [{**game, "ended": True}]}})
    assert await bookmaker.line("", f"{GAME}/{HOME}", OUTCOME) is None
