"""Requests to Matchbook's API under one session token, within budgets of our own, and reading what comes back.

It knows no offers: what is asked and what it means is the connector's. The token lives about six hours; it is renewed
before, and once when the venue says that it is over. Sources: the venue's page "Getting started" (one session is to be
used as long as it lives), the Java SDK (renews after four hours), matchbook-sdk 0.1.2 (paths, parameters, paging).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, ParamSpec, Protocol, TypeVar
from urllib.parse import urlencode

import msgspec

from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.errors import InDoubt, Unavailable
from hedgerow.core.secrets import Secret
from hedgerow.net.http import Answer, HttpClient
from hedgerow.venues.base import Manifest, Rate, VenueContext
from hedgerow.venues.matchbook import wire
from hedgerow.venues.matchbook.errors import LOGIN, VENUE, error_of
from hedgerow.venues.matchbook.parse import MalformedError
from hedgerow.venues.session import Session

_SESSION = "/bpapi/rest/security/session"
_RENEW_AFTER_S = 4 * 3_600

_FOR_CANCELS = 20
"""Placements leave so many writes to cancels."""

_PAGE = 200
_MOST_PAGES = 250

Query = Mapping[str, str | int]
T = TypeVar("T")
R = TypeVar("R")
A = ParamSpec("A")

_encoder = msgspec.json.Encoder(decimal_format="number")


class Page(Protocol):
    total: int


P = TypeVar("P", bound=Page)


class Rest:
    """One account's requests."""

    def __init__(self, manifest: Manifest, context: VenueContext) -> None:
        self._http = HttpClient(VENUE, context.urls["rest"], egress=context.egress)
        credentials, account = context.account.credentials, context.account
        self._username = credentials["username"].reveal() if "username" in credentials else account.username
        self._password = credentials["password"]
        shares = {name: context.share_of(rate) for name, rate in manifest.rates.items()}
        self._session = Session(
            self._http,
            context.clock,
            {name: Rate(rate.per_second, max(rate.burst, 1 + _FOR_CANCELS)) for name, rate in shares.items()},
            login=self._login,
            headers=lambda token: (("session-token", token.reveal()),),
            error_of=error_of,
            lives_s=_RENEW_AFTER_S,
            use_prolongs=False,
        )

    async def open(self) -> None:
        """Signs in. Raises Refused for a wrong password."""
        await self._http.warm_up(2)
        await self._session.sign_in()

    async def close(self) -> None:
        await self._http.close()

    async def _login(self) -> Secret:
        body = _encoder.encode(wire.Login(self._username, self._password.reveal()))
        answer = await self._http.request(LOGIN, "POST", _SESSION, body=body)
        if not 200 <= answer.status < 300:
            raise error_of(answer, LOGIN, changes=False)
        return Secret(readable(LOGIN, _decode, answer, wire.Session).session_token)

    # --- reading ----------------------------------------------------------------------------------------------

    async def read(self, operation: str, group: str, path: str, answer_type: type[T], query: Query | None = None) -> T:
        """A GET. Raises Refused or Unavailable; an unreadable answer is Unavailable too. group: whose budget it is."""
        where = f"{path}?{urlencode(query)}" if query else path
        answer = await self._session.read(operation, group, where)
        return readable(operation, _decode, answer, answer_type)

    async def pages(
        self, operation: str, group: str, path: str, page_type: type[P], rows: str, query: Query
    ) -> list[P]:
        """A list, page by page, to the end that `total` names. rows: the member that has them."""
        pages: list[P] = []
        offset = 0
        for _ in range(_MOST_PAGES):
            page = await self.read(operation, group, path, page_type, {**query, "offset": offset, "per-page": _PAGE})
            pages.append(page)
            found: Sequence[object] = getattr(page, rows)
            offset += len(found)
            if offset >= page.total or not found:
                return pages
        raise Unavailable(VENUE, operation, "the list of the venue has no end")

    # --- changing ---------------------------------------------------------------------------------------------

    def place(self, body: wire.Submission) -> Coroutine[Any, Any, Answer]:
        """POSTs offers. An answer of 400 is one too: others of the batch may have been taken. Raises Unavailable,
        unsent, when the budget leaves nothing but cancels."""
        self._session.take("place", "write", leaves=_FOR_CANCELS)
        return self._change("place", "POST", "/edge/rest/v2/offers", _encoder.encode(body), answers=(400,))

    def cancel(self, operation: str, path: str) -> Coroutine[Any, Any, Answer]:
        """No budget of ours holds a cancel back."""
        self._session.take_if_there("write")
        return self._change(operation, "DELETE", path)

    def beat(self, timeout_s: int) -> Coroutine[Any, Any, Answer]:
        return self._change("heartbeat", "POST", "/edge/rest/v1/heartbeat", _encoder.encode(wire.Beat(timeout_s)))

    def _change(
        self, operation: str, method: str, path: str, body: bytes = b"", *, answers: Sequence[int] = ()
    ) -> Coroutine[Any, Any, Answer]:
        return self._session.change(operation, "write", method, path, body, answers=answers)


def _decode(answer: Answer, answer_type: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.body, type=answer_type)
    except UNREADABLE as error:
        raise MalformedError(str(error)) from error


def readable(operation: str, parse: Callable[A, R], *args: A.args, **kwargs: A.kwargs) -> R:
    """What the parser makes of an answer to a read; Unavailable when it cannot be read."""
    try:
        return parse(*args, **kwargs)
    except MalformedError as error:
        raise Unavailable(VENUE, operation, f"unreadable answer: {error}") from error


def certain(operation: str, answer: Answer, answer_type: type[T], parse: Callable[[T], R]) -> R:
    """What the parser makes of an answer to a change; InDoubt when it cannot be read, for the venue did act."""
    try:
        return parse(_decode(answer, answer_type))
    except MalformedError as error:
        raise InDoubt(VENUE, operation, f"unreadable answer: {error}") from error
