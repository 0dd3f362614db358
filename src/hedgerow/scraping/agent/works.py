"""What an agent can do, by kind of stream. A kind of work is added by its handler in `AgentWorks.start`."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

import structlog

from hedgerow.scraping.agent.amqp import AmqpConsumer
from hedgerow.scraping.agent.browser.pool import Pool
from hedgerow.scraping.agent.browser.program import BrowserSettings, NoBrowserError, find_program
from hedgerow.scraping.agent.browser.serve import BrowserWork
from hedgerow.scraping.agent.clients import Clients
from hedgerow.scraping.agent.dial import Dialer
from hedgerow.scraping.agent.fetch import Fetcher
from hedgerow.scraping.agent.plain import PlainClient
from hedgerow.scraping.agent.quick import Quick
from hedgerow.scraping.agent.relay import Relayer
from hedgerow.scraping.agent.secure import SecureClient
from hedgerow.scraping.agent.socks import SocksGuard
from hedgerow.scraping.agent.tunnel import Tunneller
from hedgerow.scraping.agent.work import Beginner, Handler
from hedgerow.scraping.guard import Policy
from hedgerow.scraping.messages import Kind

_log = structlog.get_logger(__name__)


class AgentWorks:
    """The handlers, and what they share: the dialler, the loopback guard, the HTTP clients, the browsers."""

    def __init__(
        self, policy: Policy, trust: ssl.SSLContext | None = None, browser: BrowserSettings | None = None
    ) -> None:
        """trust: for TLS to gateways; None: the system's authorities. browser: None for an agent that is to have
        none."""
        self.dialer = Dialer(policy)
        self._trust = trust
        self.guard = SocksGuard(self.dialer)
        self._clients = Clients(self.guard)
        self._plain = PlainClient(self.dialer)
        self._pool = Pool(browser, self.guard) if browser is not None else None
        self.handlers: Mapping[int, Handler] = {}
        self.beginners: Mapping[int, Beginner] = {}

    @property
    def capabilities(self) -> tuple[str, ...]:
        return tuple(Kind(kind).capability for kind in self.handlers)

    async def start(self) -> None:
        await self.guard.start()
        fetcher = Fetcher(self._plain, SecureClient(self._clients, self.dialer, self.guard))
        handlers: dict[int, Handler] = {
            Kind.FETCH: fetcher.serve,
            Kind.WS: Relayer(self.dialer, self._trust).serve,
            Kind.AMQP: AmqpConsumer(self.dialer).serve,
            Kind.TUNNEL: Tunneller(self.dialer).serve,
        }
        if (pool := await self._started_pool()) is not None:
            handlers[Kind.BROWSER] = BrowserWork(pool, self.dialer).serve
        self.handlers = handlers
        self.beginners = {Kind.FETCH: Quick(fetcher, self._plain).begin}

    @property
    def browsers(self) -> Pool | None:
        return self._pool

    async def _started_pool(self) -> Pool | None:
        """None where there is no browser: then the agent does not say that it can."""
        if self._pool is None:
            return None
        try:
            find_program(self._pool.settings.program)
        except NoBrowserError as error:
            _log.warning("this agent has no browser", why=str(error))
            return None
        await self._pool.start()
        return self._pool

    async def stop(self) -> None:
        if self._pool is not None:
            await self._pool.stop()
        self._plain.close()
        await self._clients.close()
        await self.guard.stop()
