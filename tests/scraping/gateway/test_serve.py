"""The gateway as `serve gateway` runs it, with its proxy front."""

from __future__ import annotations

import asyncio

import pytest
from tests.patience import PATIENCE_S

from hedgerow.bus.engines.engine import free_port
from hedgerow.core.config import Settings
from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Secret
from hedgerow.core.tasks import spawn, stop
from hedgerow.scraping.gateway import serve


def settings(database_url: Secret, nats_url: Secret, front: int) -> Settings:
    return Settings(database_url=database_url, nats_url=nats_url, gateway_proxy_port=front)


async def status_of(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    try:
        return (await reader.readline()).split()[1]
    finally:
        writer.close()


async def test_gateway_and_front_answer_until_it_is_stopped(database_url: Secret, engines, eventually) -> None:
    port, front = free_port(), free_port()
    running = spawn(serve.run(settings(database_url, engines.nats_url, front), host="127.0.0.1", port=port), "gateway")
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                assert await status_of(front, b"CONNECT a.test:443 HTTP/1.1\r\n\r\n") == b"407"
            except ConnectionRefusedError:
                await asyncio.sleep(0.01)
                continue
            break
        assert await status_of(port, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n") == b"200"
        await stop(running)
    for closed in (port, front):
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", closed)


@pytest.mark.parametrize("after_s", [0, 0.02, 0.05, 0.1])
async def test_stop_during_the_start_ends_it(database_url: Secret, engines, after_s: float) -> None:
    port, front = free_port(), free_port()
    running = spawn(serve.run(settings(database_url, engines.nats_url, front), host="127.0.0.1", port=port), "gateway")
    await asyncio.sleep(after_s)
    async with asyncio.timeout(PATIENCE_S):
        await stop(running)
    for closed in (port, front):
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", closed)


async def test_front_on_a_port_that_is_taken_is_refused_and_leaves_nothing(database_url: Secret, engines) -> None:
    port = free_port()
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    taken = server.sockets[0].getsockname()[1]
    with pytest.raises(SetupError, match=f"cannot listen on 127.0.0.1:{taken}"):
        await serve.run(settings(database_url, engines.nats_url, taken), host="127.0.0.1", port=port)
    server.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_an_address_that_agents_cannot_dial_is_refused(database_url: Secret, engines) -> None:
    given = Settings(database_url=database_url, nats_url=engines.nats_url, gateway_url="gateway:8003")
    with pytest.raises(SetupError, match="HEDGEROW_GATEWAY_URL 'gateway:8003' is not a URL"):
        await serve.run(given, host="127.0.0.1", port=free_port())
