"""The stream's conversation, without a socket."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.states import SettlementStatus
from hedgerow.venues.base import ExchangeEvent, MarketChange, OrderState, StreamGap
from hedgerow.venues.betfair_ex.stream import Session

REF = "1.2:3"
UP = StreamGap("bets are followed again", is_down=False)


@dataclass
class Scene:
    """A session whose other side is the test."""

    events: list[ExchangeEvent] = field(default_factory=list)
    said: list[dict[str, Any]] = field(default_factory=list)
    matched: list[tuple[str, str]] = field(default_factory=list)
    drops: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.session = Session(
            self.events.append,
            lambda: ("app", "token"),
            lambda *bet: self.matched.append(bet),
            lambda: self.drops.append("drop"),
            lambda: self.drops.append("expired"),
        )

    def open(self) -> None:
        self.session.opened(lambda line: self.said.append(json.loads(line)))

    def hear(self, **message: Any) -> None:
        self.session.received(memoryview(json.dumps(message).encode()), is_text=True)

    def succeed(self) -> None:
        self.hear(op="status", id=self.said[-1]["id"], statusCode="SUCCESS")


@pytest.fixture
def scene() -> Scene:
    """Signed in and subscribed, with the market of `REF` watched."""
    made = Scene()
    made.session.watch([REF])
    made.open()
    made.succeed()
    made.hear(op="ocm", id=2, initialClk="i", clk="c1", ct="SUB_IMAGE")
    made.hear(op="mcm", id=3, initialClk="m", clk="c2", ct="SUB_IMAGE", mc=[{"id": "1.2", "img": True, "rc": []}])
    return made


def order(**changes: Any) -> dict[str, Any]:
    told = {"id": "7", "p": 2, "s": 10, "side": "L", "status": "E", "pd": 1, "sm": 0, "sr": 10}
    return {"id": "1.2", "orc": [{"id": 3, "uo": [told | changes]}]}


def test_it_signs_in_before_it_subscribes(scene: Scene) -> None:
    assert [said["op"] for said in scene.said] == ["authentication", "orderSubscription", "marketSubscription"]
    assert (scene.said[0]["appKey"], scene.said[0]["session"]) == ("app", "token")
    assert scene.said[2]["marketFilter"] == {"marketIds": ["1.2"]}
    assert scene.session.is_up


def test_a_bet_that_matched_is_told_and_its_matches_are_asked_for(scene: Scene) -> None:
    scene.hear(op="ocm", clk="c3", oc=[order()])
    scene.hear(op="ocm", clk="c4", oc=[order(sm=4, sr=6, avp=2)])
    states = [event for event in scene.events if isinstance(event, OrderState)]
    assert [(state.filled, state.size) for state in states] == [(0, 20_000_000), (8_000_000, 20_000_000)]
    assert scene.matched == [("1.2", "7")]


def test_the_book_is_followed_by_price(scene: Scene) -> None:
    rows = {"atb": [[1.9, 5], [1.95, 2]], "atl": [[2.1, 1]]}
    scene.hear(op="mcm", clk="c3", mc=[{"id": "1.2", "rc": [{"id": 3, **rows}]}])
    assert scene.session.books.best(REF) == (Decimal("1.95"), Decimal("2.1"))
    scene.hear(op="mcm", clk="c4", mc=[{"id": "1.2", "rc": [{"id": 3, "atb": [[1.95, 0]]}]}])
    assert scene.session.books.best(REF) == (Decimal("1.9"), Decimal("2.1"))


def test_a_lost_connection_is_announced_once_and_nothing_is_known_of_books(scene: Scene) -> None:
    for _ in range(2):
        scene.session.closed(1006, "")
    assert [event.is_down for event in scene.events if isinstance(event, StreamGap)] == [True]
    assert scene.session.books.best(REF) is None


def test_it_comes_back_with_the_latest_clocks(scene: Scene) -> None:
    scene.hear(op="ocm", clk="c9", ct="HEARTBEAT")
    scene.session.closed(1006, "")
    scene.said.clear()
    scene.open()
    scene.succeed()
    orders, markets = scene.said[1:]
    assert (orders["initialClk"], orders["clk"]) == ("i", "c9")
    assert (markets["initialClk"], markets["clk"]) == ("m", "c2")
    scene.hear(op="ocm", clk="c10", ct="RESUB_DELTA")
    assert scene.events[-1] == UP


def test_clocks_that_the_venue_forgot_are_dropped(scene: Scene) -> None:
    scene.session.closed(1006, "")
    scene.said.clear()
    scene.open()
    scene.succeed()
    for asked in list(scene.said[1:]):
        scene.hear(op="status", id=asked["id"], statusCode="FAILURE", errorCode="INVALID_CLOCK")
    assert [("clk" in said) for said in scene.said[1:]] == [True, True, False, False]


def test_a_session_that_is_over_is_renewed_on_a_new_socket(scene: Scene) -> None:
    scene.open()
    scene.hear(op="status", id=1, statusCode="FAILURE", errorCode="NO_SESSION", connectionClosed=True)
    assert scene.drops == ["expired", "drop"]


def test_stale_data_is_a_gap(scene: Scene) -> None:
    scene.hear(op="ocm", clk="c3", ct="HEARTBEAT", status=503)
    scene.hear(op="ocm", clk="c4", ct="HEARTBEAT")
    assert [event.is_down for event in scene.events if isinstance(event, StreamGap)] == [True, False]


@pytest.mark.parametrize("message", [b"{", b'{"op":"ocm","oc":[{"id":"1.2","orc":[{"id":3,"uo":[{"id":"7"}]}]}]}'])
def test_what_cannot_be_read_is_asked_again(scene: Scene, message: bytes) -> None:
    scene.session.received(memoryview(message), is_text=True)
    assert [event.is_down for event in scene.events if isinstance(event, StreamGap)] == [True, False]


def test_the_end_of_a_market_is_told_with_its_result(scene: Scene) -> None:
    for status, runner in (("OPEN", "ACTIVE"), ("SUSPENDED", "ACTIVE"), ("CLOSED", "WINNER")):
        definition = {"status": status, "runners": [{"id": 3, "status": runner}]}
        scene.hear(op="mcm", clk="c", mc=[{"id": "1.2", "marketDefinition": definition}])
    assert [event for event in scene.events if isinstance(event, MarketChange)] == [
        MarketChange(REF, is_open=True),
        MarketChange(REF, is_open=False),
        MarketChange(REF, is_open=False, resolution=SettlementStatus.WON),
    ]
