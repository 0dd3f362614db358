"""Requests to the venue: with a token, inside their budgets, answered with messages or errors.

The token lives for half an hour; it is renewed before, and once more when it is refused, which the venue does before it
acts. Lists come by offset, newest first, and move while they are read: a page has to begin with a row that the one
before had. Sources: docs.novig.com "Authentication", "Rate limits".
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol, TypeVar
from urllib.parse import quote as quoted
from urllib.parse import urlencode

import msgspec

from hedgerow.core.errors import InDoubt, SetupError, Unavailable
from hedgerow.core.secrets import Secret
from hedgerow.net.budget import Budget
from hedgerow.net.http import Answer, HttpClient
from hedgerow.venues.base import Manifest, VenueContext
from hedgerow.venues.novig_us import wire
from hedgerow.venues.novig_us.errors import CANCEL, LOGIN, VENUE, answer_error, pause_of, reading
from hedgerow.venues.novig_us.orders import CURRENCY
from hedgerow.venues.reading import UnreadableError, read

Query = Sequence[tuple[str, str]]
T = TypeVar("T")

EMM = "/nbx/v2/emm"
_TOKEN, _PLACE, _BATCH = "/nbx/v1/auth/emm-token", f"{EMM}/orders/place", f"{EMM}/orders/batch"

_PAGE = 256
_MOST_PAGES = 20
_READ_AGAIN = 3
_RENEW_AFTER_MS = 25 * 60_000
_CONNECTIONS, _WARM = 16, 8


class Named(Protocol):
    """A row of a list."""

    @property
    def id(self) -> str: ...


N = TypeVar("N", bound=Named)


class Rest:
    """The requests of one account."""

    def __init__(self, context: VenueContext, manifest: Manifest) -> None:
        """Raises SetupError when the credentials are not complete."""
        given = context.account.credentials
        if not all(given.get(name, Secret("")).reveal().strip() for name in ("client_id", "client_secret")):
            raise SetupError(f"{VENUE}: no client_id or client_secret", "ask the venue for API credentials")
        self._client_id, self._client_secret = given["client_id"], given["client_secret"]
        self._clock = context.clock
        self._client = HttpClient(VENUE, context.urls["rest"], connections=_CONNECTIONS, egress=context.egress)
        shares = {name: context.share_of(rate) for name, rate in manifest.rates.items()}
        self._budgets = {
            name: Budget(context.clock, rate.per_second, max(rate.burst, 1)) for name, rate in shares.items()
        }
        self._place_head = self._client.head("POST", _PLACE)
        self._token, self._token_since_ms = Secret(""), 0
        self._renewing = asyncio.Lock()

    async def open(self) -> None:
        """Signs in, and makes connections so that the first orders wait for none. Raises Refused for wrong keys."""
        await self.renew_token()
        await self._client.warm_up(_WARM)

    async def close(self) -> None:
        await self._client.close()

    # --- the token ---------------------------------------------------------------------------------------------

    @property
    def token(self) -> Secret:
        """The present token; empty before the first."""
        return self._token

    @property
    def is_token_old(self) -> bool:
        return not self._token or self._clock.now_ms() - self._token_since_ms >= _RENEW_AFTER_MS

    async def renew_token(self, *, unless: Secret | None = None) -> None:
        """Signs in for a new token; not where the present one is another than `unless` already."""
        async with self._renewing:
            if unless is not None and self._token != unless:
                return
            keys = {"client_id": self._client_id.reveal(), "client_secret": self._client_secret.reveal()}
            body = msgspec.json.encode({"grant_type": "client_credentials", **keys})
            answer = await self._client.request(LOGIN, "POST", _TOKEN, body=body)
            self._token = Secret(self._message(wire.Token, LOGIN, answer).access_token)
            self._token_since_ms = self._clock.now_ms()

    # --- reading -----------------------------------------------------------------------------------------------

    async def read(self, kind: type[T], operation: str, path: str, query: Query = (), *, budget: str = "general") -> T:
        """One answer. path: below /nbx/v2/emm."""
        target = f"{EMM}{path}?{urlencode(query)}" if query else f"{EMM}{path}"
        if self.is_token_old:
            await self.renew_token(unless=self._token)
        token = self._token
        answer = await self._asked(operation, target, budget, token)
        if answer.status == 401:
            await self.renew_token(unless=token)
            answer = await self._asked(operation, target, budget, self._token)
        return self._message(kind, operation, answer)

    async def rows(
        self, kind: type[list[N]], operation: str, path: str, query: Query, is_enough: Callable[[Sequence[N]], bool]
    ) -> list[N]:
        """A list of the account's history, newest first, without gaps, to the page that is enough or the end. kind: of
        its pages."""
        for _ in range(_READ_AGAIN):
            found = await self._rows(kind, operation, path, query, is_enough)
            if found is not None:
                return list(found.values())
        raise Unavailable(VENUE, operation, "the list changes faster than it can be read")

    async def _rows(
        self, kind: type[list[N]], operation: str, path: str, query: Query, is_enough: Callable[[Sequence[N]], bool]
    ) -> dict[str, N] | None:
        """By id; None when rows may have slipped between two pages."""
        found: dict[str, N] = {}
        for _ in range(_MOST_PAGES):
            offset = max(len(found) - 1, 0)
            asked = [("currency", CURRENCY), *query, ("limit", str(_PAGE)), ("offset", str(offset))]
            page = await self.read(kind, operation, path, asked, budget="history")
            if found and (not page or page[0].id not in found):
                return None
            before = len(found)
            found |= {row.id: row for row in page}
            if len(page) < _PAGE or is_enough(page):
                return found
            if len(found) == before:
                return None
        raise Unavailable(VENUE, operation, f"the list has no end within {_MOST_PAGES} pages")

    # --- changing ----------------------------------------------------------------------------------------------

    def take_for_order(self) -> None:
        """Takes what one order needs. Raises Unavailable, with nothing sent, when there is none now."""
        self._take("place", "place")

    def place(self, body: bytes) -> Coroutine[Any, Any, wire.Placed]:
        """Sends one order; what it needs of the budget is already taken."""
        return self._placed(body, self._send(body))

    def cancel(self, order_id: str) -> Coroutine[Any, Any, None]:
        """Raises Unavailable, with nothing sent, for too many requests."""
        self._take("cancel", CANCEL)
        path = f"{EMM}/orders/{quoted(order_id, safe='')}"
        return self._ended(CANCEL, path, b"", self._delete(CANCEL, path, b""))

    async def cancel_batch(self, order_ids: Sequence[str]) -> None:
        """At most 256."""
        self._take("cancel", "cancel all")
        body = msgspec.json.encode(order_ids)
        await self._ended("cancel all", _BATCH, body, self._delete("cancel all", _BATCH, body))

    async def kill(self) -> None:
        """Cancels all that rests. The venue takes one of these in half a minute: raises Unavailable for another."""
        self._take("kill", "cancel all")
        path = f"{EMM}/kill"
        await self._ended("cancel all", path, b"", self._delete("cancel all", path, b""))

    def _send(self, body: bytes) -> Coroutine[Any, Any, Answer]:
        line = f"Authorization: Bearer {self._token.reveal()}\r\n".encode()
        return self._client.send("place", self._place_head, line, body)

    def _delete(self, operation: str, path: str, body: bytes) -> Coroutine[Any, Any, Answer]:
        return self._client.request(operation, "DELETE", path, headers=_bearer(self._token), body=body, changes=True)

    async def _placed(self, body: bytes, coming: Coroutine[Any, Any, Answer]) -> wire.Placed:
        answer = await self._accepted("place", coming, lambda: self._send(body))
        try:
            return read(wire.Placed, answer.body)
        except UnreadableError as error:
            raise InDoubt(VENUE, "place", f"unreadable answer: {error}") from error

    async def _ended(self, operation: str, path: str, body: bytes, coming: Coroutine[Any, Any, Answer]) -> None:
        """What a cancel is answered with is not published: that it was accepted is all that is read."""
        await self._accepted(operation, coming, lambda: self._delete(operation, path, body))

    async def _accepted(
        self, operation: str, coming: Coroutine[Any, Any, Answer], again: Callable[[], Coroutine[Any, Any, Answer]]
    ) -> Answer:
        token = self._token
        answer = await coming
        if answer.status == 401:
            try:
                await self.renew_token(unless=token)
            except Unavailable as error:
                raise Unavailable(VENUE, operation, f"refused for its token, and no new one: {error}") from error
            answer = await again()
        if answer.status == 429 and operation == "place":
            self._budgets["place"].exhausted(pause_of(answer))
        if not 200 <= answer.status < 300:
            raise answer_error(operation, answer, changes=True)
        return answer

    # --- inside ------------------------------------------------------------------------------------------------

    def _take(self, budget: str, operation: str) -> None:
        bucket = self._budgets[budget]
        if not bucket.try_take(1):
            wait_s = bucket.ready_in_s(1)
            raise Unavailable(VENUE, operation, f"our budget of {budget} is used up", retry_after_s=wait_s)

    async def _asked(self, operation: str, target: str, budget: str, token: Secret) -> Answer:
        self._take(budget, operation)
        return await self._client.request(operation, "GET", target, headers=_bearer(token))

    def _message(self, kind: type[T], operation: str, answer: Answer) -> T:
        if not 200 <= answer.status < 300:
            raise answer_error(operation, answer, changes=False)
        with reading(operation):
            return read(kind, answer.body)


def _bearer(token: Secret) -> list[tuple[str, str]]:
    return [("Authorization", f"Bearer {token.reveal()}")]
