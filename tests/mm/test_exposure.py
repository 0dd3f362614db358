"""The payout vector: netting, hedging, attribution, conservation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.ids import OutcomeId
from hedgerow.core.money import MICRO
from hedgerow.core.states import Side
from hedgerow.mm.exposure import Exposure, Matched, hedge_covers

A, B, X = OutcomeId(121), OutcomeId(122), OutcomeId(123)


def _fill(key: object, outcome: OutcomeId, side: Side, contracts: int, price: int = 450_000) -> Matched:
    size = contracts * MICRO
    risk = price if side is Side.BUY else MICRO - price
    return Matched(key, outcome, side, size, size * risk // MICRO)


def test_bought_contract_needs_its_payout_on_the_other_outcome() -> None:
    exposure = Exposure((A, B))
    exposure.add_fill(_fill(1, A, Side.BUY, 100))
    assert exposure.needs() == {B: 100 * MICRO}


def test_sold_contract_needs_its_payout_on_its_own_outcome() -> None:
    exposure = Exposure((A, B, X))
    exposure.add_fill(_fill(1, A, Side.SELL, 100))
    assert exposure.needs() == {A: 100 * MICRO}


def test_three_way_buy_needs_every_other_outcome() -> None:
    exposure = Exposure((A, B, X))
    exposure.add_fill(_fill(1, A, Side.BUY, 100))
    assert exposure.needs() == {B: 100 * MICRO, X: 100 * MICRO}


def test_fills_on_both_outcomes_net_without_a_bet() -> None:
    exposure = Exposure((A, B))
    exposure.add_fill(_fill(1, A, Side.BUY, 100))
    exposure.add_fill(_fill(2, B, Side.BUY, 60))
    assert exposure.needs() == {B: 40 * MICRO}


def test_bet_under_way_is_not_sent_again_and_not_yet_a_hedge() -> None:
    exposure = Exposure((A, B))
    exposure.add_fill(_fill(1, A, Side.BUY, 100))
    exposure.sent(B, 100 * MICRO)
    assert exposure.needs() == {}
    assert exposure.unhedged_stake == 45 * MICRO


def test_refused_bet_is_needed_again() -> None:
    exposure = Exposure((A, B))
    exposure.add_fill(_fill(1, A, Side.BUY, 100))
    exposure.sent(B, 100 * MICRO)
    exposure.answered(B, 100 * MICRO, 0)
    assert exposure.needs() == {B: 100 * MICRO}


def test_partly_taken_bet_leaves_the_latest_fill_naked() -> None:
    exposure = Exposure((A, B))
    first, second = _fill(1, A, Side.BUY, 100), _fill(2, A, Side.BUY, 50)
    exposure.add_fill(first)
    exposure.add_fill(second)
    exposure.sent(B, 150 * MICRO)
    exposure.answered(B, 150 * MICRO, 120 * MICRO)
    assert (first.unhedged, second.unhedged) == (0, 30 * MICRO)


def test_leg_that_fails_leaves_the_whole_fill_naked() -> None:
    """Of a three-way hedge one bet was taken: when the third outcome wins, all of the stake is lost."""
    exposure = Exposure((A, B, X))
    exposure.add_fill(_fill(1, A, Side.BUY, 100))
    for outcome, covers in ((B, 100 * MICRO), (X, 0)):
        exposure.sent(outcome, 100 * MICRO)
        exposure.answered(outcome, 100 * MICRO, covers)
    assert exposure.needs() == {X: 100 * MICRO}
    assert exposure.unhedged_stake == 45 * MICRO


def test_leg_that_was_taken_in_part_leaves_that_part_naked() -> None:
    exposure = Exposure((A, B, X))
    exposure.add_fill(_fill(1, A, Side.BUY, 100))
    for outcome, covers in ((B, 100 * MICRO), (X, 60 * MICRO)):
        exposure.sent(outcome, 100 * MICRO)
        exposure.answered(outcome, 100 * MICRO, covers)
    assert exposure.needs() == {X: 40 * MICRO}
    assert exposure.unhedged_stake == 18 * MICRO


def test_fills_on_two_of_three_outcomes_are_both_naked_on_the_third() -> None:
    exposure = Exposure((A, B, X))
    exposure.add_fill(_fill(1, A, Side.BUY, 100))
    exposure.add_fill(_fill(2, B, Side.BUY, 40))
    assert exposure.needs() == {B: 60 * MICRO, X: 100 * MICRO}
    assert exposure.unhedged_stake == 63 * MICRO


def test_reversed_fill_leaves_its_hedge_to_be_netted() -> None:
    exposure = Exposure((A, B))
    exposure.add_fill(_fill(1, A, Side.BUY, 100))
    exposure.sent(B, 100 * MICRO)
    exposure.answered(B, 100 * MICRO, 100 * MICRO)
    exposure.reverse_fill(1)
    assert exposure.needs() == {A: 100 * MICRO}


def test_rounded_stake_covers_its_need_whole() -> None:
    """222.22 contracts at 1.808 need 122.909...: the bet is 122.91 and its payout misses by a cent."""
    needs = 222_220_000
    assert hedge_covers(needs=needs, stake=122_910_000, requested=1_808_000, odds=1_808_000, half_unit=5_000) == needs
    assert (
        hedge_covers(needs=needs, stake=122_900_000, requested=1_808_000, odds=1_808_000, half_unit=5_000)
        == 222_203_200
    )


def test_better_odds_are_profit_and_not_hedged_back() -> None:
    assert (
        hedge_covers(needs=100 * MICRO, stake=50 * MICRO, requested=2_000_000, odds=2_100_000, half_unit=5_000)
        == 100 * MICRO
    )


def test_stake_raised_to_the_minimum_counts_in_full() -> None:
    assert hedge_covers(needs=MICRO, stake=MICRO, requested=2_000_000, odds=2_000_000, half_unit=5_000) == 2 * MICRO


def test_surplus_of_a_raised_stake_is_not_hedged_back() -> None:
    exposure = Exposure((A, B))
    exposure.add_fill(_fill(1, A, Side.BUY, 1))
    exposure.sent(B, MICRO)
    exposure.answered(B, MICRO, 2 * MICRO)
    assert exposure.is_flat
    assert exposure.unhedged_stake == 0


def test_surplus_serves_the_next_need() -> None:
    exposure = Exposure((A, B))
    exposure.add_fill(_fill(1, A, Side.BUY, 1))
    exposure.sent(B, MICRO)
    exposure.answered(B, MICRO, 2 * MICRO)
    exposure.add_fill(_fill(2, A, Side.BUY, 3))
    assert exposure.needs() == {B: 2 * MICRO}


def test_used_surplus_serves_no_second_need() -> None:
    exposure = Exposure((A, B))
    exposure.add_fill(_fill(1, A, Side.BUY, 1))
    exposure.sent(B, MICRO)
    exposure.answered(B, MICRO, 2 * MICRO)
    exposure.add_fill(_fill(2, A, Side.BUY, 1))
    exposure.add_fill(_fill(3, B, Side.BUY, 5))
    assert exposure.needs() == {A: 5 * MICRO}


def test_bet_that_is_called_off_is_needed_again_without_its_surplus() -> None:
    exposure = Exposure((A, B))
    exposure.add_fill(_fill(1, A, Side.BUY, 1))
    exposure.sent(B, MICRO)
    exposure.answered(B, MICRO, 2 * MICRO)
    exposure.called_off(B, 2 * MICRO)
    assert exposure.needs() == {B: MICRO}
    assert (exposure.unhedged_stake, exposure.surplus) == (450_000, {B: 0})


@given(st.lists(st.tuples(st.sampled_from([A, B]), st.integers(1, 50), st.integers(0, 5)), max_size=40))
def test_surplus_never_hides_more_than_one_raise(events: list[tuple[OutcomeId, int, int]]) -> None:
    """However often stakes are raised, the true payouts differ by the largest raise at most."""
    exposure = Exposure((A, B))
    for number, (outcome, contracts, raised) in enumerate(events):
        exposure.add_fill(_fill(number, outcome, Side.BUY, contracts))
        for needed, need in exposure.needs().items():
            exposure.sent(needed, need)
            exposure.answered(needed, need, need + raised * MICRO)
        totals = [exposure.paid.get(i, 0) + exposure.covered.get(i, 0) for i in (A, B)]
        assert abs(totals[0] - totals[1]) <= 5 * MICRO
        assert exposure.unhedged_stake == 0


fills = st.tuples(st.sampled_from([A, B]), st.sampled_from(list(Side)), st.integers(1, 500))
bets = st.tuples(st.sampled_from([A, B]), st.integers(1, 400), st.integers(0, 400))


@given(st.lists(st.one_of(fills, bets), max_size=40))
def test_what_is_matched_is_covered_or_naked(events: list[tuple[OutcomeId, object, int]]) -> None:
    exposure = Exposure((A, B))
    for number, (outcome, what, amount) in enumerate(events):
        if isinstance(what, Side):
            exposure.add_fill(_fill(number, outcome, what, amount))
        elif isinstance(what, int):
            exposure.sent(outcome, what * MICRO)
            exposure.answered(outcome, what * MICRO, min(what, amount) * MICRO)
        totals = {i: exposure.paid.get(i, 0) + exposure.covered.get(i, 0) for i in (A, B)}
        fullest = A if totals[A] >= totals[B] else B
        could_be_naked = sum(fill.size for fill in exposure.fills if fill.pays_on(fullest))
        naked = sum(fill.unhedged for fill in exposure.fills)
        assert naked == min(abs(totals[A] - totals[B]), could_be_naked)
        assert all(0 <= fill.unhedged <= fill.size for fill in exposure.fills)
        assert all(value >= 0 for value in exposure.in_flight.values())
        if exposure.is_flat:
            assert exposure.unhedged_stake == 0


def test_fills_that_are_covered_are_not_gone_through_at_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    exposure = Exposure((A, B))
    for number in range(100):
        exposure.add_fill(_fill(number, A, Side.BUY, 10))
        exposure.sent(B, 10 * MICRO)
        exposure.answered(B, 10 * MICRO, 10 * MICRO)
    asked: list[Matched] = []
    pays_on = Matched.pays_on

    def counted(self: Matched, outcome_id: OutcomeId) -> bool:
        asked.append(self)
        return pays_on(self, outcome_id)

    monkeypatch.setattr(Matched, "pays_on", counted)
    exposure.add_fill(_fill(100, A, Side.BUY, 10))
    assert len(asked) <= 2 * len(exposure.outcomes)
    assert exposure.unhedged_stake == 4_500_000


three_way = st.tuples(st.sampled_from([A, B, X]), st.sampled_from(list(Side)), st.integers(1, 500))
covers = st.tuples(st.sampled_from([A, B, X]), st.integers(1, 400))


@given(st.lists(st.one_of(three_way, covers), max_size=30))
def test_naked_parts_are_enough_to_explain_every_missing_payout(events: list[tuple[object, ...]]) -> None:
    """Without its naked parts no outcome of three pays more than what is complete and what bets pay alone."""
    exposure = Exposure((A, B, X))
    for number, event in enumerate(events):
        match event:
            case int(outcome), Side() as side, int(contracts):
                exposure.add_fill(_fill(number, OutcomeId(outcome), side, contracts))
            case int(outcome), int(contracts):
                exposure.sent(OutcomeId(outcome), contracts * MICRO)
                exposure.answered(OutcomeId(outcome), contracts * MICRO, contracts * MICRO)
    complete = min(exposure.payouts().values())
    for outcome, total in exposure.payouts().items():
        naked = sum(fill.unhedged for fill in exposure.fills if fill.pays_on(outcome))
        assert total - naked <= max(complete, exposure.covered.get(outcome, 0))
    assert all(0 <= fill.unhedged <= fill.size for fill in exposure.fills)
    assert (exposure.unhedged_stake == 0) or not exposure.is_flat


@given(st.lists(three_way, min_size=1, max_size=30))
def test_hedging_every_need_makes_the_market_flat(events: list[tuple[OutcomeId, Side, int]]) -> None:
    exposure = Exposure((A, B, X))
    for number, (outcome, side, amount) in enumerate(events):
        exposure.add_fill(_fill(number, outcome, side, amount))
    for outcome, need in exposure.needs().items():
        exposure.sent(outcome, need)
        exposure.answered(outcome, need, need)
    assert exposure.is_flat
    assert exposure.unhedged_stake == 0
