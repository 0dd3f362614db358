"""Fair probabilities: published numbers of each method, and what holds for all odds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.odds import OddsMicros, odds_micros
from hedgerow.mm.margins import FINE, Margin, fair_probabilities

M, A, P, S = Margin.MULTIPLICATIVE, Margin.ADDITIVE, Margin.POWER, Margin.SHIN


def fair(odds: str, method: Margin) -> list[float]:
    """Of odds that are told as text; floats are enough to compare digits with."""
    found = fair_probabilities(tuple(one for text in odds.split() if (one := odds_micros(text))), method)
    assert found is not None
    return [p / FINE for p in found]


@pytest.mark.parametrize(
    ("odds", "method", "published", "digits"),
    [
        # The package `shin` of PyPI, its page.
        ("2.6 2.4 4.3", S, [0.37299406033208965, 0.4047794109200184, 0.2222265287474275], 11),
        # The package `implied` of CRAN, its page: methods basic, shin and power. Its roots are good to five digits.
        ("4.20 3.70 1.95", M, [0.2331556, 0.2646631, 0.5021813], 7),
        ("2.45 3.70 2.90", M, [0.3988848, 0.2641264, 0.3369888], 7),
        ("2.05 3.20 3.80", M, [0.4586948, 0.2938514, 0.2474538], 7),
        ("4.20 3.70 1.95", S, [0.2315716, 0.2635742, 0.5048542], 5),
        ("2.45 3.70 2.90", S, [0.4000221, 0.2629271, 0.3370508], 5),
        ("2.05 3.20 3.80", S, [0.4645882, 0.2919788, 0.2434331], 5),
        ("4.20 3.70 1.95", P, [0.2311414, 0.2630644, 0.5057942], 5),
        ("2.45 3.70 2.90", P, [0.4003156, 0.2627189, 0.3369655], 5),
        ("2.05 3.20 3.80", P, [0.4667139, 0.2908985, 0.2423876], 5),
        # Rows of a recorded snapshot, as the notes on market making reckon them.
        ("1.169 5.64 8.47", A, [0.80517, 0.12704, 0.06780], 5),
        ("1.169 5.64 8.47", P, [0.82079, 0.11215, 0.06706], 5),
        ("1.169 5.64 8.47", S, [0.78868, 0.13312, 0.07821], 5),
        ("1.432 2.4", A, [0.64083, 0.35917], 5),
        ("1.432 2.4", P, [0.65007, 0.34993], 5),
        ("1.15 5.8 15", P, [0.84404, 0.11853, 0.03743], 5),
        ("1.15 5.8 15", S, [0.82034, 0.13936, 0.04030], 5),
    ],
)
def test_published_probabilities_are_found(odds: str, method: Margin, published: list[float], digits: int) -> None:
    assert fair(odds, method) == pytest.approx(published, abs=10**-digits)


prices = st.integers(1_010_000, 60_000_000).map(OddsMicros)
books = st.lists(prices, min_size=2, max_size=6).map(tuple)


@given(books, st.sampled_from(Margin))
def test_probabilities_add_up_to_one_and_keep_the_order_of_the_odds(
    odds: tuple[OddsMicros, ...], method: Margin
) -> None:
    found = fair_probabilities(odds, method)
    if found is None:
        return
    assert abs(sum(found) - FINE) <= 100
    assert min(found) >= 0
    by_odds = [p for _, p in sorted(zip(odds, found, strict=True), key=lambda pair: (pair[0], -pair[1]))]
    assert by_odds == sorted(found, reverse=True)


@given(prices, prices)
def test_two_outcomes_are_the_same_by_shin_as_by_the_additive_method(one: OddsMicros, other: OddsMicros) -> None:
    """Proved by Clarke, Kovalchik and Ingram (2017)."""
    assert fair_probabilities((one, other), Margin.SHIN) == fair_probabilities((one, other), Margin.ADDITIVE)


@given(books.filter(lambda odds: sum(10**12 // one for one in odds) >= 10**6))
def test_fair_probability_of_a_favourite_is_never_above_its_inverse_odds(odds: tuple[OddsMicros, ...]) -> None:
    for method in (Margin.MULTIPLICATIVE, Margin.POWER):
        found = fair_probabilities(odds, method)
        assert found is not None
        assert all(p <= 10**18 // one + 1 for p, one in zip(found, odds, strict=True))


def test_odds_that_add_up_to_less_than_one_have_no_margin() -> None:
    surebet = (OddsMicros(2_100_000), OddsMicros(2_100_000))
    assert [fair_probabilities(surebet, method) for method in Margin] == [None] * 4


def test_odds_without_margin_are_fair_already() -> None:
    even = (OddsMicros(3_000_000),) * 3
    for method in Margin:
        found = fair_probabilities(even, method)
        assert found is not None
        assert all(abs(p - FINE // 3) <= 1 for p in found)


def test_additive_method_refuses_to_take_an_outcomes_whole_chance() -> None:
    odds = (OddsMicros(1_050_000), OddsMicros(12_000_000), OddsMicros(100_000_000))
    assert fair_probabilities(odds, Margin.ADDITIVE) is None
    assert fair_probabilities(odds, Margin.POWER) is not None
