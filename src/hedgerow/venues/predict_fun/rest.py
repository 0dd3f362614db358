"""Requests to the venue and to a node of its chain: keyed, inside their budgets, answered with messages or errors.

The venue counts requests by API key in fixed windows: those on orders and books, those that post orders by the second,
all others. Cancels have a part of the first two for themselves. A wallet's requests carry a token that lives for a day:
it is renewed in time, and once more when it is refused, which the venue does before it acts.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec

from hedgerow.core.errors import InDoubt, Reason, Unavailable
from hedgerow.net.budget import Budget
from hedgerow.net.http import Answer, HttpClient
from hedgerow.venues.base import Manifest, VenueContext
from hedgerow.venues.node import Node
from hedgerow.venues.predict_fun import wire
from hedgerow.venues.predict_fun.amounts import WEI
from hedgerow.venues.predict_fun.auth import VENUE, Identity
from hedgerow.venues.predict_fun.errors import answer_error, pause_of, reading
from hedgerow.venues.reading import UnreadableError, read

T = TypeVar("T")
Query = Sequence[tuple[str, str]]

ORDERS, REMOVE, MATCHES = "/v1/orders", "/v1/orders/remove-by-hash", "/v1/orders/matches"

_USDT = {56: "0x55d398326f99059fF775485246999027B3197955", 97: "0xB32171ecD878607FFc4F8FC0bCcE6852BB3149E0"}
"""The collateral by chain. Source: the official SDK."""

_PAGE = "100"
_MOST_PAGES = 200
_KEPT_FOR_CANCELS = 5
_TOKEN_LIVES_MS = 23 * 3_600_000  # of the 24 hours that the venue gives
_CONNECTIONS, _WARM = 16, 8


class Rest:
    """The requests of one account."""

    def __init__(self, context: VenueContext, manifest: Manifest, identity: Identity) -> None:
        self._clock, self._identity = context.clock, identity
        self._client = HttpClient(VENUE, context.urls["rest"], connections=_CONNECTIONS, egress=context.egress)
        self._node = Node(VENUE, context.urls["rpc"], context.egress)
        shares = {name: context.share_of(rate) for name, rate in manifest.rates.items()}
        self._budgets = {name: Budget(context.clock, rate.per_second, rate.burst) for name, rate in shares.items()}
        self._key = [("x-api-key", identity.api_key.reveal())]
        self._heads = {path: self._client.head("POST", path, self._key) for path in (ORDERS, REMOVE)}
        self._token, self._token_until_ms = "", 0
        self._renewing = asyncio.Lock()

    async def open(self) -> None:
        """Signs in, and makes connections so that the first orders wait for none. Raises Refused for wrong keys."""
        await self.renew_token()
        await self._client.warm_up(_WARM)

    async def close(self) -> None:
        await self._client.close()
        await self._node.close()

    @property
    def token(self) -> str:
        """The present token; empty before the first."""
        return self._token

    async def renew_token(self, *, unless: str | None = None) -> None:
        """Signs the venue's message for a new token; not where the present one is another than `unless` already."""
        async with self._renewing:
            if unless is not None and self._token not in ("", unless):
                return
            asked = await self._get(wire.AuthMessage, "sign in", "/v1/auth/message", ())
            message = asked.data.message
            body = {"signer": self._identity.address, "message": message}
            body["signature"] = self._identity.sign_text(message)
            self._take("general", "sign in", 0)
            answer = await self._client.request(
                "sign in", "POST", "/v1/auth", headers=self._key, body=msgspec.json.encode(body)
            )
            self._token = self._message(wire.AuthToken, "sign in", answer).data.token
            self._token_until_ms = self._clock.now_ms() + _TOKEN_LIVES_MS

    # --- reading -----------------------------------------------------------------------------------------------

    async def public(self, kind: type[T], operation: str, path: str, query: Query = ()) -> T:
        """An answer that needs the API key alone."""
        return await self._get(kind, operation, path, query)

    async def private(self, kind: type[T], operation: str, path: str, query: Query = ()) -> T:
        """An answer about the account."""
        if self._clock.now_ms() >= self._token_until_ms:
            await self.renew_token(unless=self._token)
        token = self._token
        answer = await self._asked(operation, path, query, token)
        if _is_refused_token(operation, answer):
            await self.renew_token(unless=token)
            answer = await self._asked(operation, path, query, self._token)
        return self._message(kind, operation, answer)

    async def pages(
        self, operation: str, path: str, query: Query = (), *, is_private: bool = False
    ) -> AsyncIterator[msgspec.Raw]:
        """All elements of a list that comes in pages."""
        cursor = ""
        for _ in range(_MOST_PAGES):
            asked = [*query, ("first", _PAGE), *([("after", cursor)] if cursor else [])]
            page = await (self.private if is_private else self.public)(wire.Page, operation, path, asked)
            for raw in page.data:
                yield raw
            if not page.cursor or not page.data:
                return
            if page.cursor == cursor:
                break
            cursor = page.cursor
        raise Unavailable(VENUE, operation, f"the list has no end within {_MOST_PAGES} pages")

    async def money(self) -> int:
        """The collateral that the account's address holds, in micros, as a node of the chain says."""
        held = await self._node.held(_USDT[self._identity.chain_id], self._identity.address)
        return held // WEI

    # --- changing ----------------------------------------------------------------------------------------------

    def take_for_order(self) -> None:
        """Takes what one order needs. Raises Unavailable, with nothing sent, when there is none now."""
        self._take("posts", "place", _KEPT_FOR_CANCELS)
        self._take("trading", "place", _KEPT_FOR_CANCELS)

    def place(self, body: bytes) -> Coroutine[Any, Any, wire.PlaceAnswer]:
        """Sends one order; what it needs of the budgets is already taken."""
        return self._changed(wire.PlaceAnswer, "place", ORDERS, body, self._send("place", ORDERS, body))

    def remove(self, operation: str, hashes: Sequence[str]) -> Coroutine[Any, Any, wire.RemoveAnswer]:
        """Takes orders off the book, at most 100. Raises Unavailable, with nothing sent, for too many requests."""
        self._take("posts", operation, 0)
        self._take("trading", operation, 0)
        body = msgspec.json.encode({"data": {"hashes": hashes}})
        return self._changed(wire.RemoveAnswer, operation, REMOVE, body, self._send(operation, REMOVE, body))

    def _send(self, operation: str, path: str, body: bytes) -> Coroutine[Any, Any, Answer]:
        line = f"Authorization: Bearer {self._token}\r\n".encode()
        return self._client.send(operation, self._heads[path], line, body)

    async def _changed(
        self, kind: type[T], operation: str, path: str, body: bytes, coming: Coroutine[Any, Any, Answer]
    ) -> T:
        token = self._token
        answer = await coming
        if _is_refused_token(operation, answer):
            await self.renew_token(unless=token)
            answer = await self._send(operation, path, body)
        if answer.status == 429:
            self._budgets["trading"].exhausted(pause_of(answer))
        if not _is_success(answer):
            raise answer_error(operation, answer, changes=True)
        try:
            return read(kind, answer.body)
        except UnreadableError as error:
            raise InDoubt(VENUE, operation, f"unreadable answer: {error}") from error

    # --- inside ------------------------------------------------------------------------------------------------

    def _take(self, budget: str, operation: str, leaves: int) -> None:
        bucket = self._budgets[budget]
        if not bucket.try_take(1, leaves=leaves):
            wait_s = bucket.ready_in_s(1 + leaves)
            raise Unavailable(VENUE, operation, f"our budget of {budget} is used up", retry_after_s=wait_s)

    async def _get(self, kind: type[T], operation: str, path: str, query: Query) -> T:
        return self._message(kind, operation, await self._asked(operation, path, query, ""))

    async def _asked(self, operation: str, path: str, query: Query, token: str) -> Answer:
        is_trading = path.startswith(ORDERS) or path.endswith("/orderbook")
        self._take("trading" if is_trading else "general", operation, _KEPT_FOR_CANCELS)
        headers = [*self._key, ("Authorization", f"Bearer {token}")] if token else self._key
        target = f"{path}?{urlencode(query)}" if query else path
        return await self._client.request(operation, "GET", target, headers=headers)

    def _message(self, kind: type[T], operation: str, answer: Answer) -> T:
        if not _is_success(answer):
            raise answer_error(operation, answer, changes=False)
        with reading(operation):
            return read(kind, answer.body)


def _is_success(answer: Answer) -> bool:
    return 200 <= answer.status < 300


def _is_refused_token(operation: str, answer: Answer) -> bool:
    """Whether a wallet's request was refused before anything was done."""
    if answer.status != 401:
        return False
    error = answer_error(operation, answer, changes=True)
    return getattr(error, "reason", None) is Reason.AUTH
