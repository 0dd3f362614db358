"""Categories to listings, and markets to results."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus
from hedgerow.venues.base import Listing
from hedgerow.venues.predict_fun import wire
from hedgerow.venues.predict_fun.listing import listings_of, resolutions_of, taker_fee
from hedgerow.venues.reading import read

NOW_MS = 1_790_000_000_000
Load = Callable[[str], dict[str, Any]]


def listed(category: dict[str, Any], sport: str = "tennis") -> list[Listing]:
    return listings_of(read(wire.Category, json.dumps(category).encode()), sport)


def with_market(category: dict[str, Any], **changes: Any) -> dict[str, Any]:
    category = copy.deepcopy(category)
    category["markets"][0].update(changes)
    return category


def test_both_names_of_a_match_are_listed_as_what_they_pay_on(load: Load) -> None:
    first, second = listed(load("category"))
    assert (first.outcome, first.opposite) == ("Jannik Sinner", "Carlos Alcaraz") == (second.opposite, second.outcome)
    assert first.participants == second.participants == ("Jannik Sinner", "Carlos Alcaraz")
    assert (first.sport, first.market_type, first.period, first.is_open) == ("tennis", "moneyline", "result", True)
    assert first.starts_at_ms == 1_795_280_400_000
    assert (first.instrument.ref, first.instrument.market_ref) == ("1111", "1739803")
    assert first.instrument.grid == PriceGrid.probability(10_000)
    assert first.instrument.meta == {"index": "1", "fee_rate_bps": "200", "neg_risk": "0", "yield_bearing": "1"}
    assert second.instrument.meta["index"] == "2"


def test_a_category_is_of_the_one_sport_that_its_tags_name(load: Load) -> None:
    category = load("category")
    assert listed(category, "soccer") == []
    assert listed({**category, "tags": [{"name": "Tennis"}, {"name": "NBA"}]}) == []
    assert listed({**category, "tags": None}) == []
    assert listed({**category, "title": "Who wins Wimbledon?"}) == []


@pytest.mark.parametrize(
    "changes",
    [
        {
            "outcomes": [
                {"indexSet": 1, "name": "Over", "onChainId": "1"},
                {"indexSet": 2, "name": "Under", "onChainId": "2"},
            ]
        },
        {
            "outcomes": [
                {"indexSet": 1, "name": "Yes", "onChainId": "1"},
                {"indexSet": 2, "name": "No", "onChainId": "2"},
            ]
        },
        {"decimalPrecision": 5},
        {"feeRateBps": 9_999},
        {"outcomes": "none"},
    ],
)
def test_what_is_not_understood_is_left_out(load: Load, changes: dict[str, Any]) -> None:
    assert listed(with_market(load("category"), **changes)) == []


def test_soccers_questions_are_the_three_outcomes_of_regular_time(load: Load) -> None:
    category = load("category")
    yes_no = [{"indexSet": 1, "name": "Yes", "onChainId": "1"}, {"indexSet": 2, "name": "No", "onChainId": "2"}]
    titles = ("Arsenal", "Draw", "Chelsea", "Both to score")
    markets = [{**category["markets"][0], "title": title, "outcomes": yes_no} for title in titles]
    match = {**category, "title": "Arsenal vs. Chelsea", "tags": [{"name": "EPL"}], "markets": markets}
    found = listed(match, "soccer")
    assert [one.outcome for one in found] == ["Arsenal", "Draw", "Chelsea"]
    assert {(one.market_type, one.period, one.opposite, one.instrument.ref) for one in found} == {
        ("1x2", "fulltime", None, "1")
    }


@given(st.integers(1, 999_999), st.integers(1, 10**6), st.integers(0, 500))
def test_the_fee_that_is_reckoned_with_is_never_below_the_venues(price: int, lots: int, rate_bps: int) -> None:
    size = lots * MICRO // 10
    charged = Decimal(size * rate_bps * min(price, MICRO - price)) / (10_000 * MICRO)
    assert charged <= taker_fee(rate_bps).of(price, size)


# --- results -----------------------------------------------------------------------------------------------------


def results(category: dict[str, Any], first: str | None, second: str | None, **changes: Any) -> dict[str, Any]:
    market = {**category["markets"][0], "status": "RESOLVED", **changes}
    market["outcomes"] = [
        {**outcome, "status": status} for outcome, status in zip(market["outcomes"], (first, second), strict=True)
    ]
    found = resolutions_of(read(wire.Market, json.dumps(market).encode()), ("1111", "2222", "3333"), NOW_MS)
    return {one.instrument_ref: (one.status, one.payout_per_contract) for one in found}


def test_results_are_those_of_the_outcomes(load: Load) -> None:
    won, lost = (SettlementStatus.WON, Decimal(1)), (SettlementStatus.LOST, Decimal(0))
    assert results(load("category"), "WON", "LOST") == {"1111": won, "2222": lost}
    assert results(load("category"), "LOST", "WON") == {"1111": lost, "2222": won}


def test_a_resolution_for_neither_pays_a_half_and_is_not_guessed_from_the_status_alone(load: Load) -> None:
    half = SettlementStatus.VOID, Decimal("0.5")
    assert results(load("category"), None, None, resolution={"name": "50-50"}) == {"1111": half, "2222": half}
    assert results(load("category"), None, None) == {}
    assert results(load("category"), "WON", None) == {"1111": (SettlementStatus.WON, Decimal(1))}


def test_what_is_not_resolved_has_no_result(load: Load) -> None:
    assert results(load("category"), "WON", "LOST", status="PRICE_PROPOSED") == {}
