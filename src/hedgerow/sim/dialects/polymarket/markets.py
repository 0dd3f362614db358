"""What the simulated venue lists: one binary market for the two-way winner of every fixture.

A market is one contract of the exchange; its first token pays on the first participant, its second on the other. All
ids follow from the fixture, so that the same world lists the same ids. League codes and tag ids are facts of the
venue's sports catalogue (`GET /sports`); a sport without a known league goes by its own name and the common tags.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from hedgerow.core.clock import datetime_of_ms
from hedgerow.core.ids import FixtureId, MarketKey, OutcomeKey
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus
from hedgerow.sim.evm import keccak
from hedgerow.sim.exchange import Exchange
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.orders import Contract, Leg
from hedgerow.sim.world import Fixture

LOT = MICRO // 100
MIN_SIZE = 5 * MICRO
_POSITION_ID_BITS = ((1 << 64) - 1) << 40
"""A token id without any of these bits is taken for a protocol-v2 position id."""


@dataclass(frozen=True, slots=True)
class Tag:
    tag_id: int
    label: str
    slug: str


SPORTS_TAG, GAMES_TAG = Tag(1, "Sports", "sports"), Tag(100639, "Games", "games")
_TENNIS, _ESPORTS = Tag(864, "Tennis", "tennis"), Tag(64, "Esports", "esports")
_CRICKET = Tag(517, "Cricket", "cricket")


@dataclass(frozen=True, slots=True)
class League:
    """A row of the venue's sports catalogue. `code` begins every slug; `series` is 0 where it is not known."""

    number: int
    code: str
    name: str
    tags: tuple[Tag, ...]
    series: int
    series_slug: str
    names_tournament: bool = False  # questions begin with the tournament's name

    @property
    def all_tags(self) -> tuple[Tag, ...]:
        return (SPORTS_TAG, *self.tags, GAMES_TAG)


_ATP = League(1, "atp", "ATP", (_TENNIS, Tag(101232, "ATP", "atp")), 0, "atp", names_tournament=True)
_WTA = League(2, "wta", "WTA", (_TENNIS, Tag(102123, "WTA", "wta")), 0, "wta", names_tournament=True)
_WNBA = League(3, "wnba", "WNBA", (), 0, "wnba")
_IPL = League(14, "cricipl", "Indian Premier League", (_CRICKET,), 0, "cricipl")
_BY_SPORT = {
    11: League(4, "nba", "NBA", (Tag(745, "NBA", "nba"),), 10345, "nba"),
    12: _ATP,
    13: League(5, "mlb", "MLB", (Tag(100381, "MLB", "mlb"),), 0, "mlb"),
    14: League(6, "nfl", "NFL", (Tag(450, "NFL", "nfl"),), 10187, "nfl"),
    15: League(7, "nhl", "NHL", (Tag(899, "NHL", "nhl"),), 0, "nhl"),
    16: League(
        8, "dota2", "Dota 2", (_ESPORTS, Tag(102366, "Dota 2", "dota-2")), 10309, "dota-2", names_tournament=True
    ),
    17: League(
        9,
        "cs2",
        "Counter-Strike",
        (_ESPORTS, Tag(100780, "Counter Strike 2", "counter-strike-2")),
        10310,
        "counter-strike",
        names_tournament=True,
    ),
    18: League(
        10,
        "lol",
        "LoL",
        (_ESPORTS, Tag(65, "League of Legends", "league-of-legends")),
        10311,
        "league-of-legends",
        names_tournament=True,
    ),
    23: League(11, "volleyball", "Volleyball", (), 0, "volleyball"),
    27: League(12, "crint", "International Cricket", (_CRICKET,), 0, "crint"),
    61: League(
        13,
        "val",
        "Valorant",
        (_ESPORTS, Tag(101672, "Valorant", "valorant")),
        10369,
        "valorant",
        names_tournament=True,
    ),
}
LEAGUES = tuple(sorted((_WTA, _WNBA, _IPL, *_BY_SPORT.values()), key=lambda league: league.number))


def league_of(fixture: Fixture) -> League | None:
    """The league that the venue would list the fixture in; None for a sport that it has no row for."""
    where = f"{fixture.tournament_name} {fixture.category_name}".upper().split()
    if fixture.sport_id == 12 and "WTA" in where:
        return _WTA
    if fixture.sport_id == 11 and "WNBA" in where:
        return _WNBA
    if fixture.sport_id == 27 and ("IPL" in where or where[:3] == ["INDIAN", "PREMIER", "LEAGUE"]):
        return _IPL
    return _BY_SPORT.get(fixture.sport_id)


def slugged(text: str) -> str:
    """Lower-case ASCII words joined by dashes, e.g. "Świątek I." -> "swiatek-i"."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z0-9]+", plain))


@dataclass(slots=True)
class Market:
    """One listed market. Times in milliseconds; `last_trade` is (price of the first token, taker bought it), `volume`
    the dollars traded in micros."""

    fixture: Fixture
    league: League
    contract: Contract
    condition_id: str
    question_id: str
    tokens: tuple[str, str]
    market_id: int
    event_id: int
    game_id: int
    slug: str
    listed_ms: int
    book_ms: int
    neg_risk: bool = False
    min_size: int = MIN_SIZE
    last_trade: tuple[int, bool] | None = None
    volume: int = 0
    closed_ms: int | None = None
    is_cleared: bool = False  # the book was emptied when the match began

    @property
    def outcomes(self) -> tuple[str, str]:
        return self.fixture.participant1_name, self.fixture.participant2_name

    @property
    def title(self) -> str:
        match = " vs. ".join(self.outcomes)
        tournament = self.fixture.tournament_name
        return f"{tournament}: {match}" if self.league.names_tournament and tournament else match

    @property
    def tick(self) -> int:
        return self.contract.grid.bands[0].step

    @property
    def is_resolved(self) -> bool:
        return self.contract.result is not None

    def leg(self, token: str) -> Leg:
        return Leg.YES if token == self.tokens[0] else Leg.NO

    def token(self, leg: Leg) -> str:
        return self.tokens[leg is Leg.NO]

    def outcome(self, leg: Leg) -> str:
        return self.outcomes[leg is Leg.NO]

    def payout(self, leg: Leg) -> int | None:
        """What a token was redeemed for, in micros: all, nothing, or a half; None while that is open."""
        match self.contract.result:
            case None:
                return None
            case SettlementStatus.WON:
                return MICRO if leg is Leg.YES else 0
            case SettlementStatus.LOST:
                return MICRO if leg is Leg.NO else 0
            case _:
                return MICRO // 2


class Listings:
    """All markets, found by whatever names them. Grows with the world's fixtures and is emptied with them."""

    def __init__(self, exchange: Exchange, catalogue: Catalogue, tick: int) -> None:
        self._exchange, self._catalogue, self._tick = exchange, catalogue, tick
        self._by_fixture: dict[FixtureId, Market] = {}
        self._by_condition: dict[str, Market] = {}
        self._by_token: dict[str, Market] = {}
        self._slugs: set[str] = set()

    def __iter__(self) -> Iterator[Market]:
        """In the order of listing."""
        return iter(self._by_fixture.values())

    def clear(self) -> None:
        for known in (self._by_fixture, self._by_condition, self._by_token, self._slugs):
            known.clear()

    def of_fixture(self, fixture_id: FixtureId) -> Market | None:
        return self._by_fixture.get(fixture_id)

    def of_condition(self, condition_id: str) -> Market | None:
        return self._by_condition.get(condition_id.lower())

    def of_token(self, token: str) -> Market | None:
        return self._by_token.get(token)

    def of_contract(self, contract: Contract) -> Market | None:
        return self._by_condition.get(contract.ref)

    def put(self, fixture: Fixture, now_ms: int) -> Market | None:
        """Lists a fixture, or takes in what changed of it; None when the venue has no market for it."""
        market = self._by_fixture.get(fixture.fixture_id)
        if market is not None:
            market.fixture = fixture
            return market
        market = self._new(fixture, now_ms)
        if market is not None:
            self._by_fixture[fixture.fixture_id] = market
            self._by_condition[market.condition_id] = market
            self._by_token.update(dict.fromkeys(market.tokens, market))
            self._exchange.add_contract(market.contract)
        return market

    def _new(self, fixture: Fixture, now_ms: int) -> Market | None:
        winner, league = self._catalogue.winner(fixture.sport_id), league_of(fixture)
        if winner is None or league is None:
            return None
        seed = f"{fixture.fixture_id}:{winner.market_id}"
        condition_id = "0x" + keccak(f"condition {seed}".encode()).hex()
        first, second = (OutcomeKey(fixture.fixture_id, outcome) for outcome in winner.outcomes)
        tokens = _token_id(f"{seed}:0"), _token_id(f"{seed}:1")
        contract = Contract(
            condition_id,
            MarketKey(fixture.fixture_id, winner.market_id),
            first,
            second,
            PriceGrid.probability(self._tick),
            LOT,
            LOT,
            names=tokens,
        )
        return Market(
            fixture,
            league,
            contract,
            condition_id,
            "0x" + keccak(f"question {seed}".encode()).hex(),
            tokens,
            _number(f"market {seed}"),
            _number(f"event {seed}"),
            _number(f"game {seed}"),
            self._slug(fixture, league),
            now_ms,
            now_ms,
        )

    def _slug(self, fixture: Fixture, league: League) -> str:
        """`league-first-second-date`, as the venue's own; the fixture's id is added when that is taken."""
        date = datetime_of_ms(fixture.start_time * 1000).date()
        names = (_short(name) for name in (fixture.participant1_name, fixture.participant2_name))
        slug = "-".join((league.code, *names, str(date)))
        if slug in self._slugs:
            slug = f"{slug}-{fixture.fixture_id.lower()}"
        self._slugs.add(slug)
        return slug


def _short(name: str) -> str:
    """A participant in a slug: the last word of the name, at most seven letters."""
    return slugged(name).rsplit("-", 1)[-1][:7] or "tbd"


def _token_id(seed: str) -> str:
    return str(without_position_ids(int.from_bytes(keccak(f"token {seed}".encode()))))


def without_position_ids(number: int) -> int:
    """The number itself, or the nearest above it that is not taken for a protocol-v2 position id."""
    return number if number & _POSITION_ID_BITS else number | 1 << 40


def _number(seed: str) -> int:
    """A row number: positive, and small enough for every client's integers."""
    return int.from_bytes(keccak(seed.encode())[:5]) + 1
