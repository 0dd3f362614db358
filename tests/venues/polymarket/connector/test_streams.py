"""The account's and the markets' channels."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from hedgerow.core.ladders import PriceGrid
from hedgerow.core.states import FillState, OrderStatus
from hedgerow.venues.base import (
    Exchange,
    Fill,
    Instrument,
    MarketChange,
    OrderRef,
    OrderState,
    StreamGap,
)

from .script import TOKEN, Events, Quotes, Until, accepted, resting, trade


async def test_events_of_the_account_arrive_in_order(
    exchange: Exchange, venue: Any, ref: OrderRef, events: Events, until: Until
) -> None:
    channel = venue.channels["/ws/user"]
    await channel.push({"event_type": "order", "type": "PLACEMENT", **resting(ref.venue_ref)})
    await channel.push({"event_type": "trade", **trade(ref.venue_ref, "4", "MATCHED")})
    await channel.push({"event_type": "trade", **trade(ref.venue_ref, "4", "FAILED")})
    await until(lambda: len(events) == 3)
    order, matched, failed = events
    assert isinstance(order, OrderState)
    assert isinstance(matched, Fill)
    assert isinstance(failed, Fill)
    assert order.client_ref == matched.client_ref == ref.client_ref
    assert (matched.state, failed.state) == (FillState.PROVISIONAL, FillState.REVERSED)
    assert (matched.trade_ref, matched.venue_ref) == (failed.trade_ref, failed.venue_ref)


async def test_event_that_overtakes_the_answer_is_not_taken_back(
    exchange: Exchange, venue: Any, quote: Quotes, events: Events, until: Until
) -> None:
    order_id = exchange.ref_of(quote()).venue_ref
    venue.answer("POST /order", accepted(order_id))
    filled = resting(order_id, status="MATCHED", size_matched="10")

    async def tell_first() -> None:
        await venue.channels["/ws/user"].push({"event_type": "order", "type": "UPDATE", **filled})
        await until(lambda: events)

    venue.before("POST /order", tell_first)
    state = await exchange.place(quote())
    assert (state.status, state.filled) == (OrderStatus.FILLED, 10_000_000)


async def test_broken_channel_is_a_gap_until_it_is_back(
    exchange: Exchange, venue: Any, events: Events, until: Until
) -> None:
    await venue.channels["/ws/user"].drop()
    await until(lambda: len(events) == 2)
    assert [gap.is_down for gap in events if isinstance(gap, StreamGap)] == [True, False]


async def test_silent_channel_is_dropped_and_comes_back(
    build: Any, venue: Any, events: Events, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hedgerow.venues.polymarket.channels._LOOK_EVERY_S", 0.02)
    monkeypatch.setattr("hedgerow.venues.polymarket.channels.SILENCE_S", 0.04)
    exchange = build()
    await exchange.open(events.append)
    await until(lambda: venue.channels["/ws/user"].said.count("PING") > 1)
    assert any(isinstance(gap, StreamGap) and gap.is_down for gap in events)
    await exchange.close()


async def test_watched_markets_are_followed_and_others_are_not(
    exchange: Exchange, venue: Any, instrument: Instrument, events: Events, until: Until
) -> None:
    channel = venue.channels["/ws/market"]
    await exchange.watch([instrument])
    await until(lambda: len(channel.messages) == 1)
    await exchange.watch([dataclasses.replace(instrument, ref="7001")])
    await until(lambda: len(channel.messages) == 3)
    assert [message["assets_ids"] for message in channel.messages] == [[TOKEN], [TOKEN], ["7001"]]
    change = {"event_type": "tick_size_change", "new_tick_size": "0.001", "old_tick_size": "0.01"}
    await channel.push([{**change, "asset_id": TOKEN}, {**change, "asset_id": "7001"}])
    await until(lambda: events)
    assert events == [MarketChange("7001", is_open=True, grid=PriceGrid.probability(1_000))]


async def test_watching_nothing_closes_the_markets_channel(
    exchange: Exchange, venue: Any, instrument: Instrument, until: Until
) -> None:
    await exchange.watch([instrument])
    await until(lambda: venue.channels["/ws/market"].messages)
    await exchange.watch([])
    await until(lambda: venue.channels["/ws/market"].socket.closed)


async def test_many_markets_are_spread_over_sockets(exchange: Exchange, instrument: Instrument) -> None:
    await exchange.watch([dataclasses.replace(instrument, ref=str(number)) for number in range(450)])
    sessions = [channel.session for channel in exchange._channels._markets]  # type: ignore[attr-defined]
    assert sorted(len(session.tokens) for session in sessions) == [50, 200, 200]
    await exchange.watch([dataclasses.replace(instrument, ref=str(number)) for number in range(200, 250)])
    assert len(exchange._channels._markets) == 1  # type: ignore[attr-defined]
