"""Pinnacle's side of the wire: Lines API, Bets API v4 (straight bets) and the balance, on the world's bookmaker.

Written from the venue's sheet and from Pinnacle's public OpenAPI files, README and FAQ of August 2026. What differs
from the real venue, on purpose:

- One event for a match before and during play; pre-game it says `liveStatus` 0, live 1, and none has a parent.
- Every line has a line id of its own (`sim/pinnacle_ids.py`), so that the feed's rows name it.
- Bets are accepted at once, live ones too, unless `liveDelaySeconds` or `acceptDelayMs` is set.
- A match that should have begun stays open until the world says that it is live; then its cutoff is hours away.
- The world's limit of a quote is the highest stake on it; the volumes of `/v2/odds` follow from it.
- Specials, parlays and teasers are not there.
"""

from hedgerow.sim.dialects.pinnacle.dialect import Pinnacle
from hedgerow.sim.dialects.pinnacle.terms import BettingStatus, Terms
from hedgerow.sim.world import World

__all__ = ["BettingStatus", "Pinnacle", "Terms", "build"]


def build(world: World) -> Pinnacle:
    """The dialect with its default terms; its bookmaker and accounts are added to the world."""
    return Pinnacle(world)
