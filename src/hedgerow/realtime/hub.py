"""Fans committed changes out to the clients that follow them.

Changes come over the bus with a number that has no holes. What comes twice is dropped by it; a hole is read from the
outbox before anything behind it is told, so a client that stays connected misses no committed change. Where even that
fails (the rows are deleted, or the database is away), every client is disconnected: it reads the present state anew.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from hedgerow.bus import subjects
from hedgerow.bus.nats import Bus, Subscription
from hedgerow.bus.relay import Change, change_of, decode_changes
from hedgerow.core.observe import WS_CONNECTIONS, WS_MESSAGES
from hedgerow.core.tasks import spawn, stop
from hedgerow.realtime.output import MOST_MESSAGES
from hedgerow.realtime.session import MISSED_CHANGES
from hedgerow.realtime.turns import Turns
from hedgerow.storage import outbox
from hedgerow.storage.database import Database, StorageError

_log = structlog.get_logger(__name__)

MOST_PER_KEY = 5
MOST_CAUGHT_UP = 10_000
"""Changes that are read again at once; who missed more starts anew."""

_TOLD_AT_ONCE = MOST_MESSAGES // 4
_LOOK_EVERY_S = 0.01

Address = tuple[str, str | None]
"""A channel, and the client that it is for; None: everybody."""


_MISSED = "changes were missed: read the present state and subscribe again"


class Translator(Protocol):
    """A service's words for changes."""

    def address(self, change: Change) -> Address | None:
        """Whom a change concerns; None: nobody here. Cheap."""
        ...

    def message(self, change: Change) -> bytes | None:
        """The message that tells of a change; None when it is none of this service's. Called when somebody follows."""
        ...


class Sink(Protocol):
    """Takes what a follower is told."""

    def put(self, message: bytes) -> None:
        """Tells a message, a JSON object in UTF-8."""
        ...

    def cut(self, code: int, reason: str) -> None:
        """Ends it at once."""
        ...


@dataclass(eq=False, slots=True)
class Follower:
    """A subscription. is_connected: whether it counts as a connection of its key."""

    key: bytes
    addresses: tuple[Address, ...]
    output: Sink
    number: int = field(default=0)
    is_connected: bool = True


class ConnectionLimitError(Exception):
    """The key has as many connections as it may have."""


class Hub:
    """All followers of one service in this process."""

    def __init__(
        self, service: str, database: Database, bus: Bus, translator: Translator, *, most_per_key: int = MOST_PER_KEY
    ) -> None:
        self._service, self._database, self._bus, self._translator = service, database, bus, translator
        self._most_per_key = most_per_key
        self._followers: dict[Address, set[Follower]] = {}
        self._per_key: Counter[bytes] = Counter()
        self._joined = 0
        self.turns = Turns()
        """Of the connections that have something to send."""
        self._seq = 0
        self._told_at_once = 0
        self._turn = asyncio.Lock()
        self._subscription: Subscription | None = None
        self._catching_up: asyncio.Task[None] | None = None
        self._has_lost = False

    async def start(self) -> None:
        """Follows the bus from now on. Raises StorageError."""
        self._subscription = await self._bus.subscribe(subjects.ALL_EVENTS, self._on_message, lost=self._on_lost)
        async with self._turn:
            published = await self._database.fetchval("select seq from outbox_cursor")
            self._seq = max(self._seq, published or 0)

    async def stop(self) -> None:
        """No change is told after this."""
        if self._subscription is not None:
            await self._subscription.stop()
            self._subscription = None
        await stop(self._catching_up)

    # --- followers -------------------------------------------------------------------------------------------------

    @property
    def told(self) -> int:
        """The number of the last change that was told of."""
        return self._seq

    def join(self, key: bytes, addresses: tuple[Address, ...], output: Sink, number: int | None = None) -> Follower:
        """Tells a connection of changes from now on. key: the hash of its API key. number: of the subscription; None:
        one of this process's. Raises ConnectionLimitError."""
        follower = Follower(key, addresses, output, number or self._joined + 1, is_connected=False)
        self.take_back(follower)
        self._joined += number is None
        for address in addresses:
            self._followers.setdefault(address, set()).add(follower)
        return follower

    def leave(self, follower: Follower) -> None:
        """Tells it of nothing more."""
        if follower.is_connected:
            self.park(follower)
        for address in follower.addresses:
            followers = self._followers[address]
            followers.discard(follower)
            if not followers:
                del self._followers[address]

    def park(self, follower: Follower) -> None:
        """Its connection is gone; it is told of changes all the same."""
        follower.is_connected = False
        self._per_key[follower.key] -= 1
        if self._per_key[follower.key] <= 0:
            del self._per_key[follower.key]
        WS_CONNECTIONS.labels(self._service).dec()

    def take_back(self, follower: Follower) -> None:
        """It has a connection (again). Raises ConnectionLimitError."""
        if self._per_key[follower.key] >= self._most_per_key:
            raise ConnectionLimitError
        follower.is_connected = True
        self._per_key[follower.key] += 1
        WS_CONNECTIONS.labels(self._service).inc()

    def tell(self, address: Address, message: Callable[[], bytes]) -> None:
        """Tells what is no committed change, but seen by this process alone. message: asked for when somebody
        follows."""
        if not (followers := self._followers.get(address)):
            return
        text = message()
        for follower in followers:
            follower.output.put(text)
        WS_MESSAGES.labels(self._service, address[0]).inc(len(followers))

    async def has_told(self, change: int, within_s: float) -> bool:
        """Whether a change has been told of, waiting for it at most so long."""
        try:
            async with asyncio.timeout(within_s):
                while self._seq < change:  # noqa: ASYNC110 - every change would have to wake whoever waits
                    await asyncio.sleep(_LOOK_EVERY_S)
        except TimeoutError:
            return False
        return True

    async def missed(self, addresses: Collection[Address], after: int, up_to: int) -> list[tuple[int, bytes]]:
        """The messages of changes after a number, up to another that has been told, with their numbers. Raises
        StorageError; outbox.GoneError where they cannot be told (any more)."""
        if up_to <= after:
            return []
        async with self._database.transaction() as connection:
            rows = await outbox.read_after(connection, after, MOST_CAUGHT_UP)
        if not rows or rows[-1][0] < up_to:
            raise outbox.GoneError(up_to)
        found = []
        for seq, row in rows:
            change = change_of(row, seq)
            if seq > up_to or self._translator.address(change) not in addresses:
                continue
            try:
                message = self._translator.message(change)
            except Exception:
                _log.exception("a change could not be told", channel=change.channel, key=change.key, seq=seq)
                raise outbox.GoneError(seq) from None
            if message is not None:
                found.append((seq, message))
        return found

    # --- changes ---------------------------------------------------------------------------------------------------

    async def _on_message(self, _: str, message: bytes) -> None:
        changes = decode_changes(message)
        async with self._turn:
            for change in changes:
                if change.seq > self._seq + 1:
                    await self._catch_up(change.seq - 1)
                self._tell(change)
                await self._breathe()

    def _on_lost(self) -> None:
        """Messages may have been missed, and perhaps none follows that would show the hole."""
        self._has_lost = True
        if self._catching_up is None or self._catching_up.done():
            self._catching_up = spawn(self._catch_up_alone(), "websocket hub catches up", is_vital=True)

    async def _catch_up_alone(self) -> None:
        while self._has_lost:
            self._has_lost = False
            async with self._turn:
                await self._catch_up(self._seq)

    async def _catch_up(self, up_to: int) -> None:
        """Tells what was missed, at least up to a number; disconnects everybody where that is not possible."""
        try:
            async with self._database.transaction() as connection:
                missed = await outbox.read_after(connection, self._seq, MOST_CAUGHT_UP)
        except StorageError as error:
            self._give_up(up_to, str(error))
            return
        except outbox.GoneError as gone:
            self._give_up(max(up_to, gone.seq), str(gone))
            return
        for seq, row in missed:
            self._tell(change_of(row, seq))
            await self._breathe()
        if self._seq < up_to:
            self._give_up(up_to, "the outbox ends before")

    async def _breathe(self) -> None:
        """Who reads gets what was told before more is: nobody falls behind by our haste."""
        self._told_at_once += 1
        if self._told_at_once == _TOLD_AT_ONCE:
            self._told_at_once = 0
            await asyncio.sleep(0)

    def _give_up(self, up_to: int, why: str) -> None:
        _log.error("changes were missed, clients are disconnected", seen=self._seq, up_to=up_to, error=why)
        self._seq = max(self._seq, up_to)
        for follower in {one for followers in self._followers.values() for one in followers}:
            follower.output.cut(MISSED_CHANGES, _MISSED)

    def _tell(self, change: Change) -> None:
        if change.seq <= self._seq:
            return
        self._seq = change.seq
        address = self._translator.address(change)
        if address is None or address not in self._followers:
            return
        try:
            message = self._translator.message(change)
        except Exception:
            _log.exception("a change could not be told", channel=change.channel, key=change.key, seq=change.seq)
            for follower in self._followers[address]:  # who would miss it is told so
                follower.output.cut(MISSED_CHANGES, _MISSED)
            return
        if message is not None:
            self.tell(address, lambda: message)
