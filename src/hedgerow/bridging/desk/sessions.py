"""Who is signed in at the desk: by the operator's key, under his own name."""

from __future__ import annotations

import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass

from hedgerow.bridging.pace import Pace
from hedgerow.core.clock import Clock
from hedgerow.core.errors import SetupError
from hedgerow.core.secrets import Secret

COOKIE = "hedgerow_desk"
LIFE_MS = 12 * 3_600_000
_MOST = 100
_TRIES_PER_MINUTE = 10
_LEAST_KEY = 16


@dataclass(frozen=True, slots=True)
class Session:
    """csrf: without it none of its forms is taken."""

    person: str
    csrf: str
    until_ms: int


class Sessions:
    """In memory: a restart signs everybody out. Bounded; the oldest gives way."""

    def __init__(self, key: Secret, clock: Clock) -> None:
        """Raises SetupError for a key that could be guessed."""
        if len(key.reveal()) < _LEAST_KEY:
            raise SetupError(
                f"the operator key has less than {_LEAST_KEY} characters", "make it by chance: openssl rand -hex 32"
            )
        self._key, self._clock = key.reveal().encode(), clock
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._tries = Pace(clock, _TRIES_PER_MINUTE)

    def is_key(self, given: str) -> bool:
        return hmac.compare_digest(self._key, given.encode())

    def may_try(self) -> bool:
        """Counts an attempt to sign in; False when there were too many in a minute."""
        return self._tries.wait_s("") == 0

    def open(self, person: str) -> str:
        """A new session's cookie."""
        cookie = secrets.token_urlsafe(32)
        self._sessions[cookie] = Session(person, secrets.token_urlsafe(32), self._clock.now_ms() + LIFE_MS)
        while len(self._sessions) > _MOST:
            self._sessions.popitem(last=False)
        return cookie

    def of(self, cookie: str | None) -> Session | None:
        found = self._sessions.get(cookie or "")
        if found is None or found.until_ms <= self._clock.now_ms():
            return None
        return found

    def close(self, cookie: str | None) -> None:
        self._sessions.pop(cookie or "", None)
