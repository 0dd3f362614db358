"""boot: `hedgerow up --sim` until every service answers, with a new data directory and with one that was used."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from hedgerow.bench.deployment import simulated
from hedgerow.bench.report import Bound, Figures, Ratio

WITHIN_S = 5.0


def measure(scale: float, runs: int) -> Figures:
    """Seconds. scale: there is one deployment whatever it is."""
    del scale
    with tempfile.TemporaryDirectory(prefix="hedgerow-bench-") as folder:
        cold_s = _boot(Path(folder))
        warm_s = statistics.median(_boot(Path(folder)) for _ in range(runs))
    return Figures(
        "s",
        [
            Ratio("warm", warm_s, WITHIN_S, Bound.AT_MOST, warm_s, None),
            Ratio("cold", cold_s, None, Bound.AT_MOST, cold_s, None),
        ],
    )


def _boot(data_dir: Path) -> float:
    with simulated(data_dir) as deployment:
        return deployment.ready_s
