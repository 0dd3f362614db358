"""JSON-RPC calls in an account's session and within its budgets, and reading what comes back.

A call that is refused because its session is over is made once more after a login: it did nothing. It knows no orders.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from typing import Any, ParamSpec, TypeVar

import msgspec

from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable, VenueError
from hedgerow.net.budget import Budget
from hedgerow.net.http import Answer, HttpClient
from hedgerow.venues.base import Rate, VenueContext
from hedgerow.venues.betfair_ex import wire
from hedgerow.venues.betfair_ex.auth import Identity
from hedgerow.venues.betfair_ex.errors import SESSION_OVER, VENUE, call_error, http_error
from hedgerow.venues.betfair_ex.parse import MalformedError

PAGE = 1_000
_MOST_PAGES = 50
_CONNECTIONS, _WARM = 16, 4
# The venue gives up on an order after 5 s; in play it keeps the caller waiting for the delay too.
_PLACE_S = 20.0
_FOR_CANCELS = 10.0
_PAUSE_AFTER_RATE_S = 1.0

Params = Mapping[str, Any]
T = TypeVar("T")
R = TypeVar("R")
A = ParamSpec("A")

_replies = msgspec.json.Decoder(wire.Reply)
_encoder = msgspec.json.Encoder(decimal_format="number")


class Rest:
    """One account's calls."""

    def __init__(self, context: VenueContext, orders: Rate, reads: Rate) -> None:
        self.identity = Identity(context)
        self._http = HttpClient(VENUE, context.urls["rest"], connections=_CONNECTIONS, egress=context.egress)
        clock = self._clock = context.clock
        self._orders = Budget(clock, orders.per_second, orders.burst)
        self._reads = Budget(clock, reads.per_second, reads.burst)

    async def open(self) -> None:
        """Logs in. Raises Refused for wrong keys."""
        await self.identity.open()
        await self._http.warm_up(_WARM)

    async def close(self) -> None:
        await self.identity.close()
        await self._http.close()

    # --- reading ------------------------------------------------------------------------------------------------

    async def read(self, operation: str, method: str, params: Params, answer_type: type[T]) -> T:
        """Raises Refused or Unavailable; an answer that cannot be read is Unavailable too."""
        if not self._reads.try_take(1):
            wait_s = self._reads.ready_in_s(1)
            raise Unavailable(VENUE, operation, "the read budget is used up", retry_after_s=wait_s)
        raw = await self._again(operation, method, params, self.send(operation, method, params), changes=False)
        return readable(operation, _decode, raw, answer_type)

    async def current(self, operation: str, params: Params) -> list[wire.CurrentOrder]:
        """Bets of listCurrentOrders, page by page."""
        found: dict[str, wire.CurrentOrder] = {}
        async for page in self._pages(operation, "listCurrentOrders", params, wire.CurrentOrders):
            found |= {order.bet_id: order for order in page.current_orders}
        return list(found.values())

    async def cleared(self, operation: str, params: Params) -> list[wire.ClearedOrder]:
        found: list[wire.ClearedOrder] = []
        async for page in self._pages(operation, "listClearedOrders", params, wire.ClearedOrders):
            found += page.cleared_orders
        return found

    async def _pages(self, operation: str, method: str, params: Params, page_type: type[Any]) -> AsyncIterator[Any]:
        for number in range(_MOST_PAGES):
            place = {"fromRecord": number * PAGE, "recordCount": PAGE}
            page = await self.read(operation, f"SportsAPING/v1.0/{method}", {**params, **place}, page_type)
            yield page
            if not page.more_available:
                return
        raise Unavailable(VENUE, operation, "the list of the venue has no end")

    # --- changing -----------------------------------------------------------------------------------------------

    def take_for_order(self, operation: str) -> None:
        """Takes what an order costs of the budget. Raises Unavailable where it is not there: nothing is queued."""
        if not self._orders.try_take(1, leaves=_FOR_CANCELS):
            wait_s = self._orders.ready_in_s(1 + _FOR_CANCELS)
            raise Unavailable(VENUE, operation, "the order budget is used up", retry_after_s=wait_s)

    def change(self, operation: str, method: str, params: Params) -> Coroutine[Any, Any, msgspec.Raw]:
        """Sends a call that moves orders: before this returns where it can. Raises from the answer: Refused for what
        failed as a whole, InDoubt for what nobody knows of."""
        coming = self.send(operation, method, params, changes=True)
        return self._again(operation, method, params, coming, changes=True)

    # --- both ---------------------------------------------------------------------------------------------------

    def send(
        self, operation: str, method: str, params: Params, *, changes: bool = False
    ) -> Coroutine[Any, Any, tuple[str, Answer]]:
        """One call; the token that it was made with, and the answer."""
        service = {"S": "betting", "A": "account", "H": "heartbeat"}[method[0]]
        body = _encoder.encode({"jsonrpc": "2.0", "method": method, "params": params, "id": 1})
        token = self.identity.token
        coming = self._http.request(
            operation,
            "POST",
            f"/{service}/json-rpc/v1",
            headers=self.identity.headers,
            body=body,
            changes=changes,
            timeout_s=_PLACE_S if changes else None,
        )
        return _with(token, coming)

    async def _again(
        self,
        operation: str,
        method: str,
        params: Params,
        coming: Awaitable[tuple[str, Answer]],
        *,
        changes: bool,
    ) -> msgspec.Raw:
        """The result of a call, made once more where its session was over."""
        token, answer = await coming
        try:
            return self._result(operation, answer, changes=changes)
        except Refused as refused:
            if refused.code not in SESSION_OVER:
                raise
        await self.identity.renew(token)
        _, answer = await self.send(operation, method, params, changes=changes)
        return self._result(operation, answer, changes=changes)

    def _result(self, operation: str, answer: Answer, *, changes: bool) -> msgspec.Raw:
        """Raises VenueError."""
        try:
            reply = _replies.decode(answer.body)
        except UNREADABLE:
            raise http_error(answer.status, operation, changes=changes) from None
        if reply.error is not None:
            error: VenueError = call_error(reply.error, operation, changes=changes)
            if isinstance(error, Refused) and error.reason is Reason.RATE:
                (self._orders if changes else self._reads).exhausted(_PAUSE_AFTER_RATE_S)
            raise error
        if not bytes(reply.result):
            raise http_error(answer.status, operation, changes=changes)
        return reply.result


async def _with(token: str, coming: Awaitable[Answer]) -> tuple[str, Answer]:
    return token, await coming


def _decode(raw: msgspec.Raw, answer_type: type[T]) -> T:
    try:
        return msgspec.json.decode(raw, type=answer_type)
    except UNREADABLE as error:
        raise MalformedError(str(error)) from error


def readable(operation: str, parse: Callable[A, R], *args: A.args, **kwargs: A.kwargs) -> R:
    """What the parser makes of an answer to a read; Unavailable when it cannot be read."""
    try:
        return parse(*args, **kwargs)
    except MalformedError as error:
        raise Unavailable(VENUE, operation, f"unreadable answer: {error}") from error


def certain(operation: str, raw: msgspec.Raw, answer_type: type[T], parse: Callable[[T], R]) -> R:
    """What the parser makes of an answer to a change; InDoubt when it cannot be read, for the venue did act."""
    try:
        return parse(_decode(raw, answer_type))
    except MalformedError as error:
        raise InDoubt(VENUE, operation, f"unreadable answer: {error}") from error
