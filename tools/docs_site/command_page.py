"""The page of all commands, from the command line's own help."""

from __future__ import annotations

from collections.abc import Iterator

import click

from hedgerow.cli.main import cli

_WIDTH = 100


def command_page() -> str:
    """Every command with what `--help` says of it."""
    lines = ["# Commands", "", "Every command with what its `--help` says.", ""]
    for path, command in commands(cli, ("hedgerow",)):
        context = click.Context(command, info_name=" ".join(path), terminal_width=_WIDTH, max_content_width=_WIDTH)
        lines += [f"## {' '.join(path)}", "", "```text", command.get_help(context), "```", ""]
    return "\n".join(lines)


def commands(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """A command and all below it, in the order of their help."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from commands(found, (*path, name))
