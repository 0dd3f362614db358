"""How an order's bets add up: what an exchange's rounding leaves is nothing that is still to be bet."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from hedgerow.abp.limits import USD
from hedgerow.abp.orders import AbpOrder, AbpOrderStatus, Progress, end_of
from hedgerow.abp.work import progress_of
from hedgerow.core.ids import VenueSlug
from hedgerow.core.states import BetStatus
from hedgerow.execution.amounts import Currency
from hedgerow.storage.bets import Bet

from .abpkit import EUR, NOW, new_order


def progress(stake: str, placed: str, at_risk: str | None, currency: Currency = USD) -> Progress:
    """Of an order whose one bet is confirmed."""
    asked = new_order(stake=Decimal(stake), currency=currency.code)
    order = AbpOrder(1, asked, AbpOrderStatus.PROCESSING, "", Decimal(placed), 1, False, NOW, NOW, None)
    bet = Bet(
        "reference",
        "abp",
        asked.client,
        1,
        VenueSlug("kalshi"),
        asked.fixture_id,
        asked.market_id,
        asked.outcome_id,
        asked.player_id,
        Decimal(2),
        Decimal(stake),
        currency.code,
        currency.per_usd,
        status=BetStatus.CONFIRMED,
        placed_stake=Decimal(placed),
        at_risk=None if at_risk is None else Decimal(at_risk),
    )
    return progress_of(order, [bet], currency, is_expired=False)


@pytest.mark.parametrize(
    ("stake", "placed", "at_risk", "is_filled"),
    [
        ("40", "39.9752", "39.9752", True),
        ("40", "39.9752", None, False),  # a bookmaker took less: the rest can be bet elsewhere
        ("40", "39.80", "39.80", False),
        ("5000", "4990.5", "4990.5", True),
        ("40", "40", "40", True),
    ],
)
def test_an_order_is_filled_when_only_rounding_is_missing(
    stake: str, placed: str, at_risk: str | None, is_filled: bool
) -> None:
    found = progress(stake, placed, at_risk)
    assert (end_of(found) is not None) == is_filled
    assert found.is_full == is_filled


def test_what_is_missing_is_counted_in_the_orders_currency() -> None:
    assert replace(progress("40", "39.98", "39.98", EUR), taken=Decimal("39.98")).is_full
