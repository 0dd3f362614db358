"""What no message can make our values say, whoever sent it: the ranges of prices, sizes, odds and money."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any

import msgspec

from hedgerow.core.money import MICRO
from hedgerow.venues.base import (
    Balance,
    BetReport,
    Fill,
    Listing,
    LiveLine,
    OrderState,
    PublicBook,
    PublicTrade,
    Resolution,
)
from hedgerow.venues.taking import Level, Taken

_LARGEST = 10**48
"""No amount is larger in whatever unit."""

_DUST = 10_000
"""Of a contract: what a venue's rounding can fill beyond the size of an order."""

_FIRST_MS, _LAST_MS = -62_135_596_800_000, 253_402_300_799_999
"""Of the times that a datetime can have."""

_VERBATIM = frozenset({"received", "sent"})
"""Members of a report that keep the venue's own words."""


def faults(value: Any) -> list[str]:
    """Everything that is wrong with a value and those in it."""
    return [f"{type(one).__name__}: {fault} in {one!r:.300}" for one in _all(value) for fault in _faults(one)]


def _all(value: Any) -> Iterator[Any]:
    yield value
    match value:
        case Mapping():
            for pair in value.items():
                yield from _all(pair[0])
                yield from _all(pair[1])
        case list() | tuple() | set() | frozenset():
            for inner in value:
                yield from _all(inner)
        case msgspec.Struct():
            for name in value.__struct_fields__:
                yield from _all(getattr(value, name))
        case _ if is_dataclass(value):
            for member in fields(value):
                if member.name not in _VERBATIM:
                    yield from _all(getattr(value, member.name))


def _faults(value: Any) -> Iterator[str]:  # noqa: C901 - a table of the types
    match value:
        case bool():
            return
        case float():
            yield "a float"
        case Decimal() if not value.is_finite() or abs(value.adjusted()) > 60:
            yield "no amount"
        case OrderState():
            yield from _outside("price", value.price, 0, MICRO)
            yield from _outside("filled", value.filled, 0, value.size + _DUST)
            yield from _outside("at_ms", value.at_ms, _FIRST_MS, _LAST_MS)
        case Fill():
            yield from _outside("price", value.price, 0, MICRO)
            yield from _outside("size", value.size, 1, _LARGEST)
            yield from _outside("at_ms", value.at_ms, _FIRST_MS, _LAST_MS)
        case Taken():
            yield from _outside("cost", value.cost, 0, value.size)
            yield from _outside("fee", value.fee, 0, _LARGEST)
            yield from _outside("withheld", value.withheld, 0, value.size)
        case Level():
            yield from _outside("cost", value.cost, 0, MICRO)
            yield from _outside("size", value.size, 0, _LARGEST)
        case PublicBook():
            for levels in (value.bids or {}, value.asks or {}):
                for price, size in levels.items():
                    yield from _outside("price", price, 0, MICRO)
                    yield from _outside("size", size, 0, _LARGEST)
        case PublicTrade():
            yield from _outside("price", value.price, 0, MICRO)
            yield from _outside("size", value.size, 0, _LARGEST)
        case LiveLine():
            yield from _outside("odds", value.odds, MICRO + 1, _LARGEST)
            yield from _outside("min_stake", value.min_stake, 0, _LARGEST)
            yield from _outside("max_stake", value.max_stake, 0, _LARGEST)
        case BetReport():
            yield from _outside("odds", value.odds, MICRO + 1, _LARGEST)
            yield from _outside("stake", value.stake, 0, _LARGEST)
            yield from _outside("commission", value.commission, 0, _LARGEST)
        case Resolution():
            yield from _outside("payout_per_contract", value.payout_per_contract, 0, 1)
            yield from _outside("kept", value.kept, 0, 1)
        case Listing():
            yield from _outside("lot", value.instrument.lot, 1, _LARGEST)
            yield from _outside("min_size", value.instrument.min_size, 0, _LARGEST)
            for fee in (value.instrument.maker_fee, value.instrument.taker_fee):
                yield from _outside("fee rate", fee.rate, -1, 1)
        case Balance():
            yield from _outside("free", value.free, -_LARGEST, _LARGEST)


def _outside(name: str, value: Any, least: Any, most: Any) -> Iterator[str]:
    if value is not None and not (isinstance(value, Decimal) and not value.is_finite()) and not least <= value <= most:
        yield f"{name} {value} is not in {least}..{most}"
