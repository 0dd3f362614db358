"""A user of the script API in tests: calls over a real socket, answers with their digits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import msgspec
from aiohttp import ClientSession

from hedgerow.sim.server import WorldConfig, WorldServer

from .worldkit import FIXTURE, SLUG, Kestrel, kestrel_only

_decoder = msgspec.json.Decoder(float_hook=Decimal)


class Script:
    """Calls a served world."""

    def __init__(self, server: WorldServer, session: ClientSession) -> None:
        self.server, self.session = server, session

    @property
    def kestrel(self) -> Kestrel:
        dialect = self.server.venues.dialects[SLUG]
        assert isinstance(dialect, Kestrel)
        return dialect

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and answer, fractions as Decimals. body: a value, or the very bytes."""
        data = body if isinstance(body, bytes | None) else msgspec.json.encode(body, order=None)
        async with self.session.request(method, f"{self.server.url}/sim{path}", data=data) as answer:
            return answer.status, _decoder.decode(await answer.read())

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer of a call that is to succeed."""
        status, answer = await self.ask(method, path, body)
        assert status == 200, answer
        return answer

    async def put_match(self, **fields: Any) -> Any:
        return await self.call("PUT", f"/fixtures/{FIXTURE}", fields)

    async def place(self, side: str, cents: int, contracts: int) -> tuple[int, Any]:
        """An order of the demo client at the test's exchange."""
        order = {"fixture": FIXTURE, "side": side, "price": cents * 10_000, "size": contracts * 1_000_000}
        url = self.server.venues.urls(SLUG)["rest"]
        async with self.session.post(f"{url}/orders", json=order) as answer:
            return answer.status, _decoder.decode(await answer.read())


@asynccontextmanager
async def scripted(**config: Any) -> AsyncIterator[Script]:
    """A served world with the test's exchange as the only dialect."""
    server = WorldServer(WorldConfig(**config), kestrel_only)
    await server.start()
    try:
        async with ClientSession() as session:
            yield Script(server, session)
    finally:
        await server.stop()
