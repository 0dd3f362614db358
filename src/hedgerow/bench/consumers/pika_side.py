"""aio-pika's side of bench amqp, a process of its own, asked line by line: `publish KEY COUNT SIZE` or `consume COUNT`.

`publish` has the broker route all messages at once (a transaction), and answers when that is done; `consume` has a
queue of its own (key `theirs`) since the start, and answers the seconds until every message was acknowledged, each by
itself.
"""

from __future__ import annotations

import asyncio
import time
from importlib import import_module
from typing import Any

import msgspec

from hedgerow.bench import sides

EXCHANGE = "amq.direct"
PREFETCH = 200


class Broker(msgspec.Struct):
    """Where it listens on the loopback."""

    port: int


async def publish(channel: Any, key: str, count: int, size: int) -> None:
    exchange = await channel.get_exchange(EXCHANGE)
    message = import_module("aio_pika").Message(b"x" * size, content_type="text/plain")
    async with channel.transaction():
        for _ in range(count):
            await exchange.publish(message, key)


async def consume(queue: Any, count: int) -> float:
    left, done = count, asyncio.get_running_loop().create_future()

    async def take(message: Any) -> None:
        nonlocal left
        await message.ack()
        left -= 1
        if left == 0:
            done.set_result(None)

    began_s = time.perf_counter()
    tag = await queue.consume(take)
    await done
    took_s = time.perf_counter() - began_s
    await queue.cancel(tag)
    return took_s


async def main() -> None:
    broker, asked = await sides.told(Broker)
    connection = await import_module("aio_pika").connect(f"amqp://guest:guest@127.0.0.1:{broker.port}/")
    async with connection:
        publisher = await connection.channel(publisher_confirms=False)
        channel = await connection.channel(publisher_confirms=False)
        await channel.set_qos(prefetch_count=PREFETCH)
        queue = await channel.declare_queue("theirs", exclusive=True)
        await queue.bind(EXCHANGE, "theirs")
        sides.say(b"ready")
        async for line in asked:
            match line.decode().split():
                case ["publish", key, count, size]:
                    await publish(publisher, key, int(count), int(size))
                    sides.say(b"done")
                case ["consume", count]:
                    sides.say(str(await consume(queue, int(count))).encode())


if __name__ == "__main__":
    asyncio.run(main())
