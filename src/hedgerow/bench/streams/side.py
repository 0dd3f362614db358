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

from hedgerow.bench import sides
from hedgerow.core.observe import configure_logs

OURS, BROADCAST = "ours", "broadcast"


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

    def __init__(self, side: sides.Side, told: Told) -> None:
        self._side, self.told = side, told

    async def change(self, count: int) -> tuple[int, int]:
        """Has it make so many changes; answers when it began and when they were made, as `time.monotonic_ns`."""
        began_ns, made_ns = (await self._side.ask(b"%d" % count)).split()
        return int(began_ns), int(made_ns)


@asynccontextmanager
async def started(given: Given) -> AsyncIterator[Side]:
    """A side that is ready. Raises BenchError."""
    async with sides.started("hedgerow.bench.streams.side", given, given.side) as side:
        yield Side(side, msgspec.json.decode(side.ready, type=Told))


def running(given: Given) -> Running:
    """The side that is asked for. Imported here, so that neither carries the other's modules."""
    if given.side == OURS:
        from hedgerow.bench.streams import ours

        return ours.running(given)
    from hedgerow.bench.streams import broadcast

    return broadcast.running(given)


async def main() -> None:
    given, reader = await sides.told(Given)
    async with running(given) as (told, change):
        sides.say(msgspec.json.encode(told))
        while line := await reader.readline():
            began_ns = time.monotonic_ns()
            await change(int(line))
            sides.say(b"%d %d" % (began_ns, time.monotonic_ns()))


if __name__ == "__main__":
    configure_logs("bench", "warning", readable=True)
    # Ours runs on uvloop as it does in production, the baseline on asyncio's own loop.
    with asyncio.Runner(loop_factory=uvloop.new_event_loop if sys.argv[1] == OURS else None) as runner:
        runner.run(main())
