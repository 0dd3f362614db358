"""Builds the environment of the witnesses: clients of the venues that nobody here wrote (requirements/witness.txt).

It is apart from the project's own environment, because those clients pin packages that the project must not. Standard
library only; prints the path of the environment's Python. Safe to run at the same time by several processes: one
builds and the others wait. A lock file that changed builds it anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / ".venv-witness"
REQUIREMENTS = ROOT / "requirements" / "witness.txt"
PYTHON = TARGET / "bin" / "python"
_LOCK, _STAMP = TARGET / ".lock", TARGET / ".ready"


def fail(step: str, output: str) -> None:
    """Ends with what did not work and what to do."""
    print(output[-4000:], file=sys.stderr)
    print(
        f"the witnesses' environment stopped: {step} did not work (its output is above)\n"
        "  to do: check the network and, behind a proxy or mirror, pip's own settings (pip config list)",
        file=sys.stderr,
    )
    raise SystemExit(1)


def run(step: str, command: list[str]) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        fail(step, done.stdout + done.stderr)


def wanted_stamp() -> str:
    """What a finished environment was made from: the lock file and the Python."""
    return f"{hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()} {sys.version}"


def build() -> None:
    """Makes the environment from nothing; the stamp comes last, so an interrupted run is repeated."""
    for path in TARGET.iterdir():
        if path != _LOCK:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    run("making the environment", [sys.executable, "-m", "venv", str(TARGET)])
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--quiet"]
    run(
        "installing the locked packages",
        [*pip, "install", "--require-hashes", "--only-binary", ":all:", "-r", str(REQUIREMENTS)],
    )
    _STAMP.write_text(wanted_stamp())


def main() -> None:
    TARGET.mkdir(exist_ok=True)
    with _LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _STAMP.exists() or _STAMP.read_text() != wanted_stamp():
            build()
    print(PYTHON)


if __name__ == "__main__":
    main()
