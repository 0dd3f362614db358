"""A form for an order, read as an order. Pure: text in, an order or what is wrong with which field out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from hedgerow.dashboard.apis.abp import Betslip, NewOrder
from hedgerow.dashboard.forms import FormError, amount, whole

LONGEST_S = 24 * 3600
"""An order expires after a day at the latest. Source: the ABP API, `expiresAt`."""

_MOST_REF = 200


@dataclass(frozen=True, slots=True)
class Slip:
    """The fields as they were typed. seconds: after which the order expires."""

    fixture_id: str
    outcome_id: str
    stake: str
    price: str
    seconds: str
    user_ref: str
    bookmakers: tuple[str, ...]
    is_test: bool
    accepts_better: bool
    accepts_partial: bool


def order_of(slip: Slip, request_uuid: str, now: datetime) -> NewOrder:
    """The order that the form asks for, under the id that names it once. Raises FormError."""
    wrong: dict[str, str] = {}
    stake, price = amount(slip.stake), amount(slip.price)
    seconds, outcome_id = whole(slip.seconds), whole(slip.outcome_id)
    if stake is None or stake <= 0:
        wrong["stake"] = "An amount above 0, such as 25 or 12.50"
    if price is None or price <= 1:
        wrong["price"] = "Decimal odds above 1, such as 1.95"
    if seconds is None or not 1 <= seconds <= LONGEST_S:
        wrong["seconds"] = f"Whole seconds, 1 to {LONGEST_S}"
    if outcome_id is None:
        wrong["outcome"] = "A number, such as 101"
    if not slip.fixture_id.strip():
        wrong["fixture"] = "The fixture's id"
    if not 1 <= len(slip.user_ref.strip()) <= _MOST_REF:
        wrong["user_ref"] = f"1 to {_MOST_REF} characters, by which you find the order again"
    if wrong or stake is None or price is None or seconds is None or outcome_id is None:
        raise FormError(wrong)
    return NewOrder(
        request_uuid=request_uuid,
        fixture_id=slip.fixture_id.strip(),
        outcome_id=outcome_id,
        order_price=price,
        order_stake=stake,
        user_ref=slip.user_ref.strip(),
        test_order=slip.is_test,
        bookmakers=",".join(slip.bookmakers) or None,
        accept_better_odds=slip.accepts_better,
        accept_partial_stake=slip.accepts_partial,
        expires_at=now + timedelta(seconds=seconds),
    )


def best_price(slip: Betslip) -> Decimal | None:
    """The highest odds that can be had now."""
    found = [offer.price for offers in slip.odds.values() for offer in offers.values() if offer.active and offer.price]
    return max(found, default=None)


class Proposals:
    """What the field of the worst odds is filled with: the best odds of an outcome, once. What a person typed, or
    emptied to type others, stays; what was proposed for another outcome does not."""

    def __init__(self) -> None:
        self._shown: tuple[str, int] | None = None
        self._proposed = ""

    def next(self, outcome: tuple[str, int], field: str, best: str) -> str | None:
        """The field's new text, None to leave it. outcome: fixture and outcome that are shown; field: its text now."""
        if outcome == self._shown:
            return None
        self._shown = outcome
        if field not in ("", self._proposed):
            return None
        self._proposed = best
        return best
