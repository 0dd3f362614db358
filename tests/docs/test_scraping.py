"""The page of scraping: its first five minutes, typed as they stand."""

from __future__ import annotations

from .documents import ROOT, blocks, section
from .terminal import Deployment, Terminal, run_page


def test_first_five_minutes_are_as_written(deployment: Deployment) -> None:
    text = section((ROOT / "docs" / "scraping.md").read_text(), "## The first five minutes")
    assert text.count("curl ") == 4
    run_page(blocks(text), Terminal(deployment.folder, deployment.addresses()))
