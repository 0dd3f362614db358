"""`hedgerow currencies`: exchange rates that an operator sets."""

from __future__ import annotations

import re
from pathlib import Path

import click

from hedgerow.cli.context import asynchronous, data_dir_option, operator
from hedgerow.cli.numbers import positive_option
from hedgerow.cli.output import emit, json_option
from hedgerow.core.errors import InputError

_CURRENCY = re.compile(r"[A-Z]{3,5}")
_BASE = "USD"


@click.group("currencies")
def command() -> None:
    """Rates in units per 1 USD. The feed's are renewed; an operator's stands until it is removed.

    \b
    hedgerow currencies set EUR 0.92
    hedgerow currencies remove EUR
    """


@command.command("list")
@data_dir_option
@json_option
@asynchronous
async def list_currencies(data_dir: Path | None, as_json: bool) -> None:
    """All rates that are known."""
    async with operator(data_dir) as op:
        emit(await op.terms.currencies(), as_json)


@command.command("set")
@click.argument("currency")
@click.argument("per_usd")
@data_dir_option
@asynchronous
async def set_rate(currency: str, per_usd: str, data_dir: Path | None) -> None:
    """Sets how many units of a currency 1 USD is."""
    if not _CURRENCY.fullmatch(currency):
        raise InputError(f"{currency!r} is not a currency's code, like EUR")
    if currency == _BASE:
        raise InputError("the rate of USD is 1")
    rate = positive_option(per_usd, "the rate")
    async with operator(data_dir) as op:
        await op.terms.set_currency(currency, rate)
        await op.tell_services()
        click.echo(f"1 USD is {rate} {currency}")


@command.command("remove")
@click.argument("currency")
@data_dir_option
@asynchronous
async def remove(currency: str, data_dir: Path | None) -> None:
    """Removes the operator's rate; the feed's is taken again."""
    async with operator(data_dir) as op:
        if not await op.terms.remove_currency(currency):
            raise InputError(f"no operator has set a rate of {currency}; see: hedgerow currencies list")
        await op.tell_services()
        click.echo(f"the rate of {currency} is the feed's again")
