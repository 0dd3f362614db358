"""The login conversation without a socket."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.realtime.login import Access, LoginSession
from hedgerow.realtime.session import Acknowledge, Authenticate, End, Resume, Send, Step

KEY = "0b6f1c9e-2f6d-4a55-9f0e-3a51e2c0d001"
ACCESS = Access(("orders", "bets"), ("emergency",))


def login(**given: Any) -> str:
    return json.dumps({"type": "login", "apiKey": KEY, "channels": ["orders"]} | given)


def talk(*texts: str) -> LoginSession:
    found = LoginSession(ACCESS, now_s=100)
    for text in texts:
        found.receive(text, 100)
    return found


def errors(steps: list[Step]) -> list[Any]:
    return [step.message["message"] for step in steps if isinstance(step, Send) and step.message["type"] == "error"]


def test_login_names_the_channels_and_no_channels_are_all() -> None:
    assert talk().receive(login(), 100) == [Authenticate(KEY, ("orders",))]
    assert talk().receive(login(channels=[]), 100) == [Authenticate(KEY, ("orders", "bets", "emergency"))]


def test_confirmation_carries_access_and_features() -> None:
    found = talk(login(reliableDelivery=True))
    (step,) = found.logged_in("demo", 7, ["orders"], is_resumed=False)
    assert step == Send(
        {
            "type": "login_ok",
            "clientName": "demo",
            "channels": ["orders"],
            "subscriptionId": 7,
            "access": {"clientFiltered": ["orders", "bets"], "global": ["emergency"]},
            "reliableDelivery": True,
            "features": {"messageOrdering": True, "acknowledgments": True, "batchAck": True},
        }
    )


def test_unknown_channel_is_named_and_another_login_may_follow() -> None:
    found = talk()
    assert errors(found.receive(login(channels=["orders", "colour"]), 100)) == ["Unknown channel: colour"]
    assert found.receive(login(), 100) == [Authenticate(KEY, ("orders",))]


def test_resume_asks_for_reliable_delivery() -> None:
    resume = {"subscriptionId": 7, "lastSeq": 12}
    steps = talk().receive(login(resume=resume), 100)
    assert steps == [Authenticate(KEY, ("orders",), is_reliable=True, resume=Resume(7, 12))]
    found = talk(login(resume=resume))
    (step,) = found.logged_in("demo", 8, ["orders"], is_resumed=False)
    assert isinstance(step, Send)
    assert step.message["resumed"] is False


@pytest.mark.parametrize(
    "resume", [{}, [], {"subscriptionId": "7", "lastSeq": 1}, {"subscriptionId": 1, "lastSeq": -1}]
)
def test_resume_that_is_none_is_refused(resume: Any) -> None:
    assert errors(talk().receive(login(resume=resume), 100)) == ["resume needs subscriptionId and lastSeq"]


def test_who_does_not_log_in_is_closed_after_thirty_seconds() -> None:
    found = talk()
    assert found.due_s == 130
    assert found.on_time(130) == [End(4001, "login timeout")]


def test_ping_goes_out_every_thirty_seconds_and_pong_is_due_in_120() -> None:
    found = talk(login())
    assert found.on_time(129.9) == []
    assert found.on_time(130) == [Send({"type": "ping"})]
    assert (found.due_s, found.on_time(160)) == (160, [Send({"type": "ping"})])
    found.receive('{"type": "pong"}', 170)
    assert found.on_time(220) == [Send({"type": "ping"})]
    assert found.on_time(290) == [End(4005, "pong timeout")]


def test_clients_ping_is_answered() -> None:
    assert talk().receive('{"type": "ping"}', 100) == [Send({"type": "pong"})]


@pytest.mark.parametrize(
    ("message", "step"),
    [
        ({"type": "ack", "seq": 3}, Acknowledge((3,))),
        ({"type": "ack", "upTo": 9}, Acknowledge((), 9)),
        ({"type": "batch_ack", "seqs": [1, 2]}, Acknowledge((1, 2))),
    ],
)
def test_acknowledgements_are_taken_in_three_forms(message: Any, step: Acknowledge) -> None:
    assert talk(login(reliableDelivery=True)).receive(json.dumps(message), 100) == [step]
    assert len(errors(talk(login()).receive(json.dumps(message), 100))) == 1


@pytest.mark.parametrize(
    "message",
    [
        {"type": "ack"},
        {"type": "ack", "seq": True},
        {"type": "ack", "upTo": "9"},
        {"type": "batch_ack", "seqs": 3},
        {"type": "batch_ack", "seqs": [-1]},
    ],
)
def test_acknowledgement_of_nothing_is_an_error(message: Any) -> None:
    found = talk(login(reliableDelivery=True))
    assert errors(found.receive(json.dumps(message), 100)) == ["ack needs seq or upTo, batch_ack needs seqs"]


def test_refusals_end_the_conversation() -> None:
    assert talk().refused_key()[-1] == End(4001, "Invalid API key")
    assert talk().refused_number()[-1] == End(4003, "Connection limit exceeded")
    assert errors(talk().receive(login(apiKey=""), 100)) == ["apiKey required"]


def test_second_login_is_an_error() -> None:
    assert errors(talk(login()).receive(login(), 100)) == ["Already logged in"]


@given(st.one_of(st.text(), st.binary(), st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps)))
def test_whatever_comes_is_answered_with_a_word(text: str | bytes) -> None:
    steps = talk().receive(text, 100)
    assert all(isinstance(step, Send) for step in steps)
    assert len(steps) == 1
