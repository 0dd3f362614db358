"""decode: frames of odds into the price book, against `orjson.loads` of the same frames to dicts that nobody keeps.

Ours is the client's own way from the socket's memory to the book: copied out, decoded, merged by the time of every
move, the markets that changed named, large frames let go. Not in it is what the conversation does besides, about
0.15 µs a frame. Frames are those of the documented row, every field of it, each with new prices. Two sizes: what one
match moves at one bookmaker, and a burst over several.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from hedgerow.bench.frames import odds_frame, odds_row
from hedgerow.bench.report import Bound, Figures, Ratio
from hedgerow.core.errors import SetupError
from hedgerow.feed.book import PriceBook
from hedgerow.feed.codec import JSON
from hedgerow.feed.offers import Block
from hedgerow.feed.wire import OddsFrame


@dataclass(frozen=True, slots=True)
class Case:
    """A size of frames. frames: in one run."""

    name: str
    bookmakers: int
    quotes: int  # at each bookmaker
    frames: int
    target: float


CASES = (Case("2 KB", 1, 5, 500, 1.2), Case("165 KB", 8, 52, 40, 1.5))

_ROUNDS = 3  # a run takes the frames so many times; the fastest counts, because the others were disturbed
_START_MS = 1_788_421_000_000
_EVERY_MS = 250


def measure(scale: float, runs: int) -> Figures:
    """MB/s. scale: multiplies the fixtures that the frames are about; below 1 there are fewer frames instead."""
    loads = _orjson()
    return Figures("MB/s", [_compare(case, scale, runs, loads) for case in CASES])


def _orjson() -> Callable[[memoryview], object]:
    try:
        import orjson
    except ImportError:
        raise SetupError("bench decode compares with orjson, which is not there", "pip install orjson") from None
    return orjson.loads


def _compare(case: Case, scale: float, runs: int, loads: Callable[[memoryview], object]) -> Ratio:
    fixtures, count = max(1, round(scale)), max(2, round(case.frames * min(scale, 1)))
    known, frames = frames_of(case, fixtures, count)
    size = sum(len(frame) for frame in frames)
    ours, baseline = [], []
    for _ in range(runs):
        baseline.append(min(_seconds(to_dicts, loads, frames) for _ in range(_ROUNDS)))
        ours.append(min(_seconds(to_book, book_of(known), frames) for _ in range(_ROUNDS)))
    ratio = statistics.median(theirs / mine for theirs, mine in zip(baseline, ours, strict=True))
    speeds = [size / statistics.median(seconds) / 1e6 for seconds in (ours, baseline)]
    return Ratio(case.name, ratio, case.target, Bound.AT_LEAST, *speeds)


def _seconds(side: Callable[..., None], *args: object) -> float:
    started = time.perf_counter()
    side(*args)
    return time.perf_counter() - started


# --- the two sides -----------------------------------------------------------------------------------------------


def to_dicts(loads: Callable[[memoryview], object], frames: Sequence[memoryview]) -> None:
    """The baseline."""
    for frame in frames:
        loads(frame)


def to_book(book: PriceBook, frames: Sequence[memoryview]) -> None:
    """Ours. Raises AssertionError when a frame is not merged: then it measured less than it says."""
    decode = JSON.data
    for number, payload in enumerate(frames):
        text = payload.tobytes()
        frame = decode(text)
        if type(frame) is not OddsFrame:
            raise AssertionError("a frame was not read as odds")
        told = frame.payload
        if not book.merge(told.fixture_id, told.odds, Block(number, text, JSON), len(text)):
            raise AssertionError("a frame changed nothing")
    while book.settle(len(frames)):
        pass


def book_of(known: Sequence[memoryview]) -> PriceBook:
    """The book of a running client, to which the quotes that move are known."""
    book = PriceBook()
    to_book(book, known)
    return book


# --- frames ------------------------------------------------------------------------------------------------------


def frames_of(case: Case, fixtures: int, count: int) -> tuple[list[memoryview], list[memoryview]]:
    """(the first frame of every fixture, those that follow, over the fixtures in turns); every quote of a frame
    moves every time."""
    chance = random.Random(17)
    made = [
        _frame(case, number % fixtures, _START_MS + _EVERY_MS * number, chance) for number in range(fixtures + count)
    ]
    return made[:fixtures], made[fixtures:]


def _frame(case: Case, fixture: int, at_ms: int, chance: random.Random) -> memoryview:
    slugs = ["pinnacle"] if case.bookmakers == 1 else [f"bookmaker{number}" for number in range(case.bookmakers)]
    rows = [
        [
            odds_row(slug, outcome - outcome % 2, outcome, price, at_ms, limit=limit)
            for outcome in range(1010, 1010 + case.quotes)
            for price, limit in [(_thousandths(chance, 1_050, 9_000), _thousandths(chance, 100_000, 20_000_000))]
        ]
        for slug in slugs
    ]
    return memoryview(odds_frame(f"id100000177222{1240 + fixture}", rows, at_ms))


def _thousandths(chance: random.Random, low: int, high: int) -> Decimal:
    return Decimal(chance.randint(low, high)).scaleb(-3)
