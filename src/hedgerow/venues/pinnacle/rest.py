"""Requests to Pinnacle's API under the client's Basic credentials, and reading what comes back.

It knows no bets: what is asked and what it means is the connector's. Sources: the API's README (authentication,
headers); Bets API, `fromRecord` and `moreAvailable`.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import ParamSpec, TypeVar
from urllib.parse import urlencode

import msgspec
import structlog

from hedgerow.core.errors import InDoubt, Unavailable
from hedgerow.core.secrets import Secret
from hedgerow.net.http import Answer, HttpClient
from hedgerow.venues.pinnacle import wire
from hedgerow.venues.pinnacle.errors import VENUE, error_of
from hedgerow.venues.pinnacle.parse import MalformedError

_log = structlog.get_logger(__name__)

TIMEOUT_S = 10.0
"""For one request. A placement that takes longer is in doubt."""

_BETS = "/v4/bets"
_PLACE = "/v4/bets/straight"

# The largest page that the venue makes.
_PAGE = 1_000
_MOST_PAGES = 100

Query = Mapping[str, str | int]
T = TypeVar("T")
R = TypeVar("R")
A = ParamSpec("A")


class Rest:
    """One client's requests."""

    def __init__(self, url: str, username: str, password: Secret) -> None:
        token = b64encode(f"{username}:{password.reveal()}".encode()).decode()
        self._authorization = Secret(f"Basic {token}")
        self._http = HttpClient(VENUE, url, timeout_s=TIMEOUT_S)

    async def open(self) -> None:
        """Makes two connections ahead: one for a bet, one for what is asked meanwhile."""
        await self._http.warm_up(2)

    async def close(self) -> None:
        await self._http.close()

    async def read(self, operation: str, path: str, answer_type: type[T], query: Query | None = None) -> T:
        """A GET. Raises Refused or Unavailable; an answer that cannot be read is Unavailable too."""
        where = f"{path}?{urlencode(query)}" if query else path
        answer = await self._ask(operation, "GET", where)
        return readable(operation, _decode, answer, answer_type)

    async def place(self, body: bytes) -> wire.PlaceAnswer:
        """POSTs a straight bet. Raises InDoubt when no answer came, or one that cannot be read."""
        answer = await self._ask("place", "POST", _PLACE, body, changes=True)
        return certain(_decode, answer, wire.PlaceAnswer)

    async def bets(self, query: Query) -> list[wire.StraightBet]:
        """Straight bets by their ids. Raises Unavailable when one cannot be read: it must not look as if it were not
        there."""
        page = await self.read("bets", _BETS, wire.BetsPage, query)
        return [readable("bets", _row, raw) for raw in page.straight_bets or ()]

    async def listed_bets(self, query: Query) -> list[wire.StraightBet]:
        """Straight bets of a list and a range of times, page by page. One that cannot be read is logged and left out:
        it must not hide the others. Raises Unavailable for a list without end."""
        found: list[wire.StraightBet] = []
        first = 0
        for _ in range(_MOST_PAGES):
            paged: Query = {**query, "sortDir": "ASC", "pageSize": _PAGE, "fromRecord": first}
            page = await self.read("bets", _BETS, wire.BetsPage, paged)
            found += _readable_rows(page)
            if not page.more_available:
                return found
            if page.to_record is None or page.to_record < first:
                break
            first = page.to_record + 1
        raise Unavailable(VENUE, "bets", "the list of the venue has no end")

    async def _ask(self, operation: str, method: str, path: str, body: bytes = b"", *, changes: bool = False) -> Answer:
        headers = (("Authorization", self._authorization.reveal()),)
        answer = await self._http.request(operation, method, path, headers=headers, body=body, changes=changes)
        if not 200 <= answer.status < 300:
            raise error_of(answer, operation, changes=changes)
        return answer


def readable(operation: str, parse: Callable[A, R], *args: A.args, **kwargs: A.kwargs) -> R:
    """What the parser makes of an answer to a read; Unavailable when it cannot be read."""
    try:
        return parse(*args, **kwargs)
    except MalformedError as error:
        raise Unavailable(VENUE, operation, f"unreadable answer: {error}") from error


def certain(parse: Callable[A, R], *args: A.args, **kwargs: A.kwargs) -> R:
    """What the parser makes of an answer to a placement; InDoubt when it cannot be read, for the venue did act."""
    try:
        return parse(*args, **kwargs)
    except MalformedError as error:
        raise InDoubt(VENUE, "place", f"unreadable answer: {error}") from error


def _decode(answer: Answer, answer_type: type[T]) -> T:
    try:
        return msgspec.json.decode(_body(answer), type=answer_type)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise MalformedError(str(error)) from error


def _body(answer: Answer) -> bytes:
    """The body; `{}` for one that is empty and says so: the venue answers "nothing" in both ways. An empty body whose
    length nobody told may be one that broke off, and "no such bet" must not be read out of it."""
    is_empty = answer.status == 204 or answer.headers.get("content-length") == "0"
    return b"{}" if is_empty and not answer.body else answer.body


def _row(raw: msgspec.Raw) -> wire.StraightBet:
    try:
        return msgspec.json.decode(raw, type=wire.StraightBet)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise MalformedError(str(error)) from error


def _readable_rows(page: wire.BetsPage) -> list[wire.StraightBet]:
    rows = []
    for raw in page.straight_bets or ():
        try:
            rows.append(_row(raw))
        except MalformedError as error:
            _log.error("bet left out", venue=VENUE, error=str(error))
    return rows
