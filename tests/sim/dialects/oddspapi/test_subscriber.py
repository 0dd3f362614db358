"""What happens to a client that reads too slowly."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from hedgerow.sim.dialects.oddspapi.access import DEMO_KEY, AccessKey, KeyRing
from hedgerow.sim.dialects.oddspapi.frames import Frame, Rendering
from hedgerow.sim.dialects.oddspapi.session import accept, read_login
from hedgerow.sim.dialects.oddspapi.subscriber import Patience, Subscriber


class Outlet:
    """A socket whose client reads when it is told to."""

    def __init__(self) -> None:
        self.queue: list[str] = []
        self.read: list[Any] = []
        self.closed: int | None = None
        self._empty = asyncio.Event()

    def push(self, message: str | bytes) -> None:
        self.queue.append(str(message))

    def close(self, code: int, reason: bytes = b"") -> None:
        self.closed = code

    @property
    def pending(self) -> int:
        return len(self.queue)

    @property
    def pending_bytes(self) -> int:
        return sum(map(len, self.queue))

    async def drained(self) -> None:
        await self._empty.wait()

    async def catch_up(self) -> None:
        self.read += map(json.loads, self.queue)
        self.queue.clear()
        self._empty.set()
        await asyncio.sleep(0)


@pytest.fixture
def outlet() -> Outlet:
    return Outlet()


def subscriber(outlet: Outlet, patience: Patience) -> Subscriber:
    keys = KeyRing()
    keys.register(AccessKey(DEMO_KEY))
    login = read_login(json.dumps({"type": "login", "apiKey": DEMO_KEY}))
    session = accept(login, keys, sports=[], books=[], json_only=False)
    return Subscriber(session, outlet, patience, lambda reason, channels: {"reason": reason, "channels": channels})


def say(to: Subscriber, numbers: range, channel: str = "scores", size: int = 0) -> None:
    for number in numbers:
        to.receive(Rendering(Frame(channel, {"padding": "x" * size}, None, 0, number, number)))


def heard(outlet: Outlet) -> list[Any]:
    return [frame.get("entryId", frame.get("reason")) for frame in outlet.read]


async def test_slow_client_loses_frames_and_is_told_once_it_has_caught_up(outlet: Outlet) -> None:
    slow = subscriber(outlet, Patience(frames=3))
    say(slow, range(1, 6))
    say(slow, range(1, 2), "clocks")
    await outlet.catch_up()
    say(slow, range(6, 7))
    await outlet.catch_up()
    assert heard(outlet) == ["0-1", "0-2", "0-3", "client_backpressure", "0-6"]
    assert outlet.read[3]["channels"] == ["clocks", "scores"]


async def test_bytes_count_too(outlet: Outlet) -> None:
    slow = subscriber(outlet, Patience(size=1_000))
    say(slow, range(1, 4), size=600)
    assert outlet.pending == 2


async def test_nothing_passes_between_the_loss_and_the_notice(outlet: Outlet) -> None:
    slow = subscriber(outlet, Patience(frames=2))
    say(slow, range(1, 4))
    outlet.queue.clear()
    say(slow, range(4, 5))
    assert outlet.queue == []
    await outlet.catch_up()
    await outlet.catch_up()
    assert heard(outlet) == ["client_backpressure"]


async def test_client_that_does_not_catch_up_is_closed(outlet: Outlet) -> None:
    slow = subscriber(outlet, Patience(frames=1, losses=4))
    say(slow, range(1, 6))
    assert outlet.closed is None
    say(slow, range(6, 7))
    assert outlet.closed == 4002
    await outlet.catch_up()
