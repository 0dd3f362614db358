"""What a settled bet pays, by the contract's table."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.states import BetSettlement, SettlementStatus
from hedgerow.execution.amounts import Currency
from hedgerow.execution.grading import Verdict, Wager, commission, dissent, grade_of, graded, money_back, wrong_amount

USD = Currency("USD", Decimal(1))

stakes = st.decimals(Decimal("0.01"), Decimal(1000), places=2)
prices = st.decimals(Decimal("1.01"), Decimal(6), places=2)


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


@given(st.sampled_from(list(SettlementStatus)[1:]), stakes, prices)
def test_what_the_backer_wins_the_layer_pays(status: SettlementStatus, stake: Decimal, price: Decimal) -> None:
    back = money_back(grade_of(status, is_push=False, is_back=True), stake, price, is_back=True)
    lay = money_back(grade_of(status, is_push=False, is_back=False), stake, price, is_back=False)
    assert back is not None
    assert lay is not None
    assert back + lay == stake + stake * (price - 1)


def test_commission_is_taken_from_net_winnings_only() -> None:
    assert commission(Decimal("25"), Decimal("10"), Decimal("0.05"), USD) == Decimal("0.75")
    assert commission(Decimal("10.01"), Decimal("10"), Decimal("0.05"), USD) == Decimal("0.01")
    assert commission(Decimal("5"), Decimal("10"), Decimal("0.05"), USD) == 0


def wager(stake: str = "10", price: str = "2.5", rate: str = "0", *, is_back: bool = True) -> Wager:
    amount, odds = Decimal(stake), Decimal(price)
    risk = amount if is_back else amount * (odds - 1)
    return Wager(amount, odds, risk, USD, is_back, Decimal(rate))


def test_a_grade_is_seen_from_the_bets_side() -> None:
    won, push = SettlementStatus.WON, SettlementStatus.VOID
    assert grade_of(won, is_push=False, is_back=False) is BetSettlement.LOST
    assert grade_of(push, is_push=True, is_back=False) is BetSettlement.PUSH
    assert grade_of(SettlementStatus.UNDECIDED, is_push=False, is_back=True) is BetSettlement.UNSETTLED


@pytest.mark.parametrize(
    ("told", "payout", "kept"),
    [
        (wager("10.01", "1.333"), "13.34", "0"),  # 13.34333 paid
        (wager("10", "2.5", "0.05"), "24.25", "0.75"),
        (wager("10", "2.5", "0.05", is_back=False), "24.50", "0.50"),
        (wager("0.10", "1.11", "0.05"), "0.10", "0.01"),  # one cent is won, and goes to the exchange
    ],
)
def test_a_graded_win_is_rounded_down_and_its_commission_up(told: Wager, payout: str, kept: str) -> None:
    assert graded(told, BetSettlement.WON) == Verdict(BetSettlement.WON, Decimal(payout), Decimal(kept), "feed")


def test_what_a_cash_out_pays_only_the_bookmaker_can_say() -> None:
    assert graded(wager(), BetSettlement.CASHOUT) is None


@pytest.mark.parametrize(
    ("settlement", "feed", "why"),
    [
        ("WON", "LOST", "the feed says LOST"),
        ("WON", "WON", None),
        ("WON", None, None),
        ("VOID", "PUSH", None),
        ("CASHOUT", "LOST", None),
        ("VOID", "WON", "the feed says WON"),
    ],
)
def test_a_bookmakers_result_is_held_against_the_feeds(settlement: str, feed: str | None, why: str | None) -> None:
    assert dissent(BetSettlement(settlement), None if feed is None else BetSettlement(feed)) == why


@pytest.mark.parametrize(
    ("payout", "kept", "why"),
    [
        ("25", "0", None),
        ("24.99", "0", None),
        ("24.98", "0", "WON pays 25.00"),
        ("24", "1", None),  # a commission that it names itself
        ("10", "0", "WON pays 25.00"),
    ],
)
def test_a_bookmakers_amount_is_held_against_its_own_result(payout: str, kept: str, why: str | None) -> None:
    verdict = Verdict(BetSettlement.WON, Decimal(payout), Decimal(kept), "bookmaker")
    assert wrong_amount(wager(), verdict) == why
