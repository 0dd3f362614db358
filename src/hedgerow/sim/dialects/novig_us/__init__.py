"""The simulated Novig (NBX). `build` is what the world's server finds; `Settings` changes how the venue behaves."""

from hedgerow.sim.dialects.novig_us.venue import Novig, Settings, build

__all__ = ["Novig", "Settings", "build"]
