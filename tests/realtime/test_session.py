"""The conversation without a socket: what each message and each moment brings."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.realtime.session import Authenticate, End, Leave, Send, Session, Step

KEY = "0b6f1c9e-2f6d-4a55-9f0e-3a51e2c0d001"


def session() -> Session:
    return Session(("orders", "bets"), now_s=100.0)


def subscribe(**given: Any) -> str:
    return json.dumps({"type": "subscribe", "apiKey": KEY, "channels": ["orders"]} | given)


def subscribed() -> Session:
    found = session()
    found.receive(subscribe(), 100)
    found.accepted(1, ["orders"])
    return found


def errors(steps: list[Step]) -> list[Any]:
    return [step.message["message"] for step in steps if isinstance(step, Send) and step.message["type"] == "error"]


@pytest.mark.parametrize(("key", "answer"), [("apiKey", "subscriptionId"), ("api_key", "subscription_id")])
def test_client_is_answered_in_its_own_spelling(key: str, answer: str) -> None:
    talk = session()
    text = json.dumps({"type": "subscribe", key: KEY, "channels": ["orders"]})
    assert talk.receive(text, 100) == [Authenticate(KEY, ("orders",))]
    assert talk.accepted(7, ["orders"]) == [Send({"type": "subscribed", answer: 7, "channels": ["orders"]})]


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ({"apiKey": ""}, "apiKey required"),
        ({"api_key": None}, "api_key required"),
        ({}, "apiKey required"),
    ],
)
def test_missing_key_is_named_as_the_client_would_write_it(message: dict[str, Any], error: str) -> None:
    steps = session().receive(json.dumps({"type": "subscribe", "channels": ["orders"], **message}), 100)
    assert errors(steps) == [error]
    assert steps[-1] == End(4001, error)


def test_wrong_form_of_a_key_is_told_in_the_clients_spelling() -> None:
    talk = session()
    talk.receive(json.dumps({"type": "subscribe", "api_key": "x"}), 100)
    assert errors(talk.refused_format()) == ["Invalid api_key format"]


def test_unknown_channel_is_named_and_another_try_is_allowed() -> None:
    talk = session()
    assert errors(talk.receive(subscribe(channels=["orders", "odds"]), 100)) == ["Unknown channel: odds"]
    assert talk.receive(subscribe(), 100) == [Authenticate(KEY, ("orders",))]


def test_no_channels_are_all_channels() -> None:
    assert session().receive(subscribe(channels=[]), 100) == [Authenticate(KEY, ("orders", "bets"))]


def test_who_does_not_subscribe_in_time_is_closed() -> None:
    talk = session()
    assert (talk.due_s, talk.on_time(129.9)) == (130.0, [])
    assert talk.on_time(130.0) == [End(4001, "subscribe timeout")]


def test_heartbeat_comes_every_minute_to_who_has_subscribed() -> None:
    talk = subscribed()
    assert talk.due_s == 160.0
    assert talk.on_time(160.0) == [Send({"type": "heartbeat"})]
    assert talk.due_s == 220.0


def test_unsubscribed_client_has_time_to_subscribe_again() -> None:
    talk = subscribed()
    assert talk.receive('{"type":"unsubscribe"}', 140) == [Leave(), Send({"type": "unsubscribed"})]
    assert talk.receive(subscribe(), 141) == [Authenticate(KEY, ("orders",))]


def test_ping_is_answered_at_any_time() -> None:
    for talk in (session(), subscribed()):
        assert talk.receive('{"type":"ping"}', 100) == [Send({"type": "pong"})]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{", "Invalid JSON"),
        (b"\xff", "Invalid JSON"),
        ("[]", "A message is an object with a type"),
        ('{"type": 1}', "A message is an object with a type"),
        ('{"type": "login"}', "Unknown message type: login"),
        ('{"type": "unsubscribe"}', "Not subscribed"),
        ('{"type": "subscribe", "channels": "orders"}', "channels must be a list"),
        ('{"type": "subscribe", "channels": [["orders"]]}', "Unknown channel: ['orders']"),
    ],
)
def test_what_is_not_understood_is_told(text: str | bytes, error: str) -> None:
    assert errors(session().receive(text, 100)) == [error]


def test_second_subscription_of_one_connection_is_refused() -> None:
    assert errors(subscribed().receive(subscribe(), 100)) == ["Already subscribed"]


@given(st.lists(st.one_of(st.text(), st.binary(), st.from_type(type(None)).map(lambda _: subscribe()))))
def test_no_message_breaks_a_session(texts: list[str | bytes]) -> None:
    talk = session()
    for text in texts:
        assert all(isinstance(step, Send | Authenticate | Leave | End) for step in talk.receive(text, 100))
