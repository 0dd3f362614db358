"""Gamma's messages: markets, events, leagues and tags as the discovery API writes them. Pure.

Lists inside a market (outcomes, prices, token ids) are JSON texts, ids of rows are texts, amounts JSON numbers.
Sources: the Polymarket sheet, section 3; recorded market and event objects.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from hedgerow.core.clock import datetime_of_ms
from hedgerow.core.money import MICRO, decimal_of
from hedgerow.sim.dialects.polymarket.market_shapes import end_of, reference_price, rfc3339, rules_of, start_of
from hedgerow.sim.dialects.polymarket.markets import League, Market, Tag
from hedgerow.sim.dialects.polymarket.shapes import BASE_FEE_BPS, FEE_EXPONENT, FEE_RATE, Json, levels, text
from hedgerow.sim.order_book import Book
from hedgerow.sim.orders import Leg

_REBATE_RATE = decimal_of(250_000)


@dataclass(frozen=True, slots=True)
class MarketFacts:
    """A market with its book and the delay that takers meet in play."""

    market: Market
    book: Book
    seconds_delay: int


def _spaced(moment: datetime) -> str:
    """The form of `gameStartTime` and `closedTime`, e.g. "2025-03-14 23:00:00+00"."""
    return moment.strftime("%Y-%m-%d %H:%M:%S+00")


def market_view(facts: MarketFacts, *, with_event: bool) -> Json:
    """A market as `/markets` lists it; inside an event it does not repeat the event."""
    market, book = facts.market, facts.book
    bids, asks = levels(book, Leg.YES)
    bid, ask = bids[0][0] if bids else 0, asks[0][0] if asks else MICRO
    listed, starts, ends = datetime_of_ms(market.listed_ms), start_of(market), end_of(market)
    volume, liquidity = decimal_of(market.volume), decimal_of(_liquidity(book))
    view = {
        "id": str(market.market_id),
        "question": market.title,
        "conditionId": market.condition_id,
        "slug": market.slug,
        "resolutionSource": "",
        "endDate": rfc3339(ends),
        "liquidity": str(liquidity),
        "startDate": rfc3339(listed),
        "image": "",
        "icon": "",
        "description": rules_of(market),
        "outcomes": json.dumps(market.outcomes, ensure_ascii=False),
        "outcomePrices": json.dumps([text(reference_price(market, leg, book)) for leg in Leg]),
        "volume": str(volume),
        "active": True,
        "closed": market.is_resolved,
        "marketMakerAddress": "",
        "createdAt": rfc3339(listed),
        "updatedAt": rfc3339(datetime_of_ms(max(market.book_ms, market.closed_ms or 0))),
        "new": False,
        "featured": False,
        "archived": False,
        "restricted": True,
        "groupItemTitle": "Match Winner",
        "questionID": market.question_id,
        "enableOrderBook": True,
        "orderPriceMinTickSize": decimal_of(market.tick),
        "orderMinSize": decimal_of(market.min_size),
        "volumeNum": volume,
        "liquidityNum": liquidity,
        "endDateIso": str(ends.date()),
        "startDateIso": str(listed.date()),
        "hasReviewedDates": True,
        "gameStartTime": _spaced(starts),
        "secondsDelay": facts.seconds_delay,
        "clobTokenIds": json.dumps(market.tokens),
        "volumeClob": volume,
        "liquidityClob": liquidity,
        "makerBaseFee": BASE_FEE_BPS,
        "takerBaseFee": BASE_FEE_BPS,
        "acceptingOrders": market.contract.is_open,
        "negRisk": market.neg_risk,
        "negRiskRequestID": "",
        "ready": False,
        "funded": False,
        "acceptingOrdersTimestamp": rfc3339(listed),
        "cyom": False,
        "gameId": str(market.game_id),
        "sportsMarketType": "moneyline",
        "spread": decimal_of(ask - bid),
        "bestAsk": decimal_of(ask),
        "clearBookOnStart": True,
        "manualActivation": False,
        "negRiskOther": False,
        "umaResolutionStatuses": "[]",
        "pendingDeployment": False,
        "deploying": False,
        "rfqEnabled": False,
        "eventStartTime": rfc3339(starts),
        "holdingRewardsEnabled": False,
        "feesEnabled": True,
        "feeType": "sports_fees_v2",
        "feeSchedule": {
            "exponent": FEE_EXPONENT,
            "rate": FEE_RATE,
            "rebateRate": _REBATE_RATE,
            "takerOnly": True,
        },
        "requiresTranslation": False,
    }
    # What a market has not got yet is left out, not null.
    if bids:
        view["bestBid"] = decimal_of(bid)
    if market.last_trade is not None:
        view["lastTradePrice"] = decimal_of(market.last_trade[0])
    if market.closed_ms is not None:
        view["closedTime"] = _spaced(datetime_of_ms(market.closed_ms))
        view["umaResolutionStatus"] = "resolved"
    if with_event:
        view["events"] = [_event_core(facts)]
    return view


def event_view(facts: MarketFacts) -> Json:
    """An event as `/events` lists it: a match with its one market."""
    league = facts.market.league
    return {
        **_event_core(facts),
        "markets": [market_view(facts, with_event=False)],
        "series": [_series_view(league)],
        "tags": [tag_view(tag) for tag in league.all_tags],
    }


def _event_core(facts: MarketFacts) -> Json:
    market = facts.market
    fixture = market.fixture
    listed, starts = datetime_of_ms(market.listed_ms), start_of(market)
    volume, liquidity = decimal_of(market.volume), decimal_of(_liquidity(facts.book))
    return {
        "id": str(market.event_id),
        "ticker": market.slug,
        "slug": market.slug,
        "title": market.title,
        "description": rules_of(market),
        "resolutionSource": "",
        "startDate": rfc3339(listed),
        "creationDate": rfc3339(listed),
        "endDate": rfc3339(end_of(market)),
        "image": "",
        "icon": "",
        "active": True,
        "closed": market.is_resolved,
        "archived": False,
        "new": False,
        "featured": False,
        "restricted": True,
        "liquidity": liquidity,
        "volume": volume,
        "openInterest": 0,
        "createdAt": rfc3339(listed),
        "updatedAt": rfc3339(datetime_of_ms(market.book_ms)),
        "enableOrderBook": True,
        "liquidityClob": liquidity,
        "negRisk": market.neg_risk,
        "commentCount": 0,
        "cyom": False,
        "showAllOutcomes": True,
        "showMarketImages": True,
        "enableNegRisk": False,
        "automaticallyActive": True,
        "eventDate": str(starts.date()),
        "startTime": rfc3339(starts),
        "seriesSlug": market.league.series_slug,
        "gameId": market.game_id,
        "live": fixture.live,
        "ended": fixture.status_id in (2, 3),
        "negRiskAugmented": False,
        "pendingDeployment": False,
        "deploying": False,
        "requiresTranslation": False,
        "eventMetadata": {"league": fixture.category_name, "tournament": fixture.tournament_name},
    }


def _liquidity(book: Book) -> int:
    """The money that rests in a book, in micros."""
    bids = sum(price * size for price, size in book.levels(is_bid=True))
    asks = sum((MICRO - price) * size for price, size in book.levels(is_bid=False))
    return (bids + asks) // MICRO


def _series_view(league: League) -> Json:
    return {
        "id": str(league.series or league.number),
        "ticker": league.series_slug,
        "slug": league.series_slug,
        "title": league.name,
        "seriesType": "single",
        "recurrence": "daily",
        "active": True,
        "closed": False,
        "archived": False,
    }


def tag_view(tag: Tag) -> Json:
    return {
        "id": str(tag.tag_id),
        "label": tag.label,
        "slug": tag.slug,
        "forceShow": False,
        "requiresTranslation": False,
    }


def sport_view(league: League) -> Json:
    """A row of `/sports`: the league's code, its tags as one text, its series."""
    return {
        "id": league.number,
        "sport": league.code,
        "name": league.name,
        "image": "",
        "resolution": "",
        "ordering": "home",
        "tags": ",".join(str(tag.tag_id) for tag in league.all_tags),
        "series": str(league.series or league.number),
    }
