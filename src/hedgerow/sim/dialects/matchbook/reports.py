"""What the accounts are told of their money: the balance, and the report of settled bets.

Profit is before commission and negative for a loss; `result` is WIN or LOSE, and of a bet that neither won nor lost
nothing is documented: it is told as VOID here, with a profit of 0. Source: the sheet's section on settlement.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import groupby
from typing import Any

from hedgerow.core.money import decimal_of
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.sim.dialects.matchbook.desk import CURRENCY, Desk, Offer
from hedgerow.sim.dialects.matchbook.listings import Market
from hedgerow.sim.dialects.matchbook.odds import odds_of, shown, stake_of
from hedgerow.sim.dialects.matchbook.shapes import reserve
from hedgerow.sim.dialects.matchbook.terms import Terms
from hedgerow.sim.dialects.matchbook.wire import Call, time_text, user_id
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.orders import Match, State

Json = dict[str, Any]

_RESULTS = {
    SettlementStatus.WON: "WIN",
    SettlementStatus.HALF_WON: "WIN",
    SettlementStatus.LOST: "LOSE",
    SettlementStatus.HALF_LOST: "LOSE",
}


class Reports:
    """Of all accounts."""

    def __init__(self, exchange: Exchange, desk: Desk, terms: Terms) -> None:
        self._exchange, self._desk, self._terms = exchange, desk, terms

    def balance(self, call: Call) -> Json:
        """What offers and bets hold is not free; `balance` is as if they had not been made."""
        offers = [offer for offer in self._desk.offers.values() if offer.order.account == call.account]
        unsettled = [offer for offer in offers if offer.order.state is not State.SETTLED]
        fees = sum((decimal_of(match.fee) for offer in unsettled for match in offer.order.fills), Decimal(0))
        reserved = sum((reserve(offer, self._terms) for offer in offers), Decimal(0))
        exposure = sum((_exposure(offer) for offer in unsettled), Decimal(0))
        free = decimal_of(self._exchange.free_cash(call.account))
        return {
            "id": user_id(call.account),
            "balance": free + exposure + fees + reserved,
            "exposure": exposure,
            "commission-reserve": fees + reserved,
            "free-funds": free,
        }

    def settled(self, call: Call) -> Json:
        """By market; `after` and `before` are about the time of settlement."""
        mine = [offer for offer in self._desk.offers.values() if offer.order.account == call.account]
        markets = {offer.market.id: offer.market for offer in mine if offer.order.state is State.SETTLED}
        found = [market for market in markets.values() if _is_asked_for(call, market)]
        found.sort(key=lambda market: market.settled_ms)
        rows = [_market(market, [offer for offer in mine if offer.market is market]) for market in found]
        return {"language": "en", "currency": CURRENCY, "odds-type": "DECIMAL", **call.page("markets", rows)}


def _exposure(offer: Offer) -> Decimal:
    order = offer.order
    matched = sum(order.at_risk(match.price, match.size) for match in order.fills)
    is_open = order.state in (State.OPEN, State.PENDING)
    return decimal_of(matched + (order.at_risk(order.price, order.remaining, up=True) if is_open else 0))


def _is_asked_for(call: Call, market: Market) -> bool:
    at = time_text(market.settled_ms)
    after, before = call.text("after"), call.text("before")
    markets, events = call.texts("market-ids"), call.texts("event-ids")
    if (markets and market.id not in markets) or (events and market.event.id not in events):
        return False
    return (not after or at >= after) and (not before or at <= before)


def _market(market: Market, offers: list[Offer]) -> Json:
    rows = sorted((offer for offer in offers if offer.order.fills), key=_selection)
    selections = [_of_selection(market, list(group)) for _, group in groupby(rows, key=_selection)]
    return {
        "id": int(market.id),
        "event-id": int(market.event.id),
        "event-name": market.event.name,
        "sport-id": market.event.sport_id,
        "name": market.name,
        "settled-time": time_text(market.settled_ms),
        **_totals(selections),
        "selections": selections,
    }


def _selection(offer: Offer) -> tuple[str, str]:
    return offer.runner.id, offer.order.side.value


def _of_selection(market: Market, offers: list[Offer]) -> Json:
    first = offers[0]
    bets = [_bet(market, offer, match) for offer in offers for match in offer.order.fills]
    return {
        "runner-id": int(first.runner.id),
        "runner-name": first.runner.name,
        "side": "back" if first.order.side is Side.BUY else "lay",
        "stake": sum((bet["stake"] for bet in bets), Decimal(0)),
        **_totals(bets),
        "bets": bets,
    }


def _bet(market: Market, offer: Offer, match: Match) -> Json:
    order = offer.order
    profit, fee = decimal_of(_profit(offer, match)), decimal_of(match.fee)
    return {
        "id": int(match.id),
        "offer-id": int(order.id),
        "odds": odds_of(match.price),
        "stake": shown(stake_of(match.size, match.price)),
        "adjusted": False,
        "originator": match.is_maker,
        "in-play": offer.is_in_play,
        "submitted-time": time_text(order.created_ms),
        "matched-time": time_text(match.at_ms),
        "settled-time": time_text(market.settled_ms),
        "result": _RESULTS.get(order.settlement, "VOID"),
        "profit-and-loss": profit,
        "commission-type": "VOLUME",
        "commission": fee,
        "net-profit-and-loss": profit - fee,
    }


def _profit(offer: Offer, match: Match) -> int:
    """What the engine pays for the match, less what it cost. Micros."""
    risk = offer.order.at_risk(match.price, match.size)
    match offer.order.settlement:
        case SettlementStatus.WON:
            return match.size - risk
        case SettlementStatus.HALF_WON:
            return (match.size - risk) // 2
        case SettlementStatus.HALF_LOST:
            return -risk // 2
        case SettlementStatus.LOST:
            return -risk
        case _:
            return 0


def _totals(rows: list[Json]) -> Json:
    names = ("profit-and-loss", "commission", "net-profit-and-loss")
    return {name: sum((row[name] for row in rows), Decimal(0)) for name in names}
