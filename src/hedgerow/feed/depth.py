"""The lay side of a quote, and its exact price, out of the order book that exchanges' rows carry in `meta`.

Three shapes are known: levels as of Polymarket and Kalshi (`{"lay": [{"price", "size", ...}]}`, the size in contracts),
the older scalar (`{"lay": 2.817}`, the decimal price of the complementary contract), and Betfair's
(`{"availableToLay": [{"price", "size"}]}`, the size a backer's stake). A row without one of them has no lay side.
Source: recorded rows of OddsPapi v5; `availableToLay` is how Betfair itself names it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import msgspec

from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.money import MICRO, Micros, is_amount
from hedgerow.core.odds import OddsMicros

_MOST_LEVELS = 200
_HALF_A_THOUSANDTH = 501  # micros, what is cut off included
_HIGHEST = Decimal(100_000)


@dataclass(frozen=True, slots=True)
class LaySide:
    """The best price to lay at now. odds: rounded up, which for a layer is never better than it is; liability: the
    most that can be put at risk at that price, in the bookmaker's limit currency, None where it is not told."""

    odds: OddsMicros
    liability: Micros | None


class _Level(msgspec.Struct):
    """cents: the contract's price, of which `price` is the inverse to three decimals."""

    price: Decimal
    size: Decimal | None = None
    cents: Decimal | None = None

    @property
    def odds(self) -> Fraction:
        cents = self.cents
        if cents is None or not is_amount(cents) or not 0 < cents < 1:
            return Fraction(self.price)
        return 1 / Fraction(cents)


class _Meta(msgspec.Struct, rename="camel"):
    back: list[_Level] | None = None
    lay: list[_Level] | Decimal | None = None
    available_to_lay: list[_Level] | None = None


_decoder = msgspec.json.Decoder(_Meta)


def lay_side(meta: bytes | None) -> LaySide | None:
    """The lay side that a row's `meta` tells; None where it tells none that can be read."""
    told = _read(meta)
    if told is None:
        return None
    if isinstance(told.lay, Decimal):
        return LaySide(_odds(_against(told.lay)), None) if _is_price(told.lay) else None
    if told.lay:
        return _best(told.lay, in_contracts=True)
    return _best(told.available_to_lay or [], in_contracts=False)


def exact_odds(told: OddsMicros, meta: bytes | None) -> OddsMicros:
    """The price of a row that tells it to three decimals, as its book has it: a contract at 0.96 is told as 1.042, and
    at 1.042 nobody could have it. Rounded down; the row's own where the book has another best price."""
    book = _read(meta)
    if book is None or not book.back:
        return told
    levels = [one for one in book.back if _is_price(one.price)]
    best = max((one.odds for one in levels[:_MOST_LEVELS]), default=Fraction(0))
    exact = int(best * MICRO)
    return OddsMicros(exact) if exact > MICRO and abs(exact - told) <= _HALF_A_THOUSANDTH else told


def _read(meta: bytes | None) -> _Meta | None:
    try:
        return None if meta is None else _decoder.decode(meta)
    except UNREADABLE:
        return None


def _best(levels: list[_Level], *, in_contracts: bool) -> LaySide | None:
    """The lowest price that something stands at."""
    standing = [one for one in levels[:_MOST_LEVELS] if _is_price(one.price) and (one.size is None or _is_size(one))]
    if not standing:
        return None
    best = min(standing, key=lambda one: one.odds)
    odds = best.odds
    if best.size is None:
        return LaySide(_odds(odds), None)
    # One contract sold at p = 1/odds risks 1 − p; a backer's stake of 1 risks odds − 1.
    each = 1 - 1 / odds if in_contracts else odds - 1
    return LaySide(_odds(odds), Micros(int(Fraction(best.size) * each * MICRO)))


def _is_price(price: Decimal) -> bool:
    return price.is_finite() and 1 < price <= _HIGHEST


def _is_size(level: _Level) -> bool:
    return level.size is not None and is_amount(level.size) and level.size > 0


def _against(price: Decimal) -> Fraction:
    """The odds to lay an outcome at whose complement is backed at `price`."""
    return Fraction(price) / Fraction(price - 1)


def _odds(odds: Fraction) -> OddsMicros:
    return OddsMicros(-(-odds * MICRO // 1))
