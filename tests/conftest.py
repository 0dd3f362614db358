"""What all tests share: where recorded data lies, and that nothing is skipped silently."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("SHARED_FOLDER", ROOT.parent / "shared"))
_MISSING = "recorded data is missing"


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """The path of a file or folder of recorded data; the test is skipped, loudly, where it is not there."""

    def path(relative: str) -> Path:
        found = SHARED / relative
        if not found.exists():
            pytest.skip(f"{_MISSING}: {relative} (SHARED_FOLDER names its place)")
        return found

    return path


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if _MISSING in str(report.longrepr)]
    if skipped:
        terminalreporter.section("RECORDED DATA IS MISSING", red=True, bold=True)
        terminalreporter.line(f"{len(skipped)} tests did not run: {SHARED} is not there or not complete.", red=True)
        terminalreporter.line("Set SHARED_FOLDER to the folder that has data/ and venues/.", red=True)
