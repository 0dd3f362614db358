"""State machines: the tables hold every state, and nothing moves but by them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.states import (
    BET_MOVES,
    ORDER_MOVES,
    BetStatus,
    FixtureStatus,
    IllegalMoveError,
    MatchedStatus,
    OrderStatus,
    SettlementStatus,
    Side,
    check_bet_move,
    check_order_move,
    matched_status,
)


def test_tables_hold_every_state() -> None:
    assert set(ORDER_MOVES) == set(OrderStatus)
    assert set(BET_MOVES) == set(BetStatus)


@given(st.sampled_from(OrderStatus), st.sampled_from(OrderStatus))
def test_order_moves_by_the_table_alone(present: OrderStatus, wanted: OrderStatus) -> None:
    if wanted is present or wanted in ORDER_MOVES[present]:
        check_order_move("7", present, wanted)
    else:
        with pytest.raises(IllegalMoveError, match=f"order 7 cannot go from {present} to {wanted}"):
            check_order_move("7", present, wanted)


@given(st.sampled_from(BetStatus), st.sampled_from(BetStatus))
def test_bet_moves_by_the_table_alone(present: BetStatus, wanted: BetStatus) -> None:
    if wanted is present or wanted in BET_MOVES[present]:
        check_bet_move("7", present, wanted)
    else:
        with pytest.raises(IllegalMoveError) as caught:
            check_bet_move("7", present, wanted)
        assert (caught.value.present, caught.value.wanted) == (present, wanted)


@pytest.mark.parametrize("start", [OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.FAILED, OrderStatus.PLACED])
def test_fill_may_still_reach_an_order_that_looked_closed(start: OrderStatus) -> None:
    check_order_move("7", start, OrderStatus.FILLED)


def test_filled_order_stays_filled() -> None:
    assert not ORDER_MOVES[OrderStatus.FILLED]


@pytest.mark.parametrize("end", [BetStatus.REJECTED, BetStatus.CANCELLED, BetStatus.FAILED, BetStatus.VOID])
def test_ended_bet_stays_ended_and_holds_no_stake(end: BetStatus) -> None:
    assert not BET_MOVES[end]
    assert not end.holds_stake


def test_stake_is_held_until_the_bookmaker_is_known_to_have_refused() -> None:
    assert {status for status in BetStatus if status.holds_stake} == {
        BetStatus.PENDING,
        BetStatus.PLACED,
        BetStatus.CONFIRMED,
    }


def test_open_orders_are_those_that_may_rest() -> None:
    assert {status for status in OrderStatus if status.is_open} == {OrderStatus.PENDING_PLACEMENT, OrderStatus.PLACED}


@given(st.integers(1, 10**12), st.integers(0, 10**12))
def test_matched_status_follows_the_sizes(size: int, filled: int) -> None:
    expected = (
        MatchedStatus.NOT_MATCHED
        if filled == 0
        else MatchedStatus.FULLY_MATCHED
        if filled >= size
        else MatchedStatus.PARTIALLY_MATCHED
    )
    assert matched_status(filled, size) is expected


@given(st.sampled_from(SettlementStatus))
def test_mirror_of_a_mirror_is_the_same(status: SettlementStatus) -> None:
    assert status.mirrored.mirrored is status


def test_winner_mirrors_to_loser_and_void_to_itself() -> None:
    assert SettlementStatus.WON.mirrored is SettlementStatus.LOST
    assert SettlementStatus.HALF_WON.mirrored is SettlementStatus.HALF_LOST
    assert SettlementStatus.VOID.mirrored is SettlementStatus.VOID


def test_sides_are_opposite() -> None:
    assert Side.BUY.opposite is Side.SELL
    assert Side.SELL.opposite is Side.BUY


@pytest.mark.parametrize(
    ("number", "status"),
    [(0, FixtureStatus.PREGAME), (1, FixtureStatus.LIVE), (2, FixtureStatus.FINISHED), (3, FixtureStatus.CANCELLED)],
)
def test_feeds_numbers_are_statuses(number: int, status: FixtureStatus) -> None:
    assert FixtureStatus.of_feed(number) is status
    assert status.is_over == (number >= 2)


@pytest.mark.parametrize("number", [-1, 4, 99])
def test_number_that_the_feed_does_not_define_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match=str(number)):
        FixtureStatus.of_feed(number)
