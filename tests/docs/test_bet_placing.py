"""The page of automated bet placing, typed as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from .documents import ROOT, blocks
from .terminal import Deployment, Terminal, is_part, run_page


def test_page_is_as_written(deployment: Deployment, node_modules: Path | None) -> None:
    text = (ROOT / "docs" / "bet-placing.md").read_text()
    run_page(blocks(text), Terminal(deployment.folder, deployment.addresses(), node_modules))


@pytest.mark.parametrize("other", [{}, {"a": 2, "b": [1]}, {"a": 1, "b": []}, {"a": 1, "b": [1, 1]}, [1]])
def test_other_answers_are_noticed(other: object) -> None:
    assert is_part({"a": 1, "b": [1]}, {"a": 1, "b": [1], "c": 3})
    assert not is_part({"a": 1, "b": [1]}, other)
