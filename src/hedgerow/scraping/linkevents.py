"""What a link says and brings, as values: who dials in and is let in, and the events that `scraping.link` makes of
messages.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec


class CutCode(IntEnum):
    """Why a stream ended before its end."""

    CANCELLED = 1  # nobody waits for it any more
    LOST = 2  # the link broke; never sent
    REFUSED = 3  # a rule forbids the target; the detail names it
    TIMED_OUT = 4
    UNREACHABLE = 5  # the target's name, address, port or certificate
    BROKEN = 6  # the target broke off in the middle
    TOO_LARGE = 7
    INVALID = 8  # the request cannot be understood
    UNSUPPORTED = 9  # the agent has not this kind of work
    BUSY = 10  # the agent has as much work as it takes
    FAILED = 11  # a fault of the agent's own
    UNMET = 12  # the page is not what the caller expects
    SCRIPT = 13  # a step or expression of the caller's failed on the page


class Hello(msgspec.Struct, frozen=True):
    """Who dials in. capabilities: kinds of work, e.g. `fetch`. most_streams: at one time, over all its gateways."""

    protocol: int
    slug: str
    key: str
    country: str
    version: str
    capabilities: tuple[str, ...]
    most_streams: int
    load: int = 0

    def __repr__(self) -> str:
        return f"Hello({self.slug!r}, {self.country!r}, {self.version!r})"


class Welcome(msgspec.Struct, frozen=True):
    """The agent is let in. peers: URLs of all gateways of the deployment, this one's too. takes_answers: in one record,
    which gateways before did not."""

    protocol: int
    peers: tuple[str, ...]
    takes_answers: bool = False


# --- what comes out ----------------------------------------------------------------------------------------------


class Greeted(msgspec.Struct, frozen=True):
    """An agent said hello: find out whether it may, then `welcome` or `refuse`."""

    hello: Hello


class Welcomed(msgspec.Struct, frozen=True):
    """The gateway let us in."""

    peers: tuple[str, ...]


class Refused(msgspec.Struct, frozen=True):
    """The gateway does not let us in."""

    reason: str


class PeersTold(msgspec.Struct, frozen=True):
    """The gateways of the deployment are these now."""

    peers: tuple[str, ...]


class LoadTold(msgspec.Struct, frozen=True):
    """How many streams the agent works on, over all its gateways."""

    load: int


class Draining(msgspec.Struct, frozen=True):
    """The peer finishes what is under way and wants nothing new."""


class Opened(msgspec.Struct, frozen=True, gc=False):
    """The gateway asks for work. is_last: nothing of it follows."""

    stream: int
    kind: int
    head: bytes
    is_last: bool


class Headed(msgspec.Struct, frozen=True, gc=False):
    """The agent's answer begins."""

    stream: int
    head: bytes
    is_last: bool


class Arrived(msgspec.Struct, frozen=True, gc=False):
    """Bytes of a stream, in order. Tell `consumed` when they have left our memory."""

    stream: int
    data: bytes
    is_last: bool


class Answered(msgspec.Struct, frozen=True, gc=False):
    """The agent's answer, all of it. Nothing of it is to be told `consumed`."""

    stream: int
    head: bytes
    data: bytes


class RoomGiven(msgspec.Struct, frozen=True, gc=False):
    """More may be sent on the stream."""

    stream: int


class WasCut(msgspec.Struct, frozen=True, gc=False):
    """The peer ended the stream; nothing follows on it."""

    stream: int
    code: CutCode
    detail: str


Event = (
    Greeted
    | Welcomed
    | Refused
    | PeersTold
    | LoadTold
    | Draining
    | Opened
    | Headed
    | Arrived
    | Answered
    | RoomGiven
    | WasCut
)
