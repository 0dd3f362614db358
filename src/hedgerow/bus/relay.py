"""Publishes the outbox on the bus: in commit order, each change at least once, one relay at a time.

Every process that writes has a relay; the one that holds the database's lock publishes, and another takes over when
it is gone. A change may come twice after a break, with the same `seq`, and never out of order: whoever follows all
channels keeps the highest `seq` seen, drops what is not above it, and knows by a hole that something was missed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

import msgspec
import structlog
from asyncpg import Connection

from hedgerow.bus import subjects
from hedgerow.bus.nats import Bus, BusError
from hedgerow.core.observe import OUTBOX_LAG
from hedgerow.core.tasks import Backoff, spawn, stop, work
from hedgerow.storage import outbox
from hedgerow.storage.database import Database, StorageError

_log = structlog.get_logger(__name__)

_LOCK = "outbox relay"
_POLL_S = 0.25
_BLOCKED_POLL_S = 0.002  # an older transaction is open: most last a few milliseconds
_REST_S = 0.01  # between two looks: where much is committed, much is published at once
_TAKE_OVER_S = 1.0
_CLEAN_EVERY_S = 10.0
_KEEP_S = 3600.0
_LONGEST_PAUSE_S = 5.0
_MESSAGE_BYTES = 64 * 1024
"""Of changes in one message, if no single change is larger."""


class Change(msgspec.Struct, frozen=True):
    """A committed change as it goes over the bus. `payload` and `old` are JSON of the channel's own shape; `old` is
    `null` where there is nothing before."""

    seq: int
    channel: str
    client: str | None
    event: str
    key: str
    payload: msgspec.Raw
    old: msgspec.Raw
    at: datetime


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Change)


def decode_changes(message: bytes) -> list[Change]:
    """A message of `subjects.events(...)`: changes that follow one another."""
    return _decoder.decode_lines(message)


class Relay:
    """Publishes, or stands by. Started and stopped with its process."""

    def __init__(self, database: Database, bus: Bus, *, keep_s: float = _KEEP_S) -> None:
        """keep_s: how long published rows stay, for looking back."""
        self._database, self._bus, self._keep_s = database, bus, keep_s
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Publishes from now on; what this process commits, at once."""
        self._database.on_commit = self.wake
        self._task = spawn(self._run(), "outbox relay", is_vital=True)

    async def stop(self) -> None:
        """What is not published stays in the outbox, for the next relay."""
        await stop(self._task)
        self._task = None

    def wake(self) -> None:
        """Something was committed: publish it now. What nobody tells of is published within the polling interval."""
        self._woken.set()

    async def _run(self) -> None:
        backoff = Backoff(0.1, _LONGEST_PAUSE_S)
        is_down = False
        while True:
            try:
                if not await self._bus.wait_up(_LONGEST_PAUSE_S):
                    continue
                async with self._database.try_lock(_LOCK) as connection:
                    if is_down:
                        _log.info("outbox relay up")
                    is_down = False
                    backoff.reset()
                    if connection is not None:
                        await self._lead(connection)
                await self._stand_by()
            except BusError:
                await asyncio.sleep(backoff.next_pause_s())  # the bus itself says that it is down
            except StorageError as error:
                if not is_down:
                    _log.warning("outbox relay down", error=str(error))
                    is_down = True
                await asyncio.sleep(backoff.next_pause_s())

    async def _stand_by(self) -> None:
        """Another relay publishes: it is told of what is committed here, until its lock is tried again."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_TAKE_OVER_S):
                while await self._woken.wait():
                    self._woken.clear()
                    await self._bus.publish(subjects.OUTBOX_WAKE, b"")
                    await asyncio.sleep(_REST_S)

    async def _lead(self, connection: Connection[Any]) -> None:
        """Publishes until the database or the bus breaks; the lock is this connection's."""
        # Losing the cursor's last position in a crash of the server repeats changes, which is allowed.
        await connection.execute("set synchronous_commit = off")
        cursor = await outbox.open_cursor(connection)
        woken_by_others = await self._bus.subscribe(subjects.OUTBOX_WAKE, self._on_wake)
        try:
            clean_at = 0.0
            while True:
                self._woken.clear()
                rested_at = asyncio.get_running_loop().time() + _REST_S
                with work.unit():
                    batch = await outbox.read(connection, cursor)
                    OUTBOX_LAG.set(len(batch.rows))
                    if batch.rows:
                        await self._publish(batch.rows, cursor.seq)
                        cursor = cursor.after(batch.rows)
                        await outbox.save_cursor(connection, cursor)
                        OUTBOX_LAG.set(0)
                    if (now := asyncio.get_running_loop().time()) >= clean_at:
                        deleted = await outbox.delete_published(connection, cursor, self._keep_s)
                        clean_at = now if deleted == outbox.BATCH else now + _CLEAN_EVERY_S
                if len(batch.rows) < outbox.BATCH:
                    await self._pause(_BLOCKED_POLL_S if batch.waits else _POLL_S)
                    await asyncio.sleep(0 if batch.waits else rested_at - asyncio.get_running_loop().time())
        finally:
            await woken_by_others.stop()

    async def _publish(self, rows: Sequence[outbox.Row], published: int) -> None:
        """Returns when the bus has them. Raises BusError; then all of them are published again."""
        largest = self._bus.largest_message
        told = []
        for seq, row in enumerate(rows, published + 1):
            change = _encoder.encode(change_of(row, seq))
            if len(change) > largest:
                # Left out, which followers notice by the hole; the row itself is the truth and can be read.
                _log.error("change too large for the bus", seq=seq, channel=row.channel, key=row.key, size=len(change))
                continue
            told.append((row.channel, change))
        await self._bus.deliver(_messages(told, min(largest, _MESSAGE_BYTES)))

    async def _pause(self, longest_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(longest_s):
                await self._woken.wait()

    async def _on_wake(self, _: str, __: bytes) -> None:
        self._woken.set()


def _messages(changes: Iterable[tuple[str, bytes]], most: int) -> Iterator[tuple[str, bytes]]:
    """Subjects and messages. Changes of one channel that follow one another go together, up to so many bytes: a
    message costs the bus, and whoever follows, more than the changes in it."""
    for channel, run in groupby(changes, key=itemgetter(0)):
        subject, lines, size = subjects.events(channel), list[bytes](), 0
        for _, change in run:
            if lines and size + len(change) > most:
                yield subject, b"\n".join(lines)
                lines, size = [], 0
            lines.append(change)
            size += len(change) + 1
        yield subject, b"\n".join(lines)


def change_of(row: outbox.Row, seq: int) -> Change:
    """A row of the outbox as it goes over the bus."""
    payload, old = (msgspec.Raw(text.encode()) for text in (row.payload, row.old or "null"))
    return Change(seq, row.channel, row.client, row.event, row.key, payload, old, row.at)
