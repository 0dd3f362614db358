"""Streams and relays for programs that do not await: the same objects, on an event loop in a thread of their own.

The thread answers pings and keeps the connection while the program works; no conversation is written twice.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from hedgerow.client.relays import AsyncRelay
from hedgerow.client.sessions.relay import Connected
from hedgerow.client.sessions.session import Gap, Message, Position
from hedgerow.client.streams import AsyncStream

T = TypeVar("T")


class _Loop:
    """An event loop that runs in a thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="hedgerow client", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What the work gives, in the thread that asks."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:  # also of the keyboard: nobody waits for it any more
            future.cancel()
            raise

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class _Opened(Protocol):
    """What is opened and closed with `async with`."""

    async def __aenter__(self) -> Any: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


A = TypeVar("A", bound=_Opened)


class _InThread(Generic[A]):
    """What is opened by `with`, on a loop of its own."""

    def __init__(self, make: Callable[[], A]) -> None:
        self._make = make
        self._both: tuple[_Loop, A] | None = None

    def __enter__(self) -> Self:
        """Raises StreamEndedError where it is not let in."""
        loop, there = _Loop(), self._make()
        try:
            loop.run(there.__aenter__())
        except BaseException:
            loop.stop()
            raise
        self._both = loop, there
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._run(lambda there: there.__aexit__(kind, error, trace))
        finally:
            self._open[0].stop()
            self._both = None

    @property
    def _open(self) -> tuple[_Loop, A]:
        if self._both is None:
            raise RuntimeError("it is opened by `with`")
        return self._both

    def _run(self, work: Callable[[A], Coroutine[Any, Any, T]]) -> T:
        loop, there = self._open
        return loop.run(work(there))


class Stream(_InThread[AsyncStream]):
    """As `AsyncStream`, without awaiting."""

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Message | Gap:
        """Waits for the next. Raises StreamEndedError when there will be none."""
        return self._run(lambda stream: stream.__anext__())

    def acknowledge(self, *messages: Message) -> None:
        """They are done with: the service forgets them."""
        self._run(lambda stream: stream.acknowledge(*messages))

    @property
    def position(self) -> Position | None:
        """Where another stream can go on; None where the service keeps nothing."""
        return self._open[1].position


class Relay(_InThread[AsyncRelay]):
    """As `AsyncRelay`, without awaiting."""

    def send(self, message: str | bytes) -> None:
        """Raises StreamEndedError when the target has gone."""
        self._run(lambda relay: relay.send(message))

    def receive(self) -> str | bytes:
        """Raises StreamEndedError, with the target's code, when there will be nothing more."""
        return self._run(lambda relay: relay.receive())

    @property
    def connected(self) -> Connected:
        return self._open[1].connected
