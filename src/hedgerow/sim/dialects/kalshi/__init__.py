"""Kalshi's side of the wire: REST and WebSocket of its V2 API, on the world's engines.

Written from the venue's sheet, Kalshi's documentation of August 2026 and answers of its demo exchange that others
recorded. What differs from the real venue, on purpose:

- One exchange shard (index 0) and one subaccount (0); a request for another is not found.
- Settlement pays at once (`settlement_timer_seconds` 0), so `determined` is never a market's status in REST; the
  stream tells `determined` and `settled` together. A void or half result has `result` "scalar" and pays the last
  price, or a half where nobody traded; Kalshi would work out a fair price.
- `acceptDelayMs` answers at once, with the order resting; it meets the book when the delay is over.
- The weekly maintenance is not played; pauses are switched by `patch`.
- Multivariate events, block trades, RFQs, transfers and history are not there.
"""

from hedgerow.sim.dialects.kalshi.dialect import Kalshi
from hedgerow.sim.dialects.kalshi.terms import FeeType, Terms
from hedgerow.sim.world import World

__all__ = ["FeeType", "Kalshi", "Terms", "build"]


def build(world: World) -> Kalshi:
    """The dialect with its default terms; its engine and accounts are added to the world."""
    return Kalshi(world)
