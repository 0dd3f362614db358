"""The simulated predict.fun. `build` is what the world's server finds; `Settings` changes how the venue behaves."""

from hedgerow.sim.dialects.predict_fun.venue import PredictFun, Settings, build

__all__ = ["PredictFun", "Settings", "build"]
