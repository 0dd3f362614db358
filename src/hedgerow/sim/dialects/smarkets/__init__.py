"""Smarkets' side of the wire: sessions, the tree of events, quotes, orders and the ledger of API v3, on the engines.

Written from the venue's sheet and its OpenAPI description. What differs from the real venue, on purpose:

- A match has one market, its winner (soccer: the full-time result). Accounts are in USD; quotes are in GBP, as there.
- Exposures are not netted, and amounts are exact where the venue shows cents.
- An order that waits for a delay is answered at once and listed as created; the venue's call returns when it is over.
- Which row of the ledger has what is not documented: every row has the members that are known of it, an execution the
  negative quantity that it took from the order. Limits that the venue does not publish are made up.
- Accumulators, cash-out, tokens and the CSV statement are not there.
"""

from hedgerow.sim.dialects.smarkets.dialect import Smarkets
from hedgerow.sim.dialects.smarkets.terms import Terms
from hedgerow.sim.world import World

__all__ = ["Smarkets", "Terms", "build"]


def build(world: World) -> Smarkets:
    """The dialect with its default terms; its engine and accounts are added to the world."""
    return Smarkets(world)
