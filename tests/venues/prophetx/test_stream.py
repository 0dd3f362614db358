"""The conversation over the socket, frame by frame."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from hedgerow.core.clock import NS_PER_S, SteppedClock
from hedgerow.core.states import OrderStatus, SettlementStatus
from hedgerow.venues.base import ExchangeEvent, Fill, MarketChange, NewQuote, OrderState, StreamGap
from hedgerow.venues.prophetx import wire
from hedgerow.venues.prophetx.orders import Memory
from hedgerow.venues.prophetx.parse import Sides
from hedgerow.venues.prophetx.stream import SILENCE_MS, Session

from .conftest import FIRST, NOW_S

OWN, PUBLIC = "private-service=6-device_type=5-user=48213", "private-broadcast-service=6-device_type=5"
BOOKS = f"{PUBLIC}-event=44285780"
Order = Callable[..., dict[str, Any]]


class Scene:
    """A session, what it said and told."""

    def __init__(self, clock: SteppedClock, quote: NewQuote) -> None:
        self.clock, self.said, self.asked = clock, list[dict[str, Any]](), list[str]()
        self.events: list[ExchangeEvent] = []
        self.is_ready, self.reconnects = False, 0
        memory = Memory(Sides())
        memory.expect(quote, clock.now_ms() - 5_000)
        self.session = Session(
            memory, clock, self.events.append, self._ready, authorise=self.asked.append, reconnect=self._reconnect
        )
        self.session.watch({"44285780:219": [FIRST]})

    def _ready(self) -> None:
        self.is_ready = True

    def _reconnect(self) -> None:
        self.reconnects += 1

    def hear(self, event: str, data: Any = None, channel: str | None = None, *, is_text: bool = True) -> None:
        inside = json.dumps(data) if is_text else data
        frame = {"event": event, "data": inside} | ({"channel": channel} if channel else {})
        self.session.received(memoryview(json.dumps(frame).encode()), is_text=True)

    def tell(self, kind: str, payload: Any, channel: str = OWN, op: str = "u") -> None:
        text = base64.b64encode(json.dumps(payload).encode()).decode()
        data = {"timestamp": NOW_S * NS_PER_S, "change_type": kind, "op": op, "payload": text}
        self.hear(kind, data, channel)

    def open(self) -> None:
        self.session.opened(lambda text: self.said.append(json.loads(text)))
        self.hear("pusher:connection_established", {"socket_id": "1.2", "activity_timeout": 120})

    def authorise(self, *names: str, socket_id: str = "1.2") -> None:
        channels = [wire.Channel(name, f"auth of {name}", _bindings(name)) for name in names]
        self.session.authorised(socket_id, wire.Registration(True, channels, wire.Authenticated("signed", "{}")))

    def follow(self) -> None:
        self.open()
        self.authorise(OWN, PUBLIC)
        self.hear("pusher:signin_success", {})
        self.hear("pusher_internal:subscription_succeeded", {}, OWN)
        self.said.clear()

    def told(self, kind: type[ExchangeEvent]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def _bindings(name: str) -> list[wire.Binding]:
    kinds = {OWN: ("order", "health_check"), PUBLIC: ("tournament_109",), BOOKS: ("market_selections",)}
    return [wire.Binding(kind, kind) for kind in kinds[name]]


@pytest.fixture
def scene(clock: SteppedClock, quote: Callable[..., NewQuote]) -> Scene:
    return Scene(clock, quote())


def test_a_socket_is_authorised_signs_in_and_subscribes_but_no_books(scene: Scene) -> None:
    scene.open()
    assert (scene.asked, scene.said) == (["1.2"], [])
    scene.authorise(OWN, PUBLIC, BOOKS)
    assert scene.said == [{"event": "pusher:signin", "data": {"auth": "signed", "user_data": "{}"}}]
    scene.hear("pusher:signin_success", {}, is_text=False)
    assert [frame["data"] for frame in scene.said[1:]] == [
        {"auth": f"auth of {name}", "channel": name} for name in (OWN, PUBLIC)
    ]
    assert not scene.is_ready
    scene.hear("pusher_internal:subscription_succeeded", {}, PUBLIC)
    assert not scene.is_ready
    scene.hear("pusher_internal:subscription_succeeded", {}, OWN)
    assert scene.is_ready
    assert scene.events == []


def test_authorised_anew_it_subscribes_what_is_new_alone(scene: Scene) -> None:
    scene.open()
    scene.authorise(OWN)
    scene.hear("pusher:signin_success", {})
    scene.authorise(OWN, PUBLIC)
    assert [frame["data"]["channel"] for frame in scene.said if frame["event"] == "pusher:subscribe"] == [OWN, PUBLIC]


def test_an_authorisation_of_an_older_socket_is_dropped(scene: Scene) -> None:
    scene.open()
    scene.authorise(OWN, socket_id="0.1")
    assert scene.said == []


def test_without_a_channel_of_the_account_it_begins_anew(scene: Scene) -> None:
    scene.open()
    scene.authorise(PUBLIC)
    assert (scene.reconnects, scene.said) == (1, [])


def test_a_ping_is_answered(scene: Scene) -> None:
    scene.follow()
    scene.hear("pusher:ping", {})
    assert scene.said == [{"event": "pusher:pong", "data": {}}]


def test_an_error_begins_anew(scene: Scene) -> None:
    scene.follow()
    scene.hear("pusher:error", {"code": 4201, "message": "no pong"}, is_text=False)
    assert scene.reconnects == 1


def test_a_break_is_announced_once_and_its_end(scene: Scene) -> None:
    scene.follow()
    assert scene.session.closed(1006, "")
    scene.session.announce_gap("again")
    scene.follow()
    assert [gap.is_down for gap in scene.told(StreamGap)] == [True, False]


def test_silence_is_noticed_and_a_health_check_ends_it(scene: Scene) -> None:
    scene.follow()
    scene.clock.advance_to(scene.clock.now_ns() + SILENCE_MS * 1_000_000)
    assert not scene.session.is_silent
    scene.clock.advance_to(scene.clock.now_ns() + 1_000_000)
    assert scene.session.is_silent
    scene.tell("private_system_signal", {})
    assert not scene.session.is_silent
    assert scene.events == []


def test_a_fill_is_told_before_its_order(scene: Scene, order: Order) -> None:
    scene.follow()
    info = order(filled_quantity=4, fill_price=110, total_filled_quantity=4, open_quantity=6, sequence_number=1)
    info |= {"update_type": "matching", "matching_status": "partially_matched"}
    for _ in range(2):
        scene.tell("order", {"info": info})
    fill, state = scene.events[:2]
    assert isinstance(fill, Fill)
    assert isinstance(state, OrderState)
    assert (fill.size, fill.price, fill.is_maker, fill.client_ref) == (8_400_000, 476_190, True, state.client_ref)
    assert (state.filled, state.status) == (8_400_000, OrderStatus.PLACED)
    assert scene.events[2:] == [fill, state]


def test_a_fill_that_was_not_told_is_a_gap(scene: Scene, order: Order) -> None:
    scene.follow()
    scene.tell("order", {"info": order(update_type="status", filled_quantity=0, total_filled_quantity=0)})
    info = order(filled_quantity=2, fill_price=110, total_filled_quantity=5, update_type="matching")
    scene.tell("order", {"info": info | {"matching_status": "partially_matched"}})
    assert [gap.is_down for gap in scene.told(StreamGap)] == [False]


def test_an_older_message_takes_nothing_back(scene: Scene, order: Order) -> None:
    scene.follow()
    scene.tell("order", {"info": order(status="canceled", update_type="status", sequence_number=9)})
    scene.tell("order", {"info": order(update_type="status", sequence_number=8)})
    assert [state.status for state in scene.told(OrderState)] == [OrderStatus.CANCELLED]


def test_a_result_of_an_order_is_the_contracts(scene: Scene, order: Order) -> None:
    scene.follow()
    info = order(status="closed", winning_status="lost", matching_status="fully_matched", update_type="status")
    scene.tell("order", {"info": info | {"total_filled_quantity": 10}})
    assert scene.told(MarketChange) == [MarketChange(FIRST, is_open=False, resolution=SettlementStatus.LOST)]


@pytest.mark.parametrize(
    ("kind", "payload", "op", "is_open"),
    [
        ("market", {"info": {"id": 219, "sport_event_id": 44285780, "status": "active"}}, "u", True),
        ("market", {"info": {"id": 219, "sport_event_id": 44285780, "status": "suspended"}}, "u", False),
        ("market", {"info": {"id": 219, "sport_event_id": 44285780, "status": "active"}}, "d", False),
        ("sport_event", {"id": "44285780", "tournament_id": "109"}, "d", False),
    ],
)
def test_the_state_of_a_watched_market_is_told(
    scene: Scene, kind: str, payload: dict[str, Any], op: str, is_open: bool
) -> None:
    scene.follow()
    scene.tell(kind, payload, PUBLIC, op)
    assert scene.events == [MarketChange(FIRST, is_open)]


def test_other_markets_and_channels_are_not_told(scene: Scene, order: Order) -> None:
    scene.follow()
    scene.tell("market", {"info": {"id": 220, "sport_event_id": 44285780, "status": "closed"}}, PUBLIC)
    scene.tell("sport_event", {"id": "44285780", "info": {"event_id": 44285780}}, PUBLIC)
    scene.tell("order", {"info": order()}, "private-service=6-device_type=5-user=1")
    assert scene.events == []


@pytest.mark.parametrize("frame", [b"{}", b"\xff", b'{"event": "pusher:connection_established", "data": "{"}'])
def test_a_frame_that_cannot_be_read_is_to_be_asked_for(scene: Scene, frame: bytes) -> None:
    scene.follow()
    scene.session.received(memoryview(frame), is_text=True)
    assert [gap.is_down for gap in scene.told(StreamGap)] == [False]


def test_a_payload_that_cannot_be_read_is_to_be_asked_for(scene: Scene) -> None:
    scene.follow()
    scene.hear("order", {"timestamp": 1, "change_type": "order", "payload": "%"}, OWN)
    scene.tell("order", {"info": {"order_id": 1}})
    assert [gap.is_down for gap in scene.told(StreamGap)] == [False, False]
