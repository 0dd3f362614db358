"""The rule that turns a two-runner exchange market into a bookmaker's two-way odds. docs/decisions/0015 explains it.

A runner's probability is the middle between its best back and best lay, in probabilities; where the market shows no
depth at all it is the last traded price. The two are scaled to sum 1, the margin is put on, and the odds are rounded
down to the bookmaker's grid. Everything is decimal, so the same recording gives the same odds everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from hedgerow.core.money import decimal_of, micros

DEFAULT_MARGIN = Decimal("0.02")

# Of the middle price. A wider book is a few forgotten orders, not an opinion.
WIDEST_SPREAD = Decimal("0.10")
# By how much the two runners' probabilities may miss 1 together before they contradict each other.
WIDEST_GAP = Decimal("0.10")
# The same for last traded prices, which need not be of the same moment: beyond it only the newer one counts.
WIDEST_GAP_OF_TRADES = Decimal("0.05")

LOWEST_ODDS, HIGHEST_ODDS = Decimal("1.01"), Decimal(1000)
_FINE_TICK, _COARSE_TICK, _COARSE_FROM = Decimal("0.001"), Decimal("0.01"), Decimal(10)

# A bookmaker changes limits in steps; small steps would be ticks that mean nothing.
LIMIT_STEPS = tuple(Decimal(step) for step in (50, 100, 200, 500, 1000, 2000, 5000))
LIMIT_WITHOUT_DEPTH = Decimal(1000)
DEPTH_SHARE = Decimal("0.5")
DEPTH_LEVELS = 3


@dataclass(frozen=True, slots=True)
class RunnerBook:
    """What is known of one runner: best odds to back and to lay, last traded odds and when they were heard (a
    counter)."""

    back: Decimal | None = None
    lay: Decimal | None = None
    traded: Decimal | None = None
    traded_at: int = 0

    @property
    def middle(self) -> Decimal | None:
        """The probability in the middle of a sane book; None for a crossed, one-sided or too wide one."""
        if self.back is None or self.lay is None or self.back >= self.lay:
            return None
        above, below = 1 / self.back, 1 / self.lay
        return None if above - below > WIDEST_SPREAD else (above + below) / 2


def fair(first: RunnerBook, second: RunnerBook, *, depth_is_recorded: bool) -> tuple[Decimal, Decimal] | None:
    """Both runners' probabilities, sum 1; None where the market says too little or contradicts itself.

    depth_is_recorded: whether the recording has order books at all. Where it has, a market whose books are empty is
    not priced from old trades.
    """
    if depth_is_recorded:
        return _together(first.middle, second.middle, WIDEST_GAP)
    old, new = sorted((first, second), key=lambda book: book.traded_at)
    both = _together(_inverse(first.traded), _inverse(second.traded), WIDEST_GAP_OF_TRADES)
    if both is not None or new.traded is None:
        return both
    probability = 1 / new.traded
    return (probability, 1 - probability) if old is second else (1 - probability, probability)


def _inverse(odds: Decimal | None) -> Decimal | None:
    return None if odds is None else 1 / odds


def _together(first: Decimal | None, second: Decimal | None, gap: Decimal) -> tuple[Decimal, Decimal] | None:
    """Scaled to sum 1; one alone gives the other as its complement."""
    if first is None:
        return None if second is None else (1 - second, second)
    if second is None:
        return first, 1 - first
    total = first + second
    return None if abs(total - 1) > gap else (first / total, second / total)


def two_way_odds(fair: tuple[Decimal, Decimal], margin: Decimal) -> tuple[Decimal, Decimal] | None:
    """Decimal odds of two fair probabilities that sum to 1, with an overround of at least `margin`.

    Each is 1 / (p × (1 + margin)), rounded down to three decimals below 10 and two above. None when one of them lies
    outside 1.01 to 1000: so one-sided a match is not offered, for at the bounds the margin would be gone.
    """
    odds = [_rounded_down(1 / (p * (1 + margin))) if p > 0 else HIGHEST_ODDS + 1 for p in fair]
    return (odds[0], odds[1]) if all(LOWEST_ODDS <= o <= HIGHEST_ODDS for o in odds) else None


def _rounded_down(odds: Decimal) -> Decimal:
    rounded = odds.quantize(_COARSE_TICK if odds >= _COARSE_FROM else _FINE_TICK, rounding=ROUND_DOWN)
    return decimal_of(micros(rounded))  # without trailing zeros, as the feed writes numbers


def limit_of_depth(depth: Decimal) -> Decimal:
    """The highest stake: the largest step within half of `depth`, the money in the runner's best levels."""
    within = [step for step in LIMIT_STEPS if step <= depth * DEPTH_SHARE]
    return within[-1] if within else LIMIT_STEPS[0]
