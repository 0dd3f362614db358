"""The private stream: an account's orders and trades from their first status to their last."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hedgerow.core.states import SettlementStatus
from hedgerow.sim.dialects.polymarket.wallets import wallet_of
from hedgerow.sim.faults import Behaviour

from .harness import ACCOUNT, FIXTURE, NOW_S, Opens, Stream, Venue, tennis

Message = dict[str, Any]


async def _steps(stream: Stream) -> list[tuple[str, str]]:
    """(type, status) of everything that was told."""
    return [(message["type"], message["status"]) for message in await stream.hear_all()]


# --- logging in -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["apiKey", "secret", "passphrase"])
async def test_a_wrong_key_is_shown_out(venue: Venue, part: str) -> None:
    stream, key = await venue.stream("user"), venue.key
    auth = {"apiKey": key.key, "secret": key.secret, "passphrase": key.passphrase, part: "wrong"}
    await stream.say({"type": "user", "auth": auth, "markets": []})
    assert await stream.hear() is aiohttp.WSMsgType.CLOSE
    assert stream.socket.close_code == 1008


async def test_who_has_not_logged_in_hears_nothing(venue: Venue) -> None:
    stream = await venue.stream("user")
    await venue.rest()
    assert await stream.hear_all() == []


@pytest.mark.parametrize("frame", ["hello", '{"type": "user"}', '{"type": "market"}', '{"markets": "all"}'])
async def test_a_frame_without_a_meaning_is_an_invalid_operation(venue: Venue, frame: str) -> None:
    stream = await venue.stream("user")
    await stream.say(frame)
    assert await stream.hear() == "INVALID OPERATION"


async def test_other_accounts_are_not_heard_of(venue: Venue) -> None:
    stream = await venue.user_stream()
    venue.quote("buy", "0.4", "10")
    venue.take("sell", "0.4", "10")
    assert await stream.hear_all() == []


async def test_markets_can_be_chosen_and_left(venue: Venue) -> None:
    elsewhere = "0x" + "ab" * 32
    stream = await venue.user_stream(markets=[elsewhere])
    await venue.rest()
    assert await stream.hear_all() == []
    await stream.say({"operation": "subscribe", "markets": [venue.market.condition_id]})
    await stream.hear_all()
    await venue.rest()
    assert len(await stream.hear_all()) == 1
    await stream.say({"operation": "unsubscribe", "markets": [venue.market.condition_id]})
    await stream.hear_all()
    await venue.rest()
    assert await stream.hear_all() == []


async def test_a_socket_follows_a_bounded_number_of_markets(venue: Venue) -> None:
    stream = await venue.user_stream()
    await stream.say({"operation": "subscribe", "markets": [str(number) for number in range(501)]})
    assert await stream.hear() == "INVALID OPERATION"


# --- orders ---------------------------------------------------------------------------------------------------------


async def test_an_order_is_told_from_its_placement_to_its_end(venue: Venue) -> None:
    stream = await venue.user_stream()
    order_id = await venue.rest("BUY", "0.4", "10")
    (placed,) = await stream.hear_all()
    assert placed == {
        "event_type": "order",
        "type": "PLACEMENT",
        "id": order_id,
        "owner": venue.key.key,
        "order_owner": venue.key.key,
        "maker_address": venue.key.wallet.funder,
        "market": venue.market.condition_id,
        "asset_id": venue.market.tokens[0],
        "outcome": "Carlos Alcaraz",
        "side": "BUY",
        "price": "0.4",
        "original_size": "10",
        "size_matched": "0",
        "status": "LIVE",
        "order_type": "GTC",
        "expiration": "0",
        "associate_trades": None,
        "created_at": str(NOW_S),
        "timestamp": str(NOW_S * 1000),
    }
    venue.take("sell", "0.4", "4")
    trade, update = await stream.hear_all()
    assert (update["type"], update["status"], update["size_matched"]) == ("UPDATE", "LIVE", "4")
    assert update["associate_trades"] == [trade["id"]]
    await venue.ask("DELETE", "/order", {"orderID": order_id})
    (cancelled,) = await stream.hear_all()
    assert (cancelled["type"], cancelled["status"], cancelled["size_matched"]) == ("CANCELLATION", "CANCELED", "4")


async def test_an_order_that_is_used_up_is_matched(venue: Venue) -> None:
    stream = await venue.user_stream()
    await venue.rest("BUY", "0.4", "10")
    venue.take("sell", "0.4", "10")
    assert await _steps(stream) == [("PLACEMENT", "LIVE"), ("TRADE", "MATCHED"), ("UPDATE", "MATCHED")]


async def test_an_order_of_a_resolved_market_says_so(venue: Venue) -> None:
    stream = await venue.user_stream()
    await venue.rest()
    venue.world.settle(FIXTURE, {121: SettlementStatus.WON})
    assert await _steps(stream) == [("PLACEMENT", "LIVE"), ("CANCELLATION", "CANCELED_MARKET_RESOLVED")]


async def test_a_dated_order_that_ends_is_cancelled(venue: Venue) -> None:
    stream = await venue.user_stream()
    await venue.rest(order={"expiration": str(NOW_S + 300)}, orderType="GTD")
    await venue.step(239)
    assert await _steps(stream) == [("PLACEMENT", "LIVE")]
    await venue.step(2)
    assert await _steps(stream) == [("CANCELLATION", "CANCELED_EXPIRED_ORDER")]


async def test_a_delayed_order_is_matched_after_its_delay(venue: Venue) -> None:
    venue.world.put_fixture(tennis(status_id=1, live=True))
    venue.quote("sell", "0.5", "10")
    stream = await venue.user_stream()
    await venue.place("BUY", "0.5", "10")
    assert await _steps(stream) == [("PLACEMENT", "DELAYED")]
    await venue.step(3)
    assert await _steps(stream) == [("TRADE", "MATCHED"), ("UPDATE", "MATCHED")]


async def test_an_order_that_the_script_delays_is_placed_once(venue: Venue) -> None:
    venue.polymarket.exchange.faults.set(Behaviour(acceptDelayMs=2_000))
    stream = await venue.user_stream()
    await venue.place()
    await venue.step(2)
    assert await _steps(stream) == [("PLACEMENT", "DELAYED"), ("UPDATE", "UNMATCHED")]


async def test_a_delayed_order_that_meets_nobody_rests_unmatched(venue: Venue) -> None:
    venue.world.put_fixture(tennis(status_id=1, live=True))
    offer = venue.quote("sell", "0.5", "10")
    stream = await venue.user_stream()
    order_id = (await venue.place("BUY", "0.5", "10")).body["orderID"]
    venue.polymarket.exchange.cancel(offer)
    await venue.step(3)
    assert await _steps(stream) == [("PLACEMENT", "DELAYED"), ("UPDATE", "UNMATCHED")]
    (order,) = (await venue.ask("GET", "/data/orders")).body["data"]
    assert (order["id"], order["status"]) == (order_id, "LIVE")


async def test_a_delayed_fill_or_kill_order_that_meets_too_little_is_killed(venue: Venue) -> None:
    venue.world.put_fixture(tennis(status_id=1, live=True))
    offer = venue.quote("sell", "0.5", "10")
    stream = await venue.user_stream()
    await venue.place("BUY", "0.5", "10", orderType="FOK")
    venue.polymarket.exchange.cancel(offer)
    await venue.step(3)
    assert await _steps(stream) == [
        ("PLACEMENT", "DELAYED"),
        ("CANCELLATION", "CANCELED_order couldn't be fully filled. FOK orders are fully filled or killed."),
    ]


# --- trades ---------------------------------------------------------------------------------------------------------


async def test_a_trade_is_told_again_with_every_status(venue: Venue) -> None:
    stream = await venue.user_stream()
    venue.quote("sell", "0.5", "10")
    await venue.place("BUY", "0.5", "10")
    await venue.step(2)
    await venue.step(3)
    trades = [message for message in await stream.hear_all() if message["event_type"] == "trade"]
    assert [trade["status"] for trade in trades] == ["MATCHED", "MINED", "CONFIRMED"]
    assert len({trade["id"] for trade in trades}) == 1
    assert [bool(trade["transaction_hash"]) for trade in trades] == [False, True, True]
    (listed,) = (await venue.ask("GET", "/data/trades")).body["data"]
    last = {**trades[-1], "status": "TRADE_STATUS_CONFIRMED"}
    assert {name: last[name] for name in listed} == listed


async def test_a_maker_hears_of_the_taker_s_side(venue: Venue) -> None:
    stream = await venue.user_stream()
    mine = await venue.rest("BUY", "0.4", "10")
    venue.take("buy", "0.6", "4", outcome=1)
    trade = next(message for message in await stream.hear_all() if message["event_type"] == "trade")
    assert (trade["trader_side"], trade["side"], trade["price"]) == ("MAKER", "BUY", "0.6")
    assert (trade["asset_id"], trade["outcome"]) == (venue.market.tokens[1], "Jannik Sinner")
    (own,) = trade["maker_orders"]
    assert (own["order_id"], own["price"], own["matched_amount"], own["side"]) == (mine, "0.4", "4", "BUY")
    assert (own["asset_id"], own["outcome_index"], own["fee_rate_bps"]) == (venue.market.tokens[0], 0, "0")
    assert trade["trade_owner"] == own["owner"] == venue.key.key


async def test_a_trade_with_oneself_is_told_once(venue: Venue) -> None:
    await venue.rest("BUY", "0.4", "10")
    stream = await venue.user_stream()
    await venue.place("BUY", "0.6", "10", token=1)
    assert [step for step in await _steps(stream) if step[0] == "TRADE"] == [("TRADE", "MATCHED")]


async def test_a_failed_trade_takes_the_fill_back(venue: Venue) -> None:
    venue.polymarket.exchange.faults.set(Behaviour(failTradeRate=1.0))
    stream = await venue.user_stream()
    await venue.rest("BUY", "0.4", "10")
    venue.take("sell", "0.4", "4")
    await stream.hear_all()
    await venue.step(2)
    await venue.step(3)
    heard = await stream.hear_all()
    assert [(message["type"], message["status"]) for message in heard] == [
        ("TRADE", "RETRYING"),
        ("UPDATE", "LIVE"),
        ("TRADE", "FAILED"),
    ]
    assert heard[1]["size_matched"] == "0"
    book = (await venue.get("/book", token_id=venue.market.tokens[0])).body
    assert book["bids"] == [{"price": "0.4", "size": "6"}]


async def test_trades_are_told_twice_while_the_script_says_so(venue: Venue) -> None:
    venue.polymarket.exchange.faults.set(Behaviour(duplicateFills=True))
    stream = await venue.user_stream()
    venue.quote("sell", "0.5", "10")
    await venue.place("BUY", "0.5", "10")
    trades = [message for message in await stream.hear_all() if message["event_type"] == "trade"]
    assert len(trades) == 2
    assert trades[0] == trades[1]


async def test_messages_have_the_fields_of_recorded_ones(venue: Venue, shared: Callable[[str], Path]) -> None:
    stream = await venue.user_stream()
    await venue.rest("BUY", "0.4", "10")
    venue.take("sell", "0.4", "4")
    order, trade, _ = await stream.hear_all()
    recorded = {
        name: json.loads(shared(f"data/polymarket/clob_messages/{name}.json").read_text())
        for name in ("py_ws_order_placement", "py_ws_user_trade1", "rust_ws_user_trade")
    }
    assert order.keys() == recorded["py_ws_order_placement"].keys()
    for name, own in order.items():
        assert type(own) is type(recorded["py_ws_order_placement"][name]), name
    for name in ("py_ws_user_trade1", "rust_ws_user_trade"):
        assert recorded[name].keys() <= trade.keys()
        assert recorded[name]["maker_orders"][0].keys() <= trade["maker_orders"][0].keys()
        for field in recorded[name]:
            assert type(recorded[name][field]) is type(trade[field]), field


# --- the line itself ------------------------------------------------------------------------------------------------


async def test_what_happens_while_nobody_listens_is_not_told_later(venue: Venue) -> None:
    stream = await venue.user_stream()
    for socket in venue.polymarket.sockets():
        socket.close(1006)
    assert await stream.hear() is aiohttp.WSMsgType.CLOSED
    await venue.rest()
    again = await venue.user_stream()
    assert await again.hear_all() == []


async def test_a_deposit_wallet_is_named_by_its_funds(opens: Opens) -> None:
    venue = await opens(signature_type=2)
    stream = await venue.user_stream()
    await venue.rest()
    (placed,) = await stream.hear_all()
    assert placed["maker_address"] == wallet_of(ACCOUNT, 2).funder
