"""`hedgerow shadow`: who is quoted on paper only, and what came of it."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from hedgerow.cli.context import Operator, asynchronous, data_dir_option, operator
from hedgerow.cli.output import emit, json_option
from hedgerow.core.errors import InputError
from hedgerow.mm.outcome import outcome
from hedgerow.mm.paper.shadow_exchange import no_shadow
from hedgerow.mm.shadowing import SCHEMA, Shadowing
from hedgerow.storage.database import Database
from hedgerow.venues.registry import UnknownVenueError, venue

_CENT = Decimal("0.01")


@click.group("shadow")
def command() -> None:
    """Shadow mode: the same engine on live data, with orders and bets that go nowhere.

    \b
    hedgerow shadow on --client acme
    hedgerow shadow on --client acme --tournament 17
    hedgerow shadow report
    """


@command.command("on")
@click.option("--client", required=True)
@click.option("--tournament", "tournament_id", type=click.IntRange(min=1), help="Only in this one.")
@data_dir_option
@asynchronous
async def turn_on(client: str, tournament_id: int | None, data_dir: Path | None) -> None:
    """Quotes on paper from now on. What rests on exchanges is cancelled first."""
    async with operator(data_dir) as op:
        await check(op, client)
        await _turn(op, client, tournament_id, on=True)


@command.command("off")
@click.option("--client", required=True)
@click.option("--tournament", "tournament_id", type=click.IntRange(min=1), help="What was turned on for this one.")
@data_dir_option
@asynchronous
async def turn_off(client: str, tournament_id: int | None, data_dir: Path | None) -> None:
    """Trades again. Nothing of what was done on paper counts."""
    async with operator(data_dir) as op:
        await _turn(op, client, tournament_id, on=False)


@command.command("list")
@data_dir_option
@json_option
@asynchronous
async def list_switches(data_dir: Path | None, as_json: bool) -> None:
    """Who is in shadow mode, since when; no tournament: all of the client's."""
    async with operator(data_dir) as op:
        emit([asdict(found) for found in await Shadowing(op.database, op.clock).switches()], as_json)


@command.command("report")
@click.option("--client", help="Only this one's.")
@data_dir_option
@json_option
@asynchronous
async def report(client: str | None, data_dir: Path | None, as_json: bool) -> None:
    """Quotes, fills, hedges and money of everything that was traded on paper, by client. USD."""
    async with operator(data_dir) as op:
        paper = await Database.connect(op.database_url, size=1, schema=SCHEMA)
        try:
            clients = await paper.fetch(
                "select distinct client from mm_orders where $1::text is null or client = $1 order by client", client
            )
            emit([await _reported(paper, row["client"]) for row in clients], as_json)
        finally:
            await paper.close()


async def _reported(paper: Database, client: str) -> dict[str, Any]:
    done = await outcome(paper, client)
    return {
        "client": client,
        "isShadow": True,
        "quotes": done.quotes,
        "fills": done.fills,
        "hedges": done.hedges,
        "pnl": done.pnl.quantize(_CENT),
        "pnlByVenue": {name: pnl.quantize(_CENT) for name, pnl in done.pnl_by_venue.items()},
        "unhedgedStake": done.unhedged_stake.quantize(_CENT),
        "unsettled": done.unsettled,
    }


async def _turn(op: Operator, client: str, tournament_id: int | None, *, on: bool) -> None:
    changed = await Shadowing(op.database, op.clock).turn(client, tournament_id, on=on)
    await op.tell_services(client)
    what = client if tournament_id is None else f"tournament {tournament_id} of {client}"
    state = "in shadow mode" if on else "not in shadow mode"
    click.echo(f"{what} is {state}" if changed else f"{what} was {state} already")


async def check(op: Operator, client: str) -> None:
    """Raises InputError for who is no client, and for one with an exchange of which nothing can be known."""
    hedges_at = (await op.office.market_maker(client)).bookmaker
    for account in await op.accounts.accounts(client=client):
        if account.is_active and account.venue != hedges_at and not _can_be_shadowed(account.venue):
            raise InputError("; ".join(no_shadow(account.venue)))


def _can_be_shadowed(slug: str) -> bool:
    """Whether nothing is quoted there, or its public book is read."""
    try:
        manifest = venue(slug).manifest
    except UnknownVenueError:
        return True
    return manifest.shows_books or not manifest.is_exchange
