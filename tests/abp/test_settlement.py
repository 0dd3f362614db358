"""What a settled bet pays, by the contract's table."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.abp.limits import USD
from hedgerow.abp.settlement import BetSettlement, commission, money_back, settlement_of
from hedgerow.core.states import SettlementStatus

from .abpkit import amounts, prices


@pytest.mark.parametrize(
    ("settlement", "back", "lay"),
    [
        ("WON", "25", "25"),
        ("LOST", "0", "0"),
        ("VOID", "10", "15"),
        ("PUSH", "10", "15"),
        ("HALF_WON", "17.5", "20"),
        ("HALF_LOST", "5", "7.5"),
        ("CASHOUT", None, None),
        ("UNSETTLED", None, None),
    ],
)
def test_ten_at_two_and_a_half_pays(settlement: str, back: str | None, lay: str | None) -> None:
    for is_back, paid in ((True, back), (False, lay)):
        found = money_back(BetSettlement(settlement), Decimal(10), Decimal("2.5"), is_back=is_back)
        assert found == (None if paid is None else Decimal(paid))


@given(st.sampled_from(list(SettlementStatus)[1:]), amounts("0.01", "1000"), prices)
def test_what_the_backer_wins_the_layer_pays(status: SettlementStatus, stake: Decimal, price: Decimal) -> None:
    back = money_back(settlement_of(status), stake, price, is_back=True)
    lay = money_back(settlement_of(status.mirrored), stake, price, is_back=False)
    assert back is not None
    assert lay is not None
    assert back + lay == stake + stake * (price - 1)


def test_commission_is_taken_from_net_winnings_only() -> None:
    assert commission(Decimal("25"), Decimal("10"), Decimal("0.05"), USD) == Decimal("0.75")
    assert commission(Decimal("10.01"), Decimal("10"), Decimal("0.05"), USD) == Decimal("0.01")
    assert commission(Decimal("5"), Decimal("10"), Decimal("0.05"), USD) == 0
