"""A request of an agent and what comes back, whichever client speaks to the target: `agent.plain` to those without TLS,
`agent.secure` to those with it. Either is asked by `agent.fetch`, which knows no difference."""

from __future__ import annotations

from typing import Protocol

import msgspec

from hedgerow.scraping.agent.dial import Way
from hedgerow.scraping.linksocket import Channel

MOST_AT_ONCE = 256 * 1024
"""Answers of a known length up to this are passed on in one piece."""


class Asked(msgspec.Struct, frozen=True):
    """One request, to one target. url: as the URL standard writes it. body: None where it is passed on from the stream
    as it comes."""

    method: str
    url: str
    headers: list[tuple[str, str]]
    body: bytes | None
    channel: Channel
    way: Way


class Answer(Protocol):
    """What the target says. headers: names in lower case; a body that was unpacked is not told to be packed. Whoever
    has it closes it."""

    status: int
    version: str
    headers: list[tuple[str, str]]
    is_read: bool
    """Whether all of the body has been read."""

    def header(self, name: str) -> str | None:
        """Of the headers as they came."""
        ...

    async def read(self) -> bytes:
        """The next part of the body, unpacked; perhaps empty. Raises WorkFailed."""
        ...

    async def close(self) -> None:
        """The connection is free, or ended where it cannot be used again."""
        ...


class Client(Protocol):
    """Sends requests."""

    async def send(self, asked: Asked) -> Answer:
        """Returns when the answer's head is there. Raises WorkFailed."""
        ...
