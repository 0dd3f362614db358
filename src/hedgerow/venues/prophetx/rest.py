"""Requests to ProphetX's partner API under one access token, within budgets of our own, and reading what comes back.

It knows no orders: what is asked and what it means is the connector's. The token is renewed before it ends, and once
when the venue refuses it, which it does before it acts. How long it lives the documents say in two ways, so its own end
counts, and the pace of the official sample. Source: docs.prophetx.co "Integration"; the venue's sheet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

import msgspec

from hedgerow.core.errors import Refused, Unavailable
from hedgerow.core.secrets import Secret
from hedgerow.net.budget import Budget
from hedgerow.net.http import Answer, HttpClient
from hedgerow.venues.base import Manifest, VenueContext
from hedgerow.venues.prophetx import wire
from hedgerow.venues.prophetx.errors import VENUE, error_of, pause_of, reading
from hedgerow.venues.prophetx.parse import time_ms
from hedgerow.venues.reading import UnreadableError, read

SUBMIT, CANCEL, CANCEL_ALL = (f"/v4/mm/{name}" for name in ("submit_order", "cancel_order", "cancel_all_orders"))
_REGISTER, _CONNECTION = "/v4/mm/websocket", "/websocket/connection-config"

_RENEW_EVERY_MS, _RENEW_BEFORE_MS, _RENEW_AT_MOST_EVERY_MS = 8 * 60_000, 60_000, 30_000
_MOST_PAGES = 200
_PAGE = 100

Query = Mapping[str, str | int]
T = TypeVar("T")

_encoder = msgspec.json.Encoder(decimal_format="number")


class Paged(Protocol):
    """The data of a page: its rows, and where the next begins."""

    next_cursor: str | None


class PagedAnswer(Protocol):
    @property
    def data(self) -> Paged: ...


P = TypeVar("P", bound=PagedAnswer)


class Rest:
    """One account's requests."""

    def __init__(self, manifest: Manifest, context: VenueContext) -> None:
        self._http = HttpClient(VENUE, context.urls["rest"], egress=context.egress)
        self._clock = context.clock
        self._access_key, self._secret_key = (
            context.account.credentials[name] for name in ("access_key", "secret_key")
        )
        rates = {name: context.share_of(rate) for name, rate in manifest.rates.items()}
        self._budgets = {name: Budget(self._clock, rate.per_second, rate.burst) for name, rate in rates.items()}
        self._token, self._refresh_token = Secret(""), Secret("")
        self._renew_at_ms = 0
        self._renewing = asyncio.Lock()

    async def open(self) -> None:
        """Signs in. Raises Refused for wrong keys."""
        await self._http.warm_up(2)
        await self.renew(self._token)

    async def close(self) -> None:
        await self._http.close()

    # --- the session ------------------------------------------------------------------------------------------

    async def keep_fresh(self) -> bool:
        """Renews the token where that is due; whether it was."""
        is_due = self._clock.now_ms() >= self._renew_at_ms
        if is_due:
            await self.renew(self._token)
        return is_due

    async def renew(self, unless: Secret) -> None:
        """A new token, by the one for that or by the keys. unless: nothing is done where the present one is another
        already."""
        async with self._renewing:
            if self._token != unless:
                return
            tokens = await self._refreshed() or await self._signed_in()
            self._token = Secret(tokens.access_token)
            if tokens.refresh_token:
                self._refresh_token = Secret(tokens.refresh_token)
            self._renew_at_ms = self._end_of(tokens)

    def _end_of(self, tokens: wire.Tokens) -> int:
        now_ms = self._clock.now_ms()
        try:
            ends_ms = time_ms(tokens.access_expire_time, "access_expire_time") - _RENEW_BEFORE_MS
        except UnreadableError:
            ends_ms = now_ms + _RENEW_EVERY_MS
        # A clock that is wrong must neither keep a token for ever nor renew it all the time.
        return min(max(ends_ms, now_ms + _RENEW_AT_MOST_EVERY_MS), now_ms + _RENEW_EVERY_MS)

    async def _refreshed(self) -> wire.Tokens | None:
        if not self._refresh_token:
            return None
        try:
            return await self._tokens("refresh", "/auth/refresh", wire.Refresh(self._refresh_token.reveal()))
        except Refused:
            self._refresh_token = Secret("")
            return None

    async def _signed_in(self) -> wire.Tokens:
        keys = wire.Login(self._access_key.reveal(), self._secret_key.reveal())
        return await self._tokens("login", "/auth/login", keys)

    async def _tokens(self, operation: str, path: str, body: msgspec.Struct) -> wire.Tokens:
        answer = await self._http.request(operation, "POST", path, body=_encoder.encode(body))
        return self._read(operation, wire.TokensAnswer, answer).data

    # --- reading ----------------------------------------------------------------------------------------------

    async def get(self, operation: str, path: str, answer_type: type[T], query: Query | None = None) -> T:
        """A GET, repeated once where the token was refused. Raises Refused or Unavailable; an answer that cannot be
        read is Unavailable too."""
        where = f"{path}?{urlencode(query)}" if query else path
        return self._read(operation, answer_type, await self._asked(operation, "GET", where, b""))

    async def pages(self, operation: str, path: str, answer_type: type[P], query: Query) -> list[P]:
        """A list, page by page, to its end."""
        pages: list[P] = []
        cursor = ""
        for _ in range(_MOST_PAGES):
            asked = {**query, "limit": _PAGE} | ({"next_cursor": cursor} if cursor else {})
            page = await self.get(operation, path, answer_type, asked)
            pages.append(page)
            before, cursor = cursor, page.data.next_cursor or ""
            if not cursor or cursor == before:
                return pages
        raise Unavailable(VENUE, operation, "the list of the venue has no end")

    async def connection(self) -> wire.Connection:
        """Where the socket is."""
        return await self.get("stream", _CONNECTION, wire.Connection)

    async def register(self, socket_id: str, tournaments: list[str]) -> wire.Registration:
        """Authorises a socket for the account's own channel and these tournaments; the same again is harmless."""
        body = wire.Register(socket_id, [wire.Subscription("tournament", tournaments)])
        answer = await self._asked("stream", "POST", _REGISTER, _encoder.encode(body))
        return self._read("stream", wire.RegistrationAnswer, answer).data

    async def _asked(self, operation: str, method: str, where: str, body: bytes) -> Answer:
        await self.keep_fresh()
        for is_last in (False, True):
            self._take(operation, "read")
            token = self._token
            answer = await self._http.request(operation, method, where, headers=_headers(token), body=body)
            if answer.status != 401 or is_last:
                break
            await self.renew(token)
        return answer

    # --- changing ---------------------------------------------------------------------------------------------

    def change(
        self, operation: str, path: str, body: msgspec.Struct | None, answer_type: type[T]
    ) -> Coroutine[Any, Any, T]:
        """A POST that moves orders. The request is written before this returns, where a connection is warm; a token
        that was refused is renewed, and the request, of which nothing was done, is sent again."""
        return self._changed(operation, path, b"" if body is None else _encoder.encode(body), answer_type)

    def place(self, body: wire.NewOrder) -> Coroutine[Any, Any, wire.PlacedAnswer]:
        """Raises Unavailable, unsent, when the budget is used up. Cancels are not held back by any."""
        self._take("place", "orders")
        return self.change("place", SUBMIT, body, wire.PlacedAnswer)

    def _changed(self, operation: str, path: str, body: bytes, answer_type: type[T]) -> Coroutine[Any, Any, T]:
        token = self._token
        coming = self._sent(operation, path, body, token)
        return self._certain(operation, path, body, token, coming, answer_type)

    def _sent(self, operation: str, path: str, body: bytes, token: Secret) -> Coroutine[Any, Any, Answer]:
        return self._http.request(operation, "POST", path, headers=_headers(token), body=body, changes=True)

    async def _certain(
        self,
        operation: str,
        path: str,
        body: bytes,
        token: Secret,
        coming: Coroutine[Any, Any, Answer],
        answer_type: type[T],
    ) -> T:
        answer = await coming
        if answer.status == 401:
            await self.renew(token)
            answer = await self._sent(operation, path, body, self._token)
        if not 200 <= answer.status < 300:
            self._note_pace(answer)
            raise error_of(answer, operation, changes=True)
        with reading(operation, changes=True):
            return read(answer_type, answer.body)

    # --- inside -----------------------------------------------------------------------------------------------

    def _take(self, operation: str, group: str) -> None:
        budget = self._budgets[group]
        if not budget.try_take(1):
            why = f"the budget of {group} is used up"
            raise Unavailable(VENUE, operation, why, retry_after_s=budget.ready_in_s(1))

    def _note_pace(self, answer: Answer) -> None:
        """Too many requests of one kind are too many of all."""
        if answer.status == 429:
            for budget in self._budgets.values():
                budget.exhausted(pause_of(answer))

    def _read(self, operation: str, answer_type: type[T], answer: Answer) -> T:
        if not 200 <= answer.status < 300:
            self._note_pace(answer)
            raise error_of(answer, operation, changes=False)
        with reading(operation):
            return read(answer_type, answer.body)


def _headers(token: Secret) -> list[tuple[str, str]]:
    return [("Authorization", f"Bearer {token.reveal()}")]
