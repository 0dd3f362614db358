"""One child process: started through the launcher, its output kept, its end noticed at once.

One that another program forked for us (`cli.forks`) is watched in the same way.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from hedgerow.bus import launcher

_LARGEST_LOG = 10 * 1024 * 1024
_TAIL = 16 * 1024

# The engines' own words are read from their logs, so they speak English whatever the user's language is; and nothing
# of this process's environment (it may hold secrets) reaches them.
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True, slots=True)
class Program:
    """What is run, and as whom."""

    command: Sequence[str]
    log: Path
    death_signal: signal.Signals
    """Sent by the kernel when this process is gone."""
    user: str | None = None
    """Whom to become; None: stay who we are."""
    needs: Sequence[Path] = ()
    """Folders that the user must be able to reach."""
    keeps: Sequence[int] = ()
    """Descriptors that stay open in it."""
    environment: Mapping[str, str] = field(default_factory=lambda: _ENVIRONMENT)
    """All of its environment; the default tells it nothing of ours."""
    folder: Path = Path("/")
    """Where it works."""


class Process(Protocol):
    """A child of this process that somebody has to wait for."""

    @property
    def pid(self) -> int: ...

    def wait(self) -> int:
        """The exit code; negative for a signal."""


class Child:
    """A program that was started."""

    def __init__(self, log: Path, log_starts_at: int, process: Process) -> None:
        """log_starts_at: the length of the log before the process."""
        self._log, self._log_starts_at, self._process = log, log_starts_at, process
        self.pid = process.pid
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        """The exit code; negative for a signal."""
        self._descriptor = os.pidfd_open(self.pid)
        asyncio.get_running_loop().add_reader(self._descriptor, self._reap)

    async def stop(self, *steps: tuple[signal.Signals, float]) -> None:
        """Sends each signal in turn, waiting at most so many seconds for the end, and kills in the end."""
        for number, patience_s in (*steps, (signal.SIGKILL, None)):
            if self.ended.done():
                return
            signal.pidfd_send_signal(self._descriptor, number)
            await asyncio.wait({self.ended}, timeout=patience_s)

    def log_lines(self) -> list[str]:
        """The last lines of its output since it was started."""
        with self._log.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(self._log_starts_at, end - _TAIL))
            return file.read().decode(errors="replace").splitlines()

    def _reap(self) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)
        self.ended.set_result(self._process.wait())


def start_child(program: Program, *, says: bytes = b"") -> Child:
    """Starts the program, in the main thread. says: at most a few lines for its standard input."""
    log_starts_at = rotate(program.log)
    return Child(program.log, log_starts_at, _start(program, says))


def rotate(log: Path) -> int:
    """Moves a log that has become long aside; answers the present length. The last two generations are kept."""
    size = log.stat().st_size if log.exists() else 0
    if size <= _LARGEST_LOG:
        return size
    log.replace(log.with_suffix(".log.old"))
    return 0


def _start(program: Program, says: bytes) -> subprocess.Popen[bytes]:
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("engines are started from the main thread: the death signal follows the thread")
    command = [sys.executable, "-I", "-S", launcher.__file__, "--parent", str(os.getpid())]
    command += ["--death-signal", str(int(program.death_signal))]
    command += ["--user", program.user] if program.user else []
    for folder in program.needs:
        command += ["--need", str(folder)]
    log = os.open(program.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        process = subprocess.Popen(
            [*command, "--", *program.command],
            stdin=subprocess.PIPE if says else subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=program.folder,
            env=program.environment,
            pass_fds=program.keeps,
            # A session of its own: Ctrl-C in the terminal reaches the supervisor, which stops engines last.
            start_new_session=True,
        )
    finally:
        os.close(log)
    if process.stdin:
        with process.stdin as stdin:
            stdin.write(says)
    return process
