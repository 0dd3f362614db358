"""Venue connectors through agents: real ones, signed, with their logins and streams, by the proxy front and an agent's
process that was chosen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.patience import PATIENCE_S
from tests.scraping.gateway.gatewaykit import Net, serving
from tests.scraping.gateway.test_killed_agent import process

from hedgerow.bus.nats import Bus
from hedgerow.cli.services import AgentProcess
from hedgerow.core.errors import Unavailable
from hedgerow.core.states import Side
from hedgerow.core.upstream import Upstream
from hedgerow.exam.bench import demo_context, open_world
from hedgerow.exam.exchange_bench import BID, ExchangeBench
from hedgerow.exam.runner import Candidate
from hedgerow.net.egress import Through
from hedgerow.storage.database import Database
from hedgerow.venues.base import Fill, StreamGap

_ESTABLISHED = "01"  # of /proc/net/tcp


@dataclass
class Scene:
    """A connector at its simulated venue, by the agent us1; de1 could do it too."""

    net: Net
    key: str
    agents: dict[str, AgentProcess]
    bench: ExchangeBench

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not holds():  # noqa: ASYNC110 - what comes over sockets has no event to wait for
                await asyncio.sleep(0.01)

    def clients(self) -> set[str]:
        """The sockets, by inode, from which the venue is connected to now."""
        ports = {f"{urlsplit(url).port:04X}" for url in self.bench.context.urls.values()}
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return {row[9] for row in rows if row[3] == _ESTABLISHED and row[2].rpartition(":")[2] in ports}

    def held_by(self, slug: str) -> set[str]:
        """The sockets of an agent's process."""
        files = Path(f"/proc/{self.agents[slug].pid}/fd").iterdir()
        names = [str(file.readlink()) for file in files]
        return {name.removeprefix("socket:[").rstrip("]") for name in names if name.startswith("socket:")}


@pytest.fixture(params=["kalshi", "betfair-ex"])
async def scene(request: pytest.FixtureRequest, database: Database, nats: Bus, tmp_path: Path) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        net = await stack.enter_async_context(serving(database, nats))
        await net.gateway.front.start("127.0.0.1", 0)
        agents = {
            slug: process(net, slug, await net.repository.set_agent_key(slug), tmp_path) for slug in ("de1", "us1")
        }
        for agent in agents.values():
            stack.push_async_callback(agent.stop)
        await asyncio.gather(*(agent.start() for agent in agents.values()))
        key = (await net.key())["X-API-Key"]
        front = Upstream.of(f"http://{key}:agent-us1@127.0.0.1:{net.gateway.front.port}")

        candidate = Candidate.of(request.param)
        manifest = candidate.venue.manifest
        server = await open_world(manifest, stack)
        context = replace(demo_context(manifest, server), egress=Through(front))
        assert candidate.exchange is not None
        bench = ExchangeBench(manifest, server, context, stack, factory=candidate.exchange)
        await bench.begin()
        yield Scene(net, key, agents, bench)


async def test_an_order_and_its_fill_go_by_the_agent_that_was_chosen(scene: Scene) -> None:
    bench = scene.bench
    placed = await bench.connector.place(bench.quote())
    bench.take(Side.SELL, BID)
    await scene.until(lambda: bench.told(Fill))
    assert [fill.venue_ref for fill in bench.told(Fill)] == [placed.venue_ref] == [bench.order.id]
    await bench.expect_money()
    clients = scene.clients()
    assert len(clients) >= 2  # the stream, and what orders go by
    assert clients <= scene.held_by("us1")
    answer = await scene.net.http.get("/usage", headers={"X-API-Key": scene.key})
    assert answer.json()["total"] >= len(clients)


async def test_without_its_agent_a_venue_is_not_reached_in_another_way(scene: Scene) -> None:
    bench, front = scene.bench, scene.net.gateway.front
    await scene.agents["us1"].kill()
    await scene.until(lambda: any(gap.is_down for gap in bench.told(StreamGap)))
    await scene.until(lambda: not scene.clients())

    async def refusal() -> str:
        try:
            await bench.connector.balance()
        except Unavailable as error:
            return str(error)
        return ""

    why = f"the proxy 127.0.0.1:{front.port} answered 502 No agent available"
    async with asyncio.timeout(PATIENCE_S):
        while why not in (told := await refusal()):  # noqa: ASYNC110 - warm connections end one by one
            await asyncio.sleep(0.01)
    assert scene.key not in told
    with pytest.raises(Unavailable):
        await bench.connector.place(bench.quote())
    bench.expect_orders(0)
