"""Answers as Betfair writes them. Source: the venue's sheet, interface files and recorded answers."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hedgerow.core.money import decimal_of
from hedgerow.core.states import Side
from hedgerow.sim import commission
from hedgerow.sim.dialects.betfair_ex import terms
from hedgerow.sim.dialects.betfair_ex.engine import (
    Parts,
    is_executable,
    match_stake,
    meta_of,
    odds_at,
    odds_of,
    side_of,
)
from hedgerow.sim.dialects.betfair_ex.listings import Market, Selection
from hedgerow.sim.order_book import Book
from hedgerow.sim.orders import Match, Order

Json = dict[str, Any]

_ZERO = Decimal(0)


def iso(at_ms: int) -> str:
    """A time as REST writes it: milliseconds, which are there always."""
    moment = datetime.fromtimestamp(at_ms // 1_000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at_ms % 1_000:03d}Z"


def iso_s(at_s: int) -> str:
    return iso(at_s * 1_000)


# --- markets -------------------------------------------------------------------------------------------------------


def catalogue(market: Market, projection: list[str]) -> Json:
    fixture = market.fixture
    shown: Json = {"marketId": market.id, "marketName": "Match Odds", "totalMatched": _ZERO}
    if "MARKET_START_TIME" in projection:
        shown["marketStartTime"] = iso_s(fixture.start_time)
    if "EVENT" in projection:
        shown["event"] = {
            "id": str(market.event_id),
            "name": market.event_name,
            "timezone": "GMT",
            "openDate": iso_s(fixture.start_time),
        }
    if "EVENT_TYPE" in projection:
        shown["eventType"] = {"id": str(market.event_type[0]), "name": market.event_type[1]}
    if "COMPETITION" in projection and fixture.tournament_name:
        shown["competition"] = {"id": str(fixture.tournament_id), "name": fixture.tournament_name}
    if "RUNNER_DESCRIPTION" in projection:
        shown["runners"] = [
            {"selectionId": one.id, "runnerName": one.name, "handicap": _ZERO, "sortPriority": place}
            for place, one in enumerate(market.selections, 1)
        ]
    if "MARKET_DESCRIPTION" in projection:
        shown["description"] = {
            "persistenceEnabled": True,
            "bspMarket": False,
            "marketTime": iso_s(fixture.start_time),
            "suspendTime": iso_s(fixture.start_time),
            "bettingType": "ODDS",
            "turnInPlayEnabled": True,
            "marketType": "MATCH_ODDS",
            "marketBaseRate": terms.BASE_RATE,
            "discountAllowed": True,
            "rules": "The winner of the match.",
            "priceLadderDescription": {"type": "CLASSIC"},
        }
    return shown


def definition(market: Market) -> Json:
    """The definition as the stream sends it: always whole."""
    fixture = market.fixture
    start = iso_s(fixture.start_time)
    shown: Json = {
        "bspMarket": False,
        "turnInPlayEnabled": True,
        "persistenceEnabled": True,
        "marketBaseRate": terms.BASE_RATE,
        "eventId": str(market.event_id),
        "eventTypeId": str(market.event_type[0]),
        "numberOfWinners": 1,
        "bettingType": "ODDS",
        "marketType": "MATCH_ODDS",
        "marketTime": start,
        "suspendTime": start,
        "bspReconciled": False,
        "complete": True,
        "inPlay": market.in_play,
        "crossMatching": False,
        "runnersVoidable": False,
        "numberOfActiveRunners": sum(one.status == "ACTIVE" for one in market.selections),
        "betDelay": market.bet_delay_s,
        "status": market.status,
        "runners": [
            {"status": one.status, "sortPriority": place, "id": one.id}
            for place, one in enumerate(market.selections, 1)
        ],
        "regulators": ["MR_INT"],
        "discountAllowed": True,
        "timezone": "GMT",
        "openDate": start,
        "version": market.version,
        "priceLadderDefinition": {"type": "CLASSIC"},
    }
    if market.settled_ms is not None:
        shown["settledTime"] = iso(market.settled_ms)
    return shown


def levels(book: Book, *, to_back: bool) -> list[tuple[int, int]]:
    """(odds, stake) in micros, the best first. to_back: what others lay."""
    ladder = terms.LADDER
    return [(ladder.odds_of(price), ladder.at_risk(price, size, buys=True)) for price, size in book.levels(not to_back)]


def market_book(market: Market, books: dict[str, Book], depth: int | None, orders: list[Order] | None) -> Json:
    """depth: levels a side, None for all. orders: of the account, where they are asked for."""
    return {
        "marketId": market.id,
        "isMarketDataDelayed": False,
        "status": market.status,
        "betDelay": market.bet_delay_s,
        "bspReconciled": False,
        "complete": True,
        "inplay": market.in_play,
        "numberOfWinners": 1,
        "numberOfRunners": len(market.selections),
        "numberOfActiveRunners": sum(one.status == "ACTIVE" for one in market.selections),
        "crossMatching": False,
        "runnersVoidable": False,
        "version": market.version,
        "runners": [_runner(one, books[one.contract.ref], depth, orders) for one in market.selections],
    }


def _runner(selection: Selection, book: Book, depth: int | None, orders: list[Order] | None) -> Json:
    shown: Json = {
        "selectionId": selection.id,
        "handicap": _ZERO,
        "status": selection.status,
        "totalMatched": decimal_of(selection.matched),
        "ex": {
            "availableToBack": _sizes(levels(book, to_back=True)[:depth]),
            "availableToLay": _sizes(levels(book, to_back=False)[:depth]),
            "tradedVolume": [],
        },
    }
    if selection.last_odds:
        shown["lastPriceTraded"] = decimal_of(selection.last_odds)
    if orders is not None:
        own = [order for order in orders if order.contract is selection.contract]
        shown["orders"] = [_book_order(order) for order in own]
        shown["matches"] = [_match(order, match) for order in own for match in order.fills]
    return shown


def _sizes(rows: list[tuple[int, int]]) -> list[Json]:
    return [{"price": decimal_of(odds), "size": decimal_of(stake)} for odds, stake in rows]


def _match(order: Order, match: Match) -> Json:
    """A raw fragment, as NO_ROLLUP gives them."""
    return {
        "betId": order.id,
        "matchId": match.id,
        "side": side_of(order),
        "price": decimal_of(odds_at(order, match.price)),
        "size": decimal_of(match_stake(order, match)),
        "matchDate": iso(match.at_ms),
    }


def _book_order(order: Order) -> Json:
    shown = current_order(order, "", 0)
    price_size = shown.pop("priceSize")
    dropped = ("marketId", "selectionId", "handicap", "matchedDate", "averagePriceMatched")
    kept = {name: value for name, value in shown.items() if name not in dropped}
    return {**kept, **price_size, "avgPriceMatched": shown["averagePriceMatched"]}


# --- bets ----------------------------------------------------------------------------------------------------------


def current_order(order: Order, market_id: str, selection_id: int) -> Json:
    parts, meta = Parts.of(order), meta_of(order)
    shown: Json = {
        "betId": order.id,
        "marketId": market_id,
        "selectionId": selection_id,
        "handicap": _ZERO,
        "priceSize": {"price": decimal_of(odds_of(order)), "size": decimal_of(meta.stake)},
        "bspLiability": _ZERO,
        "side": side_of(order),
        "status": "EXECUTABLE" if is_executable(order) else "EXECUTION_COMPLETE",
        "persistenceType": meta.persistence,
        "orderType": "LIMIT",
        "placedDate": iso(meta.placed_ms),
        "averagePriceMatched": parts.average,
        "sizeMatched": decimal_of(parts.matched),
        "sizeRemaining": decimal_of(parts.remaining),
        "sizeLapsed": decimal_of(parts.lapsed),
        "sizeCancelled": decimal_of(parts.cancelled),
        "sizeVoided": _ZERO,
        "regulatorCode": "MALTA LOTTERIES AND GAMBLING AUTHORITY",
    }
    if order.fills:
        shown["matchedDate"] = iso(order.fills[-1].at_ms)
    for name, text in (("customerOrderRef", meta.ref), ("customerStrategyRef", meta.strategy)):
        if text:
            shown[name] = text
    return shown


def cleared_order(order: Order, market: Market, selection_id: int) -> Json:
    """A settled bet: profit before commission."""
    parts, meta = Parts.of(order), meta_of(order)
    risk = sum(order.at_risk(match.price, match.size) for match in order.fills)
    profit = order.payout + commission.taken_of(order) - risk
    shown: Json = {
        "eventTypeId": str(market.event_type[0]),
        "eventId": str(market.event_id),
        "marketId": market.id,
        "selectionId": selection_id,
        "handicap": _ZERO,
        "betId": order.id,
        "placedDate": iso(meta.placed_ms),
        "persistenceType": meta.persistence,
        "orderType": "LIMIT",
        "side": side_of(order),
        "betOutcome": {1: "WON", -1: "LOST"}.get((profit > 0) - (profit < 0), "PLACE"),
        "priceRequested": decimal_of(odds_of(order)),
        "settledDate": iso(meta.settled_ms),
        "betCount": 1,
        "priceMatched": parts.average,
        "priceReduced": False,
        "sizeSettled": decimal_of(parts.matched),
        "profit": decimal_of(profit),
    }
    if meta.ref:
        shown["customerOrderRef"] = meta.ref
    return shown


def stream_order(order: Order) -> Json:
    """A `uo` of the order stream."""
    parts, meta = Parts.of(order), meta_of(order)
    shown: Json = {
        "id": order.id,
        "p": decimal_of(odds_of(order)),
        "s": decimal_of(meta.stake),
        "side": "B" if order.side is Side.BUY else "L",
        "status": "E" if is_executable(order) else "EC",
        "pt": meta.persistence[0] if meta.persistence != "MARKET_ON_CLOSE" else "MOC",
        "ot": "L",
        "pd": meta.placed_ms,
        "sm": decimal_of(parts.matched),
        "sr": decimal_of(parts.remaining),
        "sl": decimal_of(parts.lapsed),
        "sc": decimal_of(parts.cancelled),
        "sv": _ZERO,
        "rac": "",
        "rc": "REG_LGA",
        "rfo": meta.ref,
        "rfs": meta.strategy,
    }
    if order.fills:
        shown |= {"md": order.fills[-1].at_ms, "avp": parts.average}
    if meta.cancelled_ms is not None:
        shown["cd"] = meta.cancelled_ms
    if parts.lapsed:
        shown["ld"] = meta.lapsed_ms or meta.placed_ms
    return shown
