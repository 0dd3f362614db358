"""What operator commands work on: the settings, the database that is running or started for them, the vault."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click
import msgspec
import uvloop

from hedgerow.bus.engines import Engines
from hedgerow.cli.files import write_whole
from hedgerow.core.clock import Clock, SystemClock
from hedgerow.core.config import Settings, load_settings, read_master_key
from hedgerow.core.observe import configure_logs
from hedgerow.core.secrets import Secret, Vault, new_master_key
from hedgerow.mm.repository import Repository
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.database import Database, StorageError, connect_once
from hedgerow.storage.migrate import migrate

MASTER_KEY_FILE = "master.key"
"""In the data folder, mode 0600, where no setting names another."""
RUN_FILE = "run.json"
"""In the data folder while `hedgerow up` runs, mode 0600: where its engines answer."""

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Operator:
    """The operator's side of a deployment."""

    settings: Settings
    database: Database
    accounts: Accounts
    repository: Repository
    clock: Clock
    nats_url: Secret


def data_dir_option(command: Callable[P, T]) -> Callable[P, T]:
    """`--data-dir`, the same on every command."""
    option = click.option(
        "--data-dir",
        type=click.Path(file_okay=False, path_type=Path),
        help="Folder of the embedded engines (default .hedgerow, or HEDGEROW_DATA_DIR).",
    )
    return option(command)


def settings_of(data_dir: Path | None) -> Settings:
    """The settings, with the folder that the command line names."""
    return load_settings(**({"data_dir": data_dir} if data_dir else {}))


def vault_of(settings: Settings) -> Vault:
    """The vault. Without a key in the settings: that of the data folder, made (mode 0600) when it is first needed."""
    key = read_master_key(settings)
    if key is None:
        path = settings.data_dir / MASTER_KEY_FILE
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, new_master_key())
        key = Secret(path.read_text().strip())
    return Vault(key)


@dataclass(frozen=True, slots=True)
class Running:
    """Where the engines of a deployment answer."""

    database_url: Secret
    nats_url: Secret


@asynccontextmanager
async def running_engines(settings: Settings) -> AsyncIterator[Running]:
    """The external engines, the embedded ones that run, or the embedded ones started for the length of the block."""
    found = _running(settings)
    if found is not None and await answers(found.database_url):
        yield found
        return
    async with Engines(settings) as engines:
        yield Running(engines.database_url, engines.nats_url)


async def answers(database_url: Secret) -> bool:
    """Whether the database takes connections."""
    try:
        connection = await connect_once(database_url)
    except (StorageError, OSError):
        return False
    await connection.close()
    return True


def _running(settings: Settings) -> Running | None:
    if settings.database_url and settings.nats_url:
        return Running(settings.database_url, settings.nats_url)
    try:
        told = msgspec.json.decode((settings.data_dir / RUN_FILE).read_bytes(), type=dict[str, str])
        return Running(Secret(told["database_url"]), Secret(told["nats_url"]))
    except (OSError, msgspec.DecodeError, KeyError):
        return None


@asynccontextmanager
async def operator(data_dir: Path | None) -> AsyncIterator[Operator]:
    """Connects to the deployment's database and brings its schema up to date."""
    settings = settings_of(data_dir)
    configure_logs("cli", "warning", readable=True)
    async with running_engines(settings) as engines:
        await migrate(engines.database_url)
        database = await Database.connect(engines.database_url, size=2)
        try:
            clock = SystemClock()
            accounts, repository = Accounts(database, clock), Repository(database, clock)
            yield Operator(settings, database, accounts, repository, clock, engines.nats_url)
        finally:
            await database.close()


def run(main: Coroutine[Any, Any, T]) -> T:
    """Runs a command's coroutine on the product's event loop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


def asynchronous(command: Callable[P, Awaitable[T]]) -> Callable[P, T]:
    """A click command may be a coroutine."""

    @wraps(command)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        async def main() -> T:
            return await command(*args, **kwargs)

        return run(main())

    return wrapper
