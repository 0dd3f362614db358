"""Recorded decisions made again by the present router: what would differ, order by order and in sum. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from hedgerow.abp.receipts import Receipt, recompute
from hedgerow.abp.routing import Decision


@dataclass(frozen=True, slots=True)
class Leg:
    """What an account got by the record and gets now, in its currency; None: nothing."""

    account_id: int
    bookmaker: str
    currency: str
    recorded_stake: Decimal | None
    recorded_price: Decimal | None
    present_stake: Decimal | None
    present_price: Decimal | None


@dataclass(frozen=True, slots=True)
class Difference:
    """A decision that would be another now. legs: those that differ; none where only reasons do. reasons: of accounts
    that are left out for another reason, as `bookmaker: before → now`. Unrouted stakes in the order's currency."""

    order_id: int
    attempt: int
    legs: tuple[Leg, ...]
    reasons: tuple[str, ...]
    recorded_unrouted: Decimal
    present_unrouted: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Sum:
    """Of all orders of one currency: what was routed, and would be."""

    currency: str
    recorded: Decimal
    present: Decimal


@dataclass(frozen=True, slots=True)
class Replay:
    """What a file of receipts shows."""

    orders: int
    decisions: int
    differences: tuple[Difference, ...]
    sums: tuple[Sum, ...]


def replayed(orders: Iterable[Sequence[Receipt]]) -> Replay:
    """Decides everything again. Each decision is made from what was recorded for it, so that one which differs does not
    change the next."""
    count = decisions = 0
    differences: list[Difference] = []
    recorded: defaultdict[str, Decimal] = defaultdict(Decimal)
    present: defaultdict[str, Decimal] = defaultdict(Decimal)
    for receipts in orders:
        count += 1
        for receipt in receipts:
            decisions += 1
            now = recompute(receipt)
            currency = receipt.wanted.currency.code
            recorded[currency] += receipt.wanted.open_stake - receipt.decision.unrouted
            present[currency] += receipt.wanted.open_stake - now.unrouted
            if now != receipt.decision:
                differences.append(_difference(receipt, now))
    sums = tuple(Sum(currency, recorded[currency], present[currency]) for currency in sorted(recorded))
    return Replay(count, decisions, tuple(differences), sums)


def _difference(receipt: Receipt, now: Decision) -> Difference:
    before = receipt.decision
    return Difference(
        receipt.order_id,
        receipt.attempt,
        _legs(before, now),
        _reasons(before, now),
        before.unrouted,
        now.unrouted,
        receipt.wanted.currency.code,
    )


def _legs(before: Decision, now: Decision) -> tuple[Leg, ...]:
    recorded = {one.account_id: one for one in before.allocations}
    present = {one.account_id: one for one in now.allocations}
    legs = []
    for account_id in dict.fromkeys((*recorded, *present)):
        was, gets = recorded.get(account_id), present.get(account_id)
        known = was or gets
        if was == gets or known is None:
            continue
        legs.append(
            Leg(
                account_id,
                known.bookmaker,
                known.currency,
                None if was is None else was.stake,
                None if was is None else was.price,
                None if gets is None else gets.stake,
                None if gets is None else gets.price,
            )
        )
    return tuple(legs)


def _reasons(before: Decision, now: Decision) -> tuple[str, ...]:
    recorded = {one.account_id: one for one in before.left_out}
    return tuple(
        f"{one.bookmaker}: {recorded[one.account_id].why} → {one.why}"
        for one in now.left_out
        if one.account_id in recorded and recorded[one.account_id].why != one.why
    )
