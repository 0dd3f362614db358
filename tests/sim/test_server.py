"""The served world: where it listens, and that it starts and stops cleanly."""

from __future__ import annotations

import asyncio
import socket

import pytest
from aiohttp import ClientConnectionError, ClientSession, WSMsgType
from tests.patience import PATIENCE_S

from hedgerow.core.tasks import spawn, stop
from hedgerow.sim import server as module
from hedgerow.sim.faults import Behaviour
from hedgerow.sim.server import SCRIPT, WorldConfig, WorldServer, run_world
from hedgerow.sim.site import Dialect, traffic
from hedgerow.sim.world import World

from .worldkit import SLUG, kestrel_only


@pytest.fixture
def port() -> int:
    """A free one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_a_world_listens_where_it_is_told_to(port: int) -> None:
    server = WorldServer(WorldConfig(ports={SCRIPT: port}), kestrel_only)
    await server.start()
    assert server.url == f"http://127.0.0.1:{port}"
    await server.stop()
    server = WorldServer(WorldConfig(ports={f"{SLUG}/rest": port}), kestrel_only)
    await server.start()
    assert server.venues.urls(SLUG)["rest"] == f"http://127.0.0.1:{port}"
    assert server.venues.urls(SLUG)["ws"] != f"ws://127.0.0.1:{port}"
    await server.stop()


def test_a_world_that_does_not_listen_has_no_url() -> None:
    with pytest.raises(RuntimeError, match="does not listen"):
        _ = WorldServer(WorldConfig(), kestrel_only).url


@pytest.mark.parametrize("name", [SCRIPT, f"{SLUG}/ws"])
async def test_a_taken_port_stops_the_start_and_frees_the_others(name: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = WorldServer(WorldConfig(ports={name: port}), kestrel_only)
        with pytest.raises(OSError, match=str(port)):
            await server.start()
    assert server.venues.urls(SLUG) == {}


async def test_a_stop_ends_streams_and_what_was_still_to_happen() -> None:
    server = WorldServer(WorldConfig(), kestrel_only)
    await server.start()
    done: list[str] = []
    server.world.clock.run_stepped(0)
    server.world.clock.later(1, lambda: done.append("late"), "test")
    await asyncio.sleep(0)
    async with ClientSession() as session, session.ws_connect(server.venues.urls(SLUG)["ws"]) as stream:
        url = server.url
        stopping = spawn(server.stop(), "stop")
        assert (await stream.receive(PATIENCE_S)).type in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.ERROR)
        await asyncio.wait_for(stopping, PATIENCE_S)
        with pytest.raises(ClientConnectionError):
            await session.get(f"{url}/sim/state")
    server.world.clock.step_to(10**10)
    await asyncio.sleep(0)
    assert done == []
    await server.stop()  # a second time does nothing


async def test_a_stop_ends_answers_that_are_held_back_though_nobody_waits_for_them() -> None:
    server = WorldServer(WorldConfig(), kestrel_only)
    await server.start()
    server.world.clock.run_stepped(0)
    server.venues.engine(SLUG).faults.set(Behaviour(latencyMs=250))
    before = traffic.held_back
    async with ClientSession() as session:
        asked = spawn(session.get(f"{server.venues.urls(SLUG)['rest']}/orders"), "a client that leaves")
        async with asyncio.timeout(PATIENCE_S):
            while traffic.held_back == before:  # noqa: ASYNC110 - it is the site's count
                await asyncio.sleep(0.002)
        await stop(asked)
    await server.stop()
    assert traffic.held_back == before


async def test_a_running_world_is_closed_when_it_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    def served(config: WorldConfig) -> WorldServer:
        return WorldServer(config, kestrel_only)

    monkeypatch.setattr(module, "WorldServer", served)
    ready: asyncio.Future[WorldServer] = asyncio.get_running_loop().create_future()
    world = spawn(run_world(WorldConfig(), ready.set_result), "world")
    server = await asyncio.wait_for(ready, PATIENCE_S)
    async with ClientSession() as session:
        async with session.get(f"{server.url}/sim/state") as answer:
            assert answer.status == 200
        world.cancel()
        with pytest.raises(asyncio.CancelledError):
            await world
    with pytest.raises(RuntimeError, match="does not listen"):
        _ = server.url


async def test_two_worlds_stand_beside_each_other() -> None:
    servers = [WorldServer(WorldConfig(), kestrel_only) for _ in range(2)]
    for server in servers:
        await server.start()
    assert servers[0].url != servers[1].url
    assert servers[0].world is not servers[1].world
    for server in servers:
        await server.stop()


async def test_dialects_are_built_on_the_servers_world() -> None:
    seen: list[World] = []

    def find(world: World) -> list[Dialect]:
        seen.append(world)
        return kestrel_only(world)

    server = WorldServer(WorldConfig(), find)
    assert seen == [server.world]
    assert SLUG in server.world.exchanges
