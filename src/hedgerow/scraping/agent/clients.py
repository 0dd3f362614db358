"""HTTP clients of an agent, one a way: each reaches its targets through the loopback guard and nothing else, with
HTTP/2 where the target speaks it, and follows no redirect by itself."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.proxy import ProxyBuilder

from hedgerow import __version__
from hedgerow.core.tasks import spawn
from hedgerow.scraping.agent.dial import Way
from hedgerow.scraping.agent.socks import SocksGuard

MOST_CLIENTS = 64
_IDLE = timedelta(seconds=60)
_MOST_IDLE = 64


@dataclass(slots=True)
class _Kept:
    client: Client
    name: str
    users: int = 0


class Clients:
    """Clients by way, those used last kept with their connections."""

    def __init__(self, guard: SocksGuard) -> None:
        self._guard = guard
        self._kept: OrderedDict[Way, _Kept] = OrderedDict()
        self._number = 0

    @contextmanager
    def lend(self, way: Way) -> Iterator[tuple[Client, str]]:
        """The way's client, and the name that the guard knows the way by."""
        kept = self._kept.get(way)
        if kept is None:
            kept = self._kept[way] = self._new(way)
        self._kept.move_to_end(way)
        kept.users += 1
        try:
            yield kept.client, kept.name
        finally:
            kept.users -= 1
            if len(self._kept) > MOST_CLIENTS:
                self._forget_one()

    async def close(self) -> None:
        for kept in self._kept.values():
            await kept.client.close()
        self._kept.clear()

    def _new(self, way: Way) -> _Kept:
        self._number += 1
        name = f"w{self._number}"
        self._guard.add_way(name, way)
        proxy = ProxyBuilder.all(f"socks5h://{name}:x@127.0.0.1:{self._guard.port}")
        client = (
            ClientBuilder()
            .proxy(proxy)
            .http2(enable=True)
            .http2_adaptive_window(enabled=True)
            .follow_redirects(enable=False)
            .referer(enable=False)
            .user_agent(f"hedgerow/{__version__}")
            .pool_idle_timeout(_IDLE)
            .pool_max_idle_per_host(_MOST_IDLE)
            .build()
        )
        return _Kept(client, name)

    def _forget_one(self) -> None:
        for way, kept in self._kept.items():
            if not kept.users:
                del self._kept[way]
                self._guard.forget_way(kept.name)
                spawn(kept.client.close(), "closing of an HTTP client")
                return
