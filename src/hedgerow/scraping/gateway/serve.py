"""The gateway as a process: database, bus, links and API, from start to stop."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import AsyncExitStack
from pathlib import Path

from hedgerow.api.auth import KeyRing
from hedgerow.api.server import Server
from hedgerow.bus.nats import Bus
from hedgerow.core import memory
from hedgerow.core.clock import SystemClock
from hedgerow.core.config import PREFIX, Settings, certificate_files
from hedgerow.core.errors import SetupError
from hedgerow.core.tasks import spawn, stop
from hedgerow.scraping.gateway.app import create_app, sockets
from hedgerow.scraping.gateway.buckets import Buckets
from hedgerow.scraping.gateway.front import ProxyFront
from hedgerow.scraping.gateway.health import HealthBook
from hedgerow.scraping.gateway.links import Links
from hedgerow.scraping.gateway.relay import Relays
from hedgerow.scraping.gateway.repository import ScrapingRepository
from hedgerow.scraping.gateway.revocation import Revocation
from hedgerow.scraping.gateway.selection import Picker, Pins
from hedgerow.scraping.gateway.sharing import Sharing
from hedgerow.scraping.gateway.showing import Showing
from hedgerow.scraping.gateway.sockets import socket_protocol
from hedgerow.scraping.gateway.usage import Usage
from hedgerow.scraping.gateway.work import Desk
from hedgerow.scraping.guard import Patterns, Policy
from hedgerow.scraping.linkurl import link_url
from hedgerow.storage.accounts import Accounts
from hedgerow.storage.database import Database
from hedgerow.storage.migrate import migrate

FINISH_S = 4.0
"""For requests under way when the gateway stops; the server gives up a second later."""
_LOOK_S = 0.01
_CONNECTIONS = 10


async def run(settings: Settings, *, host: str, port: int) -> None:
    """Serves until it is cancelled. Raises SetupError when it cannot begin."""
    if settings.database_url is None or settings.nats_url is None:
        raise SetupError(
            "the scraping gateway needs HEDGEROW_DATABASE_URL and HEDGEROW_NATS_URL", "set both, or run `hedgerow up`"
        )
    certificate = certificate_files(settings.gateway_certificate, settings.gateway_certificate_key, "gateway")
    url = settings.gateway_url or f"{'https' if certificate else 'http'}://{_named(host)}:{port}"
    try:
        link_url(url)
    except ValueError:
        raise SetupError(f"{PREFIX}GATEWAY_URL {url!r} is not a URL", "name it as https://host[:port]") from None
    async with AsyncExitStack() as stack:
        await migrate(settings.database_url)
        database = await Database.connect(settings.database_url, size=_CONNECTIONS)
        stack.push_async_callback(database.close)
        bus = await Bus.connect(settings.nats_url, "gateway")
        stack.push_async_callback(bus.close)
        gateway = Deployed(settings, database, bus, url)
        server = Server(
            gateway.app,
            host,
            port,
            sockets=gateway.sockets,
            doors=gateway.app.quick_doors,
            certificate=certificate,
        )
        stack.push_async_callback(stop_in_order, server, gateway)
        await server.start()  # what the front's connections need begins with it, and stops the front
        if settings.gateway_proxy_port is not None:
            await gateway.front.start(host, settings.gateway_proxy_port, certificate and _tls(*certificate))
        memory.settle()
        await server.ended()


async def stop_in_order(server: Server, gateway: Deployed) -> None:
    """Takes nothing new, ends at once what would go on, lets requests end for a while, and answers the rest."""
    gateway.leave()
    await server.stop()


class Deployed:
    """A gateway put together on its database and bus."""

    def __init__(self, settings: Settings, database: Database, bus: Bus, url: str) -> None:
        """url: where agents reach it."""
        clock = SystemClock()
        repository = ScrapingRepository(database, clock)
        book = HealthBook()
        links = Links(repository.is_agent)
        self._sharing = Sharing(bus, links, book, clock, url)
        self._usage = Usage(repository)
        pins = Pins()
        picker = Picker(links.candidates, book, pins, clock.now_ms)
        self._showing = Showing(bus, self._sharing, picker, pins, clock)
        self.desk = Desk(
            links,
            picker,
            self._showing,
            book,
            Buckets(repository, asyncio.get_running_loop().time),
            self._usage,
            Policy(target_patterns(settings)),
            clock,
            self._sharing.share,
        )
        keys = KeyRing(Accounts(database, clock), clock, "scraping")
        self.relays = Relays(keys, self.desk)
        self.front = ProxyFront(keys, self.desk)
        self._leaving: asyncio.Task[None] | None = None
        self._revocation = Revocation(repository, links, self.relays)
        self.sockets = socket_protocol(sockets(self.desk, self.relays))
        self.app = create_app(self.desk, keys, repository, database, bus, start=self._start, stop=self._stop)

    async def _start(self) -> None:
        await self._usage.start()
        await self._showing.start()
        await self._sharing.start()
        self.relays.start()
        self._revocation.start()

    def leave(self) -> None:
        """Begins the end, beside the server's own."""
        self._leaving = spawn(self._leave(), "leaving of the gateway")

    async def _leave(self) -> None:
        self.front.refuse()
        self.desk.lasting.stop()
        await self.relays.stop()
        await asyncio.sleep(FINISH_S)
        self.desk.links.stop()  # which answers what is left

    async def _stop(self) -> None:
        """Called when the server has no connection any more; the front may have some."""
        if self._leaving is not None:
            while self.desk.under_way and not self._leaving.done():  # noqa: ASYNC110 - counted where little may be done
                await asyncio.sleep(_LOOK_S)
            await stop(self._leaving)
        await self._revocation.stop()
        await self.front.stop()
        await self.relays.stop()
        self.desk.links.stop()
        await self._sharing.stop()
        await self._usage.stop()


def target_patterns(settings: Settings) -> Patterns:
    """The deployment's exceptions. Raises SetupError."""
    try:
        return Patterns.of(settings.target_allow)
    except ValueError as error:
        raise SetupError(f"{PREFIX}TARGET_ALLOW: {error}", "correct the variable") from None


def _tls(chain: Path, key: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain, key)
    return context


def _named(host: str) -> str:
    """A host as it stands in a URL."""
    return f"[{host}]" if ":" in host else host
