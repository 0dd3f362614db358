"""Who may talk to the simulated venue, and how often: OAuth clients, the tokens they get, and the limits.

A token lives for half an hour. Waiting times are told in milliseconds. Source: the Novig sheet, "Auth" and "Limits and
errors"; of the two numbers that the documents give for placing, the lower one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count

from aiohttp import web

from hedgerow.sim.buckets import Bucket, Budget
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.novig_us.refusals import Refusal

TOKEN_LIVES_S = 1_800

PLACING, CANCELLING, KILLING, HISTORY, OTHERS = "placing", "cancelling", "killing", "history", "others"

_LIMITS = {
    PLACING: Budget(32, 32),
    CANCELLING: Budget(512, 512),
    HISTORY: Budget(32, 32),
    OTHERS: Budget(256, 256),
}
_KILL_EVERY_MS = 30_000


@dataclass(frozen=True, slots=True)
class _Token:
    account: str
    ends_ms: int


class Access:
    """The accounts' clients, tokens and what is left of their limits."""

    def __init__(self, accounts: Iterable[str], clock: WorldClock) -> None:
        self._clock = clock
        self._accounts = {_client_id(account): account for account in accounts}
        self._tokens: dict[str, _Token] = {}
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self._killed_ms: dict[str, int] = {}
        self._numbers = count(1)

    def clear(self) -> None:
        """The limits are whole again; tokens stay good."""
        self._buckets.clear()
        self._killed_ms.clear()

    def end_tokens(self) -> None:
        """No token that was given is good any more."""
        self._tokens.clear()

    def credentials(self, account: str) -> dict[str, str]:
        """Throw-away keys. Raises KeyError for an unknown account."""
        if account not in self._accounts.values():
            raise KeyError(account)
        return {"client_id": _client_id(account), "client_secret": _secret(account)}

    def log_in(self, client_id: str, client_secret: str) -> str:
        """A new token. Raises Refusal."""
        account = self._accounts.get(client_id)
        if account is None or client_secret != _secret(account):
            raise Refusal(401, "Unauthorized")
        token = _digest(f"token {account} {next(self._numbers)}")
        self._tokens[token] = _Token(account, self._clock.now_ms() + TOKEN_LIVES_S * 1_000)
        return token

    def account_of(self, request: web.Request) -> str:
        """Whose token a request carries. Raises Refusal."""
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        token = self._tokens.get(text)
        if kind != "Bearer" or token is None or token.ends_ms <= self._clock.now_ms():
            raise Refusal(401, "Unauthorized")
        return token.account

    def spend(self, account: str, group: str) -> None:
        """Counts a request. Raises Refusal for one too many."""
        if group == KILLING:
            self._kill(account)
            return
        now_ns = self._clock.now_ns()
        bucket = self._buckets.get((account, group))
        if bucket is None:
            bucket = self._buckets[account, group] = Bucket(_LIMITS[group], now_ns)
        if not bucket.take(1, now_ns):
            raise _too_many(-(-1_000 // _LIMITS[group].rate))

    def _kill(self, account: str) -> None:
        now_ms = self._clock.now_ms()
        wait_ms = self._killed_ms.get(account, now_ms - _KILL_EVERY_MS) + _KILL_EVERY_MS - now_ms
        if wait_ms > 0:
            raise _too_many(wait_ms)
        self._killed_ms[account] = now_ms


def _too_many(wait_ms: int) -> Refusal:
    return Refusal(429, "Too Many Requests", {"Retry-After": str(wait_ms), "X-RateLimit-Remaining": "0"})


def _client_id(account: str) -> str:
    return _digest(f"client {account}")[:32]


def _secret(account: str) -> str:
    return _digest(f"secret {account}")


def _digest(text: str) -> str:
    return hashlib.sha256(f"hedgerow simulated novig {text}".encode()).hexdigest()
