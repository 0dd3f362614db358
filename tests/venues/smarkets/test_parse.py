"""From the venue's orders and ledger to ours: exact, or refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hedgerow.core.errors import InDoubt, Unavailable, VenueError
from hedgerow.core.money import MICRO
from hedgerow.core.states import FillState, OrderStatus, Side
from hedgerow.net.http import Answer
from hedgerow.venues.reading import UnreadableError, read
from hedgerow.venues.smarkets import wire
from hedgerow.venues.smarkets.errors import error_of
from hedgerow.venues.smarkets.ladder import GRID, LOT
from hedgerow.venues.smarkets.ledger import Story, by_order, story_of
from hedgerow.venues.smarkets.orders import levels, would_trade
from hedgerow.venues.smarkets.parse import order_state, placed_state, time_ms

Make = Callable[..., dict[str, Any]]

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=8,
)


def listed(message: dict[str, Any]) -> wire.Order:
    return read(wire.Order, json.dumps(message).encode())


def told(*rows: dict[str, Any]) -> Story | None:
    decoded = [read(wire.Row, json.dumps(one).encode()) for one in rows]
    (own,) = by_order(decoded).values()
    return story_of(own)


# --- the ladder ----------------------------------------------------------------------------------------------------


def test_the_ticks_are_those_of_the_venues_table(shared: Callable[[str], Path]) -> None:
    table = json.loads(shared("venues/ladders.json").read_text())["smarkets"]["prices"]
    assert [price // 100 for price in GRID] == [row["price"] for row in table]


@given(st.sampled_from(list(GRID)), st.integers(1, 10**9))
def test_the_money_in_whole_lots_is_whole_micros(price: int, lots: int) -> None:
    for buys in (True, False):
        assert GRID.at_risk(price, lots * LOT, buys=buys) == GRID.at_risk(price, lots * LOT, buys=buys, up=True)


# --- orders --------------------------------------------------------------------------------------------------------


def test_an_order_that_rests_is_in_the_accounts_currency(order: Make) -> None:
    state = order_state(listed(order()))
    assert state is not None
    assert (state.venue_ref, state.instrument_ref, state.side) == ("1518455672861", "123456", Side.BUY)
    assert (state.price, state.size, state.filled, state.status) == (500_000, 10_000_000, 0, OrderStatus.PLACED)


def test_what_is_not_confirmed_yet_counts_as_filled(order: Make) -> None:
    state = order_state(
        listed(
            order(
                state="partial",
                quantity_filled_user_currency=20_000,
                quantity_filled_pending_user_currency=30_000,
                quantity_unfilled_user_currency=50_000,
            )
        )
    )
    assert state is not None
    assert (state.filled, state.status) == (5_000_000, OrderStatus.PLACED)


@pytest.mark.parametrize("state", ["filled", "settled"])
def test_a_filled_order_may_be_off_by_what_conversion_rounds(order: Make, state: str) -> None:
    message = order(state=state, quantity_filled_user_currency=99_999, quantity_unfilled_user_currency=0)
    found = order_state(listed(message))
    assert found is not None
    assert found.status is OrderStatus.FILLED


@pytest.mark.parametrize("state", ["created", "partial", "filled", "settled"])
def test_how_an_order_ended_that_was_filled_in_part_the_list_does_not_say(order: Make, state: str) -> None:
    message = order(state=state, quantity_filled_user_currency=40_000, quantity_unfilled_user_currency=0)
    assert order_state(listed(message)) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "cancelled"},
        {"side": "back"},
        {"price": 0},
        {"price": 10_000},
        {"quantity_user_currency": -1},
        {"quantity_unfilled_user_currency": 2**60},
        {"id": "../orders"},
        {"contract_id": ""},
        {"created_datetime": "yesterday"},
        {"created_datetime": "2026-13-21T12:00:00Z"},
    ],
)
def test_what_is_not_documented_is_not_guessed(order: Make, changes: dict[str, Any]) -> None:
    with pytest.raises(UnreadableError):
        order_state(listed(order(**changes)))


@pytest.mark.parametrize(
    "text", ["2026-11-21T12:00:00.29", "2026-11-21T12:00:00.290000Z", "2026-11-21T12:00:00.29+00:00"]
)
def test_times_are_utc_with_and_without_their_mark(text: str) -> None:
    assert time_ms(text) == 1_795_262_400_290


# --- the ledger ----------------------------------------------------------------------------------------------------


def execution(row: Make, seq: int, quantity: int, **changes: Any) -> dict[str, Any]:
    return row(**{"seq": seq, "source": "order.execute", "quantity_user_currency_change": -quantity, **changes})


def test_an_order_filled_by_two_trades_at_their_own_prices(row: Make) -> None:
    story = told(row(), execution(row, 2**31, 40_000, price=4950), execution(row, 11424, 60_000))
    assert story is not None
    assert (story.state.status, story.state.filled, story.state.price) == (OrderStatus.FILLED, 10_000_000, 500_000)
    assert [(fill.trade_ref, fill.price, fill.size) for fill in story.fills()] == [
        ("11424.0", 500_000, 6_000_000),
        ("2147483648.0", 495_000, 4_000_000),
    ]


def test_a_row_that_is_told_twice_counts_once(row: Make) -> None:
    once = execution(row, 11424, 40_000)
    story = told(row(), once, once)
    assert story is not None
    assert story.filled == 4_000_000


@pytest.mark.parametrize(
    ("source", "change", "state", "filled"),
    [
        ("order.execute.confirm", 0, FillState.FINAL, 4_000_000),
        ("order.execute.void", 40_000, FillState.REVERSED, 0),
    ],
)
def test_a_trade_in_play_is_confirmed_or_taken_back(
    row: Make, source: str, change: int, state: FillState, filled: int
) -> None:
    begun = told(row(), execution(row, 11424, 40_000))
    decided = row(seq=11425, source=source, quantity_user_currency=40_000, quantity_user_currency_change=change)
    story = told(row(), execution(row, 11424, 40_000), decided)
    assert begun is not None
    assert story is not None
    assert [fill.state for fill in begun.fills()] == [FillState.PROVISIONAL]
    assert [(fill.state, fill.trade_ref) for fill in story.fills()] == [(state, "11424.0")]
    assert story.filled == filled


def test_what_was_never_traded_cannot_be_taken_back(row: Make) -> None:
    void = row(seq=11425, source="order.execute.void", quantity_user_currency_change=30_000)
    with pytest.raises(UnreadableError):
        told(row(), execution(row, 11424, 40_000), void)


@pytest.mark.parametrize(("extra", "status"), [(None, OrderStatus.CANCELLED), ("market_halted", OrderStatus.EXPIRED)])
def test_an_end_of_ours_is_told_from_the_venues(row: Make, extra: str | None, status: OrderStatus) -> None:
    cancel = row(seq=11425, source="order.book.cancel", extra=extra)
    story = told(row(), execution(row, 11424, 40_000), cancel)
    assert story is not None
    assert (story.state.status, story.state.filled) == (status, 4_000_000)


def test_without_its_beginning_there_is_no_story(row: Make) -> None:
    assert told(execution(row, 11424, 40_000)) is None


@pytest.mark.parametrize("changes", [{"quantity_user_currency_change": None}, {"price": None}, {"price": 12_000}])
def test_a_trade_without_its_size_or_price_is_not_guessed(row: Make, changes: dict[str, Any]) -> None:
    with pytest.raises(UnreadableError):
        told(row(), execution(row, 11424, 40_000, **changes))


def test_who_was_first_is_told_by_what_the_answer_had_matched(row: Make) -> None:
    story = told(row(), execution(row, 11424, 40_000), execution(row, 11425, 60_000))
    assert story is not None
    assert [fill.is_maker for fill in story.fills(0)] == [True, True]
    assert [fill.is_maker for fill in story.fills(4_000_000)] == [False, True]
    assert [fill.is_maker for fill in story.fills()] == [False, False]  # at the very time of its making


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=8), st.integers(0, 10**9))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_trades_and_what_is_left_make_up_the_order(row: Make, quantities: list[int], left: int) -> None:
    rows = [execution(row, 20_000 + number, quantity) for number, quantity in enumerate(quantities)]
    story = told(row(quantity_user_currency=sum(quantities) + left), *reversed(rows))
    assert story is not None
    assert (story.filled, story.size - story.filled) == (100 * sum(quantities), 100 * left)
    assert story.state.status is (OrderStatus.PLACED if left else OrderStatus.FILLED)


# --- books ---------------------------------------------------------------------------------------------------------

BOOK = wire.Book(
    bids=[wire.Quote(4950, 75_000), wire.Quote(4900, 30_000)],
    offers=[wire.Quote(5100, 33_333), wire.Quote(5050, 75_000)],
)


def test_levels_are_in_the_accounts_currency_and_the_cheapest_first() -> None:
    rate = Decimal("1.333333")
    assert [(level.cost, level.size) for level in levels(Side.BUY, BOOK, rate)] == [
        (505_000, 9_999_997),
        (510_000, 4_444_398),
    ]
    assert [level.cost for level in levels(Side.SELL, BOOK, rate)] == [505_000, 510_000]


@pytest.mark.parametrize(
    ("side", "price", "trades"),
    [
        (Side.BUY, 505_000, True),
        (Side.BUY, 504_900, False),
        (Side.SELL, 495_000, True),
        (Side.SELL, 495_100, False),
    ],
)
def test_an_order_trades_where_it_meets_the_other_side(side: Side, price: int, trades: bool) -> None:
    assert would_trade(side, price, BOOK) is trades
    assert not would_trade(side, price, None)


@given(st.integers(-5, 12_000), st.integers(-5, 2**70))
def test_a_level_is_exact_or_unreadable(points: int, quantity: int) -> None:
    book = wire.Book(offers=[wire.Quote(points, quantity)])
    try:
        (level,) = levels(Side.BUY, book, Decimal(1))
    except UnreadableError:
        assert not (1 <= points <= 9_999 and 0 <= quantity < 2**53)
    else:
        assert (level.cost, level.size) == (points * 100, quantity * 100)


# --- whatever comes ------------------------------------------------------------------------------------------------


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_a_mutated_order_is_read_as_it_stands_or_not_at_all(order: Make, data: st.DataObject) -> None:
    message = order()
    for name in data.draw(st.lists(st.sampled_from(sorted(message)), max_size=3)):
        message[name] = data.draw(json_values)
    try:
        state = order_state(listed(message))
    except UnreadableError:
        return
    assert state is None or state.price == 100 * message["price"]
    assert state is None or state.size == 100 * message["quantity_user_currency"]
    assert state is None or state.side.value == message["side"]


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_a_mutated_ledger_is_read_as_it_stands_or_not_at_all(row: Make, data: st.DataObject) -> None:
    trade = execution(row, 11424, 40_000)
    for name in data.draw(st.lists(st.sampled_from(sorted(trade)), max_size=3)):
        trade[name] = data.draw(json_values)
    try:
        decoded = [read(wire.Row, json.dumps(one).encode()) for one in (row(), trade)]
        story = story_of(by_order(decoded)["1518455672861"])
    except UnreadableError:
        return
    assert story is not None
    for fill in story.fills():
        assert (fill.price, fill.size) == (100 * trade["price"], 100 * abs(trade["quantity_user_currency_change"]))


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_a_mutated_answer_is_read_as_it_stands_or_not_at_all(placed: Make, data: st.DataObject) -> None:
    message = placed()
    for name in data.draw(st.lists(st.sampled_from(sorted(message)), max_size=3)):
        message[name] = data.draw(json_values)
    try:
        state = placed_state(read(wire.Placed, json.dumps(message).encode()), "ours", 0)
    except UnreadableError:
        return
    assert (state.price, state.size) == (100 * message["price"], 100 * message["quantity"])


@given(
    st.integers(300, 599),
    st.binary(max_size=40) | json_values.map(lambda value: json.dumps(value).encode()),
    st.booleans(),
)
def test_any_error_body_is_an_error_and_a_doubtful_one_no_refusal(status: int, body: bytes, changes: bool) -> None:
    error = error_of(Answer(status, {}, body), "place", changes=changes, now_ms=0)
    assert isinstance(error, VenueError)
    if status >= 500:
        assert isinstance(error, InDoubt if changes else Unavailable)


def test_a_message_of_another_form_is_unreadable() -> None:
    for payload in (b"", b"[]", b"\xff", msgspec.json.encode({"order_id": MICRO})):
        with pytest.raises(UnreadableError):
            read(wire.Placed, payload)
