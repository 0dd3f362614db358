"""The programs of tools/, which are no package, for the tests of what they write."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

from hedgerow.documentation.serving import FOLDER

from .documents import ROOT

TOOLS = ROOT / "tools"
BUILD_S = 300


def tool(name: str) -> ModuleType:
    """A module of that folder, as it is found by a program that runs there."""
    if str(TOOLS) not in sys.path:
        sys.path.append(str(TOOLS))
    return importlib.import_module(name)


def built_site() -> Path:
    """The folder of the site as this checkout serves it; it is built where it is not there or not of these sources."""
    command = [sys.executable, str(TOOLS / "build_docs.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return FOLDER
