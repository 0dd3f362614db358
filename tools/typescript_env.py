"""Builds the TypeScript client (clients/typescript) with its locked packages in a folder beside it; prints the folder.

Needs node and npm, which are the machine's own. Standard library only.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from dataclasses import dataclass

from locked_env import ROOT, LockedModules

SOURCE = ROOT / "clients" / "typescript"
_FOLDERS = ("src", "test")


@dataclass(frozen=True)
class BuiltClient(LockedModules):
    """Packages, and what the compiler makes of the sources; built anew when either changes."""

    def _wanted_stamp(self) -> str:
        parts = [path for name in _FOLDERS for path in sorted((SOURCE / name).rglob("*.ts"))]
        read = b"\0".join(path.read_bytes() for path in [*parts, SOURCE / "tsconfig.json", SOURCE / "package.json"])
        return f"{super()._wanted_stamp()} {hashlib.sha256(read).hexdigest()}"

    def _fill(self) -> None:
        super()._fill()
        for name in _FOLDERS:
            shutil.copytree(SOURCE / name, self.folder / name)
        shutil.copy(SOURCE / "tsconfig.json", self.folder)
        compiler = self.folder / "node_modules" / ".bin" / "tsc"
        done = subprocess.run([compiler, "-p", self.folder], cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            print(f"{done.stdout}\nthe TypeScript client does not compile (see above)", file=sys.stderr)
            raise SystemExit(1)


CLIENT = BuiltClient("the TypeScript client", ROOT / ".venv-typescript", SOURCE / "package-lock.json")

if __name__ == "__main__":
    CLIENT.build()
    print(CLIENT.folder)
