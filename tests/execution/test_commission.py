"""What is kept of net winnings: published examples, and the proof over all results."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.errors import InputError
from hedgerow.core.money import MICRO, micros
from hedgerow.core.odds import OddsMicros
from hedgerow.execution.commission import commission_rate, gross_odds, kept_of_hedges, net_odds

ODDS = st.integers(MICRO + 10_000, 1000 * MICRO).map(OddsMicros)
RATES = st.integers(0, MICRO // 2)


@pytest.mark.parametrize(
    ("odds", "rate", "net"),
    [
        ("1.95", "0.05", "1.9025"),  # bettingexpert.com: 100 staked win 95, 4.75 of it is kept, 90.25 are left
        ("3", "0.07", "2.86"),  # betfair.com.au: 50 staked win 100, of which 7 are kept
        ("7", "0.05", "6.7"),  # betting.exchange: 20 staked win 120, of which 6 are kept
        ("1.85", "0", "1.85"),
    ],
)
def test_net_odds_are_as_published(odds: str, rate: str, net: str) -> None:
    assert net_odds(OddsMicros(micros(odds)), micros(rate)) == micros(net)


@given(ODDS, RATES)
def test_gross_odds_are_the_lowest_that_leave_as_much(odds: OddsMicros, rate: int) -> None:
    gross = gross_odds(odds, rate)
    assert net_odds(gross, rate) >= odds > net_odds(OddsMicros(gross - 1), rate)


@given(st.lists(st.tuples(ODDS, st.integers(1, 10_000)), min_size=1, max_size=6), RATES)
def test_an_exchange_that_nets_a_market_never_keeps_more(bets: list[tuple[OddsMicros, int]], rate: int) -> None:
    """Back bets on different outcomes of one market: whichever wins, the market's net winnings less commission are no
    less than with the net odds of each bet alone."""
    staked = sum(stake for _, stake in bets)
    for odds, stake in bets:
        won = Decimal(stake * odds) / MICRO - staked
        kept = max(won, Decimal(0)) * rate / MICRO
        assert won - kept >= Decimal(stake * net_odds(odds, rate)) / MICRO - staked


def test_rate_is_read_from_the_accounts_meta() -> None:
    assert kept_of_hedges({}) == 0
    assert kept_of_hedges({"commissionRate": "0.05"}) == 50_000
    assert kept_of_hedges({"commissionRate": "0.0333333333"}) == 33_334
    for wrong in ("five", "-0.1", "1.2", "NaN"):
        with pytest.raises(InputError):
            commission_rate({"commissionRate": wrong})
    with pytest.raises(InputError, match="hedge nothing"):
        kept_of_hedges({"commissionRate": "1"})
