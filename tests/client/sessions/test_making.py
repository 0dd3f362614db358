from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, get_args

import pytest

from hedgerow.client import Gap, Message, Secret
from hedgerow.client.sessions.making import Channel, MakingSession
from hedgerow.client.sessions.session import Ready, Refuse, Say, Tell
from hedgerow.mm import subscribe

KEY = Secret("0b6f1c9e-2f6d-4a55-9f0e-3a51e2c0d001")


def open_session(number: int = 3) -> MakingSession:
    session = MakingSession(KEY, ("orders",))
    session.opened(0)
    assert session.receive(json.dumps({"type": "subscribed", "subscriptionId": number}), 0) == [Ready()]
    return session


def test_subscribes_with_its_key() -> None:
    (step,) = MakingSession(KEY).opened(0)
    assert isinstance(step, Say)
    assert json.loads(step.text) == {"type": "subscribe", "apiKey": KEY.reveal(), "channels": []}


def test_change_is_told_with_what_was_before() -> None:
    change = '"payload": {"stake": 4.50}, "old": {"stake": 0.1}'
    (step,) = open_session().receive(f'{{"type": "broadcast", "channel": "orders", "event": "UPDATE", {change}}}', 0)
    after, before = {"stake": Decimal("4.50")}, {"stake": Decimal("0.1")}
    assert step == Tell(Message("orders", "UPDATE", after, before, subscription=3))


def test_ping_is_sent_every_thirty_seconds() -> None:
    session = open_session()
    ping = [Say('{"type":"ping"}')]
    assert [session.on_time(now_s) for now_s in (29.9, 30, 30.1, 59.9, 60)] == [[], ping, [], [], ping]


def test_another_connection_is_a_gap() -> None:
    session = open_session()
    assert session.closed(1006, "") is None
    session.opened(0)
    ready, gap = session.receive('{"type": "subscribed", "subscriptionId": 4}', 0)
    assert ready == Ready()
    assert isinstance(gap, Tell)
    assert isinstance(gap.item, Gap)


@pytest.mark.parametrize("kind", ["heartbeat", "pong", "unsubscribed"])
def test_what_is_no_news_is_passed_over(kind: str) -> None:
    assert open_session().receive(json.dumps({"type": kind}), 0) == []


def test_refusal_is_final() -> None:
    session = MakingSession(KEY)
    session.opened(0)
    (step,) = session.receive('{"type": "error", "message": "Invalid API key"}', 0)
    assert isinstance(step, Refuse)
    error: Any = session.closed(4001, "Invalid API key")
    assert error.code == 4001


def test_channels_are_those_of_the_service() -> None:
    assert get_args(Channel) == subscribe.CHANNELS
