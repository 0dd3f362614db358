"""Messages to values: recorded ones, documented ones, and anything at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.money import Micros
from hedgerow.core.states import FillState, OrderStatus, Side
from hedgerow.venues.base import Fee, Fill, NewQuote, OrderState
from hedgerow.venues.ctf import probability, shares
from hedgerow.venues.polymarket import wire
from hedgerow.venues.polymarket.parse import (
    Owner,
    balance_micros,
    balance_of,
    epoch_ms,
    fill_state,
    fills_of,
    grid_of,
    matched_shares,
    order_state,
    order_status,
    placed_state,
    settled_status,
    traded_state,
)
from hedgerow.venues.reading import UnreadableError, read

NOW_MS = 1_790_000_000_000
ME = Owner("11111111-1111-1111-1111-111111111111", "0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a")
RECORDED = Owner("none", "0xa3d82ed56f4c68d2328fb8c29e568ba2caf7d7c8")  # whose orders the recordings are
SPORTS = Fee(Decimal("0.05"), unit=10)
Load = Callable[[str], bytes]


@pytest.fixture
def load(fixtures: Path) -> Load:
    return lambda name: (fixtures / name).read_bytes()


@pytest.fixture
def recorded(shared: Callable[[str], Path]) -> Load:
    return lambda name: shared(f"data/polymarket/clob_messages/{name}").read_bytes()


def nobody(order_id: str) -> str | None:
    return None


def legs(payload: bytes, us: Owner = ME, **changes: Any) -> list[Fill]:
    message = {**json.loads(payload), **changes}
    return fills_of(read(wire.Trade, json.dumps(message).encode()), us, lambda token: SPORTS, nobody)


def order(payload: bytes, kind: type[wire.OpenOrder] = wire.OpenOrder, **changes: Any) -> OrderState:
    message = {**json.loads(payload), **changes}
    return order_state(read(kind, json.dumps(message).encode()), None, NOW_MS)


# --- orders ------------------------------------------------------------------------------------------------------


def test_resting_order_is_read_with_what_is_filled(load: Load) -> None:
    state = order(load("open_order.json"))
    assert (state.side, state.price, state.size, state.filled) == (Side.BUY, 520_000, 10_000_000, 2_500_000)
    assert state.status is OrderStatus.PLACED
    assert state.at_ms == NOW_MS


def test_recorded_orders_are_read(recorded: Load) -> None:
    placed = order(recorded("py_ws_order_placement.json"), wire.UserOrder)
    assert (placed.price, placed.size, placed.filled) == (513_000, 5_000_000, 0)
    assert (placed.status, placed.at_ms) == (OrderStatus.PLACED, 1_725_842_520_990)
    updated = order(recorded("rust_ws_user_order_update.json"), wire.UserOrder)
    assert (updated.status, updated.filled) == (OrderStatus.PLACED, 25_000_000)
    cancelled = order(recorded("rust_ws_user_order_cancellation.json"), wire.UserOrder)
    assert (cancelled.status, cancelled.reason) == (OrderStatus.CANCELLED, "CANCELED")
    listed = order(recorded("rust_http_open_order.json"))
    assert (listed.status, listed.filled) == (OrderStatus.PLACED, 25_000_000)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("LIVE", OrderStatus.PLACED),
        ("ORDER_STATUS_LIVE", OrderStatus.PLACED),
        ("UNMATCHED", OrderStatus.PLACED),
        ("DELAYED", OrderStatus.PENDING_PLACEMENT),
        ("MATCHED", OrderStatus.FILLED),
        ("CANCELED", OrderStatus.CANCELLED),
        ("ORDER_STATUS_CANCELED_MARKET_RESOLVED", OrderStatus.CANCELLED),
        ("CANCELED_NOT_ENOUGH_BALANCE", OrderStatus.CANCELLED),
        ("CANCELED_EXPIRED_ORDER", OrderStatus.EXPIRED),
        ("CANCELED_order couldn't be fully filled. FOK orders are fully filled or killed.", OrderStatus.CANCELLED),
        ("INVALID", OrderStatus.CANCELLED),
        ("A_WORD_OF_TOMORROW", OrderStatus.PLACED),
    ],
)
def test_status_words(word: str, status: OrderStatus) -> None:
    assert order_status(word) is status


def test_cancellation_without_a_status_is_one(load: Load) -> None:
    state = order(load("user_order.json"), wire.UserOrder, type="CANCELLATION")
    assert state.status is OrderStatus.CANCELLED


def test_cancellation_of_a_wholly_filled_order_leaves_it_filled(load: Load) -> None:
    state = order(load("user_order.json"), wire.UserOrder, type="CANCELLATION", size_matched="10.0000")
    assert state.status is OrderStatus.FILLED


@pytest.mark.parametrize(
    ("expiration_s", "status"),
    [
        (1_790_000_000 + 60, OrderStatus.EXPIRED),
        (1_790_000_000 + 61, OrderStatus.CANCELLED),
        (0, OrderStatus.CANCELLED),
    ],
)
def test_end_of_a_dated_order_is_told_from_a_cancellation(load: Load, expiration_s: int, status: OrderStatus) -> None:
    changes = {"order_type": "GTD", "expiration": str(expiration_s), "timestamp": str(NOW_MS)}
    state = order(load("user_order.json"), wire.UserOrder, type="CANCELLATION", **changes)
    assert state.status is status


@given(st.sampled_from(list(OrderStatus)), st.integers(0, 10**7), st.integers(1, 10**7))
def test_status_agrees_with_what_is_filled(status: OrderStatus, filled: int, size: int) -> None:
    settled = settled_status(status, filled, size)
    if filled >= size:
        assert settled is OrderStatus.FILLED
    elif settled is OrderStatus.FILLED:
        assert size - filled < 10_000  # dust of the venue's rounding
    elif status is not OrderStatus.FILLED:
        assert settled is status


# --- the answer to a placement -----------------------------------------------------------------------------------


def placed(quote: NewQuote, **reply: Any) -> OrderState:
    message = read(wire.PlaceReply, json.dumps({"success": True, "orderID": "0x1", **reply}).encode())
    return placed_state(message, quote, "0x1", NOW_MS)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("live", OrderStatus.PLACED),
        ("unmatched", OrderStatus.PLACED),
        ("delayed", OrderStatus.PENDING_PLACEMENT),
    ],
)
def test_placed_order_that_did_not_match_has_nothing_filled(
    quote: Callable[..., NewQuote], word: str, status: OrderStatus
) -> None:
    state = placed(quote(), status=word, makingAmount="5200000", takingAmount="10000000")
    assert (state.status, state.filled) == (status, 0)


@pytest.mark.parametrize("taking", ["10", "10000000", 10, "", None])
def test_order_matched_at_once_is_filled(quote: Callable[..., NewQuote], taking: object) -> None:
    state = placed(quote(), status="matched", makingAmount="5.2", takingAmount=taking)
    assert (state.status, state.filled) == (OrderStatus.FILLED, 10_000_000)


@pytest.mark.parametrize("amount", ["4", "4000000"])
def test_rest_of_an_order_matched_in_part_is_on_the_book(quote: Callable[..., NewQuote], amount: str) -> None:
    bought = placed(quote(), status="matched", makingAmount="2.08", takingAmount=amount)
    sold = placed(quote(side=Side.SELL), status="matched", makingAmount=amount, takingAmount="2.08")
    assert (bought.status, bought.filled) == (sold.status, sold.filled) == (OrderStatus.PLACED, 4_000_000)


def test_placement_with_another_status_is_unreadable(quote: Callable[..., NewQuote]) -> None:
    with pytest.raises(UnreadableError, match="status"):
        placed(quote(), status="pondering")


@given(st.lists(st.integers(1, 10**9).map(lambda lots: lots * 10_000), min_size=2, max_size=2))
def test_matched_amount_is_read_in_both_units(sizes: list[int]) -> None:
    matched, size = sorted(sizes)
    assert matched_shares(Decimal(matched).scaleb(-6), size) == matched
    if matched * 1_000_000 > size:
        assert matched_shares(Decimal(matched), size) == matched


# --- fills -------------------------------------------------------------------------------------------------------


def test_taker_pays_the_fee_on_its_own_leg(load: Load) -> None:
    (fill,) = legs(load("user_trade_taker.json"))
    assert (fill.trade_ref, fill.venue_ref) == ("trade-1", "0x" + "aa" * 32)
    assert (fill.side, fill.price, fill.size, fill.is_maker) == (Side.BUY, 570_000, 10_000_000, False)
    assert fill.fee == 122_550  # 10 × 0.05 × 0.57 × 0.43
    assert (fill.state, fill.at_ms) == (FillState.PROVISIONAL, 1_789_999_998_000)


def test_maker_has_every_own_leg_free_and_no_others(load: Load) -> None:
    sold, bought = legs(load("trade_maker.json"))
    assert (sold.side, sold.price, sold.size, sold.fee) == (Side.SELL, 600_000, 20_000_000, 0)
    assert (bought.side, bought.price, bought.size, bought.fee) == (Side.BUY, 400_000, 5_500_000, 0)
    assert sold.instrument_ref != bought.instrument_ref
    assert {leg.state for leg in (sold, bought)} == {FillState.FINAL}
    assert all(leg.is_maker for leg in (sold, bought))


def test_side_of_a_maker_follows_from_the_token_where_it_is_not_told(load: Load) -> None:
    message = json.loads(load("trade_maker.json"))
    for leg in message["maker_orders"]:
        del leg["side"]
    told = {(leg.venue_ref, leg.side) for leg in legs(load("trade_maker.json"))}
    assert {(leg.venue_ref, leg.side) for leg in legs(json.dumps(message).encode())} == told


def test_leg_of_a_known_order_is_ours_whoever_owns_it(load: Load) -> None:
    trade = read(wire.Trade, load("trade_maker.json"))
    refs = {"0x" + "ad" * 32: "our-ref"}
    (fill,) = fills_of(trade, Owner("none", "none"), lambda token: SPORTS, refs.get)
    assert (fill.client_ref, fill.size) == ("our-ref", 5_000_000)


def test_recorded_trades_have_our_leg(recorded: Load) -> None:
    (made,) = legs(recorded("py_ws_user_trade1.json"), RECORDED)
    assert (made.is_maker, made.side, made.price, made.size) == (True, Side.SELL, 518_000, 5_000_000)
    assert (made.state, made.at_ms) == (FillState.PROVISIONAL, 1_725_868_859_000)
    (took,) = legs(recorded("py_ws_user_trade2.json"), RECORDED)
    assert (took.is_maker, took.side, took.price, took.size) == (False, Side.BUY, 520_000, 5_000_000)
    (final,) = legs(recorded("py_ws_trades.json"), RECORDED)
    assert (final.state, final.price) == (FillState.FINAL, 489_000)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("MATCHED", FillState.PROVISIONAL),
        ("TRADE_STATUS_MATCHED_NOT_BROADCASTED", FillState.PROVISIONAL),
        ("MINED", FillState.PROVISIONAL),
        ("TRADE_STATUS_RETRYING", FillState.PROVISIONAL),
        ("CONFIRMED", FillState.FINAL),
        ("TRADE_STATUS_FAILED", FillState.REVERSED),
        ("SOMETHING_NEW", FillState.PROVISIONAL),
    ],
)
def test_trade_words(word: str, state: FillState) -> None:
    assert fill_state(word) is state


def test_identity_of_a_fill_stays_while_its_state_moves(load: Load) -> None:
    seen = [legs(load("user_trade_taker.json"), status=word)[0] for word in ("MATCHED", "MINED", "CONFIRMED")]
    assert len({(fill.trade_ref, fill.venue_ref) for fill in seen}) == 1
    assert [fill.state for fill in seen][-1] is FillState.FINAL


def test_ended_order_is_known_by_its_fills(load: Load, quote: Callable[..., NewQuote]) -> None:
    (fill,) = legs(load("user_trade_taker.json"), size="9.99")
    whole, part = traded_state([fill], None), traded_state([fill], quote(size=Micros(20_000_000)))
    assert (whole.status, whole.size, whole.filled) == (OrderStatus.FILLED, 9_990_000, 9_990_000)
    assert (part.status, part.size, part.filled) == (OrderStatus.CANCELLED, 20_000_000, 9_990_000)


def test_what_was_taken_back_is_not_filled(load: Load, quote: Callable[..., NewQuote]) -> None:
    (fill,) = legs(load("user_trade_taker.json"), size="4")
    (failed,) = legs(load("user_trade_taker.json"), id="other", size="6", status="FAILED")
    for known in (quote(size=Micros(10_000_000)), None):
        part, nothing = traded_state([fill, failed], known), traded_state([failed], known)
        assert (part.status, part.size, part.filled) == (OrderStatus.CANCELLED, 10_000_000, 4_000_000)
        assert (nothing.status, nothing.filled) == (OrderStatus.CANCELLED, 0)


# --- values ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "ms"),
    [
        ("1725868859", 1_725_868_859_000),
        (1703875200, 1_703_875_200_000),
        ("1725868885871", 1_725_868_885_871),
        ("2024-01-01T00:00:00Z", 1_704_067_200_000),
        ("2025-03-14 23:00:00+00", 1_741_993_200_000),
        ("2025-03-14 23:00:00", 1_741_993_200_000),
        (None, 0),
        ("", 0),
        (0, 0),
    ],
)
def test_times_come_in_many_forms(moment: wire.Moment, ms: int) -> None:
    assert epoch_ms(moment) == ms


@pytest.mark.parametrize("moment", ["soon", "-5", "1e9", "9" * 5000])
def test_text_that_is_no_time_is_unreadable(moment: str) -> None:
    with pytest.raises(UnreadableError, match="no time"):
        epoch_ms(moment)


@pytest.mark.parametrize("size", ["-1", "NaN", "sNaN", "Infinity", "1e16"])
def test_text_that_is_no_size_is_unreadable(size: str) -> None:
    with pytest.raises(UnreadableError, match="no size"):
        shares(Decimal(size))


@pytest.mark.parametrize("price", ["-0.01", "1.01", "NaN", "Infinity"])
def test_text_that_is_no_price_is_unreadable(price: str) -> None:
    with pytest.raises(UnreadableError, match="no price"):
        probability(Decimal(price))


def test_matched_amount_that_is_no_number_is_unreadable(quote: Callable[..., NewQuote]) -> None:
    with pytest.raises(UnreadableError, match="no number"):
        placed(quote(), status="matched", takingAmount="some")


@pytest.mark.parametrize("tick", ["0.02", "0", "NaN", "sNaN", "Infinity", "1"])
def test_unknown_tick_is_unreadable(tick: str) -> None:
    with pytest.raises(UnreadableError, match="tick"):
        grid_of(Decimal(tick))


def test_tick_makes_the_grid() -> None:
    grid = grid_of(Decimal("0.0010"))
    assert (grid.lowest, grid.highest, 513_000 in grid, 513_500 in grid) == (1_000, 999_000, True, False)


def test_recorded_balances_are_read(recorded: Load) -> None:
    base = read(wire.BalanceAllowance, recorded("rust_http_balance_allowance_collateral.json"))
    dollars = read(wire.BalanceAllowance, recorded("rust_http_balance_allowance_no_allowance.json"))
    assert (balance_micros(base.balance), balance_micros(dollars.balance)) == (1_000_000_000, 250_500_000)


def test_resting_bids_hold_what_they_may_still_cost(load: Load) -> None:
    bid = order(load("open_order.json"))  # 7.5 left at 0.52
    ask = order(load("open_order.json"), side="SELL")
    balance = balance_of(wire.BalanceAllowance("10000001"), [bid, ask])
    assert (balance.free, balance.held, balance.currency) == (Decimal("6.100001"), Decimal("3.9"), "USD")


def test_nothing_is_free_when_bids_exceed_the_balance(load: Load) -> None:
    balance = balance_of(wire.BalanceAllowance("1000000"), [order(load("open_order.json"))])
    assert (balance.free, balance.held) == (0, 1)


@pytest.mark.parametrize("text", ["", "much", "NaN", "1e40"])
def test_balance_that_is_no_amount_is_unreadable(text: str) -> None:
    with pytest.raises(UnreadableError, match="balance"):
        balance_micros(text)


# --- anything at all ---------------------------------------------------------------------------------------------

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.decimals().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIXTURES = Path(__file__).parent / "fixtures"
TRADE, ORDER = (json.loads((FIXTURES / name).read_text()) for name in ("trade_maker.json", "user_order.json"))


@given(st.binary())
def test_bytes_are_read_or_unreadable(payload: bytes) -> None:
    for kind in (wire.Trade, wire.UserOrder, wire.PlaceReply, wire.CancelReply):
        for given_bytes in (payload, b"{" + payload + b"}"):
            with suppress(UnreadableError):
                assert isinstance(read(kind, given_bytes), kind)


@given(st.sampled_from(sorted(TRADE)), anything)
def test_trade_with_any_member_replaced_is_read_or_unreadable(member: str, value: object) -> None:
    try:
        fills = legs(json.dumps(TRADE).encode(), **{member: value})
    except UnreadableError:
        return
    assert all(0 <= fill.price <= 1_000_000 and fill.size >= 0 for fill in fills)


@given(st.sampled_from(sorted(ORDER)), anything)
def test_order_with_any_member_replaced_is_read_or_unreadable(member: str, value: object) -> None:
    try:
        state = order(json.dumps(ORDER).encode(), wire.UserOrder, **{member: value})
    except UnreadableError:
        return
    assert 0 <= state.price <= 1_000_000
    assert state.size >= 0
