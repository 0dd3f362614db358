"""What decided orders and bets pay: the published rules, and that money is conserved."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.states import SettlementStatus
from hedgerow.execution.settlement import back_payout, contract_payout, contract_pnl

WON, LOST, VOID = SettlementStatus.WON, SettlementStatus.LOST, SettlementStatus.VOID
HALF_WON, HALF_LOST = SettlementStatus.HALF_WON, SettlementStatus.HALF_LOST

cents = st.integers(1, 10**7).map(lambda n: Decimal(n) / 100)
statuses = st.sampled_from([WON, LOST, VOID, HALF_WON, HALF_LOST])


@pytest.mark.parametrize(
    ("status", "pnl"), [(WON, "122.22"), (LOST, "-100"), (VOID, "0"), (HALF_WON, "61.11"), (HALF_LOST, "-50")]
)
def test_order_pays_as_published(status: SettlementStatus, pnl: str) -> None:
    """100 USD at 0.45: stake·(1/0.45 − 1) = 122.22 when won."""
    assert contract_pnl(status, Decimal("222.22"), Decimal(100), Decimal(0)) == Decimal(pnl)


@given(statuses, cents, cents)
def test_buyer_and_seller_together_get_what_both_put_in(
    status: SettlementStatus, size: Decimal, stake: Decimal
) -> None:
    stake = min(stake, size)
    both = contract_payout(status, size, stake) + contract_payout(status.mirrored, size, size - stake)
    assert both == size


@given(statuses, cents, cents)
def test_what_the_exchange_paid_goes_before_the_rule(status: SettlementStatus, size: Decimal, stake: Decimal) -> None:
    assert contract_payout(status, size, stake, Decimal("0.47")) == size * Decimal("0.47")


@pytest.mark.parametrize(
    ("status", "paid"), [(WON, "180"), (LOST, "0"), (VOID, "100"), (HALF_WON, "140"), (HALF_LOST, "50")]
)
def test_back_bet_pays_as_published(status: SettlementStatus, paid: str) -> None:
    assert back_payout(status, Decimal(100), Decimal("1.8")) == Decimal(paid)
