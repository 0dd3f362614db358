"""`hedgerow up`: a whole deployment on this machine, until it is told to stop."""

from __future__ import annotations

import os
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from hedgerow import __version__
from hedgerow.cli.agent import checked_country, checked_slug
from hedgerow.cli.context import data_dir_option
from hedgerow.cli.numbers import decimal_option
from hedgerow.cli.running import run, settings_of, until_signalled
from hedgerow.cli.services import ABP, DASHBOARD, GATEWAY, OPERATOR, SERVICES
from hedgerow.cli.stack import OPERATOR_KEY_FILE, Stack, StackOptions
from hedgerow.core.errors import InputError, SetupError
from hedgerow.core.files import write_json
from hedgerow.core.observe import configure_logs
from hedgerow.sim.recordings.opening import is_generated

DEFAULT_PORT_BASE = 8000
HIGHEST_PORT_BASE = 65_535 - 6
NO_REPLAY = "none"
DEMO_AGENTS = "de1:DE,at5:AT,us3:US"


@click.command("up")
@click.option("--sim", "simulated", is_flag=True, help="Against the simulated world, with demo clients and accounts.")
@data_dir_option
@click.option(
    "--port-base",
    type=click.IntRange(0, HIGHEST_PORT_BASE),
    default=DEFAULT_PORT_BASE,
    show_default=True,
    help="Dashboard on it, ABP +1, MM +2, scraping +3, simulation +4, operator +6; 0: free ports.",
)
@click.option("--ready-file", type=click.Path(path_type=Path), help="Written once everything answers: URLs and keys.")
@click.option("--replay", default=NO_REPLAY, help="With --sim: a recording to play, `generated[:SEED]`, or none.")
@click.option("--speed", default="1", show_default=True, help="Of the replay; 0: as fast as services follow.")
@click.option("--agents", metavar="SLUG:CC,...", help=f"Scraping agents (with --sim: {DEMO_AGENTS}).")
def command(
    simulated: bool,
    data_dir: Path | None,
    port_base: int,
    ready_file: Path | None,
    replay: str,
    speed: str,
    agents: str | None,
) -> None:
    """Starts engines and services, supervises them, and stops all on Ctrl-C or SIGTERM.

    \b
    hedgerow up --sim                      paper trading on ports 8000 to 8006
    hedgerow up --sim --replay generated   with a match that is played at once
    hedgerow up --data-dir /srv/hedgerow   real venues
    """
    recording = recording_of(replay)
    if recording and not simulated:
        raise click.UsageError("--replay plays in the simulated world: add --sim")
    if ready_file is not None:
        ready_file = _fresh(ready_file)
    settings = settings_of(data_dir)
    configure_logs("up", settings.log_level, readable=sys.stderr.isatty())
    if agents is None:
        agents = DEMO_AGENTS if simulated else ""
    options = StackOptions(
        settings,
        simulated=simulated,
        agents=agents_of(agents),
        port_base=port_base,
        expected_followers=sum(service.follows_clock for service in SERVICES),
    )
    pace = decimal_option(speed, "--speed", least=Decimal(0))
    run(until_signalled(_up(options, ready_file, recording, pace)))


async def _up(options: StackOptions, ready_file: Path | None, recording: str | None, speed: Decimal) -> None:
    async with Stack(options) as stack:
        if recording:
            await play(stack, recording, speed)
        if ready_file:
            write_json(ready_file, ready(stack))
        click.echo(summary(stack))
        await stack.failed()


def recording_of(replay: str) -> str | None:
    """What the world is asked to play; None for nothing. Raises InputError for a file that is not there."""
    if replay == NO_REPLAY:
        return None
    if is_generated(replay):
        return replay
    path = Path(replay).absolute()
    if not path.is_file():
        raise InputError(f"there is no recording {replay}")
    return str(path)


def agents_of(text: str) -> tuple[tuple[str, str], ...]:
    """Slugs and countries of `--agents`. Raises InputError."""
    agents = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        slug, _, country = part.partition(":")
        agents[checked_slug(slug)] = checked_country(country)
    return tuple(agents.items())


async def play(stack: Stack, recording: str, speed: Decimal) -> dict[str, Any]:
    """Starts a replay in the stack's world; answers its progress. Raises CallError."""
    async with stack.world() as world:
        progress: dict[str, Any] = await world.post("/sim/replay", {"file": recording, "speed": speed})
        return progress


def ready(stack: Stack) -> dict[str, Any]:
    """The ready file's content."""
    return {
        "pid": os.getpid(),
        "version": __version__,
        "data_dir": str(stack.data_dir),
        "database_url": stack.database_url.reveal(),
        "nats_url": stack.nats_url.reveal(),
        "dashboard": {"url": stack.dashboard_url},
        "operator": {
            "url": stack.operator_url,
            "keys": [{"key": stack.operator_key().reveal(), "client": "operator"}],
        },
        "abp": {"url": stack.abp_url, "ws": stack.abp_ws_url, "keys": stack.keys.get("abp", [])},
        "mm": {"url": stack.mm_url, "ws": stack.mm_ws_url, "keys": stack.keys.get("mm", [])},
        "scraping": {
            "url": stack.gateway_url,
            "ws": stack.gateway_ws_url,
            "proxy": stack.gateway_proxy_url,
            "keys": stack.keys.get("scraping", []),
        },
        "sim": {"url": stack.sim_url} if stack.sim_url else None,
        "processes": stack.pids,
    }


def summary(stack: Stack) -> str:
    """Where everything is, for people."""
    services = {service.name for service in stack.services}
    lines = []
    if DASHBOARD.name in services:
        lines.append(f"dashboard      {stack.dashboard_url}   sign in with a key")
    if ABP.name in services:
        lines.append(f"bet placing    {stack.abp_url}   WebSocket {stack.abp_ws_url}")
    lines.append(f"market making  {stack.mm_url}   WebSocket {stack.mm_ws_url}")
    if GATEWAY.name in services:
        front = f"   proxy front {stack.gateway_proxy_url}" if stack.gateway_proxy_url else ""
        lines.append(f"scraping       {stack.gateway_url}{front}")
    if OPERATOR.name in services:
        lines.append(f"operator       {stack.operator_url}")
    if stack.sim_url:
        lines.append(f"simulation     {stack.sim_url}/sim/state")
    lines += [
        f"demo key       {demo.key}  ({demo.client}, {service})"
        for service in sorted("scraping" if name == GATEWAY.name else name for name in services)
        for demo in stack.keys.get(service, [])
    ]
    if OPERATOR.name in services:
        # Of a deployment with real money it is not shown to whoever looks at the terminal.
        shown = stack.operator_key().reveal() if stack.keys else str(stack.data_dir / OPERATOR_KEY_FILE)
        lines.append(f"operator key   {shown}  (dashboard, operator API)")
    lines.append(f"data folder    {stack.data_dir}")
    return "\n".join([*lines, "Ctrl-C stops everything"])


def _fresh(ready_file: Path) -> Path:
    """The ready file's place, emptied, so that nobody reads an old one. Raises SetupError."""
    path = ready_file.absolute()
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise SetupError(f"the ready file {path} cannot be written: {error.strerror}", "name another place") from None
    if not path.parent.is_dir():
        raise SetupError(f"the ready file's folder {path.parent} does not exist", "make it, or name another place")
    return path
