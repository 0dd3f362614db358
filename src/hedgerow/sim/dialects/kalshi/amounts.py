"""Kalshi's texts of money, contracts and time, to and from whole micros and milliseconds.

Prices have 4 decimals, contracts 2, fees and costs up to 6; requests may leave decimals out. Source: Kalshi's page
"Fixed-point prices" and recorded answers.
"""

from __future__ import annotations

import re

from hedgerow.core.clock import datetime_of_ms
from hedgerow.core.money import MICRO

_PRICE = re.compile(r"(\d+)\.(\d{2,4})", re.ASCII)
_COUNT = re.compile(r"(\d{1,12})(?:\.(\d{1,2}))?", re.ASCII)


def price_text(micros: int) -> str:
    """e.g. 560000 -> "0.5600"."""
    return _text(micros, 4)


def count_text(micros: int) -> str:
    """e.g. 10000000 -> "10.00"."""
    return _text(micros, 2)


def money_text(micros: int) -> str:
    """e.g. 17500 -> "0.017500"."""
    return _text(micros, 6)


def average_text(micros: int) -> str:
    """Four decimals where they are exact, six where they are not."""
    return price_text(micros) if micros % 100 == 0 else money_text(micros)


def cents(micros: int) -> int:
    """Whole cents; what is smaller is cut off, as Kalshi cuts its integer balance."""
    return micros // 10_000


def price_of(text: str) -> int | None:
    """The price in micros from 2 to 4 decimals; None for another form."""
    match = _PRICE.fullmatch(text)
    return None if match is None else _micros(match[1], match[2])


def count_of(text: str) -> int | None:
    """The contracts in micros from 0 to 2 decimals; None for another form."""
    match = _COUNT.fullmatch(text)
    return None if match is None else _micros(match[1], match[2] or "")


def time_text(ms: int) -> str:
    """e.g. "2026-06-11T06:29:20.866Z"."""
    return f"{datetime_of_ms(ms):%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


def second_text(seconds: int) -> str:
    """e.g. "2026-06-25T16:00:00Z"."""
    return f"{datetime_of_ms(seconds * 1000):%Y-%m-%dT%H:%M:%SZ}"


def _text(micros: int, places: int) -> str:
    """Cuts digits beyond the places; every amount that is put out has none."""
    sign, micros = ("-", -micros) if micros < 0 else ("", micros)
    whole, part = divmod(micros, MICRO)
    return f"{sign}{whole}.{part:06d}"[: len(sign) + len(str(whole)) + 1 + places]


def _micros(whole: str, decimals: str) -> int:
    return int(whole) * MICRO + int(decimals.ljust(6, "0"))
