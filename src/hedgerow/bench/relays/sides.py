"""The sides of the relay's bench: gateway and agent in a process of their own, and two HAProxy one behind the other.

Run as `python -m hedgerow.bench.relays.sides` it is the former: told on standard input, ended by its end.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from pathlib import Path

import msgspec
import uvloop

from hedgerow.api.server import Server
from hedgerow.bench import sides
from hedgerow.bench.relays.peers import Route, frame
from hedgerow.bus.engines import Engines
from hedgerow.bus.engines.engine import free_port
from hedgerow.bus.nats import Bus
from hedgerow.core.clock import SystemClock
from hedgerow.core.config import Settings
from hedgerow.core.errors import SetupError
from hedgerow.core.observe import configure_logs
from hedgerow.core.secrets import Secret
from hedgerow.scraping.agent.agent import Agent, Identity
from hedgerow.scraping.agent.works import AgentWorks
from hedgerow.scraping.gateway.repository import ScrapingRepository
from hedgerow.scraping.gateway.serve import Deployed
from hedgerow.scraping.guard import Patterns, Policy
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.database import Database

_WITHIN_S = 30.0
_LOOPBACK = "127.0.0.0/8"
_HAPROXY = """global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 60s
frontend f
  bind 127.0.0.1:{port}
  default_backend b
backend b
  server s 127.0.0.1:{to}
"""


class _Given(msgspec.Struct):
    database: str
    nats: str


class _Told(msgspec.Struct):
    port: int
    key: str


@asynccontextmanager
async def ours(engines: Engines, target: int) -> AsyncIterator[Route]:
    given = _Given(engines.database_url.reveal(), engines.nats_url.reveal())
    async with sides.started(__name__, given) as side:
        told = msgspec.json.decode(side.ready, type=_Told)
        hello = {"apiKey": told.key, "url": f"ws://127.0.0.1:{target}/"}
        yield Route(told.port, "/ws", (frame(msgspec.json.encode(hello), is_masked=True), b"}"), side.pid)


@asynccontextmanager
async def chained(target: int) -> AsyncIterator[Route]:
    """Raises SetupError."""
    program = shutil.which("haproxy")
    if program is None:
        raise SetupError("haproxy, the baseline of this bench, is missing", "as root: apt-get install haproxy")
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hedgerow-bench-")))
        to = target
        for name in ("second", "first"):
            port = free_port()
            config = folder / name
            config.write_text(_HAPROXY.format(port=port, to=to))
            process = await asyncio.create_subprocess_exec(program, "-db", "-q", "-f", str(config))
            stack.push_async_callback(process.wait)
            stack.callback(process.terminate)
            await _listening(port)
            to = port
        yield Route(to, "/")


async def _listening(port: int) -> None:
    async with asyncio.timeout(_WITHIN_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return


async def _serve() -> None:
    """Until standard input ends."""
    given, reader = await sides.told(_Given)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    async with AsyncExitStack() as stack:
        database = await Database.connect(Secret(given.database), size=4)
        stack.push_async_callback(database.close)
        bus = await Bus.connect(Secret(given.nats), "gateway")
        stack.push_async_callback(bus.close)
        gateway = Deployed(Settings(target_allow=(_LOOPBACK,)), database, bus, url)
        server = Server(gateway.app, "127.0.0.1", port, sockets=gateway.sockets)
        await server.start()
        stack.push_async_callback(server.stop)
        slug, clock = "bench", SystemClock()
        agent_key = await ScrapingRepository(database, clock).set_agent_key(slug)
        works = AgentWorks(Policy(Patterns.of([_LOOPBACK])))
        agent = Agent(Identity(slug, agent_key, "DE"), works, (url,))
        await agent.start()
        stack.push_async_callback(agent.stop)
        await agent.is_linked.wait()
        accounts = Accounts(database, clock)
        await accounts.add_client("bench", "Bench")
        key = await accounts.create_key("bench", "scraping", per_second=Decimal(100_000))
        sides.say(msgspec.json.encode(_Told(port, key.reveal())))
        await reader.read()


if __name__ == "__main__":
    configure_logs("bench", "error")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve())
