"""Bets against a venue that answers by script: what an order took, and how a lost one is found."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from hedgerow.core.clock import SteppedClock
from hedgerow.core.errors import CannotTell, InDoubt, Reason, Refused
from hedgerow.core.states import Side
from hedgerow.venues.base import BetRef, Instrument, VenueContext
from hedgerow.venues.polymarket_us import MANIFEST, wire
from hedgerow.venues.polymarket_us.taking import PolymarketUsTaking, levels_of
from hedgerow.venues.reading import read
from hedgerow.venues.taking import Leg, TakeOrder

from .conftest import MARKET, NOW_S, ORDER_ID, Makes

PLACE, OPEN, ONE = "POST /v1/orders", "GET /v1/orders/open", f"GET /v1/order/{ORDER_ID}"
TRADES = "GET /v1/portfolio/activities"
NOTHING = {"activities": [], "eof": True}
AT_ONCE = {"tif": "TIME_IN_FORCE_IMMEDIATE_OR_CANCEL", "intent": "ORDER_INTENT_BUY_SHORT", "quantity": 5}
USD = {"currency": "USD"}


@pytest.fixture
async def taking(context: VenueContext) -> AsyncIterator[PolymarketUsTaking]:
    made = PolymarketUsTaking(MANIFEST, context)
    yield made
    await made.close()


@pytest.fixture
def bet(instrument: Instrument) -> TakeOrder:
    """Buys 5 of the short side at up to 0.42, which is selling at 0.58."""
    return TakeOrder("bet", Leg(instrument, Side.SELL), 420_000, 5_000_000, 400_000, is_whole=False)


def execution(order: dict[str, Any], trade_id: str, shares: str, price: str) -> dict[str, Any]:
    return {
        "type": "EXECUTION_TYPE_PARTIAL_FILL",
        "order": order,
        "tradeId": trade_id,
        "lastShares": shares,
        "lastPx": {"value": price, **USD},
        "aggressor": True,
        "transactTime": "2026-11-21T12:00:00Z",
        "commissionNotionalCollected": {"value": "0.03", **USD},
    }


async def test_what_an_order_took_is_the_sum_of_its_trades_each_once(
    taking: PolymarketUsTaking, venue: Any, bet: TakeOrder, order: Makes
) -> None:
    ended = order(**AT_ONCE, cumQuantity=3, state="ORDER_STATE_CANCELED")
    fills = [execution(ended, "A", "1", "0.60"), execution(ended, "B", "2", "0.58"), execution(ended, "B", "2", "0.58")]
    venue.answer(PLACE, {"id": ORDER_ID, "executions": fills})
    took = await taking.take(bet)
    assert (took.size, took.cost, took.fee, took.is_over) == (3_000_000, 1_240_000, 60_000, True)
    assert (took.side, took.reference, took.venue_ref, took.instrument_ref) == (Side.SELL, "bet", ORDER_ID, MARKET)


@pytest.mark.parametrize(
    "executions",
    [None, [{"type": "EXECUTION_TYPE_NEW", "state": "ORDER_STATE_PENDING_NEW"}], [{"type": "EXECUTION_TYPE_FILL"}]],
)
async def test_what_the_answer_leaves_open_is_not_over(
    taking: PolymarketUsTaking, venue: Any, bet: TakeOrder, order: Makes, executions: Any
) -> None:
    """Nothing is told, the order waits, or its trade cannot be read."""
    told = [
        {"type": one["type"], "order": order(**AT_ONCE, state=one.get("state", "ORDER_STATE_FILLED"))}
        for one in executions or []
    ]
    venue.answer(PLACE, {"id": ORDER_ID, "executions": told})
    took = await taking.take(bet)
    assert (took.is_over, took.venue_ref, took.size) == (False, ORDER_ID, 0)


async def test_an_order_that_the_exchange_rejects_is_refused(
    taking: PolymarketUsTaking, venue: Any, bet: TakeOrder, order: Makes
) -> None:
    told = {
        "type": "EXECUTION_TYPE_REJECTED",
        "order": order(**AT_ONCE, state="ORDER_STATE_REJECTED"),
        "orderRejectReason": "ORD_REJECT_REASON_EXCHANGE_CLOSED",
    }
    venue.answer(PLACE, {"id": ORDER_ID, "executions": [told]})
    with pytest.raises(Refused) as refused:
        await taking.take(bet)
    assert refused.value.reason is Reason.CLOSED


async def test_a_lost_bet_is_found_by_its_trades_and_another_is_not_taken_for_it(
    taking: PolymarketUsTaking, venue: Any, bet: TakeOrder, order: Makes, trade: Makes, lost: object
) -> None:
    venue.answer(PLACE, lost)
    with pytest.raises(InDoubt):
        await taking.take(bet)
    price = {"value": "0.58", **USD}
    filled = order(**AT_ONCE, price=price, cumQuantity=5, state="ORDER_STATE_FILLED")
    ours = {
        "order": filled,
        "lastShares": "5",
        "lastPx": price,
        "commissionNotionalCollected": {"value": "0.08", **USD},
    }
    other = {**ours, "order": filled | {"id": "ANOTHER", "tif": "TIME_IN_FORCE_FILL_OR_KILL"}}
    rows = [trade(id=name, isAggressor=True, aggressorExecution=mine) for name, mine in (("A", ours), ("B", other))]
    venue.answer(OPEN, {"orders": []})
    venue.answer(TRADES, {"activities": rows, "eof": True})
    venue.answer(ONE, {"order": filled})
    ref = BetRef("bet", None, NOW_S * 1000)
    for _ in range(2):
        found = await taking.taken(ref)
        assert found is not None
        assert (found.venue_ref, found.size, found.cost, found.fee) == (ORDER_ID, 5_000_000, 2_100_000, 80_000)
    assert len(venue.requests(PLACE)) == 1


async def test_a_bet_of_another_process_is_neither_claimed_nor_said_to_be_gone(
    taking: PolymarketUsTaking, venue: Any, order: Makes, trade: Makes, clock: SteppedClock
) -> None:
    ours = {"order": order(**AT_ONCE, cumQuantity=5), "lastShares": "5", "lastPx": {"value": "0.58", **USD}}
    venue.answer(OPEN, {"orders": []})
    venue.answer(TRADES, {"activities": [trade(isAggressor=True, aggressorExecution=ours)], "eof": True})
    clock.advance(600)
    with pytest.raises(CannotTell):
        await taking.taken(BetRef("bet", None, NOW_S * 1000))


async def test_a_bet_is_gone_when_nothing_of_its_time_is_there_and_it_cannot_arrive_any_more(
    taking: PolymarketUsTaking, venue: Any, clock: SteppedClock
) -> None:
    venue.answer(OPEN, {"orders": []})
    venue.answer(TRADES, NOTHING)
    ref = BetRef("bet", None, NOW_S * 1000)
    clock.advance(119)
    with pytest.raises(CannotTell):
        await taking.taken(ref)
    clock.advance(2)
    assert await taking.taken(ref) is None


async def test_a_quoted_order_is_no_bet_and_a_busted_trade_took_nothing(
    taking: PolymarketUsTaking, venue: Any, order: Makes, trade: Makes
) -> None:
    price = {"value": "0.58", **USD}
    quoted = {"order": order(cumQuantity=4), "lastShares": "4", "lastPx": price}
    busted = {
        "order": order(**AT_ONCE, cumQuantity=0, state="ORDER_STATE_CANCELED"),
        "lastShares": "4",
        "lastPx": price,
    }
    rows = [
        trade(isAggressor=True, aggressorExecution=quoted),
        trade(isAggressor=True, aggressorExecution=busted, state="TRADE_STATE_BUSTED"),
    ]
    venue.answer(TRADES, {"activities": rows, "eof": True})
    assert await taking.history(0) == []


@pytest.mark.parametrize("outcome", ["", "?", f"{MARKET}:", f"{MARKET}:yes", f"{MARKET}/", "../x:long"])
async def test_an_outcome_that_is_not_understood_is_refused_unsent(
    taking: PolymarketUsTaking, venue: Any, outcome: str
) -> None:
    with pytest.raises(Refused) as refused:
        await taking.leg("place", MARKET, outcome, is_back=True)
    assert (refused.value.reason, venue.seen) == (Reason.INVALID, [])


@pytest.mark.parametrize(
    ("outcome", "is_back", "side"),
    [("", True, Side.BUY), (":long", False, Side.SELL), (":short", True, Side.SELL), (":short", False, Side.BUY)],
)
async def test_backing_the_short_side_is_laying_the_long_one(
    taking: PolymarketUsTaking, venue: Any, event: Any, outcome: str, side: Side, *, is_back: bool
) -> None:
    venue.answer(f"GET /v1/market/slug/{MARKET}", {"market": event["markets"][0]})
    assert (await taking.leg("place", MARKET, MARKET + outcome, is_back=is_back)).side is side


def test_levels_are_what_a_side_can_buy_the_cheapest_first(instrument: Instrument) -> None:
    rows = [("bids", "0.55", "2"), ("bids", "0.57", "1.5"), ("offers", "0.60", "3"), ("offers", "0.58", "0")]
    sides: dict[str, list[Any]] = {"bids": [], "offers": []}
    for name, price, shares in rows:
        sides[name].append({"px": {"value": price}, "qty": shares})
    told = json.dumps({"marketSlug": MARKET, **sides}).encode()
    book, leg = read(wire.Book, told), Leg(instrument, Side.BUY)
    assert [(level.cost, level.size) for level in levels_of(book, leg)] == [(600_000, 3_000_000)]
    costs = [level.cost for level in levels_of(book, replace(leg, side=Side.SELL))]
    assert costs == [430_000, 450_000]
