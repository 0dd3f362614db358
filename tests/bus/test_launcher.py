"""The launcher: what becomes of rights, capabilities and orphans."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from tests.patience import PATIENCE_S

from hedgerow.bus import launcher

READ_SEARCH = 1 << 2
OVERRIDE = 1 << 1
PR_CAPBSET_DROP = 24

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to drop")


def launch(
    *arguments: str, parent: int | None = None, without: tuple[int, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Runs the launcher; without: capabilities that its bounding set lacks, as in a container."""
    libc = ctypes.CDLL(None)

    def drop() -> None:
        for capability in without:
            libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)

    command = [sys.executable, "-I", "-S", launcher.__file__, "--parent", str(parent or os.getpid())]
    return subprocess.run(
        [*command, "--death-signal", str(int(signal.SIGTERM)), *arguments],
        preexec_fn=drop if without else None,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def status_of(output: str) -> dict[str, str]:
    return dict(line.split(":\t", 1) for line in output.splitlines() if ":\t" in line)


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """A folder that the user owns, below one that only root may enter."""
    folder = tmp_path / "closed" / "inside"
    folder.mkdir(parents=True)
    folder.parent.chmod(0o700)
    return folder


@pytest.fixture
def parent_and_child() -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process and the pid of what it has launched."""
    code = f"""import os, subprocess, sys
command = [sys.executable, "-I", "-S", {launcher.__file__!r}, "--parent", str(os.getpid()), "--death-signal", "15"]
child = subprocess.Popen([*command, "--", "/bin/sleep", "60"])
while os.readlink(f"/proc/{{child.pid}}/exe") == os.path.realpath(sys.executable):
    pass
print(child.pid, flush=True)
child.wait()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        yield parent, int(parent.stdout.readline())
        parent.kill()


async def test_program_ends_when_its_parent_is_killed(
    parent_and_child: tuple[subprocess.Popen[str], int],
    eventually: Callable[[Callable[[], bool]], Awaitable[None]],
    is_running: Callable[[int], bool],
) -> None:
    parent, child = parent_and_child
    parent.kill()
    await eventually(lambda: not is_running(child))


def test_program_is_not_started_when_its_parent_is_gone_already() -> None:
    done = launch("--", "/bin/true", parent=1)
    assert done.returncode == launcher.EXIT_CODE
    assert done.stderr == "launcher: the parent process 1 is gone\n"


def test_program_that_is_missing_is_named() -> None:
    done = launch("--", "/no/such/program")
    assert done.stderr == "launcher: /no/such/program cannot be executed: No such file or directory\n"


@needs_root
def test_reachable_paths_leave_no_capability() -> None:
    done = launch("--user", "nobody", "--need", "/", "--", "/bin/cat", "/proc/self/status")
    status = status_of(done.stdout)
    assert status["Uid"].split() == ["65534"] * 4
    assert "0" not in status["Groups"].split()
    assert {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {0}


@needs_root
def test_closed_folder_leaves_the_right_to_search_and_nothing_else(closed: Path) -> None:
    done = launch("--user", "nobody", "--need", str(closed), "--", "/bin/cat", "/proc/self/status")
    status = status_of(done.stdout)
    assert {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {READ_SEARCH}
    assert closed.parent.stat().st_mode & 0o777 == 0o700


@needs_root
def test_container_without_the_right_to_search_gets_the_other(closed: Path) -> None:
    done = launch("--user", "nobody", "--need", str(closed), "--", "/bin/cat", "/proc/self/status", without=(2,))
    assert int(status_of(done.stdout)["CapPrm"], 16) == OVERRIDE


@needs_root
def test_program_that_only_root_may_execute_gets_the_stronger_right(closed: Path) -> None:
    program = closed / "cat"
    shutil.copy("/bin/cat", program)
    program.chmod(0o700)
    done = launch("--user", "nobody", "--", str(program), "/proc/self/status")
    assert int(status_of(done.stdout)["CapPrm"], 16) == OVERRIDE


@needs_root
def test_folder_that_no_right_opens_is_named(closed: Path) -> None:
    done = launch("--user", "nobody", "--need", str(closed), "--", "/bin/true", without=(1, 2))
    # pytest's own folder above it is closed already; the first closed one is what has to be opened.
    named = next(part for part in (*reversed(closed.parents), closed) if part.stat().st_mode & 0o001 == 0)
    assert done.returncode == launcher.EXIT_CODE
    assert done.stderr.startswith(f"launcher: user nobody cannot reach {named}, ")


@needs_root
def test_unknown_user_is_named() -> None:
    assert launch("--user", "no-such-user", "--", "/bin/true").stderr == "launcher: there is no user no-such-user\n"
