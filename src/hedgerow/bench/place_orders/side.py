"""One side that is measured over HTTP, in its own process: started with its task on standard input, ended by its end.

It says its port when requests may come. Run as `python -m hedgerow.bench.place_orders.side`.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager

import msgspec
import uvloop

from hedgerow.bench import sides
from hedgerow.core.observe import configure_logs
from hedgerow.core.secrets import Secret

OURS, REFERENCE = "ours", "reference"


class Given(msgspec.Struct):
    """What a side is told: which it is, and its engines."""

    side: str
    database: str
    nats: str

    @property
    def database_url(self) -> Secret:
        return Secret(self.database)

    @property
    def nats_url(self) -> Secret:
        return Secret(self.nats)


def running(given: Given) -> AbstractAsyncContextManager[int]:
    """The side that is asked for, until the end of the block; its port. Imported here, so that no side carries the
    other one's modules."""
    if given.side == OURS:
        from hedgerow.bench.place_orders import ours

        return ours.running(given)
    from hedgerow.bench.place_orders import reference

    return reference.running(given)


async def main() -> None:
    given, reader = await sides.told(Given)
    async with running(given) as port:
        sides.say(b"%d" % port)
        await reader.read()


if __name__ == "__main__":
    configure_logs("bench", "warning", readable=True)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
