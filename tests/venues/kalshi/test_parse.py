"""From the venue's messages to ours: exact, or refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.money import MICRO, Micros, decimal_of
from hedgerow.core.states import FillState, OrderStatus, Side
from hedgerow.venues.base import Balance, NewQuote
from hedgerow.venues.kalshi import parse, wire
from hedgerow.venues.kalshi.parse import MalformedError

NOW_MS = 1_790_000_000_000


def order(payload: bytes, index: int = 0, **changes: Any) -> wire.Order:
    message = json.loads(payload)["orders"][index] | changes
    return msgspec.json.decode(json.dumps(message).encode(), type=wire.Order)


def a_fill(payload: bytes, **changes: Any) -> wire.Fill:
    message = json.loads(payload)["fills"][0] | changes
    return msgspec.json.decode(json.dumps(message).encode(), type=wire.Fill)


# --- numbers and times ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "micros"),
    [("0.5600", 560_000), ("0.56", 560_000), ("1", MICRO), ("10.00", 10 * MICRO), ("0.010097", 10_097), ("0", 0)],
)
def test_an_amount_is_read_exactly(text: str, micros: int) -> None:
    assert parse.amount(text, "x") == micros


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "1.", ".5", "1e3", "NaN", "Infinity", " 1", "1 ", "1,5", "0.0000001", "٣", "1\n"]
)
def test_an_amount_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(MalformedError, match="x is not an amount"):
        parse.amount(text, "x")


@given(st.text(max_size=20))
def test_an_amount_is_never_silently_wrong(text: str) -> None:
    try:
        micros = parse.amount(text, "x")
    except MalformedError:
        return
    assert Decimal(text) * MICRO == micros


def test_a_price_above_one_is_refused() -> None:
    assert parse.price("1.0000", "x") == MICRO
    with pytest.raises(MalformedError, match="above 1"):
        parse.price("1.0001", "x")


@given(st.integers(1, 9_999))
def test_every_price_goes_out_and_comes_back(units: int) -> None:
    micros = units * parse.PRICE_UNIT
    assert parse.price(parse.price_text(micros), "x") == micros


@given(st.integers(1, 10**9))
def test_every_count_goes_out_and_comes_back(units: int) -> None:
    micros = units * parse.COUNT_UNIT
    assert parse.amount(parse.count_text(micros), "x") == micros


@pytest.mark.parametrize("micros", [0, MICRO, -100, 560_050, 2 * MICRO])
def test_a_price_that_the_venue_cannot_hold_is_not_sent(micros: int) -> None:
    with pytest.raises(ValueError, match="is not a price"):
        parse.price_text(micros)


@pytest.mark.parametrize("micros", [0, -10_000, 5_000, 1_000_001])
def test_a_count_that_the_venue_cannot_hold_is_not_sent(micros: int) -> None:
    with pytest.raises(ValueError, match="is not a positive number"):
        parse.count_text(micros)


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("2026-09-21T14:13:20Z", NOW_MS),
        ("2026-09-21T14:13:20.5Z", NOW_MS + 500),
        ("2026-09-21T14:13:20.123456789Z", NOW_MS + 123),
        ("2026-09-21T16:13:20.004+02:00", NOW_MS + 4),
    ],
)
def test_a_time_is_read_to_the_millisecond(text: str, ms: int) -> None:
    assert parse.time_ms(text, "x") == ms


@pytest.mark.parametrize("text", ["", "2026-09-21", "2026-13-01T00:00:00Z", "2026-09-21T14:13:20", "1790000000"])
def test_a_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(MalformedError, match="x is not a time"):
        parse.time_ms(text, "x")


# --- sides ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "side"),
    [
        ({"book_side": "bid", "outcome_side": "yes"}, Side.BUY),
        ({"book_side": "ask", "outcome_side": "no"}, Side.SELL),
        ({"book_side": "bid", "outcome_side": None}, Side.BUY),
        ({"book_side": None, "outcome_side": "no"}, Side.SELL),
        ({"book_side": None, "outcome_side": None, "action": "buy", "side": "yes"}, Side.BUY),
        ({"book_side": None, "outcome_side": None, "action": "sell", "side": "no"}, Side.BUY),
        ({"book_side": None, "outcome_side": None, "action": "buy", "side": "no"}, Side.SELL),
        ({"book_side": None, "outcome_side": None, "action": "sell", "side": "yes"}, Side.SELL),
        ({"book_side": "ask", "outcome_side": "no", "action": "buy", "side": "yes"}, Side.SELL),
    ],
)
def test_our_side_is_in_terms_of_yes(fields: dict[str, Any], side: Side, payload: Callable[[str], bytes]) -> None:
    assert parse.fill(a_fill(payload("fills_page.json"), **fields)).side is side


@pytest.mark.parametrize(
    "fields",
    [
        {"book_side": "bid", "outcome_side": "no"},
        {"book_side": "back", "outcome_side": "yes"},
        {"book_side": None, "outcome_side": None},
        {"book_side": None, "outcome_side": None, "action": "buy"},
        {"book_side": None, "outcome_side": None, "action": "hold", "side": "yes"},
    ],
)
def test_a_side_that_is_not_told_is_not_guessed(fields: dict[str, Any], payload: Callable[[str], bytes]) -> None:
    with pytest.raises(MalformedError):
        parse.fill(a_fill(payload("fills_page.json"), **fields))


# --- orders --------------------------------------------------------------------------------------------------------


def test_a_resting_order_keeps_yes_terms(payload: Callable[[str], bytes]) -> None:
    state = parse.order_state(order(payload("orders_page.json")), NOW_MS)
    assert state.status is OrderStatus.PLACED
    assert (state.side, state.price, state.size, state.filled) == (Side.BUY, 560_000, 10_000_000, 2_500_000)
    assert state.client_ref == "8c35ecb3-328f-4f52-8c7c-0f4b9862f8d1"
    assert state.at_ms == NOW_MS + 5_000


def test_a_sold_order_keeps_the_yes_price(payload: Callable[[str], bytes]) -> None:
    state = parse.order_state(order(payload("orders_page.json"), 1), NOW_MS)
    assert (state.side, state.price) == (Side.SELL, 610_000)


def test_a_decreased_order_rests_with_what_remains(payload: Callable[[str], bytes]) -> None:
    state = parse.order_state(order(payload("orders_page.json"), remaining_count_fp="1.00"), NOW_MS)
    assert (state.size, state.filled) == (3_500_000, 2_500_000)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"status": "executed", "fill_count_fp": "4.00"}, OrderStatus.FILLED),
        ({}, OrderStatus.EXPIRED),
        ({"last_update_time": "2026-09-21T14:13:59.9Z"}, OrderStatus.CANCELLED),
        ({"expiration_time": None}, OrderStatus.CANCELLED),
        ({"expiration_time": "0001-01-01T00:00:00Z"}, OrderStatus.CANCELLED),
    ],
)
def test_an_ended_order_was_filled_expired_or_cancelled(
    changes: dict[str, Any], status: OrderStatus, payload: Callable[[str], bytes]
) -> None:
    assert parse.order_state(order(payload("orders_page.json"), 1, **changes), NOW_MS).status is status


def test_a_cancelled_order_keeps_its_size_and_fills(payload: Callable[[str], bytes]) -> None:
    state = parse.order_state(order(payload("orders_page.json"), 1, fill_count_fp="1.00"), NOW_MS)
    assert (state.size, state.filled) == (4_000_000, 1_000_000)


@pytest.mark.parametrize(
    "changes", [{"status": "pending"}, {"order_id": ""}, {"yes_price_dollars": "56"}, {"ticker": ""}]
)
def test_an_order_that_cannot_be_read_is_refused(changes: dict[str, Any], payload: Callable[[str], bytes]) -> None:
    with pytest.raises(MalformedError):
        parse.order_state(order(payload("orders_page.json"), **changes), NOW_MS)


@pytest.mark.parametrize(
    ("filled", "remaining", "status", "size"),
    [
        ("0.00", "10.00", OrderStatus.PLACED, 10_000_000),
        ("4.00", "6.00", OrderStatus.PLACED, 10_000_000),
        ("10.00", "0.00", OrderStatus.FILLED, 10_000_000),
        ("4.00", "0.00", OrderStatus.CANCELLED, 10_000_000),
        ("0.00", "0.00", OrderStatus.CANCELLED, 10_000_000),
    ],
)
def test_what_a_placement_answers_is_read_from_its_counts(
    filled: str, remaining: str, status: OrderStatus, size: int, quote: Callable[..., NewQuote]
) -> None:
    state = parse.placed_state(quote(), wire.Placed("order", filled, remaining, NOW_MS))
    assert (state.status, state.size) == (status, size)
    assert state.filled == parse.amount(filled, "x")


@pytest.mark.parametrize(
    "answer",
    [
        wire.Placed("", "0.00", "10.00", NOW_MS),
        wire.Placed("order", "5.00", "6.00", NOW_MS),
        wire.Placed("order", "-1.00", "10.00", NOW_MS),
        wire.Placed("order", "0.00", "10.00", NOW_MS, client_order_id="another"),
    ],
)
def test_a_placement_answer_that_contradicts_the_order_is_refused(
    answer: wire.Placed, quote: Callable[..., NewQuote]
) -> None:
    with pytest.raises(MalformedError):
        parse.placed_state(quote(), answer)


@pytest.mark.parametrize(
    ("remaining", "gained", "filled"),
    [
        (None, None, 2_000_000),  # nothing was resized
        ("8.00", None, 2_000_000),
        ("5.00", "3.00", 5_000_000),
        ("7.00", None, 3_000_000),  # filled by others since we knew
        ("0.00", "8.00", 10_000_000),
        ("0.00", "1.00", None),  # the answer does not make up the size
        ("0.00", None, None),
    ],
)
def test_what_is_filled_after_an_amend(remaining: str | None, gained: str | None, filled: int | None) -> None:
    told = wire.Amended("order", NOW_MS, remaining, gained)
    assert parse.amended_fill(told, size=10_000_000, filled=2_000_000) == filled


# --- fills and balance ---------------------------------------------------------------------------------------------


def test_a_fill_of_the_list_and_of_the_stream_are_the_same(payload: Callable[[str], bytes]) -> None:
    listed = parse.fill(a_fill(payload("fills_page.json")))
    streamed = parse.fill(
        msgspec.json.decode(json.dumps(json.loads(payload("user_fill.json"))["msg"]).encode(), type=wire.Fill)
    )
    assert (listed.trade_ref, listed.venue_ref) == (streamed.trade_ref, streamed.venue_ref)
    assert (listed.side, listed.price, listed.size, listed.fee) == (Side.BUY, 560_000, 2_500_000, 10_097)
    assert (streamed.side, streamed.price, streamed.size, streamed.fee) == (Side.BUY, 560_000, 2_500_000, 10_097)
    assert listed.at_ms == streamed.at_ms == NOW_MS + 5_004
    assert listed.is_maker
    assert listed.state is FillState.FINAL


@pytest.mark.parametrize(
    "changes", [{"count_fp": "0.00"}, {"created_time": None}, {"trade_id": ""}, {"fee_cost": "free"}]
)
def test_a_fill_that_cannot_be_read_is_refused(changes: dict[str, Any], payload: Callable[[str], bytes]) -> None:
    with pytest.raises(MalformedError):
        parse.fill(a_fill(payload("fills_page.json"), **changes))


TEXTS = st.text(max_size=12) | st.sampled_from(["0.5600", "10.00", "bid", "yes", "resting", "2026-09-21T14:13:20Z"])


FILL_TEXTS = """count_fp yes_price_dollars fee_cost created_time book_side outcome_side action side
trade_id order_id market_ticker"""


@given(st.fixed_dictionaries(dict.fromkeys(FILL_TEXTS.split(), TEXTS)))
def test_any_texts_in_a_fill_are_read_exactly_or_refused(texts: dict[str, str]) -> None:
    message = wire.Fill(is_taker=True, **texts)
    try:
        fill = parse.fill(message)
    except MalformedError:
        return
    assert decimal_of(fill.size) == Decimal(texts["count_fp"])
    assert decimal_of(fill.price) == Decimal(texts["yes_price_dollars"])
    assert decimal_of(fill.fee) == Decimal(texts["fee_cost"])


@pytest.mark.parametrize(("text", "free"), [("125.5034", "125.5034"), ("-3.20", "-3.2"), ("0.0000", "0")])
def test_the_balance_is_exact(text: str, free: str) -> None:
    assert parse.balance(wire.BalanceAnswer(text), []) == Balance(Decimal(free), Decimal(0), "USD")


@pytest.mark.parametrize(("index", "held"), [(0, "4.2"), (1, "1.56")])
def test_a_resting_order_holds_what_it_may_still_cost(index: int, held: str, payload: Callable[[str], bytes]) -> None:
    resting = {"status": "resting", "remaining_count_fp": "7.50" if index == 0 else "4.00"}
    state = parse.order_state(order(payload("orders_page.json"), index, **resting), NOW_MS)
    found = parse.balance(wire.BalanceAnswer("10.00"), [state])
    assert (found.held, found.free) == (Decimal(held), 10 - Decimal(held))


def test_micros_are_what_the_parsers_give(payload: Callable[[str], bytes]) -> None:
    fill = parse.fill(a_fill(payload("fills_page.json")))
    assert fill.price * fill.size % MICRO == 0
    assert Micros(fill.price * fill.size // MICRO) == 1_400_000
