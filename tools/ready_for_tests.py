"""Makes ready what the tests use beside the project's own environment, side by side, before the first of them runs.

Otherwise the first test that needs it makes it, and a worker stands still meanwhile: other people's clients, packages
of JavaScript, the TypeScript client, the documentation. The tests' modules are compiled as well, each once and not
once a worker. Standard library only. What cannot be made is told by the tests that need it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from locked_env import ROOT

_TOOLS = ROOT / "tools"
_AT_ONCE = 3
"""Installing waits for the network and the disk, compiling does not."""


def _steps() -> list[list[str]]:
    node = ["node_env.py", "typescript_env.py"] if shutil.which("npm") else []
    collecting = [sys.executable, "-m", "pytest", "--collect-only", "-qq", "-p", "no:xdist"]
    return [
        [*collecting, str(ROOT / "tests")],
        *([sys.executable, str(_TOOLS / name)] for name in ("build_docs.py", "witness_env.py", *node)),
    ]


def main() -> None:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda step: subprocess.run(step, cwd=ROOT, capture_output=True, check=False), _steps()))


if __name__ == "__main__":
    main()
