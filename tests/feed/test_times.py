"""The feed's ways of writing a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.feed.times import microseconds, moment_ms

zones = st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)), zones)  # noqa: DTZ001 - the zone is added below
def test_time_is_exact_to_the_microsecond_in_any_zone(moment, zone):
    at = moment.replace(tzinfo=UTC)
    exact = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert microseconds(at.astimezone(zone).isoformat()) == exact


def test_time_without_a_zone_is_utc():
    assert microseconds("2026-09-03T07:41:28.445213") == microseconds("2026-09-03T07:41:28.445213Z")


@pytest.mark.parametrize("text", [None, "", "soon", "2026-13-01T00:00:00"])
def test_other_forms_are_no_time(text):
    assert microseconds(text) is None


@pytest.mark.parametrize("told", [1_788_421_288, 1_788_421_288_000, "2026-09-03T07:41:28Z"])
def test_moment_may_be_written_in_three_ways(told):
    assert moment_ms(told) == 1_788_421_288_000


def test_moment_that_is_not_told_is_none():
    assert moment_ms(None) is None
