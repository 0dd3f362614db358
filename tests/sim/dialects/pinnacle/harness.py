"""A world with matches and odds, its Pinnacle on a real socket, and a client of it."""

from __future__ import annotations

import asyncio
import base64
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import aiohttp
from tests.patience import PATIENCE_S

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.core.states import SettlementStatus
from hedgerow.sim import pinnacle_ids
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.dialects.pinnacle import Pinnacle, Terms
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.site import Listening, listen
from hedgerow.sim.world import Fixture, World

TENNIS = FixtureId("id1200231461061419")
SOCCER = FixtureId("id1000001761061419")
NBA = FixtureId("id1100013261061419")
NOW_S = 1_781_000_000
DEMO, RIVAL = "demo_pinnacle", "rival_pinnacle"

# Outcome ids: tennis winner; soccer full time result, totals 2.5 and 3.5, handicap 0 and -0.5; basketball winner.
SINNER, ALCARAZ = 121, 122
HOME_WIN, DRAW, AWAY_WIN = 101, 102, 103
LAKERS, CELTICS = 111, 112


def fixture(fixture_id: FixtureId, sport_id: int, tournament_id: int, names: tuple[str, str], **more: Any) -> Fixture:
    return Fixture(fixture_id, sport_id, tournament_id, *names, NOW_S + 7_200, **more)


def tennis(**changes: Any) -> Fixture:
    return fixture(TENNIS, 12, 2314, ("Jannik Sinner", "Carlos Alcaraz"), tournament_name="Wimbledon", **changes)


def soccer(**changes: Any) -> Fixture:
    given = {"tournament_name": "Premier League", "category_name": "England", **changes}
    return fixture(SOCCER, 10, 17, ("Arsenal", "Chelsea"), **given)


def nba(**changes: Any) -> Fixture:
    return fixture(NBA, 11, 132, ("Los Angeles Lakers", "Boston Celtics"), tournament_name="NBA", **changes)


def event_id(fixture_id: FixtureId) -> int:
    return pinnacle_ids.event_id(fixture_id)


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


@dataclass
class Answer:
    status: int
    json: Any
    headers: Any


class Client:
    """One account; numbers of answers are Decimals."""

    def __init__(self, http: aiohttp.ClientSession, url: str, credentials: dict[str, str]) -> None:
        self.http, self.url = http, url
        self.headers = {"Authorization": basic(credentials["username"], credentials["password"])}
        if "partner_key" in credentials:
            self.headers["X-PARTNER-KEY"] = credentials["partner_key"]

    async def call(self, method: str, path: str, body: Any = None, **query: Any) -> Answer:
        params = {name: str(value) for name, value in query.items()}
        sent = {"json": body, "params": params, "headers": self.headers}
        async with self.http.request(method, self.url + path, **sent) as response:
            text = await response.text()
            return Answer(response.status, json.loads(text, parse_float=Decimal) if text else None, response.headers)

    async def get(self, path: str, **query: Any) -> Any:
        answer = await self.call("GET", path, **query)
        assert answer.status == 200, answer.json
        return answer.json

    async def place(self, **changes: Any) -> Any:
        answer = await self.call("POST", "/v4/bets/straight", changes)
        assert answer.status == 200, answer.json
        return answer.json

    async def bet(self, request_id: str) -> Any:
        """The row of a request id; None when the venue knows none."""
        rows = (await self.get("/v4/bets", uniqueRequestIds=request_id))["straightBets"]
        return rows[0] if rows else None


class Scene:
    """The world, its Pinnacle, and clients of it. The clock stands at NOW_S until it is stepped."""

    def __init__(self, terms: Terms, kind: type[Pinnacle] = Pinnacle) -> None:
        self.world = World(Catalogue())
        self.world.clock.run_stepped(NOW_S * NS_PER_S)
        self.terms = terms
        self.pinnacle = kind(self.world, terms)
        self.book = self.pinnacle.book
        self._running: Listening | None = None

    async def start(self) -> None:
        self._running = await listen(self.pinnacle.sites()["rest"], "127.0.0.1", 0)
        self.http = aiohttp.ClientSession(headers={"User-Agent": "test"})

    async def stop(self) -> None:
        await self.http.close()
        assert self._running is not None
        await self._running.runner.cleanup()

    def client(self, account: str = DEMO) -> Client:
        assert self._running is not None
        return Client(self.http, self._running.url, self.pinnacle.demo_credentials(account))

    def put_odds(self, fixture_id: FixtureId, prices: dict[int, str | None], limit: str | None = "1000") -> None:
        """Prices by outcome id; None closes the outcome."""
        self.world.put_odds(
            Quote(
                OutcomeKey(fixture_id, OutcomeId(outcome)),
                self.pinnacle.slug,
                None if price is None else Decimal(price),
                None if limit is None else Decimal(limit),
                None,
                "USD",
                price is not None,
                0,
            )
            for outcome, price in prices.items()
        )

    async def step(self, seconds: float) -> None:
        """Moves the clock and lets those who wake act."""
        await turns()
        self.world.clock.step_to(self.world.clock.now_ns() + int(seconds * NS_PER_S))
        await turns()

    def settle(self, fixture_id: FixtureId, **results: SettlementStatus) -> None:
        """Results by outcome id, written o121=..."""
        self.world.settle(fixture_id, {int(name[1:]): result for name, result in results.items()})

    def market_id(self, market_type: str, handicap: str = "0", sport: int = 10) -> int:
        """First outcome id of a market of the catalogue."""
        return next(
            int(market.outcomes[0])
            for market in self.world.catalogue.of_sport(sport)
            if market.market_type == market_type
            and market.handicap == Decimal(handicap)
            and market.period in ("fulltime", "result")
        )

    def line_id(self, fixture_id: FixtureId, outcome_id: int) -> int:
        """The id of an outcome's line now, as the feed would tell it."""
        market = self.world.catalogue.market_of(outcome_id)
        assert market is not None
        keys = [(OutcomeKey(fixture_id, outcome), self.pinnacle.slug) for outcome in market.outcomes]
        return pinnacle_ids.line_id(fixture_id, market, sum(self.world.quotes[key].version for key in keys))

    def slip(self, **changes: Any) -> dict[str, Any]:
        """A bet of 10 on Sinner at his present line; None takes a field away."""
        given = {
            "uniqueRequestId": str(uuid.uuid4()),
            "oddsFormat": "DECIMAL",
            "stake": 10.00,
            "winRiskStake": "RISK",
            "acceptBetterLine": True,
            "lineId": self.line_id(TENNIS, SINNER),
            "fillType": "NORMAL",
            "sportId": 33,
            "eventId": event_id(TENNIS),
            "periodNumber": 0,
            "betType": "MONEYLINE",
            "team": "TEAM1",
        }
        return {name: value for name, value in {**given, **changes}.items() if value is not None}


async def turns() -> None:
    """Lets the loop run what is ready, requests under way included."""
    for _ in range(20):
        await asyncio.sleep(0)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - of whatever kind the condition is
            await asyncio.sleep(0.005)
