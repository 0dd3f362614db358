"""Figures as people read them: exact to the digit that is shown."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.dashboard import figures

NOW = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)
amounts = st.decimals("-1e12", "1e12", places=6)


@pytest.mark.parametrize(
    ("value", "text"),
    [("1234.5", "1,234.50"), ("-0.004", "0.00"), ("-4", "−4.00"), ("0.005", "0.00"), ("0.015", "0.02")],
)
def test_money_has_two_decimals_and_no_negative_zero(value: str, text: str) -> None:
    assert figures.money(Decimal(value)) == text


@given(amounts)
def test_money_reads_back_within_half_a_cent(value: Decimal) -> None:
    text = figures.money(value).replace(",", "").replace(figures.MINUS, "-")
    assert abs(Decimal(text) - value) <= Decimal("0.005")


@given(amounts)
def test_sign_and_tone_of_a_gain_agree(value: Decimal) -> None:
    text, tone = figures.gain(value), figures.tone(value)
    assert {"good": "+", "bad": figures.MINUS}.get(tone, "0") == text[0]


@pytest.mark.parametrize(
    ("value", "text"), [("2", "2.00"), ("1.952", "1.952"), ("1.9529", "1.952"), ("1.9504", "1.95"), ("1000", "1000.00")]
)
def test_odds_never_show_more_than_they_are(value: str, text: str) -> None:
    assert figures.odds(Decimal(value)) == text
    assert Decimal(text) <= Decimal(value)


def test_price_of_a_contract_is_in_cents() -> None:
    assert figures.price(Decimal("0.349650")) == "34.96 ¢"


@pytest.mark.parametrize(
    ("value", "text"),
    [("10", "10"), ("10.50", "10.5"), ("-1200", "−1,200"), ("0.000001", "0.000001"), ("1E+3", "1,000")],
)
def test_plain_number_has_no_trailing_zeros(value: str, text: str) -> None:
    assert figures.plain(Decimal(value)) == text


def test_what_is_not_there_is_a_dash() -> None:
    shown = (figures.money, figures.gain, figures.odds, figures.price, figures.plain, figures.percent, figures.size)
    assert {show(None) for show in shown} == {figures.NOTHING}
    assert figures.moment(None, NOW) == figures.NOTHING


@pytest.mark.parametrize(
    ("seconds", "text"), [(-1, "now"), (0, "now"), (59, "59 s"), (60, "1 min"), (7199, "1 h"), (200_000, "2 d")]
)
def test_age_has_one_unit(seconds: int, text: str) -> None:
    assert figures.age(seconds) == text


def test_moment_names_the_day_only_where_it_is_another() -> None:
    assert figures.moment(datetime(2026, 11, 21, 3, 4, 5, tzinfo=UTC), NOW) == "03:04:05"
    assert figures.moment(datetime(2026, 11, 3, 3, 4, 5, tzinfo=UTC), NOW) == "3 Nov 03:04"
    assert figures.moment(datetime(2025, 11, 3, 3, 4, 5, tzinfo=UTC), NOW) == "3 Nov 2025"


def test_codes_become_words() -> None:
    assert figures.words("PARTIALLY_FILLED") == "partially filled"
    assert figures.words("manual_paused") == "manual paused"
    assert figures.words("placed") == "placed"


def test_fixture_without_names_is_its_id() -> None:
    assert figures.fixture_name("A", "B", "id1") == "A v B"
    assert figures.fixture_name("A", None, "id1") == "id1"
