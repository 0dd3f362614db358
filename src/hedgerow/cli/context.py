"""What operator commands work on: the settings, the database that is running or started for them, the vault."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import click
import msgspec

from hedgerow.bus.subjects import SETTINGS_CHANGED
from hedgerow.cli.running import run, settings_of
from hedgerow.core.clock import Clock, SystemClock
from hedgerow.core.config import Settings, read_master_key, vault_of_settings
from hedgerow.core.files import write_whole
from hedgerow.core.observe import configure_logs
from hedgerow.core.secrets import Secret, Vault, new_master_key
from hedgerow.mm.operations import ACTOR, Operations
from hedgerow.mm.switches import Switches
from hedgerow.operating.office import Office
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.database import Database, StorageError, connect_once
from hedgerow.storage.migrate import migrate
from hedgerow.storage.terms import Terms

MASTER_KEY_FILE = "master.key"
"""In the data folder, mode 0600, where no setting names another."""
RUN_FILE = "run.json"
"""In the data folder while `hedgerow up` runs, mode 0600: where its engines answer."""

_TELL_S = 3.0

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Operator:
    """The operator's side of a deployment."""

    settings: Settings
    database: Database
    accounts: Accounts
    switches: Switches
    operations: Operations
    terms: Terms
    clock: Clock
    database_url: Secret
    nats_url: Secret
    is_running: bool
    """Whether services may be running beside us."""
    sim_url: str | None
    """Of the simulated world that the deployment is in, while it runs."""

    @property
    def office(self) -> Office:
        """What is changed there."""
        return Office(self.database, self.clock, self.tell_services, ACTOR)

    async def tell_services(self, client: str = "") -> None:
        """Tells running services that settings have changed, of one client or of all. One that is not reached reads
        them at its next start."""
        if not self.is_running:
            return
        from hedgerow.bus.nats import Bus, BusError  # takes longer to import than all the rest of a command

        try:
            bus = await Bus.connect(self.nats_url, "cli", timeout_s=_TELL_S)
        except BusError as error:
            click.echo(f"note: running services were not told ({error})", err=True)
            return
        try:
            await bus.deliver([(SETTINGS_CHANGED, client.encode())])
        finally:
            await bus.close()


def data_dir_option(command: Callable[P, T]) -> Callable[P, T]:
    """`--data-dir`, the same on every command."""
    option = click.option(
        "--data-dir",
        type=click.Path(file_okay=False, path_type=Path),
        help="Folder of the embedded engines (default .hedgerow, or HEDGEROW_DATA_DIR).",
    )
    return option(command)


def vault_of(settings: Settings) -> Vault:
    """The vault. Without a key in the settings: that of the data folder, made (mode 0600) when it is first needed."""
    if not has_master_key(settings):
        path = settings.data_dir / MASTER_KEY_FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, new_master_key())
    return vault_of_settings(with_key_file(settings))


def with_key_file(settings: Settings) -> Settings:
    """The settings, with the data folder's master key where they name none."""
    if settings.master_key is not None or settings.master_key_file is not None:
        return settings
    return settings.model_copy(update={"master_key_file": settings.data_dir / MASTER_KEY_FILE})


def has_master_key(settings: Settings) -> bool:
    """Whether the settings or the data folder have a key already. Raises SetupError for one that cannot be read."""
    return read_master_key(settings) is not None or (settings.data_dir / MASTER_KEY_FILE).exists()


class RunFile(msgspec.Struct, frozen=True):
    """The content of `RUN_FILE`."""

    database_url: str
    nats_url: str
    sim_url: str | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """Where the engines of a deployment answer."""

    database_url: Secret
    nats_url: Secret
    sim_url: str | None = None
    """Of the simulated world's script API, where the deployment is in one."""
    were_running: bool = True
    """False: they were started for this command."""


@asynccontextmanager
async def running_engines(settings: Settings) -> AsyncIterator[Running]:
    """The external engines, the embedded ones that run, or the embedded ones started for the length of the block."""
    found = found_running(settings)
    if found is not None and await answers(found.database_url):
        yield found
        return
    from hedgerow.bus.engines import Engines

    async with Engines(settings) as engines:
        yield Running(engines.database_url, engines.nats_url, were_running=False)


async def answers(database_url: Secret) -> bool:
    """Whether the database takes connections."""
    try:
        connection = await connect_once(database_url)
    except (StorageError, OSError):
        return False
    await connection.close()
    return True


def found_running(settings: Settings) -> Running | None:
    """Where engines are that may be running: those that settings name, or that `hedgerow up` told of."""
    told = _told(settings)
    sim_url = told.sim_url if told else None
    if settings.database_url and settings.nats_url:
        return Running(settings.database_url, settings.nats_url, sim_url)
    return Running(Secret(told.database_url), Secret(told.nats_url), sim_url) if told else None


def _told(settings: Settings) -> RunFile | None:
    """What `hedgerow up` says of itself; None when it does not run."""
    try:
        return msgspec.json.decode((settings.data_dir / RUN_FILE).read_bytes(), type=RunFile)
    except (OSError, msgspec.DecodeError):
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
            yield Operator(
                settings,
                database,
                Accounts(database, clock),
                Switches(database, clock),
                Operations(database, clock),
                Terms(database, clock),
                clock,
                engines.database_url,
                engines.nats_url,
                engines.were_running,
                engines.sim_url,
            )
        finally:
            await database.close()


def asynchronous(command: Callable[P, Awaitable[T]]) -> Callable[P, T]:
    """A click command may be a coroutine."""

    @wraps(command)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        async def main() -> T:
            return await command(*args, **kwargs)

        return run(main())

    return wrapper
