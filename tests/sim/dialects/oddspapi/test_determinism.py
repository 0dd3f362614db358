"""The same seed and virtual clock say the same bytes."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from random import Random
from typing import Any

import aiohttp
import pytest
from tests.patience import PATIENCE_S

from hedgerow.core.states import SettlementStatus
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.oddspapi import DEMO_KEY, build
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.site import listen
from hedgerow.sim.world import World


async def played(feed: Any, receive_type: str, seed: int) -> list[bytes]:
    """Every byte that a client hears and reads while a scripted match is played."""
    listening = await listen(feed.dialect.sites()["ws"], "127.0.0.1", 0)
    heard: list[bytes] = []
    dice = Random(seed)
    async with aiohttp.ClientSession(listening.url) as http, http.ws_connect("/ws", max_msg_size=0) as ws:
        await ws.send_json({"type": "login", "apiKey": DEMO_KEY, "receiveType": receive_type})
        feed.dialect.patch({"duplicateRate": 0.2, "dropRate": 0.1, "reorderRate": 0.2, "seed": seed})
        while (await ws.receive()).type is not aiohttp.WSMsgType.TEXT:
            pass
        for number in range(40):
            feed.step(1)
            feed.put_fixture(status_id=1, scores={"p1": {"participant1Score": number, "participant2Score": 0}})
            prices = {
                111: Decimal(dice.randrange(1100, 3000)) / 1000,
                112: Decimal(dice.randrange(1100, 3000)) / 1000,
            }
            feed.put_odds(prices)
        feed.world.settle("id1100013270505136", {111: SettlementStatus.WON})
        feed.dialect.patch({})
        feed.say_last()
        (open_socket,) = feed.dialect.sockets()
        for _ in range(open_socket.sent - 1):
            message = await asyncio.wait_for(ws.receive(), PATIENCE_S)
            heard.append(message.data if isinstance(message.data, bytes) else message.data.encode())
        for path in ("fixtures/odds", "fixtures/odds/historical?bookmaker=pinnacle", "fixtures/settlement"):
            mark = "&" if "?" in path else "?"
            url = f"/en/{path}{mark}fixtureId=id1100013270505136"
            async with http.get(url, headers={"X-API-Key": DEMO_KEY}) as answer:
                heard.append(await answer.read())
    await listening.runner.cleanup()
    return heard


@pytest.mark.parametrize("receive_type", ["json", "binary", "zstd", "zstd-dict"])
async def test_a_run_can_be_repeated_byte_for_byte(world_feed: Any, receive_type: str) -> None:
    first = await played(world_feed, receive_type, seed=7)
    second = await played(type(world_feed)(), receive_type, seed=7)
    assert first == second
    assert len(first) > 60


async def test_another_seed_says_something_else(world_feed: Any) -> None:
    first = await played(world_feed, "json", seed=7)
    second = await played(type(world_feed)(), "json", seed=8)
    assert first != second


async def test_login_is_answered_alike_in_worlds_of_the_same_time(feed: Any) -> None:
    other = type(feed)()
    listening = await listen(other.dialect.sites()["ws"], "127.0.0.1", 0)
    other.url, other.http = listening.url, feed.http
    answers = [json.dumps((await each.login())[1]) for each in (feed, other)]
    await listening.runner.cleanup()
    assert answers[0] == answers[1]


async def test_time_that_a_world_is_given_before_anybody_comes_makes_its_epoch() -> None:
    epochs = set()
    for _ in range(2):
        clock = WorldClock()
        dialect = build(World(Catalogue(), clock))
        clock.run_stepped(1_766_414_833 * 10**9)
        epochs.add(dialect.gateway.epoch)
    assert len(epochs) == 1
