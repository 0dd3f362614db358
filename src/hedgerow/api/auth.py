"""Who calls: `X-API-Key` to a client, and the client's request limit.

A key is looked up by its hash, so the time that takes says nothing about the key. What is found is believed for five
seconds: a key that is disabled stops working within that time, and a busy client costs one query in it.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Annotated

from fastapi import Security
from fastapi.security import APIKeyHeader
from starlette.requests import Request

from hedgerow.api.ratelimit import RateLimiter
from hedgerow.core.clock import Clock
from hedgerow.core.errors import ApiError
from hedgerow.core.hidden import is_key
from hedgerow.core.secrets import key_hash
from hedgerow.storage.accounts import Accounts, ApiKey, Client, Service

BELIEVED_S = 5.0
MOST_REMEMBERED = 4096

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


class Refusal(Enum):
    """Why a request is not let in."""

    MISSING = auto()
    UNKNOWN = auto()
    INACTIVE = auto()  # the key, or its client
    EXPIRED = auto()


class KeyRing:
    """The keys of one service."""

    def __init__(self, accounts: Accounts, clock: Clock, service: Service, *, believed_s: float = BELIEVED_S) -> None:
        self._accounts, self._clock, self._service, self._believed_s = accounts, clock, service, believed_s
        self._known: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()
        self._asked: dict[bytes, asyncio.Event] = {}  # of keys that the database is asked for now

    async def find(self, text: object) -> Caller | None:
        """Whose key it is; None unless it is a key of the service that works now. Raises StorageError."""
        found = await self.judge(text)
        return found if isinstance(found, Caller) else None

    async def judge(self, text: object) -> Caller | Refusal:
        """Whose key it is, or why it does not work now. Raises StorageError."""
        if not text:
            return Refusal.MISSING
        caller = await self._look_up(text) if isinstance(text, str) and is_key(text) else None
        return Refusal.UNKNOWN if caller is None else self._judged(caller)

    def believed(self, text: str) -> Caller | None:
        """Whose key it is, where the database was asked lately and it works now; None where it is to be judged."""
        caller = self._believed(key_hash(text))
        return caller if caller is not None and self._judged(caller) is caller else None

    def _judged(self, caller: Caller) -> Caller | Refusal:
        if not caller.key.is_active or not caller.client.is_active:
            return Refusal.INACTIVE
        expires = caller.key.expires_at
        return caller if expires is None or self._clock.now() < expires else Refusal.EXPIRED

    # --- as `realtime.socket` asks ---------------------------------------------------------------------------

    def has_form(self, key: object) -> bool:
        """Whether it could be a key at all."""
        return is_key(key)

    async def client_of(self, key: str) -> str | None:
        """The client whose key works now; None for no such key. Raises StorageError."""
        caller = await self.find(key)
        return caller.name if caller is not None else None

    async def _look_up(self, text: str) -> Caller | None:
        digest = key_hash(text)
        if (found := self._believed(digest)) is not None:
            return found
        # A busy client's requests find the belief at its end all together: one asks, the others wait for what it finds.
        if (asked := self._asked.get(digest)) is not None:
            await asked.wait()
            if (found := self._believed(digest)) is not None:
                return found
        asked = self._asked[digest] = asyncio.Event()
        try:
            return await self._ask(digest, text)
        finally:
            asked.set()
            if self._asked.get(digest) is asked:
                del self._asked[digest]

    def _believed(self, digest: bytes) -> Caller | None:
        found = self._known.get(digest)
        return found[1] if found is not None and time.monotonic() - found[0] < self._believed_s else None

    async def _ask(self, digest: bytes, text: str) -> Caller | None:
        began_s = time.monotonic()
        key = await self._accounts.find_key(text, self._service)
        client = await self._accounts.client(key.client) if key is not None else None
        if key is None or client is None:
            self._known.pop(digest, None)
            return None
        caller = Caller(client, key)
        self._known[digest] = (began_s, caller)
        self._known.move_to_end(digest)
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        return caller


def per_client(caller: Caller) -> str:
    """All keys of a client share one limit."""
    return caller.name


def per_key(caller: Caller) -> str:
    """Every key has a limit of its own."""
    return f"{caller.name} {caller.key.prefix}"


@dataclass(frozen=True, slots=True)
class Guard:
    """Lets requests with a working key pass, up to their limit. limiter: None where these requests are not counted.
    refuse: the error of each refusal."""

    keys: KeyRing
    limiter: RateLimiter | None
    refuse: Callable[[Refusal], ApiError]
    counted_by: Callable[[Caller], str] = per_client

    async def admit(self, text: str | None) -> tuple[Caller, Mapping[str, str]]:
        """The caller, and the headers that tell what is left. Raises ApiError 401, 403, 429."""
        caller = await self.keys.judge(text)
        if isinstance(caller, Refusal):
            raise self.refuse(caller)
        if self.limiter is None:
            return caller, {}
        allowance = self.limiter.take(self.counted_by(caller), caller.key.per_minute)
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
