"""Requests in, answers out: session tokens, error bodies, windows of requests, parameters, pages.

An error is `{"error_type", "data"}`. Paths end with a slash. Source: the venue's OpenAPI description.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from hedgerow.core.clock import datetime_of_ms
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.smarkets.terms import LOGIN, LOGOUT, Terms
from hedgerow.sim.site import Handler, json_answer

Json = dict[str, Any]
T = TypeVar("T")

_SCHEME = "Session-Token "
_TOTP_STEP_S, _TOTP_DIGITS = 30, 6


class Denial(Exception):  # noqa: N818
    """A request that is answered with an error status."""

    def __init__(self, status: int, error_type: str, data: Any = "") -> None:
        super().__init__(f"{status}: {error_type}")
        self.status, self.error_type, self.data = status, error_type, data


def invalid(text: str) -> Denial:
    return Denial(400, "REQUEST_VALIDATION_ERROR", text)


def time_text(ms: int) -> str:
    """UTC with microseconds, e.g. 2026-11-21T17:00:00.000000Z."""
    return f"{datetime_of_ms(ms):%Y-%m-%dT%H:%M:%S.%f}Z"


@dataclass(frozen=True, slots=True)
class Call:
    """A request of a known account (empty: of nobody), its body read."""

    request: web.Request
    account: str
    body: bytes

    def text(self, name: str) -> str:
        return self.request.query.get(name, "")

    def texts(self, name: str) -> list[str]:
        """A parameter that can be repeated."""
        return self.request.query.getall(name, [])

    def ids(self, part: str, most: int) -> list[str]:
        """Ids in the path, separated by commas. Raises Denial (400)."""
        found = self.request.match_info[part].split(",")
        if len(found) > most or not all(one.isascii() and one.isdigit() for one in found):
            raise invalid(f"{part}: up to {most} whole numbers")
        return found

    def number(self, name: str, default: int, most: int) -> int:
        """Raises Denial (400) for a text that is no whole number or too large."""
        text = self.text(name) or str(default)
        if not text.isascii() or not text.isdigit() or len(text) > 18 or int(text) > most:
            raise invalid(f"{name}: a whole number up to {most}")
        return int(text)

    def time_ms(self, name: str, default: int) -> int:
        """Raises Denial (400) for a text that is no time."""
        text = self.text(name)
        if not text:
            return default
        try:
            return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)
        except ValueError:
            raise invalid(f"{name}: a date and time") from None

    def read(self, kind: type[T]) -> T:
        """The body. Raises Denial (400) for another shape."""
        try:
            return msgspec.json.decode(self.body, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise invalid(str(error)) from None

    def page(
        self, name: str, rows: Sequence[T], shape: Callable[[T], Json], mark: Callable[[T], Json], most: int
    ) -> Json:
        """The first rows and, where there are more, the query string of those after them. mark: the parameters that
        name a row as the last of its page."""
        limit = self.number("limit", 20, most)
        shown = rows[:limit]
        next_page = None
        if len(rows) > limit and shown:
            last = mark(shown[-1])
            kept = [(key, value) for key, value in self.request.query.items() if key not in last]
            next_page = "?" + urlencode([*kept, *last.items()])
        return {name: [shape(row) for row in shown], "pagination": {"next_page": next_page}}


class Login(msgspec.Struct):
    username: str
    password: str
    remember: bool = False
    use_auth_v2: bool = False


class Verification(msgspec.Struct):
    token: str
    code: str


@dataclass(slots=True)
class _Session:
    account: str
    ends_ms: int
    is_complete: bool


@dataclass(frozen=True, slots=True)
class _Member:
    account: str
    password: str
    totp_secret: str  # base32; empty: no second factor


@dataclass(slots=True)
class _Count:
    started_ms: int
    requests: int = 0


class Door:
    """Lets members in and turns operations into handlers."""

    def __init__(self, terms: Terms, clock: WorldClock) -> None:
        self._terms, self._clock = terms, clock
        self._members: dict[str, _Member] = {}
        self._sessions: dict[str, _Session] = {}
        self._counts: dict[tuple[str, str], _Count] = {}
        self._numbers = count(1)

    def register(self, username: str, account: str, password: str, totp_secret: str = "") -> None:
        self._members[username] = _Member(account, password, totp_secret)

    def forget_sessions(self) -> None:
        """Every token ends now."""
        self._sessions.clear()

    def forget_pace(self) -> None:
        """Every window is empty again."""
        self._counts.clear()

    # --- sessions --------------------------------------------------------------------------------------------

    async def login(self, request: web.Request) -> web.StreamResponse:
        given = Call(request, "", await request.read()).read(Login)
        self._spend(given.username if given.username in self._members else "", LOGIN)
        member = self._members.get(given.username)
        known = member.password if member is not None else ""
        if member is None or not hmac.compare_digest(known.encode(), given.password.encode()):
            raise Denial(401, "INVALID_CREDENTIALS")
        now_ms = self._clock.now_ms()
        token = hashlib.sha256(f"{given.username} {now_ms} {next(self._numbers)}".encode()).hexdigest()
        session = _Session(member.account, now_ms + self._terms.session_life_s * 1000, not member.totp_secret)
        self._sessions[token] = session
        return json_answer(_session_shape(token, session), 201)

    async def verify(self, request: web.Request) -> web.StreamResponse:
        """The second factor."""
        given = Call(request, "", await request.read()).read(Verification)
        session = self._sessions.get(given.token)
        if session is None:
            raise Denial(400, "INVALID_TOKEN")
        secret = next(m.totp_secret for m in self._members.values() if m.account == session.account)
        now_s = self._clock.now_ms() // 1000
        right = {totp_code(secret, now_s + off * _TOTP_STEP_S) for off in (-1, 0, 1)} if secret else set()
        if given.code not in right:
            raise Denial(401, "INVALID_CREDENTIALS")
        session.is_complete = True
        return json_answer(_session_shape(given.token, session), 201)

    async def logout(self, request: web.Request) -> web.StreamResponse:
        account = self._account_of(request)
        self._spend(account, LOGOUT)
        del self._sessions[_token_of(request)]
        return json_answer({})

    def _account_of(self, request: web.Request) -> str:
        """Raises Denial (401). What is asked with a token makes it live longer."""
        session, now_ms = self._sessions.get(_token_of(request)), self._clock.now_ms()
        if session is None or not session.is_complete or session.ends_ms <= now_ms:
            raise Denial(401, "AUTH_REQUIRED")
        session.ends_ms = now_ms + self._terms.session_life_s * 1000
        return session.account

    # --- operations ------------------------------------------------------------------------------------------

    def handles(self, group: str, operation: Callable[[Call], Json], *, is_public: bool = False) -> Handler:
        """A handler of an operation. group: its limit's; is_public: answered without a token too."""

        async def handle(request: web.Request) -> web.StreamResponse:
            account = "" if is_public and not _token_of(request) else self._account_of(request)
            self._spend(account, group)
            return json_answer(operation(Call(request, account, await request.read())))

        return handle

    def _spend(self, account: str, group: str) -> None:
        """Raises Denial (429) when the window's limit is used up."""
        window, now_ms = self._terms.limits[group], self._clock.now_ms()
        counted = self._counts.get((account, group))
        if counted is None or now_ms - counted.started_ms >= window.seconds * 1000:
            counted = self._counts[account, group] = _Count(now_ms)
        counted.requests += 1
        if counted.requests > window.limit:
            expiry = time_text(counted.started_ms + window.seconds * 1000)
            data = {"count": counted.requests, "limit": window.limit, "expiry": expiry}
            raise Denial(429, "RATE_LIMIT_EXCEEDED", data)


def totp_code(secret: str, at_s: int) -> str:
    """RFC 6238 with SHA-1, 30 seconds and six digits, as authenticator apps have it. secret: base32."""
    step = (at_s // _TOTP_STEP_S).to_bytes(8)
    digest = hmac.new(base64.b32decode(secret), step, hashlib.sha1).digest()
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4]) & 0x7FFF_FFFF
    return str(number % 10**_TOTP_DIGITS).zfill(_TOTP_DIGITS)


def _session_shape(token: str, session: _Session) -> Json:
    return {
        "token": token,
        "stop": time_text(session.ends_ms).rstrip("Z"),
        "factor": "complete" if session.is_complete else "totp",
        "verify": not session.is_complete,
    }


def _token_of(request: web.Request) -> str:
    return request.headers.get("Authorization", "").removeprefix(_SCHEME)


@web.middleware
async def denials(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Any:
    """Denials, and what the router does not know, in Smarkets' shape."""
    try:
        return await handler(request)
    except Denial as problem:
        return json_answer({"error_type": problem.error_type, "data": problem.data}, problem.status)
    except web.HTTPException as problem:
        return json_answer({"error_type": problem.reason.upper().replace(" ", "_"), "data": ""}, problem.status)
