"""`hedgerow agent`: one scraping agent, on any machine that can reach a gateway."""

from __future__ import annotations

import re
from pathlib import Path

import click

from hedgerow.cli.running import run, settings_of, until_signalled
from hedgerow.core.errors import InputError
from hedgerow.core.observe import configure_logs
from hedgerow.core.tasks import watched
from hedgerow.core.tracing import exported
from hedgerow.scraping.gateway.request import COUNTRIES

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
_STOP_S = 15.0


@click.command("agent")
@click.option("--slug", required=True, help="Name of the agent, as its key was made for.")
@click.option("--country", required=True, help="Where it is: two letters, ISO 3166-1.")
@click.option("--gateway", "gateways", multiple=True, metavar="URL", help="A gateway; it tells of the others.")
@click.option("--linked-file", type=click.Path(dir_okay=False, path_type=Path), help="Made once a gateway let it in.")
def command(slug: str, country: str, gateways: tuple[str, ...], linked_file: Path | None) -> None:
    """Runs a scraping agent until it is told to stop. It dials out and listens to nobody.

    \b
    HEDGEROW_AGENT_KEY=... hedgerow agent --slug de1 --country DE --gateway https://scraping.example.com
    """
    from hedgerow.scraping.agent import serve

    settings = settings_of(None)
    slug, country = checked_slug(slug), checked_country(country)
    configure_logs(f"agent-{slug}", settings.log_level)
    with exported(settings, "agent"):
        work = serve.run(settings, slug=slug, country=country, gateways=gateways, linked_file=linked_file)
        run(until_signalled(watched(work), longest_stop_s=_STOP_S))


def checked_slug(text: str) -> str:
    """Raises InputError."""
    if not _SLUG.fullmatch(text):
        raise InputError(f"{text!r} is not an agent's slug: lower case letters, digits and dashes, like de1")
    return text


def checked_country(text: str) -> str:
    """In upper case. Raises InputError."""
    country = text.upper()
    country = "GB" if country == "UK" else country
    if country not in COUNTRIES:
        raise InputError(f"{text!r} is not a country's code of two letters, like DE")
    return country
