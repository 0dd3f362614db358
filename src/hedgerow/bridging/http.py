"""The bridge protocol over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TypeVar

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from hedgerow.bridging import wire
from hedgerow.bridging.door import Client, Door
from hedgerow.bridging.problems import Outcome, ProblemError, malformed, too_fast
from hedgerow.bridging.service import Service
from hedgerow.bridging.wire import BASE, Bet

T = TypeVar("T")
Operation = Callable[["Asked"], Awaitable[Response]]

_MOST_BODY = 64 * 1024
_ANSWER_S = 2.0
"""So long a placement waits for its decision before it is answered as PENDING."""
_MOST_CHANGES, _LONGEST_WAIT_S = 1_000, 30
_ALIVE_S = 15.0
_PAGE = 200
_MOST_WAITING = 100

_log = structlog.get_logger(__name__)


class Asked:
    """A request that was let in."""

    def __init__(self, request: Request, body: bytes, client: Client) -> None:
        self.request, self.body, self.client = request, body, client

    @property
    def nothing_done(self) -> Outcome:
        """The outcome of a request that is turned away."""
        return "not_placed" if self.request.method == "PUT" else "not_applicable"

    @property
    def account(self) -> str:
        """Raises ProblemError for one that the client may not use."""
        account: str = self.request.path_params["account"]
        if account not in self.client.accounts:
            raise ProblemError(404, "unknown_account", "the token may not use such an account", self.nothing_done)
        return account

    @property
    def reference(self) -> str:
        """In lower case. Raises ProblemError for what is no UUID."""
        try:
            return str(uuid.UUID(self.request.path_params["reference"]))
        except ValueError:
            raise malformed("the reference is no UUID", self.nothing_done) from None

    def read(self, kind: type[T], outcome: Outcome = "not_applicable") -> T:
        """The body. Raises ProblemError."""
        try:
            return wire.decode(self.body, kind)
        except ValueError as error:
            raise malformed(str(error), outcome) from None

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """A whole number of the query. Raises ProblemError."""
        text = self.request.query_params.get(name, str(default))
        if not (text.isascii() and text.isdigit() and len(text) <= 18 and least <= int(text) <= most):
            raise malformed(f"{name} must be a whole number from {least} to {most}")
        return int(text)


class Protocol:
    """The routes of one bridge."""

    def __init__(self, service: Service, door: Door) -> None:
        self._service, self._register, self._door = service, service.register, door
        self._waiters = 0

    def routes(self) -> list[Route]:
        account = f"{BASE}/accounts/{{account}}"
        bet = f"{account}/bets/{{reference}}"
        return [
            self._route("GET", f"{BASE}/info", self._info),
            self._route("GET", f"{BASE}/health", self._health),
            self._route("GET", f"{BASE}/accounts", self._accounts),
            self._route("GET", f"{account}/balance", self._balance),
            self._route("POST", f"{account}/quotes", self._quote),
            self._route("GET", f"{account}/bets", self._changes),
            self._route("PUT", bet, self._put),
            self._route("GET", bet, self._get),
            self._route("POST", f"{bet}/fence", self._fence),
            self._route("DELETE", bet, self._not_declared),
            self._route("GET", f"{BASE}/odds", self._not_declared),
            self._route("GET", f"{BASE}/events", self._events),
        ]

    def _route(self, method: str, path: str, operation: Operation) -> Route:
        async def handle(request: Request) -> Response:
            try:
                body = await _body(request)
                client = self._door.admitted(request.method, _target(request), request.headers, body)
                return await operation(Asked(request, body, client))
            except ProblemError as error:
                return _answer(error.body, error.status)
            except HTTPException:
                raise
            except Exception:
                _log.exception("request failed", method=request.method)
                outcome: Outcome = "unknown" if request.method == "PUT" else "not_applicable"
                return _answer(wire.Problem("bridge_error", "the bridge failed", outcome, "same_reference"), 500)

        return Route(path, handle, methods=[method])

    # --- operations ---------------------------------------------------------------------------------------------

    async def _info(self, asked: Asked) -> Response:
        return _answer(self._service.info())

    async def _health(self, asked: Asked) -> Response:
        return _answer(self._service.health())

    async def _accounts(self, asked: Asked) -> Response:
        return _answer(wire.Accounts([self._service.account(name) for name in sorted(asked.client.accounts)]))

    async def _balance(self, asked: Asked) -> Response:
        return _answer(await self._service.balance(asked.account))

    async def _quote(self, asked: Asked) -> Response:
        return _answer(await self._service.quote(asked.account, asked.read(wire.QuoteRequest)))

    async def _put(self, asked: Asked) -> Response:
        account, reference = asked.account, asked.reference
        bet, is_new = self._register.put(account, reference, asked.read(wire.BetRequest, "not_placed"))
        if self._service.terms.typical_s < _ANSWER_S:  # a person's decision is not waited for
            bet = await self._register.decided(bet, _ANSWER_S)
        return _answer(bet, 201 if is_new else 200)

    async def _get(self, asked: Asked) -> Response:
        return _answer(self._register.bet(asked.account, asked.reference))

    async def _fence(self, asked: Asked) -> Response:
        return _answer(self._register.fence(asked.account, asked.reference))

    async def _changes(self, asked: Asked) -> Response:
        after = asked.number("after", 0, 0, 2**62)
        limit = asked.number("limit", _PAGE, 1, _MOST_CHANGES)
        wait_s = asked.number("wait", 0, 0, _LONGEST_WAIT_S)
        with self._waiting() if wait_s else nullcontext():
            found = await self._register.changes([asked.account], after, limit, wait_s)
        return _answer(wire.Changes(found[:limit], len(found) > limit))

    async def _events(self, asked: Asked) -> Response:
        accounts = asked.client.accounts
        after = _resumed(asked.request.headers.get("last-event-id"), accounts)
        if after is None:
            after = self._register.store.last_revision(accounts)
        self._check_room()
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._told(accounts, after), media_type="text/event-stream", headers=headers)

    async def _told(self, accounts: frozenset[str], after: int) -> AsyncIterator[bytes]:
        """Changes as they come; a comment where none does."""
        with self._waiting():
            yield b": open\n\n"
            while not self._register.is_closed:
                bets = await self._register.changes(accounts, after, _PAGE, _ALIVE_S)
                for bet in bets:
                    after = bet.revision
                    yield _event(bet)
                if not bets:
                    yield b": alive\n\n"

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        """Counts who waits for changes. Raises ProblemError for one too many."""
        self._check_room()
        self._waiters += 1
        try:
            yield
        finally:
            self._waiters -= 1

    def _check_room(self) -> None:
        if self._waiters >= _MOST_WAITING:
            raise too_fast(f"{_MOST_WAITING} requests wait for changes", _ALIVE_S)

    async def _not_declared(self, asked: Asked) -> Response:
        raise ProblemError(404, "unsupported", "the capability is not declared")


def application(protocol: Protocol, *more: Route) -> Starlette:
    """more: routes beside those of the protocol."""
    handlers = {404: _nowhere, 405: _nowhere}
    return Starlette(routes=[*protocol.routes(), *more], exception_handlers=handlers)  # type: ignore[arg-type]


async def body_of(request: Request, most: int) -> bytes | None:
    """None for one that is larger."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            return None
    return bytes(body)


async def _body(request: Request) -> bytes:
    """Raises ProblemError for one that is too large."""
    body = await body_of(request, _MOST_BODY)
    if body is None:
        raise ProblemError(413, "malformed", f"the body has more than {_MOST_BODY} bytes", "not_placed")
    return body


def _target(request: Request) -> str:
    """Path and query as they stand in the request line: what was signed."""
    path: bytes = request.scope.get("raw_path") or request.url.path.encode()
    query: bytes = request.scope["query_string"]
    return (path + b"?" + query if query else path).decode("latin-1")


def _answer(value: object, status: int = 200) -> Response:
    return Response(wire.encode(value), status, media_type="application/json", headers={"Cache-Control": "no-store"})


def _event(bet: Bet) -> bytes:
    return b"event: bet\nid: %s/%d\ndata: %s\n\n" % (bet.account.encode(), bet.revision, wire.encode(bet))


def _resumed(last_id: str | None, accounts: frozenset[str]) -> int | None:
    """The revision after which a stream goes on; revisions are of all accounts together. None: from now on. Raises
    ProblemError for an id that is none of ours."""
    if last_id is None:
        return None
    account, _, revision = last_id.rpartition("/")
    if account not in accounts or not (revision.isascii() and revision.isdigit() and len(revision) <= 18):
        raise malformed("Last-Event-ID is none of this bridge's")
    return int(revision)


async def _nowhere(request: Request, error: HTTPException) -> Response:
    return _answer(
        wire.Problem("malformed", "there is no such operation", "not_applicable", "never"), error.status_code
    )
