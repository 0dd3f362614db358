"""What is listed, and what is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.venues.mutated import mutations

from hedgerow.core.money import MICRO, micros
from hedgerow.venues.base import Listing
from hedgerow.venues.novig_us import wire
from hedgerow.venues.novig_us.listing import GRID, listings_of
from hedgerow.venues.reading import read

from .conftest import Load
from .test_parse import AWAY, HOME, NOW_MS, mutating

FREE = wire.Locks()


def listed(
    *messages: dict[str, Any], locks: wire.Locks = FREE, sport: str = "tennis", now_ms: int = NOW_MS
) -> list[Listing]:
    return listings_of([msgspec.Raw(json.dumps(message).encode()) for message in messages], locks, sport, now_ms)


def test_a_market_is_one_contract_on_the_outcome_with_the_home_index(load: Load) -> None:
    (listing,) = listed(load("market"))
    instrument = listing.instrument
    assert (instrument.ref, instrument.meta["opposite"], instrument.market_ref) == (HOME, AWAY, load("market")["id"])
    assert (listing.outcome, listing.opposite) == listing.participants == ("Jannik Sinner", "Carlos Alcaraz")
    assert (listing.market_type, listing.period, listing.is_open) == ("moneyline", "result", True)
    assert (listing.starts_at_ms, instrument.lot, instrument.min_size) == (NOW_MS + 90_000_000, 10_000, MICRO)


def test_the_grid_is_the_one_that_the_venue_publishes(shared: Callable[[str], Path]) -> None:
    ladder = json.loads(shared("venues/ladders.json").read_text())["novig.us"]["prices"]
    assert list(GRID) == [micros(Decimal(price)) for price in ladder]


@pytest.mark.parametrize(
    "locks",
    [
        {"systemLock": {"id": "maintenance"}, "lockedEventIds": []},
        {"systemLock": None, "lockedEventIds": ["6a1d3c1e-2f3b-5a70-9d7e-0c6f6d1b2a00"]},
    ],
)
def test_a_locked_event_is_listed_and_not_open(load: Load, locks: Any) -> None:
    (listing,) = listed(load("market"), locks=read(wire.Locks, json.dumps(locks).encode()))
    assert not listing.is_open


def test_takers_pay_in_play_and_shortly_before_and_else_nothing(load: Load) -> None:
    def fee(message: dict[str, Any], now_ms: int = NOW_MS) -> int:
        return listed(message, now_ms=now_ms)[0].instrument.taker_fee.of(610_000, 2 * MICRO)

    message, starts_ms = load("market"), NOW_MS + 90_000_000
    assert (fee(message), fee(message, starts_ms - 60_000)) == (0, 14_280)
    for status in ("OPEN_INGAME", "DELAYED", ""):
        message["event"]["status"] = status
        assert fee(message) == 14_280


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "SPREAD"},
        {"league": "NBA"},
        {"event": None},
        {"outcomes": []},
        {"outcomes": [{"id": "a", "index": 0}, {"id": "b", "index": 0}]},
        {"outcomes": [{"id": "a", "index": 0}, {"id": "a", "index": 1}]},
        {"outcomes": [{"id": "a", "index": 0}, {"id": "b", "index": 1}, {"id": "c", "index": 2}]},
    ],
)
def test_a_market_of_another_form_is_left_out_and_the_others_are_not(load: Load, changes: dict[str, Any]) -> None:
    assert [one.instrument.ref for one in listed(load("market", **changes), load("market"))] == [HOME]


@mutating
@given(st.data())
def test_whatever_a_market_is_listing_does_not_break(load: Load, data: st.DataObject) -> None:
    for listing in listed(data.draw(mutations(load("market")))):
        assert listing.instrument.ref != listing.instrument.meta["opposite"]
        assert listing.sport == "tennis"
