"""The compose file's services, without containers: the same commands in the same order, on engines of their own."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
from tests.patience import PATIENCE_S

from hedgerow.bus.engines import Engines
from hedgerow.bus.engines.engine import free_port
from hedgerow.core.clock import SystemClock
from hedgerow.core.config import PREFIX, Settings
from hedgerow.core.secrets import Secret, new_master_key
from hedgerow.scraping.gateway.repository import ScrapingRepository
from hedgerow.storage.database import Database

from .test_deploy import COMPOSE, OURS, in_order

_NOWHERE = "127.0.0.1:9"
"""The discard port: a feed that is not there."""


def command_of(name: str, ports: Mapping[str, int], linked: Path) -> list[str]:
    """As the compose file has it, at this machine's ports. linked: a file that an agent makes once it is let in."""
    words = [*OURS[name]["command"], *(["--linked-file", str(linked)] if name == "agent" else [])]
    for service, port in ports.items():
        shown = str(COMPOSE["services"][service]["command"][-1])
        words = [word.replace(f"http://{service}:{shown}", f"http://127.0.0.1:{port}") for word in words]
    if "--port" in words:
        words[words.index("--port") + 1] = str(ports[name])
    return words


@asynccontextmanager
async def running(
    words: list[str], environment: Mapping[str, str], log_file: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The program, until the end of the block, when it stops cleanly."""
    with log_file.open("w") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hedgerow", *words, env=environment, cwd=log_file.parent, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE_S):
            assert await process.wait() == 0


async def is_healthy(port: int) -> bool:
    async with httpx.AsyncClient() as http:
        try:
            return (await http.get(f"http://127.0.0.1:{port}/healthz")).status_code == 200
        except httpx.TransportError:
            return False


async def test_services_start_in_the_order_of_the_file(
    database: Database, database_url: Secret, tmp_path: Path
) -> None:
    data, key_file, linked = tmp_path / "data", tmp_path / "master.key", tmp_path / "linked"
    data.mkdir(mode=0o711)
    key_file.touch(mode=0o600)
    key_file.write_text(new_master_key())
    agent_key = await ScrapingRepository(database, SystemClock()).set_agent_key("de1")
    ports = {name: free_port() for name, service in OURS.items() if service["command"][0] == "serve"}
    async with Engines(Settings(data_dir=data, database_url=database_url)) as engines:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)} | {
            "HEDGEROW_DATABASE_URL": database_url.reveal(),
            "HEDGEROW_NATS_URL": engines.nats_url.reveal(),
            "HEDGEROW_MASTER_KEY_FILE": str(key_file),
            "HEDGEROW_AGENT_KEY": agent_key.reveal(),
            "HEDGEROW_OPERATOR_KEY": "throwaway-operator-key",
            "HEDGEROW_FEED_KEY": "none",
            "HEDGEROW_FEED_REST_URL": f"http://{_NOWHERE}",
            "HEDGEROW_FEED_WS_URL": f"ws://{_NOWHERE}",
            "HEDGEROW_BROWSER_SESSIONS": "0",
        }
        async with AsyncExitStack() as stack:
            for name in in_order(COMPOSE["services"]):
                if name not in OURS:  # the engines run already
                    continue
                words, log_file = command_of(name, ports, linked), tmp_path / f"{name}.log"
                process = await stack.enter_async_context(running(words, environment, log_file))
                async with asyncio.timeout(PATIENCE_S):
                    while not (await is_healthy(ports[name]) if name in ports else linked.exists()):
                        assert process.returncode is None, log_file.read_text()
                        await asyncio.sleep(0.05)
