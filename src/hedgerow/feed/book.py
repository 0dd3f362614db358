"""The one book of present prices: what the feed says now, exactly, whatever order it said it in.

Frames and answers may be applied in any order. Quotes merge by `changedAt` (`state`); what carries no time of its own
(a fixture's description) by the moment that the message is true for: its arrival for a frame, the sending of the
request for an answer. A fixture's status moves forward only. Nothing is deleted because it may not be traded:
suspended, inactive or quarantined is for `gate` to say, since unmoved quotes are not sent again when that ends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple
from weakref import ReferenceType, ref

import msgspec
import structlog

from hedgerow.core.ids import FixtureId, MarketKey, OutcomeKey, VenueSlug
from hedgerow.core.money import Rates
from hedgerow.core.observe import FEED_QUARANTINED
from hedgerow.feed import wire
from hedgerow.feed.catalogue import Catalogue, Market
from hedgerow.feed.codec import JSON, Codec, Frame, SalvagedOdds, readable
from hedgerow.feed.describing import Words, described
from hedgerow.feed.fixtures import FixtureState
from hedgerow.feed.offers import Block, BookmakerState
from hedgerow.feed.quotes import Quote
from hedgerow.feed.times import NEVER_MS, moment_ms
from hedgerow.feed.wire import OddsRow

_log = structlog.get_logger(__name__)

# A frame up to this size may be kept whole for the sake of one quote; of a larger one the quotes are copied out.
_SMALL_FRAME = 8 * 1024
_STALE_AFTER_S = 240  # the feed's own default of `staleThresholdSec`
_MOST_LARGE_FRAMES = 64 * 1024 * 1024


class ChangeKind(StrEnum):
    """What of a fixture changed."""

    ODDS = "odds"  # quotes of the markets named, at the bookmaker named
    BOOKMAKER = "bookmaker"  # what the feed says of the bookmaker named: suspended, stale, has odds, rotated
    FIXTURE = "fixture"  # status, start, participants, quarantine: anything but scores and clock
    SCORES = "scores"
    CLOCK = "clock"


_ODDS = ChangeKind.ODDS  # looking a member up takes as long as making a change


class BookChange(msgspec.Struct, frozen=True, gc=False):
    """What became different. `markets`: those whose offers may have changed; none when it is about the fixture.

    A struct, because one is made for every frame of odds: a frozen dataclass takes six times as long to make.
    """

    fixture_id: FixtureId
    bookmaker: VenueSlug | None
    markets: tuple[MarketKey, ...]
    kind: ChangeKind


class _LargeFrame(NamedTuple):
    block: ReferenceType[Block]  # gone by itself when its last quote is replaced
    as_of_ms: int
    size: int
    states: tuple[BookmakerState, ...]


class PriceBook:
    """The present state of all fixtures that the feed tells of."""

    def __init__(self, catalogue: Catalogue | None = None) -> None:
        self.catalogue = catalogue or Catalogue()
        self.rates = Rates({})
        self.sports: dict[int, wire.Sport] = {}  # those that the key may see
        self.up_since_ms: int | None = None  # since when frames come without a gap; None while they do not
        self.heard_ms = NEVER_MS  # when the last frame came, of whatever kind
        self.bookmakers: dict[VenueSlug, wire.Bookmaker] = {}  # those that the key may see
        self.stale_bookmakers: frozenset[VenueSlug] = frozenset()  # those that the feed has not heard from for long
        self._per_usd: dict[str, Decimal] = {}
        self._fixtures: dict[FixtureId, FixtureState] = {}
        self._large: deque[_LargeFrame] = deque()
        self._large_bytes = 0

    # --- reading ---------------------------------------------------------------------------------------------

    def fixture(self, fixture_id: FixtureId) -> FixtureState | None:
        return self._fixtures.get(fixture_id)

    def fixtures(self) -> Iterator[FixtureState]:
        """Every fixture that is known or quoted, in the order in which they were first heard of."""
        return iter(self._fixtures.values())

    def bookmaker(self, fixture_id: FixtureId, bookmaker: VenueSlug) -> BookmakerState | None:
        fixture = self._fixtures.get(fixture_id)
        return fixture.bookmakers.get(bookmaker) if fixture is not None else None

    def fixture_ref(self, bookmaker: VenueSlug, fixture_id: FixtureId) -> str | None:
        """The bookmaker's own id of a fixture; None while the feed has not said."""
        state = self.bookmaker(fixture_id, bookmaker)
        return state.meta.fixture_ref if state is not None and state.meta is not None else None

    def described(self, outcome: OutcomeKey) -> Words:
        """The outcome in words, as far as the feed has told them."""
        state, market_id = self.fixture(outcome.fixture_id), self.catalogue.of_outcome(outcome.outcome_id)
        market = None if market_id is None else self.catalogue.get(market_id)
        return described(None if state is None else state.info, market, outcome)

    def limit_currency(self, bookmaker: VenueSlug) -> str | None:
        """The currency of the bookmaker's limits; None when the feed has not said."""
        info = self.bookmakers.get(bookmaker)
        return info.limit_currency if info is not None else None

    def quotes(self, key: MarketKey, bookmaker: VenueSlug) -> tuple[Quote | None, ...]:
        """The bookmaker's offers for every outcome of the market, in the catalogue's order; None where it has none.

        Empty for a market that the catalogue does not know: its space of results is not known to be complete.
        """
        market = self.catalogue.get(key.market_id)
        if market is None:
            return ()
        state = self.bookmaker(key.fixture_id, bookmaker)
        line = state.lines.get((key.market_id, key.player_id)) if state is not None else None
        if state is None or line is None:
            return (None,) * len(market.outcomes)
        return line.quotes(market, state.slots)

    # --- frames ----------------------------------------------------------------------------------------------

    def apply(self, frame: Frame, text: bytes, codec: Codec, now_ms: int) -> list[BookChange]:
        """Applies a frame of the stream; `text` is what it was decoded from. Answers what changed."""
        match frame:
            case wire.OddsFrame(told):
                return self.merge(told.fixture_id, told.odds, Block(now_ms, text, codec), len(text))
            case wire.BookmakersFrame(told):
                return self._metas(self._heard(told.fixture_id, now_ms), told.bookmakers, now_ms)
            case wire.FixturesFrame(described):
                return self.describe(described, now_ms)
            case wire.ScoresFrame(scored):
                fixture = self._heard(scored.fixture_id, now_ms)
                return [_of(fixture, ChangeKind.SCORES)] if fixture.score(scored.scores) else []
            case wire.ClocksFrame(clocked):
                fixture = self._heard(clocked.fixture_id, now_ms)
                return [_of(fixture, ChangeKind.CLOCK)] if fixture.set_clock(clocked.clock) else []
            case wire.CurrenciesFrame(currencies):
                self.learn_rates(currencies.values())
            case SalvagedOdds():
                fixture = self._heard(frame.fixture_id, now_ms)
                told_by = ((fixture.bookmaker(slug), rows) for slug, rows in frame.odds.items())
                return [change for state, rows in told_by for change in self._take(state, rows, now_ms)]
        return []

    def merge(
        self,
        fixture_id: FixtureId,
        odds: Mapping[VenueSlug, Mapping[str, wire.RowHead] | Mapping[str, OddsRow]],
        block: Block,
        size: int = 0,
    ) -> list[BookChange]:
        """Takes those quotes of a block that are the latest word: the newer `changedAt` wins, between equals what was
        true later. size: bytes of the message that the block keeps alive.

        The hot path, from a tick to an order: one turn of the inner loop a quote, and no call that can be spared.
        """
        fixture = self._fixtures.get(fixture_id) or self._heard(fixture_id, block.as_of_ms)
        fixture.heard_ms = block.as_of_ms
        changes = []
        for slug, rows in odds.items():
            state = fixture.bookmakers.get(slug) or fixture.bookmaker(slug)
            slots = state.slots
            markets = []
            for name, row in rows.items():
                try:
                    slot = slots[name]
                except KeyError:
                    slot = state.open(name, block)
                changed_ms = row.changed_at
                if changed_ms <= slot.changed_ms and (
                    changed_ms < slot.changed_ms or block.as_of_ms < slot.block.as_of_ms
                ):
                    continue
                slot.changed_ms = changed_ms
                slot.block = block
                line = slot.line
                if line.moved_by is not block:
                    line.moved_by = block
                    markets.append(line.key)
            if markets:
                changes.append(BookChange(fixture_id, slug, tuple(markets), _ODDS))
        if size > _SMALL_FRAME:
            self._remember(
                _LargeFrame(ref(block), block.as_of_ms, size, tuple(fixture.bookmakers[slug] for slug in odds))
            )
        return changes

    def _metas(
        self, fixture: FixtureState, told: Mapping[VenueSlug, wire.BookmakerMeta | None], as_of_ms: int
    ) -> list[BookChange]:
        changes = []
        for slug, row in told.items():
            state = fixture.bookmaker(slug)
            if row is not None and state.take_meta(row, as_of_ms):
                changes.append(_meta_change(state))
        return changes

    # --- answers ---------------------------------------------------------------------------------------------

    def describe(self, described: wire.Fixture, as_of_ms: int) -> list[BookChange]:
        """Takes a fixture's description that is true for that moment."""
        fixture = self._heard(described.fixture_id, as_of_ms)
        face, clock, quarantine = _face(fixture), fixture.info.clock, fixture.quarantine
        fixture.describe(described, as_of_ms)
        if fixture.quarantine != quarantine:
            self._count_quarantine(fixture)
        has_changed = {
            ChangeKind.FIXTURE: _face(fixture) != face,
            ChangeKind.SCORES: fixture.score(described.scores or {}),
            ChangeKind.CLOCK: fixture.info.clock != clock,
        }
        return [_of(fixture, kind) for kind, changed in has_changed.items() if changed]

    def take_answer(
        self,
        answer: wire.FixtureOdds,
        as_of_ms: int,
        *,
        complete_for: Collection[VenueSlug] | None = None,
        gone_before_ms: int = NEVER_MS,
    ) -> list[BookChange]:
        """Takes an answer of the odds endpoints that is true for that moment.

        gone_before_ms: quotes of the bookmakers in `complete_for` that the answer leaves out, and that have not moved
        since this time, are gone. Only an answer that would tell of every quote is complete. Where it leaves out a
        bookmaker as a whole, nothing is gone and nothing confirmed: an empty answer proves nothing.
        """
        fixture = self._heard(answer.fixture_id, as_of_ms)
        changes = self.describe(answer, as_of_ms)
        changes += self._metas(fixture, answer.bookmakers or {}, as_of_ms)
        told: dict[VenueSlug, Collection[str]] = {}
        for slug, raw in (answer.odds or {}).items():
            state = fixture.bookmaker(slug)
            rows = JSON.answered(raw)
            state.revive(rows, as_of_ms)
            if rows:
                told[slug] = rows.keys()
                state.is_answered = True
            changes += self._take(state, state.news(rows), as_of_ms)
        for bookmaker in complete_for or ():
            state = fixture.bookmaker(bookmaker)
            state.is_answered = bookmaker in told
            gone = state.standing(told[bookmaker], gone_before_ms) if state.is_answered else []
            markets = state.withdraw(gone, Block.of_rows(as_of_ms, {}), gone_before_ms)
            changes += [_odds_change(state, markets)] if markets else []
        return changes

    def is_unproven(self, fixture_id: FixtureId) -> bool:
        """Whether the last whole answer about the fixture left out a bookmaker that is known to quote on it."""
        fixture = self._fixtures.get(fixture_id)
        states = fixture.bookmakers.values() if fixture is not None else ()
        return any(state.slots and not state.is_answered for state in states)

    def lose(self, fixture_id: FixtureId) -> list[BookChange]:
        """The feed does not know the fixture any more: nothing of it may be traded on until it is described again."""
        fixture = self._fixtures.get(fixture_id)
        if fixture is None:
            return []
        fixture.lose()
        self._count_quarantine(fixture)
        return [_of(fixture, ChangeKind.FIXTURE)]

    def cover(
        self,
        fixture_ids: Iterable[FixtureId],
        bookmakers: Collection[VenueSlug] | None,
        as_of_ms: int,
        *,
        main_lines_only: bool,
    ) -> None:
        """Notes that all moves of these fixtures until that moment are known, at those bookmakers (None: at all)."""
        for fixture_id in fixture_ids:
            fixture = self._fixtures.get(fixture_id)
            if fixture is None:
                continue
            for state in fixture.bookmakers.values():
                if bookmakers is None or state.bookmaker in bookmakers:
                    state.cover(as_of_ms, main_lines_only=main_lines_only)

    def learn_rates(self, currencies: Iterable[wire.Currency | None]) -> None:
        """Takes currency rates; what is no positive number is passed over."""
        for row in currencies:
            if row is not None and row.currency_value is not None and row.currency_value > 0:
                self._per_usd[row.currency] = row.currency_value
        self.rates = Rates(self._per_usd)

    def learn_bookmakers(self, bookmakers: Iterable[wire.Bookmaker], now_ms: int) -> list[BookChange]:
        """Takes the list of bookmakers, true for that moment; answers what changed by one going stale or fresh."""
        self.bookmakers = {row.slug: row for row in bookmakers}
        before = self.stale_bookmakers
        self.stale_bookmakers = frozenset(row.slug for row in self.bookmakers.values() if _is_stale(row, now_ms))
        turned = before ^ self.stale_bookmakers
        states = (fixture.bookmakers.get(slug) for fixture in self._fixtures.values() for slug in turned)
        return [_meta_change(state) for state in states if state is not None]

    def learn_markets(self, markets: Iterable[Market]) -> None:
        """Takes markets of the feed's list; quotes that came before their market find their place."""
        self.catalogue.add(markets)
        for fixture in self._fixtures.values():
            for state in fixture.bookmakers.values():
                state.rehome()

    # --- keeping ---------------------------------------------------------------------------------------------

    def settle(self, before_ms: int) -> bool:
        """Lets go of one large frame that came before that time, its quotes copied out; False when there is none."""
        if not self._large or self._large[0].as_of_ms >= before_ms:
            return False
        self._let_go()
        return True

    def forget(self, before_ms: int) -> int:
        """Drops what is over, or was never described, and has not been heard of since that time. Answers how many."""
        idle = [
            fixture
            for fixture in self._fixtures.values()
            if fixture.heard_ms < before_ms and (fixture.is_over or not fixture.is_known)
        ]
        for fixture in idle:
            del self._fixtures[fixture.fixture_id]
        self._set_quarantined()
        return len(idle)

    def _take(self, state: BookmakerState, rows: Mapping[str, OddsRow | None], as_of_ms: int) -> list[BookChange]:
        """Takes rows that are decoded already. One that cannot be read makes its quote unusable: what it says instead
        is not known."""
        good = readable(rows)
        block = Block.of_rows(as_of_ms, {state.bookmaker: good})
        markets = [
            key for change in self.merge(state.fixture_id, {state.bookmaker: good}, block) for key in change.markets
        ]
        unreadable = [name for name, row in rows.items() if row is None]
        if unreadable:
            _log.warning("quotes cannot be read", first=unreadable[0], count=len(unreadable))
            markets += state.withdraw(unreadable, block)
        return [_odds_change(state, markets)] if markets else []

    def clear(self) -> list[BookChange]:
        """Drops every fixture: the clock was put back, and all that is known belongs to another time."""
        changes = [_of(fixture, ChangeKind.FIXTURE) for fixture in self._fixtures.values()]
        self._fixtures.clear()
        self._large.clear()
        self._large_bytes = 0
        self._set_quarantined()
        return changes

    def _heard(self, fixture_id: FixtureId, at_ms: int) -> FixtureState:
        fixture = self._fixtures.get(fixture_id)
        if fixture is None:
            fixture = self._fixtures[fixture_id] = FixtureState(fixture_id, self.catalogue)
        fixture.heard_ms = at_ms
        return fixture

    def _remember(self, frame: _LargeFrame) -> None:
        self._large.append(frame)
        self._large_bytes += frame.size
        while self._large_bytes > _MOST_LARGE_FRAMES:
            self._let_go()

    def _let_go(self) -> None:
        frame = self._large.popleft()
        self._large_bytes -= frame.size
        block = frame.block()
        if block is not None:
            for state in frame.states:
                state.settle(block)

    def _count_quarantine(self, fixture: FixtureState) -> None:
        if fixture.quarantine is not None:
            _log.warning("fixture quarantined", fixture_id=fixture.fixture_id, why=fixture.quarantine)
        self._set_quarantined()

    def _set_quarantined(self) -> None:
        FEED_QUARANTINED.set(sum(fixture.quarantine is not None for fixture in self._fixtures.values()))


def _of(fixture: FixtureState, kind: ChangeKind) -> BookChange:
    return BookChange(fixture.fixture_id, None, (), kind)


def _odds_change(state: BookmakerState, markets: Iterable[MarketKey]) -> BookChange:
    return BookChange(state.fixture_id, state.bookmaker, tuple(dict.fromkeys(markets)), ChangeKind.ODDS)


def _meta_change(state: BookmakerState) -> BookChange:
    return BookChange(state.fixture_id, state.bookmaker, state.markets, ChangeKind.BOOKMAKER)


def _is_stale(bookmaker: wire.Bookmaker, now_ms: int) -> bool:
    """Whether the feed has not heard from the bookmaker for longer than it says is normal for it."""
    last_ms = moment_ms(bookmaker.last_odds_at)
    threshold_s = _STALE_AFTER_S if bookmaker.stale_threshold_sec is None else bookmaker.stale_threshold_sec
    return last_ms is not None and now_ms - last_ms > threshold_s * 1000


def _face(fixture: FixtureState) -> tuple[object, ...]:
    """What a change of kind FIXTURE is about."""
    return fixture.status, fixture.quarantine, msgspec.structs.replace(fixture.info, scores=None, clock=None)
