"""One side of the comparison in its own process: started with its task on standard input, ended by its end.

Writes `READY` when ticks may come. Run as `python -m hedgerow.bench.tick_to_order.side`.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import AbstractAsyncContextManager

import msgspec
import uvloop

from hedgerow.bench.tick_to_order.given import OURS, READY, Given
from hedgerow.core.observe import configure_logs


def running(given: Given) -> AbstractAsyncContextManager[None]:
    """The side that is asked for. Imported here, so that no side carries another one's modules."""
    if given.side == OURS:
        from hedgerow.bench.tick_to_order import ours

        return ours.running(given)
    if given.hedges:
        from hedgerow.bench.tick_to_order import plain_hedge

        return plain_hedge.running(given)
    from hedgerow.bench.tick_to_order import plain

    return plain.running(given)


async def main() -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    given = msgspec.json.decode(await reader.readline(), type=Given)
    async with running(given):
        sys.stdout.buffer.write(READY)
        sys.stdout.flush()
        await reader.read()


if __name__ == "__main__":
    configure_logs("bench", "warning", readable=True)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
