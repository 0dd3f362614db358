"""Requests to the venue: with the account's key, inside their budgets, answered with messages or venue errors."""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec

from hedgerow.core.errors import Unavailable
from hedgerow.core.secrets import Secret
from hedgerow.net.budget import Budget
from hedgerow.net.http import Answer, HttpClient
from hedgerow.venues.base import Manifest, VenueContext
from hedgerow.venues.reading import read
from hedgerow.venues.sx_bet import wire
from hedgerow.venues.sx_bet.errors import VENUE, answer_error, pause_of, reading
from hedgerow.venues.sx_bet.orders import MAX_WAIT_MS

Query = Sequence[tuple[str, str]]

T = TypeVar("T")

ORDERS, ALL_ORDERS = "/orders-v3", "/orders-v3/all"
PAGE = "100"

_TIMEOUT_S = MAX_WAIT_MS / 1_000 + 5.0  # the venue may take its time to say what became of an order
_CONNECTIONS, _WARM = 16, 4
_MOST_PAGES = 200


class Rest:
    """The requests of one account."""

    def __init__(self, context: VenueContext, manifest: Manifest, api_key: Secret) -> None:
        self._http = HttpClient(
            VENUE, context.urls["rest"], connections=_CONNECTIONS, timeout_s=_TIMEOUT_S, egress=context.egress
        )
        shares = {name: context.share_of(rate) for name, rate in manifest.rates.items()}
        self._budgets = {name: Budget(context.clock, rate.per_second, rate.burst) for name, rate in shares.items()}
        self._headers = [("x-sx-api-key", api_key.reveal())]
        self._place_head = self._http.head("POST", ORDERS, self._headers)

    async def warm_up(self) -> None:
        """Makes connections, so that the first orders wait for none."""
        await self._http.warm_up(_WARM)

    async def close(self) -> None:
        await self._http.close()

    def take(self, budget: str, operation: str) -> None:
        """Takes one token. Raises Unavailable, with nothing sent, when there is none now."""
        bucket = self._budgets[budget]
        if not bucket.try_take(1):
            why = f"our budget of {budget} is used up"
            raise Unavailable(VENUE, operation, why, retry_after_s=bucket.ready_in_s(1))

    async def read(self, kind: type[T], operation: str, path: str, query: Query = (), budget: str = "reads") -> T:
        """The data of an answer to a question."""
        self.take(budget, operation)
        target = f"{path}?{urlencode(query)}" if query else path
        answer = await self._http.request(operation, "GET", target, headers=self._headers)
        return self._data(kind, operation, answer, budget=budget, changes=False)

    async def pages(
        self, operation: str, path: str, name: str, query: Query, key: str = "nextKey"
    ) -> list[msgspec.Raw]:
        """All elements of a list that comes in pages. name: the list's member; key: what asks for the next page."""
        found: list[msgspec.Raw] = []
        asked: Query = query
        for _ in range(_MOST_PAGES):
            raw = await self.read(msgspec.Raw, operation, path, asked)
            with reading(operation):
                members, following = read(dict[str, msgspec.Raw], raw), read(wire.Page, raw).next_key
                found += read(list[msgspec.Raw], members.get(name, b"null"))
            if not following:
                return found
            asked = [*query, (key, following)]
        raise Unavailable(VENUE, operation, f"the list has no end within {_MOST_PAGES} pages")

    def place(self, body: bytes) -> Coroutine[Any, Any, wire.PlaceReply]:
        """Sends one order; its token of the budget is already taken."""
        return self._changed(wire.PlaceReply, "place", self._http.send("place", self._place_head, b"", body), "orders")

    def change(self, kind: type[T], operation: str, method: str, path: str, body: bytes = b"") -> Awaitable[T]:
        """Another request that changes something. No budget of ours holds it back: what rests must be got rid of."""
        sent = self._http.request(operation, method, path, headers=self._headers, body=body, changes=True)
        return self._changed(kind, operation, sent, "cancels")

    async def _changed(self, kind: type[T], operation: str, coming: Awaitable[Answer], budget: str) -> T:
        return self._data(kind, operation, await coming, budget=budget, changes=True)

    def _data(self, kind: type[T], operation: str, answer: Answer, *, budget: str, changes: bool) -> T:
        if not 200 <= answer.status < 300:
            if answer.status == 429 and budget in self._budgets:
                self._budgets[budget].exhausted(pause_of(answer))
            raise answer_error(operation, answer, changes=changes)
        with reading(operation, changes=changes):
            return read(kind, read(wire.Envelope, answer.body).data)
