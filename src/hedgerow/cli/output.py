"""What commands print: a table for people, one JSON document for scripts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NoReturn, TypeVar

import click
import msgspec
from rich.console import Console
from rich.table import Table

from hedgerow.core.observe import redact_text

F = TypeVar("F", bound=Callable[..., Any])

_WIDE = 500

_encoder = msgspec.json.Encoder(decimal_format="number", enc_hook=str)


def json_option(command: F) -> F:
    """`--json`, the same on every command."""
    option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for scripts.")
    return option(command)


def emit(value: Any, as_json: bool, text: str | None = None) -> None:
    """Prints a value: as JSON, or as a table of its rows, or as the given text."""
    if as_json:
        click.echo(_encoder.encode(value).decode())
    elif text is not None:
        click.echo(text)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        _table(value)
    else:
        _table([value])


def _table(rows: Sequence[Any]) -> None:
    plain = [msgspec.to_builtins(row, enc_hook=str, builtin_types=(bytes, Decimal)) for row in rows]
    if not plain:
        click.echo("nothing yet")
        return
    console = Console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in plain[0]:
        table.add_column(name)
    for row in plain:
        table.add_row(*(_cell(cell) for cell in row.values()))
    if not console.is_terminal:  # whoever reads it later has room
        console = Console(width=_WIDE)
    console.print(table)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={item}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    return str(value)


def fail(message: str, code: int) -> NoReturn:
    """One line on stderr, secrets masked, and the exit code."""
    click.echo(f"hedgerow: {redact_text(message)}", err=True)
    sys.exit(code)
