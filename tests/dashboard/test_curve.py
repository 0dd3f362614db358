"""Profit and loss over time, from days and from what was seen."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.dashboard.apis.mm import Pnl
from hedgerow.dashboard.curve import LEAST_APART, MOST_SAMPLES, Sample, Track, chart, day_ends, days_before

TODAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)
results = st.decimals("-1e6", "1e6", places=6)


def pnl(result: str, locked: str = "0") -> Pnl:
    zero = Decimal(0)
    return Pnl(
        total_turnover=zero,
        net_realized_spread=Decimal(result),
        naked_pnl=zero,
        unhedged_stake=zero,
        unhedged_stake_pct=zero,
        locked_pnl=Decimal(locked),
        fees=zero,
    )


def test_days_end_yesterday() -> None:
    assert days_before(TODAY, 3) == [date(2026, 11, 18), date(2026, 11, 19), date(2026, 11, 20)]


@given(st.lists(results, max_size=14), results, results)
def test_curve_meets_the_total_and_steps_by_each_day(days: list[Decimal], today: Decimal, before: Decimal) -> None:
    daily = dict(zip(days_before(TODAY, len(days)), days, strict=True))
    total = before + sum(days) + today
    points = day_ends(daily, total, today)
    assert [at for at, _ in points] == sorted(at for at, _ in points)
    levels = [before, *(value for _, value in points)]
    assert [later - earlier for earlier, later in pairwise(levels)] == days
    assert levels[-1] + today == total


def test_day_stands_at_its_end() -> None:
    ((at, _),) = day_ends({date(2026, 11, 20): Decimal(1)}, Decimal(1), Decimal(0))
    assert at == datetime(2026, 11, 21, tzinfo=UTC)


def test_track_keeps_the_newest_and_is_bounded() -> None:
    track = Track()
    for step in range(MOST_SAMPLES + 10):
        track.add(pnl(str(step)), NOW + step * LEAST_APART)
    assert len(track.samples) == MOST_SAMPLES
    assert track.samples[-1].result == MOST_SAMPLES + 9


def test_samples_that_come_too_soon_replace_the_last() -> None:
    track = Track()
    for milliseconds in range(0, 20_000, 100):
        track.add(pnl(str(milliseconds)), NOW + timedelta(milliseconds=milliseconds))
    assert len(track.samples) < 10
    assert track.samples[-1].result == 19_900


def test_amounts_reach_the_chart_digit_for_digit() -> None:
    told = chart([], [Sample(NOW, Decimal("0.123456"), Decimal("-7.000001"))])
    assert [series["data"][0][1] for series in told["series"]] == ["0.123456", "-7.000001"]
