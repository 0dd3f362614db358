"""The conversation over the socket, without a socket."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.venues.mutated import mutations

from hedgerow.core.clock import SteppedClock
from hedgerow.core.money import MICRO, Micros
from hedgerow.core.states import OrderStatus, Side
from hedgerow.venues.base import Fill, Instrument, NewQuote, OrderState, StreamGap, VenueContext
from hedgerow.venues.novig_us import MANIFEST
from hedgerow.venues.novig_us.account import Trader
from hedgerow.venues.novig_us.errors import VENUE
from hedgerow.venues.novig_us.listing import GRID
from hedgerow.venues.novig_us.orders import OPPOSITE, flags_of
from hedgerow.venues.novig_us.stream import Session
from hedgerow.venues.sent import SentOrders

from .conftest import Load
from .test_parse import AWAY, HOME, mutating

MARKET = "6a1d3c1e-2f3b-5a70-9d7e-0c6f6d1b2a01"
INSTRUMENT = Instrument(VENUE, HOME, MARKET, GRID, meta={OPPOSITE: AWAY})


class Looks:
    """In place of the reader: notes what it would have read."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    def is_watched(self, market_ref: str) -> bool:
        return market_ref == MARKET

    def market(self, market_ref: str) -> None:
        self.seen.append(("market", market_ref))

    def order(self, order_id: str) -> None:
        self.seen.append(("order", order_id))

    def taken(self, fill_id: str, at_ms: int) -> None:
        self.seen.append(("taken", fill_id))


class Talk:
    """A session, what it was told, what it says and what it does."""

    def __init__(self, context: VenueContext) -> None:
        self.events: list[Any] = []
        self.said: list[str | bytes] = []
        self.done: list[str] = []
        self.looks, self.sent = Looks(), SentOrders()
        self.trader = Trader(context, MANIFEST)
        self.trader.learn(INSTRUMENT)
        self.session = Session(
            self.trader,
            SteppedClock(),
            self.sent,
            self.events.append,
            self.looks,  # type: ignore[arg-type]
            ready=lambda: self.done.append("ready"),
            reconnect=lambda: self.done.append("reconnect"),
        )
        self.session.opened(self.said.append)

    def hear(self, message: Any) -> None:
        text = message if isinstance(message, str) else json.dumps(message)
        self.session.received(memoryview(text.encode()), True)

    def gaps(self) -> list[bool]:
        return [event.is_down for event in self.events if isinstance(event, StreamGap)]


@pytest.fixture
def talk(context: VenueContext) -> Talk:
    talk = Talk(context)
    talk.hear({"event": "subscribed", "data": "private"})
    return talk


def test_the_account_and_the_markets_lives_are_asked_for_and_followed_once_the_socket_answers(talk: Talk) -> None:
    assert [json.loads(said) for said in talk.said] == [
        {"event": "subscribe", "data": "private"},
        {"event": "subscribe", "data": "lifecycle"},
    ]
    assert (talk.done, talk.events, talk.session.is_followed) == (["ready"], [], True)


def test_a_channel_that_is_refused_is_a_gap_and_another_socket(context: VenueContext) -> None:
    talk = Talk(context)
    talk.hear({"event": "error", "data": "Unauthorized"})
    assert (talk.gaps(), talk.done, talk.session.is_followed) == ([True], ["reconnect"], False)


def test_a_break_is_announced_once_and_its_end_too(talk: Talk) -> None:
    assert talk.session.closed(1006, "")
    talk.session.announce_gap("again")
    talk.session.opened(talk.said.append)
    talk.hear({"event": "subscribed", "data": "private"})
    talk.hear({"event": "subscribed", "data": "lifecycle"})
    assert talk.gaps() == [True, False]


def test_an_order_whose_answer_is_still_on_the_way_is_known_by_its_flags(talk: Talk, load: Load) -> None:
    quote = NewQuote("quote-1", INSTRUMENT, Side.BUY, Micros(520_000), Micros(10 * MICRO))
    talk.sent.add(flags_of("quote-1"), quote, 0)
    talk.hear({"event": "place", "data": load("order", qty=1000, flags=flags_of("quote-1"))})
    talk.hear({"event": "fill", "data": load("fill", outcomeId=HOME, price=0.52, isTaker=False)})
    state, fill = talk.events
    assert isinstance(state, OrderState)
    assert isinstance(fill, Fill)
    assert (state.client_ref, state.status) == (fill.client_ref, OrderStatus.PLACED) == ("quote-1", OrderStatus.PLACED)
    assert (fill.price, fill.size, fill.is_maker) == (520_000, 2 * MICRO, True)
    assert talk.looks.seen == [("order", fill.venue_ref)]


def test_what_we_took_is_told_once_its_fee_is_known(talk: Talk, load: Load) -> None:
    talk.hear({"event": "fill", "data": load("fill")})
    assert talk.events == []
    assert talk.looks.seen == [("order", load("order")["id"]), ("taken", load("fill")["id"])]


def test_what_our_own_orders_did_to_each_other_is_no_trade(talk: Talk, load: Load) -> None:
    talk.hear({"event": "fill", "data": load("fill", isWash=True, isTaker=False)})
    assert (talk.events, talk.looks.seen) == ([], [("order", load("order")["id"])])


@pytest.mark.parametrize(
    "message",
    [
        "no JSON",
        {"event": "place", "data": {"id": "only"}},
        {"event": "settled", "data": {}},
        {"event": "place", "data": "unknown market"},
    ],
)
def test_what_is_not_understood_is_asked_for(talk: Talk, load: Load, message: Any) -> None:
    if isinstance(message, dict) and message["data"] == "unknown market":
        message = {**message, "data": load("order", outcomeId="stranger")}
    talk.hear(message)
    assert talk.gaps() == [False]


@pytest.mark.parametrize(
    ("kind", "gaps", "looks"),
    [
        ("EVENT_GOLIVE", [False], []),
        ("EVENT_UNLIVE", [False], []),
        ("CLOSE", [False], [("market", MARKET)]),
        ("OPEN", [], [("market", MARKET)]),
        ("PLACE", [], []),
    ],
)
def test_what_cancels_in_silence_is_asked_for(
    talk: Talk, kind: str, gaps: list[bool], looks: list[tuple[str, str]]
) -> None:
    talk.hear({"type": kind, "market": {"id": MARKET, "eventId": "event", "status": "OPEN"}})
    talk.hear({"type": kind, "market": {"id": "another", "eventId": "event", "status": "OPEN"}})
    assert (talk.gaps(), talk.looks.seen) == (gaps, looks)


@mutating
@given(st.data())
def test_whatever_is_told_the_conversation_goes_on(context: VenueContext, load: Load, data: st.DataObject) -> None:
    talk = Talk(context)
    kind, message = data.draw(st.sampled_from([("place", load("order")), ("fill", load("fill"))]))
    talk.hear(data.draw(mutations({"event": kind, "data": message, "market": {"id": MARKET}})))
    for event in talk.events:
        assert isinstance(event, StreamGap | OrderState | Fill)
