"""`hedgerow replay TAPE --set …`: what other settings would have made of a recorded day."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from hedgerow.cli.numbers import decimal_option, positive_option
from hedgerow.cli.output import emit
from hedgerow.core.clock import NS_PER_MS
from hedgerow.core.errors import InputError
from hedgerow.core.money import InexactAmountError, decimal_of, micros
from hedgerow.mm.margins import Margin
from hedgerow.mm.pricing import Mode
from hedgerow.mm.taping.whatif.changes import AS_RECORDED, Changes
from hedgerow.mm.taping.whatif.found import Quoted, Told
from hedgerow.mm.taping.whatif.playing import Difference, WhatIf, what_if

_MOST_SHOWN, _MOST_IN_JSON = 20, 1_000
_CENT = Decimal("0.01")

UNKNOWN = (
    "who would have come to a price that never rested: only takers of the day are met, at most for what they took",
    "what the exchange and the bookmaker would have refused, and how long their answers would have taken",
    "how a market ended: money is what is sure and what is possible, each market by its own worst and best end",
)
"""What no replay can tell."""


def changes_of(settings: Sequence[str]) -> Changes:
    """From NAME=VALUE, each once. Raises InputError."""
    found, seen = AS_RECORDED, set[str]()
    for setting in settings:
        name, is_given, value = setting.partition("=")
        if name not in _TAKE or not is_given or name in seen:
            raise InputError(f"--set takes {', '.join(_TAKE)}, each once, as NAME=VALUE; not {setting!r}")
        seen.add(name)
        try:
            found = _TAKE[name](found, value)
        except (InexactAmountError, ValueError) as error:
            raise InputError(f"--set {name}: {error}") from None
    return found


def _decimal(name: str, value: str, most: str) -> Decimal:
    return decimal_option(value, f"--set {name}", least=Decimal(0), most=Decimal(most))


def _pricing(name: str, read: Callable[[str], Any]) -> Callable[[Changes, str], Changes]:
    return lambda found, value: replace(found, pricing={**found.pricing, name: read(value)})


_TAKE: Mapping[str, Callable[[Changes, str], Changes]] = {
    "limitRatio": lambda found, value: replace(found, limit_ratio=_decimal("limitRatio", value, "1")),
    "priceTicks": lambda found, value: replace(found, price_ticks=int(value)),
    "mode": _pricing("mode", Mode),
    "margin": _pricing("margin", Margin),
    "edge": _pricing("edge", lambda value: micros(_decimal("edge", value, "0.99"))),
    "skew": _pricing("skew", lambda value: micros(_decimal("skew", value, "0.99"))),
    "fullInventory": _pricing("full", lambda value: micros(positive_option(value, "--set fullInventory"))),
    "maxHedgeDrift": lambda found, value: replace(found, max_drift=_decimal("maxHedgeDrift", value, "1")),
    "quoteHysteresis": lambda found, value: replace(
        found, hysteresis=micros(_decimal("quoteHysteresis", value, "0.99"))
    ),
}


async def replay_whatif(file: str, settings: Sequence[str], *, as_json: bool) -> None:
    """Plays the tape with both settings and prints them side by side."""
    found = await what_if(Path(file), changes_of(settings))
    told = _told(file, settings, found)
    emit(told, as_json, None if as_json else _text(told))


def _told(file: str, settings: Sequence[str], found: WhatIf) -> dict[str, Any]:
    day = found.recorded
    shown = found.differences[:_MOST_IN_JSON]
    return {
        "file": file,
        "set": list(settings),
        "day": {
            "quotes": day.quotes,
            "fills": len(day.fills),
            "contracts": decimal_of(sum(day.fills.values())),
            "hedges": day.hedges,
        },
        "recordedSettings": _trial(found.same, found),
        "changedSettings": _trial(found.changed, found),
        "differences": len(found.differences),
        "firstDifferences": [_difference(one) for one in shown],
        "cannotBeKnown": list(UNKNOWN),
    }


def _trial(told: Told, found: WhatIf) -> dict[str, Any]:
    least, most = told.money(found.outcomes)
    return {
        "quotes": told.quote_count,
        "meanDistance": told.mean_distance,
        "fills": len(told.fills),
        "contracts": decimal_of(sum(row.size for row in told.fills)),
        "hedges": len(told.bets),
        "pnlAtLeast": least.quantize(_CENT),
        "pnlAtMost": most.quantize(_CENT),
        "unhedgedStake": decimal_of(told.unhedged),
    }


def _difference(one: Difference) -> dict[str, Any]:
    client, exchange, contract, side = one.place
    return {
        "at": datetime.fromtimestamp(one.at_ns // NS_PER_MS / 1000, UTC),
        "client": client,
        "exchange": exchange,
        "contract": contract,
        "side": side,
        "recordedSettings": _quote(one.recorded),
        "changedSettings": _quote(one.changed),
    }


def _quote(quote: Quoted | None) -> dict[str, Decimal] | None:
    return None if quote is None else {"price": decimal_of(quote.price), "size": decimal_of(quote.size)}


def _text(told: Mapping[str, Any]) -> str:
    columns = ("day", "recordedSettings", "changedSettings")
    lines = [f"{'':16}{'that day':>16}{'as recorded':>16}{'changed':>16}"]
    for name in told["changedSettings"]:
        cells = (told[column].get(name, "") for column in columns)
        lines.append(f"{name:16}" + "".join(f"{'-' if cell is None else str(cell):>16}" for cell in cells))
    lines.append(f"{told['differences']} times a place was quoted otherwise")
    for one in told["firstDifferences"][:_MOST_SHOWN]:
        sides = " → ".join(
            "nothing" if quote is None else f"{quote['size']} at {quote['price']}"
            for quote in (one["recordedSettings"], one["changedSettings"])
        )
        where = f"{one['client']} {one['exchange']} {one['contract'][:40]} {one['side']}"
        lines.append(f"  {one['at']:%H:%M:%S}.{one['at'].microsecond // 1000:03} {where}: {sides}")
    return "\n".join([*lines, "not known:", *(f"  {why}" for why in told["cannotBeKnown"])])
