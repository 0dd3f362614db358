"""What a bench found, and the one object in which every bench reports it."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from pathlib import Path
from typing import Any

from hedgerow.core.errors import HedgerowError


class BenchError(HedgerowError):
    """A side did not do what it was measured for."""


class Bound(StrEnum):
    """On which side of its target a ratio has to lie."""

    AT_LEAST = "at least"  # ours is so many times as fast
    AT_MOST = "at most"  # ours takes so many times as long


@dataclass(frozen=True, slots=True)
class Ratio:
    """Ours against one baseline, medians of the runs. `ours` and `baseline` are in the bench's unit.

    baseline: None where there is nothing to compare with; then the ratio is ours itself. target: None for what is only
    reported.
    """

    case: str
    ratio: float
    target: float | None
    bound: Bound
    ours: float
    baseline: float | None

    @property
    def is_met(self) -> bool:
        return self.margin >= 1

    @property
    def margin(self) -> float:
        """How far on the good side of the target it is: 1 exactly on it, below 1 missed."""
        if self.target is None:
            return inf
        return self.ratio / self.target if self.bound is Bound.AT_LEAST else self.target / self.ratio


@dataclass(frozen=True, slots=True)
class Figures:
    """One bench at one scale. skipped: what could not be compared on this machine, and why."""

    unit: str
    ratios: Sequence[Ratio]
    skipped: Sequence[str] = ()


def report(name: str, steps: Sequence[tuple[float, Figures]], runs: int) -> dict[str, Any]:
    """The object of a bench. The ratio nearest to its target at the first scale stands for the whole; `ratios` has
    all of them, `met` is true when none misses its target. steps: (scale, figures), the smallest scale first."""
    _, figures = steps[0]
    tightest = min(figures.ratios, key=lambda ratio: ratio.margin)
    told: dict[str, Any] = {
        "name": name,
        "ratio": _rounded(tightest.ratio),
        "target": tightest.target,
        "met": all(ratio.is_met for ratio in figures.ratios),
        "ours": _rounded(tightest.ours),
        "baseline": _known(tightest.baseline),
        "unit": figures.unit,
        "runs": runs,
        "machine": machine(),
        "ratios": [_row(ratio) for ratio in figures.ratios],
    }
    if figures.skipped:
        told["skipped"] = list(figures.skipped)
    if len(steps) > 1:
        told["curve"] = [
            {"scale": scale, "case": ratio.case, "ours": _rounded(ratio.ours), "baseline": _known(ratio.baseline)}
            for scale, found in steps
            for ratio in found.ratios
        ]
    return told


def machine() -> str:
    """What the figures were measured on."""
    return f"{_processor()}, {os.cpu_count()} cpus, {platform.system()}, Python {platform.python_version()}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _row(ratio: Ratio) -> dict[str, Any]:
    return {
        "case": ratio.case,
        "ratio": _rounded(ratio.ratio),
        "target": ratio.target,
        "bound": ratio.bound.value,
        "met": ratio.is_met,
        "ours": _rounded(ratio.ours),
        "baseline": _known(ratio.baseline),
    }


def _known(value: float | None) -> float | None:
    return None if value is None else _rounded(value)


def _rounded(value: float) -> float:
    """Three digits say more than these figures hold; of larger ones the whole part is kept."""
    return round(value) if value >= 1000 else float(f"{value:.3g}")
