"""Builds an environment beside the project's own from a lock file of its own.

For programs whose packages the project must not have: other people's clients (requirements/witness.txt), the builder of
the documentation (requirements/docs.txt). Standard library only. Safe to run at the same time by several processes:
one builds and the others wait. A lock file that changed builds the environment anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class LockedEnvironment:
    """title: as it stands in messages; folder: where it is built; requirements: its lock file."""

    title: str
    folder: Path
    requirements: Path

    def ensure(self) -> Path:
        """The environment's Python; everything is built first where it is not there, or was made from another lock."""
        self.folder.mkdir(exist_ok=True)
        with (self.folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            stamp = self.folder / ".ready"
            if not stamp.exists() or stamp.read_text() != self._wanted_stamp():
                self._build()
                stamp.write_text(self._wanted_stamp())
        return self._python

    @property
    def _python(self) -> Path:
        return self.folder / "bin" / "python"

    def _wanted_stamp(self) -> str:
        """What a finished environment was made from: the lock file and the Python."""
        return f"{hashlib.sha256(self.requirements.read_bytes()).hexdigest()} {sys.version}"

    def _build(self) -> None:
        """Makes the environment from nothing; the stamp comes last, so an interrupted run is repeated."""
        for path in self.folder.iterdir():
            if path.name != ".lock":
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        self._run("making the environment", [sys.executable, "-m", "venv", str(self.folder)])
        pip = [str(self._python), "-m", "pip", "--disable-pip-version-check", "--quiet"]
        self._run(
            "installing the locked packages",
            [*pip, "install", "--require-hashes", "--only-binary", ":all:", "-r", str(self.requirements)],
        )

    def _run(self, step: str, command: list[str]) -> None:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
        print((done.stdout + done.stderr)[-4000:], file=sys.stderr)
        print(
            f"the environment of {self.title} stopped: {step} did not work (its output is above)\n"
            "  to do: check the network and, behind a proxy or mirror, pip's own settings (pip config list)",
            file=sys.stderr,
        )
        raise SystemExit(1)
