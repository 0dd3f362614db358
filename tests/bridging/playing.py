"""Serves a bridge of the kit to the conformance kit, with an operator who can have it die and come back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from hedgerow.bridging import wire
from hedgerow.bridging.clients import one_client
from hedgerow.bridging.conformance import Target
from hedgerow.bridging.conformance.client import Keys
from hedgerow.bridging.conformance.hook import CannotError
from hedgerow.bridging.serve import kept, served
from hedgerow.bridging.service import Service
from hedgerow.core.clock import SystemClock
from hedgerow.core.secrets import Secret

from .play import ACCOUNT, SELECTION, Play

TOKEN, SECRET = Secret("throwaway-token-of-play"), Secret("throwaway-secret-of-play")


class House:
    """The bridge as it runs at the moment, and its operator's hook."""

    def __init__(self, bridge: Play) -> None:
        self._bridge, self._clock = bridge, SystemClock()
        self._stack = AsyncExitStack()
        self.port = 0

    async def open(self) -> None:
        bridge, clock = self._bridge, self._clock
        path = bridge.folder / "bridge.sqlite"
        register = await self._stack.enter_async_context(kept(path, bridge.terms, clock))
        service, clients = Service.of(bridge, register, clock), one_client(bridge.terms, TOKEN, SECRET)
        at = await self._stack.enter_async_context(served(service, clients, "127.0.0.1", self.port, clock))
        self.port = at.port

    async def close(self) -> None:
        await self._stack.aclose()

    async def do(self, verb: str, **given: str) -> str:
        match verb:
            case "offer":
                return json.dumps(SELECTION)
            case "settle":
                self._bridge.settle(given["reference"], given["kind"])
            case "crash":
                self._bridge.hangs = asyncio.Event()
            case "restart":
                await self.close()
                self._bridge.hangs = None
                await self.open()
            case _:
                raise CannotError(f"the hook cannot do {verb!r}")
        return ""


@asynccontextmanager
async def playing(bridge: Play) -> AsyncIterator[Target]:
    """The bridge on a socket, as the kit is told of it."""
    house = House(bridge)
    await house.open()
    try:
        yield Target(
            f"http://127.0.0.1:{house.port}{wire.BASE}",
            Keys(TOKEN, SECRET),
            ACCOUNT,
            wire.decode(wire.encode(SELECTION), wire.Selection),
            hook=house,
        )
    finally:
        await house.close()
