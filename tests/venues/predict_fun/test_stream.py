"""The conversation: what is said, what is understood, and what becomes a gap."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hedgerow.core.ids import VenueSlug
from hedgerow.core.ladders import PriceGrid
from hedgerow.core.money import MICRO, Micros
from hedgerow.core.states import FillState, OrderStatus, Side
from hedgerow.venues.base import ExchangeEvent, Fill, Instrument, NewQuote, OrderState, StreamGap
from hedgerow.venues.predict_fun.stream import Session
from hedgerow.venues.sent import SentOrders

Load = Callable[[str], dict[str, Any]]
TOKEN = "token-1"


class Talk:
    """A session, and what it says, tells and asks for."""

    def __init__(self) -> None:
        self.said: list[dict[str, Any]] = []
        self.events: list[ExchangeEvent] = []
        self.asked: list[str] = []
        self.sent = SentOrders()
        self.session = Session(
            lambda: TOKEN,
            self.sent,
            self.events.append,
            lambda: self.asked.append("ready"),
            renew=lambda: self.asked.append("renew"),
            reconnect=lambda: self.asked.append("reconnect"),
            looked=self.asked.append,
        )

    def open(self) -> None:
        self.session.opened(lambda text: self.said.append(json.loads(text)))

    def hear(self, message: Any) -> None:
        self.session.received(memoryview(json.dumps(message).encode()), is_text=True)

    def tell(self, event: dict[str, Any], **changes: Any) -> None:
        self.hear({"type": "M", "topic": f"predictWalletEvents/{TOKEN}", "data": {**event, **changes}})

    def gaps(self) -> list[bool]:
        return [event.is_down for event in self.events if isinstance(event, StreamGap)]


@pytest.fixture
def talk() -> Talk:
    """The wallet is followed."""
    made = Talk()
    made.open()
    made.hear({"type": "R", "requestId": 1, "success": True})
    return made


def test_the_wallet_is_followed_by_its_token_and_the_answer_makes_it_ready(talk: Talk) -> None:
    assert talk.said == [{"method": "subscribe", "requestId": 1, "params": [f"predictWalletEvents/{TOKEN}"]}]
    assert (talk.asked, talk.events, talk.session.is_followed) == (["ready"], [], True)


def test_a_heartbeat_is_echoed(talk: Talk) -> None:
    talk.hear({"type": "M", "topic": "heartbeat", "data": 1736696400000})
    assert talk.said[-1] == {"method": "heartbeat", "data": 1736696400000}


def test_markets_are_followed_one_topic_at_a_time_and_again_on_a_new_socket(talk: Talk) -> None:
    talk.session.watch({("7", 1): "1111", ("7", 2): "2222", ("8", 1): "3333"})
    topics = {said["params"][0] for said in talk.said[1:]}
    assert topics == {f"predict{kind}Status/{market}" for kind in ("Market", "Trading") for market in "78"}
    talk.session.watch({("8", 1): "3333"})
    assert {said["params"][0] for said in talk.said if said["method"] == "unsubscribe"} == {
        "predictMarketStatus/7",
        "predictTradingStatus/7",
    }
    talk.said.clear()
    talk.session.closed(1006, "")
    talk.open()
    assert [said["params"][0].partition("/")[0] for said in talk.said] == [
        "predictWalletEvents",
        "predictMarketStatus",
        "predictTradingStatus",
    ]
    assert len({said["requestId"] for said in talk.said}) == 3


def test_a_market_that_is_watched_is_looked_at_when_its_state_changes(talk: Talk) -> None:
    talk.session.watch({("7", 1): "1111"})
    talk.hear({"type": "M", "topic": "predictMarketStatus/7", "data": {"status": "RESOLVED"}})
    talk.hear({"type": "M", "topic": "predictTradingStatus/9", "data": {"tradingStatus": "CLOSED"}})
    assert talk.asked == ["ready", "7"]


def test_a_break_is_one_gap_that_ends_when_the_wallet_is_followed_again(talk: Talk) -> None:
    talk.session.closed(1006, "")
    talk.session.closed(1006, "")
    talk.open()
    assert (talk.gaps(), talk.session.is_followed) == ([True], False)
    talk.hear({"type": "R", "requestId": 2, "success": True})
    assert (talk.gaps(), talk.session.is_followed) == ([True, False], True)


@pytest.mark.parametrize(("code", "asked"), [("invalid_credentials", "renew"), ("invalid_topic", "reconnect")])
def test_a_refused_wallet_is_a_gap_and_a_refused_token_is_renewed(code: str, asked: str) -> None:
    talk = Talk()
    talk.open()
    talk.hear({"type": "R", "requestId": 1, "success": False, "error": {"code": code, "message": "no"}})
    assert (talk.asked, talk.gaps(), talk.session.is_followed) == ([asked], [True], False)


def test_a_refused_market_changes_nothing_for_the_wallet(talk: Talk) -> None:
    talk.session.watch({("7", 1): "1111"})
    talk.hear({"type": "R", "requestId": 2, "success": False, "error": {"code": "invalid_topic", "message": "no"}})
    assert (talk.gaps(), talk.session.is_followed) == ([], True)


@pytest.mark.parametrize("notice", [{"type": "reconnect"}, {"type": "M", "topic": "reconnect", "data": None}])
def test_a_notice_before_a_maintenance_brings_a_new_socket(talk: Talk, notice: dict[str, Any]) -> None:
    talk.hear(notice)
    assert talk.asked == ["ready", "reconnect"]


def test_an_own_order_keeps_its_reference_and_its_token(talk: Talk, load: Load) -> None:
    event = load("wallet_event")
    instrument = Instrument(VenueSlug("predict.fun"), "1111", "2107", PriceGrid.probability(10_000))
    quote = NewQuote("ref", instrument, Side.SELL, Micros(190_000), Micros(12 * MICRO))
    talk.sent.add(event["orderHash"].lower(), quote, 0)
    talk.tell(event)
    fill, state = talk.events
    assert isinstance(fill, Fill)
    assert isinstance(state, OrderState)
    assert (fill.client_ref, fill.instrument_ref, fill.state) == ("ref", "1111", FillState.FINAL)
    assert (state.client_ref, state.filled, state.status) == ("ref", 10 * MICRO, OrderStatus.PLACED)


def test_another_processs_order_is_told_where_its_market_is_watched_and_is_a_gap_elsewhere(
    talk: Talk, load: Load
) -> None:
    talk.tell(load("wallet_event"))
    assert talk.gaps() == [False]
    talk.session.watch({("2107", 1): "1111"})
    talk.tell(load("wallet_event"))
    assert [event.instrument_ref for event in talk.events if isinstance(event, Fill)] == ["1111"]


def test_an_order_that_rested_and_is_told_as_not_accepted_is_asked_for(talk: Talk, load: Load) -> None:
    event = load("wallet_event")
    instrument = Instrument(VenueSlug("predict.fun"), "1111", "2107", PriceGrid.probability(10_000))
    quote = NewQuote("ref", instrument, Side.SELL, Micros(190_000), Micros(12 * MICRO))
    talk.sent.add(event["orderHash"].lower(), quote, 0)
    for kind in ("orderAccepted", "orderNotAccepted"):
        talk.tell(event, type=kind)
    assert [one.status for one in talk.events if isinstance(one, OrderState)] == [OrderStatus.PLACED] * 2
    assert talk.gaps() == [False]


def test_a_failed_settlement_takes_the_fill_back_and_has_the_order_asked_for(talk: Talk, load: Load) -> None:
    talk.session.watch({("2107", 1): "1111"})
    talk.tell(load("wallet_event"), type="orderTransactionSubmitted")
    talk.tell(load("wallet_event"), type="orderTransactionFailed")
    states = [event.state for event in talk.events if isinstance(event, Fill)]
    assert (states, talk.gaps()) == ([FillState.PROVISIONAL, FillState.REVERSED], [False])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.binary(max_size=60)
    | st.from_regex(r'\{"type": ?"[RM]", ?"topic": ?"predict[A-Za-z/0-9]*".{0,40}\}').map(str.encode)
)
def test_no_frame_breaks_the_conversation(talk: Talk, payload: bytes) -> None:
    talk.session.received(memoryview(payload), is_text=True)
    talk.hear({"type": "M", "topic": "heartbeat", "data": 5})
    assert talk.said[-1] == {"method": "heartbeat", "data": 5}
