"""From the venue's orders, fills and books to ours: exact, or refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hedgerow.core.states import FillState, OrderStatus, SettlementStatus, Side
from hedgerow.venues.base import Instrument, NewQuote
from hedgerow.venues.prophetx import parse, wire
from hedgerow.venues.prophetx.odds import CENT, GRID
from hedgerow.venues.prophetx.parse import Sides
from hedgerow.venues.reading import UnreadableError, read

from .conftest import FIRST, NOW_S, SECOND

NOW_MS = NOW_S * 1_000
ORDER_ID = "0e9a41f5c3b24d6b8f7a2c1d5e6f7081"
Order = Callable[..., dict[str, Any]]

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=8,
)
rungs = st.sampled_from(GRID.american)
cents = st.integers(1, 10**9)


def row(message: dict[str, Any]) -> wire.Order:
    return read(wire.Order, json.dumps(message).encode())


def details(*rows: dict[str, Any]) -> list[wire.MatchingDetail]:
    base = {"order_id": ORDER_ID, "price": 110, "quantity": 1, "matched_at": NOW_S}
    return [read(wire.MatchingDetail, json.dumps(base | one).encode()) for one in rows]


@pytest.fixture
def sides(instrument: Instrument) -> Sides:
    known = Sides()
    known.learn([instrument])
    return known


# --- the ladder ----------------------------------------------------------------------------------------------------


def test_the_ladder_is_that_of_the_venue(shared: Callable[[str], Path]) -> None:
    told = json.loads(shared("venues/ladders.json").read_text())["prophetx"]["prices"]
    assert sorted(GRID.american) == sorted(told)
    assert all(GRID.opposite(price) is not None for price in GRID)


# --- times ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "1795262400",
        "1795262400000",
        "1795262400000000",
        "1795262400000000000",
        '"2026-11-21T12:00:00Z"',
        '"2026-11-21T12:00:00.000000Z"',
    ],
)
def test_a_time_is_read_in_every_form_of_the_documents(text: str) -> None:
    assert parse.time_ms(msgspec.Raw(text.encode()), "updated_at") == NOW_MS


@pytest.mark.parametrize("text", ["null", "17952624001", "1e9", '"yesterday"', '"2026-13-01T00:00:00Z"', "-1795262400"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(UnreadableError, match="updated_at is no time"):
        parse.time_ms(msgspec.Raw(text.encode()), "updated_at")


# --- orders --------------------------------------------------------------------------------------------------------


def test_a_purchase_of_the_first_strike_is_one_of_the_contract(order: Order, sides: Sides) -> None:
    state = parse.order_state(row(order()), sides, None, NOW_MS)
    assert (state.instrument_ref, state.side, state.price) == (FIRST, Side.BUY, 476_190)
    assert (state.size, state.filled, state.status) == (21_000_000, 0, OrderStatus.PLACED)


def test_a_purchase_of_the_second_strike_is_a_sale_of_the_contract(order: Order, sides: Sides) -> None:
    state = parse.order_state(row(order(strike_id=SECOND, price=-110, quantity=11)), sides, None, NOW_MS)
    assert (state.instrument_ref, state.side, state.price, state.size) == (FIRST, Side.SELL, 476_190, 21_000_000)


def test_a_strike_that_is_not_known_is_bought_as_itself(order: Order) -> None:
    state = parse.order_state(row(order(strike_id=SECOND)), Sides(), None, NOW_MS)
    assert (state.instrument_ref, state.side) == (SECOND, Side.BUY)


@pytest.mark.parametrize(
    ("changes", "status", "filled"),
    [
        ({"status": "inactive"}, OrderStatus.PENDING_PLACEMENT, 0),
        ({"filled_quantity": 4, "matching_status": "partially_matched"}, OrderStatus.PLACED, 8_400_000),
        ({"filled_quantity": 10, "matching_status": "fully_matched"}, OrderStatus.FILLED, 21_000_000),
        ({"status": "canceled"}, OrderStatus.CANCELLED, 0),
        ({"status": "wiped"}, OrderStatus.EXPIRED, 0),
        ({"status": "closed"}, OrderStatus.EXPIRED, 0),
        ({"status": "invalid"}, OrderStatus.FAILED, 0),
        (
            {"status": "closed", "filled_quantity": 10, "matching_status": "fully_matched"},
            OrderStatus.FILLED,
            21 * 10**6,
        ),
        ({"status": "void", "filled_quantity": 10, "matching_status": "fully_matched"}, OrderStatus.CANCELLED, 0),
    ],
)
def test_statuses_are_told_by_what_was_filled(
    changes: dict[str, Any], status: OrderStatus, filled: int, order: Order, sides: Sides
) -> None:
    state = parse.order_state(row(order(**changes)), sides, None, NOW_MS)
    assert (state.status, state.filled) == (status, filled)


def test_a_part_that_was_filled_before_a_cancel_is_no_whole_order(
    order: Order, sides: Sides, quote: Callable[..., NewQuote]
) -> None:
    told = row(order(quantity=4, filled_quantity=4, open_quantity=0, matching_status="fully_matched"))
    state = parse.order_state(told, sides, quote(), NOW_MS)
    assert (state.status, state.size, state.filled) == (OrderStatus.CANCELLED, 21_000_000, 8_400_000)
    forgotten = parse.order_state(told, sides, None, NOW_MS)
    assert (forgotten.status, forgotten.size) == (OrderStatus.FILLED, 8_400_000)


@pytest.mark.parametrize(
    "changes",
    [
        {"price": 121},
        {"price": 1.91},
        {"price": -100},
        {"quantity": -1},
        {"quantity": 0.1234567},
        {"status": "pondering"},
        {"filled_quantity": -3},
    ],
)
def test_what_cannot_be_read_is_not_guessed(changes: dict[str, Any], order: Order, sides: Sides) -> None:
    with pytest.raises(UnreadableError):
        parse.order_state(row(order(**changes)), sides, None, NOW_MS)


@given(american=rungs, stake=cents, is_first=st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_money_of_an_order_is_its_stake_to_the_micro(
    american: int, stake: int, is_first: bool, order: Order, sides: Sides
) -> None:
    told = row(order(price=american, strike_id=FIRST if is_first else SECOND))
    state = parse.order_state(msgspec.structs.replace(told, quantity=Decimal(stake) / 100), sides, None, NOW_MS)
    at_risk = GRID.at_risk(state.price, state.size, buys=state.side is Side.BUY)
    assert abs(at_risk - stake * CENT) <= (0 if is_first else 1)


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_a_mutated_order_is_read_as_told_or_not_at_all(data: st.DataObject, order: Order, sides: Sides) -> None:
    message = order(filled_quantity=4, matching_status="partially_matched")
    name = data.draw(st.sampled_from(sorted(message)))
    message[name] = data.draw(json_values)
    try:
        state = parse.order_state(row(message), sides, None, NOW_MS)
    except UnreadableError:
        return
    own = GRID.at(int(Decimal(str(message["price"]))))
    assert own is not None
    assert state.price == parse.own_price(state.side, own)
    assert state.size == max(GRID.contracts(own, int(Decimal(str(message["quantity"])) * 10**6)), state.filled)


# --- fills ---------------------------------------------------------------------------------------------------------


def test_fills_are_named_by_what_is_filled_with_them(order: Order, sides: Sides) -> None:
    rows = details({"id": 9, "quantity": 3}, {"id": 10, "quantity": 4}, {"id": 8, "matched_at": NOW_S - 5})
    parts = parse.parts_of(rows)[ORDER_ID]
    assert [(part.stake, part.until) for part in parts] == [
        (10**6, 10**6),
        (3 * 10**6, 4 * 10**6),
        (4 * 10**6, 8 * 10**6),
    ]
    told = row(order(filled_quantity=4, total_filled_quantity=8, fill_price=110, update_type="matching"))
    assert parse.part_of(told, NOW_MS) == parts[-1]


def test_a_fill_at_better_odds_has_their_price(order: Order, sides: Sides) -> None:
    part = parse.parts_of(details({"id": 1, "price": 120}))[ORDER_ID][0]
    fill = parse.fill_of(part, row(order()), sides, None, NOW_MS)
    assert (fill.price, fill.size, fill.is_maker) == (454_545, 2_200_000, False)


def test_a_fill_of_a_sale_is_in_the_contracts_terms(order: Order, sides: Sides) -> None:
    part = parse.parts_of(details({"id": 1, "price": -110, "quantity": 11}))[ORDER_ID][0]
    fill = parse.fill_of(part, row(order(strike_id=SECOND, price=-110)), sides, None, NOW_MS - 5_000)
    assert (fill.side, fill.price, fill.size, fill.is_maker) == (Side.SELL, 476_190, 21_000_000, True)


def test_what_must_not_take_never_took(order: Order, sides: Sides, quote: Callable[..., NewQuote]) -> None:
    part = parse.parts_of(details({"id": 1}))[ORDER_ID][0]
    assert parse.fill_of(part, row(order()), sides, quote(), NOW_MS).is_maker
    assert not parse.fill_of(part, row(order()), sides, replace(quote(), post_only=False), NOW_MS).is_maker


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, FillState.PROVISIONAL),
        ({"winning_status": "won"}, FillState.FINAL),
        ({"status": "void", "winning_status": "no_result"}, FillState.REVERSED),
    ],
)
def test_a_fill_is_final_with_its_result(changes: dict[str, Any], state: FillState, order: Order, sides: Sides) -> None:
    part = parse.parts_of(details({"id": 1}))[ORDER_ID][0]
    assert parse.fill_of(part, row(order(**changes)), sides, None, NOW_MS).state is state


def test_a_message_without_a_fill_tells_none(order: Order) -> None:
    assert parse.part_of(row(order()), NOW_MS) is None
    assert parse.part_of(row(order(filled_quantity=4, update_type="status")), NOW_MS) is None
    with pytest.raises(UnreadableError, match="total_filled_quantity"):
        parse.part_of(row(order(filled_quantity=4, fill_price=110, update_type="matching")), NOW_MS)


@pytest.mark.parametrize(
    ("told", "result"),
    [
        ("won", SettlementStatus.WON),
        ("profit", SettlementStatus.WON),
        ("manually_lost", SettlementStatus.LOST),
        ("push", SettlementStatus.VOID),
        (None, SettlementStatus.UNDECIDED),
    ],
)
def test_results_have_several_words(told: str | None, result: SettlementStatus, order: Order) -> None:
    assert parse.result_of(row(order(winning_status=told))) is result


def test_an_unknown_result_is_none(order: Order) -> None:
    with pytest.raises(UnreadableError, match="winning_status"):
        parse.result_of(row(order(winning_status="pondered")))


# --- books ---------------------------------------------------------------------------------------------------------


def test_what_can_be_bought_is_priced_and_an_empty_side_offers_nothing() -> None:
    rows = [wire.Selection(FIRST, price=Decimal(110), quantity=Decimal("10.5")), wire.Selection(FIRST)]
    assert parse.offers_of(rows) == [(476_190, 22_050_000)]


def test_a_level_that_is_none_is_refused() -> None:
    for wrong in (
        wire.Selection(FIRST, price=Decimal("1.91"), quantity=Decimal(1)),
        wire.Selection(price=Decimal(110)),
    ):
        with pytest.raises(UnreadableError):
            parse.offers_of([wrong])
