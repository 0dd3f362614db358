"""Exact money.

Two forms of one number. At the doors (database, API, settlement) money is a `Decimal`. In the hot path it is an
integer count of millionths ("micros") of a US dollar, a contract or a probability: every product of a venue price
(at most 4 decimals) and a size (2 decimals) is a whole number of micros. A conversion that would lose a digit
raises, unless the caller names the direction in which it may be lost.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    Inexact,
    InvalidOperation,
)
from types import MappingProxyType
from typing import NewType

Micros = NewType("Micros", int)

MICRO = 1_000_000
# Beyond this no amount is meant, and an exponent could blow a short text up to a number of a million digits.
_MOST_DIGITS = 30
_MOST_WHOLE_DIGITS = 12
_EXACT = Context(prec=_MOST_DIGITS + 10, traps=[Inexact, InvalidOperation])
_DOWNWARDS = Context(prec=_MOST_DIGITS + 10, rounding=ROUND_FLOOR)

# Currencies whose smallest unit is not the hundredth. Source: ISO 4217 (minor unit column).
_WHOLE, _HUNDREDTH, _THOUSANDTH = Decimal(1), Decimal("0.01"), Decimal("0.001")
_MINOR_UNITS = {
    "JPY": _WHOLE,
    "KRW": _WHOLE,
    "VND": _WHOLE,
    "CLP": _WHOLE,
    "ISK": _WHOLE,
    "BHD": _THOUSANDTH,
    "KWD": _THOUSANDTH,
    "JOD": _THOUSANDTH,
    "TND": _THOUSANDTH,
}


class InexactAmountError(ValueError):
    """What is no amount, or one with more decimals than its unit can hold, where no rounding was asked for."""


def micros(value: Decimal | str | int) -> Micros:
    """The amount in micros. Raises InexactAmountError when it has more than six decimals."""
    amount = _finite(value)
    try:
        scaled = amount.scaleb(6, _EXACT)
    except Inexact:
        raise InexactAmountError(f"{value} has more than six decimals") from None
    whole = int(scaled)
    if whole != scaled:
        raise InexactAmountError(f"{value} has more than six decimals")
    return Micros(whole)


def micros_floor(value: Decimal) -> Micros:
    """The amount in micros, what is smaller than one micro dropped towards minus infinity. Raises InexactAmountError
    for what is no amount."""
    return Micros(math.floor(_finite(value).scaleb(6, _DOWNWARDS)))


def product_floor(one: Decimal, other: Decimal) -> Micros:
    """Their product in micros, what is smaller than one micro dropped towards minus infinity, however many digits they
    have. Raises InexactAmountError for what is no amount."""
    return micros_floor(_DOWNWARDS.multiply(one, other))


def plain_micros(text: str) -> Micros | None:
    """The micros of plain decimal text ("19354", "1.155"), what is smaller than one micro dropped.

    None for every other form: signs, exponents, spaces, more than 15 whole digits. Says the same as `micros_floor`
    of its Decimal, five times as fast; prices are read on the way from a tick to an order.
    """
    whole, point, fraction = text.partition(".")
    if not (whole.isdecimal() and (fraction.isdecimal() or not point) and text.isascii() and len(whole) <= 15):
        return None
    return Micros(int(whole) * MICRO + int(fraction[:6].ljust(6, "0")))


def is_amount(value: Decimal) -> bool:
    """Whether money is meant, of either sign: a number below 10^12 that no exponent stretches. Anything else would be
    stored, summed or written out at a size that its text does not show."""
    return value.is_finite() and -_MOST_DIGITS <= value.adjusted() < _MOST_WHOLE_DIGITS


def decimal_of(value: int) -> Decimal:
    """The micros as an exact Decimal without trailing zeros beyond the point, e.g. 450000 -> Decimal('0.45')."""
    whole, part = divmod(value, MICRO)
    return Decimal(value).scaleb(-6, _EXACT).normalize(_EXACT) if part else Decimal(whole)


def spread(whole: int, weights: Sequence[int]) -> list[int]:
    """A whole shared out by weights of 0 and more, one of them above 0: integers that make up the whole exactly, each
    less than one off its part."""
    total, seen, given = sum(weights), 0, 0
    shares = []
    for weight in weights:
        seen += weight
        shares.append(whole * seen // total - given)
        given += shares[-1]
    return shares


def _finite(value: Decimal | str | int) -> Decimal:
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise InexactAmountError(f"{value!r} is not an amount") from None
    if not amount.is_finite() or amount.adjusted() >= _MOST_DIGITS:
        raise InexactAmountError(f"{value!r} is not an amount")
    return amount


def minor_unit(currency: str) -> Decimal:
    """The smallest amount of the currency that can be paid, e.g. 0.01 for USD. Source: ISO 4217."""
    return _MINOR_UNITS.get(currency, _HUNDREDTH)


def round_down(amount: Decimal, currency: str) -> Decimal:
    """To the currency's minor unit, towards zero: a stake is never rounded up above a limit."""
    return amount.quantize(minor_unit(currency), rounding=ROUND_DOWN)


def round_up(amount: Decimal, currency: str) -> Decimal:
    """To the currency's minor unit, away from what we would like: minimum stakes and fees."""
    return amount.quantize(minor_unit(currency), rounding=ROUND_CEILING)


def round_nearest(amount: Decimal, currency: str) -> Decimal:
    """To the currency's minor unit, half to even: stakes that balance a hedge, where either side is as good."""
    return amount.quantize(minor_unit(currency), rounding=ROUND_HALF_EVEN)


class UnknownCurrencyError(LookupError):
    """No rate is known for a currency; the conversion is refused rather than guessed."""

    def __init__(self, currency: str) -> None:
        super().__init__(f"no rate is known for currency {currency}")
        self.currency = currency


class Rates:
    """Currency rates of one moment: units of a currency per 1 USD, as the odds feed gives them."""

    __slots__ = ("_per_usd",)

    def __init__(self, per_usd: dict[str, Decimal]) -> None:
        """per_usd: currency code -> units per 1 USD, each > 0; USD itself is implied."""
        for currency, rate in per_usd.items():
            if rate <= 0:
                raise ValueError(f"rate of {currency} must be positive, not {rate}")
        self._per_usd = {**per_usd, "USD": Decimal(1)}

    @property
    def per_usd(self) -> Mapping[str, Decimal]:
        """Units per 1 USD, by currency code."""
        return MappingProxyType(self._per_usd)

    def to_usd(self, amount: Decimal, currency: str) -> Decimal:
        """The amount in USD, unrounded. Raises UnknownCurrencyError."""
        return amount / self._rate(currency)

    def from_usd(self, amount: Decimal, currency: str) -> Decimal:
        """The USD amount in the currency, unrounded. Raises UnknownCurrencyError."""
        return amount * self._rate(currency)

    def _rate(self, currency: str) -> Decimal:
        try:
            return self._per_usd[currency]
        except KeyError:
            raise UnknownCurrencyError(currency) from None
