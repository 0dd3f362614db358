"""Matchbook's answers, from the listings and the desk. Ids are numbers; of offers they are texts, as some answers have
them. Amounts have five decimals at most."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hedgerow.core.money import decimal_of
from hedgerow.core.states import Side
from hedgerow.sim.dialects.matchbook.desk import CURRENCY, FailedOffer, NewOffer, Offer
from hedgerow.sim.dialects.matchbook.listings import SPORTS, Event, Market, Runner
from hedgerow.sim.dialects.matchbook.odds import liability_of, odds_of, shown, stake_of
from hedgerow.sim.dialects.matchbook.terms import Terms
from hedgerow.sim.dialects.matchbook.wire import error_shape, time_text
from hedgerow.sim.order_book import Book
from hedgerow.sim.orders import Match, State

Json = dict[str, Any]

_DECIMAL = {"odds-type": "DECIMAL", "exchange-type": "back-lay"}
BATCH: Json = {"language": "en", "currency": CURRENCY, **_DECIMAL}
"""What an answer with several offers begins with."""


# --- events ----------------------------------------------------------------------------------------------------


def event(event: Event, books: dict[str, list[Json]]) -> Json:
    """books: prices by runner id; of none where they are not asked for."""
    fixture = event.fixture
    return {
        "id": int(event.id),
        "name": event.name,
        "sport-id": event.sport_id,
        "start": time_text(fixture.start_time * 1000),
        "in-running-flag": fixture.live,
        "allow-live-betting": True,
        "category-id": [event.sport_id],
        "status": event.status,
        "volume": 0,
        "meta-tags": _tags(event),
        "markets": [market(event.market, books)],
    }


def _tags(event: Event) -> list[Json]:
    sport = SPORTS[event.fixture.sport_id][1]
    competition = event.fixture.tournament_name
    tags = [{"id": event.sport_id, "name": sport, "type": "SPORT", "url-name": sport.lower().replace(" ", "-")}]
    if competition:
        url_name = competition.lower().replace(" ", "-")
        tags.append(
            {"id": event.fixture.tournament_id, "name": competition, "type": "COMPETITION", "url-name": url_name}
        )
    return tags


def market(market: Market, books: dict[str, list[Json]]) -> Json:
    fixture = market.event.fixture
    return {
        "id": int(market.id),
        "event-id": int(market.event.id),
        "name": market.name,
        "status": market.status,
        "market-type": market.kind,
        "type": "multirunner" if len(market.runners) > 2 else "binary",
        "start": time_text(fixture.start_time * 1000),
        "live": fixture.live,
        "in-running-flag": fixture.live,
        "allow-live-betting": True,
        "volume": 0,
        "runners": [runner(market, each, books.get(each.id, [])) for each in market.runners],
    }


def runner(market: Market, runner: Runner, prices: list[Json]) -> Json:
    return {
        "id": int(runner.id),
        "event-id": int(market.event.id),
        "market-id": int(market.id),
        "name": runner.name,
        "status": market.status,
        "withdrawn": False,
        "volume": 0,
        "prices": prices,
    }


def prices(book: Book, depth: int, least: Decimal, side: str) -> list[Json]:
    """What can be backed and what can be laid now, best first. least: levels with less are hidden; side: of one alone,
    empty for both."""
    shape: list[Json] = []
    for name, is_bid in (("back", False), ("lay", True)):
        if side in ("", name):
            amounts = [(price, stake_of(size, price)) for price, size in book.levels(is_bid=is_bid)]
            shape += [_price(name, price, amount) for price, amount in amounts if amount >= least][:depth]
    return shape


def _price(side: str, price: int, amount: Decimal) -> Json:
    odds = odds_of(price)
    return {
        "available-amount": shown(amount),
        "currency": CURRENCY,
        "odds": odds,
        "decimal-odds": odds,
        "side": side,
        **_DECIMAL,
    }


# --- offers ----------------------------------------------------------------------------------------------------


def offer(offer: Offer, terms: Terms) -> Json:
    order, market = offer.order, offer.market
    odds = odds_of(order.price)
    can_win = "potential-profit" if order.side is Side.BUY else "potential-liability"
    shape: Json = {
        "id": order.id,
        "event-id": market.event.id,
        "event-name": market.event.name,
        "market-id": market.id,
        "market-name": market.name,
        "market-type": market.kind,
        "runner-id": offer.runner.id,
        "runner-name": offer.runner.name,
        "sport-id": market.event.sport_id,
        "exchange-type": "back-lay",
        "side": "back" if order.side is Side.BUY else "lay",
        "odds": odds,
        "odds-type": "DECIMAL",
        "decimal-odds": odds,
        "stake": offer.stake,
        "remaining": shown(offer.remaining),
        can_win: shown(liability_of(order.size, order.price)),
        f"remaining-{can_win}": shown(liability_of(order.remaining, order.price)),
        "commission-type": "VOLUME",
        "originator-commission-rate": terms.originator_rate,
        "acceptor-commission-rate": terms.acceptor_rate,
        "commission-reserve": reserve(offer, terms),
        "currency": CURRENCY,
        "created-at": time_text(order.created_ms),
        "status": offer.status,
        "in-play": offer.is_in_play,
        "keep-in-play": offer.is_kept,
    }
    if offer.temp_id is not None:
        shape["temp-id"] = offer.temp_id
    if order.fills:
        shape["matched-bets"] = [matched_bet(offer, match) for match in order.fills]
    return shape


def reserve(offer: Offer, terms: Terms) -> Decimal:
    """What is set aside for the commission of the rest of an offer, as if it took its price."""
    order = offer.order
    if order.state not in (State.OPEN, State.PENDING):
        return Decimal(0)
    return decimal_of(terms.fee(order.contract, order.price, order.remaining, is_maker=False))


def matched_bet(offer: Offer, match: Match) -> Json:
    odds, is_back = odds_of(match.price), offer.order.side is Side.BUY
    return {
        "id": int(match.id),
        "offer-id": offer.order.id,
        "odds": odds,
        "odds-type": "DECIMAL",
        "decimal-odds": odds,
        "stake": shown(stake_of(match.size, match.price)),
        "potential-profit" if is_back else "potential-liability": shown(liability_of(match.size, match.price)),
        "commission": decimal_of(match.fee),
        "currency": CURRENCY,
        "created-at": time_text(match.at_ms),
        "status": "open",
        "in-play": offer.is_in_play,
    }


def failed_offer(wanted: NewOffer, failure: FailedOffer) -> Json:
    shape: Json = {
        "runner-id": str(wanted.runner_id),
        "exchange-type": "back-lay",
        "side": wanted.side,
        "odds": wanted.odds,
        "odds-type": "DECIMAL",
        "stake": wanted.stake,
        "currency": CURRENCY,
        "status": "failed",
        "keep-in-play": wanted.keep_in_play,
        "errors": [error_shape(failure.message, field=failure.field)],
    }
    if wanted.temp_id is not None:
        shape["temp-id"] = wanted.temp_id
    return shape
