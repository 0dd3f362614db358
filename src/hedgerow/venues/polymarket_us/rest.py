"""Signed requests to the private API and plain ones to the public gateway, within their budgets.

It knows no orders: what is asked and what it means is the others'. The venue takes twenty requests a second for a key,
and as many for an address on the gateway. Sources: the venue's page "Rate Limits"; polymarket-us 2.4.1.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec

from hedgerow.core.errors import InDoubt, Unavailable
from hedgerow.net.budget import Budget
from hedgerow.net.http import Answer, HttpClient
from hedgerow.venues.base import Manifest, Rate, VenueContext
from hedgerow.venues.polymarket_us import wire
from hedgerow.venues.polymarket_us.auth import VENUE, SignedHeaders, signer_of
from hedgerow.venues.polymarket_us.errors import answer_error, reading
from hedgerow.venues.polymarket_us.parse import is_order_id
from hedgerow.venues.reading import UnreadableError, read

T = TypeVar("T")
Query = Sequence[tuple[str, str]]

ORDERS = "/v1/orders"

_FOR_CANCELS, _FOR_QUESTIONS = 2, 3
"""Requests that are left to cancels by questions, and to both by placements."""
_KEPT = _FOR_CANCELS + _FOR_QUESTIONS

_LONGEST_WAIT_S = 10.0
_PAUSE_AFTER_429_S = 1.0  # "wait at least 1 second"
_CONNECTIONS, _WARM, _GATEWAY_CONNECTIONS = 16, 6, 4


class Rest:
    """One account's requests."""

    def __init__(self, manifest: Manifest, context: VenueContext) -> None:
        """Raises SetupError when the credentials are not complete."""
        self._clock = context.clock
        self._signer = signer_of(context.account.credentials)
        self._api = HttpClient(VENUE, context.urls["rest"], connections=_CONNECTIONS, egress=context.egress)
        self._gateway = HttpClient(
            VENUE, context.urls["gateway"], connections=_GATEWAY_CONNECTIONS, egress=context.egress
        )
        self._requests = self._budget(context.share_of(manifest.rates["requests"]))
        self._public = self._budget(context.share_of(manifest.rates["public"]))
        self._place_head = self._api.head("POST", ORDERS)

    def _budget(self, rate: Rate) -> Budget:
        return Budget(self._clock, rate.per_second, max(rate.burst, 1 + _KEPT))

    async def open(self) -> None:
        await self._api.warm_up(_WARM)

    async def close(self) -> None:
        await self._api.close()
        await self._gateway.close()

    def signed(self, method: str, path: str) -> SignedHeaders:
        """The headers of a request that leaves now."""
        return self._signer.headers(self._clock.now_ms(), method, self._api.prefix + path)

    # --- reading -----------------------------------------------------------------------------------------------

    async def read(self, kind: type[T], operation: str, path: str, query: Query = (), *, is_urgent: bool = False) -> T:
        """About the account. Raises Refused or Unavailable; an answer that cannot be read is Unavailable too.

        is_urgent: what is kept for cancels may be used, to learn what became of one.
        """
        await self._wait(operation, self._requests, 0 if is_urgent else _FOR_CANCELS)
        coming = self._api.request(operation, "GET", _target(path, query), headers=self.signed("GET", path))
        return self._message(kind, operation, await coming, self._requests)

    async def public(self, kind: type[T], operation: str, path: str, query: Query = ()) -> T:
        """About what is listed."""
        await self._wait(operation, self._public, 0)
        answer = await self._gateway.request(operation, "GET", _target(path, query))
        return self._message(kind, operation, answer, self._public)

    def _message(self, kind: type[T], operation: str, answer: Answer, budget: Budget) -> T:
        if not _is_success(answer):
            _slow_down(answer, budget)
            raise answer_error(operation, answer, changes=False)
        with reading(operation):
            return read(kind, answer.body)

    async def _wait(self, operation: str, budget: Budget, leaves: int) -> None:
        waited_s = 0.0
        while not budget.try_take(1, leaves=leaves):
            pause_s = budget.ready_in_s(1 + leaves)
            waited_s += pause_s
            if waited_s > _LONGEST_WAIT_S:
                raise Unavailable(VENUE, operation, "our budget of requests is used up", retry_after_s=pause_s)
            await self._clock.sleep(pause_s)

    # --- changing ----------------------------------------------------------------------------------------------

    def take_for_order(self) -> None:
        """Takes what one order needs. Raises Unavailable, with nothing sent, when there is none now."""
        if not self._requests.try_take(1, leaves=_KEPT):
            missing_s = self._requests.ready_in_s(1 + _KEPT)
            raise Unavailable(VENUE, "place", "our budget of requests is used up", retry_after_s=missing_s)

    def place(self, kind: type[T], body: bytes) -> Coroutine[Any, Any, T]:
        """Sends one order; what it needs of the budget is already taken."""
        lines = "".join([f"{name}: {value}\r\n" for name, value in self.signed("POST", ORDERS)]).encode()
        return self._changed(kind, "place", self._api.send("place", self._place_head, lines, body))

    def cancel(self, kind: type[T], operation: str, path: str, body: object) -> Coroutine[Any, Any, T]:
        """No budget of ours holds a cancel back."""
        self._requests.try_take(1)
        content: bytes = msgspec.json.encode(body)
        coming = self._api.request(
            operation, "POST", path, headers=self.signed("POST", path), body=content, changes=True
        )
        return self._changed(kind, operation, coming)

    async def _changed(self, kind: type[T], operation: str, coming: Coroutine[Any, Any, Answer]) -> T:
        answer = await coming
        if not _is_success(answer):
            _slow_down(answer, self._requests)
            raise answer_error(operation, answer, changes=True)
        try:
            return read(kind, answer.body)
        except UnreadableError as error:
            raise InDoubt(VENUE, operation, f"unreadable answer: {error}") from error


def named(answer: wire.Placed) -> wire.Placed:
    """The answer to a placement, when it names the order. Raises InDoubt."""
    if not is_order_id(answer.id):
        raise InDoubt(VENUE, "place", "the answer names no order")
    return answer


def cancel_body(slug: str) -> Mapping[str, str]:
    return {"marketSlug": slug}


def _slow_down(answer: Answer, budget: Budget) -> None:
    if answer.status == 429:
        budget.exhausted(_PAUSE_AFTER_429_S)


def _target(path: str, query: Query) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _is_success(answer: Answer) -> bool:
    return 200 <= answer.status < 300
