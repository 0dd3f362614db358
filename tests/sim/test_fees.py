"""A fee of takers in its two forms."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.ids import FixtureId, MarketId, MarketKey, OutcomeId, OutcomeKey
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO
from hedgerow.sim.fees import TakerFee
from hedgerow.sim.orders import Contract

FIXTURE = FixtureId("id1")
CONTRACT = Contract(
    "ref",
    MarketKey(FIXTURE, MarketId(121)),
    OutcomeKey(FIXTURE, OutcomeId(121)),
    OutcomeKey(FIXTURE, OutcomeId(122)),
    PriceGrid.probability(1_000),
    1_000,
    1_000,
)


def test_a_fee_is_the_rate_of_the_cheaper_side() -> None:
    fee, shares = TakerFee(300), 10 * MICRO
    assert fee.in_money(CONTRACT, 520_000, shares, is_maker=False) == 144_000
    assert fee.in_money(CONTRACT, 480_000, shares, is_maker=False) == 144_000
    assert fee.in_shares(CONTRACT, 480_000, shares, is_maker=False) == 300_000


@given(st.integers(1, 999), st.integers(1, 10**6), st.integers(0, 1_000))
def test_shares_are_worth_the_money_and_never_more_than_the_rate(price: int, size: int, bps: int) -> None:
    price, size, fee = price * 1_000, size * 1_000, TakerFee(bps)
    money = fee.in_money(CONTRACT, price, size, is_maker=False)
    kept = fee.in_shares(CONTRACT, price, size, is_maker=False)
    assert kept * price // MICRO <= money <= (kept + 1) * price // MICRO + 1
    assert kept * 10_000 <= size * bps
    assert (
        fee.in_money(CONTRACT, price, size, is_maker=True) == fee.in_shares(CONTRACT, price, size, is_maker=True) == 0
    )
