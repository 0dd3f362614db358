"""Matchbook's side of the wire: sessions, events with prices, v2 offers, heartbeat and reports, on the world's engines.

Written from the venue's sheet, the answers that clients recorded for their tests, and the paths and fields of the
venue's own Python client (matchbook-sdk 0.1.2). What differs from the real venue, on purpose:

- A match has one market, its winner (soccer: the result of regular time); each runner has a book of its own, so that
  no price is mirrored. Accounts are in USD.
- Limits of requests are made up, and so are the texts of most refusals: the venue publishes neither.
- The in-play delay is `liveDelaySeconds` (0 unless set) and holds back only offers that would match.
- Commission is by volume and taken when a bet is matched; at the venue it is reserved then and taken at the end.
- Navigation, popular markets, positions, transactions and binary offers are not there.
"""

from hedgerow.sim.dialects.matchbook.dialect import Matchbook
from hedgerow.sim.dialects.matchbook.terms import Terms
from hedgerow.sim.world import World

__all__ = ["Matchbook", "Terms", "build"]


def build(world: World) -> Matchbook:
    """The dialect with its default terms; its engine and accounts are added to the world."""
    return Matchbook(world)
