"""Requests to the CLOB and to Gamma: signed, inside their budgets, answered with messages or with venue errors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Coroutine, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec
import structlog

from hedgerow.core.errors import InDoubt, Reason, Refused, Unavailable
from hedgerow.core.secrets import Secret
from hedgerow.net.budget import Budget
from hedgerow.net.http import Answer, HttpClient
from hedgerow.venues.base import Manifest, VenueContext
from hedgerow.venues.polymarket import wire
from hedgerow.venues.polymarket.auth import ApiKey, HeaderList, Identity, RequestSigner, wallet_headers
from hedgerow.venues.polymarket.errors import VENUE, answer_error, pause_of, reading
from hedgerow.venues.polymarket.heartbeat import ANSWER_WITHIN_S
from hedgerow.venues.reading import UnreadableError, read

Query = Sequence[tuple[str, str]]

T = TypeVar("T")

_FIRST_CURSOR, _LAST_CURSOR = "MA==", "LTE="
_MOST_PAGES = 500
_GAMMA_PAGE = "100"
_NOTED_SKEW_S = 2  # less is the way's delay, and the answer's rounding to seconds
# A market's quotes are all cancelled at once when its odds are suspended; a cancel that waited for a connection would
# wait for another's answer, which is a whole way to the venue and back.
_CONNECTIONS, _WARM = 32, 20
_RATE_PAUSE_S = 1.0  # where a "too many requests" does not say how long

_log = structlog.get_logger(__name__)


class Rest:
    """The requests of one account."""

    def __init__(self, context: VenueContext, manifest: Manifest, identity: Identity) -> None:
        self._clock, self._identity = context.clock, identity
        self._clob = HttpClient(VENUE, context.urls["clob"], connections=_CONNECTIONS, egress=context.egress)
        self._gamma = HttpClient(VENUE, context.urls["gamma"], connections=2, timeout_s=15.0, egress=context.egress)
        shares = {name: context.share_of(rate) for name, rate in manifest.rates.items()}
        self._budgets = {name: Budget(context.clock, rate.per_second, rate.burst) for name, rate in shares.items()}
        self._skew_s = 0
        self._heads: dict[tuple[str, str], bytes] = {}  # of requests that change something, by method and path
        self._api_key = identity.api_key
        self._signer = RequestSigner(identity.wallet.address, identity.api_key) if identity.api_key else None

    async def sign_in(self) -> ApiKey:
        """The account's API key: the one that was given, else the wallet's, which is made if there is none."""
        await self._measure_skew()
        if self._api_key is None:
            self._api_key = await self._key_of_wallet()
            self._signer = RequestSigner(self._identity.wallet.address, self._api_key)
        return self._api_key

    async def warm_up(self) -> None:
        """Makes connections, so that the first orders wait for none."""
        await self._clob.warm_up(_WARM)

    async def close(self) -> None:
        await self._clob.close()
        await self._gamma.close()

    def take(self, budget: str, operation: str) -> None:
        """Takes one token. Raises Unavailable, with nothing sent, when there is none now."""
        bucket = self._budgets[budget]
        if not bucket.try_take(1):
            raise Unavailable(
                VENUE, operation, f"our budget of {budget} is used up", retry_after_s=bucket.ready_in_s(1)
            )

    # --- reading -----------------------------------------------------------------------------------------------

    async def public(self, kind: type[T], operation: str, path: str) -> T:
        """A CLOB answer that needs no key."""
        self.take("reads", operation)
        return self._message(kind, operation, await self._clob.request(operation, "GET", path))

    async def private(self, kind: type[T], operation: str, path: str, query: Query = ()) -> T:
        """A CLOB answer about the account."""
        self.take("reads", operation)
        target = f"{path}?{urlencode(query)}" if query else path
        answer = await self._clob.request(operation, "GET", target, headers=self._headers(operation, "GET", path))
        return self._message(kind, operation, answer)

    async def pages(self, operation: str, path: str, query: Query = ()) -> list[msgspec.Raw]:
        """All elements of a list that comes in pages (or, at once, as a plain array)."""
        found: list[msgspec.Raw] = []
        cursor = _FIRST_CURSOR
        for _ in range(_MOST_PAGES):
            raw = await self.private(msgspec.Raw, operation, path, [*query, ("next_cursor", cursor)])
            page = _page(operation, raw)
            found += page.data
            if page.next_cursor in (None, "", _LAST_CURSOR):
                return found
            if page.next_cursor == cursor:
                break
            cursor = page.next_cursor
        raise Unavailable(VENUE, operation, f"the list has no end within {_MOST_PAGES} pages")

    async def markets(self, operation: str, query: Query) -> AsyncIterator[wire.GammaMarket]:
        """Gamma's markets for a query. One that cannot be read is logged and left out."""
        page_query = [*query, ("limit", _GAMMA_PAGE)]
        for _ in range(_MOST_PAGES):
            self.take("gamma", operation)
            answer = await self._gamma.request(operation, "GET", f"/markets/keyset?{urlencode(page_query)}")
            page = self._message(wire.MarketsPage, operation, answer)
            for raw in page.markets:
                try:
                    yield read(wire.GammaMarket, raw)
                except UnreadableError as error:
                    _log.warning("market unreadable", venue=VENUE, error=str(error))
            if not page.next_cursor:
                return
            page_query = [*query, ("limit", _GAMMA_PAGE), ("after_cursor", page.next_cursor)]
        raise Unavailable(VENUE, operation, f"the list has no end within {_MOST_PAGES} pages")

    # --- changing ----------------------------------------------------------------------------------------------

    def place(self, body: bytes) -> Coroutine[Any, Any, wire.PlaceReply]:
        """Sends one order; its token of the budget is already taken."""
        return self._placed(self._change("place", "POST", "/order", body))

    async def _placed(self, coming: Awaitable[Answer]) -> wire.PlaceReply:
        answer = await coming
        if answer.status == 429:
            self._budgets["orders"].exhausted(pause_of(answer) or _RATE_PAUSE_S)
        return self._changed(wire.PlaceReply, "place", answer)

    def rehearse(self, body: bytes) -> None:
        """Makes the headers of an order that is not sent."""
        if self._signer is not None:
            self._signer.lines(self._now_s(), "POST", "/order", body)

    def cancel(self, operation: str, path: str, body: bytes = b"") -> Coroutine[Any, Any, wire.CancelReply]:
        """Sends a cancel, which no budget of ours holds back: the venue has a bucket for them alone."""
        return self._cancelled(operation, self._change(operation, "DELETE", path, body))

    async def _cancelled(self, operation: str, coming: Awaitable[Answer]) -> wire.CancelReply:
        return self._changed(wire.CancelReply, operation, await coming)

    def _change(self, operation: str, method: str, path: str, body: bytes) -> Coroutine[Any, Any, Answer]:
        signer = self._signed_in(operation)
        head = self._heads.get((method, path))
        if head is None:
            head = self._heads[method, path] = self._clob.head(method, path, signer.who)
        return self._clob.send(operation, head, signer.lines(self._now_s(), method, path, body), body)

    def _changed(self, kind: type[T], operation: str, answer: Answer) -> T:
        if not _is_success(answer):
            raise answer_error(operation, answer, changes=True)
        try:
            return read(kind, answer.body)
        except UnreadableError as error:
            raise InDoubt(VENUE, operation, f"unreadable answer: {error}") from error

    async def beat(self, body: bytes) -> Answer:
        """One heartbeat, whatever is answered, if it is answered soon."""
        path = "/v1/heartbeats"
        headers = self._headers("heartbeat", "POST", path, body)
        return await self._clob.request(
            "heartbeat", "POST", path, headers=headers, body=body, timeout_s=ANSWER_WITHIN_S
        )

    # --- signing -----------------------------------------------------------------------------------------------

    def _headers(self, operation: str, method: str, path: str, body: bytes = b"") -> HeaderList:
        return self._signed_in(operation).headers(self._now_s(), method, path, body)

    def _signed_in(self, operation: str) -> RequestSigner:
        if self._signer is None:
            raise Unavailable(VENUE, operation, "not signed in")
        return self._signer

    def _now_s(self) -> int:
        return self._clock.now_ms() // 1000 + self._skew_s

    async def _measure_skew(self) -> None:
        """The venue's clock against ours: signatures carry the venue's time."""
        try:
            venue_s = await self.public(int, "time", "/time")
        except Refused:
            return
        skew_s = venue_s - self._clock.now_ms() // 1000
        self._skew_s = skew_s if abs(skew_s) >= _NOTED_SKEW_S else 0
        if self._skew_s:
            _log.warning("clock differs from the venue's", venue=VENUE, skew_s=skew_s)

    async def _key_of_wallet(self) -> ApiKey:
        try:
            return await self._wallet_request("derive API key", "GET", "/auth/derive-api-key")
        except Refused as error:
            if error.reason is Reason.AUTH:
                raise
        return await self._wallet_request("create API key", "POST", "/auth/api-key")

    async def _wallet_request(self, operation: str, method: str, path: str) -> ApiKey:
        headers = wallet_headers(self._identity.wallet, self._now_s())
        answer = await self._clob.request(operation, method, path, headers=headers)
        told = self._message(wire.ApiCredentials, operation, answer)
        return ApiKey(Secret(told.api_key), Secret(told.secret), Secret(told.passphrase))

    def _message(self, kind: type[T], operation: str, answer: Answer) -> T:
        if not _is_success(answer):
            raise answer_error(operation, answer, changes=False)
        with reading(operation):
            return read(kind, answer.body)


def _is_success(answer: Answer) -> bool:
    return 200 <= answer.status < 300


def _page(operation: str, raw: msgspec.Raw) -> wire.Page:
    with reading(operation):
        return wire.Page(read(list[msgspec.Raw], raw)) if bytes(raw)[:1] == b"[" else read(wire.Page, raw)
