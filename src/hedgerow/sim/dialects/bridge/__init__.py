"""The bridge protocol's side of the wire: the reference bridge that serves every bookmaker of the world which nobody
speaks for otherwise.

Written from the protocol's OpenAPI document (1.0.0) and its rules. One bridge serves one bookmaker, on a port of its
own. What is left out, and not declared either: odds, events, cancelling and lay bets.
"""

from hedgerow.sim.dialects.bridge.dialect import Bridge
from hedgerow.sim.dialects.bridge.terms import Terms
from hedgerow.sim.world import World

__all__ = ["Bridge", "Terms", "build"]


def build(world: World, slug: str) -> Bridge:
    """The bridge of one bookmaker with its default terms; the bookmaker and its accounts are added to the world."""
    return Bridge(world, slug)
