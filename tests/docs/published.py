"""The published pages' code, and programs of it that run beside each other. The pages are read where they lie."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

from tests.patience import PATIENCE_S

from .documents import Block
from .terminal import Deployment, Terminal

Pages = Mapping[str, list[Block]]
"""Blocks of code by the page's title."""

_PAGE = re.compile(r"^# ([^\n]+)\nSource: ", re.MULTILINE)
_FENCE = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_DEFINITION = re.compile(r"async def (\w+)\(")
_RUN = re.compile(r"asyncio\.(?:run|create_task)\((\w+)\(")


def pages_of(folder: Path) -> Pages:
    text = "\n".join(path.read_text() for path in sorted(folder.glob("*.txt")))
    parts = _PAGE.split(text)
    return {title: code_of(page) for title, page in zip(parts[1::2], parts[2::2], strict=True)}


def code_of(page: str) -> list[Block]:
    return [
        Block(found[1], indented(found[2]) if found[1] == "python" else found[2]) for found in _FENCE.finditer(page)
    ]


def indented(python: str) -> str:
    """A program with the indentation that it has lost where it lies: a colon at the end of a line opens a block, `elif`
    and what follows a `return` go back to their `if`, and what runs a function stands beside it."""
    lines: list[str] = []
    depth = 0
    defined: dict[str, int] = {}
    for line in python.splitlines():
        if line.startswith("elif "):
            depth -= 1
        if started := _RUN.match(line):
            depth = defined[started[1]]
        if found := _DEFINITION.match(line):
            defined[found[1]] = depth
        lines.append("    " * depth + line)
        if line.endswith(":"):
            depth += 1
        if line == "return":
            depth -= 1
    return "\n".join(lines)


def runnable(terminal: Terminal) -> set[str]:
    """Languages whose programs this machine can run."""
    return {"python", "javascript", "typescript"} if terminal.node_modules else {"python"}


def key_of(deployment: Deployment, service: str, client: str) -> str:
    """A new one, so that no other test's requests count against its limit."""
    made = subprocess.run(
        [sys.executable, "-m", "hedgerow", "keys", "create", "--service", service, "--client", client],
        cwd=deployment.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.strip()


def call(deployment: Deployment, method: str, path: str, body: object) -> None:
    """A call of the world's script."""
    request = Request(deployment.told["sim"]["url"] + path, json.dumps(body).encode(), method=method)
    with urlopen(request, timeout=PATIENCE_S) as answer:
        assert answer.status == 200


@contextmanager
def following(terminal: Terminal, programs: list[Block]) -> Iterator[list[list[str]]]:
    """What the programs print while they run, line by line."""
    told: list[list[str]] = [[] for _ in programs]
    processes = [terminal.start(program) for program in programs]
    readers = [
        threading.Thread(target=_read, args=(process, lines)) for process, lines in zip(processes, told, strict=True)
    ]
    for reader in readers:
        reader.start()
    try:
        yield told
    finally:
        for process, reader in zip(processes, readers, strict=True):
            process.terminate()
            process.wait(PATIENCE_S)
            reader.join(PATIENCE_S)


def _read(process: subprocess.Popen[str], lines: list[str]) -> None:
    assert process.stdout is not None
    with process.stdout as out:
        for line in out:
            lines.append(line.rstrip("\n"))  # noqa: PERF401 - it is looked at while it grows
