"""Sessions, envelopes and refusals.

Source: the Web API's document (Login, Register, IsLoggedIn, Logout); that a session ends after half an hour of silence
is the venue sheet's. Texts of messages are ours. Several sessions of an account live side by side.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from hedgerow.core.clock import NS_PER_S
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.site import json_answer

Json = dict[str, Any]
Operation = Callable[["Call"], Json]

BASE = "/AsianOddsService"
GOOD, FAILED, NOTHING = 0, -1, 300
"""Codes of answers. NOTHING: a list that is empty; source: public clients."""

REGISTER_S, IDLE_S = 60, 30 * 60
_MOST_SESSIONS = 1_000


class Denial(Exception):  # noqa: N818
    """A request that is answered with Code -1 and a message."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def good(result: Any, member: str = "Result") -> Json:
    return {"Code": GOOD, member: result}


@dataclass(frozen=True, slots=True)
class Call:
    """A request of an account that is logged in."""

    account: str
    request: web.Request
    body: bytes

    def text(self, name: str) -> str:
        """A parameter of the query; empty where it is missing."""
        return str(self.request.query.get(name, ""))


@dataclass(slots=True)
class _Session:
    account: str
    key: str
    since_ns: int
    is_registered: bool = False


class Door:
    """Lets accounts in: login, registration within a minute, then a token."""

    def __init__(self, clock: WorldClock) -> None:
        self._clock = clock
        self._passwords: dict[str, str] = {}
        self._sessions: dict[str, _Session] = {}
        self._logins = 0

    def enter(self, account: str, password: str) -> None:
        """The account may log in with the MD5 of its password."""
        self._passwords[account] = hashlib.md5(password.encode(), usedforsecurity=False).hexdigest()

    def clear(self) -> None:
        """Every session is over."""
        self._sessions.clear()

    async def log_in(self, request: web.Request) -> web.Response:
        account, password = request.query.get("username", ""), request.query.get("password", "")
        known = self._passwords.get(account, "")
        if not known or not hmac.compare_digest(known.encode(), password.lower().encode()):
            result = {"SuccessfulLogin": False, "TextMessage": "Invalid username or password", "Token": None}
            return json_answer({"Code": FAILED, "Message": "Login failed", "Result": result})
        self._logins += 1
        token, key = (hashlib.sha256(f"{word} {account} {self._logins}".encode()).hexdigest() for word in ("t", "k"))
        self._sessions[token] = _Session(account, key, self._clock.now_ns())
        if len(self._sessions) > _MOST_SESSIONS:
            self._sessions.pop(next(iter(self._sessions)))
        url = f"{request.scheme}://{request.host}{BASE}"
        result = {"SuccessfulLogin": True, "TextMessage": "OK", "Token": token, "Key": key, "Url": url}
        return json_answer(good(result))

    async def register(self, request: web.Request) -> web.Response:
        session = self._sessions.get(request.headers.get("AOToken", ""))
        key = request.headers.get("AOKey", "")
        is_right = session is not None and session.key == key and session.account == request.query.get("username")
        if session is None or not is_right or self._is_older(session, REGISTER_S):
            raise Denial("Register failed: the key is not valid any more")
        session.is_registered, session.since_ns = True, self._clock.now_ns()
        return json_answer(good({"Success": True, "TextMessage": "OK"}))

    def log_out(self, call: Call) -> Json:
        self._sessions.pop(call.request.headers["AOToken"], None)
        return good({"Success": True})

    def handles(self, operation: Operation) -> Any:
        async def handle(request: web.Request) -> web.StreamResponse:
            session = self._sessions.get(request.headers.get("AOToken", ""))
            if session is None or not session.is_registered or self._is_older(session, IDLE_S):
                raise Denial("Session expired, please log in")
            session.since_ns = self._clock.now_ns()
            return json_answer(operation(Call(session.account, request, await request.read())))

        return handle

    def _is_older(self, session: _Session, seconds: int) -> bool:
        return self._clock.now_ns() - session.since_ns > seconds * NS_PER_S


@web.middleware
async def denials(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Any:
    """Denials in the broker's shape."""
    try:
        return await handler(request)
    except Denial as denial:
        return json_answer({"Code": FAILED, "Message": denial.message, "Result": None})
