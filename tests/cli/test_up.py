"""`hedgerow up`: what it starts, keeps alive and leaves behind, and every start that it refuses."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

from tests.patience import PATIENCE_S

from hedgerow.bus.engines.engine import free_port
from hedgerow.core.clock import SystemClock
from hedgerow.core.secrets import Secret, Vault, new_master_key
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.database import Database

SETUP = 2

Cli = Callable[..., "subprocess.CompletedProcess[str]"]
Eventually = Callable[[Callable[[], bool]], Awaitable[None]]
Start = Callable[..., Any]


def get(url: str) -> Any:
    with urlopen(url, timeout=PATIENCE_S) as answer:
        return json.load(answer)


def refused(done: subprocess.CompletedProcess[str], *words: str) -> bool:
    """Whether a start was refused with one line that has all the words."""
    lines = [line for line in done.stderr.splitlines() if line.startswith("hedgerow: ")]
    assert len(lines) == 1, done.stderr
    assert done.returncode == SETUP
    return all(word in lines[0] for word in words)


async def test_everything_is_ready_comes_back_and_stops(
    tmp_path: Path, up: Start, is_running: Callable[[int], bool], eventually: Eventually
) -> None:
    folder = tmp_path / "data"
    deployment = up(folder, "--sim", "--port-base", "0", "--replay", "generated", HEDGEROW_GATEWAY_PROXY_PORT="0")
    told = deployment.told

    assert answers(told["dashboard"]["url"] + "/healthz")
    assert [key["client"] for key in told["operator"]["keys"]] == ["operator"]
    agents = {"agent-de1", "agent-at5", "agent-us3"}
    assert (
        set(told["processes"]) == {"abp", "mm", "gateway", "operator", "dashboard", "sim", "postgres", "nats"} | agents
    )
    assert all(is_running(pid) for pid in told["processes"].values())
    for service, path in (("abp", "/ws"), ("mm", "/ws/subscribe"), ("scraping", "/ws")):
        assert [key["client"] for key in told[service]["keys"]] == ["demo", "rival"]
        assert told[service]["ws"] == told[service]["url"].replace("http", "ws", 1) + path
        assert answers(told[service]["url"] + "/healthz")
    assert told["data_dir"] == str(folder)
    assert stat.S_IMODE(deployment.ready_file.stat().st_mode) == 0o600
    assert get(told["sim"]["url"] + "/sim/replay")["state"] == "playing"
    assert get(told["scraping"]["url"] + "/")["agents"] == 3
    with socket.create_connection(("127.0.0.1", urlsplit(told["scraping"]["proxy"]).port), 10) as front:
        front.sendall(b"CONNECT example.com:443 HTTP/1.1\r\n\r\n")
        assert front.recv(100).startswith(b"HTTP/1.1 407 ")
    settings = get(told["mm"]["url"] + "/environment")
    assert settings["HEDGEROW_DATABASE_URL"] == told["database_url"]
    assert settings["HEDGEROW_CLOCK_URL"].endswith("/sim/clock")

    os.kill(told["processes"]["mm"], signal.SIGKILL)
    await eventually(lambda: not is_running(told["processes"]["mm"]))
    await eventually(lambda: answers(told["mm"]["url"] + "/healthz"))
    assert get(told["mm"]["url"] + "/environment") == settings

    assert (folder / "run.json").exists()
    assert deployment.stop() == 0
    assert not any(is_running(pid) for pid in told["processes"].values())
    assert not (folder / "run.json").exists()
    assert "stopped cleanly" in (folder / "mm.log").read_text()


async def test_keys_outlive_a_killed_supervisor_and_its_processes_do_not(
    tmp_path: Path, up: Start, is_running: Callable[[int], bool], eventually: Eventually
) -> None:
    first = up(tmp_path / "data", "--sim", "--port-base", "0")
    told = first.told
    first.stop(signal.SIGKILL)
    await eventually(lambda: not any(is_running(pid) for pid in told["processes"].values()))

    second = up(tmp_path / "data", "--sim", "--port-base", "0")
    assert second.told["mm"]["keys"] == told["mm"]["keys"]
    assert second.stop(signal.SIGINT) == 0


def test_taken_port_is_named_with_its_service(tmp_path: Path, cli: Cli) -> None:
    with socket.socket() as holder:
        base = hold_mm_port(holder)
        done = cli("up", "--sim", "--data-dir", tmp_path / "data", "--port-base", str(base))
    assert refused(done, f"port {base + 2} ", "the MM API", "--port-base")
    assert not (tmp_path / "data").exists()


def hold_mm_port(holder: socket.socket) -> int:
    """Listens on a port; answers the base that makes it the MM API's. Away from the ports of outgoing connections, one
    of which could be beside it."""
    port = free_port()
    holder.bind(("127.0.0.1", port))
    holder.listen()
    return port - 2


def test_file_in_place_of_the_data_folder_is_refused(tmp_path: Path, cli: Cli) -> None:
    (tmp_path / "data").write_text("mine")
    done = cli("up", "--sim", "--port-base", "0", HEDGEROW_DATA_DIR=str(tmp_path / "data"))
    assert refused(done, str(tmp_path / "data"), "File exists")
    assert (tmp_path / "data").read_text() == "mine"


def test_unknown_setting_is_refused(tmp_path: Path, cli: Cli) -> None:
    done = cli("up", "--sim", "--data-dir", tmp_path / "data", HEDGEROW_FEED_KEX="x")
    assert refused(done, "HEDGEROW_FEED_KEX", "doctor --settings")


def test_replay_that_is_not_there_is_an_input_error(tmp_path: Path, cli: Cli) -> None:
    done = cli("up", "--sim", "--data-dir", tmp_path / "data", "--replay", "nothing.bz2")
    assert (done.returncode, done.stderr) == (1, "hedgerow: there is no recording nothing.bz2\n")


def test_replay_needs_the_simulated_world(cli: Cli) -> None:
    done = cli("up", "--replay", "generated")
    assert done.returncode == SETUP
    assert "add --sim" in done.stderr


# --- with a database that runs already ---------------------------------------------------------------------------


def test_refused_start_of_a_service_stops_all_with_its_message(cli: Cli, external: dict[str, str]) -> None:
    done = cli("up", "--sim", "--port-base", "0", FAKE_MM_REFUSES="the moon is full", **external)
    assert refused(done, "the moon is full; do something about it")


async def test_newer_database_is_refused(cli: Cli, external: dict[str, str], database: Database) -> None:
    await database.execute("insert into schema_migrations (number, name, checksum) values (9000, 'later', '')")
    assert refused(cli("up", "--sim", "--port-base", "0", **external), "newer than this version", "9000")


async def test_wrong_master_key_is_refused(cli: Cli, external: dict[str, str], database: Database) -> None:
    accounts = Accounts(database, SystemClock())
    await accounts.add_client("acme", "Acme")
    vault = Vault(Secret(new_master_key()))
    await accounts.add_account("kalshi", "acme-main", "acme", vault=vault, credentials={"key_id": "k"})
    done = cli("up", "--port-base", "0", HEDGEROW_MASTER_KEY=new_master_key(), **external)
    assert refused(done, "kalshi/acme-main do not open with this master key")


async def test_simulated_folder_is_not_used_for_real_venues(tmp_path: Path, cli: Cli) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "demo.json").write_text("{}")
    done = cli("up", "--data-dir", tmp_path / "data", "--port-base", "0")
    assert refused(done, "belongs to the simulated world", "--sim")


def answers(url: str) -> bool:
    try:
        get(url)
    except OSError:
        return False
    return True
