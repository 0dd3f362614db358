"""The scraping stack: the agents' link, WebSocket frames, heads of HTTP/1.1, AMQP, and what clients ask for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from tests.fuzz.harness import Parser, seed

from hedgerow.core.errors import ApiError
from hedgerow.core.secrets import Secret
from hedgerow.core.upstream import Connect, ProxyError, Upstream
from hedgerow.scraping import handshake
from hedgerow.scraping.agent.amqpwire import AmqpError, Conversation, Wish
from hedgerow.scraping.frames import FirstMessage, Follower, FrameError
from hedgerow.scraping.gateway import answer, connect, envelope, proxyrequest
from hedgerow.scraping.handshake import HandshakeError, Upgrade
from hedgerow.scraping.link import PROTOCOL, Link, LinkError, Side
from hedgerow.scraping.linkevents import Hello

HELLO = Hello(PROTOCOL, "agent", "key", "de", "1", ("fetch",), 8)


def _greeted() -> tuple[Link, Link]:
    gateway, agent = Link(Side.GATEWAY, 0.0), Link(Side.AGENT, 0.0)
    agent.say_hello(HELLO)
    _move(agent, gateway)
    gateway.welcome(("ws://gateway",))
    _move(gateway, agent)
    return gateway, agent


def _move(source: Link, target: Link) -> list[bytes]:
    messages = source.take()
    for message in messages:
        target.receive(message, 0.0)
    return messages


def _open(gateway: Link, agent: Link) -> tuple[list[bytes], list[bytes]]:
    """What each says to the other of one stream with an answer."""
    number = gateway.open(1, b"ask", is_last=True)
    to_agent = _move(gateway, agent)
    agent.head(number, b"head")
    agent.data(number, b"body", is_last=True)
    agent.tell_load(3)
    to_gateway = agent.take()
    _, other = _greeted()
    other.receive(to_agent[0], 0.0)
    other.answer(number, b"head", b"body")
    return to_agent, to_gateway + other.take()


def _told(side: Side) -> list[bytes]:
    """Messages that a side gets, of a link that has one stream."""
    to_agent, to_gateway = _open(*_greeted())
    return to_gateway if side is Side.GATEWAY else to_agent


def _hears(side: Side) -> Callable[[bytes], Any]:
    """What a side of an open link makes of a message; of the gateway's, a stream is asked for."""

    def receive(payload: bytes) -> Any:
        gateway, agent = _greeted()
        if side is Side.GATEWAY:
            gateway.open(1, b"ask", is_last=True)
        link = gateway if side is Side.GATEWAY else agent
        events = link.receive(payload, 0.0)
        assert link.stream_count <= 8
        return [type(event).__name__ for event in events]

    return receive


def _first_message(payload: bytes) -> Any:
    """In one piece as in two."""
    whole, parts = FirstMessage(), FirstMessage()
    try:
        found = whole.feed(payload)
    except FrameError:
        found = None
    middle = len(payload) // 2
    again = parts.feed(payload[:middle])
    again = parts.feed(payload[middle:]) if again is None and not parts.has_closed else again
    assert again == found
    return found


def _followed(payload: bytes) -> Any:
    """The headers of frames, in one piece as byte by byte."""
    whole, bytewise = Follower(), Follower()
    whole.feed(payload)
    for at in range(len(payload)):
        bytewise.feed(payload[at : at + 1])
    assert (whole.is_between, whole.heard, whole.has_closed) == (
        bytewise.is_between,
        bytewise.heard,
        bytewise.has_closed,
    )
    return whole.heard or None


def _consumed(payload: bytes) -> Any:
    conversation = Conversation(Wish("/", "guest", Secret("guest"), "", "key", "queue", 10))
    return conversation.receive(payload) or bool(conversation.output)


def _answered(payload: bytes) -> Any:
    """Any body is handed on to the client, as JSON where it is that."""
    forms = {
        answer.form_of(payload, kind, expects_json=True)
        for kind in ("application/json", "text/html; charset=latin-1", "")
    }
    return sorted(form.name for form in forms)


def _let_through(payload: bytes) -> Any:
    """A proxy's answer to CONNECT, in one piece as byte by byte."""
    whole, pieces = (Connect(PROXY, "venue.example", 443) for _ in range(2))
    rest, told, heard = whole.feed(payload), None, 0
    while told is None and heard < len(payload):
        told = pieces.feed(payload[heard : heard + 1])
        heard += 1
    assert (told, rest) == ((None, None) if rest is None else (b"", payload[heard:]))
    return None if rest is None else "open"


def _envelope(payload: bytes) -> Any:
    """Its body comes in parts as whole."""
    found = envelope.read_envelope(payload)
    if found is None:
        return None
    body = b"".join(envelope.EnvelopeBody(found))
    assert body.decode() == msgspec.json.decode(found.body)
    return found.headers, body


PROXY = Upstream.of("http://key:country-de@gateway:8005")
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
UPGRADE = f"GET /ws HTTP/1.1\r\nhost: h\r\nsec-websocket-key: {KEY}\r\nsec-websocket-version: 13\r\n\r\n".encode()
ACCEPTED = Upgrade(UPGRADE).accepted("chat")
MASKED = bytes((0x81, 0x85, 1, 2, 3, 4)) + bytes(
    byte ^ mask for byte, mask in zip(b"hello", b"\1\2\3\4\1", strict=True)
)
PING = bytes((0x89, 0x80, 1, 2, 3, 4))
PROXIED = (
    b"POST http://example.org/a?b=c HTTP/1.1\r\nHost: example.org\r\n"
    b"Proxy-Authorization: Basic a2V5OmNvdW50cnktZGU=\r\n"
    b"Content-Length: 12\r\nConnection: keep-alive, x-hop\r\nX-Hop: 1\r\n\r\n"
)
CONNECT = b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n"
START = (
    b"\x01\x00\x00\x00\x00\x00\x1c\x00\x0a\x00\x0a\x00\x09\x00\x00\x00\x00"
    b"\x00\x00\x00\x05PLAIN\x00\x00\x00\x05en_US\xce"
)

PARSERS = [
    Parser("link at the gateway", _told(Side.GATEWAY), _hears(Side.GATEWAY), refuses=(LinkError,)),
    Parser("link at the agent", _told(Side.AGENT), _hears(Side.AGENT), refuses=(LinkError,)),
    Parser("websocket first message", [MASKED, PING + MASKED], _first_message, refuses=(FrameError,)),
    Parser("websocket frames", [MASKED + MASKED + PING, b"\x81\x7e\x00\x80" + b"x" * 128], _followed),
    Parser("handshake of a client", [UPGRADE], lambda head: Upgrade(head).offered or "none", refuses=(HandshakeError,)),
    Parser(
        "handshake of a server",
        [ACCEPTED],
        lambda head: handshake.read_answer(head, KEY, ("chat",)),
        refuses=(HandshakeError,),
    ),
    Parser("proxy request", [PROXIED, CONNECT], proxyrequest.read_request, refuses=(ApiError,)),
    Parser(
        "proxy credentials",
        [b"Basic a2V5X2NvdW50cnktZGU6YWdlbnQtZGUx"],
        proxyrequest.read_credentials,
        refuses=(ApiError,),
    ),
    Parser(
        "proxy's answer",
        [b"HTTP/1.1 200 Connection established\r\nProxy-Status: x\r\n\r\nhello", b"HTTP/1.0 200\r\n\r\n"],
        _let_through,
        refuses=(ProxyError,),
    ),
    Parser(
        "proxied answer",
        [b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: x\r\n\r\n"],
        lambda head: proxyrequest.answer_head(head, "n"),
        refuses=(ApiError,),
    ),
    Parser(
        "chunk",
        [b"1f;name=value\r\n", b"a\r\n"],
        lambda line: proxyrequest.chunk_size(line) or None,
        refuses=(ValueError,),
    ),
    Parser("amqp", [START, START + START], _consumed, refuses=(AmqpError,)),
    Parser("fetched body", [msgspec.json.encode({"a": [1, "ü"]})], _answered),
    Parser(
        "connect message",
        [seed({"url": "wss://example.org/x", "headers": {"a": "b"}, "idleTimeout": 30})],
        lambda message: connect.read_connect(message, "53dcc0f3").target,
        refuses=(ApiError,),
    ),
    Parser(
        "fetch envelope", [seed({"method": "POST", "headers": {"a": "b"}, "body": "x"})], _envelope, refuses=(ApiError,)
    ),
]
