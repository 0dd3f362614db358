"""Every command that the documents show exists, with the options that they show."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from hedgerow.cli.main import cli

from .documents import PAGES, ROOT, blocks, inline_code, name_of, statements

_OPEN_ENDED = {"…", "..."}
"""In running text: and what else it takes."""


def shown(text: str) -> Iterator[tuple[list[str], bool]]:
    """The words after `hedgerow` of every command, and whether it is to be typed as it stands."""
    for block in blocks(text, "sh"):
        for words in statements(block.text):
            if words[0] == "hedgerow":
                yield words[1:], True
    for code in inline_code(text):
        if code.startswith("hedgerow ") and "{" not in code:
            yield shlex.split(code)[1:], False


def check(words: list[str], *, is_whole: bool) -> None:
    """Raises click.UsageError, or AssertionError for a command that there is not."""
    if words and words[-1] in _OPEN_ENDED and not words[-2:][0].startswith("-"):
        words = words[:-1]
    if "<" in words:
        words = words[: words.index("<")]
    command: click.Command = cli
    context = click.Context(command, info_name="hedgerow")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        if words[0].isupper() and not is_whole:  # a place for any of them
            return
        found = command.get_command(context, words[0])
        assert found is not None, f"hedgerow has no {' '.join(words)}"
        command, words = found, words[1:]
    try:
        command.make_context("hedgerow", words)
    except (click.MissingParameter, click.exceptions.NoArgsIsHelpError):
        assert not is_whole


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


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_shown_json_is_json(page: Path) -> None:
    for block in blocks(page.read_text(), "json"):
        json.loads(block.text)
