"""The least and the most that one bet on one account may stake. Pure.

Effective limit = account override, else bookmaker default, else the odds entry's limit; minimum likewise, with the
venue's own minimum at the end. What can be had is never above what the odds entry offers now, nor above the account's
free balance. Amounts are compared in the account's currency, limits rounded down and minimums up to its minor unit.
Source: contract, Limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from hedgerow.execution.amounts import Currency, ceiled, converted, floored

USD = Currency("USD", Decimal(1))


@dataclass(frozen=True, slots=True)
class LimitFacts:
    """What is known of the limits of one account on one offer; None: not told, not set.

    In the account's currency: `account_max`, `account_min`, `venue_min`, `free` (balance that no bet holds; None:
    nobody looked, it binds nothing) and `used` (stake of the same order that this very offer has taken already). In
    USD: `default_max`, `default_min` of the bookmaker and `untold_max`, which is assumed where nobody names a limit. In
    `entry_currency`: the odds entry's.
    """

    currency: Currency
    free: Decimal | None
    venue_min: Decimal
    untold_max: Decimal
    account_max: Decimal | None = None
    account_min: Decimal | None = None
    default_max: Decimal | None = None
    default_min: Decimal | None = None
    entry_max: Decimal | None = None
    entry_min: Decimal | None = None
    entry_currency: Currency = USD
    used: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Bounds:
    """In the account's currency, whole minor units. Nothing can be bet where `least` is above `most`."""

    least: Decimal
    most: Decimal


def bounds(facts: LimitFacts, price: Decimal, *, is_back: bool) -> Bounds:
    """What one bet at that price may stake now. price > 1; the stake of a lay bet is the backer's. Limits and minimums
    are of the money at risk, which for a lay bet is stake × (price − 1)."""
    unit = facts.currency.unit
    offered = [_effective_max(facts)]
    if (entry := _entry(facts, facts.entry_max)) is not None:
        offered.append(floored(entry, unit))
    taken = floored(_staked(min(offered), price, is_back=is_back), unit)
    covered = covered_stake(facts, price, is_back=is_back)
    most = taken - facts.used if covered is None else min(taken - facts.used, covered)
    least = ceiled(_staked(_effective_min(facts), price, is_back=is_back), unit)
    return Bounds(max(least, unit), floored(max(most, Decimal(0)), unit))


def covered_stake(facts: LimitFacts, price: Decimal, *, is_back: bool) -> Decimal | None:
    """The highest stake that the free balance covers, in whole minor units; None where nobody looked at it."""
    if facts.free is None:
        return None
    # The liability of a lay bet is rounded up to whole units, so that only whole units of the balance cover any.
    free = floored(max(facts.free, Decimal(0)), facts.currency.unit)
    return floored(_staked(free, price, is_back=is_back), facts.currency.unit)


def at_risk(stake: Decimal, price: Decimal, currency: Currency, *, is_back: bool) -> Decimal:
    """The money that a bet takes from the balance: the stake, or what a lay bet may have to pay, rounded up."""
    return stake if is_back else ceiled(Fraction(stake) * Fraction(price - 1), currency.unit)


def _staked(risk: Decimal, price: Decimal, *, is_back: bool) -> Fraction | Decimal:
    """The stake that puts so much money at risk, exact."""
    return risk if is_back else Fraction(risk) / Fraction(price - 1)


def _effective_max(facts: LimitFacts) -> Decimal:
    unit, currency = facts.currency.unit, facts.currency
    if facts.account_max is not None:
        return floored(facts.account_max, unit)
    if facts.default_max is not None:
        return floored(converted(facts.default_max, USD, currency), unit)
    entry = _entry(facts, facts.entry_max)
    return floored(entry if entry is not None else converted(facts.untold_max, USD, currency), unit)


def _effective_min(facts: LimitFacts) -> Decimal:
    unit, currency = facts.currency.unit, facts.currency
    if facts.account_min is not None:
        least = ceiled(facts.account_min, unit)
    elif facts.default_min is not None:
        least = ceiled(converted(facts.default_min, USD, currency), unit)
    else:
        entry = _entry(facts, facts.entry_min)
        least = ceiled(entry if entry is not None else facts.venue_min, unit)
    return max(least, unit)


def _entry(facts: LimitFacts, amount: Decimal | None) -> Fraction | Decimal | None:
    """An amount of the odds entry in the account's currency."""
    return None if amount is None else converted(amount, facts.entry_currency, facts.currency)
