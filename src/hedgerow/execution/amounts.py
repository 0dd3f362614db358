"""Exact conversion between currencies, and rounding that names its direction. Pure.

A rate is units per 1 USD. Products and quotients are fractions until they are rounded once, so that no digit of a
division can lift an amount over a limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction

from hedgerow.core.money import minor_unit

MICRO_UNIT = Decimal("0.000001")
"""The finest step in which a stake is counted."""

_WIDE = Context(prec=60)


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency at the rate of one moment. per_usd > 0."""

    code: str
    per_usd: Decimal

    @property
    def unit(self) -> Decimal:
        """The smallest amount that can be paid."""
        return minor_unit(self.code)


def converted(amount: Fraction | Decimal, source: Currency, target: Currency) -> Fraction | Decimal:
    """The amount in the other currency, exact. Within one currency nothing changes, whatever the rates say."""
    if source.code == target.code:
        return amount
    return Fraction(amount) / Fraction(source.per_usd) * Fraction(target.per_usd)


def floored(amount: Fraction | Decimal, unit: Decimal) -> Decimal:
    """To whole units (a power of ten), downwards: limits and stakes. Raises decimal.InvalidOperation for what is no
    amount."""
    if isinstance(amount, Decimal):
        return amount.quantize(unit, ROUND_FLOOR, _WIDE)
    return _WIDE.multiply(Decimal(amount // Fraction(unit)), unit)


def ceiled(amount: Fraction | Decimal, unit: Decimal) -> Decimal:
    """To whole units (a power of ten), upwards: minimum stakes, and what counts as used. Raises as `floored`."""
    if isinstance(amount, Decimal):
        return amount.quantize(unit, ROUND_CEILING, _WIDE)
    return _WIDE.multiply(Decimal(-(-amount // Fraction(unit))), unit)
