"""Answers that the simulated venue does not give: of another form, about another order, in pages."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Any

import pytest
from tests.venues.scripted import LOST, ScriptedVenue

from hedgerow.core.clock import NS_PER_S, SteppedClock
from hedgerow.core.errors import CannotTell, InDoubt, Unavailable
from hedgerow.core.ids import FixtureId, OutcomeId, PlayerId
from hedgerow.core.money import decimal_of
from hedgerow.core.odds import OddsMicros
from hedgerow.core.secrets import Secret
from hedgerow.core.states import BetSettlement, BetStatus
from hedgerow.venues.base import Account, BetIntent, BetRef, VenueContext
from hedgerow.venues.registry import build_bookmaker
from hedgerow.venues.taking import TakingBookmaker

Load = Callable[[str], dict[str, Any]]
NOW_S = 1_795_190_000
SLUG = "a-match-1777838401426"
ORDERS, STATUS, HISTORY = "POST /orders", "POST /orders/status/batch", "GET /portfolio/history"
ROWS = f"GET /markets/{SLUG}/user-orders"
BET = BetIntent(
    "bet-1",
    FixtureId("fixture"),
    OutcomeId(121),
    PlayerId(0),
    SLUG,
    "1111",
    OddsMicros(6_000_000),
    Decimal(10),
    "USD",
    is_live=False,
)


@pytest.fixture
async def venue(load: Load) -> AsyncIterator[ScriptedVenue]:
    """It knows the profile, one market and its book."""
    scripted = ScriptedVenue({"message": "not scripted", "error": "Not Found", "statusCode": 404})
    scripted.answer("GET /profiles/me", load("profile"))
    scripted.answer(f"GET /markets/{SLUG}", load("market"))
    scripted.answer(f"GET /markets/{SLUG}/orderbook", load("book"))
    async with scripted.serving():
        yield scripted


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(NOW_S * NS_PER_S)


@pytest.fixture
async def bookmaker(venue: ScriptedVenue, clock: SteppedClock) -> AsyncIterator[TakingBookmaker]:
    texts = {
        "api_token": "token-0",
        "api_secret": "ERERERERERERERERERERERERERERERERERERERERERE=",
        "private_key": "11" * 32,
    }
    account = Account(1, "demo", "USD", {name: Secret(text) for name, text in texts.items()})
    made = build_bookmaker("limitless-ex", VenueContext(account, clock, {"rest": venue.url, "rpc": venue.url}))
    assert isinstance(made, TakingBookmaker)
    await made.open()
    yield made
    await made.close()


def placed(load: Load, status: str = "MINED", **order: Any) -> dict[str, Any]:
    """What an order for 62.111 shares at 0.161 is answered with, of which 10.752 were taken."""
    told = load("placed")
    told["order"].update(order)
    told["execution"].update(settlementStatus=status, clientOrderId="bet-1")
    told["execution"]["totalsRaw"]["usdGross"] = "1731072"
    return told


def found(*orders: dict[str, Any]) -> dict[str, Any]:
    rows = [{"index": index, "status": "found", "data": order} for index, order in enumerate(orders)]
    return {"results": rows}


def ref(clock: SteppedClock, bet_ref: str | None = None) -> BetRef:
    return BetRef("bet-1", bet_ref, clock.now_ms(), stake=BET.stake)


async def test_a_placement_is_what_the_answer_says(
    bookmaker: TakingBookmaker, venue: ScriptedVenue, load: Load
) -> None:
    venue.answer(ORDERS, placed(load), status=201)
    report = await bookmaker.place(BET)
    assert (report.status, report.stake) == (BetStatus.CONFIRMED, decimal_of(1_731_072))
    sent = json.loads(venue.requests(ORDERS)[0].body)
    assert (sent["order"]["takerAmount"], sent["order"]["makerAmount"]) == (62_111_000, 9_999_871)


@pytest.mark.parametrize(
    "order", [{"tokenId": "2222"}, {"side": 1}, {"side": 2}, {"id": None}, {"market": None}, {"tokenId": 1111}]
)
async def test_an_answer_about_another_order_leaves_the_bet_in_doubt(
    bookmaker: TakingBookmaker, venue: ScriptedVenue, load: Load, order: dict[str, Any]
) -> None:
    venue.answer(ORDERS, placed(load, **order), status=201)
    with pytest.raises(InDoubt):
        await bookmaker.place(BET)


@pytest.mark.parametrize(
    "totals", [{"contractsGross": "62112000"}, {"usdGross": "9999872"}, {"usdFee": "9999872"}, {"usdGross": "1.5"}]
)
async def test_totals_beyond_the_order_leave_the_bet_in_doubt(
    bookmaker: TakingBookmaker, venue: ScriptedVenue, load: Load, totals: dict[str, str]
) -> None:
    told = placed(load)
    told["execution"]["totalsRaw"].update(contractsGross="62111000")
    told["execution"]["totalsRaw"].update(totals)
    venue.answer(ORDERS, told, status=201)
    with pytest.raises(InDoubt):
        await bookmaker.place(BET)


@pytest.mark.parametrize("answer", [LOST, "<html>", {}, {"order": {}}])
async def test_no_answer_leaves_the_bet_in_doubt_until_it_is_found(
    bookmaker: TakingBookmaker, venue: ScriptedVenue, clock: SteppedClock, load: Load, answer: Any
) -> None:
    venue.answer(ORDERS, answer, status=201)
    with pytest.raises(InDoubt):
        await bookmaker.place(BET)
    venue.answer(STATUS, found(placed(load)))
    report = await bookmaker.find(ref(clock))
    assert report is not None
    assert (report.status, report.stake) == (BetStatus.CONFIRMED, decimal_of(1_731_072))


async def test_an_order_that_is_not_matched_yet_may_still_be(
    bookmaker: TakingBookmaker, venue: ScriptedVenue, clock: SteppedClock, load: Load
) -> None:
    venue.answer(ORDERS, LOST)
    with pytest.raises(InDoubt):
        await bookmaker.place(BET)
    venue.answer(STATUS, found(placed(load, "UNMATCHED")))
    asked = ref(clock)
    with pytest.raises(CannotTell, match="may be on its way"):
        await bookmaker.find(asked)
    clock.advance(46)
    report = await bookmaker.find(asked)
    assert report is not None
    assert report.status is BetStatus.REJECTED


async def test_an_order_that_was_told_and_is_not_listed_any_more_is_not_gone(
    bookmaker: TakingBookmaker, venue: ScriptedVenue, clock: SteppedClock
) -> None:
    venue.answer(STATUS, {"results": [{"index": 0, "status": "not_found"}]})
    asked = ref(clock, "an-id")
    clock.advance(3_600)
    with pytest.raises(CannotTell, match="not_found"):
        await bookmaker.find(asked)


@pytest.mark.parametrize("results", [[], [{"index": 1, "status": "found"}], [{"index": 0, "status": "found"}] * 2])
async def test_an_answer_about_other_orders_is_no_answer(
    bookmaker: TakingBookmaker, venue: ScriptedVenue, clock: SteppedClock, results: list[Any]
) -> None:
    venue.answer(STATUS, {"results": results})
    with pytest.raises(Unavailable):
        await bookmaker.find(ref(clock))


# --- the statement ---------------------------------------------------------------------------------------------------


def trade(at_s: int, strategy: str = "Market Buy") -> dict[str, Any]:
    return {"blockTimestamp": at_s, "market": {"slug": SLUG}, "strategy": strategy}


async def test_the_statement_reads_the_history_to_its_time_and_leaves_out_what_rested(
    bookmaker: TakingBookmaker, venue: ScriptedVenue, load: Load
) -> None:
    day_s = 24 * 3_600
    sold = {**trade(NOW_S - 4, "Market Sell"), "market": {"slug": "where-nothing-was-bought"}}
    old = {"data": [sold, trade(NOW_S - 5, "Split"), trade(NOW_S - day_s - 9)], "nextCursor": "more"}
    venue.answer(HISTORY, {"data": [trade(NOW_S)], "nextCursor": "next"}, old)
    kinds = [("bet", "FAK", "BUY"), ("quote", "GTC", "BUY"), ("sale", "FAK", "SELL")]
    venue.answer(ROWS, [{"id": name, "type": kind, "side": side} for name, kind, side in kinds])
    venue.answer(STATUS, found(placed(load)))
    venue.answer(f"GET /markets/{SLUG}", {**load("market"), "status": "RESOLVED", "winningOutcomeIndex": 0})
    (report,) = await bookmaker.settled(NOW_S * 1000)
    assert (report.reference, report.settlement) == ("bet-1", BetSettlement.WON)
    assert report.payout == decimal_of(10_752_000 - 63_436)
    assert [seen.query for seen in venue.requests(HISTORY)] == ["cursor=&limit=100", "cursor=next&limit=100"]
    assert json.loads(venue.requests(STATUS)[0].body) == {"items": [{"orderId": "bet"}]}


async def test_a_history_that_turns_in_circles_is_no_answer(bookmaker: TakingBookmaker, venue: ScriptedVenue) -> None:
    venue.answer(HISTORY, {"data": [trade(NOW_S)], "nextCursor": "same"})
    with pytest.raises(Unavailable, match="no end"):
        await bookmaker.settled(NOW_S * 1000)


async def test_an_answer_about_another_market_is_not_bet_on(
    bookmaker: TakingBookmaker, venue: ScriptedVenue, load: Load
) -> None:
    venue.answer(f"GET /markets/{SLUG}", {**load("market"), "slug": "another"})
    with pytest.raises(Unavailable, match="another market"):
        await bookmaker.place(BET)
    assert venue.requests(ORDERS) == []
