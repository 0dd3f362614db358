"""Every command that the documents show exists, with the options that they show."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from .commands import check
from .documents import PAGES, ROOT, blocks, inline_code, name_of, statements


def shown(text: str) -> Iterator[tuple[list[str], bool]]:
    """The words after `hedgerow` of every command, and whether it is to be typed as it stands."""
    for block in blocks(text, "sh"):
        for words in statements(block.text):
            if words[0] == "hedgerow":
                yield words[1:], True
    for code in inline_code(text):
        if code.startswith("hedgerow ") and "{" not in code:
            yield shlex.split(code)[1:], False


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_exists_with_its_options(page: Path) -> None:
    for words, is_whole in shown(page.read_text()):
        check(words, is_whole=is_whole)


def test_commands_are_found_in_the_documents() -> None:
    assert sum(1 for page in PAGES for _ in shown(page.read_text())) > 50


@pytest.mark.parametrize("wrong", ["upp", "up --simulated", "replay", "keys create --service mmm --client a"])
def test_wrong_commands_are_noticed(wrong: str) -> None:
    with pytest.raises((click.UsageError, AssertionError)):
        check(shlex.split(wrong), is_whole=True)


def test_every_make_target_exists() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        typed = [words for block in blocks(page.read_text(), "sh") for words in statements(block.text)]
        named = [words[-1] for words in typed if words[0] == "make"]
        named += [code.split()[-1] for code in inline_code(page.read_text()) if code.startswith("make ")]
        assert set(named) <= targets, name_of(page)
