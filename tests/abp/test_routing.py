"""Routing: preference, greedy filling, and that nothing is ever exceeded."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings

from hedgerow.abp.limits import at_risk, bounds
from hedgerow.abp.orders import PriceRule
from hedgerow.abp.routing import Candidate, Decision, Taken, Wanted, is_as_good, is_up_to_money, route
from hedgerow.execution.amounts import converted

from .abpkit import EUR, JPY, candidate, candidate_lists, wanted, wanteds

_BETTER = Taken(Decimal(10), Decimal("2.10"), is_sure=True)


def stakes(decision: Decision) -> list[tuple[int, Decimal]]:
    return [(allocation.account_id, allocation.stake) for allocation in decision.allocations]


def why(decision: Decision) -> dict[int, str]:
    return {left.account_id: left.why for left in decision.left_out}


# --- who is asked -----------------------------------------------------------------------------------------------------


def test_a_back_order_prefers_the_highest_price() -> None:
    offers = [candidate(1, "2.00"), candidate(2, "2.10", entry_max=Decimal(60)), candidate(3, "2.05")]
    assert stakes(route(wanted(), offers)) == [(2, Decimal(60)), (3, Decimal(40))]


def test_a_lay_order_prefers_the_lowest_price() -> None:
    offers = [candidate(1, "2.00"), candidate(2, "1.90", entry_max=Decimal(54)), candidate(3, "1.95")]
    assert stakes(route(wanted(is_back=False), offers)) == [(2, Decimal(60)), (3, Decimal(40))]


def test_ties_go_to_priority_then_to_the_larger_limit_then_to_the_lower_failure_rate() -> None:
    low, high = candidate(1, priority=1), candidate(2, priority=2)
    assert stakes(route(wanted(), [low, high]))[0][0] == 2
    small, large = candidate(1, entry_max=Decimal(200)), candidate(2, entry_max=Decimal(300))
    assert stakes(route(wanted(), [small, large]))[0][0] == 2
    shaky, steady = candidate(1, failure_rate=Decimal("0.5")), candidate(2)
    assert stakes(route(wanted(), [shaky, steady]))[0][0] == 2


@pytest.mark.parametrize(
    ("order", "offer", "reason"),
    [
        (wanted(), candidate(price="1.99"), "price 1.99 is worse than 2.00"),
        (wanted(is_back=False), candidate(price="2.01"), "price 2.01 is worse than 2.00"),
        (wanted(accepts_better=False), candidate(price="2.01"), "price 2.01 is not exactly 2.00"),
        (wanted(), candidate(price=None), "no price"),
        (wanted(), candidate(unusable="suspended"), "suspended"),
        (wanted(bookmakers=frozenset({"book7"})), candidate(), "bookmaker is not allowed"),
        (wanted(), candidate(free=Decimal(0)), "available limit 0.00 USD is below the minimum 1.00 USD"),
        (wanted(open_stake=Decimal("0.5")), candidate(), "0.5 USD are left, below the minimum 1.00 USD"),
    ],
)
def test_who_is_left_out_is_told_why(order: Wanted, offer: Candidate, reason: str) -> None:
    decision = route(order, [offer])
    assert (decision.allocations, why(decision)) == ((), {1: reason})


# --- how much ---------------------------------------------------------------------------------------------------------


def test_without_partial_stakes_one_account_takes_all_or_nobody_anything() -> None:
    small, large = candidate(1, "2.10", entry_max=Decimal(60)), candidate(2, "2.00")
    decision = route(wanted(accepts_partial=False), [small, large])
    assert stakes(decision) == [(2, Decimal(100))]
    assert why(decision) == {1: "takes 1.00 to 60.00 USD, not the whole stake of 100.00 USD"}
    assert route(wanted(accepts_partial=False), [small]).allocations == ()


def test_a_stake_is_rounded_down_in_the_accounts_currency() -> None:
    decision = route(wanted(), [candidate(currency=JPY, free=Decimal(10**6))])
    (allocation,) = decision.allocations
    assert allocation.stake == 15137
    decision = route(wanted(open_stake=Decimal("0.99")), [candidate(currency=JPY, free=Decimal(10**6))])
    (allocation,) = decision.allocations
    assert allocation.stake == 149
    assert allocation.order_stake == Decimal("0.984344")


def test_a_worse_price_rests_on_what_better_bets_have_surely_brought() -> None:
    sure, unsure = Taken(Decimal(50), Decimal("2.10"), is_sure=True), Taken(Decimal(50), Decimal("2.10"), is_sure=False)
    worse = candidate(price="1.90")
    average = wanted(price_rule=PriceRule.AVERAGE, taken=(sure,))
    assert stakes(route(average, [worse])) == [(1, Decimal(50))]
    assert stakes(route(wanted(price_rule=PriceRule.AVERAGE, taken=(unsure,)), [worse])) == []
    assert stakes(route(wanted(price_rule=PriceRule.AVERAGE), [worse, candidate(2, "2.20")])) == [(2, Decimal(100))]


# --- what always holds ------------------------------------------------------------------------------------------------


@settings(max_examples=300)
@given(wanteds(), candidate_lists())
def test_no_decision_exceeds_the_stake_a_limit_or_a_balance(order: Wanted, offers: tuple[Candidate, ...]) -> None:
    decision = route(order, offers)
    by_id = {offer.account_id: offer for offer in offers}
    assert sum(allocation.order_stake for allocation in decision.allocations) == order.open_stake - decision.unrouted
    assert decision.unrouted >= 0
    for allocation in decision.allocations:
        told = by_id[allocation.account_id].limits
        found = bounds(told, allocation.price, is_back=order.is_back)
        assert found.least <= allocation.stake <= found.most
        assert at_risk(allocation.stake, allocation.price, told.currency, is_back=order.is_back) <= told.free
        assert converted(allocation.stake, told.currency, order.currency) <= allocation.order_stake


@settings(max_examples=300)
@given(wanteds(), candidate_lists())
def test_no_bet_is_at_a_worse_price_than_the_rule_allows(order: Wanted, offers: tuple[Candidate, ...]) -> None:
    decision = route(order, offers)
    asked = Fraction(order.price)
    for allocation in decision.allocations:
        if not order.accepts_better:
            assert allocation.price == order.price
        if order.price_rule is PriceRule.EACH or not order.accepts_partial:
            assert is_as_good(allocation.price, order.price, is_back=order.is_back)
    # Whatever becomes of the bets that are at a good price and under way, the average holds.
    sign = 1 if order.is_back else -1
    legs = [(taken.stake, taken.price, taken.is_sure) for taken in order.taken]
    legs += [(allocation.order_stake, allocation.price, False) for allocation in decision.allocations]
    gains = [(sign * (Fraction(price) - asked) * Fraction(stake), is_sure) for stake, price, is_sure in legs]
    before = sum((gain for gain, is_sure in gains[: len(order.taken)] if is_sure or gain < 0), Fraction(0))
    assert sum((gain for gain, is_sure in gains if is_sure or gain < 0), Fraction(0)) >= min(before, 0)


@given(wanteds(), candidate_lists())
def test_every_candidate_gets_a_bet_or_a_reason(order: Wanted, offers: tuple[Candidate, ...]) -> None:
    decision = route(order, offers)
    told = [one.account_id for one in decision.allocations] + [one.account_id for one in decision.left_out]
    assert sorted(told) == [offer.account_id for offer in offers]
    assert order.accepts_partial or len(decision.allocations) <= 1


@given(wanteds(), candidate_lists())
def test_the_order_of_the_candidates_does_not_matter(order: Wanted, offers: tuple[Candidate, ...]) -> None:
    assert route(order, offers).allocations == route(order, offers[::-1]).allocations


@settings(max_examples=300)
@given(wanteds(), candidate_lists())
def test_nothing_is_bet_where_limits_and_balances_have_no_say(order: Wanted, offers: tuple[Candidate, ...]) -> None:
    if not is_up_to_money(order, offers):
        assert route(order, offers).allocations == ()


@pytest.mark.parametrize(
    ("order", "offer", "expected"),
    [
        (wanted(), candidate(), True),
        (wanted(), candidate(free=Decimal(0)), True),
        (wanted(), candidate(price="1.99"), False),
        (wanted(), candidate(unusable="suspended"), False),
        (wanted(price_rule=PriceRule.AVERAGE), candidate(price="1.99"), False),
        (wanted(price_rule=PriceRule.AVERAGE, taken=(_BETTER,)), candidate(price="1.99"), True),
    ],
)
def test_a_price_that_can_be_had_is_up_to_money(order: Wanted, offer: Candidate, *, expected: bool) -> None:
    assert is_up_to_money(order, (offer,)) is expected


def test_conversion_to_another_currency_is_exact_to_the_last_unit() -> None:
    (allocation,) = route(wanted(open_stake=Decimal(100)), [candidate(currency=EUR)]).allocations
    assert allocation.stake == Decimal("91.37")
    assert allocation.order_stake == 100
