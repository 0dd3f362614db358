"""`hedgerow agents`: which scraping agents may link, and their keys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import click

from hedgerow.cli.agent import checked_slug
from hedgerow.cli.context import asynchronous, data_dir_option, operator
from hedgerow.cli.output import emit, json_option
from hedgerow.core.errors import InputError
from hedgerow.scraping.gateway.repository import ScrapingRepository


@click.group("agents")
def command() -> None:
    """Scraping agents. Each has a key of its own, shown once, that can only serve as that agent.

    \b
    hedgerow agents key de1
    hedgerow agents disable de1
    """


@command.command("key")
@click.argument("slug")
@data_dir_option
@json_option
@asynchronous
async def key(slug: str, data_dir: Path | None, as_json: bool) -> None:
    """Makes a key for an agent, known or new, and prints it, once; its older one, and what runs on it, ends."""
    async with _repository(data_dir) as repository:
        text = (await repository.set_agent_key(checked_slug(slug))).reveal()
        emit({"slug": slug, "key": text}, as_json, text)


@command.command("list")
@data_dir_option
@json_option
@asynchronous
async def list_agents(data_dir: Path | None, as_json: bool) -> None:
    """All agents that have a key."""
    async with _repository(data_dir) as repository:
        emit(await repository.agents(), as_json)


@command.command("enable")
@click.argument("slug")
@data_dir_option
@asynchronous
async def enable(slug: str, data_dir: Path | None) -> None:
    """Lets an agent link again."""
    await _set_active(slug, data_dir, is_active=True)


@command.command("disable")
@click.argument("slug")
@data_dir_option
@asynchronous
async def disable(slug: str, data_dir: Path | None) -> None:
    """Lets an agent link no more; its links, their work and its relays end within a second or two."""
    await _set_active(slug, data_dir, is_active=False)


@command.command("remove")
@click.argument("slug")
@data_dir_option
@asynchronous
async def remove(slug: str, data_dir: Path | None) -> None:
    """Forgets an agent and its key."""
    async with _repository(data_dir) as repository:
        if not await repository.remove_agent(slug):
            raise _unknown(slug)
        click.echo(f"agent {slug} removed")


@asynccontextmanager
async def _repository(data_dir: Path | None) -> AsyncIterator[ScrapingRepository]:
    async with operator(data_dir) as op:
        yield ScrapingRepository(op.database, op.clock)


async def _set_active(slug: str, data_dir: Path | None, *, is_active: bool) -> None:
    async with _repository(data_dir) as repository:
        if not await repository.set_agent_active(slug, is_active):
            raise _unknown(slug)
        click.echo(f"agent {slug} {'enabled' if is_active else 'disabled'}")


def _unknown(slug: str) -> InputError:
    return InputError(f"there is no agent {slug!r}; see: hedgerow agents list")
