"""`hedgerow bookmakers`: what holds for a venue in the whole deployment."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from hedgerow.cli.context import asynchronous, data_dir_option, operator
from hedgerow.cli.numbers import decimal_option
from hedgerow.cli.output import emit, json_option
from hedgerow.core.errors import InputError
from hedgerow.storage.terms import BookmakerTerms
from hedgerow.venues.registry import UnknownVenueError, all_venues, venue


@click.group("bookmakers")
def command() -> None:
    """Venues as this deployment uses them: on or off, and default limits.

    \b
    hedgerow bookmakers disable pinnacle
    hedgerow bookmakers limits pinnacle --max 5000 --min 10
    """


@command.command("list")
@data_dir_option
@json_option
@asynchronous
async def list_bookmakers(data_dir: Path | None, as_json: bool) -> None:
    """All venues with a connector, and what is set for them."""
    async with operator(data_dir) as op:
        known = await op.terms.bookmakers()
        emit([_shown(known.get(slug, BookmakerTerms(slug))) for slug in sorted({*known, *all_venues()})], as_json)


@command.command("enable")
@click.argument("slug")
@data_dir_option
@asynchronous
async def enable(slug: str, data_dir: Path | None) -> None:
    """Lets a venue be used again."""
    await _set_active(slug, data_dir, is_active=True)


@command.command("disable")
@click.argument("slug")
@data_dir_option
@asynchronous
async def disable(slug: str, data_dir: Path | None) -> None:
    """Takes a venue out for all clients."""
    await _set_active(slug, data_dir, is_active=False)


@command.command("limits")
@click.argument("slug")
@click.option("--max", "highest", help="Highest stake, USD; left out: that of the odds.")
@click.option("--min", "lowest", help="Lowest stake, USD; left out: that of the odds.")
@data_dir_option
@asynchronous
async def limits(slug: str, highest: str | None, lowest: str | None, data_dir: Path | None) -> None:
    """Sets both default limits of a venue, for accounts without limits of their own."""
    _check(slug)
    most = decimal_option(highest, "--max", least=Decimal(0)) if highest is not None else None
    least = decimal_option(lowest, "--min", least=Decimal(0)) if lowest is not None else None
    if most is not None and least is not None and least > most:
        raise InputError(f"--min {least} is above --max {most}")
    async with operator(data_dir) as op:
        await op.terms.set_bookmaker_limits(slug, most, least)
        await op.tell_services()
        click.echo(f"limits of {slug}: {_amount(least)} to {_amount(most)}")


async def _set_active(slug: str, data_dir: Path | None, *, is_active: bool) -> None:
    _check(slug)
    async with operator(data_dir) as op:
        await op.terms.set_bookmaker_active(slug, is_active)
        await op.tell_services()
        click.echo(f"{slug} {'enabled' if is_active else 'disabled'}")


def _check(slug: str) -> None:
    try:
        venue(slug)
    except UnknownVenueError as error:
        raise InputError(str(error)) from None


def _amount(limit: Decimal | None) -> str:
    return "as the odds say" if limit is None else f"{limit} USD"


def _shown(terms: BookmakerTerms) -> dict[str, Any]:
    return {
        "slug": terms.slug,
        "active": terms.is_active,
        "defaultLimit": terms.default_limit,
        "defaultLimitMin": terms.default_limit_min,
    }
