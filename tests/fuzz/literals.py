"""An independent reading of JSON: every number stays the text that it was written as.

What a parser says of a price or a stake is compared with this, so that nothing of the product reads it here.
"""

from __future__ import annotations

import json
from decimal import Context, Decimal, Inexact, InvalidOperation
from fractions import Fraction
from typing import Any

_MOST_DIGITS = 60
_EXACT = Context(prec=_MOST_DIGITS, traps=[InvalidOperation, Inexact])


class Literal(str):
    """The text of a JSON number, or of what is written in the place of one."""

    __slots__ = ()


def told_in(payload: bytes) -> Any:
    """The message with `Literal` for each number; of a member that is there twice the last counts, as everywhere in the
    product. Bytes that are no UTF-8 can stand in what nobody reads. Raises ValueError for what is no JSON."""
    return json.loads(
        payload.decode("utf-8", "replace"),
        parse_float=Literal,
        parse_int=lambda text: Literal("0" if text == "-0" else text),  # one whole number, in ids too
        parse_constant=Literal,
        strict=False,
    )


def number(told: Any) -> Decimal:
    """A number or the text of one, exactly. Raises ValueError for everything else."""
    if not isinstance(told, str):
        raise ValueError(f"{told!r} is no number")
    try:
        found = Decimal(told)
    except InvalidOperation:
        raise ValueError(f"{told[:40]!r} is no number") from None
    if not found.is_finite():
        raise ValueError(f"{told[:40]!r} is no finite number")
    return found


def exact(told: Any, unit: int = 1_000_000) -> Decimal:
    """So many units, whatever that comes to. Raises ValueError."""
    try:
        return _EXACT.multiply(number(told), unit)
    except Inexact:
        raise ValueError(f"{told[:40]!r} has more digits than an amount") from None


def floored(told: Any, unit: int = 1_000_000) -> int:
    """Whole units, what is smaller dropped downwards. Raises ValueError."""
    found = number(told)
    if found.adjusted() > _MOST_DIGITS:
        raise ValueError(f"{told[:40]!r} is larger than an amount")
    if found.adjusted() < -_MOST_DIGITS:
        return -1 if found < 0 else 0
    return Fraction(found) * unit // 1


def ratio(told: Any) -> Fraction:
    """For sums and products; 0 for what is too small to count in any. Raises ValueError."""
    found = number(told)
    if found.adjusted() > _MOST_DIGITS:
        raise ValueError(f"{told[:40]!r} is larger than an amount")
    return Fraction(found) if found.adjusted() >= -_MOST_DIGITS else Fraction(0)
