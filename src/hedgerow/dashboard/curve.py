"""Profit and loss over time. Pure: what the API told, and when, into points of a chart.

Past days come from the API's sums of each day, today from what was seen while somebody looked.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from hedgerow.dashboard.apis.mm import Pnl

DAYS = 14
"""Before today."""
MOST_SAMPLES = 720
LEAST_APART = timedelta(seconds=5)

_AXIS = "#7f8c87"
_RESULT, _LOCKED = "#2e9a68", "#8a7bd1"


@dataclass(frozen=True, slots=True)
class Sample:
    """USD. result: of all that is settled. locked: what open hedged fills bring at least."""

    at: datetime
    result: Decimal
    locked: Decimal


@dataclass(slots=True)
class Track:
    """What was seen of one client's profit and loss, at most MOST_SAMPLES of it, the oldest first."""

    samples: deque[Sample] = field(default_factory=lambda: deque(maxlen=MOST_SAMPLES))

    def add(self, pnl: Pnl, now: datetime) -> None:
        """Keeps it where the last one is old enough; else in that one's place."""
        sample = Sample(now, pnl.result, pnl.locked_pnl)
        if len(self.samples) > 1 and now - self.samples[-2].at < LEAST_APART:
            self.samples[-1] = sample
        else:
            self.samples.append(sample)


def days_before(today: date, count: int = DAYS) -> list[date]:
    """The oldest first, without today."""
    return [today - timedelta(days=back) for back in range(count, 0, -1)]


def day_ends(daily: Mapping[date, Decimal], total: Decimal, today_result: Decimal) -> list[tuple[datetime, Decimal]]:
    """The running result at each day's end (UTC), so that it meets the total now: the total less what came later.
    daily: results of past days. total: of all time, now. today_result: of today so far."""
    running, points = total - today_result, []
    for day in sorted(daily, reverse=True):
        points.append((datetime.combine(day + timedelta(days=1), time(), UTC), running))
        running -= daily[day]
    return points[::-1]


def chart(ends: Sequence[tuple[datetime, Decimal]], samples: Iterable[Sample]) -> dict[str, Any]:
    """For the chart. Amounts go as text, exact; only the drawing rounds them to pixels."""
    seen = list(samples)
    results = [*ends, *((sample.at, sample.result) for sample in seen)]
    locked = [(sample.at, sample.locked) for sample in seen]
    axis = {"axisLabel": {"color": _AXIS}, "axisLine": {"lineStyle": {"color": _AXIS}}}
    return {
        "animation": False,
        "aria": {"enabled": True},
        "grid": {"left": 8, "right": 16, "top": 36, "bottom": 8, "containLabel": True},
        "legend": {"top": 0, "left": 0, "textStyle": {"color": _AXIS}},
        "tooltip": {"trigger": "axis"},
        "xAxis": {"type": "time", **axis},
        "yAxis": {
            "type": "value",
            "scale": True,
            "splitLine": {"lineStyle": {"color": _AXIS, "opacity": 0.25}},
            **axis,
        },
        "series": [_line("Settled result USD", _RESULT, results), _line("Locked in USD", _LOCKED, locked)],
    }


def _line(name: str, colour: str, points: Iterable[tuple[datetime, Decimal]]) -> dict[str, Any]:
    return {
        "name": name,
        "type": "line",
        "step": "end",
        "showSymbol": False,
        "itemStyle": {"color": colour},
        "lineStyle": {"width": 2, "color": colour},
        "data": [[at.isoformat(), str(value)] for at, value in points],
    }
