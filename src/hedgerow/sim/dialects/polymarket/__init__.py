"""The simulated Polymarket. `build` is what the world's server finds; `Settings` changes how the venue behaves."""

from hedgerow.sim.dialects.polymarket.venue import Polymarket, Settings, build

__all__ = ["Polymarket", "Settings", "build"]
