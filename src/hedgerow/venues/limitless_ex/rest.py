"""Requests to the venue: public ones, and those of the profile, signed by its token and inside its pace.

The venue asks for at most two requests of a token at a time, 300 ms apart, and publishes no other number: connections
keep to the first, a bucket to the second on average. What only reads waits for its turn; an order does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec

from hedgerow.core.errors import InDoubt, Unavailable
from hedgerow.net.budget import Budget
from hedgerow.net.http import Answer, HttpClient
from hedgerow.venues.base import Manifest, VenueContext
from hedgerow.venues.limitless_ex import wire
from hedgerow.venues.limitless_ex.auth import VENUE, Token
from hedgerow.venues.limitless_ex.errors import answer_error, pause_of, reading
from hedgerow.venues.reading import UnreadableError, read

T = TypeVar("T")
Query = Sequence[tuple[str, str]]

ORDERS, STATUSES, PROFILE, HISTORY = "/orders", "/orders/status/batch", "/profiles/me", "/portfolio/history"

MOST_STATUSES = 50
_PAGE, _MOST_PAGES = "100", 100
_MOST_ROWS = "100"
_AT_A_TIME = 2
_KEPT_FOR_ORDERS = 3
_LEAST_BURST = _KEPT_FOR_ORDERS + 1  # of however many that share the token: else what reads would never have its turn
_LONGEST_WAIT_S = 30.0


class Rest:
    """The requests of one account."""

    def __init__(self, context: VenueContext, manifest: Manifest, token: Token) -> None:
        self._clock, self._token = context.clock, token
        url = context.urls["rest"]
        self._public = HttpClient(VENUE, url, egress=context.egress)
        self._private = HttpClient(VENUE, url, connections=_AT_A_TIME, egress=context.egress)
        shares = {name: context.share_of(rate) for name, rate in manifest.rates.items()}
        self._budgets = {
            name: Budget(context.clock, rate.per_second, max(rate.burst, _LEAST_BURST)) for name, rate in shares.items()
        }

    async def open(self) -> None:
        """Makes connections ahead, so that the first bet waits for none."""
        await self._public.warm_up(1)
        await self._private.warm_up(1)

    async def close(self) -> None:
        await self._public.close()
        await self._private.close()

    # --- markets ---------------------------------------------------------------------------------------------------

    async def market(self, operation: str, slug: str) -> wire.Market:
        """Raises Refused with Reason.CLOSED for one that is not known."""
        return await self._ask_public(wire.Market, operation, f"/markets/{quote(slug, safe='')}")

    async def book(self, slug: str) -> wire.Book:
        return await self._ask_public(wire.Book, "book", f"/markets/{quote(slug, safe='')}/orderbook")

    async def _ask_public(self, kind: type[T], operation: str, path: str) -> T:
        self._take("public", operation)
        return self._message(kind, operation, await self._public.request(operation, "GET", path))

    # --- the profile -----------------------------------------------------------------------------------------------

    async def profile(self, operation: str) -> wire.Profile:
        return await self._ask(wire.Profile, operation, "GET", PROFILE)

    async def statuses(self, operation: str, items: Sequence[dict[str, str]]) -> list[wire.StatusRow]:
        """What the venue knows of orders, at most fifty. items: `orderId` or `clientOrderId` of each."""
        body = msgspec.json.encode({"items": items})
        answer = await self._ask(wire.StatusAnswer, operation, "POST", STATUSES, body)
        if sorted(row.index for row in answer.results) != list(range(len(items))):
            raise Unavailable(VENUE, operation, "the answer is about other orders")
        return answer.results

    async def orders(self, slug: str) -> list[wire.OrderRow]:
        """The latest of the profile's orders in a market that rest or were matched, newest first."""
        query = urlencode([("statuses", "LIVE"), ("statuses", "MATCHED"), ("limit", _MOST_ROWS)])
        path = f"/markets/{quote(slug, safe='')}/user-orders?{query}"
        return await self._ask(list[wire.OrderRow], "settled", "GET", path)

    async def history(self, since_ms: int) -> list[wire.HistoryEntry]:
        """What happened to the account from the second of `since_ms` on, newest first."""
        found: list[wire.HistoryEntry] = []
        cursor = ""
        for _ in range(_MOST_PAGES):
            query = urlencode([("cursor", cursor), ("limit", _PAGE)])
            page = await self._ask(wire.HistoryPage, "settled", "GET", f"{HISTORY}?{query}")
            recent = [entry for entry in page.data if entry.block_timestamp >= since_ms // 1_000]
            found += recent
            if not page.next_cursor or len(recent) < len(page.data):
                return found
            if page.next_cursor == cursor:
                break
            cursor = page.next_cursor
        raise Unavailable(VENUE, "settled", f"the history has no end within {_MOST_PAGES} pages")

    async def place(self, body: bytes) -> wire.Placed:
        """Sends one order. Raises Unavailable, with nothing sent, when it is not the token's turn; InDoubt when no
        answer came, or one that cannot be read."""
        self._take("token", "place")
        answer = await self._send("place", "POST", ORDERS, body, changes=True)
        if not _is_success(answer):
            raise answer_error("place", answer, changes=True)
        try:
            return read(wire.Placed, answer.body)
        except UnreadableError as error:
            raise InDoubt(VENUE, "place", f"unreadable answer: {error}") from error

    # --- inside ----------------------------------------------------------------------------------------------------

    async def _ask(self, kind: type[T], operation: str, method: str, path: str, body: bytes = b"") -> T:
        await self._turn(operation)
        return self._message(kind, operation, await self._send(operation, method, path, body, changes=False))

    async def _send(self, operation: str, method: str, path: str, body: bytes, *, changes: bool) -> Answer:
        headers = self._token.headers(method, path, body, self._clock.now_ms())
        answer = await self._private.request(operation, method, path, headers=headers, body=body, changes=changes)
        if answer.status == 429:
            self._budgets["token"].exhausted(pause_of(answer))
        return answer

    async def _turn(self, operation: str) -> None:
        """Waits for the token's turn, what orders need left over. Raises Unavailable when that takes too long."""
        bucket, waited_s = self._budgets["token"], 0.0
        while not bucket.try_take(1, leaves=_KEPT_FOR_ORDERS):
            wait_s = bucket.ready_in_s(1 + _KEPT_FOR_ORDERS)
            waited_s += wait_s
            if waited_s > _LONGEST_WAIT_S:
                raise Unavailable(VENUE, operation, "too many requests wait for their turn", retry_after_s=wait_s)
            await self._clock.sleep(wait_s)

    def _take(self, budget: str, operation: str) -> None:
        bucket = self._budgets[budget]
        if not bucket.try_take(1):
            wait_s = bucket.ready_in_s(1)
            raise Unavailable(VENUE, operation, f"our budget of {budget} is used up", retry_after_s=wait_s)

    def _message(self, kind: type[T], operation: str, answer: Answer) -> T:
        if not _is_success(answer):
            raise answer_error(operation, answer, changes=False)
        with reading(operation):
            return read(kind, answer.body)


def _is_success(answer: Answer) -> bool:
    return 200 <= answer.status < 300
