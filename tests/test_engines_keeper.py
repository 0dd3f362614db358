"""The test run's own engines leave nothing behind, however the run ends."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

Eventually = Callable[[Callable[[], bool]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Run:
    """A stand-in for a test run's first process, and the keeper of its engines."""

    owner: subprocess.Popen[bytes]
    keeper: subprocess.Popen[bytes]
    folder: Path


@pytest.fixture
def run() -> Iterator[Run]:
    folder = Path(tempfile.mkdtemp(prefix="hedgerow-tests-"))
    with subprocess.Popen(["/bin/sleep", "60"]) as owner:
        keeper_file = Path(__file__).with_name("engines_keeper.py")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HEDGEROW_")}
        command = [sys.executable, str(keeper_file), str(owner.pid), str(folder)]
        with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as keeper:
            yield Run(owner, keeper, folder)
            keeper.kill()
        owner.kill()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("who", ["owner", "keeper"])
async def test_engines_end_with_whoever_is_killed(
    run: Run, who: str, eventually: Eventually, is_running: Callable[[int], bool]
) -> None:
    await eventually((run.folder / "ready.json").exists)
    pids = json.loads((run.folder / "ready.json").read_text())["pids"].values()
    assert all(is_running(pid) for pid in pids)
    getattr(run, who).kill()
    await eventually(lambda: not any(is_running(pid) for pid in pids))
    if who == "owner":
        await eventually(lambda: not run.folder.exists())
