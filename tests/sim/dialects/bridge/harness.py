"""A world with matches and odds, the bridge of one bookmaker on a real socket, and signing clients of it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import aiohttp

from hedgerow.core.clock import NS_PER_S, datetime_of_ms
from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.core.states import SettlementStatus
from hedgerow.sim import book_ids
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.dialects.bridge import Bridge, Terms
from hedgerow.sim.faults import Behaviour
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.site import Listening, listen
from hedgerow.sim.world import Fixture, World

SLUG = "sharpbet"
DEMO, RIVAL = f"demo_{SLUG}", f"rival_{SLUG}"
TENNIS, SOCCER = FixtureId("id1200231461061419"), FixtureId("id1000001761061419")
SINNER, ALCARAZ = 121, 122
NOW_S = 1_795_262_400  # 2026-11-21 12:00:00 UTC
BETS = f"/accounts/{DEMO}/bets"


@dataclass
class Answer:
    status: int
    json: Any


@dataclass
class Client:
    """One account's client. skew_ms: how far its clock is off."""

    http: aiohttp.ClientSession
    url: str
    world: World
    keys: dict[str, str]
    skew_ms: int = 0
    texts: list[str] = field(default_factory=list)

    async def call(self, method: str, path: str, body: Any = None) -> Answer:
        sent = b"" if body is None else json.dumps(body).encode()
        target = f"/bridge/v1{path}"
        timestamp = str(self.world.clock.now_ms() + self.skew_ms)
        signed = "\n".join((timestamp, method, target, hashlib.sha256(sent).hexdigest()))
        headers = {
            "Authorization": f"Bearer {self.keys['password']}",
            "X-Bridge-Timestamp": timestamp,
            "X-Bridge-Signature": hmac.new(
                self.keys["hmac_secret"].encode(), signed.encode(), hashlib.sha256
            ).hexdigest(),
        }
        async with self.http.request(method, self.url + target, data=sent, headers=headers) as response:
            text = await response.text()
            self.texts.append(text)
            return Answer(response.status, json.loads(text))

    async def get(self, path: str) -> Any:
        answer = await self.call("GET", path)
        assert answer.status == 200, answer.json
        return answer.json

    async def put(self, body: dict[str, Any], reference: str = "") -> Answer:
        return await self.call("PUT", f"{BETS}/{reference or uuid.uuid4()}", body)

    async def fence(self, reference: str) -> Any:
        answer = await self.call("POST", f"{BETS}/{reference}/fence")
        assert answer.status == 200, answer.json
        return answer.json


class Scene:
    """The clock stands at NOW_S until it is stepped."""

    def __init__(self) -> None:
        self.world = World(Catalogue())
        self.world.clock.run_stepped(NOW_S * NS_PER_S)
        self.bridge = Bridge(self.world, SLUG, Terms())
        self.book = self.bridge.book
        for fixture_id, sport, tournament in ((TENNIS, 12, 2314), (SOCCER, 10, 17)):
            self.world.put_fixture(Fixture(fixture_id, sport, tournament, "First", "Second", NOW_S + 7_200))
        self.offer(TENNIS, {SINNER: "1.75", ALCARAZ: "2.2"})
        self._running: Listening | None = None

    async def start(self) -> None:
        self._running = await listen(self.bridge.sites()["rest"], "127.0.0.1", 0)
        self.http = aiohttp.ClientSession()

    async def stop(self) -> None:
        await self.http.close()
        assert self._running is not None
        await self._running.runner.cleanup()

    def client(self, account: str = DEMO, **changes: Any) -> Client:
        assert self._running is not None
        keys = self.bridge.demo_credentials(account)
        return Client(self.http, self._running.url, self.world, {**keys, **changes})

    def offer(self, fixture_id: FixtureId, prices: dict[int, str | None], limit: str = "500") -> None:
        """Prices by outcome id; None closes the outcome."""
        self.world.put_odds(
            Quote(
                OutcomeKey(fixture_id, OutcomeId(outcome)),
                SLUG,
                Decimal(price) if price else None,
                Decimal(limit),
                Decimal(5),
                "USD",
                price is not None,
                0,
            )
            for outcome, price in prices.items()
        )

    def behave(self, **switches: Any) -> None:
        self.book.faults.set(Behaviour.of(switches, Behaviour()))

    def settle(self, result: SettlementStatus, fixture_id: FixtureId = TENNIS, outcome: int = SINNER) -> None:
        self.world.settle(fixture_id, {outcome: result})

    async def step(self, seconds: float) -> None:
        self.world.clock.step_to(self.world.clock.now_ns() + int(seconds * NS_PER_S))
        for _ in range(20):
            await asyncio.sleep(0)

    def selection(self, fixture_id: FixtureId = TENNIS, outcome: int = SINNER) -> dict[str, Any]:
        """As the feed names it."""
        market = self.world.catalogue.market_of(outcome)
        assert market is not None
        key = OutcomeKey(fixture_id, OutcomeId(outcome))
        return {
            "fixtureId": fixture_id,
            "outcomeId": outcome,
            "playerId": 0,
            "bookmakerMarketId": book_ids.market_ref(SLUG, fixture_id, market.market_id),
            "bookmakerOutcomeId": book_ids.outcome_ref(SLUG, key),
        }

    def slip(self, **changes: Any) -> dict[str, Any]:
        """A bet of 40 on Sinner at 1.75."""
        not_after = datetime_of_ms(self.world.clock.now_ms() + 10_000).isoformat().replace("+00:00", "Z")
        return {
            "selection": self.selection(),
            "side": "back",
            "stake": "40.00",
            "currency": "USD",
            "limitPrice": "1.75",
            "acceptBetter": True,
            "fill": "all_or_nothing",
            "notAfter": not_after,
            **changes,
        }
