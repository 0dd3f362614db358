"""A trade's way to the chain in the world's time, and back when it fails."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.polymarket.markets import Listings
from hedgerow.sim.dialects.polymarket.trades import Trade, TradeLog, TradeStatus
from hedgerow.sim.dialects.polymarket.venue import taker_fee
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.faults import Behaviour
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.order_events import Event, SweepEvent
from hedgerow.sim.orders import Contract, Leg, Rejection

from .harness import ACCOUNT, FIXTURE, Venue, tennis

FAILS = Behaviour(failTradeRate=1.0)


async def _statuses(venue: Venue) -> list[str]:
    rows = (await venue.ask("GET", "/data/trades")).body["data"]
    return [row["status"].removeprefix("TRADE_STATUS_") for row in rows]


async def test_a_trade_is_mined_and_then_confirmed(venue: Venue) -> None:
    venue.quote("sell", "0.5", "10")
    await venue.place("BUY", "0.5", "10")
    seen = [await _statuses(venue)]
    for seconds in (1.9, 0.2, 2.8, 0.2):
        await venue.step(seconds)
        seen.append(await _statuses(venue))
    assert seen == [["MATCHED"], ["MATCHED"], ["MINED"], ["MINED"], ["CONFIRMED"]]


async def test_a_mined_trade_has_a_transaction(venue: Venue) -> None:
    venue.quote("sell", "0.5", "10")
    await venue.place("BUY", "0.5", "10")
    (before,) = (await venue.ask("GET", "/data/trades")).body["data"]
    await venue.step(2)
    (after,) = (await venue.ask("GET", "/data/trades")).body["data"]
    assert before["transaction_hash"] == ""
    assert len(after["transaction_hash"]) == 66
    assert int(after["last_update"]) == int(before["last_update"]) + 2


async def test_a_failed_trade_gives_money_and_tokens_back(venue: Venue) -> None:
    exchange = venue.polymarket.exchange
    exchange.faults.set(FAILS)
    venue.quote("sell", "0.5", "10")
    placed = await venue.place("BUY", "0.5", "10")
    assert exchange.accounts[ACCOUNT].cash < 10_000 * MICRO
    await venue.step(2)
    assert await _statuses(venue) == ["RETRYING"]
    await venue.step(3)
    assert await _statuses(venue) == ["FAILED"]
    assert exchange.accounts[ACCOUNT].cash == 10_000 * MICRO
    assert not any(exchange.accounts[ACCOUNT].held.values())
    assert exchange.orders[placed.body["orderID"]].filled == 0
    assert (await venue.get("/trades", "data", user=venue.key.wallet.funder)).body == []


async def test_a_failing_trade_whose_tokens_are_gone_succeeds_after_all(venue: Venue) -> None:
    exchange = venue.polymarket.exchange
    exchange.faults.set(FAILS)
    venue.quote("sell", "0.5", "10")
    await venue.place("BUY", "0.5", "10")
    exchange.faults.set(Behaviour())
    venue.quote("buy", "0.5", "10")
    await venue.place("SELL", "0.5", "10")
    await venue.step(6)
    assert await _statuses(venue) == ["CONFIRMED", "CONFIRMED"]
    (sold, bought) = (await venue.ask("GET", "/data/trades")).body["data"]
    assert (sold["side"], bought["side"]) == ("SELL", "BUY")
    assert bought["transaction_hash"] != sold["transaction_hash"] != ""


async def test_a_failing_trade_of_a_resolved_market_succeeds(venue: Venue) -> None:
    venue.polymarket.exchange.faults.set(FAILS)
    venue.quote("sell", "0.5", "10")
    await venue.place("BUY", "0.5", "10")
    venue.world.settle(FIXTURE, {121: SettlementStatus.WON})
    await venue.step(6)
    assert await _statuses(venue) == ["CONFIRMED"]


async def test_a_trade_of_an_emptied_world_moves_no_more(venue: Venue) -> None:
    venue.quote("sell", "0.5", "10")
    await venue.place("BUY", "0.5", "10")
    (trade,) = venue.polymarket.trades
    venue.polymarket.trades.clear()
    await venue.step(6)
    assert trade.status is TradeStatus.MATCHED


# --- many orders at once --------------------------------------------------------------------------------------------

NAMES = ("ann", "bob", "eve")
Placing = tuple[int, bool, bool, int, int]
_PLACING = st.tuples(st.integers(0, 2), st.booleans(), st.booleans(), st.integers(1, 9), st.integers(1, 20))


def _traded(orders: list[Placing]) -> tuple[Exchange, Contract, list[Trade]]:
    """What orders (who, first token, buys, tenths, shares) that find a counterparty make of a market."""
    exchange = Exchange("polymarket", WorldClock(), fee=taker_fee)
    for name in NAMES:
        exchange.add_account(name, 100 * MICRO)
    market = Listings(exchange, Catalogue(), 10_000).put(tennis(), 0)
    assert market is not None
    told: list[Trade] = []
    clock = WorldClock()
    clock.run_stepped(0)
    log = TradeLog(exchange, clock, mined_after_s=1, confirmed_after_s=2, tell=told.append)

    def record(event: Event) -> None:
        if isinstance(event, SweepEvent):
            log.record(event)

    exchange.on_event(record)
    for number, (who, first, buys, tenths, shares) in enumerate(orders):
        leg, side = Leg.YES if first else Leg.NO, Side.BUY if buys else Side.SELL
        amounts = tenths * 100_000, shares * MICRO
        with suppress(Rejection):
            exchange.place(NAMES[who], market.contract, leg, side, *amounts, reference=str(number), needs_holding=True)
    return exchange, market.contract, told


@given(st.lists(_PLACING, min_size=2, max_size=25))
@settings(max_examples=80)
async def test_trades_tell_all_that_was_matched(orders: list[Placing]) -> None:
    exchange, _, trades = _traded(orders)
    for order in exchange.orders.values():
        told = sum(trade.size for trade in trades if trade.taker is order) + sum(
            fill.size for trade in trades for fill in trade.makers if fill.order is order
        )
        assert told == order.filled
    for trade in trades:
        assert trade.size == sum(fill.size for fill in trade.makers)
        for fill in trade.makers:
            is_same_token = fill.order.leg is trade.taker.leg
            assert fill.price == (trade.price if is_same_token else MICRO - trade.price)
    assert len({trade.id for trade in trades}) == len(trades)


@pytest.mark.parametrize(
    ("price", "size", "fee"),
    [
        (500_000, 100 * MICRO, 750_000),
        (300_000, 100 * MICRO, 630_000),
        (10_000, MICRO, 300),
        (10_000, MICRO // 100, 0),
        (500_000, 2 * MICRO // 100, 150),
    ],
)
def test_the_fee_is_largest_in_the_middle_and_has_five_decimals(price: int, size: int, fee: int) -> None:
    contract = next(iter(_traded([])[0].contracts.values()))
    assert taker_fee(contract, price, size, is_maker=False) == fee
    assert taker_fee(contract, MICRO - price, size, is_maker=False) == fee
    assert taker_fee(contract, price, size, is_maker=True) == 0
