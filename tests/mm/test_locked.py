"""What is locked in, against every result played out."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.mm.locked import OpenMarket, locked_in

sizes = st.decimals(Decimal("0.01"), 5000, places=2)
amounts = st.dictionaries(st.integers(1, 4), sizes, max_size=4)


@given(amounts, amounts, amounts, sizes)
def test_locked_profit_is_what_the_worst_outcome_leaves(
    bought: dict[int, Decimal], sold: dict[int, Decimal], backed: dict[int, Decimal], cost: Decimal
) -> None:
    market = OpenMarket({1, 2, 3, 4}, bought, sold, backed, cost)
    results = []
    for winner in (1, 2, 3, 4):
        contracts = bought.get(winner, Decimal(0)) + sum(size for outcome, size in sold.items() if outcome != winner)
        results.append(contracts + backed.get(winner, Decimal(0)) - cost)
    assert locked_in(market) == min(results)
