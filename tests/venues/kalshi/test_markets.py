"""Prices that markets accept, fees, results."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus
from hedgerow.venues.kalshi import markets, wire
from hedgerow.venues.kalshi.parse import MalformedError

NOW_MS = 1_790_000_000_000


def ranges(*bands: tuple[str, str, str]) -> list[wire.PriceRange]:
    return [wire.PriceRange(*band) for band in bands]


def test_cents_leave_out_zero_and_one() -> None:
    assert markets.price_grid(ranges(("0.0000", "1.0000", "0.0100"))) == PriceGrid.probability(10_000)


def test_a_tapered_grid_is_finer_at_its_ends() -> None:
    grid = markets.price_grid(
        ranges(("0.9000", "1.0000", "0.0010"), ("0.0000", "0.1000", "0.0010"), ("0.1000", "0.9000", "0.0100"))
    )
    assert (grid.lowest, grid.highest) == (1_000, 999_000)
    assert (grid.up(99_000), grid.up(100_000), grid.up(900_000)) == (100_000, 110_000, 901_000)


@pytest.mark.parametrize(
    "bands",
    [
        [],
        [("0.0000", "0.4000", "0.0100"), ("0.5000", "1.0000", "0.0100")],
        [("0.0000", "1.0000", "0.0300")],
        [("0.0000", "1.0000", "0.0000")],
        [("0.0000", "1.0000", "1.0000")],
        [("0.0000", "2.0000", "0.0100")],
        [("0", "x", "0.01")],
    ],
)
def test_ranges_that_make_no_grid_are_refused(bands: list[tuple[str, str, str]]) -> None:
    with pytest.raises(MalformedError):
        markets.price_grid(ranges(*bands))


@given(st.lists(st.tuples(*[st.integers(0, 11_000)] * 3), max_size=4))
def test_any_ranges_make_a_grid_inside_zero_and_one_or_are_refused(bands: list[tuple[int, int, int]]) -> None:
    texts = [tuple(f"{number / 10_000:.4f}" for number in band) for band in bands]
    try:
        grid = markets.price_grid([wire.PriceRange(*text) for text in texts])
    except MalformedError:
        return
    assert 0 < grid.lowest <= grid.highest < MICRO


def test_recorded_markets_have_a_grid_and_a_result(shared: Callable[[str], Path]) -> None:
    for path in sorted(shared("data/kalshi/events").glob("*.json")):
        for recorded in json.loads(path.read_text())["response"]["markets"]:
            market = msgspec.convert(recorded, wire.Market, strict=False)
            assert markets.price_grid(market.price_ranges) == PriceGrid.probability(10_000)
            resolution = markets.resolution(market, NOW_MS)
            assert resolution is not None
            assert resolution.payout_per_contract == Decimal(recorded["settlement_value_dollars"])


@pytest.mark.parametrize(
    ("fee_type", "maker_share"),
    [
        ("quadratic", "0"),
        ("quadratic_with_maker_fees", "0.25"),
        ("quadratic_with_combo_maker_fees", "0.5"),
        ("flat", "1"),
    ],
)
def test_fees_are_a_share_of_the_takers(fee_type: str, maker_share: str) -> None:
    maker, taker = markets.fees(fee_type, Decimal("0.5"))
    assert taker.rate == Decimal("0.035")
    assert maker.rate == taker.rate * Decimal(maker_share)
    assert (taker.exponent, taker.unit) == (1, 100)


def test_a_takers_fee_is_that_of_the_fee_schedule() -> None:
    _, taker = markets.fees("quadratic", Decimal(1))
    assert taker.of(500_000, 100 * MICRO) == 1_750_000


@pytest.mark.parametrize(
    ("fee_type", "multiplier"), [("cubic", "1"), *[("quadratic", number) for number in ("-1", "NaN", "Infinity", "15")]]
)
def test_fees_that_are_not_known_are_not_guessed(fee_type: str, multiplier: str) -> None:
    with pytest.raises(MalformedError):
        markets.fees(fee_type, Decimal(multiplier))


@pytest.mark.parametrize(
    ("result", "value", "expected"),
    [
        ("", None, None),
        ("yes", "1.0000", (SettlementStatus.WON, Decimal(1))),
        ("no", None, (SettlementStatus.LOST, Decimal(0))),
        ("scalar", "0.5000", (SettlementStatus.VOID, Decimal("0.5"))),
        ("scalar", "1.0000", (SettlementStatus.WON, Decimal(1))),
        ("scalar", "0.0000", (SettlementStatus.LOST, Decimal(0))),
    ],
)
def test_a_result_says_what_a_contract_paid(
    result: str, value: str | None, expected: tuple[SettlementStatus, Decimal] | None
) -> None:
    assert markets.settlement(result, value) == expected


@pytest.mark.parametrize(("result", "value"), [("maybe", None), ("scalar", None), ("scalar", "1.5000")])
def test_a_result_that_cannot_be_read_is_refused(result: str, value: str | None) -> None:
    with pytest.raises(MalformedError):
        markets.settlement(result, value)


def test_a_determined_market_is_not_resolved_yet(payload: Callable[[str], bytes]) -> None:
    page = msgspec.json.decode(payload("markets_page.json"), type=wire.MarketsPage)
    found = [markets.resolution(market, NOW_MS) for market in page.markets]
    assert [resolution.status if resolution else None for resolution in found] == [
        SettlementStatus.WON,
        None,
        SettlementStatus.VOID,
    ]


def test_a_finalized_market_without_a_result_is_refused() -> None:
    with pytest.raises(MalformedError):
        markets.resolution(wire.Market("T", "E", "finalized"), NOW_MS)
