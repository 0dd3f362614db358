"""Agents as processes: killed under load, started again, and nobody who fetches notices."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import httpx
from tests.patience import PATIENCE_S

from hedgerow.cli.services import AgentProcess
from hedgerow.core.tasks import spawn, stop

from .gatewaykit import Net
from .test_relay import listening, relayed

CLIENTS = 50


def process(net: Net, slug: str, key: object, folder: Path) -> AgentProcess:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HEDGEROW_")}
    environment["HEDGEROW_TARGET_ALLOW"] = "127.0.0.0/8"
    agent = AgentProcess(slug, "DE", net.url, folder, environment, key)
    agent.longest_pause_s = 0.2
    return agent


async def test_no_get_fails_when_an_agent_is_killed_and_it_comes_back(
    net: Net, site: str, tmp_path: Path, eventually
) -> None:
    agents = [process(net, slug, await net.repository.set_agent_key(slug), tmp_path) for slug in ("de1", "de2")]
    await asyncio.gather(*(agent.start() for agent in agents))
    keepers = [spawn(agent.keep(), "keep") for agent in agents]
    key = await net.key()
    statuses: list[int] = []
    is_over = False

    async def client(http: httpx.AsyncClient) -> None:
        while not is_over:
            answer = await http.get("/fetch", headers={**key, "X-Target-URL": f"{site}/slow?s=0.05"})
            statuses.append(answer.status_code)

    try:
        async with httpx.AsyncClient(base_url=net.url, timeout=PATIENCE_S) as http:
            clients = [spawn(client(http), "client") for _ in range(CLIENTS)]
            await eventually(lambda: len(statuses) > CLIENTS)
            first = agents[0].pid
            assert first is not None
            os.kill(first, signal.SIGKILL)
            await eventually(lambda: agents[0].pid not in (None, first))
            await eventually(lambda: net.gateway.desk.links.agent("de1") is not None)
            before = len(statuses)
            await eventually(lambda: len(statuses) > before + CLIENTS)
            is_over = True
            await asyncio.gather(*clients)
        assert set(statuses) == {200}
        told = (await net.fetch(f"{site}/echo", key, headers={"X-Agent": "de1"})).json()
        assert told["meta"]["agent"]["id"] == "scraping-de1"
    finally:
        is_over = True
        await stop(*keepers)
        await asyncio.gather(*(agent.stop() for agent in agents))


async def test_a_relay_of_a_killed_agent_closes_with_1011(net: Net, tmp_path: Path) -> None:
    agent = process(net, "de1", await net.repository.set_agent_key("de1"), tmp_path)
    await agent.start()
    try:
        async with listening() as target:
            given = {"apiKey": (await net.key())["X-API-Key"], "url": target.url}
            async with relayed(net, given) as socket:
                await socket.recv()
                assert agent.pid is not None
                os.kill(agent.pid, signal.SIGKILL)
                async with asyncio.timeout(PATIENCE_S):
                    await socket.wait_closed()
                assert socket.close_code == 1011
    finally:
        await agent.stop()
