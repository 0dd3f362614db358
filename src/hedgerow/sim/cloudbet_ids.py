"""Cloudbet's own names of what the world plays: the feed's rows carry them and the simulated Cloudbet accepts them.

All are pure functions of the world's markets, so the two dialects agree without knowing each other. A line is named by
the sport's market key and its parameters (`soccer.total_goals/total=2.5` as the feed's `bookmakerMarketId`), an outcome
by a word (`over`). Neither says of which match: that is the event's number, the feed's `bookmakerFixtureId`
(`book_ids.fixture_ref`). Handicaps are the home team's for both sides; participant 1 is the home team.

Keys of soccer are those of recorded rows of the feed, others come from Cloudbet's samples and issues; what neither
shows is put together by the same rule.
"""

from __future__ import annotations

from hedgerow.sim.markets import SPORTS, Market

CLIENT, PARTNER = "cloudbet", "cloudbetb2b"
SLUGS = (CLIENT, PARTNER)
"""The venue's clients and its partners are told of the same markets, each under a slug of its own."""

SPORT_KEYS = {sport.sport_id: sport.slug.replace("-", "_") for sport in SPORTS}
"""As the venue spells them."""

# By (feed sport, the market's type), of the whole match.
_KEYS = {
    (10, "1x2"): "match_odds",
    (10, "totals"): "total_goals",
    (10, "spreads"): "asian_handicap",
    (10, "drawnobet"): "draw_no_bet",
    (10, "bothteamsscore"): "both_teams_to_score",
    (11, "moneyline"): "moneyline",
    (11, "spreads"): "handicap",
    (12, "moneyline"): "winner",
    (13, "moneyline"): "moneyline",
    (14, "moneyline"): "moneyline",
}
_PERIODS = {
    (10, "fulltime"): "",
    (10, "p1"): "_period_first_half",
    (10, "p2"): "_period_second_half",
}
_PARAMETERS = {"totals": "total", "spreads": "handicap"}
_OUTCOMES = {"1": "home", "X": "draw", "2": "away"}


def market_key(market: Market) -> str:
    """E.g. soccer.total_goals_period_first_half."""
    kind = _KEYS.get((market.sport_id, market.market_type), market.market_type)
    whole = "" if market.period == "result" else f"_period_{market.period}"
    period = _PERIODS.get((market.sport_id, market.period), whole)
    return f"{SPORT_KEYS[market.sport_id]}.{kind}{period}"


def params(market: Market) -> str:
    """What tells the lines of a market key apart, e.g. handicap=-2.75; empty where there is only one."""
    if market.market_type not in _PARAMETERS and not market.handicap:
        return ""
    return f"{_PARAMETERS.get(market.market_type, 'handicap')}={market.handicap.normalize():f}"


def market_ref(market: Market) -> str:
    """The feed's `bookmakerMarketId`."""
    key, told = market_key(market), params(market)
    return f"{key}/{told}" if told else key


def outcome_ref(market: Market, outcome_id: int) -> str | None:
    """The feed's `bookmakerOutcomeId`, e.g. home, over; None for an outcome of another market."""
    names = {int(outcome): name for outcome, name in zip(market.outcomes, market.names, strict=True)}
    name = names.get(outcome_id)
    return None if name is None else _OUTCOMES.get(name, name.lower())
