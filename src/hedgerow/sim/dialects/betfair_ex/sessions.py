"""Who may come in: application keys, passwords, and the sessions that a login opens."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from itertools import count

from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.betfair_ex.errors import Fault
from hedgerow.sim.dialects.betfair_ex.terms import SESSION_S


@dataclass(frozen=True, slots=True)
class Login:
    """What an account signs in with."""

    username: str
    password: str
    app_key: str


def demo_login(account: str) -> Login:
    """Of a default account, the same in every world."""
    word = hashlib.sha256(f"betfair {account}".encode()).hexdigest()
    return Login(account, f"pw-{word[:16]}", word[16:32])


class Sessions:
    """The open sessions of all accounts."""

    def __init__(self, clock: WorldClock) -> None:
        self._clock = clock
        self._logins: dict[str, Login] = {}
        self._sessions: dict[str, tuple[str, int]] = {}  # (username, when it ends)
        self._numbers = count(1)

    def register(self, login: Login) -> None:
        self._logins[login.username] = login

    def open(self, username: str, password: str, certified: str) -> tuple[str, str]:
        """(status, token) of a login with a certificate made out to `certified`."""
        login = self._logins.get(username)
        if login is None or login.password != password:
            return "INVALID_USERNAME_OR_PASSWORD", ""
        if certified != username:
            return "CERT_AUTH_REQUIRED", ""
        token = base64.b64encode(hashlib.sha256(f"{username} {next(self._numbers)}".encode()).digest()).decode()
        self._sessions[token] = username, self._ends_ms()
        return "SUCCESS", token

    def keep_alive(self, token: str) -> bool:
        found = self._find(token)
        if found is None:
            return False
        self._sessions[token] = found, self._ends_ms()
        return True

    def end(self, token: str) -> bool:
        return self._sessions.pop(token, None) is not None

    def end_all(self) -> None:
        """Every session is over, as when Betfair restarts its identity service."""
        self._sessions.clear()

    def account(self, app_key: str, token: str) -> str:
        """Whose session it is. Raises Fault."""
        if not app_key:
            raise Fault("NO_APP_KEY")
        if not token:
            raise Fault("NO_SESSION")
        username = self._find(token)
        if username is None:
            raise Fault("INVALID_SESSION_INFORMATION")
        if self._logins[username].app_key != app_key:
            raise Fault("INVALID_APP_KEY")
        return username

    def _find(self, token: str) -> str | None:
        username, ends_ms = self._sessions.get(token, ("", 0))
        return username if username and ends_ms > self._clock.now_ms() else None

    def _ends_ms(self) -> int:
        return self._clock.now_ms() + SESSION_S * 1_000
