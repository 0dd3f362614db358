"""Runs commands in processes of their own that begin with the code already read: most of a short command is imports.

A fork server imports the commands once for each test worker; every command is then a process as it is for an operator,
with its own environment, folder, standard streams and exit status.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.cli.commands"])


def run(
    arguments: Sequence[str], *, says: str, environment: Mapping[str, str], folder: Path, patience_s: float
) -> subprocess.CompletedProcess[str]:
    """Runs `hedgerow` with these arguments to its end. Raises TimeoutExpired."""
    with TemporaryFile() as given, TemporaryFile() as told, TemporaryFile() as warned:
        given.write(says.encode())
        given.seek(0)
        streams = [f"/proc/{os.getpid()}/fd/{stream.fileno()}" for stream in (given, told, warned)]
        process = _context.Process(target=_command, args=(list(arguments), streams, dict(environment), str(folder)))
        process.start()
        process.join(patience_s)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(list(arguments), patience_s)
        told.seek(0)
        warned.seek(0)
        return subprocess.CompletedProcess(
            list(arguments), process.exitcode, told.read().decode(), warned.read().decode()
        )


def _command(arguments: list[str], streams: list[str], environment: dict[str, str], folder: str) -> None:
    from hedgerow.cli.main import main

    for number, (path, mode) in enumerate(zip(streams, (os.O_RDONLY, os.O_WRONLY, os.O_WRONLY), strict=True)):
        os.dup2(os.open(path, mode), number)
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115 - the process ends with them
        for number, mode in enumerate("rww")
    )
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ["hedgerow", *arguments]
    main()
