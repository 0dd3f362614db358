"""The CLOB's public routes: books, prices, and what a market's tokens, tick and fees are.

Source: the Polymarket sheet, sections 1, 3 and 4; the venue's API reference for the batch forms and the errors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec
from aiohttp import web

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.money import MICRO, decimal_of
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.polymarket.desk import Desk
from hedgerow.sim.dialects.polymarket.http import clob_page, plain
from hedgerow.sim.dialects.polymarket.market_shapes import clob_market, clob_market_info
from hedgerow.sim.dialects.polymarket.markets import Market
from hedgerow.sim.dialects.polymarket.orders import Refusal
from hedgerow.sim.dialects.polymarket.shapes import BASE_FEE_BPS, Json, best, book_view, last_price, levels, text
from hedgerow.sim.order_book import Book
from hedgerow.sim.orders import Leg
from hedgerow.sim.site import json_answer

PAGE = 500
BATCH_LIMIT = 500
_NO_BOOK = "No orderbook exists for the requested token id"
_NO_MARKET = "market not found"

Found = TypeVar("Found")


class _Wanted(msgspec.Struct):
    token_id: str
    side: str = ""


class PublicRoutes:
    """What anybody may ask of the CLOB."""

    def __init__(self, clock: WorldClock, desk: Desk) -> None:
        self._clock, self._desk = clock, desk

    def add_to(self, app: web.Application) -> None:
        app.add_routes(
            [
                web.get("/ok", plain(lambda _: "OK")),
                web.get("/time", plain(lambda _: self._clock.now_ns() // NS_PER_S)),
                web.get("/version", plain(lambda _: {"version": self._desk.version})),
                web.get("/markets", plain(self.markets)),
                web.get("/markets/{condition_id}", plain(self.market)),
                web.get("/clob-markets/{condition_id}", plain(self.market_info)),
                web.get("/markets-by-token/{token_id}", plain(self.market_of_token)),
                web.get("/tick-size", plain(self.tick_size)),
                web.get("/neg-risk", plain(self.neg_risk)),
                web.get("/fee-rate", plain(self.fee_rate)),
                web.get("/book", plain(lambda request: self._one(request, self._book))),
                web.get("/midpoint", plain(lambda request: {"mid": self._one(request, self._mid)})),
                web.get("/spread", plain(lambda request: {"spread": self._one(request, self._spread)})),
                web.get("/last-trade-price", plain(lambda request: self._one(request, self._last))),
                web.get("/price", plain(self.price)),
                web.post("/books", self.books),
                web.post("/midpoints", self.midpoints),
                web.post("/spreads", self.spreads),
                web.post("/prices", self.prices),
                web.post("/last-trades-prices", self.last_prices),
            ]
        )

    # --- markets -----------------------------------------------------------------------------------------------

    def markets(self, request: web.Request) -> Json:
        rows = [clob_market(m, self._book_of(m), self._desk.seconds_delay) for m in self._desk.listings]
        return clob_page(rows, request.query.get("next_cursor", ""), PAGE, "invalid next_cursor")

    def market(self, request: web.Request) -> Json:
        market = self._by_condition(request)
        return clob_market(market, self._book_of(market), self._desk.seconds_delay)

    def market_info(self, request: web.Request) -> Json:
        return clob_market_info(self._by_condition(request))

    def market_of_token(self, request: web.Request) -> Json:
        market = self._by_token(request.match_info["token_id"], _NO_MARKET)
        first, second = market.tokens
        return {"condition_id": market.condition_id, "primary_token_id": first, "secondary_token_id": second}

    def tick_size(self, request: web.Request) -> Json:
        return {"minimum_tick_size": decimal_of(self._asked(request, _NO_MARKET).tick)}

    def neg_risk(self, request: web.Request) -> Json:
        return {"neg_risk": self._asked(request, _NO_MARKET).neg_risk}

    def fee_rate(self, request: web.Request) -> Json:
        self._asked(request, _NO_MARKET)
        return {"base_fee": BASE_FEE_BPS}

    # --- prices ------------------------------------------------------------------------------------------------

    def price(self, request: web.Request) -> Json:
        """The best bid for side BUY, the best ask for SELL."""
        market = self._asked(request, _NO_BOOK)
        return {"price": self._best(market, market.leg(request.query["token_id"]), request.query.get("side", ""))}

    async def books(self, request: web.Request) -> web.Response:
        """Unknown tokens are left out."""
        return json_answer([self._book(market, leg) for _, market, leg in await self._many(request)])

    async def midpoints(self, request: web.Request) -> web.Response:
        found = await self._many(request)
        return json_answer({wanted.token_id: self._mid(market, leg) for wanted, market, leg in found})

    async def spreads(self, request: web.Request) -> web.Response:
        found = await self._many(request)
        return json_answer({wanted.token_id: self._spread(market, leg) for wanted, market, leg in found})

    async def prices(self, request: web.Request) -> web.Response:
        answer: dict[str, dict[str, str]] = {}
        for wanted, market, leg in await self._many(request):
            answer.setdefault(wanted.token_id, {})[wanted.side] = self._best(market, leg, wanted.side)
        return json_answer(answer)

    async def last_prices(self, request: web.Request) -> web.Response:
        """Tokens that have not traded are left out."""
        found = [(wanted, self._last(market, leg)) for wanted, market, leg in await self._many(request)]
        return json_answer([{"token_id": wanted.token_id, **last} for wanted, last in found if last["side"]])

    # --- inside ------------------------------------------------------------------------------------------------

    def _book_of(self, market: Market) -> Book:
        return self._desk.exchange.book(market.contract)

    def _book(self, market: Market, leg: Leg) -> Json:
        return book_view(market, leg, self._book_of(market))

    def _mid(self, market: Market, leg: Leg) -> str:
        bids, asks = levels(self._book_of(market), leg)
        return text(((bids[0][0] if bids else 0) + (asks[0][0] if asks else MICRO)) // 2)

    def _spread(self, market: Market, leg: Leg) -> str:
        bids, asks = levels(self._book_of(market), leg)
        return text((asks[0][0] if asks else MICRO) - (bids[0][0] if bids else 0))

    def _best(self, market: Market, leg: Leg, side: str) -> str:
        if side not in ("BUY", "SELL"):
            raise Refusal("Invalid side")
        return best(*levels(self._book_of(market), leg))[side == "SELL"]

    def _last(self, market: Market, leg: Leg) -> Json:
        """The last trade's price and its taker's side in the token's terms; a half and no side before the first."""
        if market.last_trade is None:
            return {"price": "0.5", "side": ""}
        bought = market.last_trade[1] == (leg is Leg.YES)
        return {"price": last_price(market, leg), "side": "BUY" if bought else "SELL"}

    def _one(self, request: web.Request, answer: Callable[[Market, Leg], Found]) -> Found:
        market = self._asked(request, _NO_BOOK)
        return answer(market, market.leg(request.query["token_id"]))

    async def _many(self, request: web.Request) -> list[tuple[_Wanted, Market, Leg]]:
        """The known tokens of a batch. Raises Refusal."""
        try:
            asked = msgspec.json.decode(await request.read(), type=list[_Wanted])
        except msgspec.DecodeError:
            raise Refusal("Invalid payload") from None
        if len(asked) > BATCH_LIMIT:
            raise Refusal("Payload exceeds the limit")
        found = ((wanted, self._desk.listings.of_token(wanted.token_id)) for wanted in asked)
        return [(wanted, market, market.leg(wanted.token_id)) for wanted, market in found if market is not None]

    def _asked(self, request: web.Request, unknown: str) -> Market:
        token = request.query.get("token_id", "")
        if not token.isdecimal():
            raise Refusal("Invalid token id")
        return self._by_token(token, unknown)

    def _by_token(self, token: str, unknown: str) -> Market:
        market = self._desk.listings.of_token(token)
        if market is None:
            raise Refusal(unknown, 404)
        return market

    def _by_condition(self, request: web.Request) -> Market:
        market = self._desk.listings.of_condition(request.match_info["condition_id"])
        if market is None:
            raise Refusal(_NO_MARKET, 404)
        return market
