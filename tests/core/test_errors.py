"""Errors: their texts carry what is known, and nothing else has to be parsed out of them."""

from __future__ import annotations

import pytest

from hedgerow.core.errors import (
    ApiError,
    CannotTell,
    HedgerowError,
    InDoubt,
    Reason,
    Refused,
    SetupError,
    Unavailable,
    VenueError,
)


def test_setup_error_says_what_and_what_to_do() -> None:
    error = SetupError("the disk is full", "free space")
    assert str(error) == "the disk is full; free space"
    assert (error.what, error.remedy) == ("the disk is full", "free space")


def test_venue_error_names_venue_operation_and_code() -> None:
    error = Refused("kalshi", "place", "no funds", reason=Reason.FUNDS, code="insufficient_balance")
    assert str(error) == "kalshi place: no funds (insufficient_balance)"
    assert (error.venue, error.operation, error.reason) == ("kalshi", "place", Reason.FUNDS)


@pytest.mark.parametrize("kind", [InDoubt, CannotTell, Unavailable])
def test_venues_answers_are_one_tree_and_no_two_are_the_same(kind: type[VenueError]) -> None:
    error = kind("kalshi", "place", "what happened")
    assert isinstance(error, VenueError)
    assert isinstance(error, HedgerowError)
    assert not isinstance(error, Refused)
    assert str(error) == "kalshi place: what happened"


def test_unavailable_may_say_when_to_come_back() -> None:
    assert Unavailable("kalshi", "place", "later", retry_after_s=2.5).retry_after_s == 2.5


def test_api_error_keeps_its_detail_as_it_is() -> None:
    error = ApiError(422, [{"loc": ["body"]}], {"Retry-After": "1"})
    assert (error.status, error.detail, error.headers) == (422, [{"loc": ["body"]}], {"Retry-After": "1"})
    assert ApiError(404, "x").headers == {}
