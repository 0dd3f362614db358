"""Requests to 4casters under one token, within budgets of our own, and reading what comes back.

It knows no orders: what is asked and what it means is the connector's. The token lives thirty days; an answer can bring
its successor, and one that is over is replaced once. Source: the venue's pages "Introduction" and "Authentication".
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec

from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable, VenueError
from hedgerow.core.secrets import Secret
from hedgerow.net.budget import Budget
from hedgerow.net.http import Answer, HttpClient
from hedgerow.venues._4casters import wire
from hedgerow.venues._4casters.errors import VENUE, error_of
from hedgerow.venues.base import Manifest, VenueContext
from hedgerow.venues.reading import UnreadableError, read, reading

_LOGIN, _SUCCESSOR = "login", "x-auth-token"

_FOR_CANCELS = 15
"""Placements leave so many changes to cancels."""

_PLACE_WITHIN_S = 16.0
"""A placement may wait for the live delay; the venue gives up after 15 s."""

T = TypeVar("T")
Query = Mapping[str, str]

_encoder = msgspec.json.Encoder(decimal_format="number")


class Rest:
    """One account's requests."""

    def __init__(self, manifest: Manifest, context: VenueContext) -> None:
        self._http = HttpClient(VENUE, context.urls["rest"], egress=context.egress)
        credentials, account = context.account.credentials, context.account
        self._username = credentials["username"].reveal() if "username" in credentials else account.username
        self._password = credentials["password"]
        rates = {name: context.share_of(rate) for name, rate in manifest.rates.items()}
        self._budgets = {
            name: Budget(context.clock, rate.per_second, max(rate.burst, 1 + _FOR_CANCELS))
            for name, rate in rates.items()
        }
        self.token = Secret("")
        self._signing_in = asyncio.Lock()

    async def open(self) -> None:
        """Signs in. Raises Refused for a wrong password."""
        await self._http.warm_up(2)
        await self._sign_in()

    async def close(self) -> None:
        await self._http.close()

    async def _sign_in(self) -> None:
        async with self._signing_in:
            if self.token:
                return
            body = _encoder.encode({"username": self._username, "password": self._password.reveal()})
            answer = await self._http.request(_LOGIN, "POST", "/user/login", body=body)
            if not 200 <= answer.status < 300:
                raise error_of(answer, _LOGIN, changes=False)
            with reading(VENUE, _LOGIN):
                auth = read(wire.Answered[wire.UserData], answer.body).data.user.auth
            if not auth:
                raise Unavailable(VENUE, _LOGIN, "the answer has no token")
            self.token = Secret(auth)

    # --- reading ----------------------------------------------------------------------------------------------

    async def read(
        self, kind: type[T], operation: str, path: str, query: Query | None = None, group: str = "read"
    ) -> T:
        """What a GET answers under `data`, asked once more where the token was over. Raises Refused or Unavailable; an
        answer that cannot be read is Unavailable too. group: whose budget it is."""
        where = f"{path}?{urlencode(query)}" if query else path
        for is_last in (False, True):
            if not self.token:
                await self._sign_in()
            self.take(operation, group)
            token = self.token
            answer = await self._http.request(operation, "GET", where, headers=_headers(token))
            if 200 <= answer.status < 300:
                break
            error = self._error(answer, operation, group, token, changes=False)
            if is_last or not _is_over(error):
                raise error
        self._succeed(answer)
        with reading(VENUE, operation):
            data: T = read(wire.Answered[kind], answer.body).data  # type: ignore[valid-type]
        return data

    # --- changing ---------------------------------------------------------------------------------------------

    def take(self, operation: str, group: str, *, leaves: int = 0) -> None:
        """Takes what a request costs. Raises Unavailable where it is not there: nothing is queued."""
        budget = self._budgets[group]
        if not budget.try_take(1, leaves=leaves):
            wait_s = budget.ready_in_s(1 + leaves)
            raise Unavailable(VENUE, operation, f"the budget of {group} is used up", retry_after_s=wait_s)

    def place(self, body: wire.Submission) -> Coroutine[Any, Any, wire.PlacedData]:
        """Raises Unavailable, unsent, when the budget leaves nothing but cancels."""
        self.take("place", "change", leaves=_FOR_CANCELS)
        return self._changed(wire.PlacedData, "place", "/session/v3/place", body, _PLACE_WITHIN_S)

    def change(self, kind: type[T], operation: str, path: str, body: object) -> Coroutine[Any, Any, T]:
        """A cancel or a beat: no budget of ours holds it back."""
        self._budgets["change"].try_take(1)
        return self._changed(kind, operation, path, body, None)

    def _changed(
        self, kind: type[T], operation: str, path: str, body: object, within_s: float | None
    ) -> Coroutine[Any, Any, T]:
        """Where there is a token, the request is written before this returns."""
        if not self.token:
            return self._signed_change(kind, operation, path, body, within_s)
        return self._sent(kind, operation, path, body, within_s)

    async def _signed_change(self, kind: type[T], operation: str, path: str, body: object, within_s: float | None) -> T:
        await self._sign_in()
        return await self._sent(kind, operation, path, body, within_s)

    def _sent(
        self, kind: type[T], operation: str, path: str, body: object, within_s: float | None
    ) -> Coroutine[Any, Any, T]:
        token, encoded = self.token, _encoder.encode(body)
        coming = self._http.request(
            operation, "POST", path, headers=_headers(token), body=encoded, changes=True, timeout_s=within_s
        )
        return self._accepted(kind, operation, coming, token)

    async def _accepted(self, kind: type[T], operation: str, coming: Coroutine[Any, Any, Answer], token: Secret) -> T:
        answer = await coming
        if not 200 <= answer.status < 300:
            error = self._error(answer, operation, "change", token, changes=True)
            if _is_over(error):
                raise Unavailable(VENUE, operation, "the token was over; the next request gets a new one") from error
            raise error
        self._succeed(answer)
        try:
            data: T = read(wire.Answered[kind], answer.body).data  # type: ignore[valid-type]
        except UnreadableError as error:
            raise InDoubt(VENUE, operation, f"unreadable answer: {error}") from error
        return data

    # --- tokens and limits ------------------------------------------------------------------------------------

    def _succeed(self, answer: Answer) -> None:
        """An old token is replaced by the answer to a request that it made."""
        successor = answer.headers.get(_SUCCESSOR)
        if successor:
            self.token = Secret(successor)

    def _error(self, answer: Answer, operation: str, group: str, token: Secret, *, changes: bool) -> VenueError:
        if answer.status == 401 and token == self.token:  # else another request has signed in meanwhile
            self.token = Secret("")
        error = error_of(answer, operation, changes=changes)
        if isinstance(error, Unavailable) and error.retry_after_s is not None:
            self._budgets[group].exhausted(error.retry_after_s)
        return error


def _headers(token: Secret) -> tuple[tuple[str, str], ...]:
    return (("Authorization", f"Bearer {token.reveal()}"),)


def _is_over(error: VenueError) -> bool:
    return isinstance(error, Refused) and error.reason is Reason.AUTH
