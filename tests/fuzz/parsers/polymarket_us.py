"""Polymarket US: orders, trades, balances, listings, books."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.fuzz.harness import Claim, Parser, by, fixture, seed
from tests.fuzz.literals import exact

from hedgerow.core.states import Side
from hedgerow.venues.base import Balance, Fill, Listing, OrderState, Resolution
from hedgerow.venues.polymarket_us import listing, parse, wire

NOW_MS = 1_795_262_400_000


def _order(state: OrderState, told: Any) -> Iterator[Claim]:
    yield "order", (state.venue_ref, state.instrument_ref), (told["id"], told["marketSlug"])
    yield "side", state.side, _side(told)
    yield "price", state.price, exact(told["price"]["value"])
    yield "size", state.size, exact(told["quantity"])
    yield "filled", state.filled, exact(told.get("cumQuantity", "0"))


def _side(told: Any) -> Side:
    return {
        "ORDER_INTENT_BUY_LONG": Side.BUY,
        "ORDER_INTENT_SELL_SHORT": Side.BUY,
        "ORDER_INTENT_BUY_SHORT": Side.SELL,
        "ORDER_INTENT_SELL_LONG": Side.SELL,
    }[told["intent"]]


def _trade(fill: Fill, told: Any) -> Iterator[Claim]:
    ours = told["aggressorExecution" if told["isAggressor"] else "passiveExecution"]
    yield "trade", (fill.trade_ref, fill.venue_ref), (told["id"], ours["order"]["id"])
    yield from _execution(fill, ours)


def _execution(fill: Fill, told: Any) -> Iterator[Claim]:
    yield "side", fill.side, _side(told["order"])
    yield "size", fill.size, exact(told["lastShares"])
    yield "price", fill.price, exact(told["lastPx"]["value"])
    commission = told.get("commissionNotionalCollected")
    yield "fee", fill.fee, exact(commission["value"]) if commission else 0


def _balance(balance: Balance, told: Any) -> Iterator[Claim]:
    row = next(row for row in told["balances"] if row["currency"] == "USD")
    yield "free", balance.free * 10**6, exact(row["buyingPower"])
    yield "held", balance.held * 10**6, exact(row.get("openOrders", "0"))


def _settled(found: Resolution, told: Any) -> Iterator[Claim]:
    yield "payout", (found.payout_per_contract or 0) * 10**6, exact(told["settlement"])


EXECUTION = {
    "order": fixture("polymarket_us", "order"),
    "type": "EXECUTION_TYPE_PARTIAL_FILL",
    "lastShares": seed(4),
    "lastPx": seed({"value": "0.5500", "currency": "USD"}),
    "tradeId": "T1",
    "aggressor": False,
    "transactTime": "2026-11-21T12:00:01.5Z",
    "commissionNotionalCollected": seed({"value": "-0.0070", "currency": "USD"}),
}


def _listed(event: wire.Event) -> list[Listing]:
    return list(listing.listings_of(event, "american-football"))


PARSERS = [
    Parser(
        "polymarket us order",
        [fixture("polymarket_us", "order")],
        by(wire.Order, lambda order: parse.order_state(order, None, NOW_MS)),
        _order,
    ),
    Parser(
        "polymarket us trade",
        [fixture("polymarket_us", "trade", "trade")],
        by(wire.Trade, lambda trade: parse.trade_fill(trade, None)),
        _trade,
    ),
    Parser(
        "polymarket us execution",
        [EXECUTION],
        by(wire.Execution, lambda execution: parse.execution_fill(execution, None, NOW_MS)),
        _execution,
    ),
    Parser(
        "polymarket us balance",
        [seed({"balances": [{"currency": "USD", "buyingPower": 96.55, "openOrders": 4}]})],
        by(wire.Balances, lambda answer: parse.balance(answer.balances)),
        _balance,
    ),
    Parser(
        "polymarket us settlement",
        [seed({"settlement": 1}), seed({"settlement": 0.5})],
        by(wire.Settlement, lambda told: listing.resolution("slug", told, NOW_MS)),
        _settled,
    ),
    Parser("polymarket us listing", [fixture("polymarket_us", "event")], by(wire.Event, _listed)),
]
