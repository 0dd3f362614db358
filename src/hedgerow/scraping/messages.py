"""What streams of the link carry: the kinds of work, and the heads of each.

A new kind is a number here with its heads, a handler in `agent.works`, and a caller in the gateway.
"""

from __future__ import annotations

from enum import IntEnum
from functools import cached_property

import msgspec

MOST_BODY = 32 * 1024 * 1024
"""Bytes of a body, in either direction, unpacked."""
MOST_TIMEOUT_S = 300.0
CODINGS = ("zstd", "gzip", "deflate")
"""Content codings that agents unpack, as they are asked for."""


class Kind(IntEnum):
    """Kinds of work; an agent names those that it can do by `Kind.name.lower()`."""

    FETCH = 1
    BROWSER = 2
    WS = 3
    AMQP = 4
    TUNNEL = 5

    @cached_property
    def capability(self) -> str:
        """As agents name it in their hello."""
        return self.name.lower()


class FetchRequest(msgspec.Struct, frozen=True, array_like=True):
    """One HTTP request; its body follows as data. allow and deny: lists of the caller's key. proxy: a URL that may
    hold a password. cause: traceparent of who asks, empty where nothing is traced; it goes no further than the agent.
    """

    method: str
    url: str
    headers: list[tuple[str, str]]
    timeout_s: float
    follows: bool = True
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    proxy: str | None = None
    cause: str = ""

    def __repr__(self) -> str:
        return f"FetchRequest({self.method})"


class FetchAnswer(msgspec.Struct, frozen=True, array_like=True):
    """The head of the target's answer; its body follows as data, unpacked. url: after redirects."""

    status: int
    url: str
    version: str
    headers: list[tuple[str, str]]


class RelayRequest(msgspec.Struct, frozen=True, array_like=True):
    """A WebSocket to a target. token: by which the agent's own connection for it is known, used once. allow and deny:
    lists of the caller's key. proxy: a URL that may hold a password."""

    url: str
    headers: list[tuple[str, str]]
    subprotocols: tuple[str, ...]
    token: str
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    proxy: str | None = None

    def __repr__(self) -> str:
        return "RelayRequest()"


class RelayAnswer(msgspec.Struct, frozen=True, array_like=True):
    """The target is a WebSocket now, and the agent has dialled in for it."""

    subprotocol: str | None


class ConsumeRequest(msgspec.Struct, frozen=True, array_like=True):
    """A consumer at an AMQP broker. The gateway tells on the stream, as 8 bytes each time, how many bytes of the answer
    it has handed to its client; what lies below that is acknowledged. heartbeat_s: 0 for none."""

    host: str
    port: int
    virtual_host: str
    user: str
    password: str
    exchange: str
    routing_key: str
    queue: str
    is_tls: bool
    heartbeat_s: int
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "ConsumeRequest()"


class TunnelRequest(msgspec.Struct, frozen=True, array_like=True):
    """A connection to a target. The answer's head is empty, and bytes follow both ways. allow and deny: lists of the
    caller's key."""

    host: str
    port: int
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()


RELAY_PATH = "/relay"
"""Where agents dial in at a gateway for one relay each."""
TOKEN_HEADER = "X-Relay-Token"  # noqa: S105 - the name of a header
