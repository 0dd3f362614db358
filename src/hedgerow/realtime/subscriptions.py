"""The reliable subscriptions of a process: those that have a connection, and those that wait for one.

How far each client has read is written to the database about once a second. Whichever process a client comes back to
goes on from there: with the delivery, where it has it, else with what the outbox tells. docs/decisions/0116.
"""

from __future__ import annotations

import asyncio
import secrets
import uuid
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import NoReturn, Protocol

import structlog

from hedgerow.core.tasks import spawn, stop
from hedgerow.realtime.delivery import Delivery
from hedgerow.realtime.hub import Address, Follower, Hub
from hedgerow.realtime.output import MOST_MESSAGES
from hedgerow.realtime.session import Resume
from hedgerow.storage.bookmarks import TOUCHED_EVERY_S, Bookmark, Bookmarks
from hedgerow.storage.database import Database, StorageError
from hedgerow.storage.outbox import GoneError

_log = structlog.get_logger(__name__)

MOST_PARKED = 1000
MOST_PARKED_PER_KEY = 5
_TICK_S = 1.0
_MOST_BEHIND = 1000
"""Changes by which the bookmark of a quiet subscription may lag: who goes on with it has to read them."""
_CATCH_UP_S = 5.0
"""So long a process that is behind the one before may take to come up to it."""
_MOST_NUMBER = 2**53 - 1
"""The largest whole number that every JSON reader has exactly."""

Addresses = Callable[[Iterable[str]], tuple[Address, ...]]
"""What channels are for the client that asks."""


class Connection(Protocol):
    """What a subscription has a client by."""

    def give_up(self) -> None:
        """The subscription goes on elsewhere, or not at all."""
        ...


@dataclass(eq=False, slots=True)
class Subscription:
    """What a client follows, whatever connection it has. connection: None between two. written: its bookmark in the
    database, and when it was written."""

    follower: Follower
    delivery: Delivery
    channels: tuple[str, ...]
    connection: Connection | None = None
    written: tuple[int, int] = (0, 0)
    written_s: float = 0.0

    @property
    def number(self) -> int:
        return self.follower.number

    def is_due(self, mark: tuple[int, int], now_s: float) -> bool:
        """Whether the bookmark has moved so that it has to be written, or is old."""
        seq, change = self.written
        return mark[0] != seq or mark[1] - change >= _MOST_BEHIND or now_s - self.written_s >= TOUCHED_EVERY_S


class Subscriptions:
    """The reliable subscriptions of this process; of those without a connection the oldest goes where there are too
    many."""

    def __init__(self, hub: Hub, database: Database, *, seen: Collection[str] = ()) -> None:
        """seen: channels that also tell what only a process sees, and no committed change."""
        self._hub, self._seen = hub, frozenset(seen)
        self._bookmarks = Bookmarks(database, str(uuid.uuid4()))
        self._ours: OrderedDict[int, Subscription] = OrderedDict()  # those without a connection last, oldest first
        self._over: set[int] = set()
        self._task: asyncio.Task[NoReturn] | None = None

    def start(self) -> None:
        self._task = spawn(self._run(), "websocket bookmarks", is_vital=True)

    async def stop(self) -> None:
        """Leaves word of how far each client has read, for the process that it comes back to."""
        await stop(self._task)
        await self._write(touches=True)

    # --- coming and going ------------------------------------------------------------------------------------------

    async def begin(self, key: bytes, channels: tuple[str, ...], addresses: tuple[Address, ...]) -> Subscription:
        """A new one, without a connection yet. Raises ConnectionLimitError, StorageError."""
        delivery = self._delivery(0, 0)
        number = 1 + secrets.randbelow(_MOST_NUMBER)
        follower = self._hub.join(key, addresses, delivery, number)
        bookmark = Bookmark(number, 0, self._hub.told)
        try:
            await self._bookmarks.add(bookmark, key, channels)
        except BaseException:
            self._hub.leave(follower)
            raise
        return self._keep(Subscription(follower, delivery, channels))

    async def resume(self, asked: Resume, key: bytes, addresses: Addresses) -> Subscription | None:
        """One that goes on, without a connection yet; None where nobody can say any more what the client missed. Raises
        ConnectionLimitError, StorageError."""
        found = self._ours.get(asked.subscription_id)
        if found is not None and found.follower.key != key:
            return None
        taken = await self._bookmarks.take(asked.subscription_id, key)
        found = self._ours.get(asked.subscription_id)
        if found is not None and (taken is None or not taken.was_ours or not found.delivery.is_kept):
            self._drop(found)  # it has gone on elsewhere since, or is over
            found = None
        if taken is None:
            return None
        if found is None:
            return await self._go_on(taken.bookmark, taken.channels, asked.last_seq, key, addresses(taken.channels))
        if found.connection is not None:  # nobody has noticed yet that it is dead
            found.connection.give_up()
            self.park(found)
        self._hub.take_back(found.follower)
        return found

    async def _go_on(
        self, bookmark: Bookmark, channels: tuple[str, ...], last: int, key: bytes, addresses: tuple[Address, ...]
    ) -> Subscription | None:
        """One that another process had."""
        if not await self._hub.has_told(bookmark.change, _CATCH_UP_S):
            return None
        if self._seen.isdisjoint(channels):
            delivery = self._delivery(bookmark.seq, last)  # the same changes get the same numbers
        else:
            delivery = self._delivery(max(bookmark.seq, last), 0)  # what was told of no change has taken some of them
        delivery.hold()
        follower = self._hub.join(key, addresses, delivery, bookmark.subscription_id)
        try:
            missed = await self._hub.missed(addresses, bookmark.change, self._hub.told)
        except GoneError as error:
            _log.info("a subscription cannot go on", subscription=bookmark.subscription_id, why=str(error))
            missed = None
        except BaseException:
            self._hub.leave(follower)
            raise
        if missed is None or len(missed) > MOST_MESSAGES:
            self._hub.leave(follower)
            return None
        delivery.release(missed)
        return self._keep(Subscription(follower, delivery, channels))

    def _delivery(self, last: int, has: int) -> Delivery:
        now_s = asyncio.get_running_loop().time
        return Delivery(None, now_s, is_reliable=True, told=lambda: self._hub.told, last=last, has=has)

    def _keep(self, subscription: Subscription) -> Subscription:
        """Of two connections that ask for the same one at once, the later has it."""
        if (before := self._ours.get(subscription.number)) is not None:
            self._drop(before)
        self._over.discard(subscription.number)
        self._ours[subscription.number] = subscription
        return subscription

    def park(self, subscription: Subscription) -> None:
        """The connection is gone."""
        subscription.connection = None
        subscription.delivery.detach()
        self._hub.park(subscription.follower)
        self._ours.move_to_end(subscription.number)
        parked = [one for one in self._ours.values() if one.connection is None]
        of_key = [one for one in parked if one.follower.key == subscription.follower.key]
        for one in {*of_key[:-MOST_PARKED_PER_KEY], *parked[:-MOST_PARKED]}:
            self.end(one)

    def end(self, subscription: Subscription) -> None:
        """It is over for good."""
        self._over.add(subscription.number)
        self._drop(subscription)

    def _drop(self, subscription: Subscription) -> None:
        del self._ours[subscription.number]
        self._hub.leave(subscription.follower)
        if subscription.connection is not None:
            subscription.connection.give_up()

    # --- bookmarks -------------------------------------------------------------------------------------------------

    async def _run(self) -> NoReturn:
        while True:
            await asyncio.sleep(_TICK_S)
            for one in [one for one in self._ours.values() if not one.delivery.is_kept]:
                self.end(one)
            await self._write(touches=False)

    async def _write(self, *, touches: bool) -> None:
        """Writes bookmarks that have moved, and now and then (touches: now) those that have not."""
        now_s = asyncio.get_running_loop().time()
        due: dict[int, tuple[Subscription, tuple[int, int]]] = {}
        for number, one in self._ours.items():
            mark = one.delivery.bookmark
            if mark is not None and (touches or one.is_due(mark, now_s)):
                due[number] = one, mark
        over, present = set(self._over), dict(self._ours)
        try:
            if due:
                await self._bookmarks.write([Bookmark(number, *mark) for number, (_, mark) in due.items()])
            ours = await self._bookmarks.ours(present) if present else frozenset()
            if over or touches:
                await self._bookmarks.remove(over - self._ours.keys())
        except StorageError as error:
            _log.warning("websocket bookmarks are not written", error=str(error))
            return
        self._over -= over
        for one, mark in due.values():
            one.written, one.written_s = mark, now_s
        for number, one in present.items():
            if number not in ours and self._ours.get(number) is one:
                self._drop(one)
