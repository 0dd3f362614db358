"""The world: fixtures, one truth of odds, the venues, and the settlement of everything.

Changes come in through the script API and the player; dialects and the feed listen and tell their clients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey, PlayerId
from hedgerow.core.money import MICRO, round_down, round_up
from hedgerow.core.states import SettlementStatus
from hedgerow.sim.bookmaker import Bookmaker, Quote
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.faults import Behaviour
from hedgerow.sim.house import House
from hedgerow.sim.markets import Catalogue

OPENING_BALANCE = 10_000
_RATES = {"USD": Decimal(1), "EUR": Decimal("0.85"), "GBP": Decimal("0.75")}  # units per 1 USD
PREGAME, LIVE, FINISHED, CANCELLED = range(4)
DEMO, RIVAL = "demo", "rival"
RIVAL_BOOKMAKERS = ("pinnacle", "sharpbet")


@dataclass(slots=True)
class Fixture:
    """A match. Names as in the script API; times in seconds since 1970."""

    fixture_id: FixtureId
    sport_id: int
    tournament_id: int
    participant1_name: str
    participant2_name: str
    start_time: int
    tournament_name: str = ""
    category_name: str = ""
    status_id: int = 0
    live: bool = False
    scores: dict[str, Any] = field(default_factory=dict)
    clock: dict[str, Any] = field(default_factory=dict)
    true_start_ms: int | None = None
    true_end_ms: int | None = None
    results: dict[OutcomeKey, SettlementStatus] = field(default_factory=dict)


@dataclass(slots=True)
class BookMeta:
    """What the feed says of one bookmaker on one fixture."""

    suspended: bool = False
    stale: bool = False
    has_odds: bool = True
    rotated: bool = False
    updated_ms: int = 0


@dataclass(frozen=True, slots=True)
class FixtureChanged:
    fixture: Fixture
    is_new: bool


@dataclass(frozen=True, slots=True)
class ScoresChanged:
    fixture: Fixture


@dataclass(frozen=True, slots=True)
class OddsChanged:
    """Quotes that changed together, of one fixture."""

    fixture: Fixture
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class BookChanged:
    fixture: Fixture
    bookmaker: str
    meta: BookMeta


@dataclass(frozen=True, slots=True)
class Settled:
    fixture: Fixture


@dataclass(frozen=True, slots=True)
class CurrencyChanged:
    """A rate moved: units of the currency per 1 USD."""

    currency: str
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Emptied:
    """The world was reset: everything that was known is gone."""


WorldEvent = FixtureChanged | ScoresChanged | OddsChanged | BookChanged | CurrencyChanged | Settled | Emptied


class World:
    """Everything there is, and the only way to change it."""

    def __init__(self, catalogue: Catalogue, clock: WorldClock | None = None) -> None:
        self.clock = clock or WorldClock()
        self.catalogue = catalogue
        self.fixtures: dict[FixtureId, Fixture] = {}
        self.quotes: dict[tuple[OutcomeKey, str], Quote] = {}
        self._quotes_of: dict[FixtureId, dict[tuple[OutcomeKey, str], Quote]] = {}  # the same, by fixture
        self.books: dict[tuple[FixtureId, str], BookMeta] = {}
        self.bookmakers: dict[str, Bookmaker] = {}
        self.exchanges: dict[str, Exchange] = {}
        self._house = House(self.exchanges)
        self.currencies = dict(_RATES)
        self._listeners: list[Callable[[WorldEvent], None]] = []

    def on_event(self, listener: Callable[[WorldEvent], None]) -> None:
        self._listeners.append(listener)

    # --- venues ----------------------------------------------------------------------------------------------

    def add_bookmaker(self, slug: str) -> Bookmaker:
        """A bookmaker with the default world's accounts."""
        book = Bookmaker(slug, self.clock, lambda outcome: self.offer(outcome, slug))
        self.bookmakers[slug] = book
        self._open_accounts(slug)
        return book

    def add_exchange(self, exchange: Exchange) -> Exchange:
        """An exchange with the default world's account."""
        self.exchanges[exchange.slug] = exchange
        self._open_accounts(exchange.slug)
        return exchange

    def venue(self, slug: str) -> Bookmaker | Exchange | None:
        return self.exchanges.get(slug) or self.bookmakers.get(slug)

    def _open_accounts(self, slug: str) -> None:
        """Opens the default accounts, and puts their balance back where they exist."""
        owners = [DEMO, RIVAL] if slug in RIVAL_BOOKMAKERS or slug == "kalshi" else [DEMO]
        for owner in owners:
            name = f"{owner}_{slug}"
            if slug in self.exchanges:
                self.exchanges[slug].add_account(name, OPENING_BALANCE * MICRO)
            else:
                self.bookmakers[slug].add_account(name, Decimal(OPENING_BALANCE))

    # --- fixtures and odds -----------------------------------------------------------------------------------

    def put_fixture(self, fixture: Fixture) -> None:
        """Creates or replaces a fixture; times of a true start and end follow from the status."""
        before = self.fixtures.get(fixture.fixture_id)
        now = self.clock.now_ms()
        if fixture.status_id == LIVE and fixture.true_start_ms is None:
            fixture.true_start_ms = now
        if fixture.status_id in (FINISHED, CANCELLED) and fixture.true_end_ms is None:
            fixture.true_end_ms = now
        self.fixtures[fixture.fixture_id] = fixture
        self._emit(FixtureChanged(fixture, is_new=before is None))
        if before is not None and fixture.scores != before.scores:
            self._emit(ScoresChanged(fixture))

    def put_scores(self, fixture_id: FixtureId, scores: dict[str, Any]) -> None:
        """Changes the score alone; the rest of the fixture is not said again."""
        fixture = self.fixtures[fixture_id]
        if fixture.scores != scores:
            fixture.scores = scores
            self._emit(ScoresChanged(fixture))

    def put_odds(self, changes: Iterable[Quote]) -> None:
        """Applies quotes; their changed time and version are set here. Unchanged ones are left out."""
        now = self.clock.now_ms()
        moved: dict[FixtureId, list[Quote]] = {}
        for quote in changes:
            key = quote.outcome, quote.bookmaker
            before = self.quotes.get(key)
            same = before is not None and (before.price, before.limit, before.limit_min, before.active) == (
                quote.price,
                quote.limit,
                quote.limit_min,
                quote.active,
            )
            if same:
                continue
            quote.changed_ms = now
            quote.version = before.version + 1 if before else 1
            self.quotes[key] = quote
            self._quotes_of.setdefault(quote.outcome.fixture_id, {})[key] = quote
            moved.setdefault(quote.outcome.fixture_id, []).append(quote)
            self.books.setdefault((quote.outcome.fixture_id, quote.bookmaker), BookMeta(updated_ms=now))
        for quotes in moved.values():
            self._house.put(quotes)
        for fixture_id, quotes in moved.items():
            self._emit(OddsChanged(self.fixtures[fixture_id], tuple(quotes)))

    def put_book(self, fixture_id: FixtureId, bookmaker: str, **changes: bool) -> None:
        """Changes what the feed says of a bookmaker on a fixture: suspended, stale, has_odds, rotated."""
        meta = self.books.setdefault((fixture_id, bookmaker), BookMeta())
        for name, value in changes.items():
            setattr(meta, name, value)
        meta.updated_ms = self.clock.now_ms()
        self._emit(BookChanged(self.fixtures[fixture_id], bookmaker, meta))

    def put_currency(self, currency: str, rate: Decimal) -> None:
        """Changes a rate: units of the currency per 1 USD. Raises ValueError unless it is positive."""
        if not rate.is_finite() or rate <= 0:
            raise ValueError(f"rate of {currency} must be positive, not {rate}")
        self.currencies[currency] = rate
        self._emit(CurrencyChanged(currency, rate))

    def offer(self, outcome: OutcomeKey, bookmaker: str) -> Quote | None:
        """The quote as a bettor meets it: in the bookmaker's account currency, and shut while the bookmaker has
        suspended the fixture or the fixture is over."""
        quote = self.quotes.get((outcome, bookmaker))
        if quote is None:
            return None
        book = self.books.get((outcome.fixture_id, bookmaker))
        is_over = self.fixtures[outcome.fixture_id].status_id in (FINISHED, CANCELLED)
        if is_over or (book is not None and book.suspended):
            quote = replace(quote, active=False)
        return self._in_account_currency(quote)

    def _in_account_currency(self, quote: Quote) -> Quote:
        """Limits in US dollars, the currency of all simulated accounts. An unknown currency is taken as dollars."""
        rate = self.currencies.get(quote.currency, Decimal(1))
        if rate == 1:
            return quote
        limit = None if quote.limit is None else round_down(quote.limit / rate, "USD")
        least = None if quote.limit_min is None else round_up(quote.limit_min / rate, "USD")
        return replace(quote, limit=limit, limit_min=least, currency="USD")

    @property
    def is_live(self) -> bool:
        """Whether any fixture is being played."""
        return any(fixture.live for fixture in self.fixtures.values())

    def quotes_of(self, fixture_id: FixtureId) -> list[Quote]:
        return list(self._quotes_of.get(fixture_id, {}).values())

    # --- the end ---------------------------------------------------------------------------------------------

    def settle(self, fixture_id: FixtureId, results: dict[int, SettlementStatus]) -> None:
        """Decides outcomes at every venue and in the feed. results: by outcome id."""
        fixture = self.fixtures[fixture_id]
        for outcome_id, result in results.items():
            outcome = OutcomeKey(fixture_id, OutcomeId(outcome_id), PlayerId(0))
            fixture.results[outcome] = result
            for bookmaker in self.bookmakers.values():
                bookmaker.settle(outcome, result)
        for exchange in self.exchanges.values():
            self._settle_contracts(exchange, fixture)
        if fixture.status_id not in (FINISHED, CANCELLED):
            fixture.status_id, fixture.live = FINISHED, False
            self.put_fixture(fixture)
        self._emit(Settled(fixture))

    def _settle_contracts(self, exchange: Exchange, fixture: Fixture) -> None:
        """Resolves every contract whose YES or, where only that was decided, NO outcome has a result."""
        for contract in list(exchange.contracts.values()):
            result = fixture.results.get(contract.yes)
            if result is None and contract.no in fixture.results:
                result = fixture.results[contract.no].mirrored
            if result is not None and result is not contract.result:
                exchange.settle(contract, result)

    def reset(self) -> None:
        """An empty world with the default venues and accounts."""
        self.clock.forget()
        self.fixtures.clear()
        self.quotes.clear()
        self._quotes_of.clear()
        self.books.clear()
        self.currencies = dict(_RATES)
        self._house.clear()
        venues: list[Bookmaker | Exchange] = [*self.bookmakers.values(), *self.exchanges.values()]
        for venue in venues:
            venue.clear()
            venue.faults.set(Behaviour())
            self._open_accounts(venue.slug)
        self._emit(Emptied())

    def _emit(self, event: WorldEvent) -> None:
        for listener in self._listeners:
            listener(event)
