"""Business rules of a new order, with the texts that the API promises. Pure.

Not for the shape of a request (the door), futures, or duplicates (`idempotency`). An order that asks for a price which
nobody offers now is not declined: it waits for it until it expires.
Source: contract, Orders (decline reasons, exact prefixes).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from hedgerow.abp.limits import bounds
from hedgerow.abp.routing import Candidate
from hedgerow.execution.amounts import MICRO_UNIT, Currency, ceiled, converted, floored

HIGHEST_ODDS = Decimal(100_000)
HIGHEST_STAKE = Decimal(10) ** 12

EMERGENCY = "Emergency mode active"
DUPLICATE = "Duplicate requestUuid"
NO_ACCOUNTS = "No active accounts"
NO_CURRENCY = "Currency conversion failed"
NOT_AVAILABLE = "Bookmaker not available"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the rules look at. currency: None where no rate is known for it; expires: whether in the future."""

    price: Decimal
    stake: Decimal
    currency_code: str
    currency: Currency | None
    bookmakers: frozenset[str] | None
    is_back: bool
    accepts_partial: bool
    is_in_time: bool


@dataclass(frozen=True, slots=True)
class Situation:
    """What there is for the order: the client's active accounts, by bookmaker, and the offers for its outcome.

    switched_off: bookmakers among them that the operator has switched off. unconvertible: currencies of accounts for
    which no rate is known. candidates: one for each account whose bookmaker has a quote for the outcome, active or not.
    """

    is_emergency: bool
    account_bookmakers: frozenset[str]
    switched_off: frozenset[str]
    unconvertible: frozenset[str]
    candidates: Sequence[Candidate]


def why_declined(asked: Asked, situation: Situation) -> str | None:
    """The decline reason; None when the order is accepted. The first rule that is broken counts."""
    if situation.is_emergency:
        return EMERGENCY
    if (wrong := _wrong_terms(asked)) is not None:
        return wrong
    allowed = situation.account_bookmakers
    if asked.bookmakers is not None:
        allowed = allowed & asked.bookmakers
    if not allowed:
        return NO_ACCOUNTS
    if asked.currency is None:
        return f"{NO_CURRENCY}: no rate is known for {asked.currency_code}"
    usable = allowed - situation.switched_off
    candidates = [one for one in situation.candidates if one.bookmaker in usable and one.price is not None]
    if not candidates:
        if situation.unconvertible:
            return f"{NO_CURRENCY}: no rate is known for {', '.join(sorted(situation.unconvertible))}"
        return NOT_AVAILABLE
    return _outside_limits(asked, asked.currency, candidates)


def _wrong_terms(asked: Asked) -> str | None:
    price, stake = asked.price, asked.stake
    if not price.is_finite() or not 1 < price <= HIGHEST_ODDS:
        return f"Invalid odds: {price} is not between 1 and {HIGHEST_ODDS}"
    if not stake.is_finite() or not 0 < stake <= HIGHEST_STAKE or floored(stake, MICRO_UNIT) != stake:
        return f"Invalid stake: {stake} is no amount with at most six decimals"
    return None if asked.is_in_time else "Invalid expiresAt: the time is past"


def _outside_limits(asked: Asked, currency: Currency, candidates: Sequence[Candidate]) -> str | None:
    """A stake that is below what every account takes, or above it: where a part is accepted, only if no part can be
    had. Compared in the accounts' currencies, told in the order's."""
    ranges = [_range(asked, currency, one, one.price) for one in candidates if one.price is not None]
    takers = [found for found in ranges if found.least <= found.most]
    told = f"Order stake {_shown(asked.stake, currency)} {currency.code}"
    if all(found.stake < found.least for found in takers or ranges):
        least = min(ceiled(found.to_order(found.least), currency.unit) for found in takers or ranges)
        return f"{told} is below minimum {least} {currency.code}"
    fits = any(found.stake <= found.most or asked.accepts_partial for found in takers)
    if not fits:
        most = max(floored(found.to_order(found.most), currency.unit) for found in takers or ranges)
        return f"{told} exceeds available limit {most} {currency.code}"
    return None


@dataclass(frozen=True, slots=True)
class _Range:
    """What an account takes, and the order's stake, in the account's currency."""

    least: Decimal
    most: Decimal
    stake: Decimal
    account: Currency
    order: Currency

    def to_order(self, amount: Decimal) -> Fraction | Decimal:
        return converted(amount, self.account, self.order)


def _range(asked: Asked, currency: Currency, one: Candidate, price: Decimal) -> _Range:
    account = one.limits.currency
    found = bounds(one.limits, price, is_back=asked.is_back)
    stake = floored(converted(asked.stake, currency, account), account.unit)
    return _Range(found.least, found.most, stake, account, currency)


def _shown(amount: Decimal, currency: Currency) -> str:
    """With the currency's decimals, or all that it has where that would lose one."""
    rounded = floored(amount, currency.unit)
    return str(rounded) if rounded == amount else f"{amount.normalize():f}"
