"""Which bookmakers take how much of an order. Pure: the same order and candidates give the same decision.

Candidates that may be used are put in the order of preference (price, account priority, larger limit, lower recent
failure rate) and filled greedily. Every other candidate is named with the reason why it was left out.

Price rule `each`: no bet at a worse price than the order's. `average` (opt-in): a bet may be at a worse price as long
as the stake-weighted average of the whole order stays at the order's price or better. Worse bets then rest on what
better bets have surely brought, never on what is under way: one of the two could be refused.
Source: contract, Routing; the average rule is how users of comparable services know it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from hedgerow.abp.limits import Bounds, LimitFacts, bounds
from hedgerow.abp.orders import PriceRule
from hedgerow.execution.amounts import MICRO_UNIT, Currency, ceiled, converted, floored


@dataclass(frozen=True, slots=True)
class Taken:
    """A bet of the order that holds stake: confirmed (`is_sure`), or not answered. Stake in the order's currency."""

    stake: Decimal
    price: Decimal
    is_sure: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is still to be bet of an order. `open_stake` in `currency`, in whole micros; bookmakers: None for all."""

    is_back: bool
    price: Decimal
    open_stake: Decimal
    currency: Currency
    bookmakers: frozenset[str] | None
    accepts_better: bool
    accepts_partial: bool
    price_rule: PriceRule
    taken: tuple[Taken, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """An account and what its bookmaker offers on the outcome now.

    price: None where there is no offer; unusable: why nothing may be bet there whatever the price (suspended, circuit
    breaker, in doubt); failure_rate: share of its last bets that failed, 0..1; market_ref, outcome_ref: the
    bookmaker's own ids of the line.
    """

    account_id: int
    bookmaker: str
    username: str
    priority: int
    price: Decimal | None
    limits: LimitFacts
    failure_rate: Decimal = Decimal(0)
    unusable: str | None = None
    market_ref: str = ""
    outcome_ref: str = ""


@dataclass(frozen=True, slots=True)
class Allocation:
    """One bet to be sent. `stake` in the account's currency; `order_stake` is what of the order it stands for."""

    account_id: int
    bookmaker: str
    price: Decimal
    stake: Decimal
    currency: str
    order_stake: Decimal


@dataclass(frozen=True, slots=True)
class LeftOut:
    account_id: int
    bookmaker: str
    why: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The bets in the order of preference, and every candidate that gets none. `unrouted`: of the open stake."""

    allocations: tuple[Allocation, ...]
    left_out: tuple[LeftOut, ...]
    unrouted: Decimal


def route(wanted: Wanted, candidates: Sequence[Candidate]) -> Decision:
    """Decides. The stakes of the decision never exceed the open stake, a limit or a balance."""
    usable, left_out = _sorted_out(wanted, candidates)
    allocations = _spread(wanted, usable, left_out) if wanted.accepts_partial else _whole(wanted, usable, left_out)
    routed = sum((allocation.order_stake for allocation in allocations), Decimal(0))
    return Decision(tuple(allocations), tuple(left_out), wanted.open_stake - routed)


def is_up_to_money(wanted: Wanted, candidates: Sequence[Candidate]) -> bool:
    """Whether limits and balances decide: False where `route` has nothing to bet whatever they are. A look at the
    prices alone."""
    found = (_price(wanted, candidate) for candidate in candidates)
    # Worse prices rest on what the order's bets have brought.
    return any(
        not isinstance(price, str) and (bool(wanted.taken) or is_as_good(price, wanted.price, is_back=wanted.is_back))
        for price in found
    )


def is_as_good(price: Decimal, wanted: Decimal, *, is_back: bool) -> bool:
    """Whether a price is the wanted one or better: higher to back, lower to lay."""
    return price >= wanted if is_back else price <= wanted


@dataclass(frozen=True, slots=True)
class _Usable:
    candidate: Candidate
    price: Decimal
    bounds: Bounds


def _sorted_out(wanted: Wanted, candidates: Sequence[Candidate]) -> tuple[list[_Usable], list[LeftOut]]:
    usable: list[_Usable] = []
    left_out: list[LeftOut] = []
    for candidate in candidates:
        found = _usable(wanted, candidate)
        if isinstance(found, str):
            left_out.append(_left(candidate, found))
        else:
            usable.append(found)
    if len(usable) > 1:
        usable.sort(key=lambda one: _preference(wanted, one))
    return usable, left_out


def _usable(wanted: Wanted, candidate: Candidate) -> _Usable | str:
    """The candidate with what it takes now, or why it is left out."""
    price = _price(wanted, candidate)
    if isinstance(price, str):
        return price
    found = bounds(candidate.limits, price, is_back=wanted.is_back)
    code = candidate.limits.currency.code
    if found.most < found.least:
        return f"available limit {found.most} {code} is below the minimum {found.least} {code}"
    return _Usable(candidate, price, found)


def _price(wanted: Wanted, candidate: Candidate) -> Decimal | str:
    """What can be had there, or why the candidate is left out whatever its limits."""
    if wanted.bookmakers is not None and candidate.bookmaker not in wanted.bookmakers:
        return "bookmaker is not allowed"
    if candidate.unusable is not None:
        return candidate.unusable
    price = candidate.price
    if price is None or price <= 1:
        return "no price"
    if not wanted.accepts_better and price != wanted.price:
        return f"price {price} is not exactly {wanted.price}"
    if not is_as_good(price, wanted.price, is_back=wanted.is_back) and wanted.price_rule is PriceRule.EACH:
        return f"price {price} is worse than {wanted.price}"
    return price


def _preference(wanted: Wanted, one: _Usable) -> tuple[Decimal, int, Fraction, Decimal, int]:
    candidate = one.candidate
    limit = Fraction(converted(one.bounds.most, candidate.limits.currency, wanted.currency))
    price = -one.price if wanted.is_back else one.price
    return price, -candidate.priority, -limit, candidate.failure_rate, candidate.account_id


def _spread(wanted: Wanted, usable: Sequence[_Usable], left_out: list[LeftOut]) -> list[Allocation]:
    """Fills from one candidate after the other."""
    allocations: list[Allocation] = []
    left, surplus = wanted.open_stake, _surplus(wanted)
    for one in usable:
        room: Fraction | Decimal = left
        is_worse = not is_as_good(one.price, wanted.price, is_back=wanted.is_back)
        if is_worse:
            room = min(Fraction(left), max(surplus, Fraction(0)) / _worse_by(wanted, one.price))
        stake = _stake(wanted, one, room)
        if stake is None:
            left_out.append(_left(one.candidate, _too_little(wanted, one, left, is_worse=is_worse)))
            continue
        allocation = _allocation(wanted, one, stake)
        allocations.append(allocation)
        left -= allocation.order_stake
        if is_worse:
            surplus -= Fraction(allocation.order_stake) * _worse_by(wanted, one.price)
    return allocations


def _whole(wanted: Wanted, usable: Sequence[_Usable], left_out: list[LeftOut]) -> list[Allocation]:
    """Fills from the first candidate that takes all of it, or not at all."""
    allocations: list[Allocation] = []
    for one in usable:
        whole = _in_account(wanted, one, wanted.open_stake)
        is_worse = not is_as_good(one.price, wanted.price, is_back=wanted.is_back)
        if wanted.taken:
            left_out.append(_left(one.candidate, "a part is taken, and only the whole stake was wanted"))
        elif allocations:
            left_out.append(_left(one.candidate, "the stake is placed elsewhere"))
        elif is_worse:
            left_out.append(_left(one.candidate, f"price {one.price} is worse than {wanted.price}"))
        elif not one.bounds.least <= whole <= one.bounds.most:
            code = one.candidate.limits.currency.code
            range_ = f"{one.bounds.least} to {one.bounds.most} {code}"
            left_out.append(_left(one.candidate, f"takes {range_}, not the whole stake of {whole} {code}"))
        else:
            allocations.append(_allocation(wanted, one, whole))
    return allocations


def _stake(wanted: Wanted, one: _Usable, room: Fraction | Decimal) -> Decimal | None:
    """What the candidate gets of so much room in the order's currency; None where that is less than it takes."""
    stake = min(one.bounds.most, _in_account(wanted, one, room))
    return stake if stake >= one.bounds.least else None


def _in_account(wanted: Wanted, one: _Usable, amount: Fraction | Decimal) -> Decimal:
    currency = one.candidate.limits.currency
    return floored(converted(amount, wanted.currency, currency), currency.unit)


def _allocation(wanted: Wanted, one: _Usable, stake: Decimal) -> Allocation:
    candidate = one.candidate
    currency = candidate.limits.currency
    return Allocation(
        candidate.account_id,
        candidate.bookmaker,
        one.price,
        stake,
        currency.code,
        # The open stake is in whole micros, so that rounding up to one never passes it.
        ceiled(converted(stake, currency, wanted.currency), MICRO_UNIT),
    )


def _worse_by(wanted: Wanted, price: Decimal) -> Fraction:
    """By how much a price misses the order's; not above 0 for one that is as good."""
    missed = Fraction(wanted.price) - Fraction(price)
    return missed if wanted.is_back else -missed


def _surplus(wanted: Wanted) -> Fraction:
    """What the bets so far are better than the order's price, as stake times price. A good bet counts once it is sure,
    a worse one as soon as it may stand."""
    gains = ((taken, -_worse_by(wanted, taken.price) * Fraction(taken.stake)) for taken in wanted.taken)
    return sum((gain for taken, gain in gains if taken.is_sure or gain < 0), Fraction(0))


def _too_little(wanted: Wanted, one: _Usable, left: Decimal, *, is_worse: bool) -> str:
    if is_worse:
        return f"price {one.price} is worse than {wanted.price}, and the average leaves no room"
    least, code = one.bounds.least, one.candidate.limits.currency.code
    return f"{left.normalize():f} {wanted.currency.code} are left, below the minimum {least} {code}"


def _left(candidate: Candidate, why: str) -> LeftOut:
    return LeftOut(candidate.account_id, candidate.bookmaker, why)
