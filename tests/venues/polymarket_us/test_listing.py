"""Events of the gateway as listings: what is taken, what is left out, what a market accepts."""

from __future__ import annotations

import json
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hedgerow.core.money import MICRO
from hedgerow.core.states import SettlementStatus
from hedgerow.venues.base import Listing
from hedgerow.venues.polymarket_us import listing, wire
from hedgerow.venues.reading import UnreadableError, read

from .conftest import MARKET, Message

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=8,
)


def listed(event: Message, sport: str = "american-football") -> list[Listing]:
    return list(listing.listings_of(read(wire.Event, json.dumps(event).encode()), sport))


def test_a_match_is_listed_by_its_winner_and_the_long_side(event: Message) -> None:
    (found,) = listed(event)
    assert (found.participants, found.outcome, found.opposite) == (
        ("Detroit Lions", "Cincinnati Bengals"),
        "Detroit Lions",
        "Cincinnati Bengals",
    )
    assert (found.sport, found.market_type, found.period) == ("american-football", "moneyline", "result")
    assert (found.starts_at_ms, found.is_open, found.competition) == (1_795_370_400_000, True, "nfl")
    instrument = found.instrument
    assert (instrument.ref, instrument.lot, instrument.min_size) == (MARKET, 10_000, 10_000)
    assert (instrument.grid.lowest, instrument.grid.highest, instrument.grid.tick) == (10_000, 990_000, 5_000)
    assert instrument.taker_fee.of(500_000, 1_000 * MICRO) == 17_380_000  # 17.375, in whole cents
    assert instrument.maker_fee.of(500_000, 1_000 * MICRO) == 0


@pytest.mark.parametrize(
    ("sport", "changes"),
    [
        ("baseball", {}),
        ("soccer", {}),
        ("american-football", {"slug": "aec-mlb-bos-tor-2026-11-22"}),
        ("american-football", {"slug": "atc-nfl-det-cin-2026-11-22"}),
        ("american-football", {"sportsMarketType": "football_team_first_half_winner"}),
        ("american-football", {"closed": True}),
        ("american-football", {"hidden": True}),
        ("american-football", {"status": "MARKET_STATUS_RESOLVED"}),
        ("american-football", {"marketSides": []}),
        ("american-football", {"orderPriceMinTickSize": 0.03}),
        ("american-football", {"orderPriceMinTickSize": None}),
        ("american-football", {"minimumTradeQty": 0}),
        ("american-football", {"feeCoefficient": -1}),
    ],
)
def test_what_is_no_readable_match_winner_is_left_out(event: Message, sport: str, changes: Message) -> None:
    event["markets"][0] |= changes
    assert listed(event, sport) == []


@pytest.mark.parametrize("changes", [{"status": "MARKET_STATUS_HALTED"}, {"active": False}, {"status": None}])
def test_a_market_that_takes_no_orders_now_is_listed_as_closed(event: Message, changes: Message) -> None:
    event["markets"][0] |= changes
    assert [one.is_open for one in listed(event)] == [False]


@pytest.mark.parametrize(
    ("told", "status", "payout"),
    [
        ("1", SettlementStatus.WON, Decimal(1)),
        ("0", SettlementStatus.LOST, Decimal(0)),
        ("0.5", SettlementStatus.VOID, Decimal("0.5")),
        ("0.37", SettlementStatus.VOID, Decimal("0.37")),
    ],
)
def test_a_settlement_says_what_a_contract_pays(told: str, status: SettlementStatus, payout: Decimal) -> None:
    found = listing.resolution(MARKET, wire.Settlement(Decimal(told)), 5)
    assert (found.status, found.payout_per_contract, found.at_ms) == (status, payout, 5)


@pytest.mark.parametrize("told", ["1.01", "-0.1", "NaN", "0.12345678"])
def test_a_settlement_that_cannot_be_is_refused(told: str) -> None:
    with pytest.raises(UnreadableError):
        listing.resolution(MARKET, wire.Settlement(Decimal(told)), 5)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.data())
def test_a_mutated_market_is_read_exactly_or_left_out(event: Message, data: st.DataObject) -> None:
    mutated = deepcopy(event)
    market = mutated["markets"][0]
    market[data.draw(st.sampled_from(sorted(market)))] = data.draw(json_values)
    for found in listed(mutated):
        assert found.instrument.grid.tick == Decimal(str(market["orderPriceMinTickSize"])) * MICRO
        assert found.instrument.lot == Decimal(str(market["minimumTradeQty"])) * MICRO > 0
