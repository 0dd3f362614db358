"""Requests in, answers out: keys and tokens, error bodies, parameters, the pace of requests.

Errors are `{"error": code, "message": text}` with the codes of the venue's table ("Submit order", September 2026).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from hedgerow.core.clock import NS_PER_S
from hedgerow.sim.book_ids import stable_number
from hedgerow.sim.buckets import Bucket
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.prophetx.terms import Terms
from hedgerow.sim.site import Handler, json_answer

Json = dict[str, Any]
T = TypeVar("T")


class Denial(Exception):  # noqa: N818
    """A request that is answered with an error."""

    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(f"{status} {code}")
        self.status, self.code, self.message = status, code, message or code.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Call:
    """A request of a known account, its body read."""

    request: web.Request
    account: str
    body: bytes

    def text(self, name: str) -> str:
        return self.request.query.get(name, "")

    def texts(self, name: str) -> list[str]:
        """A comma-separated parameter."""
        return [part for part in self.text(name).split(",") if part]

    def number(self, name: str) -> int | None:
        """Raises Denial for a text that is no whole number."""
        text = self.text(name)
        if not text:
            return None
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            raise Denial(400, "invalid_param", f"Invalid param: {name}")
        return int(text)

    def read(self, kind: type[T]) -> T:
        """The body. Raises Denial for another shape."""
        try:
            return msgspec.json.decode(self.body, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise Denial(400, "invalid_request", "Invalid request") from None


class _Login(msgspec.Struct):
    access_key: str
    secret_key: str


class _Refresh(msgspec.Struct):
    refresh_token: str


@dataclass(frozen=True, slots=True)
class _Token:
    account: str
    ends_ns: int


class Door:
    """Lets accounts in and turns operations into handlers."""

    def __init__(self, terms: Terms, clock: WorldClock) -> None:
        self._terms, self._clock = terms, clock
        self._keys: dict[str, tuple[str, str]] = {}  # secret key and account, by access key
        self._access: dict[str, _Token] = {}
        self._refresh: dict[str, _Token] = {}
        self._buckets: dict[str, Bucket] = {}
        self._numbers = count(1)

    def register(self, account: str) -> None:
        keys = keys_of(account)
        self._keys[keys["access_key"]] = keys["secret_key"], account

    def forget_tokens(self) -> None:
        """Every access token ends now."""
        self._access.clear()

    def forget_pace(self) -> None:
        self._buckets.clear()

    async def login(self, request: web.Request) -> web.StreamResponse:
        given = Call(request, "", await request.read()).read(_Login)
        secret, account = self._keys.get(given.access_key, ("", ""))
        if not account or not hmac.compare_digest(secret.encode(), given.secret_key.encode()):
            raise Denial(401, "unauthorized", "Unauthorized")
        shape = self._issue("access", account, self._access, self._terms.access_life_s)
        return json_answer({"data": shape | self._issue("refresh", account, self._refresh, self._terms.refresh_life_s)})

    async def refresh(self, request: web.Request) -> web.StreamResponse:
        given = Call(request, "", await request.read()).read(_Refresh)
        account = self._account(self._refresh, given.refresh_token)
        return json_answer({"data": self._issue("access", account, self._access, self._terms.access_life_s)})

    def handles(self, operation: Callable[[Call], Any]) -> Handler:
        """A handler of an operation that answers a JSON value or a response."""

        async def handle(request: web.Request) -> web.StreamResponse:
            kind, _, token = request.headers.get("Authorization", "").partition(" ")
            account = self._account(self._access, token if kind == "Bearer" else "")
            self._spend(account)
            answer = operation(Call(request, account, await request.read()))
            return answer if isinstance(answer, web.StreamResponse) else json_answer(answer)

        return handle

    def _issue(self, name: str, account: str, tokens: dict[str, _Token], life_s: int) -> Json:
        ends_ns = self._clock.now_ns() + life_s * NS_PER_S
        token = _digest(name, account, str(self._clock.now_ns()), str(next(self._numbers)))
        tokens[token] = _Token(account, ends_ns)
        return {f"{name}_token": token, f"{name}_expire_time": ends_ns // NS_PER_S}

    def _account(self, tokens: dict[str, _Token], token: str) -> str:
        """Raises Denial."""
        known = tokens.get(token)
        if known is None or known.ends_ns <= self._clock.now_ns():
            raise Denial(401, "unauthorized", "Unauthorized")
        return known.account

    def _spend(self, account: str) -> None:
        """Raises Denial when the account asks too often."""
        now_ns = self._clock.now_ns()
        bucket = self._buckets.setdefault(account, Bucket(self._terms.requests, now_ns))
        if not bucket.take(1, now_ns):
            text = f"Rate limit reached, can only send up to {self._terms.requests.rate} requests per seconds"
            raise Denial(429, "rate_limit_reached", text)


def keys_of(account: str) -> dict[str, str]:
    """The throw-away keys of a default account."""
    return {"access_key": _digest("access key", account)[:32], "secret_key": _digest("secret key", account)}


def user_id(account: str) -> str:
    return str(stable_number("prophetx user", account, below=10**8))


def _digest(*parts: str) -> str:
    return hashlib.sha256(":".join(("prophetx", *parts)).encode()).hexdigest()


@web.middleware
async def denials(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Any:
    """Denials, and what the router does not know, in ProphetX's shape."""
    try:
        return await handler(request)
    except Denial as denial:
        return json_answer({"error": denial.code, "message": denial.message}, denial.status)
    except web.HTTPException as problem:
        return json_answer({"error": "data_not_found", "message": problem.reason}, problem.status)
