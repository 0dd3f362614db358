"""Every command's help has examples, and each can be typed as it stands."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from tests.docs.commands import check

from hedgerow.cli.examples import EXAMPLES
from hedgerow.cli.main import cli


def walk(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Every command below, with the words that lead to it."""
    if path:
        yield " ".join(path), command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from walk(found, (*path, name))


COMMANDS = dict(walk(cli))
_EXAMPLE = re.compile(r" *(?:[A-Z_]+=\S+ )*hedgerow (.*?)(?: [<>] \S+)?(?:  +.*)?")


def examples(command: click.Command) -> list[list[str]]:
    """The words after `hedgerow` of every line that shows a command, up to a remark or a file that takes the output."""
    lines = [_EXAMPLE.fullmatch(line) for line in f"{command.help or ''}\n{command.epilog or ''}".splitlines()]
    return [shlex.split(line[1]) for line in lines if line]


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_has_an_example_that_can_be_typed(path: str) -> None:
    shown = examples(COMMANDS[path])
    assert shown, f"cli/examples.py has none of {path}"
    for words in shown:
        check(words, is_whole=True)
    assert any(words[: len(path.split())] == path.split() for words in shown)


def test_no_example_is_of_a_command_that_is_gone() -> None:
    assert set(EXAMPLES) <= set(COMMANDS)


@pytest.mark.parametrize(
    ("words", "last", "completed"),
    [("hedgerow ven", 1, "venues"), ("hedgerow serve g", 2, "gateway"), ("hedgerow up --si", 2, "--sim")],
)
def test_bash_completes(words: str, last: int, completed: str) -> None:
    asked = {"_HEDGEROW_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(last)}
    program = "import sys; sys.argv = ['hedgerow']; from hedgerow.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **asked}, capture_output=True, text=True, check=False
    )
    assert f"plain,{completed}" in done.stdout.splitlines()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions_are_printed_for_each_shell(shell: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hedgerow", "completion", shell], capture_output=True, text=True, check=True
    )
    assert f"_HEDGEROW_COMPLETE={shell}_complete" in done.stdout
