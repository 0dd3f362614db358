"""A partner's own odds: the venue's, with the partner's margin put on top of the market's. Pure.

Source: the wiki of Cloudbet, on margins: the implied probability of an outcome is 1 / (odds × overround), the partner's
odds are 1 / (implied × adjusted overround), where the adjusted overround is the market's plus the margin. The wiki's
example takes the margin for the adjusted overround itself; which of the two a partner's desk means it has to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

from hedgerow.core.errors import SetupError
from hedgerow.venues.base import Account

K = TypeVar("K")

_ONE = 10_000
_MODES = ("additive", "absolute")


@dataclass(frozen=True, slots=True)
class Margin:
    """basis_points: hundredths of a percent, of the market's own overround (additive), or the whole of it (absolute,
    where 11000 is an overround of 1.10)."""

    basis_points: int
    is_absolute: bool = False

    def odds(self, prices: Mapping[K, Decimal], outcome: K) -> Decimal | None:
        """The partner's odds of one outcome, rounded down to the finest decimals that the market has, two at least.
        prices: decimal odds (> 1) of every outcome of the market; None where they are not all there, for no market
        of the venue pays more than it takes, and where the odds would be 1 or less."""
        overround = sum((1 / Fraction(price) for price in prices.values()), Fraction(0))
        if overround < 1:
            return None
        margin = Fraction(self.basis_points, _ONE)
        adjusted = margin if self.is_absolute else overround + margin
        step = 10 ** max(2, *(-int(price.as_tuple().exponent) for price in prices.values()))
        steps = Fraction(prices[outcome]) * overround / adjusted * step // 1
        return Decimal(steps) / step if steps > step else None


def margin_of(account: Account) -> Margin | None:
    """Of a partner's account: its meta `margin_bps` (0 to 5000; where `margin_mode` is absolute, 10000 to 15000); None
    where it has none. Raises SetupError."""
    text, mode = account.meta.get("margin_bps"), account.meta.get("margin_mode", "additive")
    if mode not in _MODES:
        raise SetupError(f"margin_mode of account {account.username} is {mode!r}", f"give one of {', '.join(_MODES)}")
    if text is None:
        return None
    is_absolute = mode == "absolute"
    least = _ONE if is_absolute else 0
    is_number = text.isascii() and text.isdigit() and len(text) <= 5
    if not is_number or not least <= int(text) <= least + 5_000:
        what = f"margin_bps of account {account.username} is {text!r}"
        raise SetupError(what, f"give whole basis points from {least} to {least + 5_000}")
    return Margin(int(text), is_absolute)
