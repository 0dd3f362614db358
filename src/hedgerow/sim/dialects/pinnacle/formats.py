"""Odds formats: what decimal odds are in American, Hong Kong, Indonesian and Malay odds, and stakes of a win.

Source: the usual definitions; in all but the decimal one the stake is not part of what is paid back.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from hedgerow.core.money import round_down

DECIMAL = "DECIMAL"
FORMATS = frozenset({"AMERICAN", DECIMAL, "HONGKONG", "INDONESIAN", "MALAY"})
"""As the Bets API spells them; the Lines API writes Decimal, HongKong."""

_THREE = Decimal("0.001")


def odds_in(odds_format: str, price: Decimal) -> Decimal:
    """Decimal odds (> 1) in a format; American ones are whole, the others have three decimals."""
    profit = price - 1
    pays_more = profit >= 1
    match odds_format:
        case "AMERICAN":
            american = profit * 100 if pays_more else -100 / profit
            return american.quantize(Decimal(1), ROUND_HALF_UP)
        case "HONGKONG":
            return profit.quantize(_THREE, ROUND_HALF_UP)
        case "INDONESIAN":
            return (profit if pays_more else -1 / profit).quantize(_THREE, ROUND_HALF_UP)
        case "MALAY":
            return (-1 / profit if profit > 1 else profit).quantize(_THREE, ROUND_HALF_UP)
        case _:
            return price


def win_of(risk: Decimal, price: Decimal, currency: str) -> Decimal:
    """What a bet wins on top of its stake, as it will be paid."""
    return round_down(risk * price, currency) - risk


def risk_for_win(win: Decimal, price: Decimal, currency: str) -> Decimal:
    """The stake that wins the amount, at most."""
    return round_down(win / (price - 1), currency)
