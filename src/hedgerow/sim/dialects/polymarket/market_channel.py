"""The public stream: books, trades and the life of markets, for whoever names their tokens.

There are no sequence numbers and no replay. A snapshot comes with every subscription and after every trade; levels
are told with their new absolute size, on both tokens of the market. Source: the Polymarket sheet, section 5; the
venue's description of the channel and recorded messages.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec
from aiohttp import web

from hedgerow.core.money import MICRO
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.polymarket.desk import Desk
from hedgerow.sim.dialects.polymarket.market_shapes import rfc3339, rules_of, start_of
from hedgerow.sim.dialects.polymarket.markets import Market
from hedgerow.sim.dialects.polymarket.shapes import (
    BASE_FEE_BPS,
    Json,
    best,
    book_view,
    levels,
    price_change,
    side_text,
    text,
)
from hedgerow.sim.dialects.polymarket.sockets import INVALID, serve
from hedgerow.sim.dialects.polymarket.trades import Trade
from hedgerow.sim.order_events import LevelEvent
from hedgerow.sim.orders import Leg
from hedgerow.sim.site import Socket

_MOST_ASSETS = 500


class _Frame(msgspec.Struct):
    type: str = ""
    operation: str = ""
    assets_ids: list[str] = []
    custom_feature_enabled: bool | None = None
    initial_dump: bool = True


@dataclass(slots=True, eq=False)
class _Client:
    socket: Socket
    assets: set[str] = field(default_factory=set)
    wants_more: bool = False  # best prices, new and resolved markets

    def hears(self, market: Market) -> bool:
        return not self.assets.isdisjoint(market.tokens)


class MarketChannel:
    """Everybody who follows tokens."""

    def __init__(self, clock: WorldClock, desk: Desk) -> None:
        self._clock, self._desk = clock, desk
        self._clients: set[_Client] = set()
        self._best: dict[str, tuple[str, str]] = {}

    def add_to(self, app: web.Application) -> None:
        app.add_routes([web.get("/ws/market", self._serve)])

    def sockets(self) -> list[Socket]:
        return [client.socket for client in self._clients]

    def clear(self) -> None:
        """Forgets what was told; the sockets stay open."""
        self._best.clear()

    def level(self, market: Market, event: LevelEvent) -> None:
        """A level of the book has a new size."""
        clients = [client for client in self._clients if client.hears(market)]
        if not clients:
            return
        book = self._desk.exchange.book(market.contract)
        message = {
            "event_type": "price_change",
            "market": market.condition_id,
            "price_changes": [
                price_change(market, leg, book, event.price, event.size, is_bid=event.is_bid) for leg in Leg
            ],
            "timestamp": self._now,
        }
        for client in clients:
            client.socket.push(message)
        self._tell_best(market, clients)

    def traded(self, market: Market, trade: Trade) -> None:
        """A trade happened: the last price of the taker's token."""
        token = market.token(trade.taker.leg)
        message = {
            "event_type": "last_trade_price",
            "asset_id": token,
            "market": market.condition_id,
            "price": text(trade.price),
            "size": text(trade.size),
            "fee_rate_bps": str(BASE_FEE_BPS),
            "side": side_text(trade.taker.side),
            "timestamp": self._now,
        }
        for client in self._clients:
            if token in client.assets:
                client.socket.push(message)

    def books(self, market: Market) -> None:
        """Snapshots of both tokens."""
        for leg in Leg:
            listeners = [client for client in self._clients if market.token(leg) in client.assets]
            if listeners:
                message = self._book(market, leg)
                for client in listeners:
                    client.socket.push(message)

    def tick_changed(self, market: Market, old_tick: int) -> None:
        for leg in Leg:
            message = {
                "event_type": "tick_size_change",
                "asset_id": market.token(leg),
                "market": market.condition_id,
                "old_tick_size": text(old_tick),
                "new_tick_size": text(market.tick),
                "timestamp": self._now,
            }
            for client in self._clients:
                if market.token(leg) in client.assets:
                    client.socket.push(message)

    def listed(self, market: Market) -> None:
        """A market is new; told to all who want more than books, whatever they follow."""
        message = {
            "event_type": "new_market",
            **self._described(market),
            "tags": [tag.slug for tag in market.league.all_tags],
            "condition_id": market.condition_id,
            "active": True,
            "clob_token_ids": list(market.tokens),
            "sports_market_type": "moneyline",
            "line": "",
            "game_start_time": rfc3339(start_of(market)),
            "order_price_min_tick_size": text(market.tick),
            "group_item_title": "Match Winner",
        }
        for client in self._clients:
            if client.wants_more:
                client.socket.push(message)

    def resolved(self, market: Market) -> None:
        """A market is decided; a void names no winner."""
        won = next((leg for leg in Leg if market.payout(leg) == MICRO), None)
        message = {
            "event_type": "market_resolved",
            **self._described(market),
            "winning_asset_id": None if won is None else market.token(won),
            "winning_outcome": None if won is None else market.outcome(won),
        }
        for client in self._clients:
            if client.wants_more and client.hears(market):
                client.socket.push(message)

    # --- the conversation ------------------------------------------------------------------------------------

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        client = _Client(Socket(request))
        self._clients.add(client)
        try:
            return await serve(client.socket, lambda frame: self._on_frame(client, frame))
        finally:
            self._clients.discard(client)

    def _on_frame(self, client: _Client, frame: str | bytes) -> None:
        try:
            said = msgspec.json.decode(frame, type=_Frame)
        except msgspec.DecodeError:
            client.socket.push(INVALID)
            return
        if said.custom_feature_enabled is not None:
            client.wants_more = said.custom_feature_enabled
        if said.operation == "unsubscribe":
            client.assets.difference_update(said.assets_ids)
        elif said.operation == "subscribe" or said.type.lower() == "market":
            self._subscribe(client, said)
        else:
            client.socket.push(INVALID)

    def _subscribe(self, client: _Client, said: _Frame) -> None:
        """Adds tokens; the snapshots of a first subscription come as one array, later ones as objects."""
        added = [token for token in dict.fromkeys(said.assets_ids) if token not in client.assets]
        if len(client.assets) + len(added) > _MOST_ASSETS:
            client.socket.push(INVALID)
            return
        client.assets.update(added)
        found = ((token, self._desk.listings.of_token(token)) for token in added)
        books = [self._book(market, market.leg(token)) for token, market in found if market is not None]
        if not said.initial_dump or not books:
            return
        if said.operation:
            for book in books:
                client.socket.push(book)
        else:
            client.socket.push(books)

    def _book(self, market: Market, leg: Leg) -> Json:
        return {"event_type": "book", **book_view(market, leg, self._desk.exchange.book(market.contract))}

    def _tell_best(self, market: Market, clients: list[_Client]) -> None:
        """Best bid and ask, when one of them has moved."""
        book = self._desk.exchange.book(market.contract)
        now = best(*levels(book, Leg.YES))
        if self._best.get(market.condition_id) == now:
            return
        self._best[market.condition_id] = now
        for leg in Leg:
            bids, asks = levels(book, leg)
            bid, ask = best(bids, asks)
            spread = (asks[0][0] if asks else MICRO) - (bids[0][0] if bids else 0)
            message = {
                "event_type": "best_bid_ask",
                "market": market.condition_id,
                "asset_id": market.token(leg),
                "best_bid": bid,
                "best_ask": ask,
                "spread": text(spread),
                "timestamp": self._now,
            }
            for client in clients:
                if client.wants_more and market.token(leg) in client.assets:
                    client.socket.push(message)

    def _described(self, market: Market) -> Json:
        return {
            "id": str(market.market_id),
            "question": market.title,
            "market": market.condition_id,
            "slug": market.slug,
            "description": rules_of(market),
            "assets_ids": list(market.tokens),
            "outcomes": list(market.outcomes),
            "event_message": {
                "id": str(market.event_id),
                "ticker": market.slug,
                "slug": market.slug,
                "title": market.title,
                "description": rules_of(market),
            },
            "timestamp": self._now,
        }

    @property
    def _now(self) -> str:
        return str(self._clock.now_ms())
