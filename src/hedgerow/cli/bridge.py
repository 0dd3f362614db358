"""`hedgerow bridge`: bookmakers without a public betting API, by a bridge of one's own."""

from __future__ import annotations

import importlib
import ssl
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from hedgerow.bridging import wire
from hedgerow.bridging.bridge import Bridge, Terms
from hedgerow.bridging.clients import one_client, read_clients
from hedgerow.bridging.conformance import CommandHook, Report, Target, check
from hedgerow.bridging.conformance.client import Keys
from hedgerow.bridging.conformance.hook import NoHook
from hedgerow.bridging.desk.desk import DECISION_S, desk_terms
from hedgerow.bridging.door import Client
from hedgerow.cli.desk import balance, decisions, impossible, jobs, placed, take
from hedgerow.cli.output import emit
from hedgerow.cli.running import run, settings_of, until_signalled
from hedgerow.core.config import Settings
from hedgerow.core.errors import InputError, SetupError
from hedgerow.core.files import write_json
from hedgerow.core.observe import configure_logs
from hedgerow.core.secrets import Secret
from hedgerow.core.tasks import watched

F = TypeVar("F", bound=Callable[..., Any])

_PUBLISHED = 0o644
_STOP_S = 15.0


def serving_options(file: str) -> Callable[[F], F]:
    """What every bridge that is served can be told. file: where it keeps its bets, unless it is told otherwise."""
    options = (
        click.option(
            "--file",
            "path",
            type=click.Path(dir_okay=False, path_type=Path),
            default=Path(file),
            show_default=True,
            help="Where its bets, and what persons decide, are kept.",
        ),
        click.option("--host", default="127.0.0.1", show_default=True),
        click.option("--port", type=click.IntRange(1, 65535), default=8010, show_default=True),
        click.option(
            "--clients",
            "clients_file",
            type=click.Path(dir_okay=False, path_type=Path),
            help="File (TOML, mode 0600) with a [[client]] for each router, where there are several.",
        ),
        click.option(
            "--behind-tls", is_flag=True, help="Browsers reach the pages over TLS: their cookie goes no other way."
        ),
    )

    def add(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return add


@click.group("bridge")
def command() -> None:
    """Bridges: adapters that place bets at one bookmaker and speak our protocol.

    \b
    hedgerow bridge serve my_bridge:MyBridge --port 8010
    hedgerow bridge check https://bridge.example.org/bridge/v1 --selection selection.json
    hedgerow bridge desk --bookmaker betcris --account main=USD --responsible "Example Ltd"
    hedgerow bridge jobs
    """


@command.command("check")
@click.argument("url")
@click.option("--token", help="The bridge's bearer token (default: HEDGEROW_BRIDGE_TOKEN, seen in no process list).")
@click.option("--hmac-secret", help="With which requests are signed (default: HEDGEROW_BRIDGE_HMAC_SECRET).")
@click.option("--account", help="The account to bet with (default: the first that the token may use).")
@click.option(
    "--selection",
    "selection_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File with a Selection to bet on, as JSON (default: the first of the bridge's own odds).",
)
@click.option("--play-money", is_flag=True, help="Bets may be placed although the bridge does not say `simulated`.")
@click.option("--hook", help="Command that does what only the operator can: settle, hold, crash, restart.")
@click.option("--ca", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Authority (PEM) of its TLS.")
@click.option("--case", "numbers", multiple=True, metavar="BR-NN", help="Only this case; may be given again.")
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="File for the result, to be published."
)
def check_bridge(
    url: str,
    token: str | None,
    hmac_secret: str | None,
    account: str | None,
    selection_file: Path | None,
    play_money: bool,
    hook: str | None,
    ca: Path | None,
    numbers: tuple[str, ...],
    json_file: Path | None,
) -> None:
    """Runs the conformance kit against a bridge, with play money. Exit 1 when a case failed."""
    configure_logs("bridge-check", "error", readable=True)
    settings = settings_of(None)
    bearer = Secret(token) if token else settings.bridge_token
    if bearer is None:
        raise InputError("the bridge's token is missing: set HEDGEROW_BRIDGE_TOKEN, or give --token")
    secret = Secret(hmac_secret) if hmac_secret else settings.bridge_hmac_secret
    target = Target(
        url,
        Keys(bearer, secret),
        account,
        _selection(selection_file),
        play_money,
        CommandHook(hook) if hook else NoHook(),
        ssl.create_default_context(cafile=str(ca)) if ca else None,
    )
    report = run(check(target, numbers or None))
    if json_file is not None:
        write_json(json_file, report.document(), mode=_PUBLISHED)
    emit(_rows(report), as_json=False)
    if report.has_failed:
        sys.exit(1)


def _rows(report: Report) -> list[dict[str, str]]:
    return [
        {"case": verdict.case, "result": verdict.result, "claim": verdict.claim, "why": verdict.why}
        for verdict in report.verdicts
    ]


def _selection(path: Path | None) -> wire.Selection | None:
    """Raises InputError."""
    if path is None:
        return None
    try:
        return wire.decode(path.read_bytes(), wire.Selection)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} holds no Selection: {error}") from None


@command.command("serve")
@click.argument("bridge", metavar="MODULE:CLASS")
@serving_options("bridge.sqlite")
def serve_bridge(bridge: str, path: Path, host: str, port: int, clients_file: Path | None, behind_tls: bool) -> None:
    """Runs a bridge that was written with the kit until it is told to stop.

    HEDGEROW_BRIDGE_TOKEN is the token of the router. With a HEDGEROW_BRIDGE_OPERATOR_KEY persons answer at /desk for
    bets of which the bridge cannot find out what became.
    """
    from hedgerow.bridging import serve

    settings = settings_of(None)
    configure_logs("bridge", settings.log_level)
    made = _made(bridge)
    clients = _clients(clients_file, made.terms, settings)
    key = settings.bridge_operator_key
    work = serve.run(made, path, clients, key, host, port, is_behind_tls=behind_tls)
    run(until_signalled(watched(work), longest_stop_s=_STOP_S))


@command.command("desk")
@click.option("--bookmaker", required=True, help="Its slug, as `hedgerow venues list` shows it.")
@click.option(
    "--account", "accounts", multiple=True, required=True, metavar="NAME=CURRENCY", help="May be given again."
)
@click.option("--responsible", required=True, help="Who answers for the bets: the operator's name.")
@click.option(
    "--decision-seconds",
    type=click.FloatRange(10, 600),
    default=DECISION_S,
    show_default=True,
    help="So long a bet waits to be taken.",
)
@serving_options("desk.sqlite")
def serve_desk(
    bookmaker: str,
    accounts: tuple[str, ...],
    responsible: str,
    decision_seconds: float,
    path: Path,
    host: str,
    port: int,
    clients_file: Path | None,
    behind_tls: bool,
) -> None:
    """Runs a desk, a bridge that is a person, until it is told to stop: the protocol, and a page at /desk.

    HEDGEROW_BRIDGE_TOKEN is the token of the router, HEDGEROW_BRIDGE_OPERATOR_KEY the key of those who answer.
    """
    from hedgerow.bridging import serve

    settings = settings_of(None)
    configure_logs("desk", settings.log_level)
    terms = desk_terms(bookmaker, responsible, dict(_account(text) for text in accounts), decision_seconds)
    clients = _clients(clients_file, terms, settings)
    work = serve.run_desk(terms, path, clients, _operator_key(settings), host, port, is_behind_tls=behind_tls)
    run(until_signalled(watched(work), longest_stop_s=_STOP_S))


def _account(text: str) -> tuple[str, str]:
    name, sign, currency = text.rpartition("=")
    if not (name and sign and currency.isalnum() and currency.isupper()):
        raise InputError(f"--account {text!r} is not NAME=CURRENCY, like main=USD")
    return name, currency


def _operator_key(settings: Settings) -> Secret:
    """Raises SetupError."""
    if settings.bridge_operator_key is None:
        raise SetupError(
            "the desk has no operator key",
            "make one with: openssl rand -hex 32   and set HEDGEROW_BRIDGE_OPERATOR_KEY",
        )
    return settings.bridge_operator_key


def _made(name: str) -> Bridge:
    """An object of the class. Raises InputError for what is no bridge."""
    module, sign, kind = name.partition(":")
    if not (module and sign and kind):
        raise InputError(f"{name!r} is not MODULE:CLASS")
    sys.path.insert(0, str(Path.cwd()))
    try:
        found = getattr(importlib.import_module(module), kind)
    except (ImportError, AttributeError) as error:
        raise InputError(f"{name} is not found: {error}") from None
    if not (isinstance(found, type) and issubclass(found, Bridge)):
        raise InputError(f"{name} is no class of hedgerow.bridging.bridge.Bridge")
    return found()


def _clients(path: Path | None, terms: Terms, settings: Settings) -> list[Client]:
    """Raises SetupError."""
    if path is not None:
        return read_clients(path, terms)
    if settings.bridge_token is None:
        raise SetupError(
            "the bridge has no token", "make one with: openssl rand -hex 32   and set HEDGEROW_BRIDGE_TOKEN"
        )
    return one_client(terms, settings.bridge_token, settings.bridge_hmac_secret)


command.add_command(jobs)
command.add_command(take)
command.add_command(placed)
command.add_command(impossible)
command.add_command(balance)
command.add_command(decisions)
