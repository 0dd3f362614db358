"""The order's states: only the published moves, and an end that matches what was taken."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.abp.orders import ABP_ORDER_MOVES, AbpOrderStatus, Progress, check_abp_order_move, end_of, expiry
from hedgerow.core.states import IllegalMoveError

from .abpkit import NOW, amounts

ENDS = {"FILLED", "PARTIALLY_FILLED", "REJECTED", "EXPIRED", "CANCELLED", "FAILED"}


@pytest.mark.parametrize("present", AbpOrderStatus)
@pytest.mark.parametrize("wanted", AbpOrderStatus)
def test_only_the_published_moves_are_legal(present: AbpOrderStatus, wanted: AbpOrderStatus) -> None:
    published = {("PENDING", "PROCESSING")} | {("PROCESSING", end) for end in ENDS}
    if present is wanted or (present.value, wanted.value) in published:
        check_abp_order_move("7", present, wanted)
    else:
        with pytest.raises(IllegalMoveError, match=f"order 7 cannot go from {present} to {wanted}"):
            check_abp_order_move("7", present, wanted)


def test_every_state_but_the_first_two_is_an_end() -> None:
    assert {status.value for status, moves in ABP_ORDER_MOVES.items() if not moves} == ENDS


@pytest.mark.parametrize(
    ("wanted_s", "lives_s"), [(None, 5), (1, 1), (3600, 3600), (10**6, 86400), (0, None), (-1, None)]
)
def test_an_order_lives_five_seconds_or_what_it_asks_for_up_to_a_day(wanted_s: int | None, lives_s: int | None) -> None:
    wanted = None if wanted_s is None else NOW + timedelta(seconds=wanted_s)
    assert expiry(NOW, wanted) == (None if lives_s is None else NOW + timedelta(seconds=lives_s))


def progress(taken: str = "0", undecided: str = "0", **flags: bool | str | None) -> Progress:
    given: dict[str, bool] = {"is_expired": False, "is_cancel_wanted": False}
    return Progress(Decimal(10), Decimal(taken), Decimal(undecided), Decimal("0.01"), **{**given, **flags})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "end"),
    [
        (progress("10"), "FILLED"),
        (progress("9.995"), "FILLED"),
        (progress("9.99"), None),
        (progress("9.99", is_expired=True), "PARTIALLY_FILLED"),
        (progress("4", is_cancel_wanted=True), "PARTIALLY_FILLED"),
        (progress(is_cancel_wanted=True), "CANCELLED"),
        (progress(is_expired=True), "EXPIRED"),
        (progress(was_refused="not accepted"), "REJECTED"),
        (progress(), None),
        (progress("0", "4", is_expired=True), None),
        (progress("4", "6", is_cancel_wanted=True), None),
    ],
)
def test_an_order_ends_when_nothing_about_it_is_open(state: Progress, end: str | None) -> None:
    found = end_of(state)
    assert (found[0].value if found else None) == end


@given(amounts("0", "10"), amounts("0", "10"), st.booleans(), st.booleans())
def test_an_order_with_an_unanswered_bet_never_ends_but_full(
    taken: Decimal, undecided: Decimal, is_expired: bool, is_cancel_wanted: bool
) -> None:
    state = progress(str(taken), str(undecided), is_expired=is_expired, is_cancel_wanted=is_cancel_wanted)
    end = end_of(state)
    if undecided > 0 and not state.is_full:
        assert end is None
    if end is not None:
        assert (end[0] in (AbpOrderStatus.FILLED, AbpOrderStatus.PARTIALLY_FILLED)) == (taken > 0)
