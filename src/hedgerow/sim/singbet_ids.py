"""How the broker that carries Singbet names what the world plays: the feed's rows say it and the simulated broker
accepts it.

All are pure functions of the world's ids, so that the two dialects agree without knowing each other. The form of the
references is invented: the broker bets by sport, game, half and game type, and no recorded row of the feed shows how it
names them. Numbers of sports: soccer and basketball are documented; that tennis is 3 is a guess.

One thing is simpler than there: each line is a game of its own, where the broker gives the lines of a match that stand
in one row the number of that row.
"""

from __future__ import annotations

from hedgerow.sim.book_ids import stable_number
from hedgerow.sim.markets import Market

SLUG = "singbet"

SPORTS = {10: 1, 11: 2, 12: 3}
"""The broker's numbers by the feed's."""

_GAME_TYPES = {"spreads": "H", "totals": "O", "1x2": "X", "moneyline": "X"}
_HALVES = {(10, "fulltime"): "FT", (10, "p1"): "HT"}
_ODDS_NAMES = {"1": "HomeOdds", "X": "DrawOdds", "2": "AwayOdds", "Over": "OverOdds", "Under": "UnderOdds"}


def game_id(fixture_id: str, market: Market) -> int:
    """The broker's number of a line: nine digits."""
    return 100_000_000 + stable_number("game", fixture_id, market.market_id, below=900_000_000)


def game_type(market: Market) -> str | None:
    """H (handicap), O (over/under) or X (who wins); None for a market that the broker does not have."""
    is_offered = market.sport_id in SPORTS and half(market) is not None
    return _GAME_TYPES.get(market.market_type) if is_offered else None


def half(market: Market) -> str | None:
    """FT or HT; None for a period that is neither."""
    return "FT" if market.period == "result" else _HALVES.get((market.sport_id, market.period))


def market_ref(fixture_id: str, market: Market) -> str | None:
    """The feed's `bookmakerMarketId`, e.g. 1/284512345/FT/H."""
    kind = game_type(market)
    return kind and f"{SPORTS[market.sport_id]}/{game_id(fixture_id, market)}/{half(market)}/{kind}"


def odds_name(market: Market, outcome_id: int) -> str | None:
    """The feed's `bookmakerOutcomeId`, e.g. HomeOdds; None in a market that the broker does not have."""
    if game_type(market) is None:
        return None
    names = {int(outcome): name for outcome, name in zip(market.outcomes, market.names, strict=True)}
    return _ODDS_NAMES.get(names.get(outcome_id, ""))
