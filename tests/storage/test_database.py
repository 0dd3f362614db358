"""The pool against a real PostgreSQL: exactness, rollback, bounds, and what each kind of break is called."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.patience import PATIENCE_S

from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Secret
from hedgerow.core.tasks import spawn, work
from hedgerow.storage.database import (
    HELD,
    ConflictError,
    Database,
    Fence,
    OutcomeUnknownError,
    TimedOutError,
    UnreachableError,
    advisory_key,
    connect_once,
    decode_json,
    encode_json,
)

Eventually = Callable[[Callable[[], bool]], Awaitable[None]]

plain_decimals = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20)


@pytest.fixture
async def numbers(database: Database) -> Database:
    """A database with a table of numbers."""
    await database.execute("create table numbers (number integer primary key)")
    return database


async def cut_connections(database_url: Secret) -> None:
    """The server ends every other session of the test's database."""
    connection = await connect_once(database_url)
    await connection.execute(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
    )
    await connection.close()


# --- JSON ----------------------------------------------------------------------------------------------------


@given(plain_decimals)
def test_decimals_pass_json_as_numbers_digit_for_digit(number: Decimal) -> None:
    text = encode_json([number])
    assert b'"' not in text
    assert Decimal(decode_json(text)[0]) == number
    assert str(decode_json(text)[0]) == str(number) or number == int(number)


@pytest.mark.parametrize("text", ["0.1", "1.50", "123456789.123456789123456789", "-0.000001", "17"])
async def test_numbers_pass_jsonb_digit_for_digit(database: Database, text: str) -> None:
    stored = await database.fetchval("select $1::jsonb", {"odds": Decimal(text)})
    assert str(stored["odds"]) == text
    assert await database.fetchval("select $1::jsonb ->> 'odds'", {"odds": Decimal(text)}) == text


@pytest.mark.parametrize("text", ["10000", "0", "0.00", "-1200000.50", "0.000001", "123456789012345678901.000001"])
async def test_numbers_are_read_digit_for_digit(database: Database, text: str) -> None:
    assert str(await database.fetchval("select $1::numeric", Decimal(text))) == text


@pytest.mark.parametrize("value", [None, True, 7, "text €", [], {}, {"a": [1, None, {"b": "c"}]}])
async def test_plain_json_passes_jsonb(database: Database, value: Any) -> None:
    assert await database.fetchval("select $1::jsonb", value) == value


async def test_number_that_json_cannot_hold_is_refused(database: Database) -> None:
    with pytest.raises(asyncpg.PostgresError):
        await database.fetchval("select $1::jsonb", {"odds": Decimal("NaN")})


# --- queries and transactions --------------------------------------------------------------------------------


async def test_each_way_of_asking_answers_its_shape(numbers: Database) -> None:
    assert await numbers.execute("insert into numbers select generate_series(1, 3)") == "INSERT 0 3"
    assert [row["number"] for row in await numbers.fetch("select number from numbers order by 1")] == [1, 2, 3]
    assert dict(await numbers.fetchrow("select number from numbers where number = $1", 2) or {}) == {"number": 2}
    assert await numbers.fetchrow("select number from numbers where number = 9") is None
    assert await numbers.fetchval("select sum(number) from numbers") == 6


async def test_transaction_commits_at_its_end(numbers: Database) -> None:
    async with numbers.transaction() as connection:
        await connection.execute("insert into numbers values (1)")
        assert await numbers.fetchval("select count(*) from numbers") == 0
    assert await numbers.fetchval("select count(*) from numbers") == 1


async def test_transaction_that_raises_is_rolled_back_and_its_error_passes(numbers: Database) -> None:
    async def attempt() -> None:
        async with numbers.transaction() as connection:
            await connection.execute("insert into numbers values (1)")
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await attempt()
    assert await numbers.fetchval("select count(*) from numbers") == 0


async def test_fence_is_asked_in_the_message_that_begins(numbers: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    told: list[bool] = []
    execute = asyncpg.Connection.execute

    async def noted(self: Any, query: str, *values: Any, **options: Any) -> str:
        sent.append(query)
        return await execute(self, query, *values, **options)

    monkeypatch.setattr(asyncpg.Connection, "execute", noted)
    async with numbers.fenced(Fence("select 1 for key share", told.append)).transaction():
        pass
    begin, commit = sent
    assert begin.startswith("begin; ")
    assert begin.endswith("; select 1 for key share")
    assert (commit, told) == ("commit", [True])


async def test_writer_under_a_fence_that_stands_still_loses_it_in_five_seconds(numbers: Database) -> None:
    limit = "select current_setting('idle_in_transaction_session_timeout')"
    async with numbers.fenced(Fence("select 1", lambda _: None)).transaction() as connection:
        assert await connection.fetchval(limit) == "5s"
    assert await numbers.fetchval(limit) == "1min"


async def test_writer_without_its_row_writes_nothing(numbers: Database) -> None:
    def admit(is_there: bool) -> None:
        if not is_there:
            raise PermissionError

    with pytest.raises(PermissionError):
        async with numbers.fenced(Fence("select 1 where false", admit)).transaction():
            raise AssertionError("it was let in")
    async with numbers.transaction() as connection:  # on the same connection, which refuses it within another one
        assert await connection.fetchval("select 1") == 1


NUMBER = f"number as (insert into numbers select $1 where {HELD} returning number)"
ANSWER = "(select number from number) as number"


async def test_what_is_written_at_once_is_one_statement(numbers: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    fetch = asyncpg.Connection.fetch

    async def noted(self: Any, query: str, *values: Any, **options: Any) -> Any:
        sent.append(query)
        return await fetch(self, query, *values, **options)

    async def refused(self: Any, query: str, *_: Any, **__: Any) -> str:
        raise AssertionError(f"another round trip: {query}")

    commits: list[str] = []
    numbers.on_commit = lambda: commits.append("told")
    monkeypatch.setattr(asyncpg.Connection, "fetch", noted)
    with monkeypatch.context() as patched:
        patched.setattr(asyncpg.Connection, "execute", refused)
        row = await numbers.fenced(Fence("select 1 for key share", lambda _: None)).write(NUMBER, ANSWER, 7)
    assert (row["number"], len(sent), commits) == (7, 1, ["told"])
    assert await numbers.fetchval("select number from numbers") == 7


async def test_nothing_is_written_at_once_without_the_row(numbers: Database) -> None:
    told: list[bool] = []
    row = await numbers.fenced(Fence("select 1 where false", told.append)).write(NUMBER, ANSWER, 7)
    assert (row["number"], told) == (None, [False])
    assert await numbers.fetchval("select count(*) from numbers") == 0


async def test_write_without_a_fence_needs_no_row(numbers: Database) -> None:
    assert (await numbers.write(NUMBER, ANSWER, 7))["is_held"]
    assert await numbers.fetchval("select number from numbers") == 7


# --- the connection that is kept for what is written at once ---------------------------------------------------------


@pytest.fixture
async def keeping(database: Database, database_url: Secret) -> AsyncIterator[Database]:
    await database.execute("create table numbers (number integer primary key)")
    found = await Database.connect(database_url, size=2, keeps_one=True)
    yield found
    await found.close()


async def backend(database: Database, *, is_behind: bool = False) -> int:
    """The process of the server that wrote."""
    row = await database.write("nothing as (select)", "pg_backend_pid() as pid", is_behind=is_behind)
    pid: int = row["pid"]
    return pid


async def test_what_is_written_at_once_finds_its_own_connection_free(keeping: Database) -> None:
    first = await backend(keeping)
    others = {await keeping.fetchval("select pg_backend_pid()") for _ in range(3)}
    assert first not in others
    assert [await backend(keeping), await backend(keeping.fenced(Fence("select 1", lambda _: None)))] == [first] * 2


async def test_what_is_written_behind_leaves_that_connection_alone(keeping: Database) -> None:
    first = await backend(keeping)
    assert first not in {await backend(keeping, is_behind=True) for _ in range(3)}
    assert await backend(keeping) == first


async def test_what_is_written_at_the_same_time_takes_another_connection(keeping: Database) -> None:
    await backend(keeping)
    await asyncio.gather(*(keeping.write(NUMBER, ANSWER, number) for number in range(5)))
    assert await keeping.fetchval("select count(*) from numbers") == 5


async def test_connection_on_which_a_write_failed_is_given_back(keeping: Database) -> None:
    await keeping.write(NUMBER, ANSWER, 7)
    for _ in range(3):
        with pytest.raises(asyncpg.UniqueViolationError):
            await keeping.write(NUMBER, ANSWER, 7)
    async with keeping.transaction() as one, keeping.transaction() as two:  # both are there
        assert await one.fetchval("select 1") + await two.fetchval("select 1") == 2


async def test_kept_connection_that_broke_is_replaced(keeping: Database, database_url: Secret) -> None:
    for _ in range(5):
        first = await backend(keeping)
        await cut_connections(database_url)
        with contextlib.suppress(OutcomeUnknownError):  # until the break is noticed
            await backend(keeping)
        assert await backend(keeping) != first


async def test_closing_does_not_wait_for_the_kept_connection(database_url: Secret) -> None:
    found = await Database.connect(database_url, size=2, keeps_one=True)
    await backend(found)
    async with asyncio.timeout(PATIENCE_S):
        await found.close()


async def test_broken_constraint_is_the_drivers_own_error(numbers: Database) -> None:
    await numbers.execute("insert into numbers values (1)")
    with pytest.raises(asyncpg.UniqueViolationError):
        await numbers.execute("insert into numbers values (1)")


async def test_value_of_the_wrong_type_is_the_drivers_own_error(numbers: Database) -> None:
    with pytest.raises(asyncpg.DataError):
        await numbers.execute("insert into numbers values ($1)", "one")


async def test_cancelled_transaction_is_rolled_back_and_gives_its_connection_back(
    numbers: Database, eventually: Eventually
) -> None:
    entered = asyncio.Event()

    async def stay() -> None:
        async with numbers.transaction() as connection:
            await connection.execute("insert into numbers values (1)")
            entered.set()
            await connection.execute("select pg_sleep(60)")

    tasks = [spawn(stay(), "stay")]
    await entered.wait()
    tasks[0].cancel()
    await asyncio.wait(tasks)
    assert await numbers.fetchval("select count(*) from numbers") == 0
    assert work.units == 0


async def test_query_holds_a_unit_of_work_while_it_runs(database: Database, eventually: Eventually) -> None:
    query = spawn(database.execute("select pg_sleep(0.1)"), "query")
    await eventually(lambda: work.units == 1)
    assert not query.done()
    await query
    assert work.units == 0


async def test_transaction_holds_a_unit_of_work_to_its_end(database: Database) -> None:
    async with database.transaction():
        assert work.units == 1
    assert work.units == 0


# --- breaks --------------------------------------------------------------------------------------------------


async def test_connection_that_breaks_in_a_transaction_has_changed_nothing(
    numbers: Database, database_url: Secret
) -> None:
    async def attempt() -> None:
        async with numbers.transaction() as connection:
            await connection.execute("insert into numbers values (1)")
            await cut_connections(database_url)
            await connection.execute("insert into numbers values (2)")

    with pytest.raises(UnreachableError):
        await attempt()
    assert await numbers.fetchval("select count(*) from numbers") == 0


async def test_connection_that_breaks_at_the_commit_leaves_the_outcome_unknown(
    numbers: Database, database_url: Secret
) -> None:
    async def attempt() -> None:
        async with numbers.transaction() as connection:
            await connection.execute("insert into numbers values (1)")
            await cut_connections(database_url)

    with pytest.raises(OutcomeUnknownError):
        await attempt()


@pytest.mark.parametrize("is_write", [False, True])
async def test_connection_that_breaks_in_a_single_statement_leaves_the_outcome_unknown(
    numbers: Database, database_url: Secret, eventually: Eventually, *, is_write: bool
) -> None:
    asked = numbers.write("late as (select)", "pg_sleep(60)") if is_write else numbers.execute("select pg_sleep(60)")
    query: asyncio.Task[object] = spawn(asked, "query")
    await eventually(lambda: work.units == 1)
    await asyncio.sleep(0)
    await cut_connections(database_url)
    with pytest.raises(OutcomeUnknownError):
        await query


async def test_pool_recovers_after_a_break(database: Database, database_url: Secret) -> None:
    for _ in range(10):  # the break may be noticed before, while or after the next statement is sent
        await cut_connections(database_url)
        with contextlib.suppress(OutcomeUnknownError):
            await database.fetchval("select 1")
        assert await database.fetchval("select 1") == 1


async def test_statement_that_takes_too_long_is_ended(database: Database) -> None:
    async def attempt() -> None:
        async with database.transaction() as connection:
            await connection.execute("set local statement_timeout = '20ms'")
            await connection.execute("select pg_sleep(60)")

    with pytest.raises(TimedOutError):
        await attempt()


async def test_lock_that_is_not_got_in_time_is_a_timeout(numbers: Database) -> None:
    async with numbers.transaction() as holder:
        await holder.execute("lock table numbers")

        async def attempt() -> None:
            async with numbers.transaction() as connection:
                await connection.execute("set local lock_timeout = '20ms'")
                await connection.execute("insert into numbers values (1)")

        with pytest.raises(TimedOutError):
            await attempt()


async def test_serialisation_failure_may_be_repeated(numbers: Database) -> None:
    await numbers.execute("insert into numbers values (1)")

    async def attempt() -> None:
        async with numbers.transaction() as connection:
            await connection.execute("set transaction isolation level repeatable read")
            await connection.execute("select * from numbers")
            await numbers.execute("update numbers set number = 2")
            await connection.execute("update numbers set number = 3")

    with pytest.raises(ConflictError):
        await attempt()


async def test_server_that_is_not_there_is_unreachable() -> None:
    with pytest.raises(UnreachableError):
        await Database.connect(Secret("postgresql://someone:secret@127.0.0.1:1/x"))


@pytest.mark.parametrize(
    ("found", "wrong"), [("/hedgerow?", "/no_such_database?"), ("hedgerow:", "no_such_role:"), (":", ":x")]
)
async def test_wrong_url_refuses_the_start_without_showing_the_password(engines: Any, found: str, wrong: str) -> None:
    url = engines.database_url.reveal()
    scheme, rest = url.split("://")
    with pytest.raises(SetupError) as caught:
        await Database.connect(Secret(f"{scheme}://{rest.replace(found, wrong, 1)}"))
    assert "HEDGEROW_DATABASE_URL" in str(caught.value)
    assert url.split(":")[2].split("@")[0] not in str(caught.value)


@pytest.mark.parametrize("text", ["mysql://x:hidden@y/z", "nonsense"])
async def test_what_is_no_url_refuses_the_start(text: str) -> None:
    with pytest.raises(SetupError, match="not the URL of a PostgreSQL database"):
        await Database.connect(Secret(text))


async def test_closed_database_is_unreachable(database_url: Secret) -> None:
    database = await Database.connect(database_url, size=1)
    await database.close()
    with pytest.raises(UnreachableError):
        await database.fetchval("select 1")


# --- locks ---------------------------------------------------------------------------------------------------


async def test_lock_is_held_by_one_at_a_time_and_released(database: Database) -> None:
    async with database.try_lock("x") as first:
        assert first is not None
        async with database.try_lock("x") as second, database.try_lock("y") as other:
            assert second is None
            assert other is not None
    async with database.try_lock("x") as third:
        assert third is not None


async def test_lock_is_waited_for(database: Database) -> None:
    order: list[str] = []

    async def second() -> None:
        async with database.lock("x"):
            order.append("second")

    async with database.lock("x"):
        waiting = spawn(second(), "second")
        await database.fetchval("select pg_sleep(0.05)")
        order.append("first")
    await waiting
    assert order == ["first", "second"]


async def test_lock_goes_with_its_connection(database: Database, database_url: Secret) -> None:
    async def attempt() -> None:
        async with database.try_lock("x") as connection:
            assert connection is not None
            await cut_connections(database_url)
            await connection.execute("select 1")

    with pytest.raises(OutcomeUnknownError):
        await attempt()
    async with database.try_lock("x") as again:
        assert again is not None


async def test_session_settings_of_a_lock_end_with_it(database_url: Secret) -> None:
    database = await Database.connect(database_url, size=1)
    async with database.try_lock("x") as connection:
        assert connection is not None
        await connection.execute("set synchronous_commit = off")
    assert await database.fetchval("show synchronous_commit") == "on"
    assert await database.fetchval("show lock_timeout") == "10s"
    await database.close()


@given(st.text())
def test_key_of_a_lock_fits_postgresql(name: str) -> None:
    assert -(2**63) <= advisory_key(name) < 2**63
