"""Requests to Cloudbet's API under the account's key, and reading what comes back.

It knows no bets: what is asked and what it means is the connector's. Sources: `cloudbet/docs` (README, trading.proto);
issue #121 for the headers of the rate limit.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec
import structlog

from hedgerow.core.clock import Clock
from hedgerow.core.errors import InDoubt, Unavailable
from hedgerow.core.secrets import Secret
from hedgerow.net.egress import Egress
from hedgerow.net.http import Answer, HttpClient
from hedgerow.venues.cloudbet import wire
from hedgerow.venues.cloudbet.access import Access
from hedgerow.venues.cloudbet.errors import DUPLICATE, REASONS, error_of
from hedgerow.venues.cloudbet.parse import created_ms
from hedgerow.venues.reading import UnreadableError, read, reading

_log = structlog.get_logger(__name__)

TIMEOUT_S = 10.0
"""For one request. A placement that takes longer is in doubt."""

_PAGE = 100
_MOST_PAGES = 200
_PAGE_PAUSE_S = 0.5
"""Between two pages of the history: two requests a second are allowed (issue #121)."""
_SOONEST_S, _LATEST_S = 1.0, 60.0
_UNTOLD = 10**12

T = TypeVar("T")


class Rest:
    """One key's requests, at one of the venue's slugs."""

    def __init__(self, venue: str, access: Access, key: Secret, clock: Clock, egress: Egress) -> None:
        self._venue, self._access, self._key, self._clock = venue, access, key, clock
        self._http = HttpClient(venue, access.url, timeout_s=TIMEOUT_S, egress=egress)

    async def open(self) -> None:
        """Makes two connections ahead: one for a bet, one for what is asked meanwhile."""
        await self._http.warm_up(2)

    async def close(self) -> None:
        await self._http.close()

    async def read(self, operation: str, path: str, answer_type: type[T]) -> T:
        """A GET. Raises Refused or Unavailable; an answer that cannot be read is Unavailable too."""
        answer = await self._send(operation, "GET", path)
        with reading(self._venue, operation):
            return read(answer_type, self._checked(operation, answer).body)

    async def read_if_there(
        self, operation: str, path: str, answer_type: type[T], asked: msgspec.Struct | None = None
    ) -> T | None:
        """A GET, or a POST of what is asked; None for what the venue does not have (404)."""
        body = b"" if asked is None else msgspec.json.encode(asked)
        answer = await self._send(operation, "GET" if asked is None else "POST", path, body)
        if answer.status == 404:
            return None
        with reading(self._venue, operation):
            return read(answer_type, self._checked(operation, answer).body)

    async def place(self, request: wire.PlaceBet) -> wire.Bet:
        """Sends a bet: what the venue says of it, be it a refusal. Raises Refused, and InDoubt when no answer came, or
        one that cannot be read."""
        body = msgspec.json.encode(request)
        answer = await self._send("place", "POST", "/pub/v3/bets/place", body, changes=True)
        is_good = 200 <= answer.status < 300
        try:
            told = read(wire.Bet, answer.body)
        except UnreadableError as error:
            if is_good:
                raise InDoubt(self._venue, "place", f"unreadable answer: {error}") from error
            raise error_of(self._venue, answer, "place", changes=True) from error
        if is_good or (400 <= answer.status < 500 and told.status in (*REASONS, DUPLICATE)):
            return told
        raise error_of(self._venue, answer, "place", changes=True)

    async def history(self, from_ms: int) -> list[wire.Bet]:
        """The account's bets that were placed since a time, newest first, page by page. One that cannot be read is
        logged and left out: it must not hide the others. Raises Unavailable for a list without end."""
        found: list[wire.Bet] = []
        offset = 0
        for number in range(_MOST_PAGES):
            if number:
                await self._clock.sleep(_PAGE_PAUSE_S)
            page = await self.read("history", f"/pub/v3/bets/history?limit={_PAGE}&offset={offset}", wire.BetsPage)
            rows = [row for raw in page.bets or () if (row := self._row(raw)) is not None]
            found += [row for row, placed_ms in rows if placed_ms >= from_ms]
            offset += len(page.bets or ())
            is_past = any(placed_ms < from_ms for _, placed_ms in rows)
            if is_past or not page.bets or offset >= _total(page):
                return found
        raise Unavailable(self._venue, "history", "the list of the venue has no end")

    def _checked(self, operation: str, answer: Answer) -> Answer:
        if not 200 <= answer.status < 300:
            wait_s = retry_after_s(answer, self._clock.now_ms())
            raise error_of(self._venue, answer, operation, changes=False, retry_after_s=wait_s)
        return answer

    async def _send(
        self, operation: str, method: str, path: str, body: bytes = b"", *, changes: bool = False
    ) -> Answer:
        headers = (("X-API-Key", self._key.reveal()), *self._access.headers)
        return await self._http.request(operation, method, path, headers=headers, body=body, changes=changes)

    def _row(self, raw: msgspec.Raw) -> tuple[wire.Bet, int] | None:
        """A bet and when it was placed."""
        try:
            row = read(wire.Bet, raw)
            return row, created_ms(row)
        except UnreadableError as error:
            _log.error("bet left out", venue=self._venue, error=str(error))
            return None


def retry_after_s(answer: Answer, now_ms: int) -> float:
    """How long to wait, by the header that says when the limit begins anew, in seconds since 1970; a second at least,
    a minute at most."""
    told = answer.headers.get("x-ratelimit-reset", "")
    if not (told.isascii() and told.isdigit() and len(told) <= 12):
        return _SOONEST_S
    return min(max(_SOONEST_S, int(told) - now_ms / 1000), _LATEST_S)


def _total(page: wire.BetsPage) -> int:
    """How many bets there are; more than any list has where that cannot be read: then an empty page ends it."""
    told = str(page.total_bets)
    return int(told) if told.isascii() and told.isdigit() and len(told) <= 12 else _UNTOLD
