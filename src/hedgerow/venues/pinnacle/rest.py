"""Requests to Pinnacle's API under the client's Basic credentials, and reading what comes back.

It knows no bets: what is asked and what it means is the connector's. Sources: the API's README (authentication,
headers); Bets API, `fromRecord` and `moreAvailable`.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import urlencode

import structlog

from hedgerow.core.errors import Unavailable
from hedgerow.core.secrets import Secret
from hedgerow.net.egress import Egress
from hedgerow.net.http import Answer, Headers, HttpClient
from hedgerow.venues.pinnacle import wire
from hedgerow.venues.pinnacle.errors import error_of
from hedgerow.venues.pinnacle.placing import Placing
from hedgerow.venues.reading import UnreadableError, read, reading

_log = structlog.get_logger(__name__)

TIMEOUT_S = 10.0
"""For one request. A placement that takes longer is in doubt."""

_BETS = "/v4/bets"

# The largest page that the venue makes.
_PAGE = 1_000
_MOST_PAGES = 100

Query = Mapping[str, str | int]
T = TypeVar("T")


class Rest:
    """One client's requests, at one of the venue's slugs."""

    def __init__(self, venue: str, url: str, username: str, password: Secret, placing: Placing, egress: Egress) -> None:
        self._venue, self._placing = venue, placing
        token = b64encode(f"{username}:{password.reveal()}".encode()).decode()
        self._authorization = Secret(f"Basic {token}")
        self._http = HttpClient(venue, url, timeout_s=TIMEOUT_S, egress=egress)
        head = self._http.head("POST", placing.path, (*self._credentials(), *placing.headers()))
        self._place_head = Secret(head.decode("latin-1"))

    async def open(self) -> None:
        """Makes two connections ahead: one for a bet, one for what is asked meanwhile."""
        await self._http.warm_up(2)

    async def close(self) -> None:
        await self._http.close()

    async def read(self, operation: str, path: str, answer_type: type[T], query: Query | None = None) -> T:
        """A GET. Raises Refused or Unavailable; an answer that cannot be read is Unavailable too."""
        where = f"{path}?{urlencode(query)}" if query else path
        answer = await self._ask(operation, where)
        with reading(self._venue, operation):
            return _decode(answer, answer_type)

    async def place(self, body: bytes) -> wire.PlaceAnswer:
        """POSTs a straight bet. Raises InDoubt when no answer came, or one that cannot be read."""
        answer = await self._http.send("place", self._place_head.reveal().encode("latin-1"), b"", body)
        if not _is_success(answer):
            raise error_of(self._venue, answer, "place", changes=True)
        with reading(self._venue, "place", changes=True):
            return self._placing.answer(_body(answer))

    async def bets(self, query: Query) -> list[wire.StraightBet]:
        """Straight bets by their ids. Raises Unavailable when one cannot be read: it must not look as if it were not
        there."""
        page = await self.read("bets", _BETS, wire.BetsPage, query)
        with reading(self._venue, "bets"):
            return [read(wire.StraightBet, raw) for raw in page.straight_bets or ()]

    async def listed_bets(self, query: Query) -> list[wire.StraightBet]:
        """Straight bets of a list and a range of times, page by page. One that cannot be read is logged and left out:
        it must not hide the others. Raises Unavailable for a list without end."""
        found: list[wire.StraightBet] = []
        first = 0
        for _ in range(_MOST_PAGES):
            paged: Query = {**query, "sortDir": "ASC", "pageSize": _PAGE, "fromRecord": first}
            page = await self.read("bets", _BETS, wire.BetsPage, paged)
            found += self._readable_rows(page)
            if not page.more_available:
                return found
            if page.to_record is None or page.to_record < first:
                break
            first = page.to_record + 1
        raise Unavailable(self._venue, "bets", "the list of the venue has no end")

    def _readable_rows(self, page: wire.BetsPage) -> list[wire.StraightBet]:
        rows = []
        for raw in page.straight_bets or ():
            try:
                rows.append(read(wire.StraightBet, raw))
            except UnreadableError as error:
                _log.error("bet left out", venue=self._venue, error=str(error))
        return rows

    async def _ask(self, operation: str, path: str) -> Answer:
        answer = await self._http.request(operation, "GET", path, headers=self._credentials())
        if not _is_success(answer):
            raise error_of(self._venue, answer, operation, changes=False)
        return answer

    def _credentials(self) -> Headers:
        return (("Authorization", self._authorization.reveal()),)


def _is_success(answer: Answer) -> bool:
    return 200 <= answer.status < 300


def _decode(answer: Answer, answer_type: type[T]) -> T:
    return read(answer_type, _body(answer))


def _body(answer: Answer) -> bytes:
    """The body; `{}` for one that is empty and says so: the venue answers "nothing" in both ways. An empty body whose
    length nobody told may be one that broke off, and "no such bet" must not be read out of it."""
    is_empty = answer.status == 204 or answer.headers.get("content-length") == "0"
    return b"{}" if is_empty and not answer.body else answer.body
