"""The conversations over both sockets, without them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hedgerow.venues.base import ExchangeEvent, StreamGap
from hedgerow.venues.polymarket_us import wire
from hedgerow.venues.polymarket_us.stream import AccountSession, MarketSession

from .conftest import MARKET, Makes

SNAPSHOT = {"requestId": "orders", "orderSubscriptionSnapshot": {"orders": [], "eof": True}}


def frame(message: Any) -> memoryview:
    return memoryview(message if isinstance(message, bytes) else json.dumps(message).encode())


class Account:
    """A session, and what it said."""

    def __init__(self) -> None:
        self.events: list[ExchangeEvent] = []
        self.executions: list[wire.Execution] = []
        self.sent: list[Any] = []
        self.calls: list[str] = []
        self.session = AccountSession(
            self.events.append,
            self.executions.append,
            lambda: self.calls.append("ready"),
            lambda: self.calls.append("reconnect"),
        )

    def hear(self, *messages: Any) -> None:
        for message in messages:
            self.session.received(frame(message), is_text=True)

    @property
    def gaps(self) -> list[bool]:
        return [event.is_down for event in self.events if isinstance(event, StreamGap)]


@pytest.fixture
def account() -> Account:
    made = Account()
    made.session.opened(lambda text: made.sent.append(json.loads(text)))
    return made


def test_it_asks_for_the_orders_of_all_markets(account: Account) -> None:
    assert account.sent == [{"subscribe": {"requestId": "orders", "subscriptionType": "SUBSCRIPTION_TYPE_ORDER"}}]


def test_it_is_ready_when_the_snapshot_is_whole(account: Account) -> None:
    account.hear({"orderSubscriptionSnapshot": {"orders": [], "eof": False}}, {"heartbeat": {}})
    assert (account.calls, account.session.is_followed) == ([], False)
    account.hear(SNAPSHOT)
    assert (account.calls, account.session.is_followed, account.gaps) == (["ready"], True, [])


def test_executions_are_handed_on(account: Account, order: Makes) -> None:
    account.hear({"orderSubscriptionUpdate": {"execution": {"type": "EXECUTION_TYPE_NEW", "order": order()}}})
    assert [execution.order.id for execution in account.executions] == [order()["id"]]


def test_a_break_is_one_gap_until_the_next_snapshot(account: Account) -> None:
    account.hear(SNAPSHOT)
    assert account.session.closed(1006, "")
    assert account.session.closed(1006, "")
    assert (account.gaps, account.session.is_followed) == ([True], False)
    account.session.opened(lambda text: None)
    account.hear(SNAPSHOT)
    assert account.gaps == [True, False]


@pytest.mark.parametrize("wrong", [b"{", b"\xff", b'{"orderSubscriptionUpdate": {"execution": {"type": 1}}}'])
def test_a_message_that_cannot_be_read_is_a_gap(account: Account, wrong: bytes) -> None:
    account.hear(SNAPSHOT, wrong)
    assert (account.gaps, account.session.is_followed) == ([True, False], True)


def test_a_refused_subscription_is_a_gap_and_tried_on_a_new_socket(account: Account) -> None:
    account.hear({"error": "no", "requestId": "orders"})
    assert (account.gaps, account.calls) == ([True], ["reconnect"])


def test_markets_are_followed_in_hundreds_and_in_place_of_those_before() -> None:
    sent: list[Any] = []
    session = MarketSession(lambda slug, state: None)
    session.watch(f"aec-nfl-a-b-{number}" for number in range(150))
    session.opened(lambda text: sent.append(json.loads(text)))
    assert [len(one["subscribe"]["marketSlugs"]) for one in sent] == [100, 50]
    names = [one["subscribe"]["requestId"] for one in sent]
    sent.clear()
    session.watch([MARKET])
    assert [one["unsubscribe"]["requestId"] for one in sent[:2]] == names
    assert sent[2]["subscribe"]["marketSlugs"] == [MARKET]
    assert sent[2]["subscribe"]["requestId"] not in names
    session.watch([MARKET])
    assert len(sent) == 3


def test_a_state_is_told_when_it_changes() -> None:
    told: list[tuple[str, str]] = []
    session = MarketSession(lambda slug, state: told.append((slug, state)))
    session.watch([MARKET])
    session.opened(lambda text: None)
    for state in ("MARKET_STATE_OPEN", "MARKET_STATE_OPEN", "MARKET_STATE_HALTED"):
        session.received(frame({"marketData": {"marketSlug": MARKET, "bids": [], "state": state}}), is_text=True)
    session.received(frame({"marketData": {"marketSlug": "another", "state": "MARKET_STATE_OPEN"}}), is_text=True)
    session.received(frame(b"{"), is_text=True)
    session.received(frame({"error": "no"}), is_text=True)
    assert told == [(MARKET, "MARKET_STATE_OPEN"), (MARKET, "MARKET_STATE_HALTED")]
