"""Signed requests to Kalshi's REST API within the account's budgets, and reading what comes back.

It knows no orders: what is asked and what it means is the connector's. Source: getting_started/rate_limits,
pagination.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from typing import Any, Final, ParamSpec, Protocol, TypeVar
from urllib.parse import urlencode

import msgspec
import structlog

from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable
from hedgerow.net.budget import Budget
from hedgerow.net.http import Answer, Headers, HttpClient
from hedgerow.venues.base import Rate, VenueContext
from hedgerow.venues.kalshi import wire
from hedgerow.venues.kalshi.auth import ReadySignatures, Signer
from hedgerow.venues.kalshi.errors import VENUE, error_of
from hedgerow.venues.kalshi.parse import MalformedError

_log = structlog.get_logger(__name__)

ORDERS: Final = "/portfolio/events/orders"
_BATCHED: Final = f"{ORDERS}/batched"

# Tokens that a request costs; GET /account/endpoint_costs lists the exceptions from the default.
DEFAULT_COST, CANCEL_COST = 10, 2

# Placements leave so much of the write budget to cancels: ten of them can always follow at once.
_FOR_CANCELS = 10 * CANCEL_COST

# A read waits at most so long for its budget; then the caller decides again.
_LONGEST_WAIT_S = 10.0

# The venue asks no penalty for a 429 and names no time; at the slowest tier this is one placement's worth of tokens.
_PAUSE_AFTER_429_S = 0.1

# The venue allows 200,000 open orders per user, in pages of 1,000.
PAGE = 1_000
_MOST_PAGES = 250

# A market's quotes are all cancelled at once when its odds are suspended; a cancel that waited for a connection would
# wait for another's answer, which is a whole way to the venue and back.
_CONNECTIONS, _WARM = 32, 20

# At least so many signatures are kept ready, at most so many.
_FEWEST_READY, _MOST_READY = 8, 64

# Batches of cancels that may leave in one moment: a fixture's markets.
_BATCHES_READY = 8

Query = Mapping[str, str | int]
T = TypeVar("T")
R = TypeVar("R")
A = ParamSpec("A")


class Page(Protocol):
    """One page of a list; an empty cursor ends it."""

    cursor: str | None


P = TypeVar("P", bound=Page)


class Rest:
    """One account's requests."""

    def __init__(self, context: VenueContext, signer: Signer, read: Rate, write: Rate) -> None:
        """read, write: the budgets until the venue names its own. The URL's path prefix is signed too."""
        self._http = HttpClient(VENUE, context.urls["rest"], connections=_CONNECTIONS, egress=context.egress)
        self._place_head = self._http.head("POST", ORDERS)
        self._signer, self._clock = signer, context.clock
        self._set_budgets(read, write)
        ready = int(min(_MOST_READY, max(_FEWEST_READY, write.burst // DEFAULT_COST)))
        self._placing = ReadySignatures(signer, self._clock, "POST", self._http.prefix + ORDERS, ready)
        self._cancelling = ReadySignatures(signer, self._clock, "DELETE", self._http.prefix + _BATCHED, _BATCHES_READY)

    async def open(self) -> None:
        """Connects ahead, takes over the account's real limits, and begins to keep signatures ready. Raises Refused
        when the key is not accepted."""
        await self._http.warm_up(_WARM)
        await self._adapt_budgets()
        self._placing.start()
        self._cancelling.start()

    async def close(self) -> None:
        await self._placing.stop()
        await self._cancelling.stop()
        await self._http.close()

    # --- reading ----------------------------------------------------------------------------------------------

    async def read(self, operation: str, path: str, answer_type: type[T], query: Query | None = None) -> T:
        """A GET. Raises Refused or Unavailable; an answer that cannot be read is Unavailable too."""
        await self._wait_for_read(operation)
        where = f"{path}?{urlencode(query)}" if query else path
        answer = await self._http.request(operation, "GET", where, headers=self._headers("GET", path))
        self._check(operation, answer, self._reads, changes=False)
        return readable(operation, _decode, answer, answer_type)

    async def pages(self, operation: str, path: str, page_type: type[P], query: Query) -> AsyncIterator[P]:
        """A list, page by page; bounded, and never round in a circle."""
        cursor, seen = "", {""}
        for _ in range(_MOST_PAGES):
            page = await self.read(operation, path, page_type, {**query, "cursor": cursor} if cursor else query)
            yield page
            cursor = page.cursor or ""
            if not cursor:
                return
            if cursor in seen:
                break
            seen.add(cursor)
        raise Unavailable(VENUE, operation, "the list of the venue has no end")

    # --- changing ---------------------------------------------------------------------------------------------

    def take(self, operation: str) -> None:
        """Takes the tokens of a placement or amend. Raises Unavailable where they, and a reserve for cancels, are not
        there: nothing is queued, the caller asks anew with what it then wants."""
        if not self._writes.try_take(DEFAULT_COST, leaves=_FOR_CANCELS):
            missing_s = self._writes.ready_in_s(DEFAULT_COST + _FOR_CANCELS)
            raise Unavailable(VENUE, operation, "the write budget is used up", retry_after_s=missing_s)

    def place(self, body: bytes) -> Coroutine[Any, Any, Answer]:
        """POSTs an order with a signature made ahead."""
        signed = "".join([f"{name}: {value}\r\n" for name, value in self._placing.headers()]).encode()
        coming = self._http.send("place", self._place_head, signed, body)
        self._placing.refill()
        return self._accepted("place", coming)

    def amend(self, order_id: str, body: bytes) -> Coroutine[Any, Any, Answer]:
        path = f"{ORDERS}/{order_id}/amend"
        return self._change("amend", "POST", path, self._headers("POST", path), body)

    def cancel(self, order_id: str, query: Query) -> Coroutine[Any, Any, Answer]:
        """No budget of ours holds a cancel back: too many are refused by the venue without a penalty."""
        self._writes.try_take(CANCEL_COST)
        path = f"{ORDERS}/{order_id}"
        return self._change("cancel", "DELETE", f"{path}?{urlencode(query)}", self._headers("DELETE", path))

    def take_cancels(self, count: int) -> bool:
        """Takes the tokens of a batch of cancels; False where it does not fit at once: the venue would refuse it as a
        whole."""
        return self._writes.try_take(count * CANCEL_COST)

    def cancel_many(self, body: bytes) -> Coroutine[Any, Any, Answer]:
        """Cancels a batch whose tokens are taken, with a signature made ahead."""
        coming = self._change("cancel", "DELETE", _BATCHED, self._cancelling.headers(), body)
        self._cancelling.refill()
        return coming

    def cancel_all(self) -> Coroutine[Any, Any, Answer]:
        self._writes.try_take(CANCEL_COST)
        return self._change("cancel_all", "DELETE", ORDERS, self._headers("DELETE", ORDERS))

    def _change(
        self, operation: str, method: str, path: str, headers: Headers, body: bytes = b""
    ) -> Coroutine[Any, Any, Answer]:
        coming = self._http.request(operation, method, path, headers=headers, body=body, changes=True)
        return self._accepted(operation, coming)

    async def _accepted(self, operation: str, coming: Awaitable[Answer]) -> Answer:
        answer = await coming
        self._check(operation, answer, self._writes, changes=True)
        return answer

    # --- both -------------------------------------------------------------------------------------------------

    def _headers(self, method: str, path: str) -> Headers:
        return self._signer.headers(self._clock.now_ms(), method, self._http.prefix + path)

    def _check(self, operation: str, answer: Answer, budget: Budget, *, changes: bool) -> None:
        if 200 <= answer.status < 300:
            return
        error = error_of(answer, operation, changes=changes)
        if isinstance(error, Refused) and error.reason is Reason.RATE:
            budget.exhausted(_PAUSE_AFTER_429_S)
        raise error

    async def _wait_for_read(self, operation: str) -> None:
        waited_s = 0.0
        while not self._reads.try_take(DEFAULT_COST):
            pause_s = self._reads.ready_in_s(DEFAULT_COST)
            waited_s += pause_s
            if waited_s > _LONGEST_WAIT_S:
                raise Unavailable(VENUE, operation, "the read budget is used up", retry_after_s=pause_s)
            await self._clock.sleep(pause_s)

    async def _adapt_budgets(self) -> None:
        try:
            limits = await self.read("limits", "/account/limits", wire.LimitsAnswer)
            self._set_budgets(_rate(limits.read), _rate(limits.write))
            self._reads.try_take(DEFAULT_COST)  # what this question cost: the venue's bucket is not full any more
        except Refused as refusal:
            if refusal.reason is Reason.AUTH:
                raise
            _log.warning("limits not told", venue=VENUE, error=str(refusal))
        except Unavailable as error:
            _log.warning("limits not told", venue=VENUE, error=str(error))

    def _set_budgets(self, read: Rate, write: Rate) -> None:
        self._reads = Budget(self._clock, read.per_second, max(read.burst, DEFAULT_COST))
        self._writes = Budget(self._clock, write.per_second, max(write.burst, DEFAULT_COST + _FOR_CANCELS))


def _rate(bucket: wire.Bucket) -> Rate:
    if not (bucket.refill_rate > 0 and bucket.bucket_capacity > 0):
        raise Unavailable(VENUE, "limits", "the venue names a budget of nothing")
    return Rate(float(bucket.refill_rate), float(bucket.bucket_capacity))


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
