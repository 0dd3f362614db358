"""One bookmaker's offers on one fixture, and how they are read.

A quote has a slot, which points into the message that told of it last. One that is gone leaves its slot behind, with
the time, so that a late older row cannot revive it. Written by `book.PriceBook` alone; everyone else only reads.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

import msgspec
import structlog

from hedgerow.core.ids import NO_PLAYER, FixtureId, MarketId, MarketKey, OutcomeId, PlayerId, VenueSlug, odds_id
from hedgerow.feed import wire
from hedgerow.feed.catalogue import Catalogue, Market
from hedgerow.feed.codec import JSON, Codec, Rows, detach, readable
from hedgerow.feed.quotes import Quote, quote_of
from hedgerow.feed.times import NEVER_MS, microseconds
from hedgerow.feed.wire import OddsRow

_log = structlog.get_logger(__name__)

UNKNOWN_MARKET = MarketId(0)
"""Stands for the market of an outcome that no list of markets has named yet."""
NO_OUTCOME = OutcomeId(0)
"""Stands for the outcome of an odds id that cannot be read: nothing is ever quoted for it."""


class Block(msgspec.Struct, eq=False, weakref=True):
    """The quotes of one message, decoded when the first of them is read.

    as_of_ms: the moment it is true for: when a frame arrived, when an answered request was sent. A struct, because
    one is made for every frame.
    """

    as_of_ms: int
    _text: bytes
    _codec: Codec
    _odds: Mapping[VenueSlug, Rows] | None = None

    @classmethod
    def of_rows(cls, as_of_ms: int, odds: Mapping[VenueSlug, Rows]) -> Block:
        """A block of quotes that are decoded already."""
        return cls(as_of_ms, b"", JSON, odds)

    def row(self, bookmaker: VenueSlug, name: str) -> OddsRow | None:
        """The quote of that odds id; None when the message has none that could be read."""
        if self._odds is None:
            self._odds, self._text = self._codec.odds(self._text), b""
        rows = self._odds.get(bookmaker)
        return rows.get(name) if rows is not None else None


_NOTHING = Block.of_rows(NEVER_MS, {})


class Slot:
    """The place of one quote: what is known now of one outcome at one bookmaker."""

    __slots__ = ("_quote", "_read", "block", "changed_ms", "line", "name", "outcome_id", "player_id")

    def __init__(self, name: str, outcome_id: OutcomeId, player_id: PlayerId, line: Line) -> None:
        self.name, self.outcome_id, self.player_id, self.line = name, outcome_id, player_id, line
        self.changed_ms = NEVER_MS
        self.block = self._read = _NOTHING
        self._quote: Quote | None = None

    @property
    def quote(self) -> Quote | None:
        """The offer; None when it is gone, or its row cannot be read or speaks of another outcome."""
        if self._read is not self.block:
            row = self.block.row(self.line.bookmaker, self.name)
            is_ours = row is not None and (row.outcome_id, row.player_id) == (self.outcome_id, self.player_id)
            self._quote = quote_of(row, self.block.as_of_ms) if row is not None and is_ours else None
            self._read = self.block
        return self._quote

    def move_to(self, block: Block) -> None:
        """Points to another block that holds the same row."""
        if self._read is self.block:
            self._read = block
        self.block = block


class Line:
    """One market of one fixture at one bookmaker. `moved_by` is the last block that changed any of its quotes."""

    __slots__ = ("_market", "_names", "_quotes", "_seen", "bookmaker", "key", "moved_by")

    def __init__(self, key: MarketKey, bookmaker: VenueSlug) -> None:
        self.key, self.bookmaker = key, bookmaker
        self.moved_by = self._seen = _NOTHING
        self._market: Market | None = None
        self._names: list[str] = []  # odds ids, in the order of the market's outcomes
        self._quotes: tuple[Quote | None, ...] = ()

    def quotes(self, market: Market, slots: Mapping[str, Slot]) -> tuple[Quote | None, ...]:
        """The offers in the order of the market's outcomes; None where there is none."""
        if self._seen is not self.moved_by or self._market is not market:
            if self._market is not market:
                key = self.key
                self._names = [odds_id(key.fixture_id, self.bookmaker, each, key.player_id) for each in market.outcomes]
            self._quotes = tuple([self._quote(slots, name) for name in self._names])
            self._seen, self._market = self.moved_by, market
        return self._quotes

    def forget(self) -> None:
        """Lets the quotes be put together anew when they are next read."""
        self._market = None

    def _quote(self, slots: Mapping[str, Slot], name: str) -> Quote | None:
        slot = slots.get(name)
        quote = slot.quote if slot is not None else None
        if quote is None or quote.market_id not in (None, self.key.market_id):
            return None
        return quote


@dataclass(frozen=True, slots=True)
class Meta:
    """What the feed says of a bookmaker on a fixture."""

    has_odds: bool
    is_stale: bool  # the feed has lost its connection to the bookmaker
    is_suspended: bool
    is_rotated: bool  # the bookmaker lists the participants the other way round
    fixture_ref: str | None  # the bookmaker's own id of the fixture
    updated_us: int | None
    as_of_ms: int

    def supersedes(self, older: Meta) -> bool:
        """Whether this is the later word: by the feed's own time where both have one, else by when it was true."""
        if self.updated_us is not None and older.updated_us is not None and self.updated_us != older.updated_us:
            return self.updated_us > older.updated_us
        return self.as_of_ms >= older.as_of_ms

    def says_the_same_as(self, other: Meta) -> bool:
        """Whether nothing but its time differs."""
        return replace(other, updated_us=self.updated_us, as_of_ms=self.as_of_ms) == self


_UNTOLD = Meta(
    has_odds=False,
    is_stale=False,
    is_suspended=False,
    is_rotated=False,
    fixture_ref=None,
    updated_us=None,
    as_of_ms=NEVER_MS,
)


def meta_of(row: wire.BookmakerMeta, before: Meta | None, as_of_ms: int) -> Meta:
    """The row's statement. A flag that is absent keeps its last value; at first, a bookmaker that does not say that
    it has odds has none, and what it does not complain of is well."""
    known = before or _UNTOLD
    ref = row.bookmaker_fixture_id
    return Meta(
        known.has_odds if row.has_odds is None else row.has_odds,
        known.is_stale if row.stale_odds is None else row.stale_odds,
        known.is_suspended if row.suspended is None else row.suspended,
        known.is_rotated if row.participants_rotated is None else row.participants_rotated,
        known.fixture_ref if ref is None else str(ref),
        microseconds(row.updated_at),
        as_of_ms,
    )


class BookmakerState:
    """One bookmaker's offers on one fixture."""

    __slots__ = (
        "_catalogue",
        "bookmaker",
        "fixture_id",
        "full_cover_ms",
        "is_answered",
        "lines",
        "main_cover_ms",
        "meta",
        "slots",
    )

    def __init__(self, fixture_id: FixtureId, bookmaker: VenueSlug, catalogue: Catalogue) -> None:
        self.fixture_id, self.bookmaker, self._catalogue = fixture_id, bookmaker, catalogue
        self.meta: Meta | None = None
        self.slots: dict[str, Slot] = {}  # by odds id
        self.lines: dict[tuple[MarketId, PlayerId], Line] = {}
        self.main_cover_ms = NEVER_MS  # main lines that have not moved since were right at this time
        self.full_cover_ms = NEVER_MS  # the same of every line
        self.is_answered = True  # False while whole answers leave the bookmaker out: then silence confirms nothing

    @property
    def markets(self) -> tuple[MarketKey, ...]:
        return tuple(line.key for line in self.lines.values())

    def line(self, market_id: MarketId, player_id: PlayerId) -> Line:
        """The line of that market, made when it is first asked for."""
        line = self.lines.get((market_id, player_id))
        if line is None:
            key = MarketKey(self.fixture_id, market_id, player_id)
            line = self.lines[market_id, player_id] = Line(key, self.bookmaker)
        return line

    def open(self, name: str, block: Block) -> Slot:
        """The new slot of an odds id, in the line of its market: the catalogue's, else the one that its row names."""
        outcome_id, player_id = _outcome_of(name, self.fixture_id, self.bookmaker)
        market_id = self._catalogue.of_outcome(outcome_id)
        if market_id is None:
            self._catalogue.miss(outcome_id)
            row = block.row(self.bookmaker, name)
            market_id = UNKNOWN_MARKET if row is None or row.market_id is None else MarketId(row.market_id)
        slot = self.slots[name] = Slot(name, outcome_id, player_id, self.line(market_id, player_id))
        return slot

    def withdraw(self, names: Iterable[str], block: Block, changed_ms: int | None = None) -> list[MarketKey]:
        """Empties slots whose rows are gone, or could not be read, unless something later is known of them.

        The block must not hold the rows. changed_ms: a row that changed before this stays gone; None leaves the
        slot's own time.
        """
        changed: dict[MarketKey, None] = {}
        for name in names:
            slot = self.slots.get(name) or self.open(name, block)
            if slot.block.as_of_ms <= block.as_of_ms:
                slot.changed_ms = slot.changed_ms if changed_ms is None else changed_ms
                slot.block = slot.line.moved_by = block
                changed[slot.line.key] = None
        return list(changed)

    def news(self, rows: Mapping[str, OddsRow | None]) -> dict[str, OddsRow | None]:
        """The rows without those that say, word for word, what is known already."""
        return {name: row for name, row in rows.items() if not self._holds(name, row)}

    def revive(self, names: Iterable[str], as_of_ms: int) -> None:
        """Lets the rows of an answer take the places of quotes that were gone when an earlier question was asked,
        even if they moved before that: what the feed answers now is there."""
        for name in names:
            slot = self.slots.get(name)
            if slot is not None and slot.block.as_of_ms < as_of_ms and slot.quote is None:
                slot.changed_ms = NEVER_MS

    def standing(self, except_for: Collection[str], unmoved_since_ms: int) -> list[str]:
        """The odds ids of quotes that stand and have not moved since that time."""
        return [
            name
            for name, slot in self.slots.items()
            if name not in except_for and slot.changed_ms < unmoved_since_ms and slot.quote is not None
        ]

    def settle(self, block: Block) -> None:
        """Copies what still counts out of a block, so that its message can be let go."""
        slots = [slot for slot in self.slots.values() if slot.block is block]
        rows = {slot.name: block.row(self.bookmaker, slot.name) for slot in slots}
        copies = readable(rows)
        for row in copies.values():
            detach(row)
        small = Block.of_rows(block.as_of_ms, {self.bookmaker: copies})
        for slot in slots:
            slot.move_to(small)

    def rehome(self) -> None:
        """Puts the slots into the lines that the catalogue now names for them."""
        for slot in self.slots.values():
            market_id = self._catalogue.of_outcome(slot.outcome_id)
            if market_id is not None and market_id != slot.line.key.market_id:
                slot.line = self.line(market_id, slot.player_id)
                slot.line.forget()

    def take_meta(self, row: wire.BookmakerMeta, as_of_ms: int) -> bool:
        """Takes what the feed says of the bookmaker unless something later is known; answers whether it differs."""
        before = self.meta
        meta = meta_of(row, before, as_of_ms)
        if before is not None and not meta.supersedes(before):
            return False
        self.meta = meta
        return before is None or not meta.says_the_same_as(before)

    def cover(self, as_of_ms: int, *, main_lines_only: bool) -> None:
        """Notes that all moves until that moment are known, of the main lines or of all."""
        if not self.is_answered:
            return
        if main_lines_only:
            self.main_cover_ms = max(self.main_cover_ms, as_of_ms)
        else:
            self.full_cover_ms = max(self.full_cover_ms, as_of_ms)

    def confirmed_ms(self, quote: Quote) -> int:
        """When the feed last confirmed the quote: it moved, or an answer that covered it did not tell of a move.

        An answer to a question that was asked before the quote was told covers it not: it may have been another.
        """
        cover_ms = max(self.full_cover_ms, self.main_cover_ms) if quote.is_main_line else self.full_cover_ms
        return max(quote.changed_ms, cover_ms) if cover_ms > quote.told_ms else quote.changed_ms

    def _holds(self, name: str, row: OddsRow | None) -> bool:
        slot = self.slots.get(name)
        if slot is None or row is None or slot.changed_ms != row.changed_at:
            return False
        return slot.block.row(self.bookmaker, name) == row


def _outcome_of(name: str, fixture_id: str, bookmaker: str) -> tuple[OutcomeId, PlayerId]:
    """The outcome and player of an odds id `fixture:bookmaker:outcome:player`; of one in another form, nobody's."""
    prefix = f"{fixture_id}:{bookmaker}:"
    outcome, _, player = name.removeprefix(prefix).partition(":")
    if not name.startswith(prefix) or not (outcome.isdecimal() and player.isdecimal()):
        _log.warning("odds id is not of the feed's form", odds_id=name, fixture_id=fixture_id, bookmaker=bookmaker)
        return NO_OUTCOME, NO_PLAYER
    return OutcomeId(int(outcome)), PlayerId(int(player))
