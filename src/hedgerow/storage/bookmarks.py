"""How far clients have read their subscriptions, for a process that goes on with one that another has begun.

A subscription belongs to one process at a time; whoever takes it up owns it from then on, and the one before finds
that out when it writes. Ages are the database's own.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from hedgerow.storage.database import Database

KEPT_S = 300.0
TOUCHED_EVERY_S = 60.0
"""A bookmark of a subscription that is alive is written at least so often."""
_FORGOTTEN_AFTER_S = 2 * (KEPT_S + TOUCHED_EVERY_S)


@dataclass(frozen=True, slots=True)
class Bookmark:
    """The client has every message up to `seq`, and they tell of every change up to `change` (`outbox_cursor.seq`)."""

    subscription_id: int
    seq: int
    change: int


@dataclass(frozen=True, slots=True)
class Taken:
    """A subscription that is ours now. was_ours: before as well."""

    bookmark: Bookmark
    channels: tuple[str, ...]
    was_ours: bool


class Bookmarks:
    """Repository of bookmarks, as one process sees them."""

    def __init__(self, database: Database, owner: str) -> None:
        """owner: a UUID of this process."""
        self._database, self._owner = database, owner

    async def add(self, bookmark: Bookmark, key_hash: bytes, channels: Sequence[str]) -> None:
        """A new subscription, ours. Raises StorageError."""
        await self._database.execute(
            """insert into ws_bookmarks (subscription_id, key_hash, channels, owner, seq, change)
               values ($1, $2, $3, $4, $5, $6)""",
            bookmark.subscription_id,
            key_hash,
            list(channels),
            self._owner,
            bookmark.seq,
            bookmark.change,
        )

    async def take(self, subscription_id: int, key_hash: bytes) -> Taken | None:
        """Makes a subscription ours; None where there is none that was alive lately and made with the key. Raises
        StorageError."""
        row = await self._database.fetchrow(
            """with before as (
                 select subscription_id, owner from ws_bookmarks
                 where subscription_id = $1 and key_hash = $2
                   and seen_at > clock_timestamp() - $4 * interval '1 second' for update)
               update ws_bookmarks b set owner = $3, seen_at = clock_timestamp()
               from before where b.subscription_id = before.subscription_id
               returning b.seq, b.change, b.channels, before.owner = $3 as was_ours""",
            subscription_id,
            key_hash,
            self._owner,
            KEPT_S + TOUCHED_EVERY_S,
        )
        if row is None:
            return None
        bookmark = Bookmark(subscription_id, row["seq"], row["change"])
        return Taken(bookmark, tuple(row["channels"]), row["was_ours"])

    async def write(self, bookmarks: Sequence[Bookmark]) -> None:
        """Writes how far subscriptions are, where they are still ours. Raises StorageError."""
        await self._database.execute(
            """update ws_bookmarks b set seq = told.seq, change = told.change, seen_at = clock_timestamp()
               from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as told (subscription_id, seq, change)
               where b.subscription_id = told.subscription_id and b.owner = $4""",
            [one.subscription_id for one in bookmarks],
            [one.seq for one in bookmarks],
            [one.change for one in bookmarks],
            self._owner,
        )

    async def ours(self, subscription_ids: Collection[int]) -> frozenset[int]:
        """Which of the subscriptions are still ours. Raises StorageError."""
        rows = await self._database.fetch(
            "select subscription_id from ws_bookmarks where subscription_id = any($1) and owner = $2",
            list(subscription_ids),
            self._owner,
        )
        return frozenset(row[0] for row in rows)

    async def remove(self, subscription_ids: Collection[int]) -> None:
        """Subscriptions that are over, where they are still ours; and all that nobody has written for long. Raises
        StorageError."""
        await self._database.execute(
            """delete from ws_bookmarks where (subscription_id = any($1) and owner = $2)
                 or seen_at < clock_timestamp() - $3 * interval '1 second'""",
            list(subscription_ids),
            self._owner,
            _FORGOTTEN_AFTER_S,
        )
