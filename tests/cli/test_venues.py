"""`hedgerow venues`: the list, the question for balances in the simulated world, the trials' exit codes."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from tests.connectproxy import connect_proxy

from hedgerow.cli.demo_data import ensure_demo_data
from hedgerow.cli.simulated import simulated_environment
from hedgerow.core.clock import SystemClock
from hedgerow.core.secrets import Secret, Vault, new_master_key
from hedgerow.mm.switches import Switches
from hedgerow.net.calls import Caller
from hedgerow.sim.server import WorldConfig, WorldServer
from hedgerow.sim.venues import BOOKMAKERS
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.database import Database
from hedgerow.venues.registry import BRIDGE, all_venues

Cli = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
async def world() -> AsyncIterator[WorldServer]:
    server = WorldServer(WorldConfig())
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def simulated(world: WorldServer, external: dict[str, str], database: Database, tmp_path: Path) -> dict[str, str]:
    """Settings of a deployment in the world, with the demo accounts in its database."""
    key, clock = new_master_key(), SystemClock()
    await ensure_demo_data(tmp_path, Accounts(database, clock), Switches(database, clock), Vault(Secret(key)))
    async with Caller("world", world.url) as script:
        environment = simulated_environment(world.url, await script.get("/sim/state"))
    return {**external, **environment, "HEDGEROW_MASTER_KEY": key}


async def test_every_demo_account_works_in_the_world(cli: Cli, simulated: dict[str, str]) -> None:
    natives = [slug for slug, found in all_venues().items() if found.manifest.level != BRIDGE]
    for slug in (*natives, "sharpbet"):  # one bridge of many alike
        done = await asyncio.to_thread(cli, "venues", "check", slug, "--json", **simulated)
        assert done.returncode == 0, done.stdout + done.stderr
        for row in json.loads(done.stdout):
            assert (row["works"], row["free"], row["currency"]) == (True, 10_000, "USD"), row


async def test_wrong_credentials_are_told_and_fail(cli: Cli, simulated: dict[str, str], database: Database) -> None:
    await database.execute("delete from accounts where venue = 'pinnacle'")
    vault = Vault(Secret(simulated["HEDGEROW_MASTER_KEY"]))
    wrong = {"username": "demo_pinnacle", "password": "not-it"}
    await Accounts(database, SystemClock()).add_account("pinnacle", "demo_x", "demo", vault=vault, credentials=wrong)
    done = await asyncio.to_thread(cli, "venues", "check", "pinnacle", "--json", **simulated)
    (row,) = json.loads(done.stdout)
    assert (done.returncode, row["works"]) == (1, False)
    assert "pinnacle" in row["error"]
    assert "not-it" not in done.stdout + done.stderr


async def test_a_venue_is_asked_through_its_proxy(cli: Cli, simulated: dict[str, str]) -> None:
    async with connect_proxy() as proxy:
        named = {"HEDGEROW_VENUE_PROXIES": f"kalshi=http://hidden@127.0.0.1:{proxy.port}"}
        done = await asyncio.to_thread(cli, "venues", "check", "kalshi", "--json", **simulated, **named)
        told = [(row["works"], row["proxy"]) for row in json.loads(done.stdout)]
        assert told == [(True, f"127.0.0.1:{proxy.port}")] * 2
        assert proxy.heads

        proxy.answer = b"HTTP/1.1 403 hidden may not\r\n\r\n"
        done = await asyncio.to_thread(cli, "venues", "check", "kalshi", "--json", **simulated, **named)
        assert (done.returncode, "answered 403 *** may not" in done.stdout) == (1, True)
        assert "hidden" not in done.stdout + done.stderr


async def test_a_proxy_of_an_unknown_venue_refuses_the_start(cli: Cli, simulated: dict[str, str]) -> None:
    named = {"HEDGEROW_VENUE_PROXIES": "kalshy=http://hidden@gateway:8005"}
    for command in (("venues", "check", "kalshi"), ("serve", "abp")):
        done = await asyncio.to_thread(cli, *command, **simulated, **named)
        assert done.returncode == 2, done
        assert "HEDGEROW_VENUE_PROXIES names kalshy, which is no venue" in done.stderr
        assert "hidden" not in done.stdout + done.stderr


def test_venue_without_accounts_is_an_input_error(refuse: Callable[..., str]) -> None:
    assert "accounts add kalshi" in refuse("venues", "check", "kalshi")
    assert "unknown venue 'kalshy'" in refuse("venues", "check", "kalshy")


async def test_simulated_accounts_are_asked_of_the_world_alone(
    cli: Cli, simulated: dict[str, str], world: WorldServer, tmp_path: Path
) -> None:
    ours = {name: value for name, value in simulated.items() if name != "HEDGEROW_VENUE_URLS"}
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "demo.json").write_text("{}")
    done = await asyncio.to_thread(cli, "venues", "check", "kalshi", **ours)
    assert (done.returncode, "hedgerow up --sim" in done.stderr) == (1, True)

    told = {"database_url": "", "nats_url": "", "sim_url": world.url}
    (folder / "run.json").write_text(json.dumps(told))
    done = await asyncio.to_thread(cli, "venues", "check", "kalshi", "--json", **ours)
    assert [row["works"] for row in json.loads(done.stdout)] == [True, True]


def test_list_tells_level_kind_and_exemptions(cli: Cli) -> None:
    rows = {row["slug"]: row for row in json.loads(cli("venues", "list", "--json").stdout)}
    assert set(rows) == set(all_venues())
    assert (rows["kalshi"]["level"], rows["kalshi"]["kind"]) == ("native", "exchange+bookmaker")
    assert rows["pinnacle"]["kind"] == "bookmaker"
    assert (rows["vertex"]["level"], rows["vertex"]["kind"]) == ("bridge", "bookmaker")
    assert set(BOOKMAKERS) <= set(rows)
    assert {"case", "reason"} == set(rows["pinnacle"]["exempt"][0])


def test_vectors_fail_by_exit_code(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "nowhere.json"
    file.write_text(json.dumps({"venue": "nowhere", "schemes": {"x": {"vectors": []}}}))
    done = cli("venues", "vectors", str(file), "--json")
    assert (done.returncode, json.loads(done.stdout)) == (1, {"passed": 0, "failed": ["nowhere.json"]})


def test_recorded_vectors_pass(cli: Cli, shared: Callable[[str], Path]) -> None:
    done = cli("venues", "vectors", str(shared("venues/vectors/kalshi.json")), "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["failed"]) == (0, [])
    assert report["passed"] > 0
