"""What is listed: an event with one market for the two-way winner of every fixture.

The first participant is the long side, the second the short one; the market's slug names the league, both and the day.
Leagues and types of markets are those that users of the API report. Source: the sheet's section 3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hedgerow.core.clock import datetime_of_ms
from hedgerow.core.ids import FixtureId, MarketKey, OutcomeKey
from hedgerow.core.ladders import Band, PriceGrid
from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus
from hedgerow.sim.book_ids import stable_number
from hedgerow.sim.dialects.polymarket_us.terms import HIGHEST, LOWEST, Terms
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.orders import Contract
from hedgerow.sim.world import Fixture

_TEAM_GAME = "team_full_game_winner"
LEAGUES = {
    11: ("nba", f"basketball_{_TEAM_GAME}"),
    12: ("atp", "tennis_match_winner"),
    13: ("mlb", f"baseball_{_TEAM_GAME}"),
    14: ("nfl", f"football_{_TEAM_GAME}"),
    15: ("nhl", f"hockey_{_TEAM_GAME}"),
    16: ("dota2", "esports_match_winner"),
    17: ("cs2", "esports_match_winner"),
    18: ("lol", "esports_match_winner"),
    61: ("val", "esports_match_winner"),
}
"""By sport: the league that the world's fixtures are listed under, and the type of the winner's market."""

_LETTERS = re.compile(r"[^a-z0-9]+")
_HALF = MICRO // 2


@dataclass(slots=True)
class Market:
    """One listed market."""

    fixture: Fixture
    contract: Contract
    number: int
    listed_ms: int
    lot: int
    tick: int

    @property
    def slug(self) -> str:
        return self.contract.ref

    @property
    def event_slug(self) -> str:
        return self.slug.partition("-")[2]

    @property
    def event_number(self) -> int:
        return stable_number("polymarket us event", self.slug, below=10**6)

    @property
    def league(self) -> str:
        return LEAGUES[self.fixture.sport_id][0]

    @property
    def market_type(self) -> str:
        return LEAGUES[self.fixture.sport_id][1]

    @property
    def names(self) -> tuple[str, str]:
        return self.fixture.participant1_name, self.fixture.participant2_name

    @property
    def settlement(self) -> int | None:
        """What a long contract is worth at the end, in micros."""
        match self.contract.result:
            case None | SettlementStatus.UNDECIDED:
                return None
            case SettlementStatus.WON:
                return MICRO
            case SettlementStatus.LOST:
                return 0
            case _:
                return _HALF

    @property
    def state(self) -> str:
        """In the words of the markets' stream."""
        if self.settlement is not None:
            return "MARKET_STATE_EXPIRED"
        return "MARKET_STATE_OPEN" if self.contract.is_open else "MARKET_STATE_SUSPENDED"

    @property
    def status(self) -> str:
        """In the words of the gateway's lists."""
        if self.settlement is not None:
            return "MARKET_STATUS_RESOLVED"
        return "MARKET_STATUS_OPEN" if self.contract.is_open else "MARKET_STATUS_HALTED"


class Listings:
    """All markets, by slug. Grows with the world's fixtures and is emptied with them."""

    def __init__(self, exchange: Exchange, catalogue: Catalogue, terms: Terms) -> None:
        self._exchange, self._catalogue, self._terms = exchange, catalogue, terms
        self._by_fixture: dict[FixtureId, Market] = {}
        self._by_slug: dict[str, Market] = {}

    def __iter__(self) -> Iterator[Market]:
        """In the order of listing."""
        return iter(self._by_fixture.values())

    def clear(self) -> None:
        self._by_fixture.clear()
        self._by_slug.clear()

    def of_slug(self, slug: str) -> Market | None:
        return self._by_slug.get(slug)

    def of_contract(self, contract: Contract) -> Market:
        return self._by_slug[contract.ref]

    def put(self, fixture: Fixture, now_ms: int) -> None:
        """Lists a fixture, or takes in what changed of it; its slug stays."""
        market = self._by_fixture.get(fixture.fixture_id)
        if market is not None:
            market.fixture = fixture
            return
        winner = self._catalogue.winner(fixture.sport_id)
        if winner is None or fixture.sport_id not in LEAGUES:
            return
        slug = self._slug_of(fixture)
        first, second = (OutcomeKey(fixture.fixture_id, outcome) for outcome in winner.outcomes)
        contract = Contract(
            slug,
            MarketKey(fixture.fixture_id, winner.market_id),
            first,
            second,
            PriceGrid([Band(LOWEST, HIGHEST, self._terms.tick)]),
            self._terms.lot,
            self._terms.lot,
            names=(f"{slug}:long", f"{slug}:short"),
        )
        number = stable_number("polymarket us market", slug, below=10**6)
        market = Market(fixture, contract, number, now_ms, self._terms.lot, self._terms.tick)
        self._by_fixture[fixture.fixture_id] = self._by_slug[slug] = market
        self._exchange.add_contract(contract)

    def _slug_of(self, fixture: Fixture) -> str:
        """Of the league, both participants and the day; a second one of the day is numbered."""
        day = f"{datetime_of_ms(fixture.start_time * 1000):%Y-%m-%d}"
        sides = f"{short_name(fixture.participant1_name)}-{short_name(fixture.participant2_name)}"
        slug = f"aec-{LEAGUES[fixture.sport_id][0]}-{sides}-{day}"
        count = 2
        while (found := slug if count == 2 else f"{slug}-{count - 1}") in self._by_slug:
            count += 1
        return found


def short_name(name: str) -> str:
    """Up to seven letters of a participant's name, as slugs have them: of the last word."""
    words = [word for word in _LETTERS.split(name.casefold()) if word]
    return (words[-1] if words else "tbd")[:7]
