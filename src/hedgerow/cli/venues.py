"""`hedgerow venues`: what is integrated, whether credentials work, and how connectors stand their trials."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import click

from hedgerow.cli.context import Operator, data_dir_option, operator, vault_of
from hedgerow.cli.demo_data import is_simulated
from hedgerow.cli.output import emit, json_option
from hedgerow.cli.running import run
from hedgerow.cli.services import SIM
from hedgerow.cli.simulated import simulated_urls
from hedgerow.core.errors import HedgerowError, InputError
from hedgerow.core.observe import configure_logs, redact_text
from hedgerow.net.calls import Caller
from hedgerow.net.egress import Egress
from hedgerow.storage.accounts import VenueAccount, open_credentials
from hedgerow.venues.base import Account, Balance, Manifest, VenueContext
from hedgerow.venues.quality import State, quality_of
from hedgerow.venues.registry import (
    UnknownVenueError,
    Venue,
    Ways,
    all_venues,
    build_bookmaker,
    build_exchange,
    urls_of,
    venue,
)
from hedgerow.venues.vectors import run_vectors

_CHECK_S = 30.0


@click.group("venues")
def command() -> None:
    """Venues that orders and bets can go to.

    \b
    hedgerow venues list
    hedgerow venues check kalshi       asks with every account's credentials for its balance
    hedgerow venues exam --json        the conformance exam against the simulated world
    """


@command.command("list")
@json_option
def list_venues(as_json: bool) -> None:
    """Every venue, how it is integrated, and which rules it is exempt from."""
    rows = [_described(found) for found in all_venues().values()]
    emit(rows if as_json else [{**row, "exempt": [item["case"] for item in row["exempt"]]} for row in rows], as_json)


@command.command("check")
@click.argument("slug")
@data_dir_option
@json_option
def check(slug: str, data_dir: Path | None, as_json: bool) -> None:
    """Asks a venue for the balance of every account that we have there. Exit 1 when one does not answer."""
    _known(slug)
    rows = run(_check(slug, data_dir))
    emit(rows, as_json)
    if not all(row["works"] for row in rows):
        sys.exit(1)


@command.command("exam")
@click.argument("slugs", nargs=-1)
@click.option("--verbose", is_flag=True, help="Also log why a case failed.")
@json_option
def exam(slugs: tuple[str, ...], verbose: bool, as_json: bool) -> None:
    """Sits the conformance exam, of all venues or of those named. Exit 1 when a case failed."""
    configure_logs("exam", "warning" if verbose else "error", readable=True)
    run_exam = importlib.import_module("hedgerow.exam").run_exam
    reports: Mapping[str, Any] = run(run_exam(slugs or None, _tell_begin))
    emit(reports if as_json else [_exam_row(slug, report) for slug, report in reports.items()], as_json)
    if any(report["failed"] for report in reports.values()):
        sys.exit(1)


def _tell_begin(slug: str, number: int, total: int) -> None:
    click.echo(f"{number} of {total}: {slug} ...", err=True)


@command.command("vectors")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@json_option
def vectors(files: tuple[Path, ...], as_json: bool) -> None:
    """Runs signing vectors through the connectors' own code. Exit 1 when one failed."""
    report = run_vectors(files)
    if as_json:
        emit({"passed": report["passed"], "failed": report["failed"]}, as_json)
    else:
        lines = [f"{identity}: {report['reasons'][identity]}" for identity in report["failed"]]
        click.echo("\n".join([*lines, f"{report['passed']} passed, {len(report['failed'])} failed"]))
    if report["failed"]:
        sys.exit(1)


def _known(slug: str) -> Venue:
    try:
        return venue(slug)
    except UnknownVenueError as error:
        raise InputError(str(error)) from None


def _described(found: Venue) -> dict[str, Any]:
    manifest = found.manifest
    exempt = [verdict for verdict in quality_of(found.package, manifest.slug) if verdict.state is State.EXEMPT]
    return {
        "slug": manifest.slug,
        "name": manifest.name,
        "level": manifest.level,
        "kind": kind_of(manifest),
        "exempt": [{"case": verdict.rule, "reason": verdict.reason} for verdict in exempt],
    }


def kind_of(manifest: Manifest) -> str:
    """`exchange`, `bookmaker`, or both."""
    kinds = [("exchange", manifest.is_exchange), ("bookmaker", manifest.is_bookmaker)]
    return "+".join(name for name, is_one in kinds if is_one)


def _exam_row(slug: str, report: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "venue": slug,
        "passed": report["passed"],
        "failed": list(report["failed"]),
        "exempt": [item["case"] for item in report["exempt"]],
    }


# --- credentials -------------------------------------------------------------------------------------------------


async def _check(slug: str, data_dir: Path | None) -> list[dict[str, Any]]:
    async with operator(data_dir) as op:
        accounts = await op.accounts.accounts(venue=slug)
        if not accounts:
            raise InputError(f"there is no account at {slug}; add one with: hedgerow accounts add {slug} USERNAME")
        urls, ways = await _urls(op, venue(slug).manifest), Ways(op.settings.venue_proxies)
        return list(await asyncio.gather(*(_asked(op, account, urls, ways) for account in accounts)))


async def _urls(op: Operator, manifest: Manifest) -> Mapping[str, str]:
    """Where the venue is: what exists in the simulated world alone is not asked of the real venue."""
    if not is_simulated(op.settings.data_dir):
        return urls_of(manifest, op.settings.venue_urls)
    if op.sim_url is None:
        raise InputError("these accounts exist in the simulated world, which does not run; start it: hedgerow up --sim")
    async with Caller(SIM.title, op.sim_url) as world:
        return simulated_urls(await world.get("/sim/state"))[manifest.slug]


async def _asked(op: Operator, account: VenueAccount, urls: Mapping[str, str], ways: Ways) -> dict[str, Any]:
    """What the venue says to an account's credentials."""
    proxy = ways.proxies().get(account.venue)
    row = {"username": account.username, "client": account.client, "active": account.is_active, "proxy": proxy}
    nothing = {"free": None, "held": None, "currency": None}
    try:
        async with asyncio.timeout(_CHECK_S):
            told = await _balance(op, account, urls, ways.to(account.venue))
    except HedgerowError as error:
        return {**row, "works": False, **nothing, "error": redact_text(str(error))}
    except TimeoutError:
        return {**row, "works": False, **nothing, "error": f"{account.venue} did not answer within {_CHECK_S:.0f} s"}
    return {**row, "works": True, "free": told.free, "held": told.held, "currency": told.currency, "error": None}


async def _balance(op: Operator, account: VenueAccount, urls: Mapping[str, str], way: Egress) -> Balance:
    manifest = venue(account.venue).manifest
    credentials = open_credentials(account, vault_of(op.settings))
    known = Account(account.account_id, account.username, account.currency, credentials, account.meta)
    context = VenueContext(known, op.clock, urls, egress=way)
    ask, close = _connector(account.venue, manifest, context)
    try:
        return await ask()
    finally:
        await close()


def _connector(
    slug: str, manifest: Manifest, context: VenueContext
) -> tuple[Callable[[], Awaitable[Balance]], Callable[[], Awaitable[None]]]:
    """How a venue is asked for a balance, and how its connector is closed. It is not opened: no stream is needed."""
    connector = build_exchange(slug, context) if manifest.is_exchange else build_bookmaker(slug, context)
    return connector.balance, connector.close
