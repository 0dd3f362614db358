"""The public stream: snapshots, levels, trades, and the life of markets for whoever wants to hear of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hedgerow.core.ids import FixtureId
from hedgerow.core.states import SettlementStatus

from .harness import FIXTURE, NOW_S, Stream, Venue, tennis

Message = dict[str, Any]


def _of(kind: str, messages: list[Message]) -> list[Message]:
    return [message for message in messages if message["event_type"] == kind]


async def _following(venue: Venue, *tokens: str, **changes: Any) -> Stream:
    """A subscription whose snapshots have been heard."""
    stream = await venue.market_stream(*tokens, **changes)
    await stream.hear_all()
    return stream


# --- subscriptions --------------------------------------------------------------------------------------------------


async def test_the_first_subscription_is_answered_with_one_array_of_books(venue: Venue) -> None:
    venue.quote("buy", "0.4", "10")
    stream = await venue.market_stream(*venue.market.tokens, "17")
    books = await stream.hear()
    assert [book["event_type"] for book in books] == ["book", "book"]
    for book, token in zip(books, venue.market.tokens, strict=True):
        assert {**(await venue.get("/book", token_id=token)).body, "event_type": "book"} == book
    assert await stream.hear_all() == []


async def test_tokens_that_are_added_later_are_answered_one_by_one(venue: Venue) -> None:
    first, second = venue.market.tokens
    stream = await _following(venue, first)
    await stream.say({"operation": "subscribe", "assets_ids": [first, second]})
    book = await stream.hear()
    assert (book["event_type"], book["asset_id"]) == ("book", second)
    assert await stream.hear_all() == []


async def test_no_snapshot_comes_when_none_is_wanted(venue: Venue) -> None:
    stream = await venue.market_stream(initial_dump=False)
    assert await stream.hear_all() == []
    venue.quote("buy", "0.4", "10")
    assert len(await stream.hear_all()) == 1


async def test_tokens_that_are_left_are_heard_of_no_more(venue: Venue) -> None:
    stream = await _following(venue, *venue.market.tokens)
    await stream.say({"operation": "unsubscribe", "assets_ids": [venue.market.tokens[0]]})
    await stream.hear_all()
    venue.quote("buy", "0.4", "10")
    venue.take("sell", "0.4", "10")
    heard = await stream.hear_all()
    assert {message["asset_id"] for message in _of("book", heard)} == {venue.market.tokens[1]}
    await stream.say({"operation": "unsubscribe", "assets_ids": [venue.market.tokens[1]]})
    await stream.hear_all()
    venue.quote("buy", "0.4", "10")
    assert await stream.hear_all() == []


@pytest.mark.parametrize("frame", ["hello", '{"type": "weather"}', '{"assets_ids": 5}', "[]"])
async def test_a_frame_without_a_meaning_is_an_invalid_operation(venue: Venue, frame: str) -> None:
    stream = await venue.stream("market")
    await stream.say(frame)
    assert await stream.hear() == "INVALID OPERATION"


async def test_a_socket_follows_a_bounded_number_of_tokens(venue: Venue) -> None:
    stream = await venue.stream("market")
    await stream.say({"type": "market", "assets_ids": [str(number) for number in range(501)]})
    assert await stream.hear() == "INVALID OPERATION"


# --- books and trades -----------------------------------------------------------------------------------------------


async def test_a_level_is_told_on_both_tokens_with_its_new_size(venue: Venue) -> None:
    first, second = venue.market.tokens
    venue.quote("buy", "0.4", "10")
    venue.quote("sell", "0.45", "3")
    stream = await _following(venue, second)
    venue.quote("buy", "0.4", "5")
    (message,) = await stream.hear_all()
    books = [(await venue.get("/book", token_id=token)).body for token in (first, second)]
    assert message == {
        "event_type": "price_change",
        "market": venue.market.condition_id,
        "price_changes": [
            {
                "asset_id": first,
                "price": "0.4",
                "size": "15",
                "side": "BUY",
                "hash": books[0]["hash"],
                "best_bid": "0.4",
                "best_ask": "0.45",
            },
            {
                "asset_id": second,
                "price": "0.6",
                "size": "15",
                "side": "SELL",
                "hash": books[1]["hash"],
                "best_bid": "0.55",
                "best_ask": "0.6",
            },
        ],
        "timestamp": str(NOW_S * 1000),
    }


async def test_a_level_that_is_gone_has_no_size(venue: Venue) -> None:
    order = venue.quote("buy", "0.4", "10")
    stream = await _following(venue)
    venue.polymarket.exchange.cancel(order)
    (message,) = await stream.hear_all()
    change = message["price_changes"][0]
    assert (change["size"], change["best_bid"], change["best_ask"]) == ("0", "0", "1")


async def test_a_trade_is_told_and_followed_by_a_snapshot(venue: Venue) -> None:
    venue.quote("buy", "0.4", "10")
    stream = await _following(venue)
    venue.take("sell", "0.4", "4")
    heard = await stream.hear_all()
    assert [message["event_type"] for message in heard] == ["price_change", "last_trade_price", "book"]
    level, trade, book = heard
    assert level["price_changes"][0]["size"] == "6"
    assert (trade["price"], trade["size"], trade["side"], trade["fee_rate_bps"]) == ("0.4", "4", "SELL", "1000")
    assert (book["bids"], book["last_trade_price"]) == ([{"price": "0.4", "size": "6"}], "0.4")


async def test_a_trade_is_told_on_the_taker_s_token_alone(venue: Venue) -> None:
    venue.quote("buy", "0.4", "10")
    stream = await _following(venue, *venue.market.tokens)
    venue.take("buy", "0.6", "4", outcome=1)
    heard = await stream.hear_all()
    (trade,) = _of("last_trade_price", heard)
    assert (trade["asset_id"], trade["price"], trade["side"]) == (venue.market.tokens[1], "0.6", "BUY")
    assert [message["last_trade_price"] for message in _of("book", heard)] == ["0.4", "0.6"]


async def test_a_new_tick_is_told_on_both_tokens(venue: Venue) -> None:
    stream = await _following(venue, *venue.market.tokens)
    venue.polymarket.set_tick_size(venue.market, 1_000)
    venue.polymarket.set_tick_size(venue.market, 1_000)
    heard = await stream.hear_all()
    assert [message["asset_id"] for message in heard] == list(venue.market.tokens)
    assert {(message["old_tick_size"], message["new_tick_size"]) for message in heard} == {("0.01", "0.001")}
    assert (await venue.get("/tick-size", token_id=venue.market.tokens[0])).body == {"minimum_tick_size": 0.001}
    await venue.rest("BUY", "0.421")


async def test_messages_have_the_fields_of_recorded_ones(venue: Venue, shared: Callable[[str], Path]) -> None:
    stream = await _following(venue, custom_feature_enabled=True)
    venue.quote("buy", "0.4", "10")
    venue.take("sell", "0.4", "4")
    venue.polymarket.set_tick_size(venue.market, 1_000)
    heard = {message["event_type"]: message for message in await stream.hear_all()}
    folder = "data/polymarket/clob_messages"
    for kind, recorded in (
        ("book", "py_ws_book"),
        ("price_change", "rust_ws_market_price_change_msg"),
        ("last_trade_price", "py_ws_last_trade_price"),
        ("tick_size_change", "py_ws_tick_size_change"),
        ("best_bid_ask", "rust_ws_market_best_bid_ask_msg"),
    ):
        fields = json.loads(shared(f"{folder}/{recorded}.json").read_text())
        fields = fields[0] if isinstance(fields, list) else fields
        assert fields.keys() <= heard[kind].keys(), kind
        for name in fields.keys() - {"price_changes"}:
            assert type(fields[name]) is type(heard[kind][name]), (kind, name)
    recorded = json.loads(shared(f"{folder}/rust_ws_market_price_change_msg.json").read_text())
    assert recorded["price_changes"][0].keys() == heard["price_change"]["price_changes"][0].keys()


# --- what is told on demand -----------------------------------------------------------------------------------------


async def test_best_prices_are_told_when_they_move_and_only_on_demand(venue: Venue) -> None:
    plain = await _following(venue)
    curious = await _following(venue, custom_feature_enabled=True)
    venue.quote("buy", "0.4", "10")
    venue.quote("buy", "0.3", "10")
    venue.quote("sell", "0.44", "10")
    heard = _of("best_bid_ask", await curious.hear_all())
    assert [(message["best_bid"], message["best_ask"], message["spread"]) for message in heard] == [
        ("0.4", "1", "0.6"),
        ("0.4", "0.44", "0.04"),
    ]
    assert _of("best_bid_ask", await plain.hear_all()) == []


async def test_a_new_market_is_told_to_all_who_want_to_know(venue: Venue) -> None:
    plain = await _following(venue)
    curious = await _following(venue, custom_feature_enabled=True)
    venue.world.put_fixture(tennis(fixture_id=FixtureId("id1200000161061420"), participant1_name="Iga Swiatek"))
    (message,) = await curious.hear_all()
    assert message["event_type"] == "new_market"
    assert (message["outcomes"], message["slug"]) == (
        ["Iga Swiatek", "Jannik Sinner"],
        "atp-swiatek-sinner-2026-09-21",
    )
    assert message["clob_token_ids"] == message["assets_ids"]
    assert (await venue.get("/book", token_id=message["assets_ids"][0])).status == 200
    assert await plain.hear_all() == []


@pytest.mark.parametrize(("result", "winner"), [("WON", 0), ("LOST", 1), ("VOID", None)])
async def test_a_resolved_market_names_its_winner(venue: Venue, result: str, winner: int | None) -> None:
    plain = await _following(venue)
    curious = await _following(venue, custom_feature_enabled=True)
    venue.world.settle(FIXTURE, {121: SettlementStatus(result)})
    (message,) = await curious.hear_all()
    assert message["event_type"] == "market_resolved"
    assert message["winning_asset_id"] == (None if winner is None else venue.market.tokens[winner])
    assert message["winning_outcome"] == (None if winner is None else venue.market.outcomes[winner])
    assert await plain.hear_all() == []


# --- the line itself ------------------------------------------------------------------------------------------------


async def test_a_cut_line_ends_without_a_close(venue: Venue) -> None:
    stream = await _following(venue)
    for socket in venue.polymarket.sockets():
        socket.close(1006)
    assert await stream.hear() is aiohttp.WSMsgType.CLOSED
    assert stream.socket.close_code == 1006


async def test_a_socket_that_is_gone_is_forgotten(venue: Venue) -> None:
    stream = await _following(venue)
    assert len(venue.polymarket.sockets()) == 1
    await stream.socket.close()
    for _ in range(1_000):
        if not venue.polymarket.sockets():
            break
        await asyncio.sleep(0.001)
    assert venue.polymarket.sockets() == []
    venue.quote("buy", "0.4", "10")
