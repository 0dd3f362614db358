"""Cloudbet's side of the wire for its partners: see the dialect of its clients, which this is at another address."""

from __future__ import annotations

from hedgerow.sim.dialects.cloudbet.partner import CloudbetPartner
from hedgerow.sim.world import World


def build(world: World) -> CloudbetPartner:
    """The dialect with its default terms; its bookmaker and accounts are added to the world."""
    return CloudbetPartner(world)
