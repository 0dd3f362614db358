"""`hedgerow serve`: one service of a deployment, in the foreground."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

import click

from hedgerow.cli.running import end_within, run, settings_of, until_signalled
from hedgerow.cli.services import ABP, DASHBOARD, GATEWAY, MM, OPERATOR, SIM, Service, port_error
from hedgerow.core.errors import InputError
from hedgerow.core.observe import configure_logs
from hedgerow.core.tasks import watched
from hedgerow.core.tracing import exported

T = TypeVar("T")

# Longer than a clean stop takes; the supervisor's patience is longer still.
_STOP_S = 15.0


@click.group("serve")
def command() -> None:
    """Runs one service until it is told to stop (SIGTERM or Ctrl-C), for deployments over many machines.

    \b
    HEDGEROW_DATABASE_URL=... HEDGEROW_NATS_URL=... hedgerow serve abp --port 8001
    HEDGEROW_DATABASE_URL=... HEDGEROW_NATS_URL=... hedgerow serve mm --port 8002
    HEDGEROW_DATABASE_URL=... HEDGEROW_NATS_URL=... hedgerow serve gateway --port 8003
    HEDGEROW_ABP_URL=... HEDGEROW_MM_URL=... HEDGEROW_SCRAPING_URL=... hedgerow serve dashboard --port 8000
    hedgerow serve sim --port 8004
    HEDGEROW_DATABASE_URL=... HEDGEROW_NATS_URL=... HEDGEROW_OPERATOR_KEY=... hedgerow serve operator --port 8006
    """


@command.command("abp")
@click.option("--host", help="Address to listen on (default: the setting `host`).")
@click.option("--port", type=click.IntRange(1, 65535), default=8001, show_default=True)
def abp(host: str | None, port: int) -> None:
    """Automated bet placing: the runner of orders and its API."""
    from hedgerow.abp import serve

    settings = settings_of(None)
    configure_logs("abp", settings.log_level)
    host = host or settings.host
    with exported(settings, "abp"):
        run(_serve(serve.run(settings, host=host, port=port), ABP, host, port))


@command.command("mm")
@click.option("--host", help="Address to listen on (default: the setting `host`).")
@click.option("--port", type=click.IntRange(1, 65535), default=8002, show_default=True)
def mm(host: str | None, port: int) -> None:
    """Market making: the engine and its API."""
    from hedgerow.mm import serve

    settings = settings_of(None)
    configure_logs("mm", settings.log_level)
    host = host or settings.host
    with exported(settings, "mm"):
        run(_serve(serve.run(settings, host=host, port=port), MM, host, port))


@command.command("gateway")
@click.option("--host", help="Address to listen on (default: the setting `host`).")
@click.option("--port", type=click.IntRange(1, 65535), default=8003, show_default=True)
def gateway(host: str | None, port: int) -> None:
    """Scraping: the API, and the links of agents, which dial its port."""
    from hedgerow.scraping.gateway import serve

    settings = settings_of(None)
    configure_logs("gateway", settings.log_level)
    host = host or settings.host
    with exported(settings, "gateway"):
        run(_serve(serve.run(settings, host=host, port=port), GATEWAY, host, port))


@command.command("operator")
@click.option("--host", help="Address to listen on (default: the setting `host`).")
@click.option("--port", type=click.IntRange(1, 65535), default=8006, show_default=True)
def operator(host: str | None, port: int) -> None:
    """The operator API: clients, keys, accounts, tournaments and the emergency switch over HTTP."""
    from hedgerow.operating import serve

    settings = settings_of(None)
    configure_logs("operator", settings.log_level)
    host = host or settings.host
    run(_serve(serve.run(settings, host=host, port=port), OPERATOR, host, port))


@command.command("dashboard")
@click.option("--host", help="Address to listen on (default: the setting `host`).")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
def dashboard(host: str | None, port: int) -> None:
    """The dashboard: pages for people, which use the APIs of the other services."""
    from hedgerow.dashboard import serve

    settings = settings_of(None)
    configure_logs("dashboard", settings.log_level)
    host = host or settings.host
    with exported(settings, "dashboard"):
        run(_serve(serve.run(settings, host=host, port=port), DASHBOARD, host, port))


@command.command("sim")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8004, show_default=True, help="Of the script API.")
@click.option("--followers", type=click.IntRange(min=0), default=0, help="Services that stepped time waits for.")
@click.option("--site", "sites", multiple=True, metavar="SLUG/SITE=PORT", help="A venue's port (default: a free one).")
def sim(host: str, port: int, followers: int, sites: tuple[str, ...]) -> None:
    """The simulated world: every venue, the feed, and the script API."""
    from hedgerow.sim.server import SCRIPT, WorldConfig, run_world

    configure_logs("sim", settings_of(None).log_level)
    ports = {SCRIPT: port, **dict(_site(text) for text in sites)}
    config = WorldConfig(host=host, ports=ports, expected_followers=followers)
    run(_serve(run_world(config), SIM, host, port))


async def _serve(work: Coroutine[Any, Any, None], service: Service, host: str, port: int) -> None:
    """Runs a service until it ends, a signal stops it, or a vital task of it fails; a stop that hangs is cut."""
    try:
        await until_signalled(watched(work, lambda: end_within(_STOP_S)), longest_stop_s=_STOP_S)
    except OSError as error:
        raise port_error(service, host, port, error) from None


def _site(text: str) -> tuple[str, int]:
    name, sign, port = text.rpartition("=")
    if not sign or "/" not in name or not port.isdecimal() or int(port) > 65535:
        raise InputError(f"--site {text!r} is not SLUG/SITE=PORT")
    return name, int(port)
