"""A whole deployment as `hedgerow up --sim` starts it, for benches that look at it from outside."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from hedgerow.core.errors import SetupError

_LOOK_EVERY_S = 0.005
_READY_WITHIN_S = 120.0
_STOPS_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Deployment:
    """pids: by the name of the process. ready_s: from the start of its first process until everything answered."""

    pids: Mapping[str, int]
    ready_s: float


@contextmanager
def simulated(data_dir: Path) -> Iterator[Deployment]:
    """A simulated deployment on free ports, until the end of the block. Raises SetupError when it does not start."""
    told = data_dir / "ready.json"
    told.unlink(missing_ok=True)
    started = time.perf_counter()
    options = ["--sim", "--port-base", "0", "--data-dir", str(data_dir), "--ready-file", str(told)]
    command = [sys.executable, "-m", "hedgerow", "up", *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        ready = _ready(process, told, started)
        yield Deployment(ready["processes"] | {"up": process.pid}, time.perf_counter() - started)
    finally:
        process.terminate()
        try:
            process.wait(_STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ready(process: subprocess.Popen[bytes], told: Path, started: float) -> dict[str, dict[str, int]]:
    while process.poll() is None and time.perf_counter() - started < _READY_WITHIN_S:
        try:
            return msgspec.json.decode(told.read_bytes(), type=dict)
        except (FileNotFoundError, msgspec.DecodeError):
            time.sleep(_LOOK_EVERY_S)
    raise SetupError("the simulated deployment did not start", "run `hedgerow up --sim` and read what it says")
