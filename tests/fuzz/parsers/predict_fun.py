"""predict.fun: orders, matches, the wallet's events, books, listings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.fuzz.harness import Claim, Parser, by, fixture, seed
from tests.fuzz.literals import exact, floored

from hedgerow.core.ids import VenueSlug
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.states import Side
from hedgerow.venues.base import Fill, Instrument, OrderState
from hedgerow.venues.predict_fun import listing, parse, wire
from hedgerow.venues.taking import Leg, Level

NOW_MS = 1_795_262_400_000
SIGNER = "0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a"
LEG = Leg(Instrument(VenueSlug("predict.fun"), "1", "2", PriceGrid.probability(10_000)), Side.BUY)
SIDES = {"bid": Side.BUY, "ask": Side.SELL}


def _wei(told: Any) -> int:
    return int(exact(told, 1)) // 10**12


def _order(state: OrderState, told: Any) -> Iterator[Claim]:
    order = told["order"]
    yield "side", state.side, {"0": Side.BUY, "1": Side.SELL}[order["side"]]
    yield "size", state.size, _wei(told["amount"])
    yield "filled", state.filled, _wei(told["amountFilled"])
    money, quantity = int(order["makerAmount"]), int(order["takerAmount"])
    if state.side is Side.SELL:
        money, quantity = quantity, money
    yield "price", state.price, money * 10**6 // quantity


def _fee(fee: Any, price: int) -> int:
    if fee is None:
        return 0
    amount = _wei(fee["amount"])
    return amount * price // 10**6 if fee["type"] == "SHARES" else amount


def _match(fills: list[Fill], told: Any) -> Iterator[Claim]:
    legs = [(told["taker"], told["priceExecuted"]), *((leg, leg["price"]) for leg in told["makers"])]
    ours = [(leg, price) for leg, price in legs if leg["signer"].lower() == SIGNER]
    for fill, (leg, price) in zip(fills, ours, strict=True):
        yield "side", fill.side, SIDES[leg["quoteType"].lower()]
        yield "price", fill.price, _wei(price)
        yield "size", fill.size, _wei(leg["amount"])
        yield "fee", fill.fee, _fee(leg.get("fee"), fill.price)


def _event(state: OrderState, told: Any) -> Iterator[Claim]:
    details = told["details"]
    yield "side", state.side, SIDES[details["quoteType"].lower()]
    yield "price", state.price, floored(details["price"])
    yield "size", state.size, floored(details["quantity"])
    yield "filled", state.filled, floored(details["quantityFilled"])


def _event_fill(fill: Fill, told: Any) -> Iterator[Claim]:
    yield "price", fill.price, _wei(told["fill"]["executedPriceWei"])
    yield "size", fill.size, _wei(told["fill"]["executedSizeWei"])
    yield (
        "fee",
        fill.fee,
        _fee(
            {"amount": told["fee"]["amountWei"], "type": told["fee"]["type"]} if told.get("fee") else None, fill.price
        ),
    )


def _book(levels: list[Level], told: Any) -> Iterator[Claim]:
    yield (
        "asks",
        [(level.cost, level.size) for level in levels],
        [(floored(price), floored(size)) for price, size in told["asks"]],
    )


PARSERS = [
    Parser(
        "predict.fun withheld shares",
        [fixture("predict_fun", "match", "taker", "fee")],
        by(wire.MatchFee, parse.withheld),
        lambda shares, told: [("shares", shares, _wei(told["amount"]) if told["type"] == "SHARES" else 0)],
    ),
    Parser(
        "predict.fun order",
        [fixture("predict_fun", "order_row")],
        by(wire.OrderRow, lambda row: parse.order_state(row, None, NOW_MS)),
        _order,
    ),
    Parser(
        "predict.fun match",
        [fixture("predict_fun", "match")],
        by(wire.Match, lambda match: parse.fills_of(match, SIGNER, lambda _: None)),
        _match,
    ),
    Parser(
        "predict.fun wallet event",
        [fixture("predict_fun", "wallet_event")],
        by(wire.WalletEvent, lambda event: parse.event_state(event, "1", None)),
        _event,
    ),
    Parser(
        "predict.fun wallet fill",
        [fixture("predict_fun", "wallet_event")],
        by(wire.WalletEvent, lambda event: parse.event_fill(event, "1", None)),
        _event_fill,
    ),
    Parser(
        "predict.fun book",
        [seed({"asks": [[0.52, 12.5], [0.53, 7]], "bids": [[0.5, 3]]})],
        by(wire.Book, lambda book: parse.levels_of(book, LEG, is_first=True)),
        _book,
    ),
    Parser(
        "predict.fun listing",
        [fixture("predict_fun", "category")],
        by(wire.Category, lambda category: listing.listings_of(category, "tennis")),
    ),
]
