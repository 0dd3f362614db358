"""Node, and what the tests run with it: packages (requirements/node), and the TypeScript client."""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

NO_NODE = "node or npm is missing"
"""Why a test did not run; the end of the run tells how many."""

_TOOLS = Path(__file__).resolve().parent.parent / "tools"


@cache
def node_modules() -> Path | None:
    """Where the packages are, for NODE_PATH: the first use installs them. None where the machine has no node."""
    return _built("node_env.py")


@cache
def typescript() -> Path | None:
    """The folder of the TypeScript client, built by the first use. None where the machine has no node."""
    return _built("typescript_env.py")


def _built(tool: str) -> Path | None:
    if shutil.which("node") is None or shutil.which("npm") is None:
        return None
    done = subprocess.run([sys.executable, str(_TOOLS / tool)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())
