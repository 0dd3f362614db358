"""What an agent can do, by kind of stream. A kind of work is added by its handler in `AgentWorks.start`."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

from hedgerow.scraping.agent.amqp import AmqpConsumer
from hedgerow.scraping.agent.clients import Clients
from hedgerow.scraping.agent.dial import Dialer
from hedgerow.scraping.agent.fetch import Fetcher
from hedgerow.scraping.agent.relay import Relayer
from hedgerow.scraping.agent.socks import SocksGuard
from hedgerow.scraping.agent.tunnel import Tunneller
from hedgerow.scraping.agent.work import Handler
from hedgerow.scraping.guard import Policy
from hedgerow.scraping.messages import Kind


class AgentWorks:
    """The handlers, and what they share: the dialler, the loopback guard, the HTTP clients."""

    def __init__(self, policy: Policy, trust: ssl.SSLContext | None = None) -> None:
        """trust: for TLS to gateways; None: the system's authorities."""
        self.dialer = Dialer(policy)
        self._trust = trust
        self.guard = SocksGuard(self.dialer)
        self._clients = Clients(self.guard)
        self.handlers: Mapping[int, Handler] = {}

    @property
    def capabilities(self) -> tuple[str, ...]:
        return tuple(Kind(kind).capability for kind in self.handlers)

    async def start(self) -> None:
        await self.guard.start()
        self.handlers = {
            Kind.FETCH: Fetcher(self._clients, self.dialer, self.guard).serve,
            Kind.WS: Relayer(self.dialer, self._trust).serve,
            Kind.AMQP: AmqpConsumer(self.dialer).serve,
            Kind.TUNNEL: Tunneller(self.dialer).serve,
        }

    async def stop(self) -> None:
        await self._clients.close()
        await self.guard.stop()
