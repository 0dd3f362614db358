"""The conversation over the stream, without a socket."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hedgerow.core.clock import SteppedClock
from hedgerow.core.money import MICRO
from hedgerow.core.states import OrderStatus, SettlementStatus
from hedgerow.venues.base import ExchangeEvent, Fill, MarketChange, OrderState, StreamGap
from hedgerow.venues.sx_bet.stream import MARKETS, Session

from .conftest import ADDRESS, HASH, book
from .test_parse import FILL, MARKET, ORDER

ORDERS, FILLS, BOOK = f"account:orders_v3_#{ADDRESS}", f"account:fills_v3_#{ADDRESS}", f"orderbook_v3:{HASH}"


class Talk:
    """A session, what it said and told, and the other side of it."""

    def __init__(self) -> None:
        self.said: list[dict[str, Any]] = []
        self.events: list[ExchangeEvent] = []
        self.logins = self.drops = 0
        clock = SteppedClock(0)
        self.session = Session(ADDRESS, self.events.append, clock, {"0x02d2": "ours"}.get, self._log_in, self._drop)

    def _log_in(self) -> None:
        self.logins += 1

    def _drop(self) -> None:
        self.drops += 1

    def hear(self, *messages: Any) -> None:
        """The messages in one frame."""
        text = "\n".join(one if isinstance(one, str) else json.dumps(one) for one in messages)
        self.session.received(memoryview(text.encode()), is_text=True)

    def open(self) -> None:
        self.session.opened(lambda text: self.said.append(json.loads(text)))
        self.session.connect("token")
        self.hear({"id": 1, "connect": {"client": "c"}})

    def join(self, **told: Any) -> None:
        """Confirms every subscription that was asked for."""
        for command in [one for one in self.said if "subscribe" in one]:
            self.hear({"id": command["id"], "subscribe": {"epoch": "e", "offset": 5, **told}})
        self.said.clear()

    def publish(self, channel: str, data: Any, offset: int = 6) -> None:
        self.hear({"push": {"channel": channel, "pub": {"data": data, "offset": offset}}})


@pytest.fixture
def talk() -> Talk:
    """A session whose account is followed."""
    made = Talk()
    made.open()
    made.join()
    assert made.session.is_up
    return made


def test_the_login_comes_first_and_then_the_account_and_all_markets() -> None:
    talk = Talk()
    talk.open()
    assert talk.said[0] == {"connect": {"token": "token", "name": "hedgerow"}, "id": 1}
    assert [one["subscribe"]["channel"] for one in talk.said[1:]] == [ORDERS, FILLS, MARKETS]
    assert not talk.session.is_up


def test_a_ping_is_answered_by_the_same(talk: Talk) -> None:
    talk.hear("{}", "{}")
    assert talk.said == [{}, {}]


@pytest.mark.parametrize("wrap", [lambda row, name: row, lambda row, name: {name: row}, lambda row, name: [row]])
def test_orders_and_fills_are_told_wrapped_or_not(talk: Talk, wrap: Any) -> None:
    talk.publish(ORDERS, wrap({**ORDER, "status": "INACTIVE", "inactiveReason": "USER_REQUESTED"}, "order"))
    talk.publish(FILLS, wrap(FILL, "fill"))
    order, fill = talk.events
    assert isinstance(order, OrderState)
    assert order.status is OrderStatus.CANCELLED
    assert isinstance(fill, Fill)
    assert fill.client_ref == "ours"


def test_a_break_is_announced_once_and_what_was_missed_is_asked_by_place(talk: Talk) -> None:
    talk.publish(ORDERS, ORDER)
    talk.session.closed(1006, "")
    talk.session.closed(1006, "")
    talk.open()
    asked = {one["subscribe"]["channel"]: one["subscribe"] for one in talk.said if "subscribe" in one}
    assert (asked[ORDERS]["recover"], asked[ORDERS]["epoch"], asked[ORDERS]["offset"]) == (True, "e", 6)
    assert asked[FILLS]["offset"] == 5
    talk.join(publications=[], recovered=True)
    gaps = [event.is_down for event in talk.events if isinstance(event, StreamGap)]
    assert gaps == [True, False]


def test_what_was_missed_is_told_before_the_end_of_the_gap(talk: Talk) -> None:
    talk.session.closed(1006, "")
    talk.open()
    number = next(one["id"] for one in talk.said if one.get("subscribe", {}).get("channel") == FILLS)
    missed = [{"data": FILL, "offset": 6}]
    talk.hear({"id": number, "subscribe": {"epoch": "e", "offset": 6, "recovered": True, "publications": missed}})
    talk.join()
    assert [type(event) for event in talk.events] == [StreamGap, Fill, StreamGap]


def test_a_skipped_offset_and_an_unreadable_message_are_holes(talk: Talk) -> None:
    talk.publish(FILLS, FILL, offset=8)
    talk.hear("not json")
    gaps = [event.is_down for event in talk.events if isinstance(event, StreamGap)]
    assert gaps == [True, False, True, False]
    assert talk.session.is_up


@pytest.mark.parametrize("code", [109, 103])
def test_a_refused_login_or_account_starts_anew(code: int) -> None:
    talk = Talk()
    talk.open()
    talk.hear({"id": 1 if code == 109 else talk.said[1]["id"], "error": {"code": code, "message": "no"}})
    assert talk.drops == 1
    assert [event.is_down for event in talk.events if isinstance(event, StreamGap)] == [True]


def test_a_subscription_that_stands_already_is_as_good(talk: Talk) -> None:
    fresh = Talk()
    fresh.open()
    for command in fresh.said[1:]:
        fresh.hear({"id": command["id"], "error": {"code": 105, "message": "already subscribed"}})
    assert fresh.session.is_up
    assert fresh.drops == 0


def test_a_subscription_that_the_venue_ends_is_got_back(talk: Talk) -> None:
    talk.hear({"push": {"channel": ORDERS, "unsubscribe": {"code": 2500, "reason": "insufficient state"}}})
    assert (talk.drops, talk.session.is_up) == (1, False)


def test_only_watched_markets_are_handed_on(talk: Talk) -> None:
    over = {**MARKET, "status": "INACTIVE", "outcome": 2}
    talk.publish(MARKETS, [over, {"marketHash": "0x" + "cd" * 32}])
    assert talk.events == []
    talk.session.watch([HASH])
    talk.publish(MARKETS, [over], offset=7)
    assert talk.events == [MarketChange(HASH, is_open=False, resolution=SettlementStatus.LOST)]


def test_a_watched_book_is_known_from_its_first_publication_and_never_goes_back(talk: Talk) -> None:
    talk.session.watch([HASH])
    talk.join()
    assert talk.session.best(HASH) is None
    talk.publish(BOOK, {**book(one="50000000000000000000"), "version": "002"})
    talk.publish(BOOK, {**book(one="60000000000000000000"), "version": "001"}, offset=7)
    best = talk.session.best(HASH)
    assert best is not None
    assert (best.one, best.two) == (MICRO // 2, 0)
    talk.session.watch([])
    assert talk.session.best(HASH) is None
    assert talk.said[-1]["unsubscribe"] == {"channel": BOOK}


def test_a_book_is_forgotten_with_its_socket(talk: Talk) -> None:
    talk.session.watch([HASH])
    talk.join()
    talk.publish(BOOK, book(one="50000000000000000000"))
    talk.session.closed(1006, "")
    assert talk.session.best(HASH) is None
