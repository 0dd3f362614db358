"""A simulated Cloudbet with two matches, and a client of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.sim import book_ids
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.dialects.cloudbet import Cloudbet
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.site import listen
from hedgerow.sim.world import Fixture, World

TENNIS, SOCCER = FixtureId("id1200231461061419"), FixtureId("id1000001761061419")
SINNER, ALCARAZ, OVER, UNDER = 121, 122, 1010, 1011
NOW_S = 1_795_262_400  # 2026-11-21 12:00:00 UTC
DEMO = "demo_cloudbet"


@dataclass
class Scene:
    """The clock stands at NOW_S until it is stepped. Numbers of answers are Decimals."""

    world: World
    cloudbet: Cloudbet
    http: aiohttp.ClientSession
    url: str

    @property
    def balance(self) -> Decimal:
        return self.cloudbet.book.balances[DEMO]

    def event(self, fixture_id: FixtureId = TENNIS) -> str:
        return book_ids.fixture_ref("cloudbet", fixture_id)

    def offer(self, fixture_id: FixtureId, prices: dict[int, str | None]) -> None:
        """Prices by outcome id, each for 2 to 500 USD; None closes the outcome."""
        self.world.put_odds(
            Quote(
                OutcomeKey(fixture_id, OutcomeId(outcome)),
                "cloudbet",
                Decimal(price) if price else None,
                Decimal(500),
                Decimal(2),
                "USD",
                price is not None,
                0,
            )
            for outcome, price in prices.items()
        )

    def step(self, seconds: float) -> None:
        self.world.clock.step_to(self.world.clock.now_ns() + int(seconds * NS_PER_S))

    async def call(self, method: str, path: str, body: Any = None, key: str | None = None) -> tuple[int, Any]:
        headers = {"X-API-Key": key or self.cloudbet.demo_credentials(DEMO)["password"]}
        async with self.http.request(method, self.url + path, json=body, headers=headers) as response:
            text = await response.text()
            is_json = response.content_type == "application/json"
            return response.status, json.loads(text, parse_float=Decimal) if is_json else text

    async def place(self, **changes: Any) -> Any:
        """A bet of 10 on Sinner at 1.75, or what is said otherwise."""
        body = {
            "referenceId": "ebb4c11a-714b-4be6-a635-486ec09869a3",
            "eventId": self.event(),
            "marketUrl": "tennis.winner/home",
            "price": "1.75",
            "stake": "10",
            "currency": "USD",
            "acceptPriceChange": "BETTER",
        }
        return await self.call("POST", "/pub/v3/bets/place", {**body, **changes})

    async def status(self, reference: str = "ebb4c11a-714b-4be6-a635-486ec09869a3") -> Any:
        return await self.call("GET", f"/pub/v3/bets/{reference}/status")


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    world = World(Catalogue())
    world.clock.run_stepped(NOW_S * NS_PER_S)
    cloudbet = Cloudbet(world)
    for fixture_id, sport, tournament, names in (
        (TENNIS, 12, 2314, ("Jannik Sinner", "Carlos Alcaraz")),
        (SOCCER, 10, 17, ("Arsenal", "Chelsea")),
    ):
        world.put_fixture(Fixture(fixture_id, sport, tournament, *names, NOW_S + 7_200))
    site = await listen(cloudbet.sites()["rest"], "127.0.0.1", 0)
    async with aiohttp.ClientSession() as http:
        made = Scene(world, cloudbet, http, site.url)
        made.offer(TENNIS, {SINNER: "1.75", ALCARAZ: "2.2"})
        made.offer(SOCCER, {OVER: "1.9", UNDER: "1.95"})
        yield made
    await site.runner.cleanup()
