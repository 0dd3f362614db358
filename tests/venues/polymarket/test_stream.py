"""Both conversations, as the dialogues that they are: << what we say, >> what the venue says, == what we tell."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.clock import NS_PER_S, SteppedClock
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.states import FillState, OrderStatus, SettlementStatus
from hedgerow.venues.base import ExchangeEvent, Fee, Fill, MarketChange, NewQuote, OrderState, StreamGap
from hedgerow.venues.polymarket.parse import Owner
from hedgerow.venues.polymarket.stream import TOKENS_PER_SOCKET, MarketSession, UserSession
from hedgerow.venues.sent import SentOrders

TOKEN = "71321045679252212594626385532706912750332728571942532289631379312455583992563"
OTHER = "52114319501245915516055106046884209969926127482827954674443846427813813222426"
ORDER_ID = "0x" + "aa" * 32
Frame = Callable[[str], bytes]


@pytest.fixture
def frame(fixtures: Path) -> Frame:
    return lambda name: (fixtures / name).read_bytes()


class Peer:
    """The other side of a conversation."""

    def __init__(self, owner: str = "11111111-1111-1111-1111-111111111111", funder: str = "") -> None:
        self.said: list[str] = []
        self.told: list[ExchangeEvent] = []
        self.ready = 0
        self.sent = SentOrders()
        self.user = UserSession(
            lambda: '{"type":"user"}',
            Owner(owner, funder),
            self.sent,
            lambda token: Fee(),
            SteppedClock(1_790_000_000 * NS_PER_S),
            self.told.append,
            self._count,
        )
        self.market = MarketSession(self.told.append)

    def _count(self) -> None:
        self.ready += 1

    def open(self, session: UserSession | MarketSession) -> None:
        session.opened(lambda text: self.said.append(str(text)))

    def says(self, session: UserSession | MarketSession, message: Any) -> None:
        payload = message if isinstance(message, bytes) else json.dumps(message).encode()
        session.received(memoryview(payload), True)


# --- user channel ------------------------------------------------------------------------------------------------


def test_login_is_followed_by_a_ping_whose_answer_makes_the_channel_ready() -> None:
    peer = Peer()
    peer.open(peer.user)
    assert peer.said == ['{"type":"user"}', "PING"]
    assert peer.ready == 0
    peer.says(peer.user, b"PONG")
    assert peer.ready == 1
    assert peer.told == []


def test_gap_is_told_once_and_its_end_when_the_venue_answers_again() -> None:
    peer = Peer()
    assert peer.user.closed(1006, "") is True
    assert peer.user.closed(1006, "") is True
    peer.open(peer.user)
    assert [gap.is_down for gap in peer.told if isinstance(gap, StreamGap)] == [True]
    peer.says(peer.user, b"PONG")
    peer.says(peer.user, b"PONG")
    assert [gap.is_down for gap in peer.told if isinstance(gap, StreamGap)] == [True, False]


def test_order_and_trade_are_told_with_our_reference(frame: Frame, quote: Callable[..., NewQuote]) -> None:
    peer = Peer()
    peer.sent.add(ORDER_ID, quote("our-ref"), 0)
    peer.says(peer.user, frame("user_order.json"))
    peer.says(peer.user, frame("user_trade_taker.json"))
    order, fill = peer.told
    assert isinstance(order, OrderState)
    assert isinstance(fill, Fill)
    assert order.client_ref == fill.client_ref == "our-ref"
    assert order.status is OrderStatus.PLACED


def test_order_of_another_process_is_told_without_a_reference(frame: Frame) -> None:
    peer = Peer()
    peer.says(peer.user, frame("user_order.json"))
    (order,) = peer.told
    assert isinstance(order, OrderState)
    assert order.client_ref is None


def test_messages_may_come_as_a_list(frame: Frame) -> None:
    peer = Peer()
    both = [json.loads(frame("user_order.json")), json.loads(frame("user_trade_taker.json"))]
    peer.says(peer.user, both)
    assert [type(event) for event in peer.told] == [OrderState, Fill]


def test_same_trade_is_told_again_with_each_of_its_states(frame: Frame) -> None:
    peer = Peer()
    for word in ("MATCHED", "MATCHED", "MINED", "FAILED"):
        peer.says(peer.user, {**json.loads(frame("user_trade_taker.json")), "status": word})
    states = [event.state for event in peer.told if isinstance(event, Fill)]
    assert states == [FillState.PROVISIONAL] * 3 + [FillState.REVERSED]


def test_recorded_messages_are_told(shared: Callable[[str], Path]) -> None:
    peer = Peer("nobody", "0xa3d82ed56f4c68d2328fb8c29e568ba2caf7d7c8")
    names = ["py_ws_order_placement", "py_ws_user_trade1", "py_ws_user_trade2", "rust_ws_user_order_placement"]
    for name in [*names, "rust_ws_user_order_update", "rust_ws_user_order_cancellation", "rust_ws_user_trade"]:
        peer.says(peer.user, shared(f"data/polymarket/clob_messages/{name}.json").read_bytes())
    assert [type(event) for event in peer.told] == [OrderState, Fill, Fill, OrderState, OrderState, OrderState, Fill]


def test_unreadable_message_asks_for_what_may_be_missed() -> None:
    peer = Peer()
    peer.says(peer.user, {"event_type": "trade", "id": "1"})
    (gap,) = peer.told
    assert gap == StreamGap("a message of the user channel could not be read", is_down=False)


def test_unknown_message_is_passed_over() -> None:
    peer = Peer()
    peer.says(peer.user, {"event_type": "greeting"})
    assert peer.told == []


@given(st.binary())
def test_any_frame_is_survived(payload: bytes) -> None:
    peer = Peer()
    peer.says(peer.user, payload)
    peer.says(peer.market, payload)
    assert peer.user.frames == peer.market.frames == 1


# --- market channel ----------------------------------------------------------------------------------------------


def test_subscription_names_what_is_followed() -> None:
    peer = Peer()
    peer.market.add([TOKEN])
    peer.open(peer.market)
    peer.market.add([TOKEN, OTHER])
    peer.market.drop([TOKEN, "unheard of"])
    assert [json.loads(text) for text in peer.said] == [
        {"type": "market", "assets_ids": [TOKEN], "custom_feature_enabled": True},
        {"operation": "subscribe", "assets_ids": [OTHER], "custom_feature_enabled": True},
        {"operation": "unsubscribe", "assets_ids": [TOKEN]},
    ]


def test_after_a_break_everything_is_subscribed_again() -> None:
    peer = Peer()
    peer.market.add([TOKEN])
    peer.open(peer.market)
    assert peer.market.closed(1006, "") is True
    peer.market.add([OTHER])
    peer.said.clear()
    peer.open(peer.market)
    assert [json.loads(text)["assets_ids"] for text in peer.said] == [[TOKEN, OTHER]]


def test_tick_and_result_of_a_followed_market_are_told(frame: Frame) -> None:
    peer = Peer()
    peer.market.add([TOKEN, OTHER])
    peer.says(peer.market, frame("market_channel.json"))
    assert peer.told == [
        MarketChange(TOKEN, is_open=True, grid=PriceGrid.probability(10_000)),
        MarketChange(TOKEN, is_open=True, grid=PriceGrid.probability(1_000)),
        MarketChange(TOKEN, is_open=False, resolution=SettlementStatus.WON),
        MarketChange(OTHER, is_open=False, resolution=SettlementStatus.LOST),
    ]


def test_markets_that_are_not_followed_are_passed_over(frame: Frame) -> None:
    peer = Peer()
    peer.says(peer.market, frame("market_channel.json"))
    assert peer.told == []


def test_same_tick_is_told_once(frame: Frame) -> None:
    peer = Peer()
    peer.market.add([TOKEN])
    change = json.loads(frame("market_channel.json"))[2]
    peer.says(peer.market, [change, change])
    assert len(peer.told) == 1


def test_market_without_a_winner_is_void(frame: Frame) -> None:
    peer = Peer()
    peer.market.add([TOKEN])
    peer.says(peer.market, {**json.loads(frame("market_channel.json"))[4], "winning_asset_id": ""})
    assert peer.told == [MarketChange(TOKEN, is_open=False, resolution=SettlementStatus.VOID)]


def test_unknown_tick_changes_nothing(frame: Frame) -> None:
    peer = Peer()
    peer.market.add([TOKEN])
    peer.says(peer.market, {**json.loads(frame("market_channel.json"))[2], "new_tick_size": "0.3"})
    assert peer.told == []


def test_recorded_tick_change_is_told(shared: Callable[[str], Path]) -> None:
    peer = Peer()
    payload = shared("data/polymarket/clob_messages/py_ws_tick_size_change.json").read_bytes()
    token = json.loads(payload)["asset_id"]
    peer.market.add([token])
    peer.says(peer.market, payload)
    assert peer.told == [MarketChange(token, is_open=True, grid=PriceGrid.probability(1_000))]


def test_room_shrinks_with_every_token() -> None:
    session = Peer().market
    session.add(str(number) for number in range(TOKENS_PER_SOCKET - 1))
    assert session.room == 1
