"""Pinnacle's side of the wire for its partners: see the dialect of its clients, which this is but for placing bets."""

from __future__ import annotations

from hedgerow.sim.dialects.pinnacle.partner import PinnaclePartner
from hedgerow.sim.world import World


def build(world: World) -> PinnaclePartner:
    """The dialect with its default terms; its bookmaker and accounts are added to the world."""
    return PinnaclePartner(world)
