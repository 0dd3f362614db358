"""How a price and a size become the amounts of an order, in whole wei only.

Dollars and shares have 18 decimals; ours have six, so that a micro is 10^12 wei. A price keeps three significant digits
and a quantity five, the rest is cut; the order's money is their product. Source: the official SDK (predict-sdk 0.0.22).
"""

from __future__ import annotations

from typing import NamedTuple

from hedgerow.core.money import MICRO, Micros
from hedgerow.core.states import Side
from hedgerow.venues.ctf import Amounts, amounts_of
from hedgerow.venues.reading import UnreadableError

ETHER = 10**18
WEI = ETHER // MICRO
"""Wei of a micro."""

_PRICE_DIGITS, _QUANTITY_DIGITS = 3, 5
_MOST_DIGITS = 40


class Limit(NamedTuple):
    """What a limit order says: its price for a share and its quantity, cut, and the amounts that follow. Wei."""

    price: int
    quantity: int
    amounts: Amounts


def limit_of(side: Side, price: int, quantity: int) -> Limit:
    """Of an order at a price for a quantity, both in wei."""
    price, quantity = significant(price, _PRICE_DIGITS), significant(quantity, _QUANTITY_DIGITS)
    return Limit(price, quantity, amounts_of(side, price * quantity // ETHER, quantity))


def whole_quantity(size: int) -> int:
    """What of a size in micros an order can have."""
    return significant(size, _QUANTITY_DIGITS)


def significant(number: int, digits: int) -> int:
    """The number with all but so many leading digits set to zero."""
    step: int = 10 ** max(len(str(number)) - digits, 0)
    return number - number % step


def micros_of(text: str) -> Micros:
    """A text of wei in micros; what lies below a micro is dropped. Raises UnreadableError."""
    return Micros(wei_of(text) // WEI)


def wei_of(text: str) -> int:
    """Raises UnreadableError for what is no text of decimal digits."""
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        raise UnreadableError(f"{text[:50]!r} is no amount of wei")
    return int(text)
