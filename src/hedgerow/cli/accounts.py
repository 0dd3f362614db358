"""`hedgerow accounts`: logins at venues."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path

import click
import msgspec

from hedgerow.cli.context import asynchronous, data_dir_option, operator, vault_of
from hedgerow.cli.numbers import decimal_option
from hedgerow.cli.output import emit, json_option
from hedgerow.core.errors import InputError
from hedgerow.execution.commission import commission_rate
from hedgerow.mm.operations import ACTOR
from hedgerow.operating import shapes
from hedgerow.venues.base import Manifest
from hedgerow.venues.registry import UnknownVenueError, venue


@click.group("accounts")
def command() -> None:
    """Accounts at venues. Credentials are read from standard input and sealed; nothing prints them again.

    \b
    hedgerow accounts fields kalshi
    hedgerow accounts add kalshi acme-main --client acme < credentials.json
    hedgerow accounts list --client acme
    """


@command.command("fields")
@click.argument("slug")
@json_option
def fields(slug: str, as_json: bool) -> None:
    """The credentials that a venue asks for."""
    emit(_manifest(slug).credentials, as_json)


@command.command("add")
@click.argument("slug")
@click.argument("username")
@click.option("--client", required=True)
@click.option("--currency", help="Of the account (default: the venue's).")
@click.option("--max-outcome-stake", default="1000", show_default=True, help="Highest stake per outcome, USD.")
@click.option("--priority", type=int, default=0, show_default=True)
@click.option("--meta", multiple=True, metavar="NAME=VALUE", help="Further settings that are no secrets.")
@data_dir_option
@json_option
@asynchronous
async def add(
    slug: str,
    username: str,
    client: str,
    currency: str | None,
    max_outcome_stake: str,
    priority: int,
    meta: tuple[str, ...],
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Adds an account; its credentials are a JSON object on standard input."""
    manifest = _manifest(slug)
    further = dict(_pair(text) for text in meta)
    commission_rate(further)
    credentials = _credentials(manifest)
    async with operator(data_dir) as op:
        if await op.accounts.client(client) is None:
            raise InputError(f"there is no client {client!r}; add it with: hedgerow clients add {client}")
        account = await op.accounts.add_account(
            slug,
            username,
            client,
            vault=vault_of(op.settings),
            credentials=credentials,
            currency=currency or manifest.currency,
            meta=further,
            max_outcome_stake=decimal_option(max_outcome_stake, "--max-outcome-stake", least=Decimal(0)),
            priority=priority,
            actor=ACTOR,
        )
        if account is None:
            raise InputError(f"there is an account {username!r} at {slug} already")
        await op.tell_services(client)
        emit(shapes.account(account), as_json, f"account {username} at {slug} added")


@command.command("list")
@click.option("--client", help="Only this client's.")
@click.option("--venue", "slug", help="Only at this venue.")
@data_dir_option
@json_option
@asynchronous
async def list_accounts(client: str | None, slug: str | None, data_dir: Path | None, as_json: bool) -> None:
    """All accounts, highest priority first."""
    async with operator(data_dir) as op:
        found = await op.office.accounts(client=client, venue=slug)
        emit([shapes.account(account) for account in found], as_json)


@command.command("enable")
@click.argument("slug")
@click.argument("username")
@data_dir_option
@asynchronous
async def enable(slug: str, username: str, data_dir: Path | None) -> None:
    """Lets an account be used again."""
    await _set_active(slug, username, data_dir, is_active=True)


@command.command("disable")
@click.argument("slug")
@click.argument("username")
@data_dir_option
@asynchronous
async def disable(slug: str, username: str, data_dir: Path | None) -> None:
    """Takes an account out of use at once: nothing new is bet or quoted there. Bets go on being asked for."""
    await _set_active(slug, username, data_dir, is_active=False)


async def _set_active(slug: str, username: str, data_dir: Path | None, *, is_active: bool) -> None:
    async with operator(data_dir) as op:
        await op.office.set_account_active(slug, username, is_active=is_active)
        click.echo(f"account {username} at {slug} {'enabled' if is_active else 'disabled'}")


def _manifest(slug: str) -> Manifest:
    try:
        return venue(slug).manifest
    except UnknownVenueError as error:
        raise InputError(str(error)) from None


def _credentials(manifest: Manifest) -> dict[str, str]:
    if sys.stdin.isatty():
        raise InputError("give the credentials as a JSON object on standard input, e.g. < credentials.json")
    try:
        given = msgspec.json.decode(sys.stdin.buffer.read(), type=dict[str, str])
    except msgspec.DecodeError:
        raise InputError("standard input is not a JSON object of texts") from None
    known = {field.name for field in manifest.credentials}
    missing = [field.name for field in manifest.credentials if field.required and not given.get(field.name)]
    unknown = sorted(set(given) - known)
    if missing or unknown:
        parts = [f"missing: {', '.join(missing)}"] if missing else []
        parts += [f"unknown: {', '.join(unknown)}"] if unknown else []
        raise InputError(f"credentials of {manifest.slug}: {'; '.join(parts)}")
    return given


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise InputError(f"--meta {text!r} is not NAME=VALUE")
    return name, value
