"""The link's two sides against each other: what is sent arrives, in order, and nobody holds more than a window."""

import contextlib

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hedgerow.scraping.link import (
    HELLO_WITHIN_S,
    MOST_CHUNK,
    MOST_MESSAGE,
    PING_AFTER_S,
    PROTOCOL,
    SILENT_AFTER_S,
    WINDOW,
    Link,
    LinkError,
    Side,
)
from hedgerow.scraping.linkevents import (
    Answered,
    Arrived,
    CutCode,
    Draining,
    Greeted,
    Headed,
    Hello,
    LoadTold,
    Opened,
    PeersTold,
    Refused,
    WasCut,
    Welcomed,
)


def hello(**changes) -> Hello:
    given = Hello(PROTOCOL, "de1", "key", "DE", "1.0", ("fetch",), most_streams=8)
    return msgspec.structs.replace(given, **changes)


def pair() -> tuple[Link, Link]:
    """A gateway's and an agent's side that have greeted each other."""
    gateway, agent = Link(Side.GATEWAY, 0.0), Link(Side.AGENT, 0.0)
    agent.say_hello(hello())
    move(agent, gateway)
    gateway.welcome(("ws://gateway",))
    move(gateway, agent)
    return gateway, agent


def move(source: Link, target: Link) -> list:
    return [event for message in source.take() for event in target.receive(message, 0.0)]


def test_an_agent_is_let_in_and_hears_of_all_gateways() -> None:
    gateway, agent = Link(Side.GATEWAY, 0.0), Link(Side.AGENT, 0.0)
    agent.say_hello(hello())
    assert move(agent, gateway) == [Greeted(hello())]
    gateway.welcome(("ws://a", "ws://b"))
    gateway.tell_peers(("ws://a",))
    assert move(gateway, agent) == [Welcomed(("ws://a", "ws://b")), PeersTold(("ws://a",))]


def test_a_refused_agent_hears_why() -> None:
    gateway, agent = Link(Side.GATEWAY, 0.0), Link(Side.AGENT, 0.0)
    agent.say_hello(hello())
    move(agent, gateway)
    gateway.refuse("unknown key")
    assert move(gateway, agent) == [Refused("unknown key")]
    assert not gateway.is_open


def test_a_hello_does_not_show_its_key() -> None:
    assert "key" not in repr(hello(key="key"))


@pytest.mark.parametrize("changes", [{"protocol": PROTOCOL + 1}, {"most_streams": 0}])
def test_a_hello_that_cannot_be_is_not_taken(changes) -> None:
    gateway, agent = Link(Side.GATEWAY, 0.0), Link(Side.AGENT, 0.0)
    agent.say_hello(hello(**changes))
    with pytest.raises(LinkError):
        move(agent, gateway)


def test_a_fetch_goes_there_and_back() -> None:
    gateway, agent = pair()
    number = gateway.open(7, b"ask", is_last=True)
    assert move(gateway, agent) == [Opened(number, 7, b"ask", True)]
    agent.head(number, b"answer")
    agent.data(number, b"body", is_last=True)
    assert move(agent, gateway) == [Headed(number, b"answer", False), Arrived(number, b"body", True)]
    assert gateway.stream_count == agent.stream_count == 0


def test_a_short_answer_goes_back_in_one_record() -> None:
    gateway, agent = pair()
    for body in (b"", b"body", bytes(MOST_CHUNK - 4)):
        number = gateway.open(7, b"ask", is_last=True)
        move(gateway, agent)
        agent.answer(number, b"head", body)
        assert move(agent, gateway) == [Answered(number, b"head", body)]
    assert gateway.stream_count == agent.stream_count == 0


def test_a_long_answer_goes_back_as_head_and_data() -> None:
    gateway, agent = pair()
    number = gateway.open(7, b"ask", is_last=True)
    move(gateway, agent)
    agent.answer(number, b"head", bytes(MOST_CHUNK))
    assert move(agent, gateway) == [Headed(number, b"head", False), Arrived(number, bytes(MOST_CHUNK), True)]


@pytest.mark.parametrize("body", [b"", b"body"])
def test_a_gateway_that_takes_no_answers_gets_head_and_data(body) -> None:
    gateway, _ = pair()
    agent = Link(Side.AGENT, 0.0)
    agent.receive(record(2, 0, msgspec.msgpack.encode({"protocol": PROTOCOL, "peers": []})), 0.0)
    number = gateway.open(7, b"ask", is_last=True)
    move(gateway, agent)
    agent.answer(number, b"head", body)
    assert move(agent, gateway) == [Headed(number, b"head", not body), *([Arrived(number, body, True)] if body else [])]


def test_one_turns_records_leave_in_one_message() -> None:
    gateway, _ = pair()
    for _ in range(5):
        gateway.open(1, b"x", is_last=True)
    assert len(gateway.take()) == 1


def test_much_that_waits_leaves_in_bounded_messages() -> None:
    gateway, _ = pair()
    for _ in range(8):
        gateway.data(gateway.open(1, b"", is_last=False), bytes(WINDOW))
    assert max(map(len, gateway.take())) < 2 * MOST_MESSAGE


def test_no_stream_is_opened_beyond_what_the_agent_takes() -> None:
    gateway, _ = pair()
    for _ in range(8):
        gateway.open(1, b"", is_last=True)
    assert not gateway.takes_streams
    with pytest.raises(ValueError, match="no stream"):
        gateway.open(1, b"", is_last=True)


def test_nothing_new_is_asked_of_an_agent_that_drains() -> None:
    gateway, agent = pair()
    agent.tell_load(3)
    agent.drain()
    assert move(agent, gateway) == [LoadTold(3), Draining()]
    assert not gateway.takes_streams


def test_room_comes_back_when_half_a_window_is_consumed() -> None:
    gateway, agent = pair()
    number = gateway.open(1, b"", is_last=True)
    move(gateway, agent)
    agent.head(number, b"")
    agent.data(number, bytes(WINDOW))
    assert agent.room(number) == 0
    move(agent, gateway)
    gateway.consumed(number, WINDOW // 2)
    move(gateway, agent)
    assert agent.room(number) == WINDOW // 2


def test_a_cut_ends_the_stream_and_what_is_still_under_way_is_ignored() -> None:
    gateway, agent = pair()
    number = gateway.open(1, b"", is_last=True)
    move(gateway, agent)
    agent.head(number, b"late")
    gateway.cut(number, CutCode.CANCELLED, "nobody waits")
    assert move(gateway, agent) == [WasCut(number, CutCode.CANCELLED, "nobody waits")]
    assert move(agent, gateway) == []
    assert gateway.stream_count == agent.stream_count == 0


def record(kind: int, stream: int, payload: bytes = b"", length: int | None = None) -> bytes:
    return (
        bytes([kind])
        + stream.to_bytes(4, "big")
        + (len(payload) if length is None else length).to_bytes(4, "big")
        + payload
    )


@pytest.mark.parametrize(
    "message",
    [
        b"\x01",
        record(1, 0, b"{"),
        record(2, 0),
        record(18, 1, b"data"),
        record(99, 0),
        record(6, 0, length=50),
        record(16, 1, b"\x01"),
    ],
    ids=["no header", "unreadable", "hello twice", "unopened stream", "unknown", "over its end", "agents open nothing"],
)
def test_a_gateway_ends_a_link_that_breaks_the_rules(message) -> None:
    gateway, _ = pair()
    with pytest.raises(LinkError):
        gateway.receive(message, 0.0)
    assert not gateway.is_open


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        (21 | 0x80, b"\0\0\0"),
        (21 | 0x80, b"\0\0\0\5head"),
        (21 | 0x80, b"\0\0\0\4head" + bytes(MOST_CHUNK)),
        (21, b"\0\0\0\4head"),
    ],
    ids=["no length", "shorter than its head", "too long", "not the last"],
)
def test_an_answer_that_cannot_be_ends_the_link(kind, payload) -> None:
    gateway, _ = pair()
    number = gateway.open(1, b"", is_last=True)
    with pytest.raises(LinkError, match="answer"):
        gateway.receive(record(kind, number, payload), 0.0)


def test_a_second_answer_ends_the_link() -> None:
    gateway, agent = pair()
    number = gateway.open(1, b"", is_last=False)
    move(gateway, agent)
    agent.answer(number, b"head", b"body")
    (message,) = agent.take()
    gateway.receive(message, 0.0)
    with pytest.raises(LinkError, match="answer"):
        gateway.receive(message, 0.0)


def test_more_data_than_there_is_room_for_ends_the_link() -> None:
    gateway, agent = pair()
    number = gateway.open(1, b"", is_last=True)
    move(gateway, agent)
    agent.head(number, b"")
    agent.data(number, bytes(WINDOW))
    move(agent, gateway)
    with pytest.raises(LinkError, match="room"):
        gateway.receive(record(18, number, b"x"), 0.0)


@given(st.binary(max_size=200))
def test_any_bytes_are_taken_or_end_the_link(message) -> None:
    gateway, _ = pair()
    with contextlib.suppress(LinkError):
        gateway.receive(message, 0.0)


def test_a_silent_peer_is_pinged_and_then_given_up() -> None:
    gateway, agent = pair()
    gateway.on_time(PING_AFTER_S)
    move(gateway, agent)
    move(agent, gateway)
    assert gateway.round_trip_s is not None
    with pytest.raises(LinkError, match="silent"):
        gateway.on_time(SILENT_AFTER_S + 1)


def test_who_does_not_greet_in_time_is_given_up() -> None:
    gateway = Link(Side.GATEWAY, 5.0)
    assert gateway.due_s == 5.0 + HELLO_WITHIN_S
    with pytest.raises(LinkError, match="greeting"):
        gateway.on_time(gateway.due_s)


class Conversation(RuleBasedStateMachine):
    """Any interleaving of work on both sides. Each side keeps what it sent; the other must have got a first part."""

    def __init__(self) -> None:
        super().__init__()
        self.gateway, self.agent = pair()
        self.wire: dict[Link, list[bytes]] = {self.gateway: [], self.agent: []}
        self.sent: dict[tuple[str, int], bytearray] = {}
        self.got: dict[tuple[str, int], bytearray] = {}
        self.unread: dict[tuple[str, int], int] = {}
        self.opened: set[int] = set()  # as the agent knows them
        self.headed: set[int] = set()
        self.ended: set[tuple[str, int]] = set()
        self.cut: set[int] = set()

    def pick(self, numbers: set[int], index: int) -> int | None:
        return sorted(numbers)[index % len(numbers)] if numbers else None

    @precondition(lambda self: self.gateway.takes_streams)
    @rule(is_last=st.booleans())
    def open(self, is_last) -> None:
        number = self.gateway.open(1, b"head", is_last=is_last)
        if is_last:
            self.ended.add(("gateway", number))

    @rule(index=st.integers(0, 7), is_last=st.booleans())
    def answer(self, index, is_last) -> None:
        number = self.pick({n for n in self.opened - self.headed - self.cut if self.agent.has(n)}, index)
        if number is not None:
            self.agent.head(number, b"answer", is_last=is_last)
            self.headed.add(number)
            if is_last:
                self.ended.add(("agent", number))

    @rule(index=st.integers(0, 7), size=st.integers(0, WINDOW))
    def answer_whole(self, index, size) -> None:
        number = self.pick({n for n in self.opened - self.headed - self.cut if self.agent.has(n)}, index)
        if number is not None:
            data = bytes([number % 251]) * size
            self.agent.answer(number, b"answer", data)
            self.headed.add(number)
            self.sent["agent", number] = bytearray(data)
            self.ended.add(("agent", number))

    @rule(index=st.integers(0, 7), size=st.integers(0, WINDOW), of_agent=st.booleans(), is_last=st.booleans())
    def send(self, index, size, of_agent, is_last) -> None:
        side, link = ("agent", self.agent) if of_agent else ("gateway", self.gateway)
        known = self.headed if of_agent else set(range(1, link._last_stream + 1))
        number = self.pick({n for n in known - self.cut if link.has(n) and (side, n) not in self.ended}, index)
        if number is None:
            return
        data = bytes([number % 251]) * min(size, link.room(number))
        link.data(number, data, is_last=is_last)
        self.sent.setdefault((side, number), bytearray()).extend(data)
        if is_last:
            self.ended.add((side, number))

    @rule(of_agent=st.booleans())
    def deliver(self, of_agent) -> None:
        source, target = (self.agent, self.gateway) if of_agent else (self.gateway, self.agent)
        side = "agent" if of_agent else "gateway"
        self.wire[source].extend(source.take())
        if not self.wire[source]:
            return
        for event in target.receive(self.wire[source].pop(0), 0.0):
            match event:
                case Opened(stream=number):
                    self.opened.add(number)
                case Arrived(stream=number, data=data):
                    self.got.setdefault((side, number), bytearray()).extend(data)
                    self.unread[side, number] = self.unread.get((side, number), 0) + len(data)
                case Answered(stream=number, data=data):
                    self.got.setdefault((side, number), bytearray()).extend(data)
                case WasCut(stream=number):
                    self.cut.add(number)

    @rule(index=st.integers(0, 15), share=st.integers(1, 4))
    def consume(self, index, share) -> None:
        waiting = sorted(key for key, size in self.unread.items() if size)
        if not waiting:
            return
        side, number = waiting[index % len(waiting)]
        size = max(1, self.unread[side, number] // share)
        (self.gateway if side == "agent" else self.agent).consumed(number, size)
        self.unread[side, number] -= size

    @rule(index=st.integers(0, 7), by_agent=st.booleans())
    def end(self, index, by_agent) -> None:
        link = self.agent if by_agent else self.gateway
        number = self.pick({n for n in range(1, self.gateway._last_stream + 1) if link.has(n)}, index)
        if number is not None:
            link.cut(number, CutCode.CANCELLED)
            self.cut.add(number)

    @invariant()
    def what_arrived_is_the_first_part_of_what_was_sent(self) -> None:
        for key, got in self.got.items():
            assert self.sent[key].startswith(got)

    @invariant()
    def nobody_holds_more_than_a_window_of_a_stream(self) -> None:
        for key, size in self.unread.items():
            assert size <= WINDOW, key

    def teardown(self) -> None:
        for _ in range(200):
            if not any((self.gateway.has_output, self.agent.has_output, *self.wire.values())):
                break
            self.deliver(True)
            self.deliver(False)
        for key, sent in self.sent.items():
            if key[1] not in self.cut:
                assert self.got.get(key, b"") == sent
        over = {number for side, number in self.ended if side == "agent"} & {
            number for side, number in self.ended if side == "gateway"
        }
        for number in over | self.cut:
            assert not self.gateway.has(number)
            assert not self.agent.has(number)


TestConversation = Conversation.TestCase
TestConversation.settings = settings(max_examples=60, stateful_step_count=40)
