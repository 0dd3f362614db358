"""Routes that need a signed request, and the ones that make and delete the keys that sign.

Every private call is signed over its method, path without query, and exact body. Source: the Polymarket sheet,
sections 1 and 2.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TypeVar

from aiohttp import web

from hedgerow.core.clock import NS_PER_S
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.polymarket.desk import Desk
from hedgerow.sim.dialects.polymarket.shapes import Json
from hedgerow.sim.dialects.polymarket.wallets import ApiKey, Keyring
from hedgerow.sim.site import json_answer


class SignedRoutes:
    """What a set of private routes needs to know who asks."""

    def __init__(self, clock: WorldClock, keyring: Keyring) -> None:
        self._clock, self._keyring = clock, keyring

    @property
    def now_ns(self) -> int:
        return self._clock.now_ns()

    @property
    def now_s(self) -> int:
        return self._clock.now_ns() // NS_PER_S

    async def signed(self, request: web.Request) -> tuple[ApiKey, bytes]:
        """The key that signed the request, and its body. Raises LoginRefused."""
        body = await request.read()
        key = self._keyring.of_request(request.headers, self.now_s, request.method, request.path, body)
        return key, body


Routes = TypeVar("Routes", bound=SignedRoutes)


def private(
    answer: Callable[[Routes, web.Request, ApiKey, bytes], web.Response],
) -> Callable[[Routes, web.Request], Awaitable[web.Response]]:
    """A route that is handed the key that signed the request, and the body."""

    @wraps(answer)
    async def handler(self: Routes, request: web.Request) -> web.Response:
        return answer(self, request, *await self.signed(request))

    return handler


class KeyRoutes(SignedRoutes):
    """API keys: created and derived by a wallet's signature, listed and deleted by their own."""

    def __init__(self, clock: WorldClock, keyring: Keyring, desk: Desk) -> None:
        super().__init__(clock, keyring)
        self._desk = desk

    def add_to(self, app: web.Application) -> None:
        app.add_routes(
            [
                web.post("/auth/api-key", self.create),
                web.get("/auth/derive-api-key", self.derive),
                web.get("/auth/api-keys", self.list_all),
                web.delete("/auth/api-key", self.delete),
                web.get("/auth/ban-status/closed-only", self.closed_only),
            ]
        )

    async def create(self, request: web.Request) -> web.Response:
        return json_answer(_parts(self._keyring.create(*self._keyring.of_wallet(request.headers, self.now_s))))

    async def derive(self, request: web.Request) -> web.Response:
        return json_answer(_parts(self._keyring.derive(*self._keyring.of_wallet(request.headers, self.now_s))))

    @private
    def list_all(self, request: web.Request, key: ApiKey, body: bytes) -> web.Response:
        return json_answer({"apiKeys": self._keyring.keys_of(key.wallet)})

    @private
    def delete(self, request: web.Request, key: ApiKey, body: bytes) -> web.Response:
        self._keyring.delete(key)
        return json_answer("OK")

    @private
    def closed_only(self, request: web.Request, key: ApiKey, body: bytes) -> web.Response:
        return json_answer({"closed_only": key.wallet.account in self._desk.closed_only})


def _parts(key: ApiKey) -> Json:
    return {"apiKey": key.key, "secret": key.secret, "passphrase": key.passphrase}
