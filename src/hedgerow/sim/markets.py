"""The catalogue of markets that the simulated feed and venues know, laid out by the feed's own id rule.

A market is the text of its sport followed by the market's first increment; outcome k is the sport followed by the
increment + k (text, not addition). Which increments mean what is fact of the feed, read from its published catalogue
pages; only the markets that the world plays are listed.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

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
_SOCCER_TOTALS = ((6, "0.5"), (8, "1.5"), (10, "2.5"), (12, "3.5"), (14, "4.5"), (16, "5.5"))
_SOCCER_SPREADS = ((68, "-0.5"), (70, "-0.25"), (72, "0"), (74, "0.25"), (76, "0.5"))


def _market(
    sport: int, increment: int, kind: str, period: str, name: str, names: tuple[str, ...], handicap: str = "0"
) -> Market:
    outcomes = tuple(OutcomeId(int(f"{sport}{increment + k}")) for k in range(len(names)))
    return Market(MarketId(outcomes[0]), sport, kind, period, Decimal(handicap), name, names, outcomes)


def _standard_markets() -> list[Market]:
    two, over = ("1", "2"), ("Over", "Under")
    markets = [_market(sport, 1, "moneyline", "result", "Winner", two) for sport in _WINNER_SPORTS]
    markets += [
        _market(10, 1, "1x2", "fulltime", "Full Time Result", ("1", "X", "2")),
        _market(10, 4, "bothteamsscore", "fulltime", "Both Teams To Score", ("Yes", "No")),
        _market(11, 3, "1x2", "fulltime", "Regular Time Result", ("1", "X", "2")),
        _market(15, 3, "1x2", "fulltime", "Regular Time Result", ("1", "X", "2")),
    ]
    markets += [_market(10, n, "totals", "fulltime", "Over Under Full Time", over, line) for n, line in _SOCCER_TOTALS]
    markets += [_market(10, n, "spreads", "fulltime", "Asian Handicap", two, line) for n, line in _SOCCER_SPREADS]
    return markets


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
