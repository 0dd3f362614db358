"""A session and its socket: what passes, and what happens to a client that reads too slowly.

Pushing never waits. A slow client first loses frames; when it has read what is queued, it is told which channels have
a gap (`snapshot_required`, client_backpressure). One that goes on losing is closed with 4002.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from hedgerow.core.tasks import spawn
from hedgerow.sim.dialects.oddspapi import codec
from hedgerow.sim.dialects.oddspapi.frames import Frame, Rendering, envelope
from hedgerow.sim.dialects.oddspapi.session import BACKPRESSURE, TOO_SLOW, Session
from hedgerow.sim.dialects.oddspapi.shapes import Json


class Outlet(Protocol):
    """A client's socket, seen from here (sim.site.Socket)."""

    def push(self, message: str | bytes) -> None: ...

    def close(self, code: int, reason: bytes = b"") -> None: ...

    @property
    def pending(self) -> int: ...

    @property
    def pending_bytes(self) -> int: ...

    async def drained(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Patience:
    """When a client reads too slowly: with so many frames or bytes queued it loses frames, and after so many lost
    ones its connection."""

    frames: int = 5_000
    size: int = 64 * 1024 * 1024
    losses: int = 5_000


class Subscriber:
    """A session and its socket."""

    def __init__(
        self,
        session: Session,
        outlet: Outlet,
        patience: Patience,
        snapshot_required: Callable[[str, list[str]], Json],
    ) -> None:
        """snapshot_required: makes that control frame from a reason and channels."""
        self.session, self.outlet = session, outlet
        self.watch: asyncio.Task[None] | None = None
        self._patience = patience
        self._snapshot_required = snapshot_required
        self._lost: set[str] = set()
        self._losses = 0

    def say(self, frame: Json) -> None:
        """Sends a control frame."""
        self.outlet.push(codec.control(frame))

    def say_data(self, frame: Frame) -> None:
        """Sends a data frame past all filters."""
        self.outlet.push(codec.data(envelope(frame, frame.payload), self.session.receive_type))

    def receive(self, rendering: Rendering) -> None:
        """Sends a data frame, unless the filters or the client's slowness forbid it."""
        written = rendering.for_session(self.session)
        if written is None:
            return
        if self._lost or self._is_behind():
            self._lose(rendering.frame.channel)
        else:
            self.outlet.push(written)

    def _is_behind(self) -> bool:
        return self.outlet.pending >= self._patience.frames or self.outlet.pending_bytes >= self._patience.size

    def _lose(self, channel: str) -> None:
        self._lost.add(channel)
        self._losses += 1
        if self._losses > self._patience.losses:
            self.outlet.close(TOO_SLOW, b"backpressure")
        elif self.watch is None or self.watch.done():
            self.watch = spawn(self._catch_up(), "feed client catches up")

    async def _catch_up(self) -> None:
        """Waits until the client has read what is queued, then tells it which channels have a gap."""
        await self.outlet.drained()
        self.say(self._snapshot_required(BACKPRESSURE, sorted(self._lost)))
        self._lost.clear()
        self._losses = 0
