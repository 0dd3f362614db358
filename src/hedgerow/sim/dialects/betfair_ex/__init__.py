"""Betfair Exchange's side of the wire: API-NG over JSON-RPC and the Exchange Stream API, on the world's engines.

Written from the venue's sheet, Betfair's public interface files and recorded messages. What differs from the real
venue, on purpose:

- An account's exposure does not net before settlement: each bet holds its whole liability.
- `acceptDelayMs`, and the in-play delay, answer at once with an executable bet that meets the book when the delay is
  over; Betfair keeps the caller waiting.
- A fill-or-kill order's limit is the worst price of a match, not the average one; starting prices, line markets,
  cross-matching and virtual prices are not played.
- The keys of the default accounts are the same in every world, and so are the certificates.
"""

from hedgerow.sim.dialects.betfair_ex.dialect import BetfairExchange
from hedgerow.sim.world import World

__all__ = ["BetfairExchange", "build"]


def build(world: World) -> BetfairExchange:
    """The dialect; its engine and accounts are added to the world."""
    return BetfairExchange(world)
