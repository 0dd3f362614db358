"""What the documents show, run as it stands: one deployment of the simulated world, and a terminal beside it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests import node

from .published import Pages, pages_of
from .terminal import PATIENCE_S, Deployment, wait


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """`hedgerow up --sim`, with its data in the usual place of the folder that it was started in. Agents may reach this
    machine, as docs/scraping.md has it."""
    folder = tmp_path_factory.mktemp("deployment")
    ready, log_file = folder / "ready.json", folder / "up.log"
    ours = {name: value for name, value in os.environ.items() if not name.startswith("HEDGEROW_")}
    ours["HEDGEROW_TARGET_ALLOW"] = "127.0.0.1"
    command = [sys.executable, "-m", "hedgerow", "up", "--sim", "--port-base", "0", "--ready-file", str(ready)]
    with log_file.open("w") as log:
        up = subprocess.Popen(command, cwd=folder, env=ours, stdout=log, stderr=log)
    try:
        wait(lambda: ready.exists() or up.poll() is not None)
        assert ready.exists(), log_file.read_text()
        told: dict[str, Any] = json.loads(ready.read_text())
        yield Deployment(folder, told)
    finally:
        up.send_signal(signal.SIGTERM)
        up.wait(PATIENCE_S)


@pytest.fixture(scope="session")
def published(shared: Callable[[str], Path]) -> Pages:
    """The code of the published pages."""
    return pages_of(shared("seeds"))


@pytest.fixture(scope="session")
def node_modules() -> Path | None:
    """Where node finds the packages of the documents' JavaScript; None where the machine has no node."""
    return node.node_modules()


@pytest.fixture(scope="session")
def typescript() -> Path | None:
    """The folder of the built TypeScript client; None where the machine has no node."""
    return node.typescript()
