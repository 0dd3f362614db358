"""Plays our own tapes (`core.tape`) of kind `feed`: what the odds feed said, as it was recorded.

Records are of three kinds:

- `feed`: a data frame, decoded to JSON: `{"channel", "payload", ...}`; odds, bookmakers, fixtures and scores count
- `trade`: a taker elsewhere: `{"fixtureId", "outcomeId", "playerId", "price", "size", "side"}`, price a probability,
  size in contracts
- `settle`: a result: `{"fixtureId", "results": {"<outcomeId>": "WON" ...}}`

The odds are the bookmakers' own, so no margin is put on. The feed sends only what changes: a fixture whose own frame
is not on the tape is made up from its id, pregame, to start an hour after it is first heard of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.errors import InputError
from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey, PlayerId, fixture_id_parts
from hedgerow.core.money import is_amount, micros_floor
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.core.tape import Record, TapeReader
from hedgerow.sim.events import (
    FixtureEvent,
    OddsEvent,
    Price,
    ReplayEvent,
    ScoreEvent,
    SettleEvent,
    Summary,
    SuspendEvent,
    TradeEvent,
)

KIND = "feed"
FEED, TRADE, SETTLE = "feed", "trade", "settle"
_STARTS_AFTER_S = 3_600

_T = TypeVar("_T")


class _Row(msgspec.Struct, rename="camel"):
    """A quote of the feed. price: a number, or a placeholder of any kind."""

    outcome_id: int
    price: msgspec.Raw
    active: bool
    player_id: int = 0
    market_active: bool | None = None
    limit: Decimal | None = None


class _Odds(msgspec.Struct, rename="camel"):
    fixture_id: str
    odds: dict[str, dict[str, _Row]]


class _BookState(msgspec.Struct, rename="camel"):
    suspended: bool | None = None
    stale_odds: bool | None = None
    has_odds: bool | None = None

    @property
    def is_shut(self) -> bool:
        return bool(self.suspended or self.stale_odds or self.has_odds is False)


class _Books(msgspec.Struct, rename="camel"):
    fixture_id: str
    bookmakers: dict[str, _BookState]


class _Scores(msgspec.Struct, rename="camel"):
    fixture_id: str
    scores: dict[str, dict[str, Any]]


class _Status(msgspec.Struct, rename="camel"):
    status_id: int


class _Sport(msgspec.Struct, rename="camel"):
    sport_id: int


class _Tournament(msgspec.Struct, rename="camel"):
    tournament_id: int
    tournament_name: str | None = None
    category_name: str | None = None


class _Participants(msgspec.Struct, rename="camel"):
    participant1_name: str | None = msgspec.field(default=None, name="participant1Name")
    participant2_name: str | None = msgspec.field(default=None, name="participant2Name")


class _Fixture(msgspec.Struct, rename="camel"):
    fixture_id: str
    status: _Status
    sport: _Sport
    tournament: _Tournament
    start_time: int
    participants: _Participants
    scores: dict[str, dict[str, Any]] = {}


class _Frame(msgspec.Struct):
    channel: str
    payload: msgspec.Raw


class _Trade(msgspec.Struct, rename="camel"):
    fixture_id: str
    outcome_id: int
    price: Decimal
    size: Decimal
    side: Side
    player_id: int = 0


class _Settle(msgspec.Struct, rename="camel"):
    fixture_id: str
    results: dict[int, SettlementStatus]


class _About(msgspec.Struct, rename="camel"):
    """What every record and payload says of itself."""

    fixture_id: str | None = None
    channel: str | None = None
    payload: msgspec.Raw = msgspec.Raw(b"{}")


class TapeRecording:
    """One tape, all of its fixtures and bookmakers."""

    def __init__(self, path: Path) -> None:
        """Raises InputError when the file is no tape of the feed, is empty or damaged."""
        self.messages_read = 0
        self._path = path
        self._tape = TapeReader(path)
        if self._tape.header.kind != KIND:
            raise InputError(f"{path}: a tape of kind {self._tape.header.kind}, not of the feed")
        self.summary = _look_through(path, self._tape)

    def events(self) -> Iterator[ReplayEvent]:
        """See `sim.events.Recording`."""
        play = _Play()
        self.messages_read = 0
        at_ns = 0
        for number, record in _numbered(self._tape):
            self.messages_read += 1
            at_ns = max(at_ns, record.t)
            try:
                yield from play.events(record, at_ns)
            except (*UNREADABLE, InvalidOperation, ValueError) as error:
                raise InputError(f"{self._path}, line {number}: {record.k} record: {error}") from None


def _numbered(tape: TapeReader) -> Iterator[tuple[int, Record]]:
    """Records with their line in the tape; the header is line 1."""
    return enumerate(tape.records(), start=2)


def _look_through(path: Path, tape: TapeReader) -> Summary:
    fixtures: dict[FixtureId, None] = {}
    kinds: Counter[str] = Counter()
    first_ns = last_ns = 0
    for number, record in _numbered(tape):
        first_ns, last_ns = first_ns or record.t, max(last_ns, record.t)
        kinds[record.k] += 1
        try:
            fixture_id = _fixture_of(record)
        except UNREADABLE as error:
            raise InputError(f"{path}, line {number}: {record.k} record: {error}") from None
        if fixture_id is not None:
            fixtures.setdefault(fixture_id)
    if not fixtures:
        raise InputError(f"{path}: the tape has no fixture on it")
    return Summary(
        file=str(path),
        kind="tape",
        title=f"{len(fixtures)} fixtures of {tape.header.created}",
        market="",
        fixture_ids=tuple(fixtures),
        first_ns=first_ns,
        last_ns=last_ns,
        messages=kinds.total(),
        settles=kinds[SETTLE] > 0,
        warnings=_warnings(kinds, is_cut=tape.cut),
    )


def _fixture_of(record: Record) -> FixtureId | None:
    if record.k not in (FEED, TRADE, SETTLE):
        return None
    about = _decode(record.d, _About)
    if record.k == FEED:
        about = _decode(about.payload, _About) if about.channel in _CHANNELS else _About()
    return None if about.fixture_id is None else FixtureId(about.fixture_id)


def _warnings(kinds: Counter[str], *, is_cut: bool) -> tuple[str, ...]:
    foreign = sum(count for kind, count in kinds.items() if kind not in (FEED, TRADE, SETTLE))
    warnings = [
        "the tape is cut: what was not flushed is missing" if is_cut else "",
        f"{foreign} records of unknown kinds are left out" if foreign else "",
        "" if kinds[SETTLE] else "the tape has no results: nothing is settled",
    ]
    return tuple(warning for warning in warnings if warning)


class _Play:
    """Turns records into events; knows which fixtures were introduced and what their scores are."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._scores: dict[str, dict[str, Any]] = {}

    def events(self, record: Record, at_ns: int) -> Iterator[ReplayEvent]:
        match record.k:
            case "feed":
                frame = _decode(record.d, _Frame)
                if frame.channel in _CHANNELS:
                    yield from _CHANNELS[frame.channel](self, frame.payload, at_ns)
            case "trade":
                trade = _decode(record.d, _Trade)
                yield from self._introduce(trade.fixture_id, at_ns)
                outcome = OutcomeKey(
                    FixtureId(trade.fixture_id), OutcomeId(trade.outcome_id), PlayerId(trade.player_id)
                )
                yield TradeEvent(at_ns, outcome, micros_floor(trade.price), micros_floor(trade.size), trade.side)
            case "settle":
                settle = _decode(record.d, _Settle)
                yield from self._introduce(settle.fixture_id, at_ns)
                yield SettleEvent(at_ns, FixtureId(settle.fixture_id), settle.results)
            case _:
                return

    def _introduce(self, fixture_id: str, at_ns: int) -> Iterator[ReplayEvent]:
        if fixture_id in self._known:
            return
        parts = fixture_id_parts(fixture_id)
        if parts is None:
            raise ValueError(f"fixture id {fixture_id} is not of the feed's form")
        self._known.add(fixture_id)
        yield FixtureEvent(
            at_ns,
            FixtureId(fixture_id),
            parts.sport_id,
            parts.tournament_id,
            "",
            "",
            "Participant 1",
            "Participant 2",
            at_ns // NS_PER_S + _STARTS_AFTER_S,
            0,
        )

    def odds(self, payload: msgspec.Raw, at_ns: int) -> Iterator[ReplayEvent]:
        odds = _decode(payload, _Odds)
        fixture_id = FixtureId(odds.fixture_id)
        yield from self._introduce(fixture_id, at_ns)
        for bookmaker, rows in odds.odds.items():
            yield OddsEvent(at_ns, fixture_id, bookmaker, tuple(_price(fixture_id, row) for row in rows.values()))

    def books(self, payload: msgspec.Raw, at_ns: int) -> Iterator[ReplayEvent]:
        books = _decode(payload, _Books)
        yield from self._introduce(books.fixture_id, at_ns)
        for bookmaker, state in books.bookmakers.items():
            yield SuspendEvent(at_ns, FixtureId(books.fixture_id), bookmaker, state.is_shut)

    def fixtures(self, payload: msgspec.Raw, at_ns: int) -> Iterator[ReplayEvent]:
        fixture = _decode(payload, _Fixture)
        self._known.add(fixture.fixture_id)
        yield FixtureEvent(
            at_ns,
            FixtureId(fixture.fixture_id),
            fixture.sport.sport_id,
            fixture.tournament.tournament_id,
            fixture.tournament.tournament_name or "",
            fixture.tournament.category_name or "",
            fixture.participants.participant1_name or "Participant 1",
            fixture.participants.participant2_name or "Participant 2",
            fixture.start_time,
            fixture.status.status_id,
        )
        yield from self._score(fixture.fixture_id, fixture.scores, at_ns)

    def scores(self, payload: msgspec.Raw, at_ns: int) -> Iterator[ReplayEvent]:
        scores = _decode(payload, _Scores)
        yield from self._introduce(scores.fixture_id, at_ns)
        yield from self._score(scores.fixture_id, scores.scores, at_ns)

    def _score(self, fixture_id: str, changed: dict[str, dict[str, Any]], at_ns: int) -> Iterator[ReplayEvent]:
        if changed:
            whole = {**self._scores.get(fixture_id, {}), **changed}
            self._scores[fixture_id] = whole
            yield ScoreEvent(at_ns, FixtureId(fixture_id), whole)


_CHANNELS: dict[str, Callable[[_Play, msgspec.Raw, int], Iterator[ReplayEvent]]] = {
    "odds": _Play.odds,
    "bookmakers": _Play.books,
    "fixtures": _Play.fixtures,
    "scores": _Play.scores,
}


def _price(fixture_id: FixtureId, row: _Row) -> Price:
    outcome = OutcomeKey(fixture_id, OutcomeId(row.outcome_id), PlayerId(row.player_id))
    text = bytes(row.price).decode().strip('" ')
    price = None if text in ("", "null") else Decimal(text)
    if any(told is not None and not is_amount(told) for told in (price, row.limit)):
        raise ValueError(f"the price or the limit of outcome {row.outcome_id} is out of range")
    return Price(outcome, price, row.limit, active=row.active and row.market_active is not False)


def _decode(raw: msgspec.Raw, kind: type[_T]) -> _T:
    return msgspec.json.decode(raw, type=kind)
