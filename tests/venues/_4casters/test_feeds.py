"""The conversations over the feeds, without a socket."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.money import MICRO
from hedgerow.venues._4casters.feeds import Gap, PriceFeed, UserFeed
from hedgerow.venues._4casters.orders import KnownOrders
from hedgerow.venues._4casters.parse import Teams
from hedgerow.venues.base import ExchangeEvent, Fill, OrderState, StreamGap

from .conftest import AWAY, GAME, HOME, ORDER_ID, REQUEST_ID
from .test_parse import json_values

UPDATE = {"gameID": GAME, "createdAt": "2026-11-21T12:00:01.000Z"}
NAMED = {"orderID": ORDER_ID, "wagerRequestID": REQUEST_ID, "type": "moneyline", "side": HOME, "odds": -105}
MATCHED = {**NAMED, "txID": "67f45377c18c6697c172afa3", "amount": 10.5, "risk": 10.5}
UNMATCHED = {**NAMED, "filled": 10.5, "offered": 21, "remaining": 10.5}


class Talk:
    """Both feeds, and what they told."""

    def __init__(self) -> None:
        self.events: list[ExchangeEvent] = []
        self.gap = Gap(self.events.append, ("user", "price"))
        self.user = UserFeed(self.events.append, self.gap, KnownOrders())
        self.prices = PriceFeed(self.events.append, self.gap, lambda ended: None)
        self.user.learn(GAME, Teams(HOME, AWAY))

    def open(self) -> None:
        for feed in (self.user, self.prices):
            feed.opened(lambda message: None)

    def hear(self, message: Any, feed: UserFeed | PriceFeed | None = None) -> None:
        (feed or self.user).received(memoryview(json.dumps(message).encode()), is_text=True)

    @property
    def gaps(self) -> list[bool]:
        return [event.is_down for event in self.events if isinstance(event, StreamGap)]


def test_a_break_of_both_feeds_is_announced_once_and_over_with_the_second() -> None:
    talk = Talk()
    talk.open()
    for feed in (talk.user, talk.prices):
        assert feed.closed(1006, "")
    talk.user.opened(lambda message: None)
    assert (talk.gaps, talk.gap.is_up) == ([True], False)
    talk.prices.opened(lambda message: None)
    assert (talk.gaps, talk.gap.is_up) == ([True, False], True)


def test_a_fill_is_told_before_its_order_and_twice_when_it_is_said_twice() -> None:
    talk = Talk()
    for _ in range(2):
        talk.hear({**UPDATE, "matched": MATCHED, "unmatched": UNMATCHED})
    assert [type(event) for event in talk.events] == [Fill, OrderState] * 2
    assert talk.events[1] == talk.events[3]


def test_updates_about_other_markets_are_passed_over() -> None:
    talk = Talk()
    talk.hear({**UPDATE, "matched": {**MATCHED, "type": "total", "side": "over"}, "unmatched": None})
    assert talk.events == []


@given(
    place=st.sampled_from(["matched", "unmatched", None]),
    member=st.sampled_from([*MATCHED, *UNMATCHED, *UPDATE]),
    value=json_values,
)
def test_a_mutated_update_is_told_exactly_or_as_a_hole(place: str | None, member: str, value: Any) -> None:
    message: dict[str, Any] = {**UPDATE, "matched": dict(MATCHED), "unmatched": dict(UNMATCHED)}
    (message if place is None else message[place])[member] = value
    talk = Talk()
    talk.hear(message)
    for event in talk.events:
        assert isinstance(event, Fill | OrderState | StreamGap)
        if isinstance(event, Fill) and member != "odds":
            stake = Decimal(str(message["matched"]["amount"]))
            assert abs(event.size - stake * MICRO * 205 / 105) < 2
        if isinstance(event, OrderState):
            assert 0 <= event.filled <= event.size
    assert talk.events


@given(json_values)
def test_a_price_message_that_is_none_is_a_hole(value: Any) -> None:
    talk = Talk()
    talk.hear(["gameUpdate", {"id": value}], talk.prices)
    talk.hear(value, talk.prices)
    assert set(talk.gaps) <= {True, False}
    assert len(talk.gaps) % 2 == 0
