"""Commands that are shown, held against the command line's own parser."""

from __future__ import annotations

import click

from hedgerow.cli.main import cli

_OPEN_ENDED = {"…", "..."}
"""In running text: and what else it takes."""


def check(words: list[str], *, is_whole: bool) -> None:
    """Raises click.UsageError, or AssertionError for a command that there is not."""
    if words and words[-1] in _OPEN_ENDED and not words[-2:][0].startswith("-"):
        words = words[:-1]
    for sign in ("<", ">"):
        if sign in words:
            words = words[: words.index(sign)]
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
