"""The venue's socket: channels of books, of all books, of markets' lives, and of the account.

Acknowledgements and private events are told as `{"event", "data"}`, ticks bare. Nothing is numbered, and nothing is
said again after a break. Source: the Novig sheet, "Socket /tape"; the words of acknowledgements and of private events
are not published and invented here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec
from aiohttp import web

from hedgerow.sim.dialects.novig_us import shapes
from hedgerow.sim.dialects.novig_us.access import Access
from hedgerow.sim.dialects.novig_us.desk import Desk, Paper
from hedgerow.sim.dialects.novig_us.markets import Market
from hedgerow.sim.dialects.novig_us.refusals import Json
from hedgerow.sim.orders import Match, Order
from hedgerow.sim.site import Socket

TAPE, LIFECYCLE, PRIVATE = "tape", "lifecycle", "private"

_encoder = msgspec.json.Encoder(decimal_format="number")


class _Frame(msgspec.Struct):
    event: str
    data: str


@dataclass(eq=False, slots=True)
class _Client:
    account: str
    socket: Socket
    channels: set[str] = field(default_factory=set)

    def say(self, message: Json) -> None:
        self.socket.push(_encoder.encode(message).decode())


class Tape:
    """Everybody who listens."""

    def __init__(self, desk: Desk, access: Access) -> None:
        self._desk, self._access = desk, access
        self._clients: set[_Client] = set()

    def add_to(self, app: web.Application) -> None:
        app.add_routes([web.get("/tape", self._serve)])

    def sockets(self) -> list[Socket]:
        return [client.socket for client in self._clients]

    # --- what is told --------------------------------------------------------------------------------------------

    def lifecycle(self, kind: str, market: Market) -> None:
        self._tick({"type": kind, "market": shapes.tick_market(market)}, {LIFECYCLE, TAPE, market.id})

    def book(self, kind: str, market: Market, order: Order, traded: int = 0) -> None:
        """PLACE tells what of an order rests now, CANCEL that it is gone. traded: what of it just met another."""
        told: Json = {"type": kind, "order": shapes.book_order(market, order), "market": shapes.tick_market(market)}
        told["fills"] = [shapes.public_fill(market, order, traded)] if traded else []
        self._tick(told, {TAPE, market.id})

    def order(self, kind: str, paper: Paper) -> None:
        self._private(paper.account, {"event": kind, "data": shapes.order_view(paper)})

    def fill(self, paper: Paper, match: Match) -> None:
        """Said twice while the scripted fault says so."""
        for _ in range(2 if self._desk.exchange.faults.behaviour.duplicateFills else 1):
            self._private(paper.account, {"event": "fill", "data": shapes.fill_event(paper, match)})

    def _tick(self, message: Json, channels: set[str]) -> None:
        for client in self._clients:
            if channels & client.channels:
                client.say(message)

    def _private(self, account: str, message: Json) -> None:
        for client in self._clients:
            if client.account == account and PRIVATE in client.channels:
                client.say(message)

    # --- the conversation ----------------------------------------------------------------------------------------

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        client = _Client(self._access.account_of(request), Socket(request))
        await client.socket.open()
        self._clients.add(client)
        try:
            async for frame in client.socket.texts():
                self._on_frame(client, frame)
        finally:
            self._clients.discard(client)
            await client.socket.ended()
        return client.socket.ws

    def _on_frame(self, client: _Client, text: str | bytes) -> None:
        try:
            frame = msgspec.json.decode(text, type=_Frame)
        except msgspec.MsgspecError:
            client.say({"event": "error", "data": "Invalid message"})
            return
        market = self._desk.listings.of_id(frame.data)
        if market is None and frame.data not in (TAPE, LIFECYCLE, PRIVATE):
            client.say({"event": "error", "data": f"Unknown channel {frame.data}"})
        elif frame.event == "subscribe":
            client.channels.add(frame.data)
            client.say({"event": "subscribed", "data": frame.data})
            if market is not None:
                book = shapes.book_view(market, self._desk.exchange.book(market.contract))
                client.say({"event": "book", "data": {"book": book}})
        elif frame.event == "unsubscribe":
            client.channels.discard(frame.data)
            client.say({"event": "unsubscribed", "data": frame.data})
        else:
            client.say({"event": "error", "data": f"Unknown event {frame.event}"})
