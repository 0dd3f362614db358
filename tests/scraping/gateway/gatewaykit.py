"""A gateway on its port, agents linked to it, and a client."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
from tests.patience import PATIENCE_S
from tests.scraping.agentkit import LOOPBACK

from hedgerow.api.server import Server
from hedgerow.bus.engines.engine import free_port
from hedgerow.bus.nats import Bus
from hedgerow.core.clock import SystemClock
from hedgerow.core.config import Settings
from hedgerow.scraping.agent.agent import Agent, Identity
from hedgerow.scraping.agent.browser.program import BrowserSettings
from hedgerow.scraping.agent.works import AgentWorks
from hedgerow.scraping.gateway.repository import ScrapingRepository
from hedgerow.scraping.gateway.serve import Deployed, stop_in_order
from hedgerow.scraping.guard import Policy
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.database import Database

PLENTY = Decimal(100_000)


@dataclass
class Net:
    """A gateway and what is around it."""

    url: str
    http: httpx.AsyncClient
    gateway: Deployed
    server: Server
    database: Database
    accounts: Accounts
    repository: ScrapingRepository
    _stack: AsyncExitStack
    trust: ssl.SSLContext | None = None
    """Knows the gateway's certificate, where it has one."""
    agents: dict[str, Agent] = field(default_factory=dict)

    async def key(self, rps: Decimal = PLENTY, **given: Any) -> dict[str, str]:
        """Headers with a new key."""
        await self.accounts.add_client("demo", "Demo")
        key = await self.accounts.create_key("demo", "scraping", per_second=rps, **given)
        return {"X-API-Key": key.reveal()}

    async def join(
        self, slug: str, country: str = "DE", policy: Policy = LOOPBACK, browser: BrowserSettings | None = None
    ) -> Agent:
        """An agent of its own, linked."""
        key = await self.repository.set_agent_key(slug)
        agent = self.agents[slug] = Agent(
            Identity(slug, key, country), AgentWorks(policy, self.trust, browser), (self.url,), self.trust
        )
        await agent.start()
        self._stack.push_async_callback(agent.stop)
        async with asyncio.timeout(PATIENCE_S):
            await agent.is_linked.wait()
        return agent

    async def stop(self) -> None:
        """As the process does that is told to; the agents go on."""
        await stop_in_order(self.server, self.gateway)

    async def fetch(self, url: str, key: dict[str, str], method: str = "GET", **given: Any) -> httpx.Response:
        headers = {"X-Target-URL": url, **key, **given.pop("headers", {})}
        return await self.http.request(method, "/fetch", headers=headers, **given)


@asynccontextmanager
async def serving(database: Database, bus: Bus, certificate: tuple[Path, Path] | None = None) -> AsyncIterator[Net]:
    """exceptions: the loopback, where the tests' targets are. certificate: of the gateway, signed by itself."""
    async with AsyncExitStack() as stack:
        port = free_port()
        trust = ssl.create_default_context(cafile=certificate[0]) if certificate else None
        url = f"{'https' if certificate else 'http'}://127.0.0.1:{port}"
        gateway = Deployed(Settings(target_allow=("127.0.0.0/8",)), database, bus, url)
        server = Server(
            gateway.app,
            "127.0.0.1",
            port,
            sockets=gateway.sockets,
            doors=gateway.app.quick_doors,
            certificate=certificate,
        )
        await server.start()
        stack.push_async_callback(stop_in_order, server, gateway)
        http = await stack.enter_async_context(
            httpx.AsyncClient(base_url=url, timeout=PATIENCE_S, verify=trust or True)
        )
        clock = SystemClock()
        accounts, repository = Accounts(database, clock), ScrapingRepository(database, clock)
        yield Net(url, http, gateway, server, database, accounts, repository, stack, trust)
