"""Limitless: books, what an order took, results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.fuzz.harness import Claim, Parser, by, fixture
from tests.fuzz.literals import exact, floored, number

from hedgerow.venues.base import Instrument
from hedgerow.venues.limitless_ex import parse, wire
from hedgerow.venues.taking import Level, Taken


def _asks(levels: list[Level], told: Any) -> Iterator[Claim]:
    if told["tokenId"] == "1111":
        rows = sorted((floored(row["price"]), exact(row["size"], 1)) for row in told["asks"])
    else:
        rows = sorted((10**6 - floored(row["price"]), exact(row["size"], 1)) for row in told["bids"])
    yield "levels", sorted((level.cost, level.size) for level in levels), rows


def _taken(taken: Taken, told: Any) -> Iterator[Claim]:
    yield "order", (taken.venue_ref, taken.instrument_ref), (told["order"]["id"], told["order"]["tokenId"])
    yield "side", taken.side.value, {"0": "buy", "1": "sell"}[told["order"]["side"]]
    if taken.size:
        totals = told["execution"]["totalsRaw"]
        yield "size", taken.size, number(totals["contractsGross"])
        yield "cost", taken.cost, number(totals["usdGross"])
        yield "fee", (taken.fee, taken.withheld), (number(totals["usdFee"]), number(totals["contractsFee"]))


def _instruments(found: tuple[Instrument, Instrument], told: Any) -> Iterator[Claim]:
    yield "tokens", tuple(one.ref for one in found), (told["tokens"]["yes"], told["tokens"]["no"])


RESOLVED = {"status": "RESOLVED", "winningOutcomeIndex": 0, "payoutNumerators": ["1", "0"]}
SPLIT = {"status": "RESOLVED", "winningOutcomeIndex": None, "payoutNumerators": ["1", "2"]}

PARSERS = [
    Parser(
        "limitless open market",
        [fixture("limitless_ex", "market")],
        by(wire.Market, lambda one: str(parse.is_open(one))),
    ),
    Parser(
        "limitless book",
        [fixture("limitless_ex", "book")],
        by(wire.Book, lambda book: parse.levels_of(book, "1111")),
        _asks,
    ),
    Parser(
        "limitless placed",
        [fixture("limitless_ex", "placed")],
        by(wire.Placed, lambda told: parse.taken_of(told, "ours")),
        _taken,
    ),
    Parser(
        "limitless market",
        [fixture("limitless_ex", "market")],
        by(wire.Market, lambda market: parse.instruments_of(market, 300)),
        _instruments,
    ),
    Parser(
        "limitless result",
        [fixture("limitless_ex", "market", **changes) for changes in (RESOLVED, SPLIT)],
        by(wire.Market, lambda market: parse.result_of(market, "1111")),
    ),
]
