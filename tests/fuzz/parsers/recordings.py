"""Recordings that the simulated world plays: tapes of the feed, and Betfair's stream files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import zstandard
from tests.fuzz.harness import Claim, Parser, seed
from tests.fuzz.literals import floored, number
from tests.fuzz.mutations import text_of
from tests.sim.recordings.betfair_files import whole_match

from hedgerow.core.errors import InputError
from hedgerow.sim.events import OddsEvent, ReplayEvent, TradeEvent
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.recordings.betfair import BetfairRecording
from hedgerow.sim.recordings.tape import TapeRecording

CATALOGUE = Catalogue()
FIXTURE = "id1200255561419001"
HEADER = b'{"tape":1,"kind":"feed","created":"2026-11-21T12:00:00+00:00"}\n'


def _file(content: bytes, read: Callable[[Path], list[ReplayEvent]]) -> list[ReplayEvent]:
    with tempfile.NamedTemporaryFile(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as file:
        Path(file.name).write_bytes(content)
        return read(Path(file.name))


def _tape(payload: bytes) -> list[ReplayEvent]:
    """The events of a tape with one record, whose line the payload is."""
    packed = zstandard.ZstdCompressor().compress(HEADER + payload + b"\n")
    return _file(packed, lambda path: list(TapeRecording(path).events()))


def _prices(events: list[ReplayEvent], told: Any) -> Iterator[Claim]:
    for event in events:
        if isinstance(event, OddsEvent):
            rows = told["d"]["payload"]["odds"][event.bookmaker].values()
            for price, row in zip(event.prices, rows, strict=True):
                yield "outcome", str(price.outcome.outcome_id), row["outcomeId"]
                yield (
                    "price",
                    price.price,
                    None if row["price"] in (None, "", "null") else number(row["price"].strip(' "')),
                )
                yield "limit", price.limit, None if row.get("limit") is None else number(row["limit"])
        elif isinstance(event, TradeEvent):
            yield "price", event.price, floored(told["d"]["price"])
            yield "size", event.size, floored(told["d"]["size"])
            yield "side", event.side.value, told["d"]["side"]


def _betfair(payload: bytes) -> list[ReplayEvent]:
    """The events of a stream file with one message in the middle of the match."""
    lines = [*BEFORE, payload.replace(b"\n", b" "), *AFTER]
    return _file(b"\n".join([*lines, b""]), lambda path: list(BetfairRecording(path, CATALOGUE).events()))


MATCH = [text_of(seed(message)).encode() for message in whole_match()]
AT = len(MATCH) // 2
BEFORE, AFTER = MATCH[:AT], MATCH[AT + 1 :]


def _row(outcome: int, price: Any) -> dict[str, Any]:
    return {
        "bookmaker": "pinnacle",
        "outcomeId": outcome,
        "playerId": 0,
        "price": price,
        "active": True,
        "limit": 250.5,
        "changedAt": 1,
    }


ROWS = {f"{FIXTURE}:pinnacle:{row['outcomeId']}:0": row for row in (_row(121, 1.95), _row(122, "2.05"))}
RECORDS = [
    {
        "t": 1,
        "k": "feed",
        "d": {
            "channel": "odds",
            "type": "UPDATE",
            "payload": {"fixtureId": FIXTURE, "odds": {"pinnacle": ROWS}},
            "ts": 1,
        },
    },
    {"t": 1, "k": "trade", "d": {"fixtureId": FIXTURE, "outcomeId": 121, "price": 0.52, "size": 12.5, "side": "buy"}},
    {"t": 1, "k": "settle", "d": {"fixtureId": FIXTURE, "results": {"121": "WON", "122": "LOST"}}},
]

PARSERS = [
    Parser("tape of the feed", [seed(record) for record in RECORDS], _tape, _prices, (InputError,)),
    Parser("betfair stream file", [seed(message) for message in whole_match()], _betfair, refuses=(InputError,)),
]
