"""GETs of `/fetch` that wait for nobody but their agent: the key is believed, a token is here, and there is no body.

Such a request is begun in the call that brought its last byte and answered in the one that brings the last of the
agent's answer. No task, no future and no turn of the loop stand between, which cost more than all that is decided here.
What turns out to be longer, a second agent or a client that reads slowly, goes on as a task. Everything else is left to
`gateway.fetch`, whose parts do the work here as well; so are all requests while traces are recorded, whose spans
are a task's.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import msgspec
import structlog

from hedgerow.api.auth import Caller, KeyRing
from hedgerow.api.connection import Exchange
from hedgerow.api.door import new_request_id
from hedgerow.api.heads import lines_of
from hedgerow.core.errors import ApiError
from hedgerow.core.tasks import spawn
from hedgerow.core.tracing import is_recording
from hedgerow.scraping.deadlines import Deadline
from hedgerow.scraping.gateway import fetch
from hedgerow.scraping.gateway.explain import Attempt
from hedgerow.scraping.gateway.fetch import JSON, Ask, ClientGone, FetchDoor, Got
from hedgerow.scraping.gateway.links import LinkedAgent
from hedgerow.scraping.gateway.request import Control, passed_on, read_control
from hedgerow.scraping.gateway.selection import Decision
from hedgerow.scraping.gateway.work import Counted, Desk
from hedgerow.scraping.linkevents import CutCode
from hedgerow.scraping.linksocket import Channel, StreamCut
from hedgerow.scraping.messages import MOST_BODY, FetchRequest, Kind
from hedgerow.storage.accounts import ApiKey

_JSON = lines_of(JSON)
_FETCH, _TIMED_OUT = Kind.FETCH, CutCode.TIMED_OUT  # an attribute of an Enum's class costs more than a call

_MOST_KEPT = 16 * 1024
"""Bytes of an encoded request that is kept with its connection, beside the headers that it was read from."""

_log = structlog.get_logger(__name__)


class Errands:
    """The door of `/fetch` for requests without ASGI."""

    def __init__(self, fetches: FetchDoor, keys: KeyRing, desk: Desk) -> None:
        self._fetches, self._keys, self._desk = fetches, keys, desk

    def begin(self, exchange: Exchange) -> bool:
        """Takes it when nothing of ours is to be waited for."""
        if is_recording():
            return False
        caller = self._keys.believed(_key_of(exchange.headers))
        limit = self._desk.buckets.take_leased(caller.key) if caller is not None else None
        if caller is None or limit is None:
            return False
        _Errand(self._fetches, self._desk, exchange, caller, limit).begin()
        return True


class _Said(msgspec.Struct, frozen=True):
    """A request that was understood, and that its key may make. encoded: as the agent gets it."""

    headers: list[tuple[bytes, bytes]]
    key: ApiKey
    control: Control
    request: FetchRequest
    encoded: bytes

    def __repr__(self) -> str:
        return f"_Said({self.request!r})"


def _key_of(headers: list[tuple[bytes, bytes]]) -> str:
    """Empty where there is none."""
    for name, value in headers:
        if name == b"x-api-key":
            return value.decode("latin-1")
    return ""


class _Errand:
    """One request, from its head to its answer."""

    __slots__ = (
        "_agent",
        "_ask",
        "_asked_s",
        "_began_s",
        "_caller",
        "_channel",
        "_counted",
        "_deadline",
        "_decision",
        "_desk",
        "_exchange",
        "_fetches",
        "_limit",
        "_request_id",
    )

    _ask: Ask
    _agent: LinkedAgent
    _asked_s: float
    _channel: Channel
    _deadline: Deadline
    _decision: Decision

    def __init__(
        self, fetches: FetchDoor, desk: Desk, exchange: Exchange, caller: Caller, limit: dict[str, str]
    ) -> None:
        """limit: what the client is told of its limit."""
        self._fetches, self._desk, self._exchange, self._caller = fetches, desk, exchange, caller
        self._began_s = time.perf_counter()
        self._request_id, self._limit = new_request_id(), limit
        self._counted: Counted | None = None

    def begin(self) -> None:
        """Never raises, as nothing here does that is called from outside."""
        try:
            self._begin()
        except Exception as error:
            self._fail(error)

    def _begin(self) -> None:
        """Raises ApiError."""
        caller = self._caller
        said = self._understood()
        counted = self._desk.counted(caller.key)
        counted.begin()
        self._counted = counted
        ask = self._ask = Ask(caller, said.control, said.request, b"", None)
        decision = self._decision = self._fetches.choose(ask, ())
        try:
            self._agent = self._fetches.agent_of(ask, decision, ())
        except ApiError:
            self._fetches.count(ask, succeeded=False)
            raise
        self._asked_s = time.perf_counter()
        channel = self._channel = self._agent.open(_FETCH, said.encoded, is_last=True)
        self._deadline = channel.cut_in(ask.request.timeout_s + fetch.GRACE_S, _TIMED_OUT, ask.late)
        channel.gather(MOST_BODY, self._on_answer)
        self._exchange.when_gone = self._on_gone

    def _understood(self) -> _Said:
        """What is asked for, if it may be. A client that follows a page says the same every time: that is read and
        checked anew when it is another, or what is known of its key is. Raises ApiError."""
        exchange, key = self._exchange, self._caller.key
        headers = exchange.headers
        said: _Said | None = exchange.kept
        if said is not None and said.key is key and said.headers == headers:
            return said
        control = read_control(headers, _FETCH)
        self._desk.check(key, control.target.host, control.target.port)
        request = fetch.as_it_is("GET", passed_on(headers), self._caller, control)
        said = _Said(headers, key, control, request, fetch.encode_request(request))
        exchange.kept = said if len(said.encoded) <= _MOST_KEPT else None
        return said

    def _on_answer(self) -> None:
        self._deadline.cancel()
        attempts: list[Attempt] = []
        try:
            got = self._got(attempts)
            if got is not None:
                self._answer(got)
            else:
                self._exchange.when_gone = None
                spawn(self._go_on(attempts), "fetch by another agent")
        except Exception as error:
            self._fail(error)

    def _got(self, attempts: list[Attempt]) -> Got | None:
        """None when another agent may try. Raises ApiError."""
        try:
            whole = self._channel.gathered()
        except StreamCut as cut:
            self._fetches.note_cut(self._ask, self._decision, cut, self._asked_s, attempts)
            return None
        return fetch.got_of(self._ask, self._agent, self._decision, whole, self._asked_s, attempts)

    def _answer(self, got: Got) -> None:
        self._say(200, self._limit, self._fetches.told(self._ask, got))

    async def _go_on(self, attempts: list[Attempt]) -> None:
        """The request's second attempt."""
        try:
            self._answer(await self._fetches.fetch(self._ask, self._exchange.receive, attempts))
        except ClientGone:
            self._end(499)
        except Exception as error:
            self._fail(error)

    def _on_gone(self) -> None:
        self._deadline.cancel()
        self._channel.cut(CutCode.CANCELLED, "the client went away")
        self._fetches.count(self._ask, succeeded=False)
        self._end(499)

    def _fail(self, error: Exception) -> None:
        if isinstance(error, ApiError):
            status, detail, headers = error.status, error.detail, self._limit | error.headers
        else:
            status, detail, headers = 500, "Internal server error", self._limit
            _log.error("request failed", path=fetch.PATH, request_id=self._request_id, exc_info=error)
        self._say(status, headers, fetch.encode_json({"detail": detail}))

    def _say(self, status: int, headers: dict[str, str], answer: bytes | Iterator[bytes]) -> None:
        """Whole, or in parts where it is large or its client reads slowly. It is under way until then."""
        lines = f"{_JSON}x-request-id: {self._request_id}\r\n{lines_of(headers)}"
        if isinstance(answer, bytes):
            if self._exchange.answer(status, lines, answer):
                self._end(status)
                return
            answer = iter((answer,))
        self._exchange.when_gone = None  # the answer notices by itself
        spawn(self._say_in_parts(status, lines, answer), "answer of a fetch in parts")

    async def _say_in_parts(self, status: int, lines: str, answer: Iterator[bytes]) -> None:
        try:
            await self._exchange.answer_in_parts(status, lines, answer)
        finally:
            self._end(status)

    def _end(self, status: int) -> None:
        if self._counted is not None:
            self._counted.end()
        fetch.observe(status, self._began_s)
