"""Engines on real folders: first start, warm start, crashes, and every folder that must be refused untouched."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import nats.errors
import pytest
from nats.aio.client import Client
from tests.patience import PATIENCE_S

from hedgerow.bus import launcher
from hedgerow.bus.engines import Engines, engine
from hedgerow.core.config import Settings
from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Secret
from hedgerow.core.tasks import spawn

Eventually = Callable[[Callable[[], bool]], Awaitable[None]]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


async def ask(url: Secret, sql: str) -> Any:
    connection = await asyncpg.connect(url.reveal())
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def copy_folder(source: Path, target: Path) -> None:
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)


def make_read_only(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Modes and bytes of everything below, but for logs and locks."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in sorted(folder.rglob("*"))
        if path.suffix not in (".log", ".lock")
    }


# --- starting and stopping -----------------------------------------------------------------------------------


async def test_first_start_makes_a_database_whose_role_is_no_superuser(tmp_path: Path) -> None:
    async with Engines(Settings(data_dir=tmp_path / "new" / "data")) as engines:
        assert (
            await ask(engines.database_url, "select current_database() || '/' || current_user") == "hedgerow/hedgerow"
        )
        assert not await ask(engines.database_url, "select rolsuper from pg_roles where rolname = current_user")
        assert await ask(engines.database_url, "show data_checksums") == "on"
        assert await ask(engines.database_url, "show server_encoding") == "UTF8"
        assert await ask(engines.database_url, "select lower('ÄÉ') || (select 'Z' < 'a')") == "äétrue"
    assert sorted(path.name for path in (tmp_path / "new" / "data").iterdir() if path.is_dir()) == [
        "nats",
        "postgres",
    ]


async def test_data_outlives_a_stop(settings: Settings) -> None:
    async with Engines(settings) as engines:
        await ask(engines.database_url, "create table kept as select 7 as number")
    async with Engines(settings) as engines:
        assert await ask(engines.database_url, "select number from kept") == 7


async def test_stop_leaves_no_process_and_no_pid_file(settings: Settings, is_running: Callable[[int], bool]) -> None:
    async with Engines(settings) as engines:
        pids = engines.pids
        assert sorted(pids) == ["nats", "postgres"]
    assert not any(is_running(pid) for pid in pids.values())
    assert not (settings.data_dir / "postgres" / "postmaster.pid").exists()


async def test_stop_does_not_wait_for_open_connections(settings: Settings) -> None:
    engines = Engines(settings)
    await engines.start()
    connection = await asyncpg.connect(engines.database_url.reveal())
    await engines.stop()
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await connection.fetchval("select 1")
    connection.terminate()


async def test_secrets_are_readable_by_their_user_alone(settings: Settings) -> None:
    async with Engines(settings):
        folder = settings.data_dir
        secrets = [
            folder / "postgres" / "hedgerow.password",
            folder / "nats" / "password",
            folder / "nats" / "server.conf",
        ]
        assert [path.stat().st_mode & 0o777 for path in secrets] == [0o600] * 3
        assert [(folder / name).stat().st_mode & 0o777 for name in ("postgres", "nats")] == [0o700] * 2


async def test_nats_refuses_who_does_not_know_the_password(settings: Settings) -> None:
    async with Engines(settings) as engines:
        url = engines.nats_url.reveal()
        client = Client()
        with pytest.raises(nats.errors.Error):
            await client.connect(f"nats://{url.rpartition('@')[2]}", allow_reconnect=False, error_cb=ignore)
        await client.close()


async def test_nats_has_jetstream(settings: Settings) -> None:
    async with Engines(settings) as engines:
        client = Client()
        await client.connect(engines.nats_url.reveal(), error_cb=ignore)
        kept = await client.jetstream().create_key_value(bucket="leases")
        assert await kept.put("name", b"value") == 1
        await client.close()


async def test_external_engines_are_not_started(tmp_path: Path) -> None:
    external = Settings(
        data_dir=tmp_path / "data", database_url=Secret("postgresql://there/x"), nats_url=Secret("nats://there")
    )
    async with Engines(external) as engines:
        assert engines.pids == {}
        assert engines.database_url.reveal() == "postgresql://there/x"
    assert not (tmp_path / "data").exists()


async def test_only_what_has_no_url_is_started(tmp_path: Path) -> None:
    async with Engines(Settings(data_dir=tmp_path / "data", database_url=Secret("postgresql://there/x"))) as engines:
        assert list(engines.pids) == ["nats"]


async def test_cancelled_start_leaves_nothing_running(
    settings: Settings, eventually: Eventually, is_running: Callable[[int], bool]
) -> None:
    starting = spawn(Engines(settings).start(), "engines")
    pid_file = settings.data_dir / "postgres" / "postmaster.pid"
    await eventually(lambda: pid_file.exists() and pid_file.read_text() != "")
    pid = int(pid_file.read_text().split()[0])
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not is_running(pid)
    async with Engines(settings):
        pass


@needs_root
async def test_ordinary_user_needs_no_rights(tmp_path: Path, supervise: Callable[..., Any]) -> None:
    folder = tmp_path / "home"
    folder.mkdir()
    shutil.chown(folder, "nobody")
    become_nobody = [
        sys.executable,
        "-I",
        "-S",
        launcher.__file__,
        "--parent",
        str(os.getpid()),
        "--death-signal",
        "15",
    ]
    become_nobody += ["--user", "nobody", "--need", str(folder), "--need", str(Path(sys.executable).resolve()), "--"]
    supervisor = supervise(folder / "data", *become_nobody)
    assert sorted(supervisor.pids) == ["nats", "postgres"]
    assert (folder / "data").stat().st_mode & 0o777 == 0o700


@needs_root
async def test_modes_of_folders_above_are_left_alone(made_once: Path, tmp_path: Path) -> None:
    above = tmp_path / "closed" / "more"
    above.mkdir(parents=True)
    above.parent.chmod(0o700)
    copy_folder(made_once, above / "data")
    async with Engines(Settings(data_dir=above / "data")):
        assert above.parent.stat().st_mode & 0o777 == 0o700


# --- crashes -------------------------------------------------------------------------------------------------


async def test_engines_end_with_a_supervisor_that_is_killed(
    settings: Settings, supervise: Callable[..., Any], eventually: Eventually, is_running: Callable[[int], bool]
) -> None:
    supervisor = supervise(settings.data_dir)
    supervisor.process.kill()
    await eventually(lambda: not any(is_running(pid) for pid in supervisor.pids.values()))


async def test_start_follows_at_once_on_a_killed_supervisor(settings: Settings, supervise: Callable[..., Any]) -> None:
    supervise(settings.data_dir).process.kill()
    async with Engines(settings) as engines:
        assert await ask(engines.database_url, "select 1") == 1


async def test_first_start_that_is_killed_leaves_nothing_half_made(
    tmp_path: Path, supervise: Callable[..., Any], eventually: Eventually
) -> None:
    supervisor = supervise(tmp_path / "data", waits=False)
    await eventually((tmp_path / "data" / "postgres.new" / "data" / "base").exists)
    supervisor.process.kill()
    assert not (tmp_path / "data" / "postgres").exists()
    async with Engines(Settings(data_dir=tmp_path / "data")) as engines:
        assert await ask(engines.database_url, "select 1") == 1
    assert not (tmp_path / "data" / "postgres.new").exists()


@pytest.mark.parametrize("name", ["postgres", "nats"])
async def test_engine_that_dies_is_told_and_comes_back_at_its_url(settings: Settings, name: str) -> None:
    async with Engines(settings) as engines:
        await ask(engines.database_url, "create table kept as select 7 as number")
        before = (engines.database_url, engines.nats_url)
        os.kill(engines.pids[name], signal.SIGKILL)
        async with asyncio.timeout(PATIENCE_S):
            assert await engines.died() == name
        assert name not in engines.pids
        await engines.restart(name)
        assert name in engines.pids
        assert (engines.database_url, engines.nats_url) == before
        assert await ask(engines.database_url, "select number from kept") == 7


@pytest.fixture
def other_program() -> Iterator[int]:
    """The pid of a program of the engines' user that is not PostgreSQL."""
    user = ["--user", "nobody"] if os.geteuid() == 0 else []
    command = [sys.executable, "-I", "-S", launcher.__file__, "--parent", str(os.getpid()), "--death-signal", "15"]
    with subprocess.Popen([*command, *user, "--", "/bin/sleep", "60"]) as process:
        yield process.pid
        process.kill()


async def test_pid_file_whose_number_another_program_has_is_stale(settings: Settings, other_program: int) -> None:
    data = settings.data_dir / "postgres"
    lines = [str(other_program), str(data), "1700000000", "5432", ".", "127.0.0.1", "  1234567  0", "ready   ", ""]
    (data / "postmaster.pid").write_text("\n".join(lines))
    shutil.chown(data / "postmaster.pid", data.stat().st_uid)
    async with Engines(settings) as engines:
        assert await ask(engines.database_url, "select 1") == 1


@pytest.mark.parametrize("text", ["", "nonsense\n", "999999999\n"])
async def test_pid_file_that_makes_no_sense_is_stale(settings: Settings, text: str) -> None:
    data = settings.data_dir / "postgres"
    (data / "postmaster.pid").write_text(text)
    shutil.chown(data / "postmaster.pid", data.stat().st_uid)
    async with Engines(settings) as engines:
        assert await ask(engines.database_url, "select 1") == 1


async def test_sockets_of_a_crash_are_cleared_away(settings: Settings) -> None:
    leftover = settings.data_dir / "postgres" / ".s.PGSQL.5432.lock"
    leftover.write_text(f"{os.getpid()}\n")
    async with Engines(settings):
        assert not leftover.exists()


async def test_port_that_is_taken_meanwhile_is_given_up(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        real, offered = engine.free_port, [taken, taken]
        monkeypatch.setattr(engine, "free_port", lambda: offered.pop() if offered else real())
        async with Engines(settings) as engines:
            assert f":{taken}" not in engines.database_url.reveal() + engines.nats_url.reveal()
    assert not offered


def test_a_port_is_offered_to_one_of_those_who_choose(monkeypatch: pytest.MonkeyPatch) -> None:
    free = engine.free_port()
    monkeypatch.setattr(engine, "_OFFERED", [free])
    with pytest.raises(SetupError, match="is free"):
        engine.free_port()
    choose = f"from hedgerow.bus.engines import engine; engine._OFFERED = [{free}]; engine.free_port()"
    other = subprocess.run([sys.executable, "-c", choose], capture_output=True, text=True, check=False)
    assert f"no port between {free} and {free} is free" in other.stderr


# --- folders that are refused, and left as they are ----------------------------------------------------------


async def refused(settings: Settings) -> SetupError:
    with pytest.raises(SetupError) as caught:
        await Engines(settings).start()
    return caught.value


async def test_folder_in_use_names_the_process_that_holds_it(settings: Settings) -> None:
    async with Engines(settings):
        error = await refused(settings)
    assert error.what == f"the data folder {settings.data_dir} is in use by process {os.getpid()}"


async def test_postgres_that_was_started_by_hand_is_named(settings: Settings) -> None:
    async with Engines(settings) as engines:
        for lock in settings.data_dir.glob("*.lock"):
            lock.unlink()
        error = await refused(settings)
        assert error.what.endswith(f"as process {engines.pids['postgres']}")
        assert await ask(engines.database_url, "select 1") == 1


async def test_data_of_another_major_version_is_left_alone(settings: Settings) -> None:
    (settings.data_dir / "postgres" / "PG_VERSION").write_text("17\n")
    before = contents(settings.data_dir / "postgres")
    error = await refused(settings)
    assert "was made by PostgreSQL 17, and this is PostgreSQL 18" in error.what
    assert contents(settings.data_dir / "postgres") == before


async def test_folder_without_a_database_is_left_alone(settings: Settings) -> None:
    (settings.data_dir / "postgres" / "PG_VERSION").unlink()
    before = contents(settings.data_dir / "postgres")
    error = await refused(settings)
    assert "PG_VERSION is missing" in error.what
    assert contents(settings.data_dir / "postgres") == before


@needs_root
async def test_data_of_another_user_is_left_alone(settings: Settings) -> None:
    before = contents(settings.data_dir / "postgres")
    error = await refused(settings.model_copy(update={"engine_user": "daemon"}))
    assert "belongs to user" in error.what
    assert contents(settings.data_dir / "postgres") == before


async def test_password_that_does_not_fit_is_named(settings: Settings) -> None:
    password = settings.data_dir / "postgres" / "hedgerow.password"
    password.write_text("another")
    assert str(password) in (await refused(settings)).what


async def test_damaged_database_gives_the_servers_own_words(settings: Settings) -> None:
    (settings.data_dir / "postgres" / "global" / "pg_control").write_bytes(b"\0" * 8192)
    error = await refused(settings)
    assert error.what.startswith("PostgreSQL did not start")
    assert "checksum" in error.what or "incompatible" in error.what
    assert "postgres.log" in error.remedy


@needs_root
@pytest.mark.parametrize(("user", "words"), [("no-such-user", "there is no user"), ("root", "does not run as root")])
async def test_user_that_cannot_be_is_named(tmp_path: Path, user: str, words: str) -> None:
    assert words in (await refused(Settings(data_dir=tmp_path / "data", engine_user=user))).what
    assert not (tmp_path / "data").exists()


async def test_missing_programs_are_named(tmp_path: Path) -> None:
    error = await refused(Settings(data_dir=tmp_path / "data", postgres_bin=tmp_path))
    assert str(tmp_path / "initdb") in error.what
    assert "HEDGEROW_POSTGRES_BIN" in error.remedy


async def test_programs_that_do_not_run_give_their_own_words(tmp_path: Path, settings: Settings) -> None:
    for name in ("postgres", "initdb"):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text("#!/bin/sh\necho libexample.so: not found >&2\nexit 127\n")
        program.chmod(0o755)
    error = await refused(settings.model_copy(update={"postgres_bin": tmp_path / "bin"}))
    assert error.what.endswith("does not run on this machine: libexample.so: not found")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 100 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=100m", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("needs root and the right to mount")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(disk: Path, leave: int) -> Path:
    filler = disk / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free - leave)
    return filler


@needs_root
async def test_full_disk_at_the_first_start_leaves_nothing_behind(small_disk: Path) -> None:
    filler = fill(small_disk, 10 << 20)
    error = await refused(Settings(data_dir=small_disk / "data"))
    assert error.remedy.startswith("free space on that disk")
    assert not (small_disk / "data" / "postgres").exists()
    assert not (small_disk / "data" / "postgres.new").exists()
    filler.unlink()
    async with Engines(Settings(data_dir=small_disk / "data")) as engines:
        assert await ask(engines.database_url, "select 1") == 1


@needs_root
async def test_full_disk_at_a_warm_start_keeps_the_data(small_disk: Path, made_once: Path) -> None:
    copy_folder(made_once, small_disk / "data")
    settings = Settings(data_dir=small_disk / "data")
    async with Engines(settings) as engines:
        await ask(engines.database_url, "create table kept as select 7 as number")
    filler = fill(small_disk, 0)
    assert (await refused(settings)).remedy.startswith("free space on that disk")
    filler.unlink()
    async with Engines(settings) as engines:
        assert await ask(engines.database_url, "select number from kept") == 7


@needs_root
async def test_read_only_disk_is_named(small_disk: Path) -> None:
    make_read_only(small_disk)
    error = await refused(Settings(data_dir=small_disk / "data"))
    assert error.what == f"{small_disk / 'data'} cannot be used: Read-only file system"


async def ignore(_: Exception) -> None:
    """The library's way of telling is not what is tested."""
