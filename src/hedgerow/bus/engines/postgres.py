"""The embedded PostgreSQL: made once, checked at every start, never left half-made.

The folder `postgres` is a plain PostgreSQL data directory, with the password of its roles beside its own files. Every
setting that matters is given on the command line, so that an edited file in the folder cannot loosen it.
Sources: PostgreSQL documentation, chapters 18.3 (starting), 18.5 (shutting down), 19 (settings), app-initdb,
app-postgres (single-user mode).
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import asyncpg

from hedgerow.bus.engines.child import Program, start_child
from hedgerow.bus.engines.engine import Engine
from hedgerow.bus.engines.folder import DataFolder, new_password
from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Secret

ROLE = "hedgerow"
"""Owns the database of the same name, and is no superuser."""

_PASSWORD_FILE = "hedgerow.password"  # noqa: S105
_MAKE_S = 120.0
_CONNECT_S = 5.0
_VERSION_S = 10.0

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    # Relative to the data directory, so that no depth of folders exceeds the 107 bytes of a socket's path.
    "unix_socket_directories": ".",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "logging_collector": "off",
    "log_destination": "stderr",
    "log_checkpoints": "off",
    "log_parameter_max_length_on_error": "0",
}

_INITDB = ("-A", "scram-sha-256", "-E", "UTF8", "--data-checksums", "--no-instructions")
# PostgreSQL's own locale, from the version that has it: the same order on every machine, whatever its libc.
_OWN_LOCALE_SINCE = 17
_OWN_LOCALE = ("--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8")
_LIBC_LOCALE = ("--locale", "C.UTF-8")


class Postgres(Engine):
    """PostgreSQL of the wheel, or of a folder that a setting names."""

    name = "postgres"
    title = "PostgreSQL"
    # Fast: sessions are cut and what is committed is written. Immediate: the next start recovers from the log.
    stops_by = ((signal.SIGINT, 15.0), (signal.SIGQUIT, 3.0))
    telling = ("FATAL:", "PANIC:", "error:")
    passing = ("could not create any TCP/IP sockets", "is still in use")

    def __init__(self, folder: DataFolder, binaries: Path) -> None:
        """binaries: the folder of `postgres` and `initdb`."""
        super().__init__(folder)
        self._binaries = binaries
        self._password = ""

    @property
    def url(self) -> Secret:
        return Secret(f"postgresql://{ROLE}:{self._password}@127.0.0.1:{self.port}/{ROLE}?sslmode=disable")

    async def prepare(self) -> None:
        if not self.data.exists():
            await self._make()
        self._check()
        self._clear_leftovers()

    def program(self, port: int) -> Program:
        settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        command = [str(self._binaries / "postgres"), "-D", str(self.data), "-p", str(port), *settings]
        return self._program(command, self.data, signal.SIGINT)

    async def answers(self) -> bool | SetupError:
        try:
            connection = await asyncpg.connect(self.url.reveal(), timeout=_CONNECT_S)
        except asyncpg.InvalidPasswordError:
            return SetupError(
                f"{self.data / _PASSWORD_FILE} is not the password of the role {ROLE}",
                "restore the file, or give the role that password as user postgres",
            )
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        await connection.close()
        return True

    # --- making ----------------------------------------------------------------------------------------------

    async def _make(self) -> None:
        """A new data directory, complete or not there: it is made beside its place and renamed at the end."""
        staging = self.data.with_name("postgres.new")
        shutil.rmtree(staging, ignore_errors=True)
        try:
            staging.mkdir(mode=0o700)
            self.folder.own(staging)
            fresh, password = staging / "data", new_password()
            self.folder.write_private(staging / _PASSWORD_FILE, password)
            locale = _OWN_LOCALE if self._major() >= _OWN_LOCALE_SINCE else _LIBC_LOCALE
            who = ["-U", "postgres", "--pwfile", str(staging / _PASSWORD_FILE)]
            await self._run(["initdb", "-D", str(fresh), *who, *_INITDB, *locale], staging)
            # The service's role is no superuser: what reaches SQL by mistake cannot reach the machine.
            await self._run(
                ["postgres", "--single", "-D", str(fresh), "postgres"],
                staging,
                f"create role {ROLE} login createdb password '{password}'\n"
                f"create database {ROLE} owner {ROLE}\n".encode(),
            )
            (staging / _PASSWORD_FILE).replace(fresh / _PASSWORD_FILE)
            fresh.rename(self.data)
            _sync_folder(self.folder.path)
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    async def _run(self, command: list[str], folder: Path, says: bytes = b"") -> None:
        program = [str(self._binaries / command[0]), *command[1:]]
        child = start_child(self._program(program, folder, signal.SIGTERM), says=says)
        try:
            await asyncio.wait({child.ended}, timeout=_MAKE_S)
            if not child.ended.done():
                raise self.not_started(f"{command[0]} did not end within {_MAKE_S:.0f} s")
            # Single-user mode ends with code 0 whatever its statements said.
            lines = child.log_lines()
            if child.ended.result() != 0 or any("ERROR:" in line for line in lines):
                raise self.not_started(self.refusal(child))
        finally:
            await child.stop((signal.SIGTERM, 2.0))

    def _program(self, command: list[str], needs: Path, death_signal: signal.Signals) -> Program:
        return Program(command, self.log, death_signal, self.folder.user, (needs,), (self.folder.engines_lock,))

    # --- checking --------------------------------------------------------------------------------------------

    def _check(self) -> None:
        """Refuses a folder that this server must not touch."""
        try:
            made_by = (self.data / "PG_VERSION").read_text().strip()
            self._password = (self.data / _PASSWORD_FILE).read_text()
        except FileNotFoundError as error:
            raise SetupError(
                f"{self.data} holds no database of ours: {error.filename} is missing",
                "move the folder away, or restore it from a backup",
            ) from None
        owner = self.data.stat().st_uid
        if owner != self.folder.uid:
            raise SetupError(
                f"{self.data} belongs to user {owner}, and PostgreSQL would run as user {self.folder.uid}",
                "start as the user who made it, or name the engines' user by HEDGEROW_ENGINE_USER",
            )
        if made_by != str(major := self._major()):
            raise SetupError(
                f"{self.data} was made by PostgreSQL {made_by}, and this is PostgreSQL {major}",
                f"name PostgreSQL {made_by}'s programs by HEDGEROW_POSTGRES_BIN, or move the data with its pg_dump",
            )

    def _major(self) -> int:
        """This server's major version."""
        command = [str(self._binaries / "postgres"), "--version"]
        asked = subprocess.run(command, capture_output=True, text=True, timeout=_VERSION_S, check=False)
        version = re.search(r"\(PostgreSQL\) (\d+)", asked.stdout)
        if version is None:
            raise SetupError(
                f"{command[0]} does not run on this machine: {asked.stderr.strip() or 'it says no version'}",
                "name other programs by HEDGEROW_POSTGRES_BIN, or an external server by HEDGEROW_DATABASE_URL",
            )
        return int(version[1])

    def _clear_leftovers(self) -> None:
        """Removes what a crash leaves and a later start would trip over; the folder's lock is ours.

        A pid file whose number belongs to another program by now would stop PostgreSQL for ever. It takes its
        parent's number, ours, for stale, and still checks the old shared memory, as it would not without the file.
        """
        pid_file = self.data / "postmaster.pid"
        lines = pid_file.read_text().splitlines() if pid_file.exists() else []
        if lines and _is_postgres(lines[0], self.data):
            raise SetupError(f"PostgreSQL already runs on {self.data}, as process {lines[0]}", "stop it")
        if lines:
            with pid_file.open("r+") as file:
                file.write("\n".join([str(os.getpid()), *lines[1:], ""]))
                file.truncate()
        else:
            pid_file.unlink(missing_ok=True)
        for socket_file in self.data.glob(".s.PGSQL.*"):
            socket_file.unlink()


def _is_postgres(pid: str, data: Path) -> bool:
    """Whether the process is a PostgreSQL server on this folder (it works in it)."""
    process = Path("/proc", pid)
    try:
        return (process / "exe").readlink().name == "postgres" and (process / "cwd").readlink() == data.resolve()
    except OSError:
        return False  # gone, or of another user than the folder's


def _sync_folder(path: Path) -> None:
    """A rename is on the disk only when its folder is. Source: fsync(2)."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
