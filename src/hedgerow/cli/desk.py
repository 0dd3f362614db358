"""`hedgerow bridge jobs` and its like: what a person does at a desk, from a terminal."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import click
import msgspec

from hedgerow.bridging.wire import RETRIES
from hedgerow.cli.context import asynchronous
from hedgerow.cli.output import emit, json_option
from hedgerow.cli.running import settings_of
from hedgerow.core.errors import HedgerowError, InputError, SetupError
from hedgerow.net.http import HttpClient

_DESK = "http://127.0.0.1:8010"

F = TypeVar("F", bound=Callable[..., Any])


def desk_option(command: F) -> F:
    """`--desk`, the same on every command of it."""
    return click.option("--desk", "url", default=_DESK, show_default=True, help="Where the desk is served.")(command)


def person_option(command: F) -> F:
    """`--as`: under whose name a decision is audited."""
    return click.option("--as", "person", default=getpass.getuser, help="Your name (default: the user's).")(command)


@click.command("jobs")
@desk_option
@json_option
@asynchronous
async def jobs(url: str, as_json: bool) -> None:
    """What is to be bet, by whom, and how many seconds are left."""
    emit(await _call(url, "GET", "/jobs"), as_json)


@click.command("decisions")
@desk_option
@json_option
@asynchronous
async def decisions(url: str, as_json: bool) -> None:
    """The last 200 decisions, each with who made it."""
    emit(await _call(url, "GET", "/decisions"), as_json)


@click.command("take")
@click.argument("reference")
@person_option
@desk_option
@asynchronous
async def take(reference: str, person: str, url: str) -> None:
    """Takes a bet for a minute, so that nobody else places it. REFERENCE: or the beginning of one."""
    job = await _deed(url, reference, "take", person, {})
    emit(job, as_json=False)


@click.command("placed")
@click.argument("reference")
@click.option("--ticket", required=True, help="The bookmaker's number of the bet.")
@click.option("--stake", required=True, help="That was really placed.")
@click.option("--price", required=True, help="That was really given, as decimal odds.")
@click.option("--meant", is_flag=True, help="The ticket says so although it is beyond what was asked for.")
@person_option
@desk_option
@asynchronous
async def placed(reference: str, ticket: str, stake: str, price: str, meant: bool, person: str, url: str) -> None:
    """Says that a bet stands at the bookmaker."""
    given = {"ticket": ticket, "stake": stake, "price": price, "meant": "yes" if meant else ""}
    await _deed(url, reference, "placed", person, given)
    click.echo("told: placed")


@click.command("impossible")
@click.argument("reference")
@click.option("--code", type=click.Choice(sorted(RETRIES)), required=True, help="Why.")
@click.option("--note", default="", help="In words.")
@person_option
@desk_option
@asynchronous
async def impossible(reference: str, code: str, note: str, person: str, url: str) -> None:
    """Says that a bet does not stand at the bookmaker, and will not."""
    await _deed(url, reference, "impossible", person, {"code": code, "note": note})
    click.echo("told: not placed")


@click.command("balance")
@click.argument("account")
@click.argument("available")
@person_option
@desk_option
@asynchronous
async def balance(account: str, available: str, person: str, url: str) -> None:
    """Tells what may be staked now, as the bookmaker shows it."""
    await _call(url, "POST", f"/balance/{quote(account, safe='')}", {"available": available, "person": person})
    click.echo(f"told: {available}")


async def _deed(url: str, reference: str, deed: str, person: str, given: Mapping[str, str]) -> Any:
    """Does something with the one job whose reference begins so. Raises InputError for none and for several."""
    found = [job for job in await _call(url, "GET", "/jobs") if job["reference"].startswith(reference.lower())]
    if len(found) != 1:
        raise InputError(
            f"{len(found)} bets have a reference that begins with {reference!r}; see: hedgerow bridge jobs"
        )
    [job] = found
    path = f"/jobs/{quote(job['account'], safe='')}/{job['reference']}/{deed}"
    return await _call(url, "POST", path, {**given, "person": person})


async def _call(url: str, method: str, path: str, given: Mapping[str, str] | None = None) -> Any:
    """Raises InputError for what the desk refuses."""
    key = settings_of(None).bridge_operator_key
    if key is None:
        raise SetupError("the operator key is missing", "set HEDGEROW_BRIDGE_OPERATOR_KEY to that of the desk")
    http = HttpClient("the desk", f"{url.rstrip('/')}/desk/api", connections=1)
    headers = [("Authorization", f"Bearer {key.reveal()}")]
    body = b"" if given is None else msgspec.json.encode(given)
    try:
        answer = await http.request(f"{method} {path}", method, path, headers=headers, body=body)
    finally:
        await http.close()
    value = msgspec.json.decode(answer.body)
    if answer.status == 409:
        raise InputError(value["detail"])
    if answer.status != 200:
        raise HedgerowError(f"the desk answers {answer.status}: {value['detail']}")
    return value
