"""What the feed remembers of the world's events: the present quotes by fixture and book, and how they came about.

The world keeps the present only, in one flat table. The feed also answers with opening and closing prices and with
histories, marks main lines, and must know which rows a change touches beside those that moved.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from hedgerow.core.ids import FixtureId, MarketId, OutcomeId, PlayerId
from hedgerow.sim import pinnacle_ids
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.world import Fixture, World

TICKS_PER_QUOTE = 1_000

Selection = tuple[OutcomeId, PlayerId]
Quotes = dict[Selection, Quote]


class MarketOf(NamedTuple):
    """A market of one book on one fixture, for one player (0: none)."""

    market_id: MarketId
    player_id: PlayerId


@dataclass(frozen=True, slots=True)
class Standing:
    """What the rows of one market share. versions: the sum of its quotes' versions, on which Pinnacle's line id
    depends; 0 at other books. On recorded rows, too, only Pinnacle's sides always change together."""

    active: bool
    main: bool
    versions: int


@dataclass(frozen=True, slots=True)
class Tick:
    """One recorded state of a quote. changed_ms: when the feed took it, in milliseconds since 1970; later than the
    quote's own change where only its market stands differently."""

    quote: Quote
    standing: Standing
    changed_ms: int


@dataclass(slots=True)
class History:
    """A quote's recorded states. closing: the last one before the fixture started."""

    opening: Tick
    closing: Tick | None = None
    ticks: deque[Tick] = field(default_factory=lambda: deque(maxlen=TICKS_PER_QUOTE))


@dataclass(frozen=True, slots=True)
class Score:
    """One period's score and when it was last changed, in milliseconds since 1970."""

    participant1: int
    participant2: int
    updated_ms: int

    def is_same(self, other: Score) -> bool:
        return (self.participant1, self.participant2) == (other.participant1, other.participant2)


def _score(given: Any, now_ms: int) -> Score | None:
    """A period's score as the world holds it; None for another form."""
    if not isinstance(given, Mapping):
        return None
    one, two = given.get("participant1Score"), given.get("participant2Score")
    return Score(one, two, now_ms) if isinstance(one, int) and isinstance(two, int) else None


def market_id_of(catalogue: Catalogue, outcome_id: int) -> MarketId:
    """The outcome's market; one that the catalogue does not hold is taken for its market's first outcome."""
    market = catalogue.market_of(outcome_id)
    return market.market_id if market else MarketId(outcome_id)


def standings(catalogue: Catalogue, slug: str, quotes: Quotes, off: Collection[int] = ()) -> dict[MarketOf, Standing]:
    """How each market of one book on one fixture stands. off: markets that are inactive whatever their quotes say."""
    markets: dict[MarketOf, list[Quote]] = {}
    for (outcome_id, player_id), quote in quotes.items():
        markets.setdefault(MarketOf(market_id_of(catalogue, outcome_id), player_id), []).append(quote)
    main = _main_markets(catalogue, markets)
    return {
        key: Standing(
            key.market_id not in off and any(quote.active for quote in members),
            key in main,
            sum(quote.version for quote in members) if slug in pinnacle_ids.SLUGS else 0,
        )
        for key, members in markets.items()
    }


def _main_markets(catalogue: Catalogue, markets: Mapping[MarketOf, list[Quote]]) -> set[MarketOf]:
    """Of each family of lines, the one whose prices are closest together: there the book sees an even match."""
    families: dict[tuple[str, str, PlayerId], list[MarketOf]] = {}
    main = set()
    for key in markets:
        market = catalogue.markets.get(key.market_id)
        if market is None:
            main.add(key)
        else:
            families.setdefault((market.market_type, market.period, key.player_id), []).append(key)
    main.update(min(keys, key=lambda key: (*_imbalance(markets[key]), key)) for keys in families.values())
    return main


def _imbalance(quotes: list[Quote]) -> tuple[bool, Decimal]:
    """Closed markets last, then by the distance of the highest and the lowest price."""
    prices = [quote.price for quote in quotes if quote.is_open and quote.price is not None]
    return not prices, max(prices) - min(prices) if prices else Decimal(0)


class Memory:
    """Follows the world. Call `note_*` for its events, in their order, before anything is told to clients."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._off: frozenset[int] = frozenset()
        self._books: dict[FixtureId, dict[str, Quotes]] = {}
        self._standings: dict[tuple[FixtureId, str], dict[MarketOf, Standing]] = {}
        self._histories: dict[tuple[FixtureId, str, Selection], History] = {}
        self._scores: dict[FixtureId, dict[str, Score]] = {}
        self._clocks: dict[FixtureId, dict[str, Any]] = {}
        self._rates_ms: dict[str, int] = {}
        self._last_quotes: dict[str, Quote] = {}
        self._born_ms = world.clock.now_ms()
        for fixture in world.fixtures.values():
            self.note_scores(fixture)
            self.note_clock(fixture)
            self.note_odds(fixture, world.quotes_of(fixture.fixture_id))

    def clear(self) -> None:
        """The world was reset."""
        for table in (self._books, self._standings, self._histories, self._scores, self._clocks, self._rates_ms):
            table.clear()
        self._last_quotes.clear()
        self._off = frozenset()
        self._born_ms = self._world.clock.now_ms()

    # --- odds ------------------------------------------------------------------------------------------------

    def note_odds(self, fixture: Fixture, moved: Iterable[Quote]) -> dict[str, list[Selection]]:
        """Records quotes that moved together; answers by book whose rows now read differently: theirs, and those
        whose market stands differently because of them. In the order of the book's quotes."""
        fixture_id = fixture.fixture_id
        touched: dict[str, set[Selection]] = {}
        for quote in moved:
            selection = quote.outcome.outcome_id, quote.outcome.player_id
            self._books.setdefault(fixture_id, {}).setdefault(quote.bookmaker, {})[selection] = quote
            touched.setdefault(quote.bookmaker, set()).add(selection)
            self._last_quotes[quote.bookmaker] = quote
        return {slug: self._settle(fixture, slug, selections) for slug, selections in touched.items()}

    def switch_off(self, markets: Collection[int]) -> list[tuple[Fixture, str, list[Selection]]]:
        """Makes these markets inactive everywhere, and no others; answers by fixture and book whose rows now read
        differently."""
        self._off = frozenset(markets)
        touched = [
            (fixture, slug, self._settle(fixture, slug, set()))
            for fixture in self._world.fixtures.values()
            for slug in self.books_of(fixture.fixture_id)
        ]
        return [(fixture, slug, selections) for fixture, slug, selections in touched if selections]

    def _settle(self, fixture: Fixture, slug: str, moved: set[Selection]) -> list[Selection]:
        """Works out the standings anew and records a tick of every row that they or the moves changed."""
        key, quotes = (fixture.fixture_id, slug), self._books[fixture.fixture_id][slug]
        before = self._standings.get(key, {})
        after = standings(self._world.catalogue, slug, quotes, self._off)
        self._standings[key] = after
        now, touched = self._world.clock.now_ms(), []
        for selection, quote in quotes.items():
            standing = after[self._market_of(selection)]
            if selection in moved or before.get(self._market_of(selection)) != standing:
                changed_ms = quote.changed_ms if selection in moved else now
                self._record(fixture, slug, selection, Tick(quote, standing, changed_ms))
                touched.append(selection)
        return touched

    def _record(self, fixture: Fixture, slug: str, selection: Selection, tick: Tick) -> None:
        key = fixture.fixture_id, slug, selection
        history = self._histories.get(key)
        if history is None:
            history = self._histories[key] = History(tick)
        history.ticks.append(tick)
        if fixture.status_id == 0:
            history.closing = tick

    def _market_of(self, selection: Selection) -> MarketOf:
        return MarketOf(market_id_of(self._world.catalogue, selection[0]), selection[1])

    def books_of(self, fixture_id: FixtureId) -> Mapping[str, Quotes]:
        """The quotes of a fixture by book, in the order in which they first came."""
        return self._books.get(fixture_id, {})

    def tick(self, fixture_id: FixtureId, slug: str, selection: Selection) -> Tick:
        """A quote that is there, as it stands now."""
        return self.history(fixture_id, slug, selection).ticks[-1]

    def history(self, fixture_id: FixtureId, slug: str, selection: Selection) -> History:
        """Of a quote that is there."""
        return self._histories[fixture_id, slug, selection]

    def slugs(self) -> Iterator[str]:
        """Books that have ever quoted."""
        yield from self._last_quotes

    def last_quote(self, slug: str) -> Quote | None:
        """The quote of a book that moved last, anywhere."""
        return self._last_quotes.get(slug)

    # --- scores, clocks, rates -------------------------------------------------------------------------------

    def note_scores(self, fixture: Fixture) -> dict[str, Score]:
        """Records a fixture's scores as they are now; answers with those that changed, by period. What a script put
        in another form than the feed's (participant1Score, participant2Score) is left out."""
        before = self._scores.get(fixture.fixture_id, {})
        now = self._world.clock.now_ms()
        scores, changed = {}, {}
        for period, given in fixture.scores.items():
            score = _score(given, now)
            if score is None:
                continue
            known = before.get(period)
            if known is None or not known.is_same(score):
                changed[period] = known = score
            scores[period] = known
        self._scores[fixture.fixture_id] = scores
        return changed

    def scores_of(self, fixture_id: FixtureId) -> Mapping[str, Score]:
        return self._scores.get(fixture_id, {})

    def note_clock(self, fixture: Fixture) -> bool:
        """Records a fixture's match clock; whether it changed."""
        before = self._clocks.get(fixture.fixture_id, {})
        self._clocks[fixture.fixture_id] = dict(fixture.clock)
        return before != fixture.clock

    def note_rate(self, currency: str) -> None:
        self._rates_ms[currency] = self._world.clock.now_ms()

    def rate_updated_ms(self, currency: str) -> int:
        return self._rates_ms.get(currency, self._born_ms)
