"""Data folders for engines of a test's own, and supervisors that can be killed."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hedgerow.bus.engines import Engines
from hedgerow.core.config import Settings


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that was started and stopped once."""
    folder = tmp_path_factory.mktemp("made") / "data"

    async def make() -> None:
        async with Engines(Settings(data_dir=folder)):
            pass

    asyncio.run(make())
    return folder


@pytest.fixture
def settings(made_once: Path, tmp_path: Path) -> Settings:
    """Of a data folder of the test's own, not new."""
    subprocess.run(["cp", "-a", str(made_once), str(tmp_path / "data")], check=True)
    return Settings(data_dir=tmp_path / "data")


@dataclass(frozen=True, slots=True)
class Supervisor:
    """A process that runs the engines of a folder until it is killed."""

    process: subprocess.Popen[str]
    pids: dict[str, int]


_SUPERVISE = """import asyncio, json, sys
from pathlib import Path
from hedgerow.bus.engines import Engines
from hedgerow.core.config import Settings

async def main():
    async with Engines(Settings(data_dir=Path(sys.argv[1]))) as engines:
        print(json.dumps(engines.pids), flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def supervise() -> Iterator[Callable[..., Supervisor]]:
    """Starts a supervisor on a folder; command: what stands before Python; waits: until the engines answer."""
    started: list[subprocess.Popen[str]] = []

    def start(folder: Path, *command: str, waits: bool = True) -> Supervisor:
        arguments = [*command, sys.executable, "-c", _SUPERVISE, str(folder)]
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env={**os.environ})
        started.append(process)
        assert process.stdout
        return Supervisor(process, json.loads(process.stdout.readline()) if waits else {})

    yield start
    for process in started:
        process.kill()
        process.communicate()
