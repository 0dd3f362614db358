"""Betfair's markets as ours: what is listed, how markets end, how a commission is spread."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.states import SettlementStatus, Side
from hedgerow.venues.betfair_ex import markets, wire
from hedgerow.venues.betfair_ex.parse import MalformedError
from hedgerow.venues.taking import Leg

MARKET: dict[str, Any] = {
    "marketId": "1.2",
    "marketName": "Match Odds",
    "marketStartTime": "2026-11-21T18:26:00.000Z",
    "description": {"bettingType": "ODDS", "marketType": "MATCH_ODDS", "marketBaseRate": 5},
    "event": {"id": "9", "name": "Fulham v Crystal Palace"},
    "runners": [
        {"selectionId": 3, "runnerName": "The Draw", "sortPriority": 3},
        {"selectionId": 2, "runnerName": "Crystal Palace", "sortPriority": 2},
        {"selectionId": 1, "runnerName": "Fulham", "sortPriority": 1},
    ],
}


def catalogue(**changes: Any) -> wire.Catalogue:
    return msgspec.json.decode(json.dumps(MARKET | changes), type=wire.Catalogue)


def bet(number: int, profit: str, **more: Any) -> wire.ClearedOrder:
    return wire.ClearedOrder("1.2", Decimal(profit), bet_id=str(number), **more)


def test_a_soccer_match_is_listed_with_its_draw() -> None:
    listings = list(markets.listings_of("soccer", [catalogue()]))
    assert [(one.instrument.ref, one.outcome, one.opposite) for one in listings] == [
        ("1.2:1", "Fulham", None),
        ("1.2:2", "Crystal Palace", None),
        ("1.2:3", "The Draw", None),
    ]
    assert {(one.participants, one.market_type, one.period, one.starts_at_ms) for one in listings} == {
        (("Fulham", "Crystal Palace"), "1x2", "fulltime", 1_795_285_560_000)
    }
    fee = listings[0].instrument.maker_fee
    assert (fee.rate, fee.on_winnings) == (Decimal("0.05"), True)


def test_a_match_without_a_draw_names_the_opposite() -> None:
    listings = list(markets.listings_of("tennis", [catalogue(runners=MARKET["runners"][1:])]))
    assert [(one.outcome, one.opposite) for one in listings] == [
        ("Fulham", "Crystal Palace"),
        ("Crystal Palace", "Fulham"),
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"runners": MARKET["runners"][1:]},
        {"runners": MARKET["runners"] * 2},
        {"description": MARKET["description"] | {"bettingType": "LINE"}},
        {"description": MARKET["description"] | {"marketBaseRate": -1}},
        {"description": None},
        {"marketId": "x"},
        {"marketStartTime": "soon"},
    ],
)
def test_what_is_no_match_odds_of_the_sport_is_left_out(changes: dict[str, Any]) -> None:
    assert list(markets.listings_of("soccer", [catalogue(**changes)])) == []


@pytest.mark.parametrize(
    ("status", "runner", "result"),
    [
        ("CLOSED", "WINNER", SettlementStatus.WON),
        ("CLOSED", "LOSER", SettlementStatus.LOST),
        ("CLOSED", "REMOVED", SettlementStatus.VOID),
        ("CLOSED", "PLACED", None),
        ("SUSPENDED", "WINNER", None),
    ],
)
def test_a_selection_ends_with_its_closed_market(status: str, runner: str, result: SettlementStatus | None) -> None:
    assert markets.ended(status, runner) is result


def test_the_cheapest_comes_first_on_both_sides() -> None:
    told = {"price": 1.9, "size": 10}, {"price": 2.1, "size": 4}
    runner = {"selectionId": 1, "status": "ACTIVE", "ex": {"availableToBack": told, "availableToLay": told}}
    read = msgspec.json.decode(json.dumps(runner), type=wire.BookRunner)
    instrument = markets.instrument_of(catalogue(), 1)
    back, lay = (markets.levels(read, Leg(instrument, side)) for side in (Side.BUY, Side.SELL))
    assert [(level.cost, level.size) for level in back] == [(476_190, 8_400_000), (526_315, 19_000_000)]
    assert [(level.cost, level.size) for level in lay] == [(473_685, 19_000_000), (523_810, 8_400_000)]
    off = {**runner, "ex": {"availableToBack": [{"price": 2.01, "size": 1}]}}
    with pytest.raises(MalformedError, match="ladder"):
        markets.levels(msgspec.json.decode(json.dumps(off), type=wire.BookRunner), Leg(instrument, Side.BUY))


def test_what_was_kept_is_the_commissions_part_of_the_winnings() -> None:
    rows = [bet(1, "30"), bet(2, "-10"), wire.ClearedOrder("1.2", Decimal(20), commission=Decimal(1))]
    resolution = markets.resolution("1.2:1", SettlementStatus.WON, rows, 7)
    assert (resolution.at_ms, resolution.kept.quantize(Decimal("0.0001"))) == (7, Decimal("0.0333"))


@given(st.lists(st.integers(-10_000, 10_000), min_size=1, max_size=9), st.integers(0, 10_000))
def test_a_commission_is_spread_whole_over_the_winners(cents: list[int], commission: int) -> None:
    rows = [bet(number, str(Decimal(cent) / 100)) for number, cent in enumerate(cents, 1)]
    rows.append(wire.ClearedOrder("1.2", Decimal(0), commission=Decimal(commission) / 100))
    shares = markets.shares(rows)
    winners = {str(number) for number, cent in enumerate(cents, 1) if cent > 0}
    assert shares.keys() == winners
    assert not winners or sum(shares.values()) == Decimal(commission) / 100
