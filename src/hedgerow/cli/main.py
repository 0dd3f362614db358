"""The `hedgerow` command: one group per subject, one file per group."""

from __future__ import annotations

import sys

import click

from hedgerow import __version__
from hedgerow.cli.examples import show_examples
from hedgerow.cli.output import fail
from hedgerow.core.errors import HedgerowError, SetupError

_GROUPS = {
    "up": "hedgerow.cli.up",
    "demo": "hedgerow.cli.demo",
    "serve": "hedgerow.cli.serve",
    "agent": "hedgerow.cli.agent",
    "replay": "hedgerow.cli.replay",
    "replay-orders": "hedgerow.cli.replay_orders",
    "doctor": "hedgerow.cli.doctor",
    "bench": "hedgerow.cli.bench",
    "clients": "hedgerow.cli.clients",
    "keys": "hedgerow.cli.keys",
    "agents": "hedgerow.cli.agents",
    "accounts": "hedgerow.cli.accounts",
    "tournaments": "hedgerow.cli.tournaments",
    "policy": "hedgerow.cli.policy",
    "shadow": "hedgerow.cli.shadow",
    "bookmakers": "hedgerow.cli.bookmakers",
    "currencies": "hedgerow.cli.currencies",
    "bets": "hedgerow.cli.bets",
    "emergency": "hedgerow.cli.emergency",
    "mappings": "hedgerow.cli.mappings",
    "venues": "hedgerow.cli.venues",
    "bridge": "hedgerow.cli.bridge",
    "completion": "hedgerow.cli.completion",
}


class _Lazy(click.Group):
    """Imports a group's file only when it is asked for, so that every command starts fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_GROUPS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        import importlib

        path = _GROUPS.get(cmd_name)
        if path is None:
            return None
        command: click.Command = importlib.import_module(path).command
        show_examples(command, cmd_name)
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hedgerow")
def cli() -> None:
    """Hedgerow: an open, self-hosted trading stack for betting and prediction markets.

    \b
    hedgerow demo                 a match in the simulated world, live in this terminal
    hedgerow up --sim             everything, against the simulated world
    hedgerow up                   everything, against real venues
    """


def main() -> None:
    """Runs the command; every known error is one line on stderr and a non-zero exit."""
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except SetupError as error:
        fail(str(error), code=2)
    except HedgerowError as error:
        fail(str(error), code=1)


if __name__ == "__main__":
    main()
