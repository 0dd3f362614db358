"""Takes back what an agent was let in for: one that is disabled, removed or given another key loses its link, all work
on it, and the relays that run through it, within a second or two."""

from __future__ import annotations

import asyncio

import structlog

from hedgerow.core.tasks import spawn, stop
from hedgerow.scraping.gateway.links import Links
from hedgerow.scraping.gateway.relay import Relays
from hedgerow.scraping.gateway.repository import ScrapingRepository
from hedgerow.storage.database import StorageError

LOOK_EVERY_S = 1.0

_log = structlog.get_logger(__name__)


class Revocation:
    """One gateway's look at its agents."""

    def __init__(self, repository: ScrapingRepository, links: Links, relays: Relays) -> None:
        self._repository, self._links, self._relays = repository, links, relays
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = spawn(self._run(), "look for agents that may link no more", is_vital=True)

    async def stop(self) -> None:
        await stop(self._task)

    async def look(self) -> None:
        """Raises StorageError; then everybody stays."""
        here = {agent.credentials for agent in (*self._links.agents(), *self._relays.agents())}
        if not here:
            return
        for credentials in here - await self._repository.agents_among(here):
            _log.warning("agent may link no more", agent=credentials[0])
            self._links.part_from(credentials)
            self._relays.part_from(credentials)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self.look()
            except StorageError as error:
                _log.warning("agents are not looked up", error=str(error))
