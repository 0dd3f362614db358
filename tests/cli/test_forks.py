"""Services forked at the start of a deployment: they are what they would be if each had been started by itself."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
from tests.patience import PATIENCE_S

from hedgerow.bus import launcher
from hedgerow.bus.engines.child import Child, Program
from hedgerow.bus.engines.engine import free_port
from hedgerow.cli.forks import Forks
from hedgerow.cli.forkserver import SIZE, Order

REFUSED = 2

Eventually = Callable[[Callable[[], bool]], Awaitable[None]]


def program(folder: Path, **environment: str) -> Program:
    """What is forked is told by arguments of `hedgerow`, not by a command."""
    return Program([], folder / "service.log", signal.SIGTERM, environment=environment, folder=folder)


@pytest.fixture
async def forks(tmp_path: Path) -> AsyncIterator[Forks]:
    server = Forks(tmp_path / "forkserver.log", dict(os.environ), [])
    await server.start()
    yield server
    await server.stop()


async def forked(forks: Forks, program: Program, *arguments: str) -> Child:
    child = await forks.fork(program, list(arguments))
    assert child is not None, "the fork server is gone"
    return child


async def ended(child: Child) -> int:
    return await asyncio.wait_for(child.ended, PATIENCE_S)


async def test_forked_service_has_its_own_settings_log_and_exit_code(forks: Forks, tmp_path: Path) -> None:
    (tmp_path / "service.log").write_text("of an earlier run\n")
    child = await forked(forks, program(tmp_path), "serve", "operator")
    assert await ended(child) == REFUSED
    [line] = child.log_lines()
    assert line.startswith("hedgerow: the operator API needs HEDGEROW_DATABASE_URL")

    child = await forked(forks, program(tmp_path, HEDGEROW_WHAT="x"), "serve", "operator")
    assert await ended(child) == REFUSED
    [line] = child.log_lines()
    assert "HEDGEROW_WHAT" in line


async def test_forked_service_is_a_child_of_the_supervisor_and_outlives_the_server(
    forks: Forks, tmp_path: Path, eventually: Eventually
) -> None:
    child = await forked(forks, program(tmp_path), "serve", "sim", "--port", str(free_port()))
    await forks.stop()
    assert await forks.fork(program(tmp_path), ["serve", "operator"]) is None

    process = Path("/proc", str(child.pid))
    await eventually(lambda: b"\0serve\0sim\0--port\0" in (process / "cmdline").read_bytes())
    told = (process / "stat").read_text().rpartition(")")[2].split()
    parent, session = int(told[1]), int(told[3])
    assert (parent, session) == (os.getpid(), child.pid)
    assert (process / "cwd").readlink() == tmp_path
    assert not child.ended.done()
    await child.stop()
    assert child.ended.result() == -signal.SIGKILL


async def test_server_that_died_forks_nothing(forks: Forks, tmp_path: Path) -> None:
    assert forks._server is not None
    await forks._server.stop()
    assert await forks.fork(program(tmp_path), ["serve", "operator"]) is None


def test_process_that_the_supervisor_does_not_know_ends(tmp_path: Path) -> None:
    launcher.adopt_orphans(do=True)
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-m", "hedgerow.cli.forkserver", str(theirs.fileno()), str(os.getpid()), "", "-"]
    server = subprocess.Popen(command, pass_fds=[theirs.fileno()])
    theirs.close()
    try:
        ours.settimeout(PATIENCE_S)
        order = msgspec.json.encode(Order(["serve", "operator"], {}, str(tmp_path / "service.log"), str(tmp_path)))
        ours.sendall(len(order).to_bytes(SIZE) + order)
        pid = int.from_bytes(ours.recv(SIZE))
        ours.close()
        assert os.waitpid(pid, 0) == (pid, 0)
        assert not (tmp_path / "service.log").exists()
        assert server.wait(PATIENCE_S) == 0
    finally:
        server.kill()
        ours.close()
        launcher.adopt_orphans(do=False)
