"""A desk that is served on a port of its own, for a router and for the browser of who answers there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from hedgerow.bridging.clients import one_client
from hedgerow.bridging.desk.desk import Desk, desk_terms
from hedgerow.bridging.desk.sessions import Sessions
from hedgerow.bridging.desk.web import DeskRoutes
from hedgerow.bridging.serve import kept, served
from hedgerow.bridging.service import Service
from hedgerow.core.clock import Clock
from hedgerow.core.secrets import Secret

KEY = Secret("throwaway-operator-key")


@dataclass(frozen=True, slots=True)
class Served:
    """url: its base; the protocol and the pages stand below."""

    desk: Desk
    url: str


@asynccontextmanager
async def desk_at(bookmaker: str, account: str, token: Secret, clock: Clock, folder: Path) -> AsyncIterator[Served]:
    """One account in USD. folder: where its store is. Persons sign in with KEY."""
    terms = desk_terms(bookmaker, "Example Ltd", {account: "USD"})
    async with kept(folder / "desk.sqlite", terms, clock) as register:
        desk = Desk(register, clock)
        routes = DeskRoutes(desk, Sessions(KEY, clock)).routes()
        service = Service(terms, desk, register, desk, clock)
        async with served(service, one_client(terms, token, None), "127.0.0.1", 0, clock, *routes) as server:
            yield Served(desk, f"http://127.0.0.1:{server.port}")
