"""Benchmarks of what must be fast: each runs our code and a plain baseline side by side and reports the ratio.

Absolute figures say little on shared machines, so a target is always a ratio taken in one run. What is measured and
how is in docs/decisions/0080-benchmarks.md, what came out in docs/performance.md. A bench is a module of this package
with a function `measure(scale, runs)`; it is imported when it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from hedgerow.bench.report import Figures, report
from hedgerow.core.errors import InputError

NAMES = (
    "decode",
    "tick-to-order",
    "suspend-to-cancel",
    "fill-to-hedge",
    "place-orders",
    "ws-fanout",
    "event-latency",
    "relay",
    "fetch",
    "amqp",
    "boot",
    "memory",
    "engine",
    "browser",
)
"""Every bench there is."""

RUNS = 3


def run(name: str, scale: float = 1.0, runs: int = RUNS) -> dict[str, Any]:
    """Runs a bench; the object that `hedgerow bench --json` prints.

    scale: multiplies the work. Above 1 the bench also runs at 1 and at every doubling below it, and the report has the
    curve. runs: of each side, in turns; the figures are medians of them.
    Raises InputError for a bench that is not there or a senseless number, SetupError when a baseline is missing
    without which nothing can be compared.
    """
    if name not in NAMES:
        raise InputError(f"there is no bench {name!r}; there are: {', '.join(NAMES)}")
    if scale <= 0 or runs < 1:
        raise InputError("scale must be above 0, and runs at least 1")
    module = import_module(f"hedgerow.bench.{name.replace('-', '_')}")
    steps: list[tuple[float, Figures]] = [(step, module.measure(step, runs)) for step in steps_to(scale)]
    return report(name, steps, runs)


def steps_to(scale: float) -> list[float]:
    """The scales of the curve: 1 and its doublings below the one asked for, and that."""
    steps = []
    step = 1.0
    while step < scale:
        steps.append(step)
        step *= 2
    return [*steps, scale]
