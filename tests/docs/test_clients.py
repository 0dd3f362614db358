"""The page of the clients, typed as it stands: Python, and TypeScript that the strict compiler takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from .documents import ROOT, blocks
from .terminal import Deployment, Terminal, run_page


@pytest.fixture
def folder(deployment: Deployment, tmp_path: Path) -> Path:
    """The page's own, with the deployment's data where the page looks for it."""
    (tmp_path / ".hedgerow").symlink_to(deployment.folder / ".hedgerow")
    return tmp_path


def test_page_is_as_written(deployment: Deployment, folder: Path, typescript: Path | None) -> None:
    text = (ROOT / "docs" / "clients.md").read_text()
    page = [block for block in blocks(text) if "pip install" not in block.text]
    assert {block.language for block in page} == {"sh", "python", "typescript", "text"}
    run_page(page, Terminal(folder, deployment.addresses(), typescript=typescript))
