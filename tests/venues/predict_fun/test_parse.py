"""Messages to values: documented ones, and anything at all in their places."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.venues.mutated import mutations

from hedgerow.core.money import MICRO
from hedgerow.core.states import FillState, OrderStatus, Side
from hedgerow.venues.base import Fill, OrderState
from hedgerow.venues.predict_fun import wire
from hedgerow.venues.predict_fun.parse import (
    epoch_ms,
    event_fill,
    event_state,
    fills_of,
    levels_of,
    order_state,
    withheld,
)
from hedgerow.venues.reading import UnreadableError, read
from hedgerow.venues.taking import Leg, Level

ME = "0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a"
OTHER = "0x5cbdd86a2fa8dc4bddd8a8f69dba48572eec07fb"
NOW_MS = 1_790_000_000_000
Load = Callable[[str], dict[str, Any]]


def nobody(order_hash: str) -> str | None:
    return None


def row_state(message: dict[str, Any], **changes: Any) -> OrderState:
    return order_state(read(wire.OrderRow, json.dumps({**message, **changes}).encode()), "ref", NOW_MS)


def legs(message: dict[str, Any], address: str) -> list[Fill]:
    return fills_of(read(wire.Match, json.dumps(message).encode()), address, nobody)


def event(message: dict[str, Any], **changes: Any) -> wire.WalletEvent:
    return read(wire.WalletEvent, json.dumps({**message, **changes}).encode())


# --- orders ------------------------------------------------------------------------------------------------------


def test_a_resting_order_is_read_with_what_is_settled_of_it(load: Load) -> None:
    state = row_state(load("order_row"))
    assert (state.side, state.price, state.size, state.filled) == (Side.BUY, 520_000, 10 * MICRO, 2_500_000)
    assert (state.status, state.at_ms, state.client_ref) == (OrderStatus.PLACED, NOW_MS, "ref")
    assert state.venue_ref == "0x" + "ab12" * 16


def test_a_sale_gives_shares_for_money(load: Load) -> None:
    message = load("order_row")
    message["order"] |= {"side": 1, "makerAmount": "10000000000000000000", "takerAmount": "5200000000000000000"}
    state = row_state(message)
    assert (state.side, state.price) == (Side.SELL, 520_000)


@pytest.mark.parametrize(
    ("word", "filled", "strategy", "status"),
    [
        ("OPEN", 0, "LIMIT", OrderStatus.PLACED),
        ("PENDING", 0, "LIMIT", OrderStatus.PLACED),
        ("something new", 0, "LIMIT", OrderStatus.PLACED),
        ("FILLED", 10, "LIMIT", OrderStatus.FILLED),
        ("FILLED", 4, "LIMIT", OrderStatus.PLACED),
        ("FILLED", 4, "MARKET", OrderStatus.CANCELLED),
        ("FILLED", 0, "MARKET", OrderStatus.PLACED),
        ("CANCELLED", 4, "LIMIT", OrderStatus.CANCELLED),
        ("INVALIDATED", 0, "LIMIT", OrderStatus.CANCELLED),
        ("EXPIRED", 0, "LIMIT", OrderStatus.EXPIRED),
        ("REJECTED", 0, "LIMIT", OrderStatus.FAILED),
        ("OPEN", 10, "LIMIT", OrderStatus.FILLED),
    ],
)
def test_a_match_counts_once_it_is_settled(
    load: Load, word: str, filled: int, strategy: str, status: OrderStatus
) -> None:
    state = row_state(load("order_row"), status=word, strategy=strategy, amountFilled=str(filled * 10**18))
    assert (state.status, state.filled) == (status, filled * MICRO)


# --- fills -------------------------------------------------------------------------------------------------------


def test_a_taker_paid_what_was_executed_and_a_maker_its_own_price(load: Load) -> None:
    (taken,), (made,) = legs(load("match"), ME), legs(load("match"), OTHER)
    assert (taken.price, taken.size, taken.is_maker, taken.instrument_ref) == (111_000, 8_400_000, False, "1111")
    assert (made.price, made.size, made.is_maker, made.instrument_ref) == (889_000, 8_400_000, True, "2222")
    assert (taken.side, made.side) == (Side.BUY, Side.BUY)
    assert taken.trade_ref == made.trade_ref == "01a07689-955a-7070-86af-a100b7b7350c"
    assert (taken.state, taken.at_ms) == (FillState.FINAL, 1_788_695_123_000)
    assert legs(load("match"), "0x" + "00" * 20) == []


def test_a_fee_in_shares_is_told_as_money_at_the_price_and_kept_from_what_was_bought(load: Load) -> None:
    message = load("match")
    (taken,) = legs(message, ME)
    assert taken.fee == 168_000 * 111_000 // MICRO
    fee = read(wire.Match, json.dumps(message).encode()).taker.fee
    assert withheld(fee) == 168_000
    message["taker"]["fee"] = {"amount": "30000000000000000", "type": "COLLATERAL"}
    assert legs(message, ME)[0].fee == 30_000
    assert withheld(read(wire.Match, json.dumps(message).encode()).taker.fee) == 0
    message["taker"]["fee"]["type"] = "POINTS"
    with pytest.raises(UnreadableError, match="no kind of fee"):
        legs(message, ME)


# --- the stream --------------------------------------------------------------------------------------------------


def test_a_settled_fill_and_its_order_are_read_from_one_event(load: Load) -> None:
    told = event(load("wallet_event"))
    fill, state = event_fill(told, "1111", "ref"), event_state(told, "1111", "ref")
    assert fill is not None
    assert state is not None
    assert (fill.side, fill.price, fill.size, fill.fee) == (Side.SELL, 200_000, 10 * MICRO, 40_000)
    assert (fill.state, fill.is_maker, fill.client_ref) == (FillState.FINAL, False, "ref")
    assert (state.price, state.size, state.filled) == (190_000, 12 * MICRO, 10 * MICRO)
    assert (state.status, state.venue_ref) == (OrderStatus.PLACED, fill.venue_ref)
    assert fill.venue_ref == fill.venue_ref.lower()


@pytest.mark.parametrize(
    ("kind", "status", "state"),
    [
        ("orderAccepted", OrderStatus.PLACED, None),
        ("orderNotAccepted", OrderStatus.FAILED, None),
        ("orderCancelled", OrderStatus.CANCELLED, None),
        ("orderExpired", OrderStatus.EXPIRED, None),
        ("orderMarketMatchPlan", None, None),
        ("orderTransactionSubmitted", None, FillState.PROVISIONAL),
        ("orderTransactionSuccess", OrderStatus.PLACED, FillState.FINAL),
        ("orderTransactionFailed", None, FillState.REVERSED),
        ("somethingNew", None, None),
    ],
)
def test_each_event_is_a_step_of_the_order_or_of_a_fill_or_neither(
    load: Load, kind: str, status: OrderStatus | None, state: FillState | None
) -> None:
    told = event(load("wallet_event"), type=kind)
    order, fill = event_state(told, "1111", None), event_fill(told, "1111", None)
    assert (order and order.status, fill and fill.state) == (status, state)


def test_a_settlement_without_its_trade_is_unreadable(load: Load) -> None:
    for gone in ("fill", "settlementId"):
        with pytest.raises(UnreadableError, match="without what was traded"):
            event_fill(event(load("wallet_event"), **{gone: None}), "1111", None)


# --- anything at all ---------------------------------------------------------------------------------------------


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.data())
def test_a_match_is_unreadable_or_its_numbers_are_the_messages(load: Load, data: st.DataObject) -> None:
    message = load("match")
    other = data.draw(mutations(message))
    with suppress(UnreadableError):
        for fill in legs(other, ME):
            assert 0 <= fill.price <= MICRO
            own = [leg for leg in (other["taker"], *other["makers"]) if leg["signer"].lower() == ME]
            assert fill.size in [int(leg["amount"]) // 10**12 for leg in own]
            assert fill.price * 10**12 <= int(other["priceExecuted"] if not fill.is_maker else own[-1]["price"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.data())
def test_an_order_is_unreadable_or_its_numbers_are_the_messages(load: Load, data: st.DataObject) -> None:
    message = load("order_row")
    other = data.draw(mutations(message))
    with suppress(UnreadableError):
        state = row_state(other)
        assert (state.size, state.filled) == (int(other["amount"]) // 10**12, int(other["amountFilled"]) // 10**12)
        assert 0 <= state.price <= MICRO


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.data())
def test_an_event_is_unreadable_or_its_numbers_are_the_messages(load: Load, data: st.DataObject) -> None:
    message = load("wallet_event")
    other = data.draw(mutations(message))
    with suppress(UnreadableError):
        told = event(other)
        fill, state = event_fill(told, "1111", None), event_state(told, "1111", None)
        if fill is not None:
            assert fill.size == int(other["fill"]["executedSizeWei"]) // 10**12
            assert fill.price == int(other["fill"]["executedPriceWei"]) // 10**12 <= MICRO
        if state is not None:
            assert state.price <= Decimal(str(other["details"]["price"])) * MICRO <= MICRO


# --- books, money, times -----------------------------------------------------------------------------------------


def test_the_other_outcome_is_bought_from_who_bids_for_the_first() -> None:
    book = read(wire.Book, b'{"asks": [[0.53, 100.5]], "bids": [[0.51, 7], [0.5, 9]]}')
    leg = Leg(None, Side.BUY)  # type: ignore[arg-type]
    assert levels_of(book, leg, is_first=True) == [Level(530_000, 100_500_000)]
    assert levels_of(book, leg, is_first=False) == [Level(490_000, 7 * MICRO), Level(500_000, 9 * MICRO)]


def test_a_time_without_a_zone_is_universal() -> None:
    assert epoch_ms("2026-09-06T11:45:23.500Z") == epoch_ms("2026-09-06T11:45:23.500") == 1_788_695_123_500
    with pytest.raises(UnreadableError):
        epoch_ms("yesterday")
