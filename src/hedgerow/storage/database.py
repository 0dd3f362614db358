"""PostgreSQL through a pool: transactions, exact JSON, bounded waits, and errors that say what is known.

Not for SQL, which stands in the repositories. Errors of a statement itself (a constraint, a type) are asyncpg's own
and pass through: they are faults of ours, or facts that a repository handles.
Sources: PostgreSQL documentation, chapters 13.3.5 (advisory locks), 19.11.1 (statement behaviour), 19.2.2 (TCP),
appendix A (error codes).

StorageError
├── UnreachableError      not connected, no room, or the connection broke before the commit: nothing was changed
├── TimedOutError         a statement or a lock took too long: rolled back, nothing was changed
├── ConflictError         a deadlock or a serialisation failure: rolled back, the transaction may be repeated
└── OutcomeUnknownError   the connection broke while the change was being committed: the database must be read
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol, Self, cast

import asyncpg
import msgspec
from asyncpg import Connection, Record
from asyncpg.pool import Pool, PoolConnectionProxy

from hedgerow.core.errors import HedgerowError, SetupError
from hedgerow.core.secrets import Secret
from hedgerow.core.tasks import spawn, work

_CONNECT_S = 10.0
_ACQUIRE_S = 10.0
_STATEMENT_S = 30.0
_LOCK_S = 10.0
# The server's own limit comes first and says what happened; this one is for a server that has gone silent.
_SILENCE_S = _STATEMENT_S + 5.0

_SESSION = {
    "application_name": "hedgerow",
    "statement_timeout": f"{_STATEMENT_S:.0f}s",
    "lock_timeout": f"{_LOCK_S:.0f}s",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
    # A machine that vanishes gives up its locks within half a minute, not after two hours.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "4",
}

_FREED_IN_TIME = "set local idle_in_transaction_session_timeout = '5s'"
"""Of a transaction under a fence: a process that stands still within it loses it, and what the fence holds is free."""

_CORRECT_URL = "correct HEDGEROW_DATABASE_URL"
_BROKEN = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
_ROLLED_BACK_LATE = (
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,
    asyncpg.TransactionTimeoutError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)

HELD = "exists (select from fence)"
"""Of a statement of `Database.write`: whether this writer may write."""

_JSONB_VERSION = b"\x01"
_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(float_hook=Decimal)


class StorageError(HedgerowError):
    """Base of what can go wrong between us and the database."""


class UnreachableError(StorageError):
    """Not connected, no room there, or the connection broke before the commit: nothing was changed."""


class TimedOutError(StorageError):
    """A statement or a lock took too long and was rolled back: nothing was changed."""


class ConflictError(StorageError):
    """A deadlock or serialisation failure was rolled back: the transaction may be repeated."""


class OutcomeUnknownError(StorageError):
    """The connection broke while the change was committed: it happened or not, and the database must be read."""


def encode_json(value: Any) -> bytes:
    """The value as JSON; Decimals are numbers, digit for digit."""
    return _encoder.encode(value)


def decode_json(text: bytes | str) -> Any:
    """The value of JSON; numbers with a point or an exponent are Decimals, digit for digit."""
    return _decoder.decode(text)


async def _set_codecs(connection: Connection[Any]) -> None:
    # jsonb's binary form is its text after one byte. Source: jsonb_recv in PostgreSQL's jsonb.c.
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: _JSONB_VERSION + encode_json(value),
        decoder=lambda text: decode_json(text[len(_JSONB_VERSION) :]),
    )
    # The driver's own reading of the binary form makes 1E+4 of 10000: right, but not what people want to read in JSON.
    await connection.set_type_codec("numeric", schema="pg_catalog", encoder=str, decoder=Decimal)


class Queries(Protocol):
    """What runs statements: a `Database`, each in a transaction of its own, or a connection inside one."""

    async def fetch(self, sql: str, /, *values: object) -> list[Any]: ...

    async def fetchrow(self, sql: str, /, *values: object) -> Any: ...

    async def execute(self, sql: str, /, *values: object) -> str: ...


def _nobody() -> None:
    """Nobody wants to know."""


async def _keep_session(_: Connection[Any]) -> None:
    """Nothing is reset between uses."""


@dataclass(frozen=True, slots=True)
class Fence:
    """What a writer among several begins its transactions with. statement: without parameters, of one row where the
    writer may write and of none where it may not; it is sent with the `begin`, so that it costs no round trip, and a
    part of what is written in one statement. admit: told whether there was the row; raises where nothing may be
    written."""

    statement: str
    admit: Callable[[bool], None]


class _Fenced:
    """A transaction that is begun by hand: the driver's own begin in a message of their own."""

    def __init__(self, connection: Connection[Any], fence: Fence) -> None:
        self._connection, self._fence = connection, fence

    async def start(self) -> None:
        done = await self._connection.execute(f"begin; {_FREED_IN_TIME}; {self._fence.statement}")
        self._fence.admit(done == "SELECT 1")

    async def commit(self) -> None:
        await self._connection.execute("commit")

    async def rollback(self) -> None:
        await self._connection.execute("rollback")


@dataclass(slots=True, eq=False)
class _Kept:
    """The connection that `write` keeps out of the pool while nobody uses it."""

    is_wanted: bool
    _connection: Connection[Any] | None = None

    def take(self) -> Connection[Any] | None:
        connection, self._connection = self._connection, None
        return connection

    def keep(self, connection: Connection[Any]) -> bool:
        """False: it is to be given back, as another is kept already."""
        if not self.is_wanted or self._connection is not None:
            return False
        self._connection = connection
        return True


class Database:
    """A pool of connections to one database. Every query holds a unit of work (`core.tasks.work`)."""

    def __init__(self, pool: Pool[Record], fence: Fence | None = None, kept: _Kept | None = None) -> None:
        self._pool, self._fence = pool, fence
        self._kept = kept or _Kept(is_wanted=False)
        self.on_commit: Callable[[], None] = _nobody
        """Called after every transaction and every statement of `execute`, whether they changed something or not."""

    @classmethod
    async def connect(cls, url: Secret, *, size: int = 10, schema: str | None = None, keeps_one: bool = False) -> Self:
        """At most `size` connections, the first made now. schema: where tables are looked for first, before the usual
        one; keeps_one: one of them, of at least two, is kept for `write` from its first time on, so that what is to be
        durable at once finds it free, and its statements prepared. Raises SetupError for a wrong URL,
        UnreachableError."""
        with _connecting():
            pool = await asyncpg.create_pool(
                url.reveal(),
                min_size=1,
                max_size=size,
                max_inactive_connection_lifetime=0,  # a burst after a quiet spell does not wait for connections
                max_cached_statement_lifetime=0,  # nor for a statement that was prepared once
                timeout=_CONNECT_S,
                command_timeout=_SILENCE_S,
                server_settings=_SESSION if schema is None else {**_SESSION, "search_path": f"{schema}, public"},
                init=_set_codecs,
                # Sessions carry no state but where a lock is held, and that cleans up: a round trip less each time.
                reset=_keep_session,
            )
        return cls(pool, kept=_Kept(is_wanted=keeps_one))

    def fenced(self, fence: Fence) -> Self:
        """The same connections for one writer among several: each of its transactions begins with the fence, and what
        it writes at once (`write`) stands under it. Other single statements are not fenced."""
        other = type(self)(self._pool, fence, self._kept)
        other.on_commit = self._committed
        return other

    def _committed(self) -> None:
        """A writer of ours has committed."""
        self.on_commit()

    async def close(self) -> None:
        """Closes every connection, those in use when they come back; after a while they are cut."""
        self._kept.is_wanted = False
        try:
            async with asyncio.timeout(_ACQUIRE_S):
                if (connection := self._kept.take()) is not None:
                    await self._give_back(connection)
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    async def fetch(self, sql: str, *values: object) -> list[Record]:
        """All rows. Raises StorageError."""
        async with self._statement() as connection:
            return await connection.fetch(sql, *values)

    async def fetchrow(self, sql: str, *values: object) -> Record | None:
        """The first row. Raises StorageError."""
        async with self._statement() as connection:
            return await connection.fetchrow(sql, *values)

    async def fetchval(self, sql: str, *values: object) -> Any:
        """The first column of the first row; None without one. Raises StorageError."""
        async with self._statement() as connection:
            return await connection.fetchval(sql, *values)

    async def execute(self, sql: str, *values: object) -> str:
        """What the server says was done, e.g. `UPDATE 3`. Raises StorageError."""
        async with self._statement() as connection:
            done = await connection.execute(sql, *values)
        self.on_commit()
        return done

    async def write(self, parts: str, answer: str, *values: object, is_behind: bool = False) -> Record:
        """Commits one statement, in one round trip: for what has to be durable before something else may leave.

        parts: what it writes, as parts of a `with`, each under the condition HELD. answer: the columns of its one row.
        is_behind: nothing waits for it; the connection that is kept is left to what is urgent.
        Raises StorageError: OutcomeUnknownError wherever the connection broke.
        """
        fence = "select" if self._fence is None else self._fence.statement
        sql = f"with fence as materialized ({fence}), {parts} select {HELD} as is_held, {answer}"
        with work.unit():
            connection = None if is_behind else self._kept.take()
            if connection is None or _is_gone(connection):
                connection = await self._taken()
            is_kept = False
            try:
                with _storage_errors(connection, broken=OutcomeUnknownError):
                    row: Record = (await connection.fetch(sql, *values))[0]
                is_kept = not is_behind and self._kept.keep(connection)
            finally:
                if not is_kept:  # beside what the answer lets leave: the driver makes a task for it
                    spawn(self._give_back(connection), "give a connection back")
        self.on_commit()
        if self._fence is not None:
            self._fence.admit(row["is_held"])
        return row

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection[Any]]:
        """A transaction that is committed when the block ends, and rolled back when it raises.

        Raises StorageError; only OutcomeUnknownError leaves open whether it was committed.
        """
        with work.unit():
            async with self._acquired() as connection:
                transaction = connection.transaction() if self._fence is None else _Fenced(connection, self._fence)
                with _storage_errors(connection, broken=UnreachableError):
                    try:
                        await transaction.start()
                        yield connection
                    except BaseException:
                        # A connection that cannot even roll back is closed on its way back to the pool.
                        with suppress(*_BROKEN):
                            await transaction.rollback()
                        raise
                with _storage_errors(connection, broken=OutcomeUnknownError):
                    await transaction.commit()
            self.on_commit()

    @asynccontextmanager
    async def lock(self, name: str) -> AsyncIterator[Connection[Any]]:
        """Holds the named lock of this database, over all processes; waits for it at most the lock timeout.

        The lock lives as long as its connection: what must not happen without it is done on that connection. Raises
        StorageError, TimedOutError while another holds it.
        """
        async with self._session() as connection:
            await connection.execute("select pg_advisory_lock($1)", advisory_key(name))
            yield connection

    @asynccontextmanager
    async def try_lock(self, name: str) -> AsyncIterator[Connection[Any] | None]:
        """The same without waiting: None while another holds the lock."""
        async with self._session() as connection:
            got: bool = await connection.fetchval("select pg_try_advisory_lock($1)", advisory_key(name))
            yield connection if got else None

    @asynccontextmanager
    async def shared_lock(self, name: str) -> AsyncIterator[Connection[Any]]:
        """A named lock that any number may hold, but not beside one who has it alone; waits for that one."""
        async with self._session() as connection:
            await connection.execute("select pg_advisory_lock_shared($1)", advisory_key(name))
            yield connection

    @asynccontextmanager
    async def _statement(self) -> AsyncIterator[Connection[Any]]:
        with work.unit():
            async with self._acquired() as connection:
                with _storage_errors(connection, broken=OutcomeUnknownError):
                    yield connection

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[Connection[Any]]:
        """A connection whose session state is cleaned up at the end, by closing it if need be."""
        async with self._acquired() as connection:
            with _storage_errors(connection, broken=OutcomeUnknownError):
                try:
                    yield connection
                finally:
                    try:
                        await connection.reset(timeout=_CONNECT_S)
                    except _BROKEN:
                        if not _is_gone(connection):
                            connection.terminate()

    @asynccontextmanager
    async def _acquired(self) -> AsyncIterator[Connection[Any]]:
        connection = await self._taken()
        try:
            yield connection
        finally:
            await self._give_back(connection)

    async def _taken(self) -> Connection[Any]:
        """A connection, to be given back."""
        with _connecting():
            if self._pool.get_idle_size():
                proxy = await self._pool.acquire()
            else:
                async with asyncio.timeout(_ACQUIRE_S):  # the pool's own limit costs a task each time
                    proxy = await self._pool.acquire()
        return cast("Connection[Any]", proxy)

    async def _give_back(self, connection: Connection[Any]) -> None:
        # One that does not come back clean is closed, and the pool makes another.
        with suppress(*_BROKEN):
            await self._pool.release(cast("PoolConnectionProxy[Record]", connection), timeout=_CONNECT_S)


def advisory_key(name: str) -> int:
    """The number of a named lock: 64 bits, signed, as PostgreSQL takes it."""
    return int.from_bytes(hashlib.blake2b(f"hedgerow:{name}".encode(), digest_size=8).digest(), signed=True)


async def connect_once(url: Secret, **session: str) -> Connection[Any]:
    """One connection without a pool; session: settings that replace the usual ones.

    Raises SetupError for a wrong URL, UnreachableError.
    """
    with _connecting():
        settings = {**_SESSION, **session}
        connection = await asyncpg.connect(url.reveal(), timeout=_CONNECT_S, server_settings=settings)
        await _set_codecs(connection)
        return connection


@contextmanager
def _connecting() -> Iterator[None]:
    """Errors of getting a connection, in our words; the URL with its password is in none of them."""
    try:
        yield
    except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError) as error:
        raise SetupError(f"PostgreSQL refuses the connection: {error}", _CORRECT_URL) from None
    except asyncpg.ClientConfigurationError:
        raise SetupError("HEDGEROW_DATABASE_URL is not the URL of a PostgreSQL database", _CORRECT_URL) from None
    except TimeoutError:
        raise UnreachableError("no connection to PostgreSQL became free in time") from None
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        raise UnreachableError(f"PostgreSQL is not reached: {error}") from error


@contextmanager
def _storage_errors(connection: Connection[Any], *, broken: type[StorageError]) -> Iterator[None]:
    """Errors of a statement that are about the way to the database; `broken`: what a broken connection means here."""
    try:
        yield
    except _ROLLED_BACK_LATE as error:
        raise TimedOutError(f"PostgreSQL: {error}") from error
    except asyncpg.TransactionRollbackError as error:
        raise ConflictError(f"PostgreSQL: {error}") from error
    except asyncpg.InsufficientResourcesError as error:
        raise UnreachableError(f"PostgreSQL: {error}") from error
    except (asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError, TimeoutError) as error:
        raise broken(f"the connection to PostgreSQL broke: {str(error) or 'no answer in time'}") from error
    except asyncpg.InternalClientError as error:
        # The server's farewell arrived between two statements, and asyncpg has not seen the end yet.
        if not _is_gone(connection):
            connection.terminate()
        raise broken(f"the connection to PostgreSQL broke: {error}") from error
    except (asyncpg.InterfaceError, OSError) as error:
        if not _is_gone(connection):
            raise  # misuse, such as a value of the wrong type, or the block's own
        raise broken(f"the connection to PostgreSQL broke: {error}") from error


def _is_gone(connection: Connection[Any]) -> bool:
    """Whether it is closed; the pool takes a connection back as soon as it notices."""
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:
        return True
