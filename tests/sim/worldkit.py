"""A small venue for tests of the world: an exchange with one contract a match, spoken to in plain JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
from aiohttp import ClientSession, WSMsgType, web

from hedgerow.core.ids import FixtureId, MarketKey, OutcomeId, OutcomeKey
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.sockets import socket_pair
from hedgerow.core.states import Side
from hedgerow.core.tasks import spawn, stop, work
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.order_events import Event as ExchangeEvent
from hedgerow.sim.order_events import EventKind, OrderEvent
from hedgerow.sim.orders import Contract, Leg, OrderKind, Rejection
from hedgerow.sim.site import Dialect, Socket, application, json_answer, lose_answer
from hedgerow.sim.world import FixtureChanged, OddsChanged, World, WorldEvent

SLUG = "kestrel"
ACCOUNT = f"demo_{SLUG}"
FIXTURE = FixtureId("id1200255561419001")
YES, NO = (OutcomeKey(FIXTURE, OutcomeId(n)) for n in (121, 122))
CENT = 10_000


class Kestrel:
    """The venue: `POST /orders`, and a stream of odds and fills. It has one switch of its own, `mood`."""

    slug = SLUG

    def __init__(self, world: World) -> None:
        self.exchange = world.add_exchange(Exchange(SLUG, world.clock))
        self.faults = self.exchange.faults
        self.mood = "calm"
        self._clock, self._sockets, self._catalogue = world.clock, dict[Socket, None](), world.catalogue
        world.on_event(self._heard)
        self.exchange.on_event(self._traded)

    def sites(self) -> dict[str, web.Application]:
        rest, stream = (application(self._clock, self.faults) for _ in range(2))
        rest.router.add_post("/orders", self._place)
        stream.router.add_get("/", self._stream)
        return {"rest": rest, "ws": stream}

    def sockets(self) -> list[Socket]:
        return list(self._sockets)

    def patch(self, given: dict[str, Any]) -> None:
        if unknown := given.keys() - {"mood"}:
            raise ValueError(f"unknown switch {', '.join(unknown)}")
        if given.get("mood", "calm") not in ("calm", "wild"):
            raise ValueError("mood must be calm or wild")
        self.mood = given.get("mood", "calm")

    def push(self, message: Any) -> None:
        for socket in self._sockets:
            socket.push(message)

    async def _place(self, request: web.Request) -> web.Response:
        body = msgspec.json.decode(await request.read())
        contract = self.exchange.contracts[body["fixture"]]
        try:
            order = self.exchange.place(
                ACCOUNT,
                contract,
                Leg.YES,
                Side(body["side"]),
                body["price"],
                body["size"],
                reference=f"r{len(self.exchange.orders)}",
                kind=OrderKind.RESTS,
            )
        except Rejection as refusal:
            return json_answer({"refused": str(refusal)}, 400)
        if self.faults.loses_answer():
            lose_answer(request)
        return json_answer({"id": order.id})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        socket = Socket(request)
        await socket.open()
        self._sockets[socket] = None
        try:
            async for text in socket.texts():
                if text == "echo":
                    socket.push("echo")
        finally:
            del self._sockets[socket]
            await socket.ended()
        return socket.ws

    def _heard(self, event: WorldEvent) -> None:
        match event:
            case FixtureChanged(fixture, is_new=True):
                market = self._catalogue.winner(fixture.sport_id)
                if market is not None:
                    yes, no = (OutcomeKey(fixture.fixture_id, outcome) for outcome in market.outcomes)
                    key = MarketKey(fixture.fixture_id, market.market_id)
                    grid = PriceGrid.probability(CENT)
                    self.exchange.add_contract(Contract(fixture.fixture_id, key, yes, no, grid, CENT, CENT))
            case OddsChanged(fixture, quotes):
                prices = {str(quote.outcome.outcome_id): quote.price for quote in quotes}
                self.push({"fixture": fixture.fixture_id, "odds": prices})
            case _:
                pass

    def _traded(self, event: ExchangeEvent) -> None:
        if isinstance(event, OrderEvent) and event.kind is EventKind.FILLED and event.match is not None:
            self.push({"fill": event.match.id})


def kestrel_only(world: World) -> list[Dialect]:
    return [Kestrel(world)]


class Trader:
    """A follower of the world's clock that trades: on every odds frame it quotes around the price."""

    def __init__(self, script_url: str, rest_url: str, stream_url: str) -> None:
        self._urls = script_url, rest_url, stream_url
        self._session = ClientSession()
        self._tasks: list[asyncio.Task[None]] = []
        self.frames: dict[str, int] = {}
        self.heard: list[str] = []
        self.steps: list[int] = []
        self.clock: list[dict[str, Any]] = []
        self.wakes: list[int | None] = []  # what is answered as the next wake, one a step, then None
        self.gate = asyncio.Event()  # frames are not handled, nor known as work, before it is set
        self.gate.set()
        self.answers: Callable[[int], bool] = lambda step: True

    async def start(self) -> None:
        script, _, stream = self._urls
        clock = await self._session.ws_connect(f"{script}/sim/clock", autoclose=True)
        venue = await self._session.ws_connect(stream)
        pair = socket_pair(venue.get_extra_info("sockname"), venue.get_extra_info("peername"))
        self.frames[pair] = 0
        self._tasks = [spawn(self._follow(clock), "follow"), spawn(self._read(venue, pair), "read")]

    async def stop(self) -> None:
        await stop(*self._tasks)
        await self._session.close()

    async def _follow(self, clock: Any) -> None:
        async for message in clock:
            said = msgspec.json.decode(message.data)
            if said["type"] == "clock":
                self.clock.append(said)
                continue
            self.steps.append(said["nowNs"])
            await work.settled()
            if self.answers(said["step"]):
                wake = self.wakes.pop(0) if self.wakes else None
                answer = {"type": "settled", "step": said["step"], "frames": self.frames, "nextWakeNs": wake}
                await clock.send_str(msgspec.json.encode(answer).decode())

    async def _read(self, venue: Any, pair: str) -> None:
        async for message in venue:
            if message.type is WSMsgType.TEXT:
                await self.gate.wait()
                with work.unit():
                    await self._handle(message.data)
                self.frames[pair] += 1

    async def _handle(self, text: str) -> None:
        self.heard.append(text)
        frame = msgspec.json.decode(text) if text.startswith("{") else {}
        price = frame.get("odds", {}).get("121")
        if price is None:
            return
        cents = int(100 / Decimal(price))
        for side, at in (("buy", cents - 1), ("sell", cents + 2)):
            if 1 <= at <= 99:
                body = {"fixture": frame["fixture"], "side": side, "price": at * CENT, "size": 5_000_000}
                async with self._session.post(f"{self._urls[1]}/orders", json=body) as answer:
                    await answer.read()
