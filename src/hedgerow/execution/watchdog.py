"""Takes the quotes away that nobody looks after any more, at exchanges that have no dead man's switch of their own.

Every process of market making holds a lock of the database, shared, for as long as it lives; the database frees it when
the process's connection ends, however it ended. The watchdog, which is in another process, tries the same lock for
itself alone. When it has got it again and again for some time, nobody trades: with the lock in its hand, so that nobody
begins either, it cancels what may rest. So it never touches a living process's quotes, and of several watchdogs one
acts: a lock of their own keeps them from looking at once, and taking each other for somebody who lives.
docs/decisions/0151.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NoReturn

import structlog
from asyncpg import Connection, PostgresError

from hedgerow.core.clock import Clock
from hedgerow.core.config import Settings
from hedgerow.core.errors import SetupError, VenueError
from hedgerow.core.secrets import Secret, Vault
from hedgerow.core.states import OrderStatus
from hedgerow.core.tasks import spawn, stop
from hedgerow.storage.accounts import Accounts, VenueAccount, open_credentials
from hedgerow.storage.database import Database, StorageError
from hedgerow.venues.base import Account, Exchange, VenueContext
from hedgerow.venues.registry import UnknownVenueError, Ways, build_exchange, urls_of, venue

_log = structlog.get_logger(__name__)

PRESENCE = "market making is there"
_LOOKING = "a watchdog looks"
LOOK_EVERY_S = 1.0
"""All times here are the machine's."""
_ASK_EVERY_S = 1.0
_ANSWER_S = 5.0
_MOST_S = 60.0
"""For taking everything away, which keeps market making from starting meanwhile."""
_ROUNDS, _ROUND_S = 5, 1.0

_MAY_REST = "select distinct account_id from mm_orders where status = any($1)"


# --- who is looked after -------------------------------------------------------------------------------------------


@asynccontextmanager
async def present(url: Secret) -> AsyncIterator[None]:
    """Tells, while the block runs, that this process looks after its quotes. Begins when a watchdog that is at work
    has ended. Raises SetupError, UnreachableError."""
    database = await Database.connect(url, size=1)
    is_told = asyncio.Event()
    task = spawn(_be_present(database, is_told), "presence", is_vital=True)
    try:
        await is_told.wait()
        yield
    finally:
        await stop(task)
        await database.close()


async def _be_present(database: Database, is_told: asyncio.Event) -> NoReturn:
    """A broken connection is replaced long before a watchdog has lost its patience."""
    while True:
        try:
            async with database.shared_lock(PRESENCE) as connection:
                is_told.set()
                await _ask_for_ever(connection)
        except (StorageError, TimeoutError) as error:
            _log.warning("presence is not told", error=str(error))
        await asyncio.sleep(_ASK_EVERY_S)


async def _ask_for_ever(connection: Connection[Any]) -> NoReturn:
    while True:
        await asyncio.sleep(_ASK_EVERY_S)
        await connection.fetchval("select 1", timeout=_ANSWER_S)


# --- who looks -----------------------------------------------------------------------------------------------------


@asynccontextmanager
async def watchdog(
    settings: Settings, url: Secret, vault: Vault, clock: Clock, *, look_every_s: float = LOOK_EVERY_S
) -> AsyncIterator[None]:
    """Watches while the block runs. Raises SetupError, UnreachableError."""
    database = await Database.connect(url, size=3)  # two locks, and what it asks and writes
    dog = _Watchdog(settings, database, vault, clock)
    task = spawn(dog.watch(look_every_s), "watchdog", is_vital=True)
    try:
        yield
    finally:
        await stop(task)
        await database.close()


class _Watchdog:
    def __init__(self, settings: Settings, database: Database, vault: Vault, clock: Clock) -> None:
        self._urls: Mapping[str, Mapping[str, str]] = settings.venue_urls
        self._ways = Ways(settings.venue_proxies)
        self._patience_s = settings.watchdog_after_s
        self._database, self._vault, self._clock = database, vault, clock
        self._accounts = Accounts(database, clock)

    async def watch(self, look_every_s: float) -> NoReturn:
        now_s = asyncio.get_running_loop().time
        gone_since: float | None = None
        is_done = False
        while True:
            try:
                async with self._looking() as is_gone:
                    if is_gone is None:
                        pass  # another watchdog looks: nothing was learned
                    elif not is_gone:
                        gone_since, is_done = None, False
                    elif gone_since is None:
                        gone_since = now_s()
                    elif not is_done and now_s() - gone_since >= self._patience_s:
                        is_done = await self._take_all_away()
            except (StorageError, PostgresError, TimeoutError) as error:
                _log.warning("the watchdog does not see", error=str(error))
                gone_since = None  # who cannot see does not know that nobody is there
            except Exception:  # its host has other work, which must not end with it
                _log.exception("a turn of the watchdog failed")
            await asyncio.sleep(look_every_s)

    @asynccontextmanager
    async def _looking(self) -> AsyncIterator[bool | None]:
        """Whether nobody trades, which holds for the length of the block; None while another watchdog looks."""
        async with self._database.try_lock(_LOOKING) as own:
            if own is None:
                yield None
                return
            async with self._database.try_lock(PRESENCE) as alone:
                yield alone is not None

    async def _take_all_away(self) -> bool:
        """Cancels at every account that may have orders of ours. False: somewhere they may rest still."""
        may_rest = [status.value for status in OrderStatus if status.is_open]
        ids = {row["account_id"] for row in await self._database.fetch(_MAY_REST, may_rest)}
        rows = [row for row in await self._accounts.accounts() if row.account_id in ids]
        async with asyncio.timeout(_MOST_S):
            return all(await asyncio.gather(*(self._leave_nothing(row) for row in rows)))

    async def _leave_nothing(self, row: VenueAccount) -> bool:
        """At one account. True where it is done, or cannot be: the exchange does it itself, or has no connector."""
        try:
            manifest = venue(row.venue).manifest
            if manifest.heartbeat_s is not None:
                return True
            credentials = open_credentials(row, self._vault)
            account = Account(row.account_id, row.username, row.currency, credentials, row.meta)
            urls, way = urls_of(manifest, self._urls), self._ways.to(row.venue)
            exchange = build_exchange(row.venue, VenueContext(account, self._clock, urls, egress=way))
        except (UnknownVenueError, LookupError, SetupError) as error:
            _log.error("quotes may rest unattended", exchange=row.venue, account=row.account_id, error=str(error))
            return True
        try:
            await exchange.open(lambda _: None)
            is_empty = await _empty(exchange)
        except VenueError as error:
            _log.error("quotes rest unattended", exchange=row.venue, account=row.account_id, error=str(error))
            return False
        finally:
            await exchange.close()
        _log.critical("quotes taken away: nobody looks after them", exchange=row.venue, account=row.account_id)
        return is_empty


async def _empty(exchange: Exchange) -> bool:
    """Cancels until nothing rests: a cancel of everything may take effect only after its answer. Raises VenueError."""
    for _ in range(_ROUNDS):
        await exchange.cancel_all()
        if not await exchange.working():
            return True
        await asyncio.sleep(_ROUND_S)
    return False
