"""The page of the simulated world: its script API, typed as it stands against a world alone."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from tests.patience import PATIENCE_S

from hedgerow.bus.engines.engine import free_port

from .documents import ROOT, Block, blocks
from .terminal import Terminal, has_shape, wait


@pytest.fixture
def world(tmp_path: Path) -> Iterator[str]:
    """The script API's address, of `hedgerow serve sim`."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with (tmp_path / "sim.log").open("w") as log:
        command = [sys.executable, "-m", "hedgerow", "serve", "sim", "--port", str(port)]
        sim = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log)
    try:
        wait(lambda: answers(f"{url}/sim/state") or sim.poll() is not None)
        yield url
    finally:
        sim.send_signal(signal.SIGTERM)
        sim.wait(PATIENCE_S)


def answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=PATIENCE_S) as answer:
            return bool(answer.status == 200)
    except URLError:
        return False


def test_script_api_is_as_written(world: str, tmp_path: Path) -> None:
    text = (ROOT / "docs" / "simulation.md").read_text()
    _, _, below = text.partition("\n## The script API\n")
    typed = blocks(below.partition("\n## ")[0])
    assert sum(block.language == "sh" for block in typed) > 8
    terminal = Terminal(tmp_path, {"http://127.0.0.1:8004": world})
    for block, shown in zip(typed, [*typed[1:], Block("", "")], strict=True):
        if block.language != "sh" or "$REFERENCE" in block.text:  # of a bet that nobody has made here
            continue
        out = terminal.run(block)
        assert '"detail"' not in out, f"{block.text}\nprinted\n{out}"
        if shown.language == "json":
            assert has_shape(json.loads(shown.text), json.loads(out)), f"{block.text}\nprinted\n{out}"
