"""Betfair's messages as ours: recorded ones, and ones that were spoiled."""

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

from hedgerow.core.money import MICRO, micros
from hedgerow.core.states import OrderStatus, Side
from hedgerow.storage.database import encode_json
from hedgerow.venues.betfair_ex import markets, parse, wire
from hedgerow.venues.betfair_ex.ladder import CENT, LADDER
from hedgerow.venues.betfair_ex.parse import MalformedError

RESPONSES = "data/betfair/samples/betfair_parser/responses"
UUID = "ff295344-1350-54be-b196-754b4f2a1274"

ORDER: dict[str, Any] = {
    "id": "1",
    "p": 2.5,
    "s": 10,
    "side": "B",
    "status": "E",
    "pt": "L",
    "ot": "L",
    "pd": 1_795_190_000_000,
    "sm": 4,
    "avp": 2.5,
    "sr": 6,
    "sl": 0,
    "sc": 0,
    "sv": 0,
    "rfo": "ff295344135054beb196754b4f2a1274",
}


def read(order: dict[str, Any]) -> parse.Bet:
    return parse.streamed("1.2", 3, msgspec.json.decode(encode_json(order), type=wire.StreamOrder))


def test_the_ladder_is_the_classic_one(shared: Callable[[str], Path]) -> None:
    prices = json.loads(shared("venues/ladders.json").read_text())["betfair-ex"]["prices"]
    assert sorted(LADDER.odds) == [micros(Decimal(price)) for price in prices]


def test_a_stake_at_odds_is_contracts_that_pay_one() -> None:
    bet = read(ORDER)
    assert (bet.state.side, bet.state.price, bet.state.size, bet.state.filled) == (
        Side.BUY,
        400_000,
        25_000_000,
        10_000_000,
    )
    assert (bet.matched, bet.state.client_ref, bet.state.status) == (4_000_000, UUID, OrderStatus.PLACED)


def test_a_bet_that_met_better_odds_pays_more_for_its_stake() -> None:
    state = read(ORDER | {"avp": 3.25}).state
    assert (state.filled, state.size) == (13_000_000, 13_000_000 + 15_000_000)


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ({"sm": 10, "sr": 0}, OrderStatus.FILLED),
        ({"sr": 0, "sc": 6}, OrderStatus.CANCELLED),
        ({"sr": 0, "sl": 6}, OrderStatus.EXPIRED),
        ({"sm": 0, "sr": 0, "sv": 10}, OrderStatus.CANCELLED),
    ],
)
def test_a_complete_bet_ended_as_its_parts_say(parts: dict[str, Any], status: OrderStatus) -> None:
    assert read(ORDER | {"status": "EC"} | parts).state.status is status


@pytest.mark.parametrize(
    "name", ["ocm_filled", "ocm_cancel", "ocm_mixed", "ocm_filled_different_price", "ocm_full_image"]
)
def test_recorded_changes_of_bets_are_read(name: str, shared: Callable[[str], Path]) -> None:
    message = shared(f"{RESPONSES}/streaming/{name}.json").read_bytes()
    told = msgspec.json.decode(message, type=wire.Changes)
    rows = [
        (change.id, runner.id, order)
        for change in told.oc or ()
        for runner in change.orc or ()
        for order in runner.uo or ()
    ]
    assert rows
    for market_id, selection_id, order in rows:
        if order.sm and not order.avp:  # a matched bet without its mean odds is not guessed
            with pytest.raises(MalformedError, match="no odds"):
                parse.streamed(market_id, selection_id, order)
            continue
        bet = parse.streamed(market_id, selection_id, order)
        assert bet.matched == micros(round(order.sm, 2))
        assert bet.state.filled == round(order.sm * order.avp * MICRO)


def test_recorded_lists_are_read(shared: Callable[[str], Path]) -> None:
    current = json.loads(shared(f"{RESPONSES}/betting/list_current_orders.json").read_text())["result"]
    rows = msgspec.json.decode(json.dumps(current), type=wire.CurrentOrders).current_orders
    first = parse.current(rows[0]).state
    assert (first.venue_ref, first.instrument_ref, first.price, first.size) == (
        "228059754671",
        "1.180575118:39980",
        200_000,
        50_000_000,
    )
    book = json.loads(shared(f"{RESPONSES}/betting/list_market_book_no_rollup.json").read_text())["result"]
    (told,) = msgspec.json.decode(json.dumps(book), type=list[wire.Book])
    assert (told.status, len(told.runners), markets.best(told.runners[0])) == (
        "OPEN",
        5,
        (Decimal("1.86"), Decimal("1.87")),
    )


def test_who_took_is_known_from_the_placement_else_from_the_time() -> None:
    match = {"betId": "1", "side": "BACK", "price": 2, "size": 3, "matchDate": "2026-11-21T10:00:00.000Z"}
    runner = {
        "selectionId": 3,
        "status": "ACTIVE",
        "orders": [{"betId": "1", "placedDate": "2026-11-21T10:00:00.000Z"}],
        "matches": [match | {"matchId": "1"}, match | {"matchId": "2"}],
    }
    told = msgspec.json.decode(json.dumps(runner), type=wire.BookRunner)
    assert [fill.is_maker for fill in parse.fills("1.2", told, {"1": 3_000_000})] == [False, True]
    assert [fill.is_maker for fill in parse.fills("1.2", told, {})] == [False, False]


@given(st.sampled_from(list(LADDER)), st.integers(1, 10**6))
def test_what_is_sent_of_contracts_reads_back_as_the_same(price: int, cents: int) -> None:
    size = cents * LADDER.lot_at(price, CENT)
    stake, odds = parse.stake_text(price, size), parse.odds_text(price)
    state = read(ORDER | {"p": Decimal(odds), "s": Decimal(stake), "sm": 0, "avp": 0, "sr": Decimal(stake)}).state
    assert (state.price, state.size, state.filled) == (price, size, 0)


_VALUES = st.one_of(st.none(), st.integers(-5, 2_000), st.sampled_from(["NaN", "", "B", "2.5", [], {}, 1e30, 2.501]))


@given(st.sampled_from(sorted(ORDER)), _VALUES)
def test_a_spoiled_message_is_refused_or_says_what_it_said(name: str, value: Any) -> None:
    spoiled = ORDER | {name: value}
    try:
        bet = read(spoiled)
    except (MalformedError, msgspec.ValidationError):
        return
    assert LADDER.odds_of(bet.state.price) == micros(Decimal(str(spoiled["p"])))
    assert bet.matched == micros(round(Decimal(str(spoiled["sm"])), 2))
    assert bet.state.side is {"B": Side.BUY, "L": Side.SELL}[spoiled["side"]]


@pytest.mark.parametrize("reference", [UUID, "O-20210401-003703-001-001-2"])
def test_a_reference_comes_back_as_it_was(reference: str) -> None:
    assert parse.own_ref(parse.wire_ref(reference)) == reference


def test_time_is_exact_to_the_millisecond_and_none_beyond_the_last_year() -> None:
    assert parse.time_ms("9999-12-31T23:59:59.999999Z", "placedDate") == 253_402_300_799_999
    for beyond in ("9999-12-31T23:59:59.999Z-01:00", "9999-12-31T23:59:59.999-01:00", "soon", ""):
        with pytest.raises(parse.MalformedError, match="placedDate"):
            parse.time_ms(beyond, "placedDate")
