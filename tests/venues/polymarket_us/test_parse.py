"""From the venue's orders, trades and balances to ours: exact, or refused."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hedgerow.core.states import FillState, OrderStatus, Side
from hedgerow.venues.base import Fill
from hedgerow.venues.polymarket_us import parse, wire
from hedgerow.venues.reading import UnreadableError, read

from .conftest import MARKET, ORDER_ID, Makes

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=8,
)
amounts = st.sampled_from(
    ["0.55", "1", "1.5", "-0.1", "NaN", "Infinity", "1e400", "0.0000001", "", "0,55", "９", "0x1", "1" * 40]
)
any_time = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def read_order(message: dict[str, Any]) -> wire.Order:
    return read(wire.Order, json.dumps(message).encode())


def read_fill(activity: dict[str, Any]) -> Fill:
    trade = read(wire.Activity, json.dumps(activity).encode()).trade
    assert trade is not None
    return parse.trade_fill(trade, None)


def test_an_order_that_rests(order: Makes) -> None:
    state = parse.order_state(read_order(order(cumQuantity=2.5)), "ours", 7)
    assert (state.venue_ref, state.client_ref, state.instrument_ref, state.at_ms) == (ORDER_ID, "ours", MARKET, 7)
    assert (state.side, state.price, state.size, state.filled) == (Side.BUY, 550_000, 10_000_000, 2_500_000)
    assert state.status is OrderStatus.PLACED


@pytest.mark.parametrize(
    ("intent", "side"),
    [("BUY_LONG", Side.BUY), ("SELL_SHORT", Side.BUY), ("BUY_SHORT", Side.SELL), ("SELL_LONG", Side.SELL)],
)
def test_an_intent_is_a_side_and_the_price_stays_the_long_ones(order: Makes, intent: str, side: Side) -> None:
    state = parse.order_state(read_order(order(intent=f"ORDER_INTENT_{intent}")), None, 0)
    assert (state.side, state.price) == (side, 550_000)


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("PENDING_NEW", OrderStatus.PENDING_PLACEMENT),
        ("PENDING_RISK", OrderStatus.PENDING_PLACEMENT),
        ("NEW", OrderStatus.PLACED),
        ("PENDING_REPLACE", OrderStatus.PLACED),
        ("PENDING_CANCEL", OrderStatus.PLACED),
        ("REPLACED", OrderStatus.PLACED),
        ("PARTIALLY_FILLED", OrderStatus.PLACED),
        ("FILLED", OrderStatus.FILLED),
        ("CANCELED", OrderStatus.CANCELLED),
        ("EXPIRED", OrderStatus.EXPIRED),
        ("REJECTED", OrderStatus.FAILED),
    ],
)
def test_states_are_those_of_the_table(order: Makes, state: str, status: OrderStatus) -> None:
    assert parse.order_state(read_order(order(state=f"ORDER_STATE_{state}")), None, 0).status is status


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "ORDER_STATE_UNHEARD_OF"},
        {"intent": "ORDER_INTENT_UNDEFINED"},
        {"price": None},
        {"price": {"value": "1.01", "currency": "USD"}},
        {"price": {"value": "0.55", "currency": "EUR"}},
        {"cumQuantity": 10.5},
        {"quantity": -1},
        {"id": ""},
    ],
)
def test_an_order_that_cannot_be_is_refused(order: Makes, wrong: dict[str, Any]) -> None:
    with pytest.raises(UnreadableError):
        parse.order_state(read_order(order(**wrong)), None, 0)


def test_a_trade_is_the_accounts_own_execution(trade: Makes) -> None:
    fill = read_fill(trade())
    assert (fill.trade_ref, fill.venue_ref, fill.instrument_ref) == ("T7XKQ0", "5B0RHX2E0NZ8", MARKET)
    assert (fill.side, fill.price, fill.size, fill.is_maker) == (Side.SELL, 580_000, 4_000_000, True)
    assert (fill.fee, fill.state, fill.at_ms) == (-10_000, FillState.FINAL, 1_795_262_401_500)


@pytest.mark.parametrize("state", ["BUSTED", "REJECTED"])
def test_a_trade_that_was_voided_is_taken_back(trade: Makes, state: str) -> None:
    assert read_fill(trade(state=f"TRADE_STATE_{state}")).state is FillState.REVERSED


def test_a_trade_whose_own_side_is_not_told_is_refused(trade: Makes) -> None:
    with pytest.raises(UnreadableError):
        read_fill(trade(isAggressor=True))  # then the other's order, of which nothing is told
    with pytest.raises(UnreadableError):
        read_fill(trade(passiveExecution=None))


def test_the_balance_is_the_venues_own_reckoning() -> None:
    told = b'[{"currency":"EUR","buyingPower":1},{"currency":"USD","buyingPower":850.25,"openOrders":400.5}]'
    balance = parse.balance(read(list[wire.UserBalance], told))
    assert (balance.free, balance.held) == (Decimal("850.25"), Decimal("400.5"))
    with pytest.raises(UnreadableError):
        parse.balance([])


@any_time
@given(st.data())
def test_a_mutated_order_is_read_exactly_or_refused(order: Makes, data: st.DataObject) -> None:
    message = order()
    name = data.draw(st.sampled_from(sorted(message)))
    message[name] = data.draw(json_values | amounts.map(lambda text: {"value": text, "currency": "USD"}) | amounts)
    try:
        state = parse.order_state(read_order(message), None, 0)
    except UnreadableError:
        return
    assert 0 <= state.filled <= state.size
    assert state.size == Decimal(str(message["quantity"])) * 1_000_000
    assert state.price == Decimal(str(message["price"]["value"])) * 1_000_000
    assert 0 <= state.price <= 1_000_000


@any_time
@given(st.data())
def test_a_mutated_trade_is_read_exactly_or_refused(trade: Makes, data: st.DataObject) -> None:
    activity = trade()
    ours = activity["trade"]["passiveExecution"]
    place = data.draw(st.sampled_from([activity["trade"], ours, ours["order"], ours["lastPx"]]))
    place[data.draw(st.sampled_from(sorted(place)))] = data.draw(json_values | amounts)
    try:
        fill = read_fill(activity)
    except UnreadableError:
        return
    told = activity["trade"]["aggressorExecution" if activity["trade"]["isAggressor"] else "passiveExecution"]
    assert fill.size == Decimal(str(told["lastShares"])) * 1_000_000 > 0
    assert fill.price == Decimal(str(told["lastPx"]["value"])) * 1_000_000


@given(st.text(max_size=40) | st.datetimes().map(lambda moment: moment.isoformat() + "Z"))
def test_a_time_is_read_or_refused(text: str) -> None:
    try:
        parse.time_ms(text, "time")
    except UnreadableError:
        return
    assert text[4] == text[7] == "-"
