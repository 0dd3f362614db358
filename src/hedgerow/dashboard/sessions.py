"""Who is signed in. Sessions live in this process alone: a restart signs everybody out.

The browser holds a random token in a cookie; here its hash is the name of the session, and the API keys stand here
only.
Sessions are bounded in number and in time. Pure: no I/O, and the time is handed in.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256

from hedgerow.core.secrets import Secret, key_hash

LIFE_S = 12 * 3600.0
"""How long a session lasts at most."""
IDLE_S = 2 * 3600.0
"""How long it lasts without a request and without an open page."""
MOST_SESSIONS = 200
"""At one time; one more ends the one that was used longest ago."""

_TOKEN_BYTES = 32


class Kind(StrEnum):
    """What a key opens."""

    MM = "mm"
    ABP = "abp"
    SCRAPING = "scraping"
    OPERATOR = "operator"
    DESK = "desk"


TITLES: Mapping[Kind, str] = {
    Kind.MM: "Market making",
    Kind.ABP: "Bet placing",
    Kind.SCRAPING: "Scraping",
    Kind.OPERATOR: "Operator",
    Kind.DESK: "Bets by hand",
}
"""For people; the headings of the menu too."""


class Theme(StrEnum):
    """Light or dark; AUTO follows the system."""

    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class Held:
    """A key, and the client whose it is ("" where the API does not tell)."""

    key: Secret
    client: str


@dataclass(slots=True, eq=False)
class Session:
    """One browser's. seen_s: when it was last used, of the clock of `Sessions`."""

    began_s: float
    seen_s: float
    keys: dict[Kind, Held] = field(default_factory=dict)
    theme: Theme = Theme.AUTO
    is_over: bool = False

    @property
    def client(self) -> str:
        """Whose session it is, for people."""
        return next((held.client for held in self.keys.values() if held.client), "signed in")

    @property
    def is_operator(self) -> bool:
        return Kind.OPERATOR in self.keys


class Sessions:
    """All sessions. on_end: told of each that ends, so that its open pages end with it."""

    def __init__(
        self,
        now_s: Callable[[], float] = time.monotonic,
        on_end: Callable[[Session], None] = lambda _: None,
        *,
        most: int = MOST_SESSIONS,
    ) -> None:
        self._now_s, self._on_end, self._most = now_s, on_end, most
        self._open: dict[bytes, Session] = {}

    def begin(self, keys: Mapping[Kind, Held]) -> tuple[Session, Secret]:
        """A new session, and the token that the cookie carries."""
        self.sweep()
        while len(self._open) >= self._most:
            self._end(min(self._open, key=lambda name: self._open[name].seen_s))
        token, now = secrets.token_urlsafe(_TOKEN_BYTES), self._now_s()
        session = self._open[key_hash(token)] = Session(now, now, dict(keys))
        return session, Secret(token)

    def find(self, token: str | None) -> Session | None:
        """The session of a cookie's token, which is used by that; None where there is none (any more)."""
        if not token:
            return None
        name = key_hash(token)
        session = self._open.get(name)
        if session is None:
            return None
        if not self._lasts(session):
            self._end(name)
            return None
        session.seen_s = self._now_s()
        return session

    def use(self, session: Session) -> bool:
        """Says that a page of the session is open; whether the session still lasts."""
        if session.is_over or not self._lasts(session):
            self.sweep()
            return False
        session.seen_s = self._now_s()
        return True

    def end(self, token: str | None) -> None:
        """Signs out; nothing happens where no such session is."""
        if token and (name := key_hash(token)) in self._open:
            self._end(name)

    def sweep(self) -> None:
        """Ends what has lasted too long."""
        for name in [name for name, session in self._open.items() if not self._lasts(session)]:
            self._end(name)

    def __len__(self) -> int:
        return len(self._open)

    def _lasts(self, session: Session) -> bool:
        now = self._now_s()
        return now < session.began_s + LIFE_S and now < session.seen_s + IDLE_S

    def _end(self, name: bytes) -> None:
        session = self._open.pop(name)
        session.is_over = True
        session.keys.clear()
        self._on_end(session)


class FormTokens:
    """What a form of ours carries and a form of somebody else's cannot: a mark of the cookie that it is sent with."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(_TOKEN_BYTES)

    def of(self, cookie: str) -> str:
        """For the form."""
        return hmac.new(self._secret, cookie.encode(), sha256).hexdigest()

    def is_of(self, given: str, cookie: str | None) -> bool:
        """Whether a form with this mark may come with this cookie."""
        return bool(cookie) and hmac.compare_digest(given.encode(), self.of(cookie or "").encode())


def new_form_cookie() -> str:
    """Before anybody is signed in: what the form's mark is made of."""
    return secrets.token_urlsafe(_TOKEN_BYTES)
