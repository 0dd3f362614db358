"""Polymarket US's side of the wire: the retail REST API, its public gateway and its two WebSockets, on the world's
engines.

Written from the venue's sheet, its own documents as a public repository mirrors them (justrhoto/polymarket-us-docs,
August to October 2026) and what users of the API publish of its answers. What differs from the real venue, on purpose:

- A match has one market, its winner; two-way sports only. No combos, no requests for quotes, no portfolio margin: open
  orders set aside what each of them may cost, where the venue looks at each instrument alone.
- A fee is rounded fill by fill; the venue's ceiling over all fills of one order is not reckoned, nor volume rebates.
- Answers never wait: with `synchronousExecution` an order that the script holds back is told as it is then.
- Trades are never busted, settlement pays at once, and what neither won nor lost pays a half (there: the last fair
  price, or a half).
- The texts of most refusals are made up: the venue publishes few.
"""

from hedgerow.sim.dialects.polymarket_us.dialect import PolymarketUs
from hedgerow.sim.dialects.polymarket_us.terms import Terms
from hedgerow.sim.world import World

__all__ = ["PolymarketUs", "Terms", "build"]


def build(world: World) -> PolymarketUs:
    """The dialect with its default terms; its engine and accounts are added to the world."""
    return PolymarketUs(world, Terms())
