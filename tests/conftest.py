"""What all tests share: recorded data, one PostgreSQL and one NATS, and that nothing is skipped silently."""

from __future__ import annotations

import asyncio
import fcntl
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog
from asyncpg import Connection, InsufficientPrivilegeError
from hypothesis import HealthCheck, settings
from tests.node import NO_NODE
from tests.patience import PATIENCE_S

from hedgerow.bus.nats import Bus
from hedgerow.core.secrets import Secret
from hedgerow.storage.database import Database, connect_once

# Machines are shared: no test may fail for being slow.
settings.register_profile("shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared machine")

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("SHARED_FOLDER", ROOT.parent / "shared"))
_MISSING = "recorded data is missing"
"""Why a test did not run; the end of the run tells how many."""

# How the run's processes find its engines: set by the first of them, inherited by the workers.
_RUN_FOLDER = "TEST_ENGINES_FOLDER"
_RUN_OWNER = "TEST_ENGINES_OWNER"
_KEEPER = Path(__file__).with_name("engines_keeper.py")
_TEMPLATE = "hedgerow_template"
_MEMORY_BYTES = 4 * 1024**3
_START_S = 60.0
_STOP_S = 10.0


@pytest.fixture(scope="session", autouse=True)
def loggers_are_made_anew() -> Iterator[None]:
    """A logger that a module kept while a test had configured logs would tell later tests nothing."""
    configure = structlog.configure
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structlog, "configure", lambda **how: configure(**{**how, "cache_logger_on_first_use": False}))
        yield


@pytest.fixture(autouse=True)
def logs_are_put_back() -> Iterator[None]:
    """Commands configure them, also those that a test runs in its own process."""
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    logging.root.handlers[:], logging.root.level = handlers, level


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """The path of a file or folder of recorded data; the test is skipped, loudly, where it is not there."""

    def path(relative: str) -> Path:
        found = SHARED / relative
        if not found.exists():
            pytest.skip(f"{_MISSING}: {relative} (SHARED_FOLDER names its place)")
        return found

    return path


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], Awaitable[None]]:
    """Waits for a condition: a test that has to wait waits for what it claims."""

    async def wait(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():  # noqa: ASYNC110 - of whatever kind the condition is
                await asyncio.sleep(0.002)

    return wait


@pytest.fixture
def is_running() -> Callable[[int], bool]:
    """Whether a process still runs; one that nobody has buried yet does not."""

    def look(pid: int) -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except (FileNotFoundError, ProcessLookupError):  # the latter where it ends between opening and reading
            return False

    return look


@dataclass(frozen=True, slots=True)
class RunEngines:
    """The run's PostgreSQL and NATS, shared by all its workers."""

    database_url: Secret
    nats_url: Secret
    pids: dict[str, int]

    def url_of(self, database: str) -> Secret:
        """Of another database on the same server."""
        return Secret(self.database_url.reveal().replace("/hedgerow?", f"/{database}?"))


@pytest.fixture(scope="session")
def engines() -> RunEngines:
    """Started by the first test of the run that asks."""
    folder = Path(os.environ[_RUN_FOLDER])
    ready, failed = folder / "ready.json", folder / "failed"
    with (folder / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists() and not failed.exists():
            _start_keeper(folder)
            deadline = time.monotonic() + _START_S
            while not ready.exists() and not failed.exists() and time.monotonic() < deadline:
                time.sleep(0.01)
    if not ready.exists():
        raise RuntimeError(f"the engines for the tests did not start:\n{(folder / 'keeper.log').read_text()[-4000:]}")
    found = json.loads(ready.read_text())
    return RunEngines(Secret(found["database_url"]), Secret(found["nats_url"]), found["pids"])


@pytest.fixture
async def database_url(engines: RunEngines) -> AsyncIterator[Secret]:
    """Of a fresh migrated database, the test's own."""
    name = f"test_{uuid.uuid4().hex}"
    server = await connect_once(engines.database_url)
    how = "wal_log" if _memory() is None else "file_copy"  # which syncs files, and that costs nothing in memory
    await server.execute(f"create database {name} template {_TEMPLATE} strategy {how}")
    yield engines.url_of(name)
    await _drop(server, name)
    await server.close()


async def _drop(server: Connection[Any], name: str) -> None:
    """Drops a test's database; the server's own housekeeping there, which nobody may end, is waited for."""
    async with asyncio.timeout(_STOP_S):
        while True:
            try:
                await server.execute(f"drop database {name} with (force)")
            except InsufficientPrivilegeError:
                await asyncio.sleep(0.05)
            else:
                return


@pytest.fixture
async def database(database_url: Secret) -> AsyncIterator[Database]:
    """A pool on a fresh migrated database, the test's own."""
    found = await Database.connect(database_url, size=5)
    yield found
    await found.close()


@pytest.fixture
async def nats(engines: RunEngines) -> AsyncIterator[Bus]:
    """A connection to NATS whose subjects are the test's own."""
    bus = await Bus.connect(engines.nats_url, "test", prefix=f"test-{uuid.uuid4().hex}")
    yield bus
    await bus.close()


def _memory() -> Path | None:
    """Where a thousand databases are made and dropped without a disk's work; None where there is too little of it, or
    no program may run there."""
    folder = Path("/dev/shm")
    if not folder.is_dir() or not os.access(folder, os.W_OK) or os.statvfs(folder).f_flag & os.ST_NOEXEC:
        return None
    return folder if shutil.disk_usage(folder).free > _MEMORY_BYTES else None


def pytest_configure(config: pytest.Config) -> None:
    if not _is_worker(config):
        if (memory := _memory()) is not None:
            os.environ["TMPDIR"] = tempfile.tempdir = str(memory)
        os.environ[_RUN_OWNER] = str(os.getpid())
        os.environ[_RUN_FOLDER] = tempfile.mkdtemp(prefix="hedgerow-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    if _is_worker(config):
        return
    folder = Path(os.environ.pop(_RUN_FOLDER))
    ready = folder / "ready.json"
    if ready.exists():
        os.kill(json.loads(ready.read_text())["pid"], signal.SIGTERM)
        deadline = time.monotonic() + _STOP_S
        while folder.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
    shutil.rmtree(folder, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "engines" in getattr(item, "fixturenames", ()):
            item.add_marker("engines")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    data = f"{SHARED} is not there or not complete. Set SHARED_FOLDER to the folder that has data/ and venues/."
    node = "The documents' JavaScript was not run. Install node 18 or newer, with npm."
    for reason, remedy in ((_MISSING, data), (NO_NODE, node)):
        skipped = [one for one in terminalreporter.stats.get("skipped", []) if reason in str(one.longrepr)]
        if skipped:
            terminalreporter.section(reason.upper(), red=True, bold=True)
            terminalreporter.line(f"{len(skipped)} tests did not run, or not to their end.", red=True)
            terminalreporter.line(remedy, red=True)


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def _start_keeper(folder: Path) -> None:
    """The keeper outlives this worker, and ends with the run's first process."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HEDGEROW_")}
    with (folder / "keeper.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, str(_KEEPER), os.environ[_RUN_OWNER], str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
        )
    process.returncode = 0  # known to be left behind: no warning about it
