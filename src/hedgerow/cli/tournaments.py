"""`hedgerow tournaments`: which tournaments are quoted for whom."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from pathlib import Path

import click

from hedgerow.cli.context import asynchronous, data_dir_option, operator
from hedgerow.cli.numbers import decimal_option
from hedgerow.cli.output import emit, json_option
from hedgerow.mm.shadowing import LIVE, Shadowing, shadowed


@click.group("tournaments")
def command() -> None:
    """Tournaments that market making quotes. None is active until it is activated.

    \b
    hedgerow tournaments activate 17 --client acme --limit-ratio 0.5
    hedgerow tournaments list --client acme
    """


@command.command("list")
@click.option("--client", help="Only this client's.")
@data_dir_option
@json_option
@asynchronous
async def list_tournaments(client: str | None, data_dir: Path | None, as_json: bool) -> None:
    """Every tournament that was ever switched."""
    async with operator(data_dir) as op:
        shadow = shadowed(await Shadowing(op.database, op.clock).switches(client))
        found = await op.office.tournaments(client)
        emit(
            [{**asdict(one), "is_shadow": one.tournament_id in shadow.get(one.client, LIVE)} for one in found], as_json
        )


@command.command("activate")
@click.argument("tournament_id", type=click.IntRange(min=1))
@click.option("--client", required=True)
@click.option("--limit-ratio", help="Share of the hedge's limit that is quoted, 0 to 1 (default 0.8, or as it was).")
@click.option("--price-ticks", type=int, help="Moves every quote away from the market, in cents (default 0).")
@data_dir_option
@asynchronous
async def activate(
    tournament_id: int, client: str, limit_ratio: str | None, price_ticks: int | None, data_dir: Path | None
) -> None:
    """Quotes a tournament for a client."""
    ratio = decimal_option(limit_ratio, "--limit-ratio", least=Decimal(0), most=Decimal(1)) if limit_ratio else None
    async with operator(data_dir) as op:
        await op.office.set_tournament(
            client, tournament_id, is_active=True, limit_ratio=ratio, price_ticks=price_ticks
        )
        click.echo(f"tournament {tournament_id} is active for {client}")


@command.command("deactivate")
@click.argument("tournament_id", type=click.IntRange(min=1))
@click.option("--client", required=True)
@data_dir_option
@asynchronous
async def deactivate(tournament_id: int, client: str, data_dir: Path | None) -> None:
    """Quotes a tournament no more; its open orders are cancelled."""
    async with operator(data_dir) as op:
        await op.office.set_tournament(client, tournament_id, is_active=False)
        click.echo(f"tournament {tournament_id} is not active for {client}")
