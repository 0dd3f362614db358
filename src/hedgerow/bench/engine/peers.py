"""flumine in an environment of its own: it pins packages that the project must not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec

from hedgerow.core.errors import SetupError

FOLDER = ".venv-engines"
_INSTALL = f"python -m venv {FOLDER} && {FOLDER}/bin/pip install flumine==3.3.2"
HOW = f"flumine is not there; {_INSTALL} beside the project's own environment installs it"
_SIDE = Path(__file__).with_name("flumine_side.py")
_WITHIN_S = 600.0


class Done(msgspec.Struct):
    """What the side's last line says."""

    seconds: float
    orders: int


def python() -> Path | None:
    """The Python of the environment in which flumine is installed, beside our own; None when there is none."""
    found = Path(sys.prefix).parent / FOLDER / "bin" / "python"
    return found if found.exists() else None


def flumine_s(path: Path, *, quotes: bool) -> float:
    """How long flumine takes for a file. Raises SetupError when it fails, or does not quote."""
    command = [str(python()), str(_SIDE), str(path), "quotes" if quotes else "watches"]
    done = subprocess.run(command, capture_output=True, timeout=_WITHIN_S, check=False)
    if done.returncode:
        why = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise SetupError(f"flumine did not simulate {path.name}: {why}", HOW)
    told = msgspec.json.decode(done.stdout.splitlines()[-1], type=Done)
    if quotes and not told.orders:
        raise SetupError(f"flumine placed no order on {path.name}", "measure a larger part of the file")
    return told.seconds
