"""The catalogue of markets that the simulated feed and venues know, laid out by the feed's own id rule.

A market is the text of its sport followed by the market's first increment; outcome k is the sport followed by the
increment + k (text, not addition). Which increments mean what is fact of the feed, read from its published catalogue
pages; only the markets that the world plays are listed.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from hedgerow.core.ids import MarketId, OutcomeId


@dataclass(frozen=True, slots=True)
class Sport:
    sport_id: int
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class Market:
    """One (type, period, line) of a sport. `names` are the outcomes', in id order."""

    market_id: MarketId
    sport_id: int
    market_type: str
    period: str
    handicap: Decimal
    name: str
    names: tuple[str, ...]
    outcomes: tuple[OutcomeId, ...]


SPORTS = tuple(
    Sport(number, slug, name)
    for number, slug, name in (
        (10, "soccer", "Soccer"),
        (11, "basketball", "Basketball"),
        (12, "tennis", "Tennis"),
        (13, "baseball", "Baseball"),
        (14, "american-football", "American Football"),
        (15, "ice-hockey", "Ice Hockey"),
        (16, "esport-dota", "ESport Dota"),
        (17, "esport-counter-strike", "ESport Counter-Strike"),
        (18, "esport-league-of-legends", "ESport League of Legends"),
        (19, "darts", "Darts"),
        (20, "mma", "MMA"),
        (21, "boxing", "Boxing"),
        (22, "handball", "Handball"),
        (23, "volleyball", "Volleyball"),
        (24, "snooker", "Snooker"),
        (25, "table-tennis", "Table Tennis"),
        (26, "rugby", "Rugby"),
        (27, "cricket", "Cricket"),
        (61, "esport-valorant", "ESport Valorant"),
    )
)

_WINNER_SPORTS = (11, 12, 13, 14, 15, 16, 17, 18, 23, 27, 61)
_TWO, _THREE, _OVER = ("1", "2"), ("1", "X", "2"), ("Over", "Under")
_SOCCER, _HOCKEY = 10, 15


def _market(
    sport: int, increment: int, kind: str, period: str, name: str, names: tuple[str, ...], handicap: str = "0"
) -> Market:
    outcomes = tuple(OutcomeId(int(f"{sport}{increment + k}")) for k in range(len(names)))
    return Market(MarketId(outcomes[0]), sport, kind, period, Decimal(handicap), name, names, outcomes)


def _lines(
    sport: int, increment: int, kind: str, period: str, name: str, names: tuple[str, ...], lines: list[str]
) -> list[Market]:
    """Markets that differ by their line only, one after another from an increment on."""
    return [_market(sport, increment + k * len(names), kind, period, name, names, line) for k, line in enumerate(lines)]


def _steps(first: str, last: str, step: str) -> list[str]:
    """Lines from the first to the last, both included."""
    count = int((Decimal(last) - Decimal(first)) / Decimal(step)) + 1
    return [str(Decimal(first) + k * Decimal(step)) for k in range(count)]


def _between(first: str, last: str) -> list[str]:
    """Quarter steps without the halves: the lines that the feed listed after the half ones."""
    return [line for line in _steps(first, last, "0.25") if Decimal(line) % 1 != Decimal("0.5")]


def _whole_but_zero(highest: int) -> list[str]:
    """Lines of a European handicap, from the highest down; it has no 0."""
    return [str(line) for line in range(highest, -highest - 1, -1) if line]


def _soccer_markets() -> list[Market]:
    full, first, second = "Over Under Full Time", "Over Under First Half", "Over Under Second Half"
    return [
        _market(_SOCCER, 1, "1x2", "fulltime", "Full Time Result", _THREE),
        _market(_SOCCER, 4, "bothteamsscore", "fulltime", "Both Teams To Score", ("Yes", "No")),
        *_lines(_SOCCER, 6, "totals", "fulltime", full, _OVER, _steps("0.5", "8.5", "1")),
        *_lines(_SOCCER, 24, "spreads", "fulltime", "Asian Handicap", _TWO, _steps("-6", "6", "0.25")),
        *_lines(_SOCCER, 122, "spreads-european", "fulltime", "European Handicap", _THREE, _whole_but_zero(6)),
        *_lines(_SOCCER, 158, "totals", "fulltime", full, _OVER, _between("0.25", "8.25")),
        _market(_SOCCER, 208, "1x2", "p1", "First Half Result", _THREE),
        _market(_SOCCER, 211, "1x2", "p2", "Second Half Result", _THREE),
        _market(_SOCCER, 214, "drawnobet", "fulltime", "Draw No Bet", _TWO),
        _market(_SOCCER, 222, "oddeven", "fulltime", "Odd Even Full Time", ("Odd", "Even")),
        *_lines(_SOCCER, 256, "totals", "p1", first, _OVER, _steps("0.5", "6.5", "1")),
        *_lines(_SOCCER, 270, "totals", "p2", second, _OVER, _steps("0.5", "6.5", "1")),
        *_lines(_SOCCER, 488, "totals", "p1", first, _OVER, _between("0.25", "6.25")),
        *_lines(_SOCCER, 526, "totals", "p2", second, _OVER, _between("0.25", "6.25")),
        *_lines(_SOCCER, 564, "spreads", "p1", "Asian Handicap First Half", _TWO, _steps("-5", "5", "0.25")),
        *_lines(_SOCCER, 646, "spreads", "p2", "Asian Handicap Second Half", _TWO, _steps("-5", "5", "0.25")),
        _market(_SOCCER, 1902, "doublechance", "fulltime", "Double Chance Full Time", ("1X", "12", "2X")),
    ]


def _hockey_markets() -> list[Market]:
    """Two families of lines: regulation time, and the match with overtime and penalties."""
    whole = "(incl. overtime and penalties)"
    totals, spreads = _steps("0.5", "12.5", "0.5"), _steps("-7.5", "7.5", "0.5")
    return [
        _market(_HOCKEY, 3, "1x2", "fulltime", "Regular Time Result", _THREE),
        *_lines(_HOCKEY, 6, "totals", "fulltime", "Total", _OVER, totals),
        *_lines(_HOCKEY, 56, "spreads", "fulltime", "Handicap", _TWO, spreads),
        *_lines(_HOCKEY, 154, "totals", "result", f"Total {whole}", _OVER, totals),
        *_lines(_HOCKEY, 204, "spreads", "result", f"Handicap {whole}", _TWO, spreads),
    ]


@cache
def _standard_markets() -> tuple[Market, ...]:
    return (
        *(_market(sport, 1, "moneyline", "result", "Winner", _TWO) for sport in _WINNER_SPORTS),
        _market(11, 3, "1x2", "fulltime", "Regular Time Result", _THREE),
        *_soccer_markets(),
        *_hockey_markets(),
    )


class Catalogue:
    """All markets, found by market or outcome."""

    def __init__(self, markets: list[Market] | None = None) -> None:
        self.markets = {market.market_id: market for market in markets or _standard_markets()}
        self._by_outcome = {outcome: market for market in self.markets.values() for outcome in market.outcomes}

    def market_of(self, outcome_id: int) -> Market | None:
        return self._by_outcome.get(OutcomeId(outcome_id))

    def of_sport(self, sport_id: int) -> list[Market]:
        return [market for market in self.markets.values() if market.sport_id == sport_id]

    def winner(self, sport_id: int) -> Market | None:
        """The two-way match winner, all played time included; None for sports that can end level."""
        return next((m for m in self.of_sport(sport_id) if m.market_type == "moneyline"), None)

    def regular_result(self, sport_id: int) -> Market | None:
        """The result of regular time, a draw among its outcomes; None for sports without it."""
        return next((m for m in self.of_sport(sport_id) if (m.market_type, m.period) == ("1x2", "fulltime")), None)
