"""A bookmaker's margin, and four ways to take it out: fair probabilities from odds.

With q = 1/o and S = Σ q, the overround, fair probabilities are p with Σ p = 1:

    multiplicative   p = q / S
    additive         p = q − (S − 1) / n
    power            p = q^k, k such that they add up to 1
    Shin             p = (√(z² + 4 (1 − z) q² / S) − z) / (2 (1 − z)), z such that they add up to 1

Only the mode `fair_value` needs them; a maker who hedges every fill prices from the hedge (`mm.pricing`). Sources:
Clarke, Kovalchik and Ingram, "Adjusting Bookmaker's Odds to Allow for Overround", American Journal of Sports Science
5 (2017), for the first three and for the proof that Shin's is additive where there are two outcomes; Shin, "Measuring
the Incidence of Insider Trading in a Market for State-Contingent Claims", Economic Journal 103 (1993), in the form of
Jullien and Salanié, Economic Journal 104 (1994).

The same odds give the same digits on every machine: whole numbers, and for the power method decimals of 28 digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal, localcontext
from enum import StrEnum
from functools import lru_cache
from math import isqrt

from hedgerow.core.money import MICRO
from hedgerow.core.odds import OddsMicros

FINE = 10**12
"""Fair probabilities are whole numbers of this part of 1: rounding to micros comes last, each way its own."""

_SCALE = 10**18
_SHIN_HALVINGS = 50
"""z to 2^-50: beyond FINE, since p moves by less than z does."""
_DECIMALS = Context(prec=28)
_POWER_STEPS = 40
_POWER_NEAR = Decimal(10) ** -20


class Margin(StrEnum):
    """How the margin is taken out."""

    MULTIPLICATIVE = "multiplicative"
    ADDITIVE = "additive"
    POWER = "power"
    SHIN = "shin"


@lru_cache(maxsize=4096)
def fair_probabilities(odds: tuple[OddsMicros, ...], method: Margin) -> tuple[int, ...] | None:
    """The fair probability of every outcome, in units of 1/FINE, rounded down: together 1 but for some units.

    odds: of all outcomes of a market, at least two. None where there is no margin to take out (the odds add up to
    less than 1: one of them is wrong), and where the additive method leaves an outcome no chance. Remembered, since all
    quotes of a market ask for the same odds.
    """
    inverse = [_SCALE * MICRO // one for one in odds]
    overround = sum(inverse)
    if overround < _SCALE - len(inverse):  # each inverse lost less than one unit
        return None
    match method:
        case Margin.MULTIPLICATIVE:
            return tuple(FINE * q // overround for q in inverse)
        case Margin.POWER:
            return _power(inverse)
        case Margin.SHIN if len(inverse) > 2:
            return _shin(inverse, overround)
        case _:
            return _additive(inverse, overround)


def _additive(inverse: Sequence[int], overround: int) -> tuple[int, ...] | None:
    """Every outcome carries the same part of the margin."""
    share = -(-(overround - _SCALE) // len(inverse))
    fair = tuple((q - share) * FINE // _SCALE for q in inverse)
    return fair if min(fair) > 0 else None


def _power(inverse: Sequence[int]) -> tuple[int, ...]:
    """k by Newton's method from 1: Σ q^k falls and is convex, so that every step stays on the near side of the root."""
    with localcontext(_DECIMALS):
        logs = [(Decimal(q) / _SCALE).ln() for q in inverse]
        k = Decimal(1)
        for _ in range(_POWER_STEPS):
            powers = [(k * log).exp() for log in logs]
            excess = sum(powers, Decimal(-1))
            if abs(excess) < _POWER_NEAR:
                break
            slope = sum((power * log for power, log in zip(powers, logs, strict=True)), Decimal(0))
            k -= excess / slope
        return tuple(int(power * FINE) for power in powers)


def _shin(inverse: Sequence[int], overround: int) -> tuple[int, ...]:
    """z by halving: the probabilities add up to √S at z = 0, and to less than 1 at z = 1."""
    squares = [q * q * _SCALE // overround for q in inverse]  # q²/S in units of 1/_SCALE²
    low, high = 0, _SCALE
    for _ in range(_SHIN_HALVINGS):
        z = (low + high) // 2
        if sum(_shin_terms(squares, z)) > 2 * (_SCALE - z):
            low = z
        else:
            high = z
    return tuple(term * FINE // (2 * (_SCALE - high)) for term in _shin_terms(squares, high))


def _shin_terms(squares: Sequence[int], z: int) -> list[int]:
    """√(z² + 4 (1 − z) q²/S) − z of every outcome, in units of 1/_SCALE."""
    return [isqrt(z * z + 4 * (_SCALE - z) * square // _SCALE) - z for square in squares]
