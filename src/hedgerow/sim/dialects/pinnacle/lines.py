"""What Pinnacle offers: events, periods and lines, from the world's quotes of one of its slugs.

A fixture is one event, pre-game and live (the real venue makes two). Every line (a market of the world) has a line id
of its own that changes with each of its quotes; a period answers with its moneyline's id, or its main spread's or
total's where there is no moneyline. A bet may name either. Participant 1 is the home team.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal

from hedgerow.core.ids import FixtureId, OutcomeKey, PlayerId
from hedgerow.core.money import round_down
from hedgerow.sim import pinnacle_ids
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.dialects.pinnacle.terms import Terms
from hedgerow.sim.markets import Market
from hedgerow.sim.world import BookChanged, Emptied, Fixture, FixtureChanged, OddsChanged, World, WorldEvent

MONEYLINE, SPREAD, TOTAL, TEAM_TOTAL = "MONEYLINE", "SPREAD", "TOTAL_POINTS", "TEAM_TOTAL_POINTS"
_BET_TYPES = {"moneyline": MONEYLINE, "spreads": SPREAD, "totals": TOTAL}
_FIRST_CHANGE = 3_000_000_000
_OLD_LINES_KEPT = 50_000
_UNLIMITED = Decimal(1_000_000)

# In these sports the visitors come first in Pinnacle's list of teams. Source: leagues of public clients.
_HOME_IS_TEAM2 = frozenset({3, 4, 15, 19})


@dataclass(frozen=True, slots=True)
class Line:
    """One market with all its prices, as it is offered now. Sides: home, away, draw, over, under."""

    id: int
    market: Market
    bet_type: str
    period: int
    quotes: dict[str, Quote]

    @property
    def changed_ms(self) -> int:
        return max(quote.changed_ms for quote in self.quotes.values())

    def price(self, side: str) -> Decimal:
        """Of an offered side."""
        price = self.quotes[side].price
        assert price is not None
        return price

    def limit(self, side: str) -> Decimal:
        """The highest stake."""
        limit = self.quotes[side].limit
        return _UNLIMITED if limit is None else limit

    @property
    def volume(self) -> Decimal:
        """Maximum volume: from it a client reckons at most each side's limit, by risk above odds of 2 and by win
        below. Source: FAQ, "How to calculate max risk from the max volume"."""
        return min(
            self.limit(side) if self.price(side) > 2 else round_down(self.limit(side) * (self.price(side) - 1), "USD")
            for side in self.quotes
        )

    @property
    def imbalance(self) -> Decimal:
        """How far its prices lie apart: the main line has the least."""
        prices = [self.price(side) for side in self.quotes]
        return max(prices) - min(prices)


@dataclass(slots=True)
class Period:
    """What one period of an event offers now. `change`: the number of its last change."""

    number: int
    lines: list[Line]
    is_open: bool
    change: int

    def of_type(self, bet_type: str) -> list[Line]:
        return [line for line in self.lines if line.bet_type == bet_type]

    def main(self, bet_type: str) -> Line | None:
        """The line that is offered without an altLineId."""
        return min(self.of_type(bet_type), key=lambda line: (line.imbalance, line.market.market_id), default=None)

    @property
    def line_id(self) -> int:
        """Of the first main line there is; 0 when nothing is offered."""
        mains = (self.main(bet_type) for bet_type in (MONEYLINE, SPREAD, TOTAL))
        return next((line.id for line in mains if line is not None), 0)


@dataclass(frozen=True, slots=True)
class OldLine:
    """The prices that a line id once stood for."""

    market: Market
    prices: dict[str, Decimal]


@dataclass(slots=True)
class _Changes:
    """Numbers of the last changes of a fixture and of its periods, and the markets that were ever offered."""

    fixture: int = 0
    phase: tuple[bool, bool] = (False, False)  # live, over
    periods: dict[int, int] = field(default_factory=dict)
    markets: dict[int, Market] = field(default_factory=dict)


class Lines:
    """Reads the offer from the world, and remembers which line ids there were and what changed when."""

    def __init__(self, world: World, slug: str) -> None:
        self.last_change = _FIRST_CHANGE
        self._world, self._slug = world, slug
        self._events: dict[int, FixtureId] = {}
        self._changes: dict[FixtureId, _Changes] = {}
        self._old: dict[int, OldLine] = {}
        self._old_ids: deque[int] = deque()
        world.on_event(self._on_world)
        for fixture in world.fixtures.values():
            self._note_fixture(fixture)
            self._note_quotes(fixture, [q for q in world.quotes_of(fixture.fixture_id) if q.bookmaker == slug])

    # --- reading ---------------------------------------------------------------------------------------------

    def fixtures(self, sport_id: int) -> list[Fixture]:
        """Of a sport of Pinnacle's, in the order of their arrival; over or not."""
        return [f for f in self._world.fixtures.values() if pinnacle_ids.sport_id(f.sport_id) == sport_id]

    def open_fixtures(self, sport_id: int) -> list[Fixture]:
        return [fixture for fixture in self.fixtures(sport_id) if not is_over(fixture)]

    def fixture_of(self, event_id: int) -> Fixture | None:
        fixture_id = self._events.get(event_id)
        return None if fixture_id is None else self._world.fixtures.get(fixture_id)

    def fixture_change(self, fixture: Fixture) -> int:
        return self._changes[fixture.fixture_id].fixture

    def periods(self, fixture: Fixture) -> list[Period]:
        """Every period that was ever offered, lowest number first; a closed one has no lines."""
        changes = self._changes[fixture.fixture_id].periods
        offered = self._offered(fixture)
        is_suspended = self.is_suspended(fixture)
        made = []
        for number, change in sorted(changes.items()):
            lines = [line for line in offered if line.period == number]
            made.append(Period(number, lines, bool(lines) and not is_suspended, change))
        return made

    def period(self, fixture: Fixture, number: int) -> Period | None:
        return next((period for period in self.periods(fixture) if period.number == number), None)

    def old_line(self, line_id: int) -> OldLine | None:
        return self._old.get(line_id)

    def outcome_of(self, fixture: Fixture, line: Line, side: str) -> OutcomeKey:
        return OutcomeKey(fixture.fixture_id, line.quotes[side].outcome.outcome_id, PlayerId(0))

    def is_suspended(self, fixture: Fixture) -> bool:
        meta = self._world.books.get((fixture.fixture_id, self._slug))
        return meta is not None and meta.suspended

    # --- what changes ----------------------------------------------------------------------------------------

    def _on_world(self, event: WorldEvent) -> None:
        match event:
            case FixtureChanged(fixture):
                self._note_fixture(fixture)
            case OddsChanged(fixture, quotes):
                self._note_quotes(fixture, [quote for quote in quotes if quote.bookmaker == self._slug])
            case BookChanged(fixture, bookmaker) if bookmaker == self._slug:
                self._touch(fixture.fixture_id)
            case Emptied():
                self._events.clear()
                self._changes.clear()
                self._old.clear()
                self._old_ids.clear()

    def _note_fixture(self, fixture: Fixture) -> None:
        self._events[pinnacle_ids.event_id(fixture.fixture_id)] = fixture.fixture_id
        changes = self._changes.setdefault(fixture.fixture_id, _Changes())
        changes.fixture, before = self._next_change(), changes.phase
        changes.phase = is_live(fixture), is_over(fixture)
        if changes.phase != before:
            self._touch(fixture.fixture_id)

    def _touch(self, fixture_id: FixtureId) -> None:
        """All periods of the fixture have changed."""
        changes = self._changes.setdefault(fixture_id, _Changes())
        for number in changes.periods:
            changes.periods[number] = self._next_change()

    def _note_quotes(self, fixture: Fixture, quotes: list[Quote]) -> None:
        """Numbers the changed periods and keeps the prices of their new line ids."""
        found = (self._world.catalogue.market_of(quote.outcome.outcome_id) for quote in quotes)
        changes = self._changes.setdefault(fixture.fixture_id, _Changes())
        for market in {market.market_id: market for market in found if market is not None}.values():
            number = pinnacle_ids.period_number(market)
            if number is None or pinnacle_ids.bet_type(market) is None:
                continue
            changes.periods[number] = self._next_change()
            changes.markets[market.market_id] = market
            line = self._line(fixture, market)
            if line is not None:
                self._remember(line)

    def _remember(self, line: Line) -> None:
        self._old[line.id] = OldLine(line.market, {side: line.price(side) for side in line.quotes})
        self._old_ids.append(line.id)
        if len(self._old_ids) > _OLD_LINES_KEPT:
            self._old.pop(self._old_ids.popleft(), None)

    def _next_change(self) -> int:
        self.last_change += 1
        return self.last_change

    # --- the present offer -----------------------------------------------------------------------------------

    def _offered(self, fixture: Fixture) -> list[Line]:
        markets = self._changes[fixture.fixture_id].markets
        lines = (self._line(fixture, market) for _, market in sorted(markets.items()))
        return [line for line in lines if line is not None]

    def _line(self, fixture: Fixture, market: Market) -> Line | None:
        """The market as it is offered; None unless every side has an open price."""
        kind, number = pinnacle_ids.bet_type(market), pinnacle_ids.period_number(market)
        if kind is None or number is None:
            return None
        quotes: dict[str, Quote] = {}
        for outcome_id in market.outcomes:
            quote = self._world.quotes.get((OutcomeKey(fixture.fixture_id, outcome_id), self._slug))
            ref = pinnacle_ids.outcome_ref(market, outcome_id)
            if quote is None or ref is None or not quote.is_open:
                return None
            quotes[pinnacle_ids.side_of(ref)] = quote
        versions = sum(quote.version for quote in quotes.values())
        line_id = pinnacle_ids.line_id(fixture.fixture_id, market, versions)
        return Line(line_id, market, _BET_TYPES[kind], number, quotes)


def least_stake(line: Line, side: str, terms: Terms) -> Decimal:
    """The quote's own lowest stake, or the venue's."""
    limit_min = line.quotes[side].limit_min
    return terms.least_stake if limit_min is None else limit_min


def is_live(fixture: Fixture) -> bool:
    return fixture.live or fixture.status_id == 1


def is_over(fixture: Fixture) -> bool:
    """Finished or cancelled."""
    return fixture.status_id in (2, 3)


def home_is_team1(sport_id: int) -> bool:
    """Whether TEAM1 is the home team in leagues of a sport of Pinnacle's."""
    return sport_id not in _HOME_IS_TEAM2


def side_of_team(team: str, sport_id: int) -> str:
    """home, away or draw, from TEAM1, TEAM2 or DRAW."""
    if team == "DRAW":
        return "draw"
    return "home" if (team == "TEAM1") == home_is_team1(sport_id) else "away"
