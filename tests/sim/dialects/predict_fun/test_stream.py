"""The WebSocket: subscriptions, books, wallet events, the heartbeat."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from hedgerow.sim.faults import Behaviour

from .harness import Opens, Stream, Venue


async def events(stream: Stream, number: int) -> list[dict[str, Any]]:
    """The next wallet events."""
    return [(await stream.hear())["data"] for _ in range(number)]


async def wallet_stream(venue: Venue) -> Stream:
    stream = await venue.stream(f"predictWalletEvents/{venue.token}")
    assert (await stream.hear())["success"]
    return stream


async def test_a_subscription_is_answered_by_its_number(venue: Venue) -> None:
    stream = await venue.stream("predictWalletEvents/wrong", "predictOrderbook/1", "weather/7")
    answers = [await stream.hear() for _ in range(3)]
    assert [(one["requestId"], one["success"], one["error"]["code"]) for one in answers] == [
        (0, False, "invalid_credentials"),
        (1, False, "invalid_topic"),
        (2, False, "invalid_topic"),
    ]
    await stream.say("{")
    assert (await stream.hear())["error"]["code"] == "invalid_json"


async def test_without_a_key_there_is_no_handshake(venue: Venue) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await venue.session.ws_connect(f"{venue.urls['ws']}/ws")
    assert refused.value.status == 401


async def test_a_book_is_told_whole_in_numbers_at_once_and_at_each_change(venue: Venue) -> None:
    topic = f"predictOrderbook/{venue.market.market_id}"
    stream = await venue.stream(topic)
    assert (await stream.hear())["success"]
    first = await stream.hear()
    assert (first["topic"], first["data"]["asks"], first["data"]["bids"]) == (topic, [], [])
    venue.offer("0.5", "4")
    await venue.rest("BUY", "0.4", "10.5")
    await stream.hear()
    told = (await stream.hear())["data"]
    assert (told["asks"], told["bids"]) == ([[0.5, 4]], [[0.4, 10.5]])
    assert told["version"] > first["data"]["version"]


async def test_an_order_is_told_from_its_acceptance_to_its_settlement(opens: Opens) -> None:
    venue = await opens(settled_after_s=2)
    stream = await wallet_stream(venue)
    order_hash = await venue.rest("BUY", "0.4", "10")
    venue.take("0.4", "4")
    accepted, planned, submitted = await events(stream, 3)
    assert [one["type"] for one in (accepted, planned, submitted)] == [
        "orderAccepted",
        "orderMarketMatchPlan",
        "orderTransactionSubmitted",
    ]
    assert accepted["orderHash"] == submitted["orderHash"] == order_hash
    assert accepted["details"] | {"marketId": 0, "categorySlug": ""} == {
        "categorySlug": "",
        "marketId": 0,
        "marketQuestion": "Carlos Alcaraz vs. Jannik Sinner",
        "outcome": "YES",
        "outcomeIndex": 1,
        "outcomeName": "Carlos Alcaraz",
        "price": "0.400",
        "quantity": "10.000",
        "quantityFilled": "0.000",
        "quoteType": "BID",
        "strategyType": "LIMIT",
        "value": "4.000",
        "valueFilled": "0.000",
    }
    assert (await venue.order(order_hash))["amountFilled"] == "0"
    venue.world.clock.step_to(venue.world.clock.now_ns() + 2 * 10**9)
    (settled,) = await events(stream, 1)
    assert (settled["type"], settled["settlementId"]) == ("orderTransactionSuccess", submitted["settlementId"])
    assert (settled["isMaker"], settled["details"]["quantityFilled"]) == (True, "4.000")
    assert settled["fill"]["executedSizeWei"] == "4000000000000000000"
    assert (await venue.order(order_hash))["amountFilled"] == "4000000000000000000"


async def test_a_settlement_that_fails_is_told_and_its_order_is_invalid(venue: Venue) -> None:
    venue.predict_fun.exchange.faults.set(Behaviour(failTradeRate="1"))  # type: ignore[arg-type]
    stream = await wallet_stream(venue)
    order_hash = await venue.rest("BUY", "0.4", "10")
    venue.take("0.4", "10")
    await events(stream, 3)
    venue.world.clock.step_to(venue.world.clock.now_ns() + 5 * 10**9)
    (failed,) = await events(stream, 1)
    assert failed["type"] == "orderTransactionFailed"
    assert (await venue.order(order_hash))["status"] == "INVALIDATED"
    assert (await venue.ask("GET", "/v1/orders/matches"))[1]["data"] == []


async def test_a_settlement_is_said_twice_while_the_fault_says_so(venue: Venue) -> None:
    venue.predict_fun.exchange.faults.set(Behaviour(duplicateFills=True))
    stream = await wallet_stream(venue)
    await venue.rest("BUY", "0.4", "10")
    venue.take("0.4", "10")
    told = await events(stream, 3)
    assert [one["type"] for one in told] == ["orderAccepted", "orderTransactionSuccess", "orderTransactionSuccess"]
    assert told[1] == told[2]


async def test_who_does_not_echo_the_heartbeat_is_closed(venue: Venue) -> None:
    silent, alive = await wallet_stream(venue), await wallet_stream(venue)
    for _ in range(2):
        venue.world.clock.step_to(venue.world.clock.now_ns() + 15 * 10**9)
        beat = await alive.hear()
        assert (beat["topic"], beat["data"]) == ("heartbeat", venue.world.clock.now_ms())
        await alive.say({"method": "heartbeat", "data": beat["data"]})
        await alive.say({"method": "unsubscribe", "requestId": 9, "params": ["nothing"]})
        assert (await alive.hear())["requestId"] == 9
    assert (await silent.hear())["topic"] == "heartbeat"
    assert await silent.hear() is aiohttp.WSMsgType.CLOSE
    await asyncio.sleep(0)
    assert len(venue.predict_fun.sockets()) == 1
