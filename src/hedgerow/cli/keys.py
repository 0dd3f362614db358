"""`hedgerow keys`: API keys, and the master key of credentials at rest."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import click

from hedgerow.cli.context import asynchronous, data_dir_option, operator
from hedgerow.cli.master_keys import change_master_key
from hedgerow.cli.numbers import positive_option
from hedgerow.cli.output import emit, json_option
from hedgerow.core.errors import InputError
from hedgerow.core.secrets import new_master_key
from hedgerow.operating.office import KeyTerms
from hedgerow.scraping.guard import Patterns
from hedgerow.storage.accounts import Service


@click.group("keys")
def command() -> None:
    """API keys. A key is shown once, when it is made; only its hash is kept.

    \b
    hedgerow keys create --service mm --client acme
    hedgerow keys create --service abp --client acme --bookmakers pinnacle,kalshi --expires 2027-01-01T00:00:00Z
    hedgerow keys disable 3f2a91c0
    """


@command.command("create")
@click.option("--service", type=click.Choice(["abp", "mm", "scraping"]), required=True)
@click.option("--client", required=True)
@click.option("--rate-limit", type=click.IntRange(min=1), help="Requests a minute (abp 60, mm 2000).")
@click.option("--rps", help="Requests a second (scraping, default 10).")
@click.option("--concurrency", type=click.IntRange(min=1), help="Requests at one time (scraping; default: any).")
@click.option("--allow", default="", help="The only targets (scraping): hosts, *.hosts, networks, with commas.")
@click.option("--deny", default="", help="Targets that are refused (scraping), written in the same way.")
@click.option("--bookmakers", default="", help="Allowed bookmakers, comma-separated; empty: all.")
@click.option("--inactive", is_flag=True, help="The key is made, but does not work until it is enabled.")
@click.option("--expires", help="ISO time after which the key stops working.")
@data_dir_option
@json_option
@asynchronous
async def create(
    service: str,
    client: str,
    rate_limit: int | None,
    rps: str | None,
    concurrency: int | None,
    allow: str,
    deny: str,
    bookmakers: str,
    inactive: bool,
    expires: str | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Makes a key and prints it, once."""
    async with operator(data_dir) as op:
        terms = KeyTerms(
            per_minute=rate_limit,
            per_second=None if rps is None else positive_option(rps, "--rps"),
            bookmakers=_listed(bookmakers),
            max_concurrent=concurrency,
            targets_allow=_targets(allow, "--allow"),
            targets_deny=_targets(deny, "--deny"),
            is_active=not inactive,
            expires_at=_moment(expires),
        )
        text = (await op.office.create_key(client, cast(Service, service), terms)).reveal()
        emit({"key": text, "client": client, "service": service}, as_json, text)


@command.command("list")
@click.option("--client", help="Only this client's.")
@data_dir_option
@json_option
@asynchronous
async def list_keys(client: str | None, data_dir: Path | None, as_json: bool) -> None:
    """All keys, by their first eight characters."""
    async with operator(data_dir) as op:
        emit(await op.office.keys(client), as_json)


@command.command("enable")
@click.argument("prefix")
@data_dir_option
@asynchronous
async def enable(prefix: str, data_dir: Path | None) -> None:
    """Lets a key work again."""
    await _set_active(prefix, data_dir, is_active=True)


@command.command("disable")
@click.argument("prefix")
@data_dir_option
@asynchronous
async def disable(prefix: str, data_dir: Path | None) -> None:
    """Stops a key, within seconds."""
    await _set_active(prefix, data_dir, is_active=False)


@command.command("master")
def master() -> None:
    """Prints a fresh master key for HEDGEROW_MASTER_KEY_FILE."""
    click.echo(new_master_key())


@command.command("rotate-master")
@data_dir_option
@json_option
@asynchronous
async def rotate_master(data_dir: Path | None, as_json: bool) -> None:
    """Changes the master key: seals all credentials with a fresh one, while services run.

    The key file has the fresh key alone afterwards; put it into your backups. Interrupted, it is repeated. With
    external engines and several machines, put a fresh key before the present one in every machine's file first.
    """
    async with operator(data_dir) as op:
        sealed = await change_master_key(op.settings, op.database, op.accounts)
        await op.tell_services()
        told = f"credentials of {sealed} accounts sealed anew"
        if op.settings.master_key is not None:
            told += "; now remove all keys but the first from HEDGEROW_MASTER_KEY"
        emit({"sealedAnew": sealed}, as_json, told)


async def _set_active(prefix: str, data_dir: Path | None, *, is_active: bool) -> None:
    async with operator(data_dir) as op:
        await op.office.set_key_active(prefix, is_active=is_active)
        click.echo(f"key {prefix} {'enabled' if is_active else 'disabled'}")


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _targets(text: str, option: str) -> tuple[str, ...]:
    """A list of targets. Raises InputError for an entry that cannot be read."""
    try:
        return Patterns.of(_listed(text)).texts
    except ValueError as error:
        raise InputError(f"{option}: {error}") from None


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"--expires {text!r} is not an ISO time, like 2027-01-01T00:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
