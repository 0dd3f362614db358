"""What a row's order book tells beside its price, in every shape that is known."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.money import MICRO
from hedgerow.core.odds import OddsMicros
from hedgerow.feed.depth import LaySide, exact_odds, lay_side


def test_the_recorded_book_of_a_prediction_market(shared: Any) -> None:
    fragments = json.loads(shared("data/oddspapi/observed_quote_fragments.json").read_text())
    told = {one["bookmaker"]: json.dumps(one["meta"]).encode() for one in fragments["orderbook_meta"][:4]}
    # 150 contracts at 0.96, told as 1.042
    assert lay_side(told["polymarket"]) == LaySide(1_041_667, 6_000_000)  # type: ignore[arg-type]
    assert lay_side(told["betfair-ex"]) is lay_side(told["sx.bet"]) is lay_side(told["kalshi"]) is None


def test_the_older_scalar_is_the_price_of_the_complement() -> None:
    assert lay_side(b'{"lay": 2.817, "bookmakerLayOutcomeId": "68"}') == LaySide(1_550_358, None)  # type: ignore[arg-type]


def test_of_several_levels_the_lowest_price_is_the_best() -> None:
    told = b'{"availableToLay": [{"price": 3.1, "size": 10}, {"price": 3, "size": 20.5}]}'
    assert lay_side(told) == LaySide(3_000_000, 41_000_000)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "meta",
    [
        None,
        b"{}",
        b"[]",
        b"not JSON",
        b"\xff",
        b'{"lay": []}',
        b'{"lay": 1}',
        b'{"lay": "NaN"}',
        b'{"lay": [{"price": 1, "size": 5}]}',
        b'{"lay": [{"price": 1.5, "size": 0}]}',
        b'{"lay": [{"price": 1e9, "size": 5}]}',
    ],
)
def test_what_tells_no_lay_side_has_none(meta: bytes | None) -> None:
    assert lay_side(meta) is None


@given(st.decimals(Decimal("1.001"), Decimal(1000), places=3))
def test_the_scalar_is_never_taken_for_better_than_it_is(complement: Decimal) -> None:
    side = lay_side(json.dumps({"lay": float(complement)}).encode())
    assert side is not None
    exact = Fraction(complement) / Fraction(complement - 1)
    assert exact <= Fraction(side.odds, MICRO) < exact + Fraction(1, MICRO)


@pytest.mark.parametrize(
    ("told", "meta", "exact"),
    [
        (1_042_000, b'{"back": [{"price": 1.042, "cents": 0.96, "size": 5}]}', 1_041_666),
        (1_020_000, b'{"back": [{"price": 1.02, "cents": 0.98}, {"price": 1.01, "cents": 0.99}]}', 1_020_408),
        (1_750_000, b'{"back": [{"price": 1.754, "cents": 0.57}]}', 1_750_000),
        (12_500_000, b'{"availableToBack": [{"price": 12.5, "size": 20.21}]}', 12_500_000),
        (1_990_000, b'{"back": [{"price": 1.99, "limit": 286.299, "cents": 0.5025}]}', 1_990_049),
        (1_990_000, b'{"back": 3}', 1_990_000),
        (1_990_000, None, 1_990_000),
    ],
)
def test_a_price_that_was_rounded_is_taken_from_the_book(told: int, meta: bytes | None, exact: int) -> None:
    assert exact_odds(OddsMicros(told), meta) == exact
