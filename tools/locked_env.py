"""Builds an environment beside the project's own from a lock file of its own.

For programs whose packages the project must not have: other people's clients (requirements/witness.txt), the builder of
the documentation (requirements/docs.txt), what the JavaScript of the documents needs (requirements/node). Standard
library only. Safe to run at the same time by several processes: one builds and the others wait. A lock file that
changed builds the environment anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class LockedFolder(ABC):
    """title: as it stands in messages; folder: where it is built; requirements: its lock file."""

    title: str
    folder: Path
    requirements: Path

    def build(self) -> None:
        """Builds everything where it is not there, or was made from another lock."""
        self.folder.mkdir(exist_ok=True)
        with (self.folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            stamp = self.folder / ".ready"
            if not stamp.exists() or stamp.read_text() != self._wanted_stamp():
                self._empty()
                self._fill()
                stamp.write_text(self._wanted_stamp())  # last, so that an interrupted run is repeated

    @abstractmethod
    def _fill(self) -> None:
        """Installs what the lock file says into the empty folder."""

    def _wanted_stamp(self) -> str:
        """What a finished folder was made from: the lock file and the Python."""
        return f"{hashlib.sha256(self.requirements.read_bytes()).hexdigest()} {sys.version}"

    def _empty(self) -> None:
        for path in self.folder.iterdir():
            if path.name != ".lock":
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    def _run(self, step: str, command: list[str], settings: str) -> None:
        """settings: where the installer's own are, for who is behind a proxy."""
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
        print((done.stdout + done.stderr)[-4000:], file=sys.stderr)
        print(
            f"the environment of {self.title} stopped: {step} did not work (its output is above)\n"
            f"  to do: check the network and, behind a proxy or mirror, {settings}",
            file=sys.stderr,
        )
        raise SystemExit(1)


@dataclass(frozen=True)
class LockedEnvironment(LockedFolder):
    """A virtual environment of Python."""

    def ensure(self) -> Path:
        """The environment's Python; it is built first where it has to be."""
        self.build()
        return self._python

    @property
    def _python(self) -> Path:
        return self.folder / "bin" / "python"

    def _fill(self) -> None:
        settings = "pip's own settings (pip config list)"
        self._run("making the environment", [sys.executable, "-m", "venv", str(self.folder)], settings)
        pip = [str(self._python), "-m", "pip", "--disable-pip-version-check", "--quiet"]
        self._run(
            "installing the locked packages",
            [*pip, "install", "--require-hashes", "--only-binary", ":all:", "-r", str(self.requirements)],
            settings,
        )


@dataclass(frozen=True)
class LockedModules(LockedFolder):
    """Packages of npm. The lock file has its package.json beside it."""

    def ensure(self) -> Path:
        """The folder of the packages, for NODE_PATH; they are installed first where they have to be."""
        self.build()
        return self.folder / "node_modules"

    def _fill(self) -> None:
        for name in ("package.json", self.requirements.name):
            shutil.copy(self.requirements.with_name(name), self.folder)
        self._run(
            "installing the locked packages",
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(self.folder)],
            "npm's own settings (npm config ls)",
        )
