"""Switches of a venue's own are read as they are meant, or refused by name."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hedgerow.sim.switches import expect_only, seconds_of


def test_unknown_switches_are_named() -> None:
    with pytest.raises(ValueError, match="unknown switch a, c"):
        expect_only({"c": 1, "b": 1, "a": 1}, "b")
    expect_only({"b": 1}, "a", "b")


@pytest.mark.parametrize(
    ("switches", "seconds"), [({"delay": Decimal("1.5")}, 1.5), ({"delay": 0}, 0), ({"other": 1}, 4), ({}, 9)]
)
def test_delay_is_what_is_given_or_what_it_was_or_what_a_reset_makes_it(
    switches: dict[str, Any], seconds: float
) -> None:
    assert seconds_of(switches, "delay", 4, 9) == seconds


@pytest.mark.parametrize("value", [True, "1", -1, None])
def test_delay_that_is_no_time_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="delay must be a number of seconds"):
        seconds_of({"delay": value}, "delay", 0)
