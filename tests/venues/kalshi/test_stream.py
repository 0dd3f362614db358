"""The stream's conversation, without sockets: playbooks of what is said and what is told on."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.clock import SteppedClock
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.states import OrderStatus, SettlementStatus
from hedgerow.venues.base import ExchangeEvent, Fill, MarketChange, OrderState, StreamGap
from hedgerow.venues.kalshi.stream import CHANNELS, Session

TICKER = "KXATPMATCH-26NOV21ALCSIN-ALC"
NOW_S = 1_790_000_000


class Talk:
    """A session, what it says to the venue, and what it tells us."""

    def __init__(self) -> None:
        self.said: list[dict[str, Any]] = []
        self.told: list[ExchangeEvent] = []
        self.drops = 0
        self.session = Session(self.told.append, SteppedClock(NOW_S * 1_000_000_000), self._dropped)
        self.session.watch([TICKER])

    def _dropped(self) -> None:
        self.drops += 1

    def open(self) -> None:
        self.session.opened(lambda message: self.said.append(json.loads(message)))

    def open_and_confirm(self) -> None:
        self.open()
        for sid, command in enumerate(self.said[-len(CHANNELS) :], 1):
            self.confirm(command, sid)

    def confirm(self, command: dict[str, Any], sid: int) -> None:
        channel = command["params"]["channels"][0]
        self.hear({"id": command["id"], "type": "subscribed", "msg": {"channel": channel, "sid": sid}})

    def hear(self, message: dict[str, Any] | bytes) -> None:
        raw = message if isinstance(message, bytes) else json.dumps(message).encode()
        self.session.received(memoryview(raw), True)

    def fail(self, code: int, **where: int) -> None:
        self.hear({"type": "error", "msg": {"code": code, "msg": "x"}, **where})

    def lifecycle(self, event_type: str, ticker: str = TICKER, **fields: Any) -> None:
        message = {"event_type": event_type, "market_ticker": ticker, **fields}
        self.hear({"type": "market_lifecycle_v2", "sid": 3, "msg": message})

    @property
    def gaps(self) -> list[bool]:
        return [event.is_down for event in self.told if isinstance(event, StreamGap)]


@pytest.fixture
def talk() -> Talk:
    return Talk()


def test_each_channel_is_asked_for_with_an_id_of_its_own(talk: Talk) -> None:
    talk.open()
    assert talk.said == [
        {"id": number, "cmd": "subscribe", "params": {"channels": [channel]}}
        for number, channel in enumerate(["fill", "user_orders", "market_lifecycle_v2"], 1)
    ]


def test_the_stream_is_up_when_fills_and_orders_are_confirmed(talk: Talk) -> None:
    talk.open()
    talk.confirm(talk.said[0], 1)
    assert not talk.session.is_up
    talk.confirm(talk.said[1], 2)
    assert talk.session.is_up
    assert talk.told == []


def test_a_fill_is_told(talk: Talk, payload: Callable[[str], bytes]) -> None:
    talk.open_and_confirm()
    talk.hear(payload("user_fill.json"))
    (fill,) = talk.told
    assert isinstance(fill, Fill)
    assert (fill.trade_ref, fill.size) == ("d91bc706-ee49-470d-82d8-11418bda6fed", 2_500_000)
    assert fill.client_ref == "8c35ecb3-328f-4f52-8c7c-0f4b9862f8d1"


def test_an_order_is_told_with_the_venues_reason(talk: Talk, payload: Callable[[str], bytes]) -> None:
    talk.open_and_confirm()
    talk.hear(payload("user_order.json"))
    (order,) = talk.told
    assert isinstance(order, OrderState)
    assert (order.status, order.filled, order.reason) == (OrderStatus.CANCELLED, 2_500_000, "Post Only Cross Cancel")
    assert order.at_ms == NOW_S * 1000 + 30_500


def test_each_reconnect_announces_down_and_up(talk: Talk) -> None:
    for _ in range(2):
        talk.open_and_confirm()
        assert talk.session.closed(1012, "restart")
    talk.open_and_confirm()
    assert talk.gaps == [True, False, True, False]


def test_a_socket_that_closes_before_it_was_up_is_announced_once(talk: Talk) -> None:
    for _ in range(3):
        talk.open()
        talk.session.closed(1006, "")
    assert talk.gaps == [True]


def test_a_reconnect_forgets_the_old_sockets_sequence(talk: Talk) -> None:
    talk.open_and_confirm()
    talk.hear({"type": "ok", "sid": 1, "seq": 40, "msg": {}})
    talk.session.closed(1006, "")
    talk.open_and_confirm()
    talk.hear({"type": "ok", "sid": 1, "seq": 1, "msg": {}})
    assert talk.gaps == [True, False]


def test_a_skipped_sequence_asks_for_everything_again(talk: Talk) -> None:
    talk.open_and_confirm()
    for seq in (1, 2, 4):
        talk.hear({"type": "ok", "sid": 1, "seq": seq, "msg": {}})
    assert talk.gaps == [True, False]
    talk.hear({"type": "ok", "sid": 1, "seq": 5, "msg": {}})
    assert talk.gaps == [True, False]


def test_sequences_count_per_subscription(talk: Talk) -> None:
    talk.open_and_confirm()
    for sid, seq in ((1, 1), (2, 7), (1, 2), (2, 8)):
        talk.hear({"type": "ok", "sid": sid, "seq": seq, "msg": {}})
    assert talk.gaps == []


@pytest.mark.parametrize("code", [10, 17, 25])
def test_an_ended_subscription_is_asked_for_again(talk: Talk, code: int) -> None:
    talk.open_and_confirm()
    talk.fail(code, sid=1)
    assert talk.said[-1] == {"id": 4, "cmd": "subscribe", "params": {"channels": ["fill"]}}
    assert talk.gaps == [True]
    talk.confirm(talk.said[-1], 9)
    assert talk.gaps == [True, False]


def test_an_ended_subscription_that_is_not_named_asks_for_all_again(talk: Talk) -> None:
    talk.open_and_confirm()
    talk.fail(25)
    again = talk.said[3:]
    assert [command["params"]["channels"][0] for command in again] == list(CHANNELS)
    for command in again:
        talk.fail(6, id=command["id"])
    assert talk.session.is_up
    assert talk.gaps == [True, False]


def test_losing_the_markets_channel_is_no_gap_of_the_account(talk: Talk) -> None:
    talk.open_and_confirm()
    talk.fail(17, sid=3)
    assert talk.said[-1]["params"]["channels"] == ["market_lifecycle_v2"]
    assert talk.gaps == []


def test_an_unsubscription_by_the_venue_is_asked_for_again(talk: Talk) -> None:
    talk.open_and_confirm()
    talk.hear({"id": 0, "sid": 2, "seq": 1, "type": "unsubscribed"})
    assert talk.said[-1]["params"]["channels"] == ["user_orders"]
    assert talk.gaps == [True]


def test_a_subscription_that_ends_again_and_again_costs_the_socket(talk: Talk) -> None:
    talk.open_and_confirm()
    for _ in range(20):
        talk.fail(10, id=talk.said[-1]["id"])
        if talk.drops:
            break
    assert talk.drops == 1
    assert len(talk.said) <= 10


def test_a_refused_account_channel_costs_the_socket(talk: Talk) -> None:
    talk.open()
    talk.fail(9, id=1)
    assert talk.drops == 1
    assert talk.gaps == [True]


def test_a_refused_markets_channel_is_gone_without(talk: Talk) -> None:
    talk.open()
    talk.confirm(talk.said[0], 1)
    talk.confirm(talk.said[1], 2)
    talk.fail(8, id=3)
    assert (talk.drops, talk.gaps, talk.session.is_up) == (0, [], True)


@pytest.mark.parametrize("message", [b"{", b'{"type": "fill", "sid": 1, "msg": {}}', b'"x"', b'{"type": "user_order"}'])
def test_an_unreadable_message_of_the_account_asks_for_everything_again(talk: Talk, message: bytes) -> None:
    talk.open_and_confirm()
    talk.hear(message)
    assert talk.gaps == [True, False]


def test_an_unreadable_message_about_markets_is_no_gap(talk: Talk) -> None:
    talk.open_and_confirm()
    talk.hear({"type": "market_lifecycle_v2", "sid": 3, "msg": {"event_type": 5}})
    talk.lifecycle("determined", result="perhaps")
    assert talk.told == []


def test_messages_of_other_kinds_say_nothing(talk: Talk) -> None:
    talk.open_and_confirm()
    talk.hear({"type": "event_lifecycle", "sid": 3, "msg": {"event_ticker": "KXNEW"}})
    talk.hear({"type": "event_fee_update", "sid": 3, "msg": {"event_ticker": "KXNEW"}})
    talk.hear({"type": "of_tomorrow"})
    assert talk.told == []


@pytest.mark.parametrize(
    ("event_type", "fields", "is_open"),
    [
        ("activated", {"is_deactivated": False}, True),
        ("deactivated", {"is_deactivated": True}, False),
        ("close_date_updated", {"close_ts": NOW_S}, False),
        ("determined", {"result": "yes", "settlement_value": "1.0000"}, False),
        ("settled", {"settled_ts": NOW_S}, False),
    ],
)
def test_a_watched_markets_change_is_told(talk: Talk, event_type: str, fields: dict[str, Any], is_open: bool) -> None:
    talk.open_and_confirm()
    talk.lifecycle(event_type, **fields)
    assert talk.told == [MarketChange(TICKER, is_open)]


def test_a_market_is_resolved_when_it_is_settled_not_when_determined(talk: Talk) -> None:
    talk.open_and_confirm()
    talk.lifecycle("determined", result="no", settlement_value="0.0000")
    talk.lifecycle("settled", settled_ts=NOW_S)
    assert talk.told == [
        MarketChange(TICKER, is_open=False),
        MarketChange(TICKER, is_open=False, resolution=SettlementStatus.LOST),
    ]


def test_a_new_grid_is_told_and_does_not_open_a_closed_market(talk: Talk) -> None:
    talk.open_and_confirm()
    talk.lifecycle("deactivated")
    talk.lifecycle(
        "price_level_structure_updated",
        price_level_structure="deci_cent",
        price_ranges=[{"start": "0.0000", "end": "1.0000", "step": "0.0010"}],
    )
    assert talk.told[-1] == MarketChange(TICKER, is_open=False, grid=PriceGrid.probability(1_000))


@pytest.mark.parametrize(
    ("event_type", "fields"),
    [
        ("created", {}),
        ("metadata_updated", {}),
        ("close_date_updated", {"close_ts": NOW_S + 60}),
        ("of_tomorrow", {}),
    ],
)
def test_events_that_change_nothing_are_not_told(talk: Talk, event_type: str, fields: dict[str, Any]) -> None:
    talk.open_and_confirm()
    talk.lifecycle(event_type, **fields)
    assert talk.told == []


def test_watching_again_keeps_what_is_known_of_a_market(talk: Talk) -> None:
    talk.open_and_confirm()
    talk.lifecycle("determined", result="yes", settlement_value="1.0000")
    talk.session.watch([TICKER, "KXOTHER-1"])
    talk.lifecycle("settled")
    assert talk.told[-1] == MarketChange(TICKER, is_open=False, resolution=SettlementStatus.WON)


def test_markets_that_are_not_watched_are_not_told(talk: Talk) -> None:
    talk.open_and_confirm()
    talk.lifecycle("deactivated", "KXOTHER-1")
    talk.session.watch(["KXOTHER-1"])
    talk.lifecycle("deactivated")
    talk.lifecycle("activated", "KXOTHER-1")
    assert talk.told == [MarketChange("KXOTHER-1", is_open=True)]


@given(
    st.lists(
        st.binary(max_size=40)
        | st.sampled_from(
            [
                b'{"type":"fill","msg":{"trade_id":1}}',
                b'{"type":"error","msg":{"code":10}}',
                b'{"type":"subscribed","msg":{}}',
                b'{"type":"error","id":1,"msg":{"code":25,"msg":null}}',
                b'{"type":"unsubscribed","sid":1,"seq":9}',
            ]
        ),
        max_size=12,
    )
)
def test_no_message_breaks_the_conversation(messages: list[bytes]) -> None:
    talk = Talk()
    talk.open_and_confirm()
    for message in messages:
        talk.hear(message)
    assert len(talk.said) <= 30
