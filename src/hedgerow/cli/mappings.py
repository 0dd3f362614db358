"""`hedgerow mappings`: which contract is which outcome of the feed, and a person's word on doubtful ones."""

from __future__ import annotations

from pathlib import Path

import click

from hedgerow.cli.context import asynchronous, data_dir_option, operator
from hedgerow.cli.output import emit, json_option
from hedgerow.core.errors import InputError


@click.group("mappings")
def command() -> None:
    """Contracts and the outcomes that they are taken for. Only proved or confirmed ones are traded.

    \b
    hedgerow mappings list --undecided
    hedgerow mappings confirm kalshi KXATPMATCH-26AUG01SINALC-SIN
    """


@command.command("list")
@click.option("--venue", help="Only this exchange's.")
@click.option("--verdict", type=click.Choice(["PROVED", "QUARANTINED", "NO_MATCH"]))
@click.option("--undecided", is_flag=True, help="Only those that wait for a person's word.")
@data_dir_option
@json_option
@asynchronous
async def list_mappings(
    venue: str | None, verdict: str | None, undecided: bool, data_dir: Path | None, as_json: bool
) -> None:
    """What is known of every contract that was listed, the latest first."""
    async with operator(data_dir) as op:
        emit(await op.operations.mappings(venue=venue, verdict=verdict, undecided=undecided), as_json)


@command.command("confirm")
@click.argument("venue")
@click.argument("instrument")
@data_dir_option
@asynchronous
async def confirm(venue: str, instrument: str, data_dir: Path | None) -> None:
    """The contract is what it is taken for: it may be traded."""
    await _decide(venue, instrument, data_dir, is_confirmed=True)


@command.command("reject")
@click.argument("venue")
@click.argument("instrument")
@data_dir_option
@asynchronous
async def reject(venue: str, instrument: str, data_dir: Path | None) -> None:
    """The contract is something else: it is never traded, whatever the evidence says."""
    await _decide(venue, instrument, data_dir, is_confirmed=False)


async def _decide(venue: str, instrument: str, data_dir: Path | None, *, is_confirmed: bool) -> None:
    async with operator(data_dir) as op:
        mapping = await op.operations.mapping(venue, instrument)
        if mapping is None:
            raise InputError(f"{venue} has no contract {instrument!r} that we know; see: hedgerow mappings list")
        if is_confirmed and not mapping.names_an_outcome:
            raise InputError(f"{instrument} is not taken for any outcome, so there is nothing to confirm")
        await op.operations.decide(venue, instrument, is_confirmed=is_confirmed)
        await op.tell_services()
        click.echo(f"{venue} {instrument} {'confirmed' if is_confirmed else 'rejected'}")
