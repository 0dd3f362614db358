"""Who calls: `X-API-Key` to a client, and the client's request limit.

A key is looked up by its hash, so the time that takes says nothing about the key. What is found is believed for five
seconds: a key that is disabled stops working within that time, and a busy client costs one query in it.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Security
from fastapi.security import APIKeyHeader
from starlette.requests import Request

from hedgerow.api.ratelimit import RateLimiter
from hedgerow.core.clock import Clock
from hedgerow.core.errors import ApiError
from hedgerow.core.secrets import key_hash
from hedgerow.storage.accounts import Accounts, ApiKey, Client, Service

BELIEVED_S = 5.0
MOST_REMEMBERED = 4096

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_header = APIKeyHeader(name="X-API-Key", scheme_name="ApiKeyHeader", auto_error=False)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request, and with which key."""

    client: Client
    key: ApiKey

    @property
    def name(self) -> str:
        return self.client.client

    @property
    def actor(self) -> str:
        """As the audit trail names it."""
        return f"api:{self.key.prefix}"


def is_key(text: object) -> bool:
    """Whether it has the form of a key, a UUID."""
    return isinstance(text, str) and _UUID.fullmatch(text) is not None


class KeyRing:
    """The keys of one service."""

    def __init__(self, accounts: Accounts, clock: Clock, service: Service, *, believed_s: float = BELIEVED_S) -> None:
        self._accounts, self._clock, self._service, self._believed_s = accounts, clock, service, believed_s
        self._known: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()

    async def find(self, text: object) -> Caller | None:
        """Whose key it is; None unless it is a key of the service that works now. Raises StorageError."""
        if not isinstance(text, str) or not is_key(text):
            return None
        caller = await self._look_up(text)
        return caller if caller is not None and self._works(caller) else None

    async def _look_up(self, text: str) -> Caller | None:
        digest, now = key_hash(text), asyncio.get_running_loop().time()
        if (found := self._known.get(digest)) is not None and now - found[0] < self._believed_s:
            return found[1]
        key = await self._accounts.find_key(text, self._service)
        client = await self._accounts.client(key.client) if key is not None else None
        if key is None or client is None:
            self._known.pop(digest, None)
            return None
        caller = Caller(client, key)
        self._known[digest] = (now, caller)
        self._known.move_to_end(digest)
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        return caller

    def _works(self, caller: Caller) -> bool:
        expires = caller.key.expires_at
        return caller.key.is_active and caller.client.is_active and (expires is None or self._clock.now() < expires)


@dataclass(frozen=True, slots=True)
class Guard:
    """Lets requests with a working key pass, up to their client's limit. refusal: the `detail` of the 401."""

    keys: KeyRing
    limiter: RateLimiter
    refusal: Any

    async def admit(self, text: str | None) -> tuple[Caller, Mapping[str, str]]:
        """The caller, and the headers that tell what is left. Raises ApiError 401, 429."""
        caller = await self.keys.find(text)
        if caller is None:
            raise ApiError(401, self.refusal)
        allowance = self.limiter.take(caller.name, caller.key.per_minute)
        if allowance.retry_after_s is not None:
            raise ApiError(429, "Rate limit exceeded", allowance.headers())
        return caller, allowance.headers()


async def authenticated(request: Request, key: Annotated[str | None, Security(_header)] = None) -> Caller:
    """The dependency of every operation that belongs to a client; the application's `state.guard` decides."""
    guard: Guard = request.app.state.guard
    caller, headers = await guard.admit(key)
    request.state.caller = caller
    request.state.headers = headers
    return caller
