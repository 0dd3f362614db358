"""How much may be quoted: every cap in contracts, the smallest binds, and it is named.

A quote is never larger than what its hedge can take now: the limits of the hedge legs at the bookmaker are a budget
that all quotes share whose fills would need the same bets.

The values are structs, because they are made on the way from a tick to an order: frozen dataclasses take eight times
as long. Sums and extremes are loops for the same reason: a generator costs more than the few legs and caps it goes
through.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from hedgerow.core.money import MICRO, Micros
from hedgerow.core.odds import OddsMicros, inverse_ceil


class CapName(StrEnum):
    """What can bind, as shown to the client."""

    HEDGE_LIMIT = "hedge limit × limitRatio"
    HEDGE_CASH = "hedge account's balance"
    MAX_OUTCOME_STAKE = "maxOutcomeStake"
    OUTCOME = "the client's cap for an outcome"
    FIXTURE = "the client's cap for a fixture"
    TOURNAMENT = "the client's cap for a tournament"
    EXCHANGE = "the client's cap for an exchange"
    CLIENT = "the client's cap for everything"
    EXCHANGE_CASH = "exchange account's balance"
    LOT = "smaller than the exchange's or the hedge's minimum"
    GRID = "no price of the exchange's is good enough"
    RESULTS = "not every result of the contract is known to be hedged"
    FAIR_VALUE = "the odds have no fair value"
    DAILY_LOSS = "the day's loss reached its stop"
    HEDGE_REJECTS = "the bookmaker refuses too many hedges"
    ORDER_REJECTS = "the exchange refuses too many orders"


BOUND_BY_ORDERS = frozenset(
    {
        CapName.MAX_OUTCOME_STAKE,
        CapName.OUTCOME,
        CapName.FIXTURE,
        CapName.TOURNAMENT,
        CapName.EXCHANGE,
        CapName.CLIENT,
        CapName.EXCHANGE_CASH,
        CapName.LOT,
    }
)
"""Caps that leave more when an order ends; LOT, since what is cut to nothing may have been cut by one of them."""


class Cap(msgspec.Struct, frozen=True, gc=False):
    name: CapName
    contracts: int  # micros


class HedgeLeg(msgspec.Struct, frozen=True, gc=False):
    """One bet that a fill would need. `limit`: the highest stake taken now, in micros of USD."""

    odds: OddsMicros
    limit: Micros


class Size(msgspec.Struct, frozen=True, gc=False):
    contracts: Micros  # 0: do not quote
    bound_by: CapName


def hedge_limit_cap(legs: Sequence[HedgeLeg], ratio: int, drawn: Sequence[int], sharers: Sequence[int]) -> Cap:
    """ratio × limit × odds of the tightest leg, minus the payout already drawn on it, divided among the quotes that
    would draw on it. ratio: in micros. By leg: drawn, payout in micros, see `mm.exposure`; sharers, each >= 1."""
    tightest: int | None = None
    for leg, taken, shares in zip(legs, drawn, sharers, strict=True):
        left = max(0, leg.limit * ratio // MICRO * leg.odds // MICRO - taken) // shares
        if tightest is None or left < tightest:
            tightest = left
    return Cap(CapName.HEDGE_LIMIT, tightest or 0)


def hedge_cash_cap(legs: Sequence[HedgeLeg], cash: int, sharers: int) -> Cap:
    """What `cash` (micros of USD) can hedge: contracts whose legs cost Σ 1/oᵢ each."""
    cost = 0
    for leg in legs:
        cost += inverse_ceil(leg.odds)
    return Cap(CapName.HEDGE_CASH, max(0, cash) * MICRO // cost // sharers if cost else 0)


def stake_cap(name: CapName, room: int, risk_price: int) -> Cap:
    """Contracts that `room` (micros of USD) buys at `risk_price` micros of money at risk each."""
    return Cap(name, max(0, room) * MICRO // risk_price)


def least_hedgeable(legs: Sequence[HedgeLeg], minimum_stake: int) -> int:
    """The smallest fill whose every hedge bet reaches the bookmaker's minimum stake (micros of USD)."""
    longest = 0
    for leg in legs:
        longest = max(longest, leg.odds)
    return -(-minimum_stake * longest // MICRO)


def size(caps: Sequence[Cap], lot: int, least: int) -> Size:
    """The smallest cap, cut to whole lots; 0 when it is below `least`. caps: at least one; of equal ones the first is
    named."""
    binding = caps[0]
    for cap in caps:
        if cap.contracts < binding.contracts:
            binding = cap
    whole = binding.contracts // lot * lot
    if whole <= 0:
        return Size(Micros(0), binding.name)
    return Size(Micros(whole), binding.name) if whole >= least else Size(Micros(0), CapName.LOT)
