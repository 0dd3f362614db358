"""What an exchange that bets are placed at keeps of net winnings, and the odds that are left.

A bet at decimal odds o that wins pays its stake and (o − 1) times it; of the second part a rate c is kept. So it is
worth a bet without commission at

    net odds = 1 + (o − 1)·(1 − c)

and every rule for bets (break-even, equal payouts, drift) holds with them. Where the exchange charges the net winnings
of a whole market, losing bets of the market make it charge less, never more: what is worked out bet by bet is the most
that can be kept, whatever the result is.

Sources: support.betfair.com, "What is Commission and how is it calculated?" (net winnings on a market × rate);
bettingexpert.com, "How To Calculate Betting Commission" (the odds that are left).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from math import ceil
from typing import Any

from hedgerow.core.errors import InputError
from hedgerow.core.money import MICRO
from hedgerow.core.odds import OddsMicros

COMMISSION = "commissionRate"
"""The entry of an account's meta that is the exchange's share of net winnings, from 0 to 1."""


def commission_rate(meta: Mapping[str, Any]) -> Decimal:
    """The account's rate; 0 where none is named. Raises InputError for what is none."""
    said = meta.get(COMMISSION, 0)
    with suppress(InvalidOperation):
        rate = Decimal(str(said))
        if rate.is_finite() and 0 <= rate <= 1:
            return rate
    raise InputError(f"{COMMISSION} must be a number from 0 to 1, not {said!r}")


def kept_of_hedges(meta: Mapping[str, Any]) -> int:
    """The account's rate in micros, rounded up. Raises InputError for what is none, and where nothing would be left."""
    rate = ceil(commission_rate(meta) * MICRO)
    if rate == MICRO:
        raise InputError(f"{COMMISSION} is 1: bets of which nothing is won hedge nothing")
    return rate


def net_odds(odds: OddsMicros, rate: int) -> OddsMicros:
    """Rounded down. rate: micros, 0 to 1,000,000."""
    return OddsMicros(MICRO + (odds - MICRO) * (MICRO - rate) // MICRO)


def gross_odds(net: OddsMicros, rate: int) -> OddsMicros:
    """The odds of which `net` are left, rounded up: the lowest whose net odds are not below it. rate: micros, less
    than 1,000,000."""
    return OddsMicros(MICRO - (MICRO - net) * MICRO // (MICRO - rate))
