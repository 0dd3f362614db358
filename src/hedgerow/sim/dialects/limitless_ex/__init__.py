"""The simulated Limitless. `build` is what the world's server finds; `Settings` changes how the venue behaves."""

from hedgerow.sim.dialects.limitless_ex.venue import LimitlessEx, Settings, build

__all__ = ["LimitlessEx", "Settings", "build"]
