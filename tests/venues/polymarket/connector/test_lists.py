"""Lists: pages, unreadable rows, balances, listings, resolutions."""

from __future__ import annotations

import dataclasses
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hedgerow.core.errors import Unavailable
from hedgerow.core.states import FillState, SettlementStatus
from hedgerow.venues.base import (
    Exchange,
    Fee,
    Instrument,
    OrderRef,
)

from .script import page, resting, trade


async def test_working_orders_come_from_all_pages(exchange: Exchange, venue: Any, ref: OrderRef) -> None:
    venue.answer("GET /data/orders", page(resting(ref.venue_ref), cursor="MTAw"))
    venue.then("GET /data/orders", page(resting("0x2", side="SELL"), resting("0x3", status="MATCHED")))
    working = await exchange.working()
    assert [(order.venue_ref, order.client_ref) for order in working] == [
        (ref.venue_ref, ref.client_ref),
        ("0x2", None),
    ]
    assert [dict(asked.query)["next_cursor"] for asked in venue.requests("GET /data/orders")] == ["MA==", "MTAw"]


async def test_working_orders_may_come_as_a_plain_list(exchange: Exchange, venue: Any) -> None:
    venue.answer("GET /data/orders", [resting("0x2")])
    assert [order.venue_ref for order in await exchange.working()] == ["0x2"]


async def test_list_without_an_end_is_no_list(exchange: Exchange, venue: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hedgerow.venues.polymarket.rest._MOST_PAGES", 3)
    venue.answer("GET /data/orders", *(page(resting("0x2"), cursor=str(number)) for number in range(3)))
    with pytest.raises(Unavailable, match="3 pages"):
        await exchange.working()
    venue.answer("GET /markets/keyset", {"markets": [], "next_cursor": "more"})
    with pytest.raises(Unavailable, match="3 pages"):
        await exchange.listings("tennis")


async def test_list_that_goes_round_is_no_list(exchange: Exchange, venue: Any) -> None:
    venue.answer("GET /data/orders", page(resting("0x2"), cursor="MTAw"))
    with pytest.raises(Unavailable, match="no end"):
        await exchange.working()
    assert len(venue.requests("GET /data/orders")) == 2


async def test_unreadable_list_is_no_empty_list(exchange: Exchange, venue: Any) -> None:
    venue.answer("GET /data/orders", page({"id": "0x2"}))
    with pytest.raises(Unavailable, match="unreadable"):
        await exchange.working()


async def test_taker_pays_the_fee_of_the_watched_market_and_else_that_of_sports(
    exchange: Exchange, venue: Any, instrument: Instrument
) -> None:
    venue.answer("GET /data/trades", page(trade("0x1", trader_side="TAKER", maker_orders=[])))
    (dear,) = await exchange.fills(0)
    await exchange.watch([dataclasses.replace(instrument, taker_fee=Fee(Decimal("0.02"), unit=10))])
    (cheap,) = await exchange.fills(0)
    assert (dear.fee, cheap.fee) == (124_800, 49_920)  # 10 × rate × 0.52 × 0.48


async def test_fills_come_oldest_first_from_the_second_that_was_asked_for(exchange: Exchange, venue: Any) -> None:
    later = trade("0x1", id="later", match_time="1789999995")
    sooner = trade("0x1", id="sooner", match_time="1789999990", status="TRADE_STATUS_CONFIRMED")
    before = trade("0x1", id="before", match_time="1789999989")
    for one in (later, sooner, before):
        one["maker_orders"][0]["owner"] = "11111111-1111-1111-1111-111111111111"
    venue.answer("GET /data/trades", page(later, cursor="MTAw"))
    venue.then("GET /data/trades", page(before, sooner))
    fills = await exchange.fills(1_789_999_990_500)
    assert [(fill.trade_ref, fill.state) for fill in fills] == [
        ("sooner", FillState.FINAL),
        ("later", FillState.PROVISIONAL),
    ]
    asked = dict(venue.requests("GET /data/trades")[0].query)
    assert asked["after"] == "1789999989"
    assert asked["maker_address"] == "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A"


async def test_balance_is_split_into_free_and_held(exchange: Exchange, venue: Any) -> None:
    venue.answer("GET /balance-allowance", {"balance": "100000000", "allowances": {}})
    venue.answer("GET /data/orders", page(resting("0x1", size_matched="5")))
    balance = await exchange.balance()
    assert (balance.free, balance.held, balance.currency) == (Decimal("97.4"), Decimal("2.6"), "USD")
    (asked,) = venue.requests("GET /balance-allowance")
    assert dict(asked.query) == {"asset_type": "COLLATERAL", "signature_type": "0"}


async def test_listings_come_from_all_pages_and_skip_what_is_unreadable(
    exchange: Exchange, venue: Any, fixtures: Path
) -> None:
    tennis = json.loads((fixtures / "gamma_tennis.json").read_text())["markets"]
    soccer = json.loads((fixtures / "gamma_soccer.json").read_text())["markets"]
    venue.answer("GET /markets/keyset", {"markets": [*tennis, {"slug": 5}], "next_cursor": "more"}, {"markets": soccer})
    listings = await exchange.listings("soccer")
    assert [listing.outcome for listing in listings] == ["Reds FC", "Draw", "Blues CF"]
    first, second = venue.requests("GET /markets/keyset")
    assert dict(first.query)["sports_market_types"] == "moneyline"
    assert ("after_cursor", "more") in second.query


async def test_resolutions_are_asked_for_by_condition(
    exchange: Exchange, venue: Any, instrument: Instrument, fixtures: Path
) -> None:
    (market,) = json.loads((fixtures / "gamma_tennis.json").read_text())["markets"]
    closed = market | {"closed": True, "umaResolutionStatus": "resolved", "outcomePrices": '["0", "1"]'}
    venue.answer("GET /markets/keyset", {"markets": [closed]})
    wanted = [dataclasses.replace(instrument, ref="7002", market_ref=market["conditionId"]), instrument]
    (result,) = await exchange.resolutions(wanted)
    assert (result.instrument_ref, result.status) == ("7002", SettlementStatus.WON)
    (asked,) = venue.requests("GET /markets/keyset")
    assert ("closed", "true") in asked.query
    assert [value for name, value in asked.query if name == "condition_ids"] == sorted(one.market_ref for one in wanted)
