"""decode: frames of odds into the price book, against `orjson.loads` of the same frames to dicts that nobody keeps.

Ours is the client's own way from the socket's memory to the book: copied out, decoded, merged by the time of every
move, the markets that changed named, large frames let go. Not in it is what the conversation does besides, about
0.15 µs a frame. Frames are those of the documented row, every field of it, each with new prices. Two sizes: what one
match moves at one bookmaker, and a burst over several.
"""

from __future__ import annotations

import json
import os
import platform
import random
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from hedgerow.feed.book import PriceBook
from hedgerow.feed.codec import JSON
from hedgerow.feed.offers import Block
from hedgerow.feed.wire import OddsFrame

FIXTURE = "id1000001772221240"
RUNS = 7
CASES = (
    # (name, bookmakers, quotes at each, frames a run, target)
    ("2 KB", 1, 5, 500, 1.2),
    ("165 KB", 8, 52, 40, 1.5),
)


def run() -> dict[str, Any]:
    """Both sides in turns, medians of the runs. The case that is nearest to its target stands for the whole."""
    cases = [_case(*case) for case in CASES]
    tightest = min(cases, key=lambda case: case["ratio"] / case["target"])
    return {
        "name": "decode",
        "ratio": tightest["ratio"],
        "target": tightest["target"],
        "met": all(case["ratio"] >= case["target"] for case in cases),
        "ours": tightest["ours"],
        "baseline": tightest["baseline"],
        "unit": "MB/s",
        "runs": RUNS,
        "machine": f"{platform.machine()} {os.cpu_count()} cpus, Python {platform.python_version()}",
        "cases": cases,
    }


def _case(name: str, bookmakers: int, quotes: int, count: int, target: float) -> dict[str, Any]:
    frames = [memoryview(text) for text in _frames(bookmakers, quotes, count)]
    size = sum(len(frame) for frame in frames)
    ours, baseline = [], []
    for _ in range(RUNS):
        baseline.append(_seconds(_to_dicts, frames))
        ours.append(_seconds(_Ours(frames), frames))
    ratio = statistics.median(theirs / mine for theirs, mine in zip(baseline, ours, strict=True))
    return {
        "case": name,
        "bytes": size // count,
        "ratio": round(ratio, 2),
        "target": target,
        "ours": round(size / statistics.median(ours) / 1e6, 1),
        "baseline": round(size / statistics.median(baseline) / 1e6, 1),
    }


def _seconds(side: Callable[[Sequence[memoryview]], None], frames: Sequence[memoryview]) -> float:
    started = time.perf_counter()
    side(frames)
    return time.perf_counter() - started


def _to_dicts(frames: Sequence[memoryview]) -> None:
    for frame in frames:
        orjson.loads(frame)


class _Ours:
    """The book of a running client: the quotes that move are known to it."""

    def __init__(self, frames: Sequence[memoryview]) -> None:
        self._book = PriceBook()
        self(frames[:1])

    def __call__(self, frames: Sequence[memoryview]) -> None:
        book, decode = self._book, JSON.data
        for number, payload in enumerate(frames):
            text = payload.tobytes()
            frame = decode(text)
            if type(frame) is not OddsFrame:
                raise AssertionError("a frame was not read as odds")
            told = frame.payload
            changes = book.merge(told.fixture_id, told.odds, Block(number, text, JSON), len(text))
            if not changes:
                raise AssertionError("a frame changed nothing")
        while book.settle(len(frames)):
            pass


def _frames(bookmakers: int, quotes: int, count: int) -> list[bytes]:
    """Frames of one fixture in which every quote moves every time."""
    chance = random.Random(17)
    return [_frame(bookmakers, quotes, 1_788_421_000_000 + 250 * number, chance) for number in range(count)]


def _frame(bookmakers: int, quotes: int, at_ms: int, chance: random.Random) -> bytes:
    odds = {}
    for slug in ["pinnacle"] if bookmakers == 1 else [f"bookmaker{number}" for number in range(bookmakers)]:
        rows = [_row(slug, 1010 + place, at_ms, chance) for place in range(quotes)]
        odds[slug] = {f"{FIXTURE}:{slug}:{row['outcomeId']}:0": row for row in rows}
    frame = {
        "channel": "odds",
        "type": "UPDATE",
        "payload": {"fixtureId": FIXTURE, "odds": odds},
        "ts": at_ms + 100,
        "entryId": f"{at_ms + 100}-{chance.randrange(10_000)}",
    }
    return json.dumps(frame, separators=(",", ":")).encode()


def _row(slug: str, outcome: int, at_ms: int, chance: random.Random) -> dict[str, Any]:
    market = outcome - outcome % 2
    return {
        "bookmaker": slug,
        "outcomeId": outcome,
        "playerId": 0,
        "price": round(chance.uniform(1.05, 9), 3),
        "active": True,
        "marketActive": True,
        "mainLine": True,
        "marketId": market,
        "bookmakerMarketId": f"line/29/1980/1634530286/{chance.randrange(10**10)}/0/total",
        "bookmakerOutcomeId": "over" if outcome % 2 == 0 else "under",
        "bookmakerChangedAt": at_ms - 359,
        "priceFractional": "11/71",
        "priceAmerican": -645,
        "limit": round(chance.uniform(100, 20_000), 2),
        "betslip": None,
        "meta": None,
        "changedAt": at_ms,
    }


if __name__ == "__main__":
    print(json.dumps(run()))
