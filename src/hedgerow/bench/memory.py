"""memory: what each process of a deployment holds when it is idle, and the engine with thousands of live quotes.

Resident memory as the kernel counts it. Whether it grows over hours is for `tests/soak`.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import uvloop

from hedgerow.bench.deployment import simulated
from hedgerow.bench.engines import fresh_engines
from hedgerow.bench.report import Bound, Figures, Ratio
from hedgerow.bench.tick_to_order.given import OURS, Given
from hedgerow.bench.tick_to_order.run import live
from hedgerow.bench.tick_to_order.scene import POLYMARKET

FIXTURES, QUOTES = 200, 25
_MIB = 1 << 20


def measure(scale: float, runs: int) -> Figures:
    """MiB. scale: multiplies the fixtures that are quoted. runs: memory does not scatter, one is taken."""
    del runs
    fixtures = max(2, round(FIXTURES * scale))
    with tempfile.TemporaryDirectory(prefix="hedgerow-bench-") as folder, simulated(Path(folder)) as deployment:
        pids = deployment.pids
        found = {f"{name}, idle": resident_mib(pid, without=pids.values()) for name, pid in sorted(pids.items())}
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        quoting = runner.run(_quoting(Given(OURS, POLYMARKET, fixtures, QUOTES)))
    found[f"engine, {fixtures * QUOTES} quotes"] = quoting
    return Figures("MiB", [Ratio(case, mib, None, Bound.AT_MOST, mib, None) for case, mib in found.items()])


async def _quoting(task: Given) -> float:
    """MiB of the engine when everything is quoted."""
    async with fresh_engines() as engines:
        task.database = engines.database_url.reveal()
        async with live(task) as peer:
            return resident_mib(peer.side_pid)


def resident_mib(pid: int, without: Collection[int] = ()) -> float:
    """The resident memory of a process and of those that it started, shared pages counted once (Linux). without: ids of
    processes that are counted by themselves, with those that they started. Raises OSError where the process is gone;
    one that it started, and that ends meanwhile, counts nothing."""
    found = _proportional_bytes(pid)
    for child in _children(pid, without):
        with suppress(FileNotFoundError, ProcessLookupError):
            found += _proportional_bytes(child)
    return found / _MIB


def _children(pid: int, without: Collection[int]) -> list[int]:
    found = []
    for told in Path(f"/proc/{pid}/task").glob("*/children"):
        children = ""
        with suppress(FileNotFoundError, ProcessLookupError):  # of a thread that has ended
            children = told.read_text()
        for child in map(int, children.split()):
            if child not in without:
                found += [child, *_children(child, without)]
    return found


def _proportional_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
