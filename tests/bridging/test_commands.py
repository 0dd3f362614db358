"""A bridge as its operator runs it: served by one command, checked by another, killed and started again by his hook."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from hedgerow.bridging import wire
from hedgerow.bus.engines.engine import free_port
from hedgerow.cli.bridge import command

from . import play

TOKEN = "throwaway-token-of-a-process"
_HEDGEROW = [sys.executable, "-m", "hedgerow", "bridge"]


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    tests = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), tests]))
    given = {"PYTHONPATH": path, "PLAY_FOLDER": str(tmp_path), "HEDGEROW_BRIDGE_TOKEN": TOKEN}
    for name, value in {**given, "HEDGEROW_BRIDGE_HMAC_SECRET": "throwaway-secret"}.items():
        monkeypatch.setenv(name, value)
    return dict(os.environ)


@pytest.fixture
def url(tmp_path: Path, environment: dict[str, str]) -> Iterator[str]:
    """A bridge in a process of its own, which the hook can start again."""
    port = free_port()
    words = [
        *_HEDGEROW,
        "serve",
        "tests.bridging.play:Play",
        "--port",
        str(port),
        "--file",
        str(tmp_path / "b.sqlite"),
    ]
    (tmp_path / "serve.json").write_text(json.dumps({"command": words, "cwd": str(tmp_path)}))
    play.start(tmp_path)
    yield f"http://127.0.0.1:{port}{wire.BASE}"
    play.stop(tmp_path)


def check(url: str, folder: Path, *options: str) -> tuple[int, dict[str, Any], str]:
    """Runs the check until the bridge answers it; exit code, published result, what is printed."""
    (folder / "selection.json").write_text(json.dumps(play.SELECTION))
    hook = f"{sys.executable} {play.__file__} {folder}"
    words = [*_HEDGEROW, "check", url, "--selection", str(folder / "selection.json"), "--hook", hook]
    for _ in range(50):
        done = subprocess.run(
            [*words, "--json", str(folder / "result.json"), *options],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if "takes no connection" not in done.stderr and "is not answered" not in done.stderr:
            break
    return done.returncode, json.loads((folder / "result.json").read_text()), done.stdout + done.stderr


@pytest.mark.parametrize("moment", [pytest.param("crash", marks=pytest.mark.soak), "crash-later"])
def test_a_bridge_that_is_killed_knows_afterwards(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    monkeypatch.setenv("PLAY_CRASH", moment)
    code, result, printed = check(url, tmp_path, "--case", "BR-12")
    assert (code, result["passed"]) == (0, 1), printed
    assert len(list(tmp_path.glob("bet-*"))) == (0 if moment == "crash" else 1)
    assert TOKEN not in printed + (tmp_path / "serve.log").read_text()
    assert (tmp_path / "b.sqlite").stat().st_mode & 0o777 == 0o600


@pytest.fixture
def desk(tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A desk in a process of its own."""
    monkeypatch.setenv("HEDGEROW_BRIDGE_OPERATOR_KEY", "throwaway-operator-key")
    monkeypatch.delenv("HEDGEROW_BRIDGE_HMAC_SECRET")
    port = free_port()
    options = ["--bookmaker", "betcris", "--account", "main=USD", "--responsible", "Example Ltd", "--port", str(port)]
    words = [*_HEDGEROW, "desk", *options]
    (tmp_path / "serve.json").write_text(json.dumps({"command": words, "cwd": str(tmp_path)}))
    play.start(tmp_path)
    yield f"http://127.0.0.1:{port}"
    play.stop(tmp_path)


def test_a_person_places_a_bet_from_a_terminal(desk: str, tmp_path: Path) -> None:
    reference = "ebb4c11a-714b-4be6-a635-486ec09869a3"
    with httpx.Client(
        base_url=f"{desk}{wire.BASE}",
        headers={"Authorization": f"Bearer {TOKEN}"},
        transport=httpx.HTTPTransport(retries=8),
    ) as router:
        put = router.put(f"/accounts/main/bets/{reference}", json=_SLIP)
        assert put.json()["state"] == "PENDING", put.text
        [job] = json.loads(_told(desk, "jobs", "--json"))
        assert (job["what"], job["stake"], job["stage"]) == ("Boston Celtics -3.5", "200.00", "waiting")
        assert "taken" in _told(desk, "take", "ebb4", "--as", "Ann")
        assert "Ann has taken the bet" in _told(desk, "take", "ebb4", "--as", "Bob", code=1)
        ticket = ["--ticket", "T-7", "--stake", "200", "--price", "1.95", "--as", "Ann"]
        assert _told(desk, "placed", "ebb4", *ticket) == "told: placed\n"
        _told(desk, "balance", "main", "512.50", "--as", "Ann")
        decisions = json.loads(_told(desk, "decisions", "--json"))
        assert [(row["person"], row["action"]) for row in decisions] == [
            ("Ann", "balance"),
            ("Ann", "placed"),
            ("Ann", "take"),
        ]
        assert router.get(f"/accounts/main/bets/{reference}").json()["bookmakerBetIds"] == ["T-7"]
        assert router.get("/accounts/main/balance").json()["available"] == "512.50"
    assert "throwaway" not in (tmp_path / "serve.log").read_text()


def _told(desk: str, *words: str, code: int = 0) -> str:
    """What a command prints, or says why it refuses; in this process, for each start of another takes a second."""
    done = CliRunner().invoke(command, [*words, "--desk", desk])
    assert (done.exit_code, done.exception is None) == (code, code == 0), done.output
    return done.output if code == 0 else str(done.exception)


_SLIP = {
    "selection": {
        "fixtureId": "id1",
        "outcomeId": 101,
        "playerId": 0,
        "description": {"outcome": "Boston Celtics", "handicap": -3.5},
    },
    "side": "back",
    "stake": "200.00",
    "currency": "USD",
    "limitPrice": "1.95",
    "acceptBetter": True,
    "fill": "all_or_nothing",
    "notAfter": "2100-01-01T00:00:00.000Z",
}
