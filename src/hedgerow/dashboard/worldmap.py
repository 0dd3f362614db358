"""Agents on a map of the world: each country is a dot, larger and in colour where there are agents. Pure.

The map needs no outlines and no network: the dots of all countries together show the shape of the world well enough to
find one's own. Equirectangular: a degree is as long east as it is north.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

_AXIS = "#7f8c87"
_AGENTS = "#2e9a68"
_DOT, _LARGEST = 4, 28
_SOUTH, _NORTH = -60, 84


@cache
def places() -> Mapping[str, tuple[int, int]]:
    """Latitude and longitude of each country, whole degrees."""
    lines = Path(__file__).with_name("places.txt").read_text(encoding="ascii").splitlines()
    found = {}
    for entry in "|".join(line for line in lines if not line.startswith("#")).split("|"):
        country, latitude, longitude = entry.split()
        found[country] = int(latitude), int(longitude)
    return found


def chart(agents: Mapping[str, int]) -> dict[str, Any]:
    """For the chart. agents: how many there are, by country; a country without a place stands in the table alone."""
    known = places()
    empty = [
        [longitude, latitude, country] for country, (latitude, longitude) in known.items() if country not in agents
    ]
    some = [
        {
            "name": f"{country}: {count}",
            "value": [known[country][1], known[country][0], country],
            "symbolSize": min(10 + 3 * count, _LARGEST),
        }
        for country, count in agents.items()
        if country in known
    ]
    return {
        "animation": False,
        "aria": {"enabled": True},
        "grid": {"left": 4, "right": 4, "top": 4, "bottom": 4},
        "tooltip": {"trigger": "item", "formatter": "{b}"},
        "xAxis": _axis(-180, 180, 30),
        "yAxis": _axis(_SOUTH, _NORTH, 24),
        "series": [
            {
                "type": "scatter",
                "silent": True,
                "symbolSize": _DOT,
                "itemStyle": {"color": _AXIS, "opacity": 0.55},
                "data": empty,
            },
            {
                "type": "scatter",
                "itemStyle": {"color": _AGENTS, "opacity": 1},
                "label": {
                    "show": True,
                    "formatter": "{b}",
                    "position": "right",
                    "color": _AGENTS,
                    "fontWeight": "bold",
                },
                "labelLayout": {"moveOverlap": "shiftY"},
                "data": some,
            },
        ],
    }


def _axis(least: int, most: int, step: int) -> dict[str, Any]:
    """A graticule's lines and nothing else."""
    return {
        "type": "value",
        "min": least,
        "max": most,
        "interval": step,
        "axisLabel": {"show": False},
        "axisTick": {"show": False},
        "axisLine": {"show": False},
        "splitLine": {"lineStyle": {"color": _AXIS, "opacity": 0.18}},
    }
