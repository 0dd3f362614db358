"""`hedgerow doctor`: what is missing on this machine and how to get it, and whether the database is sound."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import click
from pydantic_core import PydanticUndefined

from hedgerow.abp.balances import drifts
from hedgerow.abp.rulings import Rulings
from hedgerow.bus.engines.binaries import nats_server, postgres_folder
from hedgerow.cli.context import (
    Running,
    answers,
    data_dir_option,
    found_running,
    has_master_key,
    vault_of,
)
from hedgerow.cli.demo_data import is_simulated
from hedgerow.cli.output import emit, json_option
from hedgerow.cli.running import run, settings_of
from hedgerow.core.clock import SystemClock
from hedgerow.core.config import PREFIX, Settings
from hedgerow.core.errors import HedgerowError, SetupError
from hedgerow.core.observe import configure_logs
from hedgerow.core.secrets import Secret
from hedgerow.execution.invariants import INVARIANTS, check
from hedgerow.mm.disputes import disputes
from hedgerow.mm.shadowing import Shadowing
from hedgerow.scraping.agent.browser.program import NoBrowserError, find_program
from hedgerow.storage.accounts import Accounts, open_credentials
from hedgerow.storage.database import Database
from hedgerow.storage.migrate import load, missing
from hedgerow.venues.registry import Ways

OLDEST_PYTHON = (3, 11)
LEAST_FREE_BYTES = 1024 * 1024 * 1024
_ANSWER_S = 10.0
_DRIFTS_SHOWN = timedelta(days=1)
_MOST_DRIFTS = 20
_LATE_SHOWN = timedelta(days=7)
_UNSETTLED_FOR = timedelta(days=2)
_DISPUTES_SHOWN = timedelta(days=7)
_MOST_DISPUTES = 20


class Verdict(StrEnum):
    """`note`: not needed for what this version runs, or not to be known now."""

    OK = "ok"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """`remedy` is empty where nothing is to be done."""

    check: str
    verdict: Verdict
    found: str
    remedy: str = ""


@click.command("doctor")
@click.option("--settings", "only_settings", is_flag=True, help="List every setting: variable, default, meaning.")
@data_dir_option
@json_option
def command(only_settings: bool, data_dir: Path | None, as_json: bool) -> None:
    """Looks at this machine, and at the database when one answers. Exit 1 when something is wrong."""
    if only_settings:
        emit(all_settings(), as_json)
        return
    configure_logs("doctor", "error", readable=True)
    settings = settings_of(data_dir)
    findings = [*machine(settings), *run(_deployment(settings))]
    emit(findings, as_json)
    if any(finding.verdict is Verdict.WRONG for finding in findings):
        sys.exit(1)


def all_settings() -> list[dict[str, Any]]:
    """Every setting that there is, as its environment variable."""
    return [
        {
            "variable": PREFIX + name.upper(),
            "default": _default(field.default),
            "description": field.description or "",
        }
        for name, field in Settings.model_fields.items()
    ]


def _default(value: object) -> str:
    return "" if value in (None, PydanticUndefined, Secret(""), ()) else str(value)


# --- the machine -------------------------------------------------------------------------------------------------


def machine(settings: Settings) -> list[Finding]:
    """What the engines and services need here."""
    return [
        _python(),
        _tried("postgresql", lambda: _version(settings.database_url, lambda: postgres_folder(settings) / "postgres")),
        _tried("nats", lambda: _version(settings.nats_url, lambda: nats_server(settings))),
        _tried("data folder", lambda: _writable(settings.data_dir)),
        _space(settings.data_dir),
        _feed_key(settings),
        _tried("venue proxies", lambda: _proxies(settings)),
        _browser(settings),
        Finding("rabbitmq", Verdict.NOTE, "not needed yet"),
    ]


def _browser(settings: Settings) -> Finding:
    """An agent works without; it is not chosen to render pages then."""
    try:
        return Finding("chromium", Verdict.OK, str(find_program(settings.browser_program)))
    except NoBrowserError as error:
        return Finding("chromium", Verdict.NOTE, str(error), "apt-get install chromium-headless-shell (as root)")


def _tried(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, Verdict.OK, look())
    except SetupError as error:
        return Finding(name, Verdict.WRONG, error.what, error.remedy)


def _python() -> Finding:
    present = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST_PYTHON:
        return Finding("python", Verdict.WRONG, present, f"install Python {'.'.join(map(str, OLDEST_PYTHON))} or newer")
    return Finding("python", Verdict.OK, present)


def _version(external: Secret | None, find: Callable[[], Path]) -> str:
    """What the program calls itself; it is not needed where an external server is named. Raises SetupError."""
    if external:
        return "external"
    program = find()
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=_ANSWER_S, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise SetupError(f"{program} does not run: {error}", "repeat the installation") from None
    return said.stdout.strip()


def _writable(folder: Path) -> str:
    """Raises SetupError unless files can be made in the folder, or in the one in which it would be made."""
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    try:
        with tempfile.TemporaryFile(dir=place):
            return f"{folder.absolute()} {'can be written' if place == folder.absolute() else 'can be made'}"
    except OSError as error:
        raise SetupError(
            f"{place} cannot be written: {error.strerror}", "choose another folder with --data-dir or HEDGEROW_DATA_DIR"
        ) from None


def _space(folder: Path) -> Finding:
    place = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.is_dir())
    free = shutil.disk_usage(place).free
    found = f"{free >> 20} MB free"
    if free < LEAST_FREE_BYTES:
        return Finding("disk", Verdict.WRONG, found, f"free at least {LEAST_FREE_BYTES >> 20} MB")
    return Finding("disk", Verdict.OK, found)


def _feed_key(settings: Settings) -> Finding:
    if settings.feed_key:
        return Finding("feed key", Verdict.OK, "set")
    return Finding("feed key", Verdict.NOTE, "not set", "set HEDGEROW_FEED_KEY to trade for real; --sim needs none")


def _proxies(settings: Settings) -> str:
    """Which venues are not reached straight. Raises SetupError."""
    proxies = Ways(settings.venue_proxies).proxies()
    return ", ".join(f"{slug} through {address}" for slug, address in proxies.items()) or "none"


# --- the deployment ----------------------------------------------------------------------------------------------


async def _deployment(settings: Settings) -> list[Finding]:
    """What the database says, where one answers."""
    running = found_running(settings)
    if running is None:
        return [Finding("database", Verdict.NOTE, "not running", "hedgerow up starts it; then its rows are looked at")]
    try:
        if not await answers(running.database_url):
            if settings.database_url:
                return [Finding("database", Verdict.WRONG, "does not answer", "start it, or correct the URL")]
            return [Finding("database", Verdict.NOTE, "not running", "an earlier run was killed; start it again")]
        return await _database(settings, running)
    except HedgerowError as error:
        return [Finding("database", Verdict.WRONG, str(error))]


async def _database(settings: Settings, running: Running) -> list[Finding]:
    if waiting := await missing(running.database_url):
        found = f"{waiting} of {len(load())} migrations are missing"
        return [Finding("schema", Verdict.NOTE, found, "the next start of `hedgerow up` applies them")]
    schema = Finding("schema", Verdict.OK, f"{len(load())} migrations")
    database = await Database.connect(running.database_url, size=1)
    try:
        credentials = await _credentials(settings, database)
        compared = [await _bets(database), await _balances(database), await _settlements(database)]
        return [schema, credentials, *compared, await _shadow(database), *await _invariants(database)]
    finally:
        await database.close()


async def _credentials(settings: Settings, database: Database) -> Finding:
    accounts = await Accounts(database, SystemClock()).accounts()
    if not accounts:
        return Finding("credentials", Verdict.NOTE, "no account yet", "hedgerow accounts add ...")
    try:
        if not has_master_key(settings):
            return Finding("credentials", Verdict.WRONG, "the master key is missing", "restore it from a backup")
        vault = vault_of(settings)
        for account in accounts:
            open_credentials(account, vault)
    except SetupError as error:
        return Finding("credentials", Verdict.WRONG, error.what, error.remedy)
    simulated = ", simulated" if is_simulated(settings.data_dir) else ""
    return Finding("credentials", Verdict.OK, f"{len(accounts)} accounts{simulated}")


async def _bets(database: Database) -> Finding:
    """What bookmakers took although it counts as not taken, and bets that wait for a person's word."""
    rulings, remedy = Rulings(database, SystemClock()), "hedgerow bets waiting"
    if late := await rulings.taken_late(_LATE_SHOWN):
        found = "; ".join(
            f"bet {row.bet_id}: {row.bookmaker} took it as {row.taken_as}, we have {row.status}" for row in late
        )
        return Finding("bets", Verdict.WRONG, found, "settle them with the bookmaker: the ledger does not count them")
    if waiting := await rulings.waiting(_UNSETTLED_FOR):
        return Finding("bets", Verdict.NOTE, f"{len(waiting)} wait for a bookmaker's word or yours", remedy)
    return Finding("bets", Verdict.OK, "none waits for a person")


async def _balances(database: Database) -> Finding:
    """What bookmakers said of balances that neither we nor our bets explain."""
    rows = await drifts(database, SystemClock().now() - _DRIFTS_SHOWN, _MOST_DRIFTS)
    if not rows:
        return Finding("balances", Verdict.OK, "as the ledger has them for a day")
    found = (
        f"{row.venue} {row.username} at {row.at:%Y-%m-%d %H:%M}: we had {row.ours} {row.currency}, it said {row.told}, "
        f"{abs(row.drift)} too {'much' if row.drift > 0 else 'little'} with {row.bets} bets open"
        for row in rows
    )
    remedy = "compare with the bookmaker's own statement, unless you have paid in or out; the bets are in abp_drifts"
    return Finding("balances", Verdict.WRONG, "; ".join(found), remedy)


async def _settlements(database: Database) -> Finding:
    """Markets that were made, of whose result exchange, bookmaker and feed say different things."""
    rows = await disputes(database, SystemClock().now() - _DISPUTES_SHOWN, _MOST_DISPUTES)
    if not rows:
        return Finding("settlements", Verdict.OK, "nobody contradicts another for a week")
    found = (
        f"{row.place.client} {row.place.fixture_id} market {row.place.market_id}: "
        + ", ".join(
            f"{source} says {' '.join(f'{outcome} {told}' for outcome, told in said.items())}"
            for source, said in row.words.items()
        )
        for row in rows
    )
    return Finding("settlements", Verdict.WRONG, "; ".join(found), "claim at the venue that is wrong; see mm_disputes")


async def _shadow(database: Database) -> Finding:
    """Who is quoted on paper only, so that nobody wonders at the silence."""
    switches = await Shadowing(database, SystemClock()).switches()
    if not switches:
        return Finding("shadow mode", Verdict.OK, "everybody who is active trades")
    found = (
        one.client if one.tournament_id is None else f"tournament {one.tournament_id} of {one.client}"
        for one in switches
    )
    return Finding("shadow mode", Verdict.NOTE, f"on paper only: {', '.join(found)}", "hedgerow shadow report")


async def _invariants(database: Database) -> list[Finding]:
    broken = await check(database)
    claims = {invariant.name: invariant.claim for invariant in INVARIANTS}
    return [
        Finding(
            f"invariant {name}",
            Verdict.WRONG if rows else Verdict.OK,
            "; ".join(rows) if rows else claims[name],
            f"not true: {claims[name]}" if rows else "",
        )
        for name, rows in broken.items()
    ]
