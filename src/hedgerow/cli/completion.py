"""`hedgerow completion`: what lets a shell complete the commands and options of `hedgerow`."""

from __future__ import annotations

import click
from click.shell_completion import ShellComplete, get_completion_class

PROGRAM = "hedgerow"
VARIABLE = "_HEDGEROW_COMPLETE"
"""By which the shell asks for completions (Click's documentation, "Shell Completion")."""


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Prints a shell's completions of `hedgerow`, to be read at its start."""
    from hedgerow.cli.main import cli

    kind = get_completion_class(shell)
    assert kind is not None
    # The base's: bash's own asks a bash for its version, and need not be there where this is printed.
    click.echo(ShellComplete.source(kind(cli, {}, PROGRAM, VARIABLE)))
