"""Sides of a comparison in processes of their own, so that none carries another one's modules, loop or load.

A side is a module that is run by `python -m`: its task comes as one line of JSON on standard input, it says one line,
what who asks has to know, when it is ready, may be asked more, a line each, and ends when standard input does.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

import msgspec

from hedgerow.bench.report import BenchError

_READY_WITHIN_S = 120.0
_ANSWER_WITHIN_S = 30.0

TaskT = TypeVar("TaskT", bound=msgspec.Struct)


class Side:
    """A running side, from outside. ready: the line by which it said that it is."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pid: int) -> None:
        self._reader, self._writer, self.pid = reader, writer, pid
        self.ready = b""

    async def ask(self, line: bytes) -> bytes:
        """What it answers to a line. Raises BenchError when it ends instead, TimeoutError."""
        self._writer.write(line + b"\n")
        if not (answer := await self.line(_ANSWER_WITHIN_S)):
            raise BenchError("a side of the bench ended; its last words are above")
        return answer

    async def line(self, within_s: float) -> bytes:
        """What it says next; empty when it has ended. Raises TimeoutError."""
        async with asyncio.timeout(within_s):
            return (await self._reader.readline()).rstrip(b"\n")


@asynccontextmanager
async def started(module: str, task: msgspec.Struct, *arguments: str) -> AsyncIterator[Side]:
    """A side that is ready, until the end of the block. Raises BenchError, TimeoutError."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", module, *arguments, stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    side = Side(process.stdout, process.stdin, process.pid)
    try:
        process.stdin.write(msgspec.json.encode(task) + b"\n")
        if not (ready := await side.line(_READY_WITHIN_S)):
            raise BenchError(f"{module} did not start; its last words are above")
        side.ready = ready
        yield side
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


# --- inside a side -----------------------------------------------------------------------------------------------


async def told(kind: type[TaskT]) -> tuple[TaskT, asyncio.StreamReader]:
    """The task of this process, and what else it is asked."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return msgspec.json.decode(await reader.readline(), type=kind), reader


def say(line: bytes) -> None:
    """Answers whoever started this process."""
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.flush()
