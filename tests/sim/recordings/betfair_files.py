"""Small Betfair stream files for tests: invented markets in the documented form."""

from __future__ import annotations

import bz2
import gzip
import json
from pathlib import Path
from typing import Any

START_MS = 1_700_000_000_000
ANN, BOB = 11, 22


def definition(**changes: Any) -> dict[str, Any]:
    """A tennis match between Ann and Bob, open, before the start."""
    runners = changes.pop("runners", None) or [
        {"id": ANN, "name": "Ann", "status": "ACTIVE", "sortPriority": 1},
        {"id": BOB, "name": "Bob", "status": "ACTIVE", "sortPriority": 2},
    ]
    return {
        "eventId": "30303030",
        "eventTypeId": "2",
        "marketType": "MATCH_ODDS",
        "bettingType": "ODDS",
        "numberOfWinners": 1,
        "marketTime": "2023-11-14T23:00:00.000Z",
        "status": "OPEN",
        "inPlay": False,
        "eventName": "Ann v Bob",
        "runners": runners,
        **changes,
    }


def closed(ann: str = "WINNER", bob: str = "LOSER", **changes: Any) -> dict[str, Any]:
    runners = [
        {"id": ANN, "name": "Ann", "status": ann, "sortPriority": 1},
        {"id": BOB, "name": "Bob", "status": bob, "sortPriority": 2},
    ]
    return definition(status="CLOSED", inPlay=True, runners=runners, **changes)


def message(after_ms: int, *changes: dict[str, Any], market: str = "1.5") -> dict[str, Any]:
    """One line; a change is what stands beside the market's id."""
    return {
        "op": "mcm",
        "clk": None,
        "pt": START_MS + after_ms,
        "mc": [{"id": market, **change} for change in changes],
    }


def defined(after_ms: int, given: dict[str, Any], market: str = "1.5") -> dict[str, Any]:
    return message(after_ms, {"marketDefinition": given}, market=market)


def ladders(after_ms: int, *runners: tuple[int, list[Any], list[Any]]) -> dict[str, Any]:
    """Ladders of runners: (id, to back, to lay)."""
    return message(after_ms, {"rc": [{"id": id_, "atb": atb, "atl": atl} for id_, atb, atl in runners]})


def text_of(*messages: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(m).encode() + b"\n" for m in messages)


def packed(path: Path, content: bytes) -> Path:
    """Writes the file as its ending says: .bz2, .gz or plain."""
    pack = {".bz2": bz2.compress, ".gz": gzip.compress}.get(path.suffix, bytes)
    path.write_bytes(pack(content))
    return path


def whole_match() -> list[dict[str, Any]]:
    """Priced, in play, traded, closed; Ann wins."""
    return [
        defined(0, definition()),
        ladders(1_000, (ANN, [[2.0, 100]], [[2.04, 100]]), (BOB, [[1.96, 100]], [[2.0, 100]])),
        defined(2_000, definition(inPlay=True, status="SUSPENDED")),
        defined(3_000, definition(inPlay=True)),
        message(4_000, {"rc": [{"id": ANN, "trd": [[2.04, 50]], "ltp": 2.04, "tv": 50}]}),
        message(5_000, {"rc": [{"id": ANN, "atb": [[2.0, 0], [1.5, 100]], "atl": [[2.04, 0], [1.52, 100]]}]}),
        message(5_500, {"rc": [{"id": BOB, "atb": [[1.96, 0], [2.9, 100]], "atl": [[2.0, 0], [3.0, 100]]}]}),
        message(6_000, {"rc": [{"id": BOB, "trd": [[2.9, 40]], "ltp": 2.9}]}),
        defined(7_000, closed()),
    ]
