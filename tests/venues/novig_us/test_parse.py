"""Messages to values: documented ones, and anything at all in their places."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.venues.mutated import mutations

from hedgerow.core.money import MICRO
from hedgerow.core.states import FillState, OrderStatus, SettlementStatus, Side
from hedgerow.venues.base import Fill, OrderState
from hedgerow.venues.novig_us import wire
from hedgerow.venues.novig_us.parse import (
    UNIT,
    Terms,
    epoch_ms,
    fill_of,
    held_by,
    levels_of,
    money_of,
    order_state,
    resolution_of,
)
from hedgerow.venues.reading import UnreadableError, read
from hedgerow.venues.taking import Level

from .conftest import Load

HOME, AWAY = "6a1d3c1e-2f3b-5a70-9d7e-0c6f6d1b2a02", "6a1d3c1e-2f3b-5a70-9d7e-0c6f6d1b2a03"
BUYS, SELLS = Terms(HOME, Side.BUY), Terms(HOME, Side.SELL)
NOW_MS = 1_795_190_000_000

mutating = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def state(message: dict[str, Any], terms: Terms = BUYS) -> OrderState:
    return order_state(read(wire.Order, json.dumps(message).encode()), terms, "ref", NOW_MS)


def fill(message: dict[str, Any], terms: Terms = SELLS) -> Fill:
    return fill_of(read(wire.Fill, json.dumps(message).encode()), terms, "ref")


# --- orders ------------------------------------------------------------------------------------------------------


def test_a_quantity_is_cents_of_payout_and_what_is_left_of_it(load: Load) -> None:
    told = state(load("order"))
    assert (told.side, told.price, told.size, told.filled) == (Side.BUY, 520_000, 10 * MICRO, 2_500_000)
    assert (told.status, told.at_ms, told.instrument_ref) == (OrderStatus.PLACED, NOW_MS, HOME)


def test_buying_the_away_outcome_is_selling_the_home_one_at_the_complement(load: Load) -> None:
    told = state(load("order", outcomeId=AWAY, price=0.345), SELLS)
    assert (told.side, told.price, told.instrument_ref) == (Side.SELL, 655_000, HOME)


@pytest.mark.parametrize(
    ("word", "left", "status", "filled"),
    [
        ("PENDING", 1000, OrderStatus.PENDING_PLACEMENT, 0),
        ("RESTING", 1000, OrderStatus.PLACED, 0),
        ("OPEN", 400, OrderStatus.PLACED, 600),
        ("something new", 1000, OrderStatus.PLACED, 0),
        ("FILLED", 0, OrderStatus.FILLED, 1000),
        ("FILLED", 1000, OrderStatus.FILLED, 1000),
        ("RESTING", 0, OrderStatus.FILLED, 1000),
        ("CANCELED", 400, OrderStatus.CANCELLED, 600),
        ("CANCELLED", 1000, OrderStatus.CANCELLED, 0),
        ("CANCELED", 0, OrderStatus.FILLED, 1000),
        ("EXPIRED", 1000, OrderStatus.EXPIRED, 0),
        ("REJECTED", 1000, OrderStatus.FAILED, 0),
    ],
)
def test_a_word_and_what_is_left_say_how_an_order_stands(
    load: Load, word: str, left: int, status: OrderStatus, filled: int
) -> None:
    told = state(load("order", status=word, qty=left))
    assert (told.status, told.filled) == (status, filled * UNIT)


@pytest.mark.parametrize(
    "changes", [{"qty": 1001}, {"qty": -1}, {"qty": 0.5}, {"originalQty": 0, "qty": 0}, {"price": 1}, {"price": 0}]
)
def test_an_order_that_cannot_be_is_unreadable(load: Load, changes: dict[str, Any]) -> None:
    with pytest.raises(UnreadableError):
        state(load("order", **changes))


# --- fills and money ---------------------------------------------------------------------------------------------


def test_a_fill_has_the_fee_that_the_history_tells_in_cents(load: Load) -> None:
    told = fill(load("fill"))
    assert (told.side, told.price, told.size, told.fee) == (Side.SELL, 390_000, 2 * MICRO, 14_274)
    assert (told.state, told.is_maker, told.at_ms) == (FillState.FINAL, False, 1_795_190_001_500)
    assert (told.trade_ref, told.venue_ref) == (load("fill")["id"], load("order")["id"])


def test_a_fill_without_a_fee_was_not_charged(load: Load) -> None:
    message = load("fill", isTaker=False)
    del message["fee"]
    assert (fill(message).fee, fill(message).is_maker) == (0, True)


def test_money_is_cents_and_no_part_of_a_micro_is_lost_to_the_wrong_side() -> None:
    assert money_of(Decimal("1.4274")) == 14_274
    assert (money_of(Decimal("0.00019")), money_of(Decimal("0.00019"), up=True)) == (1, 2)
    for wrong in ("NaN", "Infinity", "1E+40"):
        with pytest.raises(UnreadableError):
            money_of(Decimal(wrong))


def test_what_rests_holds_its_price_or_what_is_missing_to_one(load: Load) -> None:
    bid, ask = state(load("order")), state(load("order", price=0.2), SELLS)
    assert held_by([bid]) == 7_500_000 * 52 // 100
    assert held_by([bid, ask]) == 7_500_000 * 52 // 100 + 7_500_000 * 2 // 10


# --- books and results -------------------------------------------------------------------------------------------


def test_an_outcome_is_bought_from_who_bids_for_the_other_order_by_order(load: Load) -> None:
    book = read(wire.Book, json.dumps(load("book")).encode())
    assert levels_of(book, opposite=HOME) == [Level(490_000, 500 * MICRO), Level(500_000, MICRO)]
    assert levels_of(book, opposite=AWAY) == [Level(545_000, 7 * MICRO)]
    assert levels_of(book, opposite="another") == []


@pytest.mark.parametrize(
    ("home", "away", "status", "paid"),
    [
        ("WIN", "LOSS", SettlementStatus.WON, Decimal(1)),
        ("LOSS", "WIN", SettlementStatus.LOST, Decimal(0)),
        ("PUSH", "PUSH", SettlementStatus.VOID, None),
        ("0.5", "0.5", SettlementStatus.VOID, Decimal("0.5")),
        (0.36, 0.64, SettlementStatus.VOID, Decimal("0.36")),
        (1, 0, SettlementStatus.WON, Decimal(1)),
        ("TBD", "TBD", None, None),
    ],
)
def test_a_market_is_resolved_by_the_word_or_the_fair_value_of_its_outcome(
    load: Load, home: Any, away: Any, status: SettlementStatus | None, paid: Decimal | None
) -> None:
    message = load("market", settledAt="2026-11-21T19:00:00.000Z", status="SETTLED")
    message["outcomes"][0]["status"], message["outcomes"][1]["status"] = away, home
    found = resolution_of(read(wire.Market, json.dumps(message).encode()), HOME)
    assert (found and (found.status, found.payout_per_contract)) == (status and (status, paid))
    message["settledAt"] = None
    assert resolution_of(read(wire.Market, json.dumps(message).encode()), HOME) is None


@pytest.mark.parametrize("word", ["MAYBE", "1.5", -0.1, True, {}])
def test_a_result_that_is_not_known_is_unreadable(load: Load, word: Any) -> None:
    message = load("market", settledAt="2026-11-21T19:00:00.000Z")
    message["outcomes"][1]["status"] = word
    with pytest.raises(UnreadableError):
        resolution_of(read(wire.Market, json.dumps(message).encode()), HOME)


def test_a_time_without_a_zone_is_universal() -> None:
    assert epoch_ms("2026-11-20T15:53:20.500Z") == epoch_ms("2026-11-20T15:53:20.500") == NOW_MS + 500
    with pytest.raises(UnreadableError):
        epoch_ms("yesterday")


# --- anything at all ---------------------------------------------------------------------------------------------


@mutating
@given(st.data())
def test_an_order_is_unreadable_or_its_numbers_are_the_messages(load: Load, data: st.DataObject) -> None:
    message = data.draw(mutations(load("order")))
    with suppress(UnreadableError):
        told = state(message)
        assert told.price == Decimal(str(message["price"])) * MICRO
        assert told.size == Decimal(str(message["originalQty"])) * UNIT
        left = 0 if told.status is OrderStatus.FILLED else Decimal(str(message["qty"])) * UNIT
        assert told.size - told.filled == left


@mutating
@given(st.data())
def test_a_fill_is_unreadable_or_its_numbers_are_the_messages(load: Load, data: st.DataObject) -> None:
    message = data.draw(mutations(load("fill")))
    with suppress(UnreadableError):
        told = fill(message)
        assert MICRO - told.price == Decimal(str(message["price"])) * MICRO
        assert told.size == Decimal(str(message["qty"])) * UNIT
        fee = Decimal(str(message["fee"] or 0)) * UNIT
        assert fee <= told.fee <= fee + 1


@mutating
@given(st.data())
def test_a_book_is_unreadable_or_offers_what_it_says(load: Load, data: st.DataObject) -> None:
    message = data.draw(mutations(load("book")))
    with suppress(UnreadableError):
        levels = levels_of(read(wire.Book, json.dumps(message).encode()), opposite=HOME)
        bids = [bid for one in message["outcomeLadders"] if one["outcomeId"] == HOME for bid in one["bids"]]
        told = {MICRO - int(Decimal(str(bid["price"])) * MICRO) for bid in bids if Decimal(str(bid["qty"]))}
        assert {level.cost for level in levels} == told
        assert sum(level.size for level in levels) == sum(Decimal(str(bid["qty"])) for bid in bids) * UNIT
        assert [level.cost for level in levels] == sorted(told)
