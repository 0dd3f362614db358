"""Sessions of the broker's API: logging in, asking under the token, logging in again when a session is over.

It knows no bets. Source: the Web API's document (Login, Register): the token is good for 60 seconds until it is
registered at the address that the login names, which then serves all other calls.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec

from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.errors import Reason, Refused, Unavailable
from hedgerow.core.secrets import Secret
from hedgerow.net.egress import Egress
from hedgerow.net.http import Answer, HttpClient
from hedgerow.venues.reading import UnreadableError, read, reading
from hedgerow.venues.singbet import wire
from hedgerow.venues.singbet.errors import GOOD, NOTHING, VENUE, SessionOverError, failure, http_error, is_session

TIMEOUT_S = 7.0
"""For one request; the broker waits five seconds for a book. A placement that takes longer is in doubt."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Session:
    http: HttpClient
    token: Secret


class Rest:
    """One account's requests."""

    def __init__(self, url: str, username: str, password: Secret, egress: Egress) -> None:
        self._url, self._username, self._password, self._egress = url, username, password, egress
        self._door = HttpClient(VENUE, url, timeout_s=TIMEOUT_S, connections=1, egress=egress)
        self._clients: dict[str, HttpClient] = {}
        self._session: _Session | None = None
        self._lock = asyncio.Lock()

    async def close(self) -> None:
        for client in (self._door, *self._clients.values()):
            await client.close()

    async def ask(
        self, operation: str, name: str, query: dict[str, str] | None = None, body: bytes = b""
    ) -> wire.Envelope:
        """A question, by POST where it has a body; asked once more in a new session where the old one is over. Raises
        Refused and Unavailable, also for a failure that the broker names."""
        session = await self._signed_in()
        try:
            return await self._send(session, operation, name, query, body)
        except SessionOverError:
            session = await self._renewed(session)
        try:
            return await self._send(session, operation, name, query, body)
        except SessionOverError as error:
            raise Unavailable(VENUE, operation, f"no session holds: {error}") from error

    async def place(self, body: bytes) -> wire.Envelope:
        """Sends a bet, once. Raises Unavailable when the session is over, for nothing was done then; InDoubt when no
        answer came, or one that cannot be read."""
        session = await self._signed_in()
        try:
            return await self._send(session, "place", "PlaceBet", None, body, changes=True)
        except SessionOverError as error:
            self._session = None
            raise Unavailable(VENUE, "place", f"the session is over: {error}") from error

    # --- sessions ---------------------------------------------------------------------------------------------

    async def _signed_in(self) -> _Session:
        async with self._lock:
            if self._session is None:
                self._session = await self._sign_in()
            return self._session

    async def _renewed(self, old: _Session) -> _Session:
        """A session other than the one that is over; several that found it so make one."""
        if self._session is old:
            self._session = None
        return await self._signed_in()

    async def _sign_in(self) -> _Session:
        """Raises Refused with Reason.AUTH for keys that are not accepted."""
        digest = hashlib.md5(self._password.reveal().encode(), usedforsecurity=False).hexdigest()
        query = urlencode({"username": self._username, "password": digest})
        answer = await self._door.request("login", "GET", f"/Login?{query}")
        login = _told("login", answer, wire.Login)
        if not login.successful_login or not login.token or not login.key or not login.url:
            raise Refused(VENUE, "login", login.text_message or "not accepted", reason=Reason.AUTH)
        http = self._client(login.url)
        headers = (("AOToken", login.token), ("AOKey", login.key))
        answer = await http.request(
            "register", "GET", f"/Register?{urlencode({'username': self._username})}", headers=headers
        )
        registered = _told("register", answer, wire.Registered)
        if not registered.success:
            raise Refused(VENUE, "register", registered.text_message or "not accepted", reason=Reason.AUTH)
        return _Session(http, Secret(login.token))

    def _client(self, url: str) -> HttpClient:
        """Of the address that a login named. Raises Unavailable for one that is less safe than where we logged in."""
        wanted, told = urlsplit(self._url), urlsplit(url)
        if told.scheme != wanted.scheme or not told.hostname:
            raise Unavailable(VENUE, "login", "the login names an address that is none")
        if url not in self._clients:
            self._clients[url] = HttpClient(VENUE, url, timeout_s=TIMEOUT_S, egress=self._egress)
        return self._clients[url]

    async def _send(
        self,
        session: _Session,
        operation: str,
        name: str,
        query: dict[str, str] | None,
        body: bytes,
        *,
        changes: bool = False,
    ) -> wire.Envelope:
        """Raises SessionOverError where the broker says so."""
        path = f"/{name}?{urlencode(query)}" if query else f"/{name}"
        headers = (("AOToken", session.token.reveal()),)
        method = "POST" if body else "GET"
        answer = await session.http.request(operation, method, path, headers=headers, body=body, changes=changes)
        if answer.status == 401:
            raise SessionOverError("HTTP 401")
        if not 200 <= answer.status < 300:
            raise http_error(operation, answer.status, changes=changes)
        with reading(VENUE, operation, changes=changes):
            envelope = read(wire.Envelope, answer.body)
        if envelope.code in (GOOD, NOTHING):
            return envelope
        text = envelope.message or _text(envelope)
        if is_session(text):
            raise SessionOverError(text)
        raise failure(operation, envelope.code, text, changes=changes)


def _told(operation: str, answer: Answer, kind: type[T]) -> T:
    """What an answer to a login says, whatever its code."""
    if not 200 <= answer.status < 300:
        if answer.status in (401, 403):
            raise Refused(VENUE, operation, f"HTTP {answer.status}", reason=Reason.AUTH)
        raise http_error(operation, answer.status, changes=False)
    with reading(VENUE, operation):
        envelope = read(wire.Envelope, answer.body)
    try:
        return read(kind, envelope.result)
    except UnreadableError:
        if envelope.code == GOOD:
            raise Unavailable(VENUE, operation, "unreadable answer") from None
        raise failure(operation, envelope.code, envelope.message or "", changes=False) from None


def _text(envelope: wire.Envelope) -> str:
    """The words of a failure that is told in its result."""
    try:
        told = msgspec.json.decode(envelope.result)
    except UNREADABLE:
        return ""
    named = told.get("TextMessage") or told.get("Message") if isinstance(told, dict) else told
    return named if isinstance(named, str) else ""
