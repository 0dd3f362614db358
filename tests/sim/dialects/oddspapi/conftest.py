"""A simulated feed on a standing clock, and a client of its wire."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
from multidict import CIMultiDictProxy
from tests.patience import PATIENCE_S

from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey, PlayerId
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.oddspapi import DEMO_KEY, OddsPapi, build
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.site import listen
from hedgerow.sim.world import Fixture, World

START_S = 1_766_414_833
NBA_GAME = FixtureId("id1100013270505136")
SOCCER_GAME = FixtureId("id1000001772221240")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: CIMultiDictProxy[str]
    body: Any


class Socket:
    """A logged-in client. Frames are JSON values; binary ones stay bytes."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws

    async def next(self) -> Any:
        """The next frame; the close code once the connection is closed."""
        message = await asyncio.wait_for(self.ws.receive(), PATIENCE_S)
        match message.type:
            case aiohttp.WSMsgType.TEXT:
                return json.loads(message.data, parse_float=Decimal)
            case aiohttp.WSMsgType.BINARY | aiohttp.WSMsgType.CLOSE:
                return message.data
        return self.ws.close_code

    async def frames(self, count: int) -> list[Any]:
        return [await self.next() for _ in range(count)]

    async def rest(self) -> list[Any]:
        """All that comes until a frame that was said last: a rate of a currency that nothing else moves."""
        frames = []
        while True:
            frame = await self.next()
            if isinstance(frame, dict) and frame.get("channel") == "currencies" and "XTS" in frame["payload"]:
                return frames
            frames.append(frame)


class Feed:
    """The world, its feed, and ways to move the one and read the other."""

    def __init__(self) -> None:
        self.clock = WorldClock()
        self.clock.run_stepped(START_S * 10**9)
        self.world = World(Catalogue(), self.clock)
        self.dialect: OddsPapi = build(self.world)
        self.url = ""
        self.http: aiohttp.ClientSession

    def step(self, seconds: float) -> None:
        self.clock.step_to(self.clock.now_ns() + round(seconds * 10**9))

    def put_fixture(self, fixture_id: FixtureId = NBA_GAME, **fields: Any) -> Fixture:
        """A match that starts in an hour; a present one is changed."""
        present = self.world.fixtures.get(fixture_id)
        if present is None:
            sport, tournament = int(fixture_id[2:4]), int(fixture_id[4:10])
            present = Fixture(fixture_id, sport, tournament, "Alphas", "Betas", START_S + 3600)
        self.world.put_fixture(replace(present, **fields))
        return self.world.fixtures[fixture_id]

    def put_odds(
        self, prices: dict[int, Any], bookmaker: str = "pinnacle", fixture_id: FixtureId = NBA_GAME, **fields: Any
    ) -> None:
        """Prices by outcome id."""
        player = PlayerId(fields.pop("player_id", 0))
        defaults = {"limit": Decimal(3000), "limit_min": Decimal(1), "currency": "USD", "active": True}
        self.world.put_odds(
            Quote(
                outcome=OutcomeKey(fixture_id, OutcomeId(outcome), player),
                bookmaker=bookmaker,
                price=None if price is None else Decimal(str(price)),
                changed_ms=0,
                **{**defaults, **fields},
            )
            for outcome, price in prices.items()
        )

    def say_last(self) -> None:
        """Makes the feed say something that ends `Socket.rest`."""
        self.world.put_currency("XTS", self.world.currencies.get("XTS", Decimal(0)) + 1)

    async def get(self, path: str, *, key: str | None = DEMO_KEY, lang: str = "en", **params: Any) -> Answer:
        headers = {} if key is None else {"X-API-Key": key}
        async with self.http.get(f"{self.url}/{lang}/{path}", params=params, headers=headers) as answer:
            return Answer(answer.status, answer.headers, await answer.json(loads=_exact))

    async def until(self, condition: Callable[[], bool]) -> None:
        """Lets the loop turn until something is so."""
        for _ in range(10_000):
            if condition():
                return
            await asyncio.sleep(0)
        raise AssertionError("it never came to be")

    async def ok(self, path: str, **params: Any) -> Any:
        """The body of a call that must succeed."""
        answer = await self.get(path, **params)
        assert answer.status == 200, answer.body
        return answer.body

    async def code(self, path: str, **params: Any) -> tuple[int, str]:
        """The status and the code of a call that must fail."""
        answer = await self.get(path, **params)
        return answer.status, answer.body["code"]

    async def connect(self) -> Socket:
        """Without a login."""
        return Socket(await self.http.ws_connect(f"{self.url}/ws", max_msg_size=0))

    async def login(self, **fields: Any) -> tuple[Socket, Any]:
        """A client and what its login was answered with."""
        socket = await self.connect()
        await socket.ws.send_json({"type": "login", "apiKey": DEMO_KEY, **fields})
        return socket, await socket.next()


def _exact(text: str) -> Any:
    return json.loads(text, parse_float=Decimal)


@pytest.fixture
def world_feed() -> Feed:
    """The feed without its wire."""
    return Feed()


@pytest.fixture
async def feed(world_feed: Feed) -> AsyncIterator[Feed]:
    """The feed on a port."""
    listening = await listen(world_feed.dialect.sites()["rest"], "127.0.0.1", 0)
    world_feed.url = listening.url
    async with aiohttp.ClientSession() as session:
        world_feed.http = session
        yield world_feed
    await listening.runner.cleanup()


@pytest.fixture
def two_games(feed: Feed) -> Feed:
    """An NBA game in an hour and a soccer match tomorrow, both priced."""
    feed.put_fixture(NBA_GAME)
    feed.put_fixture(SOCCER_GAME, start_time=START_S + 86_400, participant1_name="Gammas")
    feed.put_odds({111: "1.5", 112: "2.7"})
    feed.put_odds({111: "1.52", 112: "2.65"}, "sharpbet", currency="EUR")
    feed.put_odds({1010: "1.9", 1011: "1.95", 1012: "3.2", 1013: "1.35"}, fixture_id=SOCCER_GAME)
    return feed
