"""Requests to a bridge under its bearer token, signed where it wants that, and reading what comes back.

It knows no bets: what is asked and what it means is the connector's.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import ParamSpec, TypeVar
from urllib.parse import quote

import msgspec
import structlog

from hedgerow.core.clock import Clock
from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.errors import InDoubt, Unavailable
from hedgerow.core.secrets import Secret
from hedgerow.net.bridge_signature import signature
from hedgerow.net.egress import Egress
from hedgerow.net.http import Answer, HttpClient
from hedgerow.venues.bridge import wire
from hedgerow.venues.bridge.errors import error_of
from hedgerow.venues.bridge.parse import MalformedError

_log = structlog.get_logger(__name__)

TIMEOUT_S = 10.0
"""For one request. A placement that takes longer is in doubt."""

# The largest page that the protocol allows.
_PAGE = 1_000
_MOST_PAGES = 1_000

_CREATED = 201

T = TypeVar("T")
R = TypeVar("R")
A = ParamSpec("A")


class Rest:
    """One account's requests."""

    def __init__(
        self,
        venue: str,
        url: str,
        account: str,
        token: Secret,
        secret: Secret | None,
        clock: Clock,
        egress: Egress,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """account: its name at the bridge. secret: with which requests are signed, if they are."""
        self._venue, self._clock, self._secret = venue, clock, secret
        self._authorization = Secret(f"Bearer {token.reveal()}")
        self._account = f"/accounts/{quote(account, safe='')}"
        self._http = HttpClient(venue, url, timeout_s=TIMEOUT_S, ssl_context=ssl_context, egress=egress)

    async def open(self) -> None:
        """Makes two connections ahead: one for a bet, one for what is asked meanwhile."""
        await self._http.warm_up(2)

    async def close(self) -> None:
        await self._http.close()

    # --- reading ----------------------------------------------------------------------------------------------

    async def info(self) -> wire.Info:
        return await self._read("info", "GET", "/info", wire.Info)

    async def balance(self) -> wire.Balance:
        return await self._read("balance", "GET", f"{self._account}/balance", wire.Balance)

    async def bet(self, reference: str) -> wire.Bet:
        """Raises Refused with Reason.UNKNOWN_ORDER for a reference that is not known."""
        return await self._read("find", "GET", self._bet_path(reference), wire.Bet)

    async def quote(self, request: wire.QuoteRequest) -> wire.Quote:
        return await self._read("line", "POST", f"{self._account}/quotes", wire.Quote, wire.encode(request))

    async def fence(self, reference: str) -> wire.FenceResult:
        """Settles whether the bet exists. Asking again is safe, so that a lost answer is Unavailable."""
        return await self._read("fence", "POST", f"{self._bet_path(reference)}/fence", wire.FenceResult)

    async def changes(self, after: int) -> list[wire.Bet]:
        """Every bet that changed after a revision, in the order of their last change. One that cannot be read is
        logged and left out: it must not hide the others. Raises Unavailable for a list without end."""
        found: list[wire.Bet] = []
        for _ in range(_MOST_PAGES):
            path = f"{self._account}/bets?after={after}&limit={_PAGE}"
            page = await self._read("settled", "GET", path, wire.Changes)
            found += self._rows(page)
            if not page.has_more:
                return found
            last = self._last_revision(page)
            if last <= after:
                break
            after = last
        raise Unavailable(self._venue, "settled", "the list of the bridge has no end")

    # --- placing ----------------------------------------------------------------------------------------------

    async def place(self, reference: str, body: bytes) -> tuple[wire.Bet, bool]:
        """PUTs a bet: what became of it, and whether the bridge had not known it. Raises InDoubt when no answer came,
        or one that cannot be read."""
        answer = await self._ask("place", "PUT", self._bet_path(reference), body, changes=True)
        return self.certain(_decode, answer, wire.Bet), answer.status == _CREATED

    # --- inside -----------------------------------------------------------------------------------------------

    def _bet_path(self, reference: str) -> str:
        return f"{self._account}/bets/{quote(reference, safe='')}"

    async def _read(self, operation: str, method: str, path: str, answer_type: type[T], body: bytes = b"") -> T:
        answer = await self._ask(operation, method, path, body)
        return self.readable(operation, _decode, answer, answer_type)

    async def _ask(self, operation: str, method: str, path: str, body: bytes, *, changes: bool = False) -> Answer:
        headers = [("Authorization", self._authorization.reveal())]
        if self._secret is not None:
            now_ms = self._clock.now_ms()
            signed = signature(self._secret, now_ms, method, self._http.prefix + path, body)
            headers += [("X-Bridge-Timestamp", str(now_ms)), ("X-Bridge-Signature", signed)]
        answer = await self._http.request(operation, method, path, headers=headers, body=body, changes=changes)
        if not 200 <= answer.status < 300:
            raise error_of(self._venue, answer, operation, changes=changes)
        return answer

    def readable(self, operation: str, parse: Callable[A, R], *args: A.args, **kwargs: A.kwargs) -> R:
        """What the parser makes of an answer to a read; Unavailable when it cannot be read."""
        try:
            return parse(*args, **kwargs)
        except MalformedError as error:
            raise Unavailable(self._venue, operation, f"unreadable answer: {error}") from error

    def certain(self, parse: Callable[A, R], *args: A.args, **kwargs: A.kwargs) -> R:
        """What the parser makes of an answer to a placement; InDoubt when it cannot be read, for the bridge did act."""
        try:
            return parse(*args, **kwargs)
        except MalformedError as error:
            raise InDoubt(self._venue, "place", f"unreadable answer: {error}") from error

    def _rows(self, page: wire.Changes) -> list[wire.Bet]:
        rows = []
        for raw in page.bets:
            try:
                rows.append(msgspec.json.decode(raw, type=wire.Bet))
            except UNREADABLE as error:
                _log.error("bet left out", venue=self._venue, error=str(error))
        return rows

    def _last_revision(self, page: wire.Changes) -> int:
        """Of a page; 0 for one without bets. Raises Unavailable when it cannot be read: where to go on is not known."""
        if not page.bets:
            return 0
        try:
            return msgspec.json.decode(page.bets[-1], type=wire.Revision).revision
        except UNREADABLE as error:
            raise Unavailable(self._venue, "settled", f"unreadable answer: {error}") from error


def _decode(answer: Answer, answer_type: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.body, type=answer_type)
    except UNREADABLE as error:
        raise MalformedError(str(error)) from error
