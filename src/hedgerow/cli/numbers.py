"""Numbers that are given on the command line: exact, and refused with the option's name."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from hedgerow.core.errors import InputError


def decimal_option(text: str, option: str, *, least: Decimal | None = None, most: Decimal | None = None) -> Decimal:
    """A finite decimal within bounds, both included. Raises InputError."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise InputError(f"{option} {text!r} is not a number") from None
    if not number.is_finite() or (least is not None and number < least) or (most is not None and number > most):
        bounds = [f"at least {least}"] if least is not None else []
        bounds += [f"at most {most}"] if most is not None else []
        raise InputError(f"{option} {text!r} is not a number{' of ' if bounds else ''}{' and '.join(bounds)}")
    return number


def positive_option(text: str, option: str) -> Decimal:
    """A finite decimal above zero. Raises InputError."""
    number = decimal_option(text, option)
    if number <= 0:
        raise InputError(f"{option} {text!r} is not a positive number")
    return number
