"""What the feed says, put together for tests: the shapes of its documented examples, with invented values."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from aiohttp import web

from hedgerow.core.ids import MarketId, OutcomeId
from hedgerow.core.secrets import Secret
from hedgerow.feed.catalogue import Catalogue, Market
from hedgerow.feed.codec import Frame
from hedgerow.feed.session import Cursors, Session, Wanted

FIXTURE = "id1000001772221240"  # soccer, Premier League
BOOK = "pinnacle"
KEY = Secret("0123456789abcdef" * 2)


class Say:
    """Builders of rows, entities and frames."""

    fixture_id = FIXTURE
    bookmaker = BOOK

    def name(self, outcome: int, *, fixture: str = FIXTURE, bookmaker: str = BOOK, player: int = 0) -> str:
        return f"{fixture}:{bookmaker}:{outcome}:{player}"

    def row(self, outcome: int, price: Any = 2.5, at: int = 1000, **fields: Any) -> dict[str, Any]:
        """A quote with every field that the feed documents."""
        return {
            "bookmaker": BOOK,
            "outcomeId": outcome,
            "playerId": 0,
            "price": price,
            "active": True,
            "marketActive": True,
            "mainLine": True,
            "marketId": MARKET_OF.get(outcome),
            "bookmakerMarketId": "line/29/1980/1634530286/3565645414/0/moneyline",
            "bookmakerOutcomeId": "home",
            "bookmakerChangedAt": 700,
            "priceFractional": "3/2",
            "priceAmerican": 150,
            "limit": 1500.25,
            "betslip": None,
            "meta": None,
            "changedAt": at,
        } | fields

    def rows(self, *rows: dict[str, Any], fixture: str = FIXTURE, bookmaker: str = BOOK) -> dict[str, Any]:
        """Quotes by odds id."""
        return {
            self.name(row["outcomeId"], fixture=fixture, bookmaker=bookmaker, player=row["playerId"]): row
            for row in rows
        }

    def odds(self, *rows: dict[str, Any], fixture: str = FIXTURE, bookmaker: str = BOOK) -> bytes:
        """A frame of one bookmaker's quotes."""
        books = {bookmaker: self.rows(*rows, fixture=fixture, bookmaker=bookmaker)}
        return self.frame("odds", {"fixtureId": fixture, "odds": books})

    def meta(self, **fields: Any) -> dict[str, Any]:
        return {
            "bookmaker": BOOK,
            "bookmakerFixtureId": "1634530286",
            "fixturePath": "https://example.org/1634530286",
            "hasOdds": True,
            "staleOdds": False,
            "staleOddsResponseCode": None,
            "suspended": False,
            "participantsRotated": False,
            "meta": None,
            "updatedAt": "2026-09-03T07:41:28.100000+00:00",
        } | fields

    def bookmakers(self, fixture: str = FIXTURE, bookmaker: str = BOOK, **fields: Any) -> bytes:
        return self.frame("bookmakers", {"fixtureId": fixture, "bookmakers": {bookmaker: self.meta(**fields)}})

    def fixture(self, fixture: str = FIXTURE, status: int = 0, **fields: Any) -> dict[str, Any]:
        return {
            "fixtureId": fixture,
            "status": {"live": status == 1, "statusId": status, "statusName": "Pre-Game"},
            "sport": {"sportId": int(fixture[2:4]), "sportName": "Soccer"},
            "tournament": {"tournamentId": int(fixture[4:10]), "tournamentName": "A", "categoryName": "B"},
            "season": {"seasonId": None, "seasonName": None, "seasonRound": None},
            "venue": {"venueId": None, "venueName": None, "venueLocation": None},
            "startTime": 1_788_400_000,
            "trueStartTime": None,
            "trueEndTime": None,
            "participants": {"participant1Id": 1, "participant1Name": "One", "participant2Id": 2},
            "scores": {},
            "clock": {"currentPeriod": None, "currentTime": None, "remainingTime": None, "stopped": None},
            "expectedPeriods": 2,
            "periodLength": 45,
            "externalProviders": {"betradarId": 72221240, "pinnacleId": None},
            "bookmakers": {},
        } | fields

    def score(self, one: int, two: int, at: str = "2026-09-03T07:41:28.445213+00:00") -> dict[str, Any]:
        return {"period": "result", "participant1Score": one, "participant2Score": two, "updatedAt": at}

    def frame(self, channel: str, payload: Mapping[str, Any], ms: int = 1_788_421_288_623, seq: int = 1) -> bytes:
        """A data frame: the channel first, and `UPDATE` as the type of every one of them."""
        return msgspec.json.encode(
            {"channel": channel, "type": "UPDATE", "payload": payload, "ts": ms, "entryId": f"{ms}-{seq}"}
        )

    def heard(self, text: bytes) -> Frame:
        """What a session makes of a frame."""
        return Session(KEY, Wanted(), Cursors()).receive(memoryview(text), True)

    def heard_packed(self, text: bytes) -> Frame:
        """What a session makes of a frame in MessagePack."""
        session = Session(KEY, Wanted(), Cursors())
        session.receive(memoryview(self.login_ok(receiveType="binary")), True)
        return session.receive(memoryview(text), False)

    def login_ok(self, **fields: Any) -> bytes:
        return msgspec.json.encode(
            {
                "type": "login_ok",
                "region": "oddspapi-us1",
                "connId": "9adc861e-46e8-434b-9161-379f4df1481b",
                "userId": "demo",
                "clientName": "hedgerow",
                "lang": "en",
                "receiveType": "json",
                "channels": ["bookmakers", "clocks", "currencies", "fixtures", "odds", "scores"],
                "sportIds": [10],
                "tournamentIds": None,
                "bookmakers": None,
                "fixtureIds": None,
                "futureIds": None,
                "access": {"live": True, "pregame": True},
                "resume": {
                    "enabled": True,
                    "serverEpoch": "epoch-1",
                    "resumeWindowMs": 60000,
                    "replayChannels": ["fixtures", "scores"],
                    "serverCursors": {},
                    "serverEntryIds": {"fixtures": "1766414833582-2542"},
                },
            }
            | fields
        )

    def control(self, kind: str, **fields: Any) -> bytes:
        return msgspec.json.encode({"type": kind} | fields)


def market(first: int, outcomes: int, kind: str, line: str | None = None, sport: int = 10) -> Market:
    """A market by the rule of ids, e.g. market(1010, 2, "totals", "2.5")."""
    increment = int(str(first)[2:])
    ids = tuple(OutcomeId(int(f"{sport}{increment + k}")) for k in range(outcomes))
    handicap = None if line is None else Decimal(line)
    return Market(MarketId(first), sport, kind, "fulltime", handicap, False, kind, "", ids, ("",) * outcomes)


MARKETS = (market(101, 3, "1x2"), market(1010, 2, "totals", "2.5"), market(1012, 2, "totals", "3.5"))
MARKET_OF = {outcome: each.market_id for each in MARKETS for outcome in each.outcomes}


@pytest.fixture(scope="session")
def say() -> Say:
    return Say()


@pytest.fixture
def catalogue() -> Catalogue:
    """Soccer's 1x2 (101 to 103), over/under 2.5 (1010, 1011) and 3.5 (1012, 1013)."""
    return Catalogue(MARKETS)


class Peer:
    """The feed's two faces on one port, scripted by a test: it answers what it was given and notes what it hears."""

    def __init__(self, say: Say) -> None:
        self.say = say
        self.fixtures: dict[str, dict[str, Any]] = {}
        self.odds: dict[str, dict[str, dict[str, Any]]] = {}  # by fixture, by bookmaker: rows by odds id
        self.metas: dict[str, dict[str, Any]] = {}  # by bookmaker
        self.markets: list[dict[str, Any]] = []
        self.settlements: dict[str, list[dict[str, Any]]] = {}
        self.bookmakers: list[dict[str, Any]] = [{"slug": BOOK, "limitCurrency": "USD"}]
        self.echo: dict[str, Any] = {}  # fields of login_ok that differ from what was asked
        self.refusal: tuple[bytes, int] | None = None  # (message, close code) in place of login_ok
        self.failures: dict[str, int] = {}  # HTTP status in place of an answer, by path
        self.lost: set[str] = set()  # fixtures that it answers with 404
        self.keeps_quiet = False  # answers no login
        self.hold: asyncio.Event | None = None  # answers about odds wait for it
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.logins: list[dict[str, Any]] = []
        self.sockets: list[web.WebSocketResponse] = []
        self.port = 0

    @property
    def rest_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/en"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    def queries(self, path: str) -> list[dict[str, str]]:
        """The queries that were made to a path."""
        return [query for asked, query in self.asked if asked == path]

    def quote(self, *rows: dict[str, Any], fixture: str = FIXTURE, bookmaker: str = BOOK) -> None:
        """Rows that its answers tell from now on."""
        told = self.odds.setdefault(fixture, {}).setdefault(bookmaker, {})
        told |= self.say.rows(*rows, fixture=fixture, bookmaker=bookmaker)

    async def push(self, *frames: bytes) -> None:
        """Frames to every socket that is logged in."""
        for socket in self.sockets:
            if not socket.closed:
                for frame in frames:
                    await socket.send_str(frame.decode())

    async def serve(self, port: int = 0) -> web.AppRunner:
        app = web.Application()
        app.router.add_get("/ws", self._socket)
        app.router.add_get("/en/{path:.*}", self._answer)
        runner = web.AppRunner(app, shutdown_timeout=0.01)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        self.port = runner.addresses[0][1]
        return runner

    async def _answer(self, request: web.Request) -> web.Response:
        path, query = "/" + request.match_info["path"], dict(request.query)
        self.asked.append((path, query))
        if request.headers.get("X-API-Key") != KEY.reveal() or "apiKey" in query:
            return web.json_response({"error": 401, "code": "invalid_api_key"}, status=401)
        if query.get("fixtureId") in self.lost:
            return web.json_response({"error": 404, "message": "unknown fixture"}, status=404)
        if path in self.failures:
            return web.json_response({"error": self.failures[path], "message": "no"}, status=self.failures[path])
        if path.startswith("/fixtures/odds") and self.hold is not None:
            # What it says is true for the moment of the question, however late it comes.
            body = msgspec.json.encode(self._told(path, query))
            await self.hold.wait()
        else:
            body = msgspec.json.encode(self._told(path, query))
        return web.Response(body=body, content_type="application/json")

    def _told(self, path: str, query: dict[str, str]) -> Any:
        match path:
            case "/sports":
                return [{"sportId": sport, "sportName": "?"} for sport in (10, 11, 12)]
            case "/bookmakers":
                return self.bookmakers
            case "/currencies":
                return [{"currency": "EUR", "currencyValue": 0.84788876, "updatedAt": None}]
            case "/markets":
                return self._markets(query)
            case "/fixtures":
                return self._fixtures(query)
            case "/fixtures/odds/main":
                told = [self._odds(name, query) for name in query["fixtureIds"].split(",")]
                return [each for each in told if each is not None and (each["odds"] or "since" not in query)]
            case "/fixtures/odds":
                return self._odds(query["fixtureId"], query) or self.say.fixture(query["fixtureId"]) | {"odds": {}}
            case "/fixtures/settlement":
                name = query["fixtureId"]
                return self.fixtures[name] | {"settlements": self.settlements.get(name, [])}
        raise LookupError(path)

    def _fixtures(self, query: dict[str, str]) -> list[dict[str, Any]]:
        if "fixtureIds" in query:
            return [self.fixtures[name] for name in query["fixtureIds"].split(",") if name in self.fixtures]
        return [each for each in self.fixtures.values() if str(each["sport"]["sportId"]) == query["sportId"]]

    def _markets(self, query: dict[str, str]) -> list[dict[str, Any]]:
        if "sportId" in query:
            return [each for each in self.markets if str(each["sportId"]) == query["sportId"] and not each.get("late")]
        asked = set(map(int, query["outcomeIds"].split(",")))
        return [each for each in self.markets if asked & {outcome["outcomeId"] for outcome in each["outcomes"]}]

    def _odds(self, fixture: str, query: dict[str, str]) -> dict[str, Any] | None:
        if fixture not in self.odds:
            return None
        since = int(query.get("since", 0))
        asked = query["bookmakers"].split(",") if "bookmakers" in query else list(self.odds[fixture])
        odds = {
            slug: {name: row for name, row in rows.items() if row["changedAt"] >= since}
            for slug, rows in self.odds[fixture].items()
            if slug in asked
        }
        metas = {slug: self.say.meta(updatedAt=None) | self.metas.get(slug, {}) for slug in asked}
        return self.fixtures[fixture] | {"odds": {k: v for k, v in odds.items() if v}, "bookmakers": metas}

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        login = msgspec.json.decode(await socket.receive_str())
        self.logins.append(login)
        if self.keeps_quiet:
            await socket.receive()
            return socket
        if self.refusal is not None:
            await socket.send_str(self.refusal[0].decode())
            await socket.close(code=self.refusal[1])
            return socket
        names = ("receiveType", "channels", "sportIds", "tournamentIds", "bookmakers")
        echo = {name: login.get(name) for name in names} | self.echo
        await socket.send_str(self.say.login_ok(**echo).decode())
        self.sockets.append(socket)
        async for _ in socket:
            pass
        return socket


def listed(each: Market, **fields: Any) -> dict[str, Any]:
    """A market as `/markets` lists it."""
    outcomes = [{"outcomeId": outcome, "outcomeName": "?"} for outcome in each.outcomes]
    return {
        "marketId": each.market_id,
        "sportId": each.sport_id,
        "marketType": each.market_type,
        "period": each.period,
        "handicap": None if each.handicap is None else float(each.handicap),
        "outcomes": outcomes,
    } | fields


@pytest.fixture
async def peer(say: Say) -> AsyncIterator[Peer]:
    """A feed with one fixture, its winner quoted by one bookmaker."""
    peer = Peer(say)
    peer.fixtures[FIXTURE] = say.fixture()
    peer.markets = [listed(each) for each in MARKETS]
    runner = await peer.serve()
    yield peer
    await runner.cleanup()
