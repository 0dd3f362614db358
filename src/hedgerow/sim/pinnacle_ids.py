"""Pinnacle's own ids of what the world plays: the feed's rows carry them and the simulated Pinnacle accepts them.

All are pure functions of the world's ids, so the two dialects agree without knowing each other. Forms are real: the
feed's `bookmakerMarketId` is `line/{sport}/{league}/{event}/{line}/{period number}/{bet type}`, its
`bookmakerOutcomeId` a side, which for lines is preceded by the line itself (`2.5/over`, `-3.0/home`; always
participant 1's line, as seen on recorded rows). Numbers of sports and of the well-known leagues are Pinnacle's,
all others are invented by a hash. Participant 1 is the home team.

One thing is simpler than there: each line has a line id of its own, where Pinnacle gives the main line of a period
the period's id and numbers the alternatives apart.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from hedgerow.sim.markets import Market

CLIENT, PARTNER = "pinnacle", "pinnacleb2b"
SLUGS = (CLIENT, PARTNER)
"""The venue's clients and its partners see the same lines, each under a slug of its own."""

# Pinnacle's sports by the feed's. Source: Pinnacle's list of sports as several public clients of it keep it. All of
# esports is one sport there, and the feed's rugby stands for the union's.
_SPORTS = {
    10: 29,  # soccer
    11: 4,  # basketball
    12: 33,  # tennis
    13: 3,  # baseball
    14: 15,  # football
    15: 19,  # hockey
    16: 12,  # esports: Dota 2
    17: 12,  # Counter-Strike
    18: 12,  # League of Legends
    19: 10,  # darts
    20: 22,  # mixed martial arts
    21: 6,  # boxing
    22: 18,  # handball
    23: 34,  # volleyball
    24: 28,  # snooker
    25: 32,  # table tennis
    26: 27,  # rugby union
    27: 8,  # cricket
    61: 12,  # Valorant
}
_OTHER_SPORTS = 23

SPORT_NAMES = {
    3: "Baseball",
    4: "Basketball",
    6: "Boxing",
    8: "Cricket",
    10: "Darts",
    12: "E Sports",
    15: "Football",
    18: "Handball",
    19: "Hockey",
    22: "Mixed Martial Arts",
    23: "Other Sports",
    27: "Rugby Union",
    28: "Snooker",
    29: "Soccer",
    32: "Table Tennis",
    33: "Tennis",
    34: "Volleyball",
}
"""As Pinnacle's list of sports spells them."""

# Pinnacle's leagues by the feed's tournaments. Source: recorded feed rows (487, 6619) and public clients.
_LEAGUES = {
    17: 1980,  # Premier League
    8: 2196,  # LaLiga
    23: 2436,  # Serie A
    35: 1842,  # Bundesliga
    34: 2036,  # Ligue 1
    2324: 6619,  # UEFA Youth League
    31: 889,  # NFL
    109: 246,  # MLB
    132: 487,  # NBA
    234: 1456,  # NHL
}
_FIRST_OTHER_LEAGUE = 1_000_000

_BET_TYPES = {"moneyline": "moneyline", "1x2": "moneyline", "totals": "totals", "spreads": "spreads"}
_HOCKEY_REGULATION = 6

# Period numbers by (feed sport, the market's period); `result` is the whole match, 0, everywhere. Source: recorded
# soccer rows (fulltime 0, p1 1); hockey's regulation time is Pinnacle's period 6, because its match counts overtime.
_PERIODS = {
    (10, "fulltime"): 0,
    (10, "p1"): 1,
    (10, "p2"): 2,
    (15, "fulltime"): _HOCKEY_REGULATION,
}

_SIDES = {"1": "home", "X": "draw", "2": "away", "Over": "over", "Under": "under"}


def sport_id(feed_sport_id: int) -> int:
    """Pinnacle's number of a feed sport; its "other sports" for one that it does not list."""
    return _SPORTS.get(feed_sport_id, _OTHER_SPORTS)


def league_id(tournament_id: int) -> int:
    """Pinnacle's number of a feed tournament. Distinct tournaments have distinct leagues."""
    return _LEAGUES.get(tournament_id, _FIRST_OTHER_LEAGUE + tournament_id)


def event_id(fixture_id: str) -> int:
    """Pinnacle's number of a fixture: ten digits that fit 32 bits, as theirs do."""
    return 1_000_000_000 + _hash(fixture_id) % 1_000_000_000


def bet_type(market: Market) -> str | None:
    """moneyline, spreads or totals; None for a market that Pinnacle has no line for."""
    return _BET_TYPES.get(market.market_type) if period_number(market) is not None else None


def period_number(market: Market) -> int | None:
    """Pinnacle's number of the market's period; None for a period that it does not offer."""
    return 0 if market.period == "result" else _PERIODS.get((market.sport_id, market.period))


def line_id(fixture_id: str, market: Market, versions: int) -> int:
    """The id of a market's present prices. versions: the sum of its quotes' versions: grows with each change."""
    return 3_000_000_000 + _hash(f"{fixture_id}:{market.market_id}") % 50_000_000_000 + versions


def market_ref(fixture_id: str, feed_sport_id: int, tournament_id: int, market: Market, versions: int) -> str | None:
    """The feed's `bookmakerMarketId`; None for a market that Pinnacle has no line for."""
    kind, period = bet_type(market), period_number(market)
    if kind is None or period is None:
        return None
    ref = LineRef(
        sport_id(feed_sport_id),
        league_id(tournament_id),
        event_id(fixture_id),
        line_id(fixture_id, market, versions),
        period,
        kind,
    )
    return str(ref)


def outcome_ref(market: Market, outcome_id: int) -> str | None:
    """The feed's `bookmakerOutcomeId`, e.g. home, 2.5/over; None where Pinnacle has no such side."""
    names = {int(outcome): name for outcome, name in zip(market.outcomes, market.names, strict=True)}
    side = _SIDES.get(names.get(outcome_id, ""))
    if side is None or bet_type(market) is None:
        return None
    return side if bet_type(market) == "moneyline" else f"{_line_text(market)}/{side}"


@dataclass(frozen=True, slots=True)
class LineRef:
    """The parts of a `bookmakerMarketId`."""

    sport_id: int
    league_id: int
    event_id: int
    line_id: int
    period_number: int
    bet_type: str

    def __str__(self) -> str:
        return (
            f"line/{self.sport_id}/{self.league_id}/{self.event_id}/{self.line_id}/{self.period_number}/{self.bet_type}"
        )


_LINE_REF = re.compile(r"line/(\d+)/(\d+)/(\d+)/(\d+)/(\d+)/(\w+)", re.ASCII)


def parse(ref: str) -> LineRef | None:
    """The parts of a `bookmakerMarketId`; None for another form."""
    match = _LINE_REF.fullmatch(ref)
    if match is None:
        return None
    *numbers, kind = match.groups()
    sport, league, event, line, period = map(int, numbers)
    return LineRef(sport, league, event, line, period, kind)


def side_of(ref: str) -> str:
    """home, away, draw, over or under, from a `bookmakerOutcomeId` with or without its line."""
    return ref.rpartition("/")[2]


def _line_text(market: Market) -> str:
    """The line as the feed writes it: one decimal at least, e.g. 2.5, -3.0, 0.25."""
    text = f"{market.handicap.normalize():f}"
    return text if "." in text else f"{text}.0"


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
