"""ProphetX's side of the wire: sessions, discovery, V4 orders and history, and its socket, on the world's engines.

Written from the venue's sheet and from the pages of docs.prophetx.co of August and September 2026 ("Submit order" with
its table of errors, "Meaning of Enums", "Integration with Websockets", "WebSocket Events"). What differs from the real
venue, on purpose:

- A match has one market, its winner of two; other markets, parlays and the FIX entry are not there.
- Quantities whose profit is no whole cent are refused, where the venue would round.
- An order that must not take and would is answered as `invalid`: what the venue answers is not published. So are the
  members of matching details, and the rounding of the fee (up, to the cent).
- Replicas do not lag: history and single orders are always in step.
"""

from hedgerow.sim.dialects.prophetx.dialect import ProphetX
from hedgerow.sim.dialects.prophetx.terms import Terms
from hedgerow.sim.world import World

__all__ = ["ProphetX", "Terms", "build"]


def build(world: World) -> ProphetX:
    """The dialect with its default terms; its engine and accounts are added to the world."""
    return ProphetX(world)
