"""Gamma, the venue's discovery API: markets and events by slug, id, tag or text, in lists and pages.

Listings leave resolved markets out unless they are asked for with `closed=true`. Parameters that only sort, translate
or decorate are accepted and change nothing. Source: the Polymarket sheet, section 3, and the API reference.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from aiohttp import web

from hedgerow.sim.dialects.polymarket.desk import Desk
from hedgerow.sim.dialects.polymarket.gamma_shapes import MarketFacts, event_view, market_view, sport_view, tag_view
from hedgerow.sim.dialects.polymarket.http import is_true, number_of, page_of, plain, texts_of
from hedgerow.sim.dialects.polymarket.market_shapes import end_of, start_of
from hedgerow.sim.dialects.polymarket.markets import LEAGUES, Market
from hedgerow.sim.dialects.polymarket.orders import Refusal
from hedgerow.sim.dialects.polymarket.shapes import Json

_TAGS = {tag.tag_id: tag for league in LEAGUES for tag in league.all_tags}
_MOST_MARKETS, _MOST_EVENTS = 100, 500
_USUAL = 20

Filter = Callable[[web.Request, Market], bool]
View = Callable[[MarketFacts], Json]


class GammaRoutes:
    """Discovery on the desk's listings."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def add_to(self, app: web.Application) -> None:
        app.add_routes(
            [
                web.get("/markets", plain(self.markets)),
                web.get("/markets/keyset", plain(self.markets_by_cursor)),
                web.get("/markets/slug/{slug}", plain(self.market)),
                web.get("/markets/{id}", plain(self.market)),
                web.get("/markets/{id}/tags", plain(self.market_tags)),
                web.get("/events", plain(self.events)),
                web.get("/events/keyset", plain(self.events_by_cursor)),
                web.get("/events/slug/{slug}", plain(self.event)),
                web.get("/events/{id}", plain(self.event)),
                web.get("/events/{id}/tags", plain(self.event_tags)),
                web.get("/sports", plain(lambda _: [sport_view(league) for league in LEAGUES])),
                web.get("/sports/market-types", plain(lambda _: {"marketTypes": ["moneyline"]})),
                web.get("/tags", plain(self.tags)),
                web.get("/tags/slug/{slug}", plain(self.tag)),
                web.get("/tags/{id}", plain(self.tag)),
                web.get("/public-search", plain(self.search)),
            ]
        )

    # --- lists ---------------------------------------------------------------------------------------------------

    def markets(self, request: web.Request) -> list[Json]:
        return self._listed(request, _is_wanted_market, _market, _MOST_MARKETS)

    def events(self, request: web.Request) -> list[Json]:
        return self._listed(request, _is_wanted_event, event_view, _MOST_EVENTS)

    def markets_by_cursor(self, request: web.Request) -> Json:
        return self._paged(request, "markets", _is_wanted_market, _market, _MOST_MARKETS)

    def events_by_cursor(self, request: web.Request) -> Json:
        return self._paged(request, "events", _is_wanted_event, event_view, _MOST_EVENTS)

    def tags(self, request: web.Request) -> list[Json]:
        offset, limit = number_of(request, "offset", 0, 10**6), number_of(request, "limit", 100, 100)
        return [tag_view(tag) for tag in list(_TAGS.values())[offset : offset + limit]]

    def search(self, request: web.Request) -> Json:
        """Events whose title has every word of the question; open ones unless closed ones are kept."""
        words = request.query.get("q", "").lower().split()
        if not words:
            raise Refusal("q is required", 422)
        keeps_closed = request.query.get("keep_closed_markets", "0") not in ("0", "false")
        found = [
            market
            for market in self._desk.listings
            if all(word in market.title.lower() for word in words) and (keeps_closed or not market.is_resolved)
        ]
        limit, page = number_of(request, "limit_per_type", _USUAL, 100), number_of(request, "page", 1, 10**6)
        first = max(0, page - 1) * limit
        shown = [event_view(self._facts(market)) for market in found[first : first + limit]]
        return {
            "events": shown,
            "tags": [],
            "profiles": [],
            "pagination": {"hasMore": first + limit < len(found), "totalResults": len(found)},
        }

    # --- single things -------------------------------------------------------------------------------------------

    def market(self, request: web.Request) -> Json:
        return _market(self._facts(self._named(request, lambda market: market.market_id)))

    def event(self, request: web.Request) -> Json:
        return event_view(self._facts(self._named(request, lambda market: market.event_id)))

    def market_tags(self, request: web.Request) -> list[Json]:
        return [tag_view(tag) for tag in self._named(request, lambda market: market.market_id).league.all_tags]

    def event_tags(self, request: web.Request) -> list[Json]:
        return [tag_view(tag) for tag in self._named(request, lambda market: market.event_id).league.all_tags]

    def tag(self, request: web.Request) -> Json:
        wanted = request.match_info
        for tag in _TAGS.values():
            if wanted.get("id") == str(tag.tag_id) or wanted.get("slug") == tag.slug:
                return tag_view(tag)
        raise _not_found("tag")

    # --- inside --------------------------------------------------------------------------------------------------

    def _named(self, request: web.Request, number: Callable[[Market], int]) -> Market:
        wanted = request.match_info
        for market in self._desk.listings:
            if wanted.get("id") == str(number(market)) or wanted.get("slug") == market.slug:
                return market
        raise _not_found("id")

    def _wanted(self, request: web.Request, is_wanted: Filter) -> list[Market]:
        return [market for market in self._desk.listings if is_wanted(request, market)]

    def _listed(self, request: web.Request, is_wanted: Filter, view: View, most: int) -> list[Json]:
        offset, limit = number_of(request, "offset", 0, 10**6), number_of(request, "limit", _USUAL, most)
        shown = self._wanted(request, is_wanted)[offset : offset + limit]
        return [view(self._facts(market)) for market in shown]

    def _paged(self, request: web.Request, name: str, is_wanted: Filter, view: View, most: int) -> Json:
        """A page behind a cursor; the next cursor is left out on the last page."""
        if "offset" in request.query:
            raise Refusal("offset is not supported with keyset pagination", 422)
        limit = max(1, number_of(request, "limit", _USUAL, most))
        cursor = request.query.get("after_cursor", "")
        shown, following = page_of(self._wanted(request, is_wanted), cursor, limit, "invalid after_cursor")
        page: Json = {name: [view(self._facts(market)) for market in shown]}
        return page if following is None else {**page, "next_cursor": following}

    def _facts(self, market: Market) -> MarketFacts:
        return MarketFacts(market, self._desk.exchange.book(market.contract), self._desk.seconds_delay)


def _market(facts: MarketFacts) -> Json:
    return market_view(facts, with_event=True)


def _not_found(what: str) -> Refusal:
    return Refusal(f"{what} not found", 404)


def _is_wanted_market(request: web.Request, market: Market) -> bool:
    closed = is_true(request, "closed") or False
    return (
        market.is_resolved == closed
        and _is_any(request, "id", {str(market.market_id)})
        and _is_any(request, "condition_ids", {market.condition_id})
        and _is_any(request, "clob_token_ids", set(market.tokens))
        and _is_any(request, "question_ids", {market.question_id})
        and _is_any(request, "sports_market_types", {"moneyline"})
        and _is_common(request, market)
    )


def _is_wanted_event(request: web.Request, market: Market) -> bool:
    closed, live = is_true(request, "closed"), is_true(request, "live")
    league = market.league
    return (
        (closed is None or market.is_resolved == closed)
        and (live is None or market.fixture.live == live)
        and _is_any(request, "id", {str(market.event_id)})
        and _is_any(request, "series_id", {str(league.series or league.number)})
        and _is_any(request, "tag_slug", {tag.slug for tag in league.all_tags})
        and _is_common(request, market)
    )


def _is_common(request: web.Request, market: Market) -> bool:
    """What markets and events are filtered by alike. Resolved markets stay `active`, as at the venue."""
    return (
        is_true(request, "active") is not False
        and is_true(request, "archived") is not True
        and _is_any(request, "slug", {market.slug})
        and _is_any(request, "game_id", {str(market.game_id)})
        and _is_any(request, "tag_id", {str(tag.tag_id) for tag in market.league.all_tags})
        and _is_between(request, "start_time", start_of(market))
        and _is_between(request, "end_date", end_of(market))
    )


def _is_any(request: web.Request, name: str, own: set[str]) -> bool:
    """Whether a filter is not set or names one of the market's own values."""
    wanted = texts_of(request, name)
    return not wanted or not own.isdisjoint(wanted)


def _is_between(request: web.Request, name: str, moment: datetime) -> bool:
    least, most = (_moment(request, f"{name}_{end}") for end in ("min", "max"))
    return (least is None or least <= moment) and (most is None or moment <= most)


def _moment(request: web.Request, name: str) -> datetime | None:
    given = request.query.get(name)
    if given is None:
        return None
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise Refusal(f"invalid {name}", 422) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
