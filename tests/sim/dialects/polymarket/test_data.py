"""What a wallet holds, has traded and was paid."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hedgerow.core.states import SettlementStatus
from hedgerow.sim.faults import Behaviour

from .harness import FIXTURE, NOW_S, Venue


async def _ask(venue: Venue, path: str, **query: Any) -> Any:
    return (await venue.get(path, "data", user=venue.key.wallet.funder, **query)).body


async def _buy(venue: Venue, price: str, size: str) -> None:
    """A purchase that has come to the chain."""
    venue.quote("sell", price, size)
    await venue.place("BUY", price, size)
    await venue.step(2)


async def test_a_position_is_kept_at_average_cost_without_fees(venue: Venue) -> None:
    await _buy(venue, "0.4", "10")
    await _buy(venue, "0.6", "10")
    venue.quote("buy", "0.7", "5")
    await venue.place("SELL", "0.7", "5")
    (row,) = await _ask(venue, "/positions")
    assert (row["size"], row["avgPrice"], row["initialValue"], row["realizedPnl"]) == (15, 0.5, 7.5, 1)
    assert (row["asset"], row["oppositeAsset"]) == venue.market.tokens
    assert (row["outcome"], row["outcomeIndex"], row["redeemable"]) == ("Carlos Alcaraz", 0, False)
    assert row["entryFeesUsdc"] == 0.108  # three quarters of 2 × 10 × 0.03 × 0.24


async def test_a_position_is_worth_what_the_book_says(venue: Venue) -> None:
    for price in ("0.4", "0.42"):
        venue.quote("sell", price, "10")
    await venue.place("BUY", "0.42", "20")
    venue.quote("buy", "0.5", "15")
    await venue.place("SELL", "0.5", "10", orderType="FAK")
    venue.quote("sell", "0.6", "5")
    (row,) = (await _ask(venue, "/v2/positions"))["data"]
    assert (row["current_price"], row["current_value"], row["entry_cost_usdc"]) == (0.55, 5.5, 4.1)
    assert (row["realized_pnl"], row["unrealized_pnl"], row["total_pnl"]) == (0.9, 1.4, 2.3)
    assert (row["percent_realized_pnl"], row["percent_pnl"]) == (21.9512, 34.1463)
    assert row["entry_fees_usdc"] == 0.07254  # half of 10 × 0.03 × (0.24 + 0.2436)


async def test_small_positions_are_hidden_unless_asked_for(venue: Venue) -> None:
    await _buy(venue, "0.5", "5")
    venue.quote("buy", "0.5", "10")
    await venue.place("SELL", "0.5", "4.5", orderType="FAK")
    assert await _ask(venue, "/positions") == []
    assert [row["size"] for row in await _ask(venue, "/positions", sizeThreshold="0")] == [0.5]


async def test_the_second_version_comes_in_an_envelope(venue: Venue) -> None:
    await _buy(venue, "0.5", "5")
    page = await _ask(venue, "/v2/positions")
    assert page["pagination"] == {"has_more": False, "next_cursor": None}
    (row,) = page["data"]
    assert (row["current_size"], row["token_id"], row["status"]) == (5, venue.market.tokens[0], "OPEN")
    assert (row["entry_cost_usdc"], row["entry_fees_usdc"], row["total_cost_usdc"]) == (2.5, 0.0375, 2.5375)
    assert (await _ask(venue, "/v2/positions", status="REDEEMABLE"))["data"] == []


async def test_trades_have_the_fields_of_recorded_ones(venue: Venue, shared: Callable[[str], Path]) -> None:
    recorded = json.loads(shared("data/polymarket/clob_messages/rust_data_api_trades_response.json").read_text())
    await _buy(venue, "0.5", "5")
    (row,) = await _ask(venue, "/trades")
    assert recorded[0].keys() <= row.keys()
    assert (row["side"], row["price"], row["size"], row["timestamp"]) == ("BUY", 0.5, 5, NOW_S)


async def test_what_was_made_is_listed_only_when_asked_for(venue: Venue) -> None:
    await venue.rest("BUY", "0.4", "10")
    venue.take("sell", "0.4", "10")
    await venue.step(2)
    assert await _ask(venue, "/trades") == []
    assert len(await _ask(venue, "/trades", takerOnly="false")) == 1
    assert len((await _ask(venue, "/v2/trades", taker_only="false"))["data"]) == 1


async def test_a_trade_is_listed_once_it_is_mined_and_held_from_the_start(venue: Venue) -> None:
    venue.quote("sell", "0.5", "5")
    await venue.place("BUY", "0.5", "5")
    assert [row["size"] for row in await _ask(venue, "/positions")] == [5]
    assert await _ask(venue, "/trades") == await _ask(venue, "/activity") == []
    await venue.step(2)
    assert len(await _ask(venue, "/trades")) == len(await _ask(venue, "/activity")) == 1


async def test_tokens_whose_purchase_failed_are_made_up_for_by_others(venue: Venue) -> None:
    faults = venue.polymarket.exchange.faults
    faults.set(Behaviour(failTradeRate=1.0))
    await _buy(venue, "0.4", "10")
    faults.set(Behaviour())
    venue.quote("buy", "0.5", "10")
    await venue.place("SELL", "0.5", "10")
    await _buy(venue, "0.6", "15")
    await venue.step(3)
    (row,) = await _ask(venue, "/positions")
    assert (row["size"], row["avgPrice"], row["realizedPnl"]) == (5, 0.6, -1)
    assert [row["side"] for row in await _ask(venue, "/trades")] == ["BUY", "SELL"]


async def test_a_position_that_was_sold_is_gone(venue: Venue) -> None:
    await _buy(venue, "0.5", "5")
    venue.quote("buy", "0.5", "10")
    await venue.place("SELL", "0.5", "5")
    assert await _ask(venue, "/positions", sizeThreshold="0") == []
    assert (await _ask(venue, "/v2/positions"))["data"] == []


@pytest.mark.parametrize(("result", "paid"), [("WON", 10), ("LOST", 0), ("VOID", 5)])
async def test_a_resolved_position_is_redeemed_and_gone(venue: Venue, result: str, paid: int) -> None:
    await _buy(venue, "0.4", "10")
    await venue.step(60)
    venue.world.settle(FIXTURE, {121: SettlementStatus(result)})
    assert await _ask(venue, "/positions") == []
    redeemed, bought = await _ask(venue, "/activity")
    assert (redeemed["type"], redeemed["usdcSize"], redeemed["size"]) == ("REDEEM", paid, 10)
    assert (bought["type"], bought["usdcSize"], bought["timestamp"]) == ("TRADE", 4, NOW_S)
    only = (await _ask(venue, "/v2/activity", type="TRADE"))["data"]
    assert [row["type"] for row in only] == ["TRADE"]
    turned = (await _ask(venue, "/v2/activity", sort_direction="ASC"))["data"]
    assert [row["type"] for row in turned] == ["TRADE", "REDEEM"]


async def test_rows_are_filtered_by_market_side_and_time(venue: Venue) -> None:
    await _buy(venue, "0.4", "10")
    await venue.step(10)
    await _buy(venue, "0.4", "5")
    assert [row["size"] for row in await _ask(venue, "/trades", start=NOW_S + 1)] == [5]
    assert [row["size"] for row in await _ask(venue, "/trades", end=NOW_S)] == [10]
    assert await _ask(venue, "/trades", side="SELL") == []
    assert await _ask(venue, "/activity", market="0x00") == []
    assert [row["size"] for row in await _ask(venue, "/trades", limit=1, offset=1)] == [10]


async def test_a_stranger_has_nothing_and_nobody_is_an_error(venue: Venue) -> None:
    stranger = "0x" + "11" * 20
    assert (await venue.get("/positions", "data", user=stranger)).body == []
    assert (await venue.get("/positions", "data")).status == 400
