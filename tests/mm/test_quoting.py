"""The next move of a quote."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.money import MICRO, Micros
from hedgerow.core.states import Side
from hedgerow.mm.quoting import Move, Resting, Wanted, next_move

CENT = 10_000


def _wanted(price: int, size: int = 100, most: int = 200) -> Wanted:
    return Wanted(Micros(price * CENT), Micros(size * MICRO), Micros(most * MICRO))


def _resting(price: int, size: int = 100) -> Resting:
    return Resting(Micros(price * CENT), Micros(size * MICRO))


def test_nothing_wanted_cancels_what_rests() -> None:
    assert next_move(Side.BUY, None, _resting(45), 0) is Move.CANCEL
    assert next_move(Side.BUY, None, None, 0) is Move.KEEP


def test_wanted_without_an_order_is_placed() -> None:
    assert next_move(Side.BUY, _wanted(45), None, 0) is Move.PLACE


def test_too_generous_quote_is_changed_whatever_the_hysteresis() -> None:
    assert next_move(Side.BUY, _wanted(44), _resting(45), 5 * CENT) is Move.CHANGE
    assert next_move(Side.SELL, _wanted(46), _resting(45), 5 * CENT) is Move.CHANGE


def test_small_improvement_waits_and_a_large_one_does_not() -> None:
    assert next_move(Side.BUY, _wanted(46), _resting(45), 2 * CENT) is Move.KEEP
    assert next_move(Side.BUY, _wanted(47), _resting(45), 2 * CENT) is Move.CHANGE


def test_small_change_of_size_is_left_alone_and_a_large_one_is_not() -> None:
    assert next_move(Side.BUY, _wanted(45, 90), _resting(45, 100), 0) is Move.KEEP
    assert next_move(Side.BUY, _wanted(45, 60), _resting(45, 100), 0) is Move.CHANGE
    assert next_move(Side.BUY, _wanted(45, 100), _resting(45, 60), 0) is Move.CHANGE


def test_more_than_may_rest_is_always_cut() -> None:
    assert next_move(Side.BUY, _wanted(45, 95, most=99), _resting(45, 100), 0) is Move.CHANGE


@given(st.sampled_from(list(Side)), st.integers(1, 99), st.integers(1, 99), st.integers(0, 10))
def test_kept_quote_is_never_more_generous_than_the_wanted_one(side: Side, wanted: int, rests: int, ticks: int) -> None:
    move = next_move(side, _wanted(wanted), _resting(rests), ticks * CENT)
    if move is Move.KEEP:
        assert rests <= wanted if side is Side.BUY else rests >= wanted
