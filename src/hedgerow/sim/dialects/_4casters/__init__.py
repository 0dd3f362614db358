"""4casters' side of the wire: REST, the user feed and the price feed of its exchange, on the world's engines.

Written from the venue's documentation (4casters-io/docs, 2026-08-21). What differs from the real venue, on purpose:

- A match has one market, its winner (soccer: the result of regular time, three outcomes with yes and no); spreads,
  totals, futures and props are not there.
- Odds have a ladder: the venue publishes none and takes whole numbers; what is finer far from even is refused here.
- Liability is not netted over the bets of a game. Commission leaves the balance when a bet is matched and not when it
  is graded, is whole cents, and comes back where the bet is refunded.
- An order that waits (the live delay, `acceptDelayMs`) is answered at once and listed as unmatched meanwhile.
- Stakes are kept to the millionth: the part of a stake that leaves less on one side is not taken.
- The limits of requests that change something are made up, and so are the texts of most refusals.
- The orders socket, editing, pausing, averages and affiliates are not there, nor the feed's replay of missed messages.
"""

from hedgerow.sim.dialects._4casters.dialect import Fourcasters
from hedgerow.sim.world import World

__all__ = ["Fourcasters", "build"]


def build(world: World) -> Fourcasters:
    """The dialect; its engine and accounts are added to the world."""
    return Fourcasters(world)
