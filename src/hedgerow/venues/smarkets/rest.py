"""Requests to Smarkets' API: signing in, paths with their slash, pages, and reading what comes back.

A token lives for half an hour after its last use. Source: the venue's OpenAPI description.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

import msgspec

from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable, VenueError
from hedgerow.core.secrets import Secret
from hedgerow.net.http import Answer, HttpClient
from hedgerow.venues.base import Manifest, Rate, VenueContext
from hedgerow.venues.reading import UnreadableError, read, reading
from hedgerow.venues.session import Session
from hedgerow.venues.smarkets import wire
from hedgerow.venues.smarkets.auth import totp_code
from hedgerow.venues.smarkets.errors import VENUE, error_of

_SESSIONS, _VERIFY = "/v3/sessions/", "/v3/sessions/verify/"
_LIVES_S = 25 * 60
"""Of the half hour, so that no request meets the end."""

_MOST_PAGES = 500
_NEXT_PAGE = re.compile(r"\?[\w&=,.:%+\-]{1,4000}", re.ASCII)

Query = Sequence[tuple[str, str]]
T = TypeVar("T")
R = TypeVar("R")


class Page(Protocol):
    pagination: wire.Pagination


P = TypeVar("P", bound=Page)


class Rest:
    """One account's requests."""

    def __init__(self, manifest: Manifest, context: VenueContext) -> None:
        self._http = HttpClient(VENUE, context.urls["rest"], egress=context.egress)
        self._clock = context.clock
        credentials, account = context.account.credentials, context.account
        self._username = credentials["username"].reveal() if "username" in credentials else account.username
        self._password = credentials["password"]
        self._totp = credentials.get("totp_secret")
        if self._totp is not None:
            totp_code(self._totp, 0)  # one that cannot be read is told at the start
        shares = {name: context.share_of(rate) for name, rate in manifest.rates.items()}
        self._session = Session(
            self._http,
            self._clock,
            {name: Rate(rate.per_second, max(rate.burst, 1.0)) for name, rate in shares.items()},
            login=self._login,
            headers=lambda token: (("Authorization", f"Session-Token {token.reveal()}"),),
            error_of=self._error_of,
            lives_s=_LIVES_S,
            use_prolongs=True,
        )

    async def open(self) -> None:
        """Signs in. Raises Refused for a wrong password or code."""
        await self._http.warm_up(2)
        await self._session.sign_in()

    async def close(self) -> None:
        await self._http.close()

    def _error_of(self, answer: Answer, operation: str, *, changes: bool) -> VenueError:
        return error_of(answer, operation, changes=changes, now_ms=self._clock.now_ms())

    # --- signing in -------------------------------------------------------------------------------------------

    async def _login(self) -> Secret:
        self._session.take("login", "login")
        told = await self._signed(_SESSIONS, wire.Login(self._username, self._password.reveal()))
        if told.factor == "totp" and self._totp is not None and told.token:
            code = totp_code(self._totp, self._clock.now_ms() // 1000)
            told = await self._signed(_VERIFY, wire.Verification(told.token, code))
        if told.factor != "complete" or not told.token:
            why = f"the account asks for a second factor that is not there: {told.factor[:20]}"
            raise Refused(VENUE, "login", why, reason=Reason.ACCOUNT)
        return Secret(told.token)

    async def _signed(self, path: str, body: msgspec.Struct) -> wire.SessionAnswer:
        answer = await self._http.request("login", "POST", path, body=msgspec.json.encode(body))
        if not 200 <= answer.status < 300:
            raise self._error_of(answer, "login", changes=False)
        with reading(VENUE, "login"):
            return read(wire.SessionAnswer, answer.body)

    # --- reading ----------------------------------------------------------------------------------------------

    async def read(self, operation: str, group: str, path: str, kind: type[T], query: Query = ()) -> T:
        """Raises Refused or Unavailable; an answer that cannot be read is Unavailable too. group: whose budget."""
        answer = await self._session.read(operation, group, f"{path}?{urlencode(query)}" if query else path)
        with reading(VENUE, operation):
            return read(kind, answer.body)

    async def pages(self, operation: str, group: str, path: str, kind: type[P], query: Query) -> list[P]:
        """A list, page by page: each names the query of the next."""
        found: list[P] = []
        where = f"?{urlencode(query)}"
        for _ in range(_MOST_PAGES):
            page = await self.read(operation, group, path + where, kind)
            found.append(page)
            following = page.pagination.next_page
            if following is None:
                return found
            if _NEXT_PAGE.fullmatch(following) is None or following == where:
                break
            where = following
        raise Unavailable(VENUE, operation, "the list of the venue has no end, or its next page no name")

    # --- changing ---------------------------------------------------------------------------------------------

    def place(self, order: wire.NewOrder) -> Coroutine[Any, Any, wire.Placed]:
        """Raises Unavailable, unsent, where the budget is used up. InDoubt for an answer that cannot be read."""
        self._session.take("place", "orders")
        body = msgspec.json.encode(order)
        return _certain("place", self._session.change("place", "orders", "POST", "/v3/orders/", body), wire.Placed)

    def cancel(self, order_id: str) -> Coroutine[Any, Any, Answer]:
        """No budget of ours holds a cancel back."""
        self._session.take_if_there("cancels")
        return self._session.change("cancel", "cancels", "DELETE", f"/v3/orders/{order_id}/")

    def cancel_all(self) -> Coroutine[Any, Any, Answer]:
        """Raises Unavailable, unsent, where it was used within the last minute."""
        self._session.take("cancel all", "cancel_all")
        return self._session.change("cancel all", "cancel_all", "DELETE", "/v3/orders/")


async def _certain(operation: str, coming: Coroutine[Any, Any, Answer], kind: type[T]) -> T:
    answer = await coming
    try:
        return read(kind, answer.body)
    except UnreadableError as error:
        raise InDoubt(VENUE, operation, f"unreadable answer: {error}") from error


def certain(operation: str, parse: Callable[[], R]) -> R:
    """What the parser makes of an answer to a change; InDoubt where it cannot be read, for the venue did act."""
    try:
        return parse()
    except UnreadableError as error:
        raise InDoubt(VENUE, operation, f"unreadable answer: {error}") from error
