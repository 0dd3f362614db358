"""Why a decision is as it is: which limit bound a candidate, and what bound each stake. Pure.

Everything is worked out again from what the receipt keeps; nothing here decides.
Source: contract, Limits (the cascade) and Routing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from hedgerow.abp.limits import LimitFacts, bounds, covered_stake
from hedgerow.abp.receipts import Receipt
from hedgerow.abp.routing import Allocation, Candidate

ACCOUNT, BOOKMAKER, OFFER, ASSUMED = "account limit", "bookmaker limit", "offer limit", "assumed limit"
BALANCE = "balance"
ACCOUNT_MIN, BOOKMAKER_MIN, OFFER_MIN, VENUE_MIN = (
    "account minimum",
    "bookmaker minimum",
    "offer minimum",
    "venue minimum",
)
ORDER, AVERAGE = "open stake of the order", "average price of the order"

_NO_BOUND = Decimal(10) ** 18


@dataclass(frozen=True, slots=True)
class Explained:
    """What a candidate takes, in its account's currency, and by what. Several have bound it where they are equal."""

    least: Decimal
    most: Decimal
    least_by: str
    most_by: tuple[str, ...]


def explained(candidate: Candidate, *, is_back: bool) -> Explained | None:
    """The bounds of a candidate with their names; None without a price."""
    facts, price = candidate.limits, candidate.price
    if price is None or price <= 1:
        return None
    found = bounds(facts, price, is_back=is_back)
    caps = _caps(facts, price, is_back=is_back)
    most_by = tuple(name for name, cap in caps.items() if max(cap, Decimal(0)) <= found.most)
    return Explained(found.least, found.most, _minimum(facts), most_by)


def bound_by(receipt: Receipt, allocation: Allocation) -> tuple[str, ...]:
    """What kept an allocation from being larger."""
    candidate = next(one for one in receipt.candidates if one.account_id == allocation.account_id)
    limits = explained(candidate, is_back=receipt.wanted.is_back)
    if limits is not None and allocation.stake >= limits.most:
        return limits.most_by
    before = receipt.decision.allocations[: receipt.decision.allocations.index(allocation) + 1]
    left = receipt.wanted.open_stake - sum((one.order_stake for one in before), Decimal(0))
    # What is less than a unit of the account's currency cannot be bet there, and stays over.
    unit_in_order = allocation.order_stake / allocation.stake * candidate.limits.currency.unit
    return (ORDER,) if left <= unit_in_order else (AVERAGE,)


def _caps(facts: LimitFacts, price: Decimal, *, is_back: bool) -> dict[str, Decimal]:
    """Each bound alone, what the order has used of it taken off. The cascade's first limit that is set counts, beside
    what is offered now and the balance."""

    def alone(facts: LimitFacts) -> Decimal:
        return bounds(replace(facts, free=None), price, is_back=is_back).most

    first = (
        ACCOUNT
        if facts.account_max is not None
        else BOOKMAKER
        if facts.default_max is not None
        else OFFER
        if facts.entry_max is not None
        else ASSUMED
    )
    caps = {first: alone(facts if first == OFFER else replace(facts, entry_max=None))}
    if facts.entry_max is not None:
        caps[OFFER] = alone(replace(facts, account_max=_NO_BOUND))
    covered = covered_stake(facts, price, is_back=is_back)
    return caps if covered is None else caps | {BALANCE: covered}


def _minimum(facts: LimitFacts) -> str:
    if facts.account_min is not None:
        return ACCOUNT_MIN
    if facts.default_min is not None:
        return BOOKMAKER_MIN
    return OFFER_MIN if facts.entry_min is not None else VENUE_MIN
