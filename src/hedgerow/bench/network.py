"""A gateway and an agent as processes of their own, as `serve gateway` and `agent` start them, for benches that ask the
gateway what its clients ask."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from hedgerow.bench.engines import fresh_engines
from hedgerow.bench.report import BenchError
from hedgerow.bus.engines.engine import free_port
from hedgerow.core.clock import SystemClock
from hedgerow.scraping.gateway.repository import ScrapingRepository
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.database import Database

_START_S = 60.0
_PLENTY = Decimal(100_000)


@dataclass(frozen=True, slots=True)
class Network:
    """Where the gateway is asked, a key that it does not slow down, and the agent's process."""

    port: int
    key: str
    agent_pid: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def without_agent(self) -> Iterator[None]:
        """The agent stands still during the block: what is sent to it waits."""
        os.kill(self.agent_pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.agent_pid, signal.SIGCONT)


@contextmanager
def on_cpu(number: int) -> Iterator[None]:
    """Processes that are started in the block stay on one processor: 0 has the load and the target, 1 what is
    measured, so that a side of several processes gets no more than a side of one. Nothing on a machine that has only
    one."""
    own = os.sched_getaffinity(0)
    if len(own) > 1:
        os.sched_setaffinity(0, {sorted(own)[number]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, own)


@asynccontextmanager
async def serving() -> AsyncIterator[Network]:
    """With the loopback allowed, and the agent's browser not started yet."""
    async with AsyncExitStack() as stack:
        engines = await stack.enter_async_context(fresh_engines())
        database = await Database.connect(engines.database_url, size=1)
        stack.push_async_callback(database.close)
        clock = SystemClock()
        accounts, repository = Accounts(database, clock), ScrapingRepository(database, clock)
        await accounts.add_client("bench", "Bench")
        key = await accounts.create_key("bench", "scraping", per_second=_PLENTY)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hedgerow-bench-")))
        port, linked = free_port(), folder / "linked"
        environment = {
            "HEDGEROW_DATABASE_URL": engines.database_url.reveal(),
            "HEDGEROW_NATS_URL": engines.nats_url.reveal(),
            "HEDGEROW_TARGET_ALLOW": "127.0.0.0/8",
            "HEDGEROW_AGENT_KEY": (await repository.set_agent_key("de1")).reveal(),
            "HEDGEROW_LOG_LEVEL": "error",
        }
        agent = [
            "agent",
            "--slug",
            "de1",
            "--country",
            "DE",
            "--gateway",
            f"http://127.0.0.1:{port}",
            "--linked-file",
            str(linked),
        ]
        await stack.enter_async_context(_running(["serve", "gateway", "--port", str(port)], environment))
        process = await stack.enter_async_context(_running(agent, environment))
        async with asyncio.timeout(_START_S):
            while not linked.exists():
                if process.returncode is not None:
                    raise BenchError("the agent did not start")
                await asyncio.sleep(0.05)
        yield Network(port, key.reveal(), process.pid)


@asynccontextmanager
async def _running(arguments: list[str], environment: Mapping[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("HEDGEROW_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hedgerow", *arguments, env={**own, **environment}
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
