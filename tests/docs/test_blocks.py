"""Every block of the documents is of a known kind, and something holds it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

import click
import pytest

from hedgerow.core.config import Settings

from .documents import PAGES, ROOT, Block, blocks, name_of, statements
from .shell import hold

_FENCE_LINE = re.compile(r"^\s*(```|~~~)", re.MULTILINE)
RUN_BY: Mapping[str, str] = {
    "docs/bet-placing.md": "tests/docs/test_bet_placing.py",
    "docs/bridges.md": "tests/bridging/test_example.py",
    "docs/clients.md": "tests/docs/test_clients.py",
}
"""Pages whose programs need more than themselves, and the tests that run them."""


def _shell(block: Block, _: Path) -> None:
    for words in statements(block.text):
        hold(words)


def _json(block: Block, _: Path) -> None:
    json.loads(block.text)


def _toml(block: Block, _: Path) -> None:
    Settings(**tomllib.loads(block.text))


def _python(block: Block, page: Path) -> None:
    """Runs by itself, with what it imports and names."""
    if name_of(page) not in RUN_BY:
        done = subprocess.run([sys.executable, "-c", block.text], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def _run_elsewhere(_: Block, page: Path) -> None:
    assert name_of(page) in RUN_BY, "nothing runs it"


def _sums(block: Block, page: Path) -> None:
    """Run by `test_facts.test_every_sum_is_right`, which reads every page that has one."""
    assert block.text.startswith(">>> "), name_of(page)


def _text(block: Block, page: Path) -> None:
    """What a command printed, right below it, or the layers of the architecture."""
    found = blocks(page.read_text())
    before = found[found.index(block) - 1] if found.index(block) else None
    if before is not None and before.language in ("sh", "python", "javascript", "typescript"):
        return
    layers = [re.split(r" {2,}", line)[0] for line in block.text.splitlines()]
    for name in (name for line in layers for name in line.split(" | ")):
        assert (ROOT / "src" / "hedgerow" / name).is_dir(), f"{name} is no layer, and nothing printed it"


KINDS: Mapping[str, Callable[[Block, Path], None]] = {
    "sh": _shell,
    "json": _json,
    "toml": _toml,
    "python": _python,
    "javascript": _run_elsewhere,
    "typescript": _run_elsewhere,
    "pycon": _sums,
    "text": _text,
}
"""What holds a block, by the kind that its fence names."""


def fault_of(block: Block, page: Path) -> str | None:
    if block.language not in KINDS:
        return f"a block of {block.language or 'no kind'}: nothing holds it"
    KINDS[block.language](block, page)
    return None


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_is_held(page: Path) -> None:
    text = page.read_text()
    assert [fault_of(block, page) for block in blocks(text) if fault_of(block, page)] == []
    assert len(_FENCE_LINE.findall(text)) == 2 * len(blocks(text)), "a fence that the tests do not see"


@pytest.mark.parametrize("page", [page for page in PAGES if name_of(page) in RUN_BY], ids=name_of)
def test_programs_that_need_more_are_run(page: Path) -> None:
    assert page.name in (ROOT / RUN_BY[name_of(page)]).read_text()


@pytest.mark.parametrize("language", ["", "rust", "console"])
def test_block_of_an_unknown_kind_is_noticed(language: str) -> None:
    assert fault_of(Block(language, "x\n"), ROOT / "README.md")


@pytest.mark.parametrize(
    "shell",
    [
        "hedgerow upp",
        "sudo hedgerow keys make",
        "HEDGEROW_AGENT_KEY=a hedgerow agent --slug de1",
        "make everything",
        "curl -s $MM/api/v1/nothing",
        "curl -X DELETE http://127.0.0.1:8001/orders",
        "cp deploy/systemd/nothing.service /etc",
        "frobnicate",
    ],
)
def test_shell_that_cannot_be_typed_is_noticed(shell: str) -> None:
    with pytest.raises((AssertionError, click.UsageError)):
        _shell(Block("sh", shell), ROOT / "README.md")
