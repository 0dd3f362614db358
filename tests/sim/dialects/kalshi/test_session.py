"""The conversation without a socket: each wrong command has its error, and none breaks it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.sim.dialects.kalshi import Terms
from hedgerow.sim.dialects.kalshi.session import Session

from .harness import ALC, DEMO, SIN, Scene, match

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=4) | st.sampled_from([SIN, "fill", "ticker"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(["channels", "market_ticker", "market_tickers", "sid", "sids", "action", "use_yes_price"])
COMMANDS = st.fixed_dictionaries(
    {"cmd": st.sampled_from(["subscribe", "unsubscribe", "update_subscription", "list_subscriptions", "dance"])},
    optional={"id": JSON, "params": st.dictionaries(NAMES, JSON, max_size=4)},
)


def conversation() -> tuple[Session, list[Any]]:
    scene = Scene(Terms())
    scene.world.put_fixture(match())
    frames: list[Any] = []
    return Session(DEMO, scene.venue, frames.append), frames


def say(session: Session, frames: list[Any], cmd: str, **params: Any) -> Any:
    session.handle(msgspec.json.encode({"id": 7, "cmd": cmd, "params": params}))
    return frames[-1]


@pytest.mark.parametrize(
    ("cmd", "params", "code"),
    [
        ("dance", {}, 5),
        ("subscribe", {}, 3),
        ("subscribe", {"channels": []}, 3),
        ("subscribe", {"channels": ["weather"]}, 8),
        ("subscribe", {"channels": [["fill"]]}, 8),
        ("subscribe", {"channels": ["orderbook_delta"], "market_ticker": "NOPE"}, 16),
        ("subscribe", {"channels": ["fill"], "market_ticker": SIN, "market_tickers": [ALC]}, 11),
        ("subscribe", {"channels": ["fill"], "market_tickers": [7]}, 11),
        ("unsubscribe", {}, 4),
        ("unsubscribe", {"sids": [9]}, 7),
        ("update_subscription", {}, 12),
        ("update_subscription", {"sids": [1, 2]}, 12),
        ("update_subscription", {"sid": 9, "action": "add_markets"}, 7),
        ("update_subscription", {"sid": 1}, 15),
        ("update_subscription", {"sid": 1, "action": "dance", "market_ticker": SIN}, 13),
        ("update_subscription", {"sid": 1, "action": "add_markets"}, 14),
        ("update_subscription", {"sid": 1, "action": "add_markets", "market_ticker": "NOPE"}, 16),
        ("update_subscription", {"sid": 2, "action": "add_markets", "market_ticker": SIN}, 13),
        ("update_subscription", {"sid": 3, "action": "get_snapshot", "market_ticker": SIN}, 13),
    ],
)
def test_each_wrong_command_has_its_error(cmd: str, params: dict[str, Any], code: int) -> None:
    session, frames = conversation()
    say(session, frames, "subscribe", channels=["orderbook_delta"], market_ticker=SIN)
    say(session, frames, "subscribe", channels=["market_lifecycle_v2"])
    say(session, frames, "subscribe", channels=["trade"], market_ticker=SIN)
    reply = say(session, frames, cmd, **params)
    assert (reply["id"], reply["type"], reply["msg"]["code"]) == (7, "error", code)


def test_books_need_markets() -> None:
    session, frames = conversation()
    assert say(session, frames, "subscribe", channels=["orderbook_delta"])["msg"]["code"] == 14


def test_the_unknown_market_is_named() -> None:
    session, frames = conversation()
    reply = say(session, frames, "subscribe", channels=["ticker"], market_tickers=[SIN, "NOPE"])
    assert reply["msg"] == {"code": 16, "msg": "Market not found", "market_ticker": "NOPE"}


def test_a_channel_is_subscribed_once() -> None:
    session, frames = conversation()
    say(session, frames, "subscribe", channels=["fill"])
    assert say(session, frames, "subscribe", channels=["fill"])["msg"] == {"code": 6, "msg": "Already subscribed"}


def test_good_channels_of_a_command_are_subscribed_beside_wrong_ones() -> None:
    session, frames = conversation()
    say(session, frames, "subscribe", channels=["fill", "weather", "trade"])
    assert [frame["type"] for frame in frames] == ["subscribed", "error", "subscribed"]


@pytest.mark.parametrize("text", ["", "{", "[]", "7", b"\xff"])
def test_what_is_no_command_cannot_be_processed(text: str | bytes) -> None:
    session, frames = conversation()
    session.handle(text)
    assert frames == [{"type": "error", "msg": {"code": 1, "msg": "Unable to process message"}}]


def test_an_id_of_zero_counts_as_none() -> None:
    session, frames = conversation()
    session.handle('{"id": 0, "cmd": "list_subscriptions"}')
    assert frames == [{"type": "ok", "msg": []}]


@given(st.lists(COMMANDS, max_size=6))
def test_no_command_breaks_the_conversation(commands: list[Any]) -> None:
    session, frames = conversation()
    for command in commands:
        session.handle(msgspec.json.encode(command))
    session.handle('{"id": 1, "cmd": "list_subscriptions"}')
    assert frames[-1]["type"] == "ok"
    for sid in session.tell.subscriptions:
        numbers = [frame["seq"] for frame in frames if frame.get("sid") == sid and "seq" in frame]
        assert numbers == list(range(1, len(numbers) + 1))
