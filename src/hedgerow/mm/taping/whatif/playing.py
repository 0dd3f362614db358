"""Plays a tape with both settings, turn by turn, and tells what differs."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import msgspec

from hedgerow.core.clock import NS_PER_MS
from hedgerow.core.errors import InputError
from hedgerow.core.ids import MarketKey, OutcomeId
from hedgerow.core.tape import Record, TapeReader
from hedgerow.mm.taping import messages as told
from hedgerow.mm.taping.codec import decode
from hedgerow.mm.taping.whatif.changes import AS_RECORDED, Changes
from hedgerow.mm.taping.whatif.found import PlaceKey, Quoted, Told
from hedgerow.mm.taping.whatif.trial import Trial, fills_told


@dataclass(frozen=True, slots=True)
class Difference:
    """From a moment on a place is quoted otherwise; None: it had no quote yet."""

    at_ns: int
    place: PlaceKey
    recorded: Quoted | None
    changed: Quoted | None


@dataclass(slots=True)
class Recorded:
    """What the tape says of the day itself."""

    quotes: int = 0
    hedges: int = 0
    fills: dict[tuple[str, str], int] = field(default_factory=dict)  # contracts in micros, by trade


@dataclass(frozen=True, slots=True)
class WhatIf:
    """recorded: of the day; same, changed: of both trials; outcomes: of every market that was traded."""

    recorded: Recorded
    same: Told
    changed: Told
    outcomes: Mapping[MarketKey, Sequence[OutcomeId]]
    differences: Sequence[Difference]


async def what_if(path: Path, changes: Changes) -> WhatIf:
    """Plays a tape with both settings. Raises InputError when it is none of an engine, or has nothing on it."""
    reader = TapeReader(path)
    if reader.header.kind != told.KIND:
        raise InputError(f"{path}: a tape of kind {reader.header.kind}, not {told.KIND}")
    player = _Player(changes)
    await player.run(reader.records())
    same, changed = player.found
    return WhatIf(player.recorded, same, changed, player.outcomes, differences(same, changed))


class _Player:
    """Tells both trials the tape, turn by turn."""

    def __init__(self, changes: Changes) -> None:
        self.found, self.recorded = (Told(), Told()), Recorded()
        self.outcomes: dict[MarketKey, Sequence[OutcomeId]] = {}
        self._changes = AS_RECORDED, changes
        self._trials: list[Trial] = []
        self._began_ms = 0

    async def run(self, records: Iterable[Record]) -> None:
        turn: Record | None = None
        try:
            for record in records:
                self._began_ms = self._began_ms or record.t // NS_PER_MS
                if record.k == told.DECIDED:
                    self._note_decision(record)
                elif record.k in told.VALUES:
                    self._take_value(decode(record.d, told.VALUES[record.k]))
                else:
                    await self._play(turn)
                    turn = record if record.k in told.TURNS else None
                    if turn is None:
                        await self._take_state(record)
            await self._play(turn)
        finally:
            await self._close()
        if not self.recorded.quotes and not self.outcomes:
            raise InputError("nothing was recorded")

    async def _play(self, turn: Record | None) -> None:
        if turn is None:
            return
        message = decode(turn.d, told.TURNS[turn.k])
        for fill in fills_told(message)[1]:
            if fill.at_ms >= self._began_ms:  # a poll also tells of those before
                self.recorded.fills[fill.trade_ref, fill.venue_ref] = fill.size
        for trial in self._trials:
            await trial.play(turn.t, turn.k, message)

    async def _take_state(self, record: Record) -> None:
        if record.k not in told.STATES:
            raise InputError(f"a tape of an engine has no record of kind {record.k!r}")
        match decode(record.d, told.STATES[record.k]):
            case told.EngineFacts() as facts:
                await self._close()
                pairs = zip(self._changes, self.found, strict=True)
                self._trials = [Trial(facts, changes, found, self.outcomes) for changes, found in pairs]
            case told.ClientFacts() as facts:
                for trial in self._trials:
                    trial.take_client(facts)
            case told.LaneFacts() as facts:
                for trial in self._trials:
                    trial.take_lane(facts)

    def _take_value(self, value: msgspec.Struct) -> None:
        if isinstance(value, told.Offered):
            for trial in self._trials:
                trial.prices.take(value)

    def _note_decision(self, record: Record) -> None:
        act = msgspec.json.decode(record.d, type=_Act).act
        self.recorded.quotes += act in ("place", "amend")
        self.recorded.hedges += act == "hedge"

    async def _close(self) -> None:
        for trial in self._trials:
            await trial.close()
        self._trials = []


class _Act(msgspec.Struct):
    act: str


def differences(same: Told, changed: Told) -> list[Difference]:
    """Every moment at which what a place was last quoted became another in the two trials, in the order of time."""
    found: list[Difference] = []
    for place in same.quotes.keys() | changed.quotes.keys():
        sides = same.quotes.get(place, []), changed.quotes.get(place, [])
        moments = sorted({quote.at_ns for quotes in sides for quote in quotes})
        last: tuple[Quoted | None, Quoted | None] = (None, None)
        for at_ns in moments:
            now = cast("tuple[Quoted | None, Quoted | None]", tuple(_last(quotes, at_ns) for quotes in sides))
            if now != last and _terms(now[0]) != _terms(now[1]):
                found.append(Difference(at_ns, place, *now))
            last = now
    return sorted(found, key=lambda one: (one.at_ns, one.place))


def _last(quotes: Sequence[Quoted], at_ns: int) -> Quoted | None:
    number = bisect_right(quotes, at_ns, key=lambda quote: quote.at_ns)
    return quotes[number - 1] if number else None


def _terms(quote: Quoted | None) -> tuple[int, int] | None:
    return None if quote is None else (quote.price, quote.size)
