"""The login conversation from the client's side: each message once, in order, acknowledged when it is done with."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.abp.subscribe import ACCESS
from hedgerow.client import Gap, Message, Position, Secret
from hedgerow.client.sessions.placing import Channel, PlacingSession
from hedgerow.client.sessions.session import Ready, Refuse, Say, Step, Tell

KEY = Secret("0b6f1c9e-2f6d-4a55-9f0e-3a51e2c0d001")


def session(**given: Any) -> PlacingSession:
    return PlacingSession(KEY, ("orders",), **given)


def said(steps: list[Step]) -> list[Any]:
    return [json.loads(step.text) for step in steps if isinstance(step, Say)]


def told(steps: list[Step]) -> list[Message | Gap]:
    return [step.item for step in steps if isinstance(step, Tell)]


def log_in(session: PlacingSession, number: int = 7, **answer: Any) -> list[Step]:
    session.opened(0)
    return session.receive(json.dumps({"type": "login_ok", "subscriptionId": number, **answer}), 0)


def data(session: PlacingSession, seq: int) -> list[Step]:
    message = {"type": "data", "channel": "orders", "event": "UPDATE", "payload": {"n": seq}, "ts": 1, "seq": seq}
    return session.receive(json.dumps(message), 0)


def message(session: PlacingSession, seq: int) -> Message:
    (one,) = told(data(session, seq))
    assert isinstance(one, Message)
    return one


def test_login_asks_for_reliable_delivery_of_the_channels() -> None:
    (login,) = said(session().opened(0))
    assert login == {"type": "login", "apiKey": KEY.reveal(), "channels": ["orders"], "reliableDelivery": True}


def test_key_is_in_no_repr() -> None:
    assert KEY.reveal() not in repr(session())


def test_ping_is_answered() -> None:
    assert said(session().receive('{"type": "ping"}', 0)) == [{"type": "pong"}]


def test_last_message_is_acknowledged_at_once_and_many_together() -> None:
    one = session()
    log_in(one)
    messages = [message(one, seq) for seq in range(1, 31)]
    spoken = [said(one.handled(each, 0.0)) for each in messages]
    assert [words for words in spoken if words] == [[{"type": "ack", "upTo": 20}], [{"type": "ack", "upTo": 30}]]


def test_acknowledgement_waits_a_second_at_most() -> None:
    one = session()
    log_in(one)
    first, _ = message(one, 1), message(one, 2)
    assert said(one.handled(first, 10.0)) == []
    assert said(one.on_time(10.9)) == []
    assert said(one.on_time(11.0)) == [{"type": "ack", "upTo": 1}]
    assert said(one.on_time(99)) == []


def test_message_that_is_sent_again_is_told_once() -> None:
    one = session()
    log_in(one)
    first = message(one, 1)
    assert data(one, 1) == []
    one.handled(first, 0)
    assert said(data(one, 1)) == [{"type": "ack", "seq": 1}]


def test_resumption_begins_after_the_last_acknowledged() -> None:
    one = session()
    log_in(one)
    first, second, _ = message(one, 1), message(one, 2), message(one, 3)
    one.handled(first, 0)
    one.handled(second, 0)
    assert one.closed(1006, "") is None
    assert said(one.opened(0))[0]["resume"] == {"subscriptionId": 7, "lastSeq": 2}
    steps = one.receive('{"type": "login_ok", "subscriptionId": 7, "resumed": true}', 0)
    assert steps == [Ready()]
    assert data(one, 3) == []  # the program has it already
    assert message(one, 4).seq == 4


def test_lost_subscription_is_a_gap_and_old_messages_acknowledge_nothing() -> None:
    one = session()
    log_in(one)
    old = message(one, 1)
    one.closed(1006, "")
    ready, gap = log_in(one, 8, resumed=False)
    assert ready == Ready()
    assert isinstance(told([gap])[0], Gap)
    new = message(one, 1)
    assert one.handled(old, 0) == []
    assert one.position == Position(8, 0)
    assert said(one.handled(new, 0)) == [{"type": "ack", "upTo": 1}]


def test_first_login_is_no_gap_and_an_unknown_position_is_one() -> None:
    assert told(log_in(session())) == []
    assert len(told(log_in(session(resume=Position(3, 5)), 9, resumed=False))) == 1


def test_without_reliable_delivery_nothing_is_acknowledged_and_a_new_connection_is_a_gap() -> None:
    one = session(is_reliable=False)
    log_in(one)
    first = message(one, 1)
    assert one.handled(first, 0) == one.acknowledge([first]) == []
    assert one.position is None
    one.closed(1006, "")
    assert "resume" not in said(one.opened(0))[0]
    assert len(told(log_in(one, 8))) == 1


@pytest.mark.parametrize("comes_again", [True, False])
def test_what_was_acknowledged_out_of_order_is_neither_told_again_nor_missed(*, comes_again: bool) -> None:
    before = session()
    log_in(before)
    first, _, third = (message(before, seq) for seq in (1, 2, 3))
    before.acknowledge([third, first])
    assert before.position == Position(7, 1, frozenset({3}))
    after = session(resume=before.position)
    assert said(after.opened(0))[0]["resume"] == {"subscriptionId": 7, "lastSeq": 1}
    log_in(after, resumed=True)
    second = message(after, 2)
    if comes_again:
        assert said(data(after, 3)) == [{"type": "ack", "seq": 3}]
    fourth = message(after, 4)
    after.acknowledge([second])
    assert after.position == Position(7, 3)
    after.acknowledge([fourth])
    assert after.position == Position(7, 4)


def test_hole_in_the_numbers_is_told() -> None:
    one = session()
    log_in(one)
    gap, after = told(data(one, 4))
    assert isinstance(gap, Gap)
    assert "1 to 3" in gap.why
    assert isinstance(after, Message)


def test_acknowledging_by_hand_names_what_is_done() -> None:
    one = session(resume=None)
    log_in(one)
    first, second, third = (message(one, seq) for seq in (1, 2, 3))
    assert said(one.acknowledge([second])) == [{"type": "ack", "seq": 2}]
    assert one.position == Position(7, 0, frozenset({2}))
    assert said(one.acknowledge([third, first, second])) == [{"type": "batch_ack", "seqs": [1, 3]}]
    assert one.position == Position(7, 3)
    assert one.acknowledge([first]) == []


@given(st.permutations(range(1, 9)), st.integers(0, 8))
def test_position_never_passes_what_is_not_acknowledged(order: list[int], count: int) -> None:
    one = session()
    log_in(one)
    messages = {seq: message(one, seq) for seq in range(1, 9)}
    for seq in order[:count]:
        one.acknowledge([messages[seq]])
    done = set(order[:count])
    expected = next(seq for seq in range(9) if seq + 1 not in done)
    assert one.position == Position(7, expected, frozenset(seq for seq in done if seq > expected))


@pytest.mark.parametrize("why", ["Invalid API key", "Unknown channel: x", "apiKey required"])
def test_refusal_is_final(why: str) -> None:
    one = session()
    one.opened(0)
    (step,) = one.receive(json.dumps({"type": "error", "message": why}), 0)
    assert isinstance(step, Refuse)
    assert why in str(step.error)


def test_full_house_is_waited_out() -> None:
    one = session()
    one.opened(0)
    assert one.receive('{"type": "error", "message": "Connection limit exceeded"}', 0) == []
    assert one.closed(4003, "Connection limit exceeded") is None


@pytest.mark.parametrize("code", [4001, 4006])
def test_some_closes_are_final(code: int) -> None:
    error = session().closed(code, "why")
    assert error is not None
    assert error.code == code


@pytest.mark.parametrize("code", [0, 1001, 1006, 1012, 1013, 4002, 4003, 4004, 4005])
def test_others_are_not(code: int) -> None:
    assert session().closed(code, "") is None


@pytest.mark.parametrize("text", ["", "[]", "{", '{"type": "data"}', '{"type": 1}', b"\xff"])
def test_words_that_mean_nothing_are_passed_over(text: str | bytes) -> None:
    assert session().receive(text, 0) == []


def test_channels_are_those_of_the_service() -> None:
    assert get_args(Channel) == ACCESS.channels
