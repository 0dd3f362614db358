"""`hedgerow clients`: who the deployment works for."""

from __future__ import annotations

from pathlib import Path

import click

from hedgerow.cli.context import asynchronous, data_dir_option, operator
from hedgerow.cli.output import emit, json_option
from hedgerow.operating.office import is_bookmaker


@click.group("clients")
def command() -> None:
    """Clients: trading entities with their own keys, accounts, orders and bets.

    \b
    hedgerow clients add acme --name "Acme Trading" --bookmaker pinnacle
    hedgerow clients list --json
    """


@command.command("add")
@click.argument("client")
@click.option("--name", help="How the client is called (default: the same).")
@click.option("--bookmaker", help="Market making: the bookmaker that prices come from and hedges go to.")
@data_dir_option
@json_option
@asynchronous
async def add(client: str, name: str | None, bookmaker: str | None, data_dir: Path | None, as_json: bool) -> None:
    """Adds a client, or sets the bookmaker of one that exists."""
    async with operator(data_dir) as op:
        if bookmaker is not None and not is_bookmaker(bookmaker):
            click.echo(f"note: {bookmaker} has no connector yet; nothing can be hedged there", err=True)
        found, is_new = await op.office.add_client(client, name or client, bookmaker)
        emit(found, as_json, f"client {client} {'added' if is_new else 'exists'}")


@command.command("list")
@data_dir_option
@json_option
@asynchronous
async def list_clients(data_dir: Path | None, as_json: bool) -> None:
    """All clients."""
    async with operator(data_dir) as op:
        emit(await op.office.clients(), as_json)


@command.command("enable")
@click.argument("client")
@data_dir_option
@asynchronous
async def enable(client: str, data_dir: Path | None) -> None:
    """Lets a client work again."""
    await _set_active(client, data_dir, is_active=True)


@command.command("disable")
@click.argument("client")
@data_dir_option
@asynchronous
async def disable(client: str, data_dir: Path | None) -> None:
    """Takes a client out: within seconds its keys stop working and its quotes are taken away."""
    await _set_active(client, data_dir, is_active=False)


async def _set_active(client: str, data_dir: Path | None, *, is_active: bool) -> None:
    async with operator(data_dir) as op:
        await op.office.set_client_active(client, is_active=is_active)
        click.echo(f"client {client} {'enabled' if is_active else 'disabled'}")
