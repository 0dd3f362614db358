"""The bus: a connection to NATS that is kept, and what was subscribed to on it.

Movement, not truth: a message is delivered at most once, and whoever must not miss one reads the database. Every
connection is a new client of the library, so that nothing of a broken one is sent later, behind what came after it.
Source: NATS documentation, "Client Protocol"; nats-py 2.16.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from itertools import count
from typing import Self

import nats.aio.subscription
import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

from hedgerow.bus.subjects import PREFIX
from hedgerow.core.errors import HedgerowError
from hedgerow.core.secrets import Secret
from hedgerow.core.tasks import Backoff, spawn, stop, work

_log = structlog.get_logger(__name__)

Handler = Callable[[str, bytes], Awaitable[None]]
"""Gets the subject without the prefix, and the message."""

_CONNECT_S = 2.0
_CONFIRM_S = 5.0
_CLOSE_S = 1.0
_PING_EVERY_S = 5
_MOST_WAITING = 65_536
_MOST_WAITING_BYTES = 64 * 1024 * 1024


class BusError(HedgerowError):
    """The bus is not connected, or broke before it confirmed. What was being sent may have arrived or not."""


class Bus:
    """A connection that comes back by itself, and with it its subscriptions."""

    def __init__(self, url: Secret, name: str, *, prefix: str = PREFIX, backoff: Backoff | None = None) -> None:
        """name: of this process, as the server shows it. prefix: in front of every subject."""
        self.prefix = prefix
        self._url, self._name = url, name
        self._backoff = backoff or Backoff(0.1, 5.0)
        self._session: _Session | None = None
        self._subscriptions: list[Subscription] = []
        self._is_up = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @classmethod
    async def connect(cls, url: Secret, name: str, *, prefix: str = PREFIX, timeout_s: float = 10.0) -> Self:
        """A bus that is up. Raises BusError when it does not come up in time."""
        bus = cls(url, name, prefix=prefix)
        bus.start()
        if not await bus.wait_up(timeout_s):
            await bus.close()
            raise BusError(f"NATS was not reached within {timeout_s:g} s")
        return bus

    def start(self) -> None:
        """Connects in the background, and again whenever the connection breaks."""
        self._task = spawn(self._run(), "bus", is_vital=True)

    async def close(self) -> None:
        """Ends the connection and stops coming back."""
        await stop(self._task)
        self._task = None

    @property
    def is_up(self) -> bool:
        return self._is_up.is_set()

    async def wait_up(self, timeout_s: float) -> bool:
        """Whether the bus is up, waiting for it at most so long."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._is_up.wait()
        except TimeoutError:
            return False
        return True

    @property
    def largest_message(self) -> int:
        """Bytes. Raises BusError when the bus is down."""
        return self._present().client.max_payload

    async def publish(self, subject: str, message: bytes) -> None:
        """Sends without waiting for the server. Raises BusError when the bus is down."""
        await self._present().publish(f"{self.prefix}.{subject}", message)

    async def deliver(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Sends (subject, message) in order; returns when the server has taken all of them.

        Raises BusError when the connection breaks before; then some may have arrived, a first part of them, and the
        rest never will.
        """
        session = self._present()
        for subject, message in messages:
            await session.publish(f"{self.prefix}.{subject}", message)
        await session.confirm()

    async def subscribe(
        self, subject: str, handler: Handler, *, queue: str = "", lost: Callable[[], None] = lambda: None
    ) -> Subscription:
        """Hands every message of the subject on, from now on and over reconnections; waits until that is in force.

        queue: of several subscribers of one queue, one gets each message. lost: called whenever messages may have
        been missed (after a reconnection, or when the handler was too slow), possibly many times.
        """
        subscription = Subscription(self, subject, handler, queue, lost)
        self._subscriptions.append(subscription)
        if self._session:
            with contextlib.suppress(BusError):  # it takes effect with the next connection
                await subscription.apply(self._session.client)
                await self._session.confirm()
        return subscription

    async def forget(self, subscription: Subscription) -> None:
        """Called by `Subscription.stop`."""
        self._subscriptions.remove(subscription)

    def _present(self) -> _Session:
        if self._session is None:
            raise BusError("NATS is not connected")
        return self._session

    async def _run(self) -> None:
        is_first, was_down = True, False
        while True:
            session = _Session(self._on_error)
            try:
                await session.open(self._url, self._name)
                for subscription in self._subscriptions:
                    await subscription.apply(session.client)
                await session.confirm()
            except (BusError, OSError, TimeoutError, nats.errors.Error) as error:
                if not was_down:
                    _log.warning("bus down", error=str(error) or type(error).__name__)
                    was_down = True
            else:
                if was_down:
                    _log.info("bus up")
                self._backoff.reset()
                await self._serve(session, is_first=is_first)
                is_first, was_down = False, True
                _log.warning("bus down", error="the connection broke")
            finally:
                await session.close()
            await asyncio.sleep(self._backoff.next_pause_s())

    async def _serve(self, session: _Session, *, is_first: bool) -> None:
        """From up to down."""
        self._session = session
        self._is_up.set()
        try:
            if not is_first:
                for subscription in self._subscriptions:
                    subscription.lost()
            await session.ended.wait()
        finally:
            self._session = None
            self._is_up.clear()

    async def _on_error(self, error: Exception) -> None:
        """What the library reports aside. A slow handler costs messages; connection errors show as the end."""
        if isinstance(error, nats.errors.SlowConsumerError):
            for subscription in self._subscriptions:
                subscription.note_slow(error.sub)


class Subscription:
    """Messages of one subject, or of several by wildcards, handled one after the other."""

    def __init__(self, bus: Bus, subject: str, handler: Handler, queue: str, lost: Callable[[], None]) -> None:
        self.subject, self.queue, self.lost = subject, queue, lost
        self._bus, self._handler = bus, handler
        self._applied: nats.aio.subscription.Subscription | None = None
        self._is_slow = False

    async def stop(self) -> None:
        """No message is handled after this."""
        await self._bus.forget(self)
        if self._applied:
            with contextlib.suppress(nats.errors.Error):  # the connection is gone, and the subscription with it
                await self._applied.unsubscribe()

    async def apply(self, client: Client) -> None:
        """Puts it in force on a new connection. Raises BusError."""
        try:
            self._applied = await client.subscribe(
                f"{self._bus.prefix}.{self.subject}",
                self.queue,
                cb=self._handle,
                pending_msgs_limit=_MOST_WAITING,
                pending_bytes_limit=_MOST_WAITING_BYTES,
            )
        except nats.errors.Error as error:
            raise BusError(f"cannot subscribe to {self.subject}: {error}") from error

    def note_slow(self, subscribed: nats.aio.subscription.Subscription) -> None:
        """Messages were dropped, if it is this one that was too slow; said once until it has caught up."""
        if subscribed is not self._applied:
            return
        if not self._is_slow:
            _log.warning("bus handler too slow, messages are dropped", subject=self.subject)
            self._is_slow = True
        self.lost()

    async def _handle(self, message: Msg) -> None:
        with work.unit():
            try:
                await self._handler(message.subject[len(self._bus.prefix) + 1 :], message.data)
            except Exception:
                _log.exception("bus handler failed", subject=message.subject)
        if self._is_slow and self._applied and self._applied.pending_msgs == 0:
            self._is_slow = False


class _Session:
    """One connection, from its opening to its end."""

    def __init__(self, on_error: Callable[[Exception], Awaitable[None]]) -> None:
        self.client = Client()
        self.ended = asyncio.Event()
        self._on_error = on_error
        self._inbox = self.client.new_inbox()
        self._numbers = count()
        self._unconfirmed: dict[bytes, asyncio.Future[None]] = {}

    async def open(self, url: Secret, name: str) -> None:
        await connect_client(self.client, url, name, self._on_error, self._on_closed)
        await self.client.subscribe(self._inbox, cb=self._on_echo)

    async def close(self) -> None:
        try:
            async with asyncio.timeout(_CLOSE_S):
                await self.client.close()
        except (TimeoutError, OSError):
            _log.warning("bus connection did not close in time")

    async def publish(self, subject: str, message: bytes) -> None:
        """Waits while the connection is behind. Raises BusError."""
        task = asyncio.current_task()
        cancelled = task.cancelling() if task else 0
        try:
            await self.client.publish(subject, message)
        except (OSError, nats.errors.Error) as error:
            raise BusError(f"cannot publish to {subject}: {error}") from error
        # The library swallows a cancellation that comes while it waits for its buffer.
        if task and task.cancelling() > cancelled:
            raise asyncio.CancelledError

    async def confirm(self) -> None:
        """Returns when the server has processed everything that was sent before. Raises BusError.

        A message to ourselves takes the way of all messages; the library's flush sends its PING ahead of what waits
        in its buffer. A connection that does not confirm is given up: what it still holds must not be sent later.
        """
        number = str(next(self._numbers)).encode()
        echo = self._unconfirmed[number] = asyncio.get_running_loop().create_future()
        try:
            await self.publish(self._inbox, number)
            async with asyncio.timeout(_CONFIRM_S):
                await echo
        except TimeoutError:
            self.ended.set()
            raise BusError(f"NATS did not confirm within {_CONFIRM_S:g} s") from None
        finally:
            del self._unconfirmed[number]

    async def _on_echo(self, message: Msg) -> None:
        echo = self._unconfirmed.get(message.data)
        if echo and not echo.done():
            echo.set_result(None)

    async def _on_closed(self) -> None:
        self.ended.set()
        for echo in self._unconfirmed.values():
            if not echo.done():
                echo.set_exception(BusError("the connection to NATS broke"))


async def connect_client(
    client: Client,
    url: Secret,
    name: str,
    on_error: Callable[[Exception], Awaitable[None]],
    on_closed: Callable[[], Awaitable[None]],
) -> None:
    """Connects once, without the library's way of coming back. Raises OSError, TimeoutError, nats.errors.Error."""
    await client.connect(
        url.reveal(),
        name=name,
        error_cb=on_error,
        closed_cb=on_closed,
        allow_reconnect=False,
        connect_timeout=_CONNECT_S,  # type: ignore[arg-type]
        # One attempt a server, at once: the library counts from the second, and 0 means without end.
        max_reconnect_attempts=1,
        reconnect_time_wait=0,
        ping_interval=_PING_EVERY_S,
    )
