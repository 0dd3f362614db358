"""The serving side of a bench in its own process: told on standard input what to do, ended by its end.

It says where it listens, in one line of JSON; then it makes so many changes as each line asks for, at once, and says
when it began and when they were made. Run as `python -m hedgerow.bench.streams.side`.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import msgspec
import uvloop

from hedgerow.bench.report import BenchError
from hedgerow.core.observe import configure_logs

OURS, BROADCAST = "ours", "broadcast"

_READY_WITHIN_S = 60.0
_DONE_WITHIN_S = 30.0


class Given(msgspec.Struct):
    """What a side is told. listeners: how many will come; size: of a message in bytes, for who makes it up."""

    side: str
    listeners: int
    size: int = 0
    database: str = ""
    nats: str = ""


class Told(msgspec.Struct):
    """Where a side listens, and the keys that admit its listeners in turns; none: nobody logs in."""

    port: int
    path: str
    keys: list[str]


Change = Callable[[int], Awaitable[None]]
"""Makes so many changes."""

Running = AbstractAsyncContextManager[tuple[Told, Change]]


class Side:
    """A running side, from outside."""

    def __init__(self, process: asyncio.subprocess.Process, told: Told) -> None:
        self._process, self.told = process, told

    async def change(self, count: int) -> tuple[int, int]:
        """Has it make so many changes; answers when it began and when they were made, as `time.monotonic_ns`."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"%d\n" % count)
        began_ns, made_ns = (await _line(self._process, _DONE_WITHIN_S)).split()
        return int(began_ns), int(made_ns)


@asynccontextmanager
async def started(given: Given) -> AsyncIterator[Side]:
    """A side that is ready. Raises BenchError."""
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "hedgerow.bench.streams.side", given.side)
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    try:
        process.stdin.write(msgspec.json.encode(given) + b"\n")
        yield Side(process, msgspec.json.decode(await _line(process, _READY_WITHIN_S), type=Told))
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(_DONE_WITHIN_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def _line(process: asyncio.subprocess.Process, within_s: float) -> bytes:
    assert process.stdout is not None
    async with asyncio.timeout(within_s):
        line = await process.stdout.readline()
    if not line:
        raise BenchError("a side of the bench ended; its last words are above")
    return line


def running(given: Given) -> Running:
    """The side that is asked for. Imported here, so that neither carries the other's modules."""
    if given.side == OURS:
        from hedgerow.bench.streams import ours

        return ours.running(given)
    from hedgerow.bench.streams import broadcast

    return broadcast.running(given)


async def main() -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    given = msgspec.json.decode(await reader.readline(), type=Given)
    async with running(given) as (told, change):
        _say(msgspec.json.encode(told))
        while line := await reader.readline():
            began_ns = time.monotonic_ns()
            await change(int(line))
            _say(b"%d %d" % (began_ns, time.monotonic_ns()))


def _say(line: bytes) -> None:
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.flush()


if __name__ == "__main__":
    configure_logs("bench", "warning", readable=True)
    # Ours runs on uvloop as it does in production, the baseline on asyncio's own loop.
    with asyncio.Runner(loop_factory=uvloop.new_event_loop if sys.argv[1] == OURS else None) as runner:
        runner.run(main())
