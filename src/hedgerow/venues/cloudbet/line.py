"""What a bet is on: from the feed's references of a Cloudbet line to the market URL of a request. Pure.

A `bookmakerMarketId` is a market key, or a market key and the parameters that tell its lines apart:

    soccer.match_odds
    soccer.asian_handicap/handicap=-2.75
    soccer.team_total_goals/team=home&total=2.5

a `bookmakerOutcomeId` a word (home, draw, over, yes). The venue's market URL has the outcome between the two:
`marketKey/outcome?params`, without the question mark where there are no parameters. A handicap is the home team's for
both sides. Sources: recorded rows of the feed of 2025-09-30; the wiki's pages on markets and handicaps, issue #111.
"""

from __future__ import annotations

import re

_KEY = r"[a-z0-9_]+(?:\.[a-z0-9_]+)+"
_PARAMETER = r"[A-Za-z0-9_]+=[A-Za-z0-9_.:+-]+"
_MARKET = re.compile(rf"(?P<key>{_KEY})(?:/(?P<params>{_PARAMETER}(?:&{_PARAMETER})*))?", re.ASCII)
_OUTCOME = re.compile(r"[A-Za-z0-9_.:=+-]+", re.ASCII)


class NotUnderstoodError(ValueError):
    """A reference that is not of a form that is known; the message names it."""


def market_url(market_ref: str, outcome_ref: str) -> str:
    """The venue's name of an outcome, e.g. soccer.total_goals/over?total=3. Raises NotUnderstoodError."""
    market = _MARKET.fullmatch(market_ref)
    if market is None:
        raise NotUnderstoodError(f"market reference {market_ref!r} has an unknown form")
    if _OUTCOME.fullmatch(outcome_ref) is None:
        raise NotUnderstoodError(f"outcome reference {outcome_ref!r} has an unknown form")
    params = market["params"]
    return f"{market['key']}/{outcome_ref}" + (f"?{params}" if params else "")
