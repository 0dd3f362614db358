"""One side of the comparison in its own process: started with its task on standard input, ended by its end.

It says that it is ready when ticks may come. Run as `python -m hedgerow.bench.tick_to_order.side`.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager

import uvloop

from hedgerow.bench import sides
from hedgerow.bench.tick_to_order.given import OURS, Given
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
    given, reader = await sides.told(Given)
    async with running(given):
        sides.say(b"ready")
        await reader.read()


if __name__ == "__main__":
    configure_logs("bench", "warning", readable=True)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
