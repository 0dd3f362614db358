"""Changes of markets put together: what several say at once, and what all so far amount to.

A change (`mc`) is a dict as the stream sends it. Ladders are upserted by price, best offers by place; a size of 0 takes
an entry out; a definition always comes whole; `img` replaces what was known. Source: the venue's sheet, Stream.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

Json = dict[str, Any]

_LADDERS = ("atb", "atl", "batb", "batl", "bdatb", "bdatl", "trd", "spb", "spl")
_OF_THE_CHANGE = ("id", "rc")


def merged(changes: Iterable[Json]) -> list[Json]:
    """One change for each market, in the order of their first. Entries that are taken out are still told."""
    found: dict[str, Json] = {}
    for change in changes:
        market = change["id"]
        before = None if change.get("img") else found.get(market)
        found[market] = _copy(change) if before is None else _joined(before, change)
    return list(found.values())


def image(change: Json) -> Json:
    """What a merged change amounts to, as a picture of the market."""
    runners = []
    for runner in change.get("rc", ()):
        shown = dict(runner)
        for name in _LADDERS:
            if name in shown:
                shown[name] = [row for row in shown[name] if row[-1]]
        runners.append(shown)
    return {**change, "img": True, "rc": runners}


def _copy(change: Json) -> Json:
    shown = dict(change)
    if "rc" in change:
        shown["rc"] = [dict(runner) for runner in _runners(change["rc"]).values()]
    return shown


def _joined(before: Json, change: Json) -> Json:
    shown = {**before, **{name: value for name, value in change.items() if name not in _OF_THE_CHANGE}}
    if "rc" in change:
        runners = _runners(before.get("rc", ()))
        for key, runner in _runners(change["rc"]).items():
            runners[key] = _runner(runners[key], runner) if key in runners else runner
        shown["rc"] = list(runners.values())
    return shown


def _runners(changes: Iterable[Json]) -> dict[tuple[int, Decimal], Json]:
    """By selection and handicap. One change can name a runner twice."""
    found: dict[tuple[int, Decimal], Json] = {}
    for runner in changes:
        key = runner["id"], Decimal(runner.get("hc", 0))
        found[key] = _runner(found[key], runner) if key in found else runner
    return found


def _runner(before: Json, change: Json) -> Json:
    shown = {**before, **change}
    for name in _LADDERS:
        if name in before and name in change:
            rows = {row[0]: row for row in before[name]} | {row[0]: row for row in change[name]}
            shown[name] = list(rows.values())
    return shown
