"""`hedgerow agent` by its documented commands alone, where nothing else of the deployment is."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.patience import PATIENCE_S

from hedgerow.core.secrets import Secret

from .gatewaykit import Net


def clean(**settings: str) -> dict[str, str]:
    """The environment of another machine: no setting but those that are given."""
    kept = ("PATH", "PYTHONPATH", "LANG")
    return {name: os.environ[name] for name in kept if name in os.environ} | settings


@asynccontextmanager
async def command(folder: Path, *arguments: str, **settings: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """In a folder of its own; what it prints is one stream."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hedgerow", *arguments, cwd=folder, env=clean(**settings),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def printed(process: asyncio.subprocess.Process) -> str:
    """To its end."""
    out, _ = await process.communicate()
    return out.decode()


@pytest.fixture
async def operator(net: Net, database_url: Secret, engines, tmp_path: Path):
    """Runs a command where the deployment is, to its end; what it printed."""
    folder = tmp_path / "deployment"
    folder.mkdir()
    deployment = {"HEDGEROW_DATABASE_URL": database_url.reveal(), "HEDGEROW_NATS_URL": engines.nats_url.reveal()}

    async def run(*arguments: str) -> str:
        async with command(folder, *arguments, **deployment) as process:
            said = await printed(process)
            assert process.returncode == 0, said
            return said.strip()

    return run


async def test_a_key_and_one_command_put_an_agent_into_service(
    net: Net, operator, site: str, tmp_path: Path, eventually
) -> None:
    settings = {"HEDGEROW_AGENT_KEY": await operator("agents", "key", "nl7"), "HEDGEROW_TARGET_ALLOW": "127.0.0.1"}
    arguments = ("agent", "--slug", "nl7", "--country", "NL", "--gateway", net.url)
    async with command(tmp_path, *arguments, **settings) as agent:
        await eventually(lambda: net.gateway.desk.links.agent("nl7") is not None)
        told = (await net.fetch(f"{site}/echo", await net.key(), headers={"X-Geo": "NL"})).json()
        assert told["meta"]["agent"]["id"] == "scraping-nl7"
        agent.send_signal(signal.SIGTERM)
        said = await printed(agent)
        assert agent.returncode == 0, said
        assert settings["HEDGEROW_AGENT_KEY"] not in said
    assert net.gateway.desk.links.agent("nl7") is None
    assert list(tmp_path.iterdir()) == [tmp_path / "deployment"]  # it leaves nothing behind


async def test_an_agent_that_may_not_says_so_and_is_let_in_when_it_may(
    net: Net, operator, tmp_path: Path, eventually
) -> None:
    key = await operator("agents", "key", "nl7")
    await operator("agents", "disable", "nl7")
    arguments = ("agent", "--slug", "nl7", "--country", "NL", "--gateway", net.url)
    async with command(tmp_path, *arguments, HEDGEROW_AGENT_KEY=key) as agent:
        assert agent.stdout is not None
        said = ""
        while "the gateway refuses this agent; it goes on trying" not in said:
            said = (await agent.stdout.readline()).decode()
            assert said, "it has ended"
        assert "unknown agent or wrong key" in said
        assert key not in said
        await operator("agents", "enable", "nl7")
        await eventually(lambda: net.gateway.desk.links.agent("nl7") is not None)


@pytest.mark.parametrize(
    ("arguments", "key", "told"),
    [
        ((), None, "HEDGEROW_AGENT_KEY is not set"),
        (("--gateway", "scraping.example.com"), "k", "the gateway 'scraping.example.com' is not a URL"),
        (("--gateway", "https://a.test:99999"), "k", "the gateway 'https://a.test:99999' is not a URL"),
        (("--country", "NLD"), "k", "'NLD' is not a country's code of two letters"),
    ],
)
async def test_what_is_missing_or_wrong_is_named(tmp_path: Path, arguments, key: str | None, told: str) -> None:
    settings = {"HEDGEROW_AGENT_KEY": key} if key else {}
    async with command(tmp_path, "agent", "--slug", "nl7", "--country", "NL", *arguments, **settings) as agent:
        said = await printed(agent)
    assert agent.returncode not in (0, None)
    assert told in said
    assert "Traceback" not in said
