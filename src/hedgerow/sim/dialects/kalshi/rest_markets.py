"""Discovery and market data: `/exchange`, `/series`, `/events`, `/markets`, `/milestones`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web

from hedgerow.sim.dialects.kalshi.amounts import time_text
from hedgerow.sim.dialects.kalshi.errors import invalid_query, not_found
from hedgerow.sim.dialects.kalshi.listings import Event, Market, Phase
from hedgerow.sim.dialects.kalshi.pages import page
from hedgerow.sim.dialects.kalshi.shapes import markets as shapes
from hedgerow.sim.dialects.kalshi.terms import SHARD
from hedgerow.sim.dialects.kalshi.tickers import ALL_SERIES
from hedgerow.sim.dialects.kalshi.venue import Venue
from hedgerow.sim.dialects.kalshi.wire import ROOT, Call, Door

Json = dict[str, Any]

# What a status filter matches. Source: Kalshi's page "Market lifecycle".
_FILTERS: dict[str, tuple[Phase, ...]] = {
    "unopened": (),
    "open": (Phase.ACTIVE,),
    "paused": (Phase.INACTIVE,),
    "closed": (Phase.CLOSED,),
    "settled": (Phase.FINALIZED,),
}
_DEEPEST = 100
_MOST_BOOKS = 100


class MarketRoutes:
    """Handlers over the listings."""

    def __init__(self, venue: Venue, door: Door) -> None:
        self._venue, self._door = venue, door

    def routes(self) -> list[web.RouteDef]:
        table: dict[str, Callable[[Call], Json]] = {
            "/exchange/status": self._status,
            "/exchange/schedule": self._schedule,
            "/exchange/announcements": lambda _: {"announcements": []},
            "/exchange/user_data_timestamp": lambda _: {"as_of_time": time_text(self._venue.clock.now_ms())},
            "/series": self._series_list,
            "/series/fee_changes": lambda _: {"series_fee_change_arr": []},
            "/series/{series_ticker}": self._series,
            "/events": self._events,
            "/events/{event_ticker}": self._event,
            "/markets": self._markets,
            "/markets/trades": self._trades,
            "/markets/orderbooks": self._orderbooks,
            "/markets/{ticker}": self._market,
            "/markets/{ticker}/orderbook": self._orderbook,
            "/milestones": self._milestones,
            "/milestones/{milestone_id}": self._milestone,
        }
        return [web.get(ROOT + path, self._door.public(operation)) for path, operation in table.items()]

    # --- the exchange and its series -------------------------------------------------------------------------

    def _status(self, call: Call) -> Json:
        desk = self._venue.desk
        status = {
            "exchange_active": desk.exchange_active,
            "trading_active": desk.trading_active and desk.exchange_active,
            "intra_exchange_transfers_active": True,
        }
        shard = {"exchange_index": SHARD, "description": "Default", **status}
        return {**status, "exchange_index_statuses": [shard]}

    def _schedule(self, call: Call) -> Json:
        """Always open: the weekly maintenance is not played."""
        days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
        whole_day = [{"open_time": "00:00", "close_time": "24:00"}]
        hours = {"start_time": "2021-01-01T00:00:00Z", "end_time": "2099-01-01T00:00:00Z"}
        week = {**hours, **dict.fromkeys(days, whole_day)}
        return {"schedule": {"standard_hours": [week], "maintenance_windows": []}}

    def _series_list(self, call: Call) -> Json:
        category, tags = call.text("category"), set(call.texts("tags"))
        chosen = [s for s in ALL_SERIES if category in ("", "Sports") and (not tags or s.tag in tags)]
        return {"series": [shapes.series_shape(series, self._venue.terms) for series in chosen]}

    def _series(self, call: Call) -> Json:
        found = next((series for series in ALL_SERIES if series.ticker == call.part("series_ticker")), None)
        if found is None:
            raise not_found()
        return {"series": shapes.series_shape(found, self._venue.terms)}

    # --- events ----------------------------------------------------------------------------------------------

    def _events(self, call: Call) -> Json:
        phases = _phases(call, "GetEvents")
        series, tickers = call.text("series_ticker"), call.texts("tickers")
        closes_after = call.number("min_close_ts", "GetEvents") or 0
        limit = call.limit("GetEvents", 200, 200)
        chosen = [
            event
            for event in self._venue.listings.events.values()
            if (not series or event.series.ticker == series)
            and (not tickers or event.ticker in tickers)
            and event.closes_at_s > closes_after
            and (phases is None or any(market.phase in phases for market in event.markets))
        ]
        shown, cursor = page(chosen, lambda event: event.ticker, limit, call.text("cursor"))
        nested = call.flag("with_nested_markets")
        answer: Json = {"events": [self._event_shape(event, nested=nested) for event in shown], "cursor": cursor}
        if call.flag("with_milestones"):
            answer["milestones"] = [shapes.milestone_shape(event) for event in shown]
        return answer

    def _event(self, call: Call) -> Json:
        event = self._venue.listings.events.get(call.part("event_ticker"))
        if event is None:
            raise not_found()
        nested = call.flag("with_nested_markets")
        markets = [] if nested else [self._market_shape(market) for market in event.markets]
        return {"event": self._event_shape(event, nested=nested), "markets": markets}

    def _event_shape(self, event: Event, *, nested: bool) -> Json:
        shape = shapes.event_shape(event)
        if nested:
            shape["markets"] = [self._market_shape(market) for market in event.markets]
        return shape

    def _milestones(self, call: Call) -> Json:
        wanted, kind = call.text("related_event_ticker"), call.text("type")
        since = call.text("minimum_start_date")
        found = [shapes.milestone_shape(event) for event in self._venue.listings.events.values()]
        chosen = [
            milestone
            for milestone in found
            if call.text("category") in ("", milestone["category"])
            and kind in ("", milestone["type"])
            and milestone["start_date"] >= since
            and (not wanted or wanted in milestone["related_event_tickers"])
        ]
        limit = call.limit("GetMilestones", 100, 500)
        shown, cursor = page(chosen, lambda milestone: str(milestone["id"]), limit, call.text("cursor"))
        return {"milestones": shown, "cursor": cursor}

    def _milestone(self, call: Call) -> Json:
        for event in self._venue.listings.events.values():
            if event.milestone_id == call.part("milestone_id"):
                return {"milestone": shapes.milestone_shape(event)}
        raise not_found()

    # --- markets ---------------------------------------------------------------------------------------------

    def _markets(self, call: Call) -> Json:
        phases = _phases(call, "GetMarkets")
        event, series, tickers = call.text("event_ticker"), call.text("series_ticker"), call.texts("tickers")
        closes_after = call.number("min_close_ts", "GetMarkets") or 0
        closes_before = call.number("max_close_ts", "GetMarkets")
        limit = call.limit("GetMarkets")
        chosen = [
            market
            for market in self._venue.listings.markets.values()
            if (not event or market.event.ticker == event)
            and (not series or market.event.series.ticker == series)
            and (not tickers or market.ticker in tickers)
            and (phases is None or market.phase in phases)
            and market.event.closes_at_s > closes_after
            and (closes_before is None or market.event.closes_at_s < closes_before)
            and call.text("mve_filter") != "only"
        ]
        shown, cursor = page(chosen, lambda market: market.ticker, limit, call.text("cursor"))
        return {"markets": [self._market_shape(market) for market in shown], "cursor": cursor}

    def _market(self, call: Call) -> Json:
        return {"market": self._market_shape(self._found(call))}

    def _orderbook(self, call: Call) -> Json:
        market, depth = self._found(call), call.number("depth", "GetMarketOrderbook") or 0
        if depth > _DEEPEST:
            raise invalid_query("GetMarketOrderbook", "Depth", "lte")
        return {"orderbook_fp": shapes.orderbook_shape(self._venue.exchange.book(market.contract), depth)}

    def _orderbooks(self, call: Call) -> Json:
        tickers = call.texts("tickers")
        if not 0 < len(tickers) <= _MOST_BOOKS:
            raise invalid_query("GetMarketOrderbooks", "Tickers", "max" if tickers else "required")
        markets = [self._venue.listings.markets[t] for t in tickers if t in self._venue.listings.markets]
        book = self._venue.exchange.book
        shown = [
            {"ticker": market.ticker, "orderbook_fp": shapes.orderbook_shape(book(market.contract), 0)}
            for market in markets
        ]
        return {"orderbooks": shown}

    def _trades(self, call: Call) -> Json:
        ticker, after = call.text("ticker"), call.number("min_ts", "GetTrades") or 0
        before = call.number("max_ts", "GetTrades")
        chosen = [
            traded
            for traded in reversed(self._venue.trades)
            if ticker in ("", traded.event.contract.ref)
            and traded.at_ms // 1000 >= after
            and (before is None or traded.at_ms // 1000 <= before)
        ]
        limit = call.limit("GetTrades")
        shown, cursor = page(chosen, lambda traded: traded.event.id, limit, call.text("cursor"))
        return {"trades": [shapes.trade_shape(t.event, t.at_ms) for t in shown], "cursor": cursor}

    def _found(self, call: Call) -> Market:
        market = self._venue.listings.markets.get(call.part("ticker"))
        if market is None:
            raise not_found()
        return market

    def _market_shape(self, market: Market) -> Json:
        book = self._venue.exchange.book(market.contract)
        return shapes.market_shape(market, book, self._venue.open_interest(market))


def _phases(call: Call, operation: str) -> tuple[Phase, ...] | None:
    """The phases that the status filter asks for; None without one. Raises Denial (400) for an unknown one."""
    status = call.text("status")
    if not status:
        return None
    if status not in _FILTERS:
        raise invalid_query(operation, "Status", "oneof")
    return _FILTERS[status]
