"""The command line as its users run it: a process of its own, with a stand-in for the market-making service."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hedgerow.core.secrets import Secret

from . import forked

FAKE_MM = Path(__file__).with_name("fake_mm")
_PATIENCE_S = 90.0
_LONG = frozenset({"up", "demo", "serve", "agent", "replay"})
"""Commands that are started as an operator does, from nothing."""

Cli = Callable[..., "subprocess.CompletedProcess[str]"]


def environment(**given: str) -> dict[str, str]:
    """Of a command: ours without settings, with the stand-in on its path."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("HEDGEROW_")}
    path = os.pathsep.join([str(FAKE_MM), *filter(None, [ours.get("PYTHONPATH")])])
    return {**ours, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **given}


def _command(arguments: tuple[str | Path, ...]) -> list[str]:
    return [sys.executable, "-m", "hedgerow", *map(str, arguments)]


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """Runs a command to its end; settings are given by name."""

    def call(*arguments: str | Path, says: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
        if arguments[0] not in _LONG:
            return forked.run(
                [str(argument) for argument in arguments],
                says=says,
                environment=environment(**settings),
                folder=tmp_path,
                patience_s=_PATIENCE_S,
            )
        return subprocess.run(
            _command(arguments),
            input=says,
            capture_output=True,
            text=True,
            env=environment(**settings),
            cwd=tmp_path,
            timeout=_PATIENCE_S,
            check=False,
        )

    return call


@dataclass(frozen=True, slots=True)
class Up:
    """A deployment that `hedgerow up` or `demo` runs."""

    process: subprocess.Popen[str]
    ready_file: Path

    @property
    def told(self) -> dict[str, Any]:
        """The ready file's content."""
        found: dict[str, Any] = json.loads(self.ready_file.read_text())
        return found

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=_PATIENCE_S)


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Callable[..., Up]]:
    """Starts `hedgerow up` on a folder and waits until it is ready."""
    started: list[subprocess.Popen[str]] = []

    def start(folder: Path, *options: str, **settings: str) -> Up:
        ready_file = tmp_path / f"ready-{len(started)}.json"
        arguments = ("up", "--data-dir", folder, "--ready-file", ready_file, *options)
        process = subprocess.Popen(
            _command(arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment(**settings),
            cwd=tmp_path,
        )
        started.append(process)
        deadline = time.monotonic() + _PATIENCE_S
        while not ready_file.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                pytest.fail(f"up did not become ready:\n{process.communicate()[0]}")
            time.sleep(0.02)
        return Up(process, ready_file)

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def external(engines: Any, database_url: Secret, tmp_path: Path) -> dict[str, str]:
    """Settings of a deployment whose engines run elsewhere."""
    return {
        "HEDGEROW_DATABASE_URL": database_url.reveal(),
        "HEDGEROW_NATS_URL": engines.nats_url.reveal(),
        "HEDGEROW_DATA_DIR": str(tmp_path / "data"),
    }


@pytest.fixture
def operate(cli: Cli, external: dict[str, str]) -> Callable[..., str]:
    """Runs a command on the test's own database; it must work. Answers what it prints."""

    def call(*arguments: str) -> str:
        done = cli(*arguments, **external)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return call


@pytest.fixture
def refuse(cli: Cli, external: dict[str, str]) -> Callable[..., str]:
    """Runs a command on the test's own database that must refuse its input; answers the one line that it says."""

    def call(*arguments: str) -> str:
        done = cli(*arguments, **external)
        assert (done.returncode, done.stdout) == (1, ""), done
        assert done.stderr.startswith("hedgerow: ")
        assert done.stderr.count("\n") == 1
        return done.stderr

    return call
