"""engine: a recorded Betfair file through price book, pricing, quoting, limits and a simulated exchange, updates/s.

The baseline is flumine, which simulates the same file with a strategy that does the same: a bid and an ask on every
runner, moved whenever the prices move. Without a strategy both only keep their view of the market. Nothing is written
to a database and nothing hedged, as in the baseline; sockets are in neither.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from pathlib import Path

from hedgerow.bench.engine import peers, replay
from hedgerow.bench.report import Bound, Figures, Ratio
from hedgerow.core.errors import SetupError
from hedgerow.sim.recordings.files import lines

FILES = ("1.181223995.gz", "1.200806927.gz")
RECORDINGS = Path("data", "betfair", "recordings")
QUOTING, WATCHING = 15.0, 3.0
"""How many times flumine's updates/s ours has to make, with a strategy and without."""

_LEAST_LINES = 200


def measure(scale: float, runs: int) -> Figures:
    """Updates/s. scale: below 1 that part of each file; a file has no more than it has. Raises SetupError where the
    recordings are missing."""
    ratios = [ratio for name in FILES for ratio in _compare(name, _updates(recordings() / name, min(scale, 1)), runs)]
    return Figures("updates/s", ratios, [] if peers.python() else [peers.HOW])


def recordings() -> Path:
    """Where the recorded files are: beside the project, or in the folder that SHARED_FOLDER names."""
    folder = Path(os.environ.get("SHARED_FOLDER", "../shared")) / RECORDINGS
    if not folder.is_dir():
        raise SetupError(f"bench engine reads recorded files, and {folder} is not there", "set SHARED_FOLDER")
    return folder


def _updates(path: Path, scale: float) -> list[bytes]:
    found = [line.data for line in lines(path)]
    return found[: max(_LEAST_LINES, round(len(found) * scale))]


def _compare(name: str, updates: list[bytes], runs: int) -> list[Ratio]:
    """Both sides in turns, with quotes and without."""
    ratios = []
    with tempfile.TemporaryDirectory(prefix="hedgerow-bench-") as folder:
        plain = Path(folder, name.removesuffix(".gz"))
        plain.write_bytes(b"\n".join(updates) + b"\n")
        for case, target, quotes in (("quoting", QUOTING, True), ("without a strategy", WATCHING, False)):
            theirs, ours = [], []
            for _ in range(runs):
                if peers.python():
                    theirs.append(len(updates) / peers.flumine_s(plain, quotes=quotes))
                ours.append(len(updates) / replay.run(updates, quotes=quotes).seconds)
            pairs = zip(ours, theirs, strict=False)
            median = statistics.median(ours)
            ratios.append(
                Ratio(
                    f"{name}, {case}, flumine",
                    statistics.median(mine / other for mine, other in pairs) if theirs else median,
                    target if theirs else None,
                    Bound.AT_LEAST,
                    median,
                    statistics.median(theirs) if theirs else None,
                )
            )
    return ratios
