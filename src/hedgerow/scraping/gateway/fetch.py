"""`/fetch`: the client's request to a chosen agent and the target's answer back, by plain ASGI. Most GETs never come
here: `gateway.errand` serves them by what is written here, without a task.

A GET whose agent is lost before we have answered is sent once more through another agent; so is any request that its
agent had not begun. Nothing else is ever sent twice. Source: the published contract of the API; docs/decisions/0133.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import lru_cache
from typing import Any

import msgspec
import structlog
from prometheus_client import Counter
from starlette.types import Message, Receive, Scope, Send

from hedgerow.api.auth import Caller, KeyRing, Refusal
from hedgerow.api.door import new_request_id
from hedgerow.api.heads import answer_whole
from hedgerow.core.errors import ApiError
from hedgerow.core.observe import SCRAPING_REQUEST_SECONDS, SCRAPING_REQUESTS
from hedgerow.core.tasks import spawn, stop
from hedgerow.core.tracing import Span, present, served, step
from hedgerow.scraping.gateway.answer import BINARY, SMALL_BYTES, Agent, Meta, form_of, joined_headers, parts, whole
from hedgerow.scraping.gateway.blocks import BlockRules, Rule
from hedgerow.scraping.gateway.envelope import (
    EnvelopeBody,
    envelope_headers,
    envelope_method,
    may_be_envelope,
    read_envelope,
)
from hedgerow.scraping.gateway.explain import Attempt, route_of
from hedgerow.scraping.gateway.failures import AGENT_GONE, NOT_BEGUN, OF_THE_TARGET, failure, no_agent, refusal
from hedgerow.scraping.gateway.health import SUCCEEDED, Outcome, Report
from hedgerow.scraping.gateway.links import LinkedAgent
from hedgerow.scraping.gateway.request import Control, passed_on, read_control, read_timeout
from hedgerow.scraping.gateway.selection import Decision
from hedgerow.scraping.gateway.work import Desk
from hedgerow.scraping.linkevents import CutCode
from hedgerow.scraping.linksocket import Channel, StreamCut
from hedgerow.scraping.messages import MOST_BODY, FetchAnswer, FetchRequest, Kind
from hedgerow.storage.database import StorageError

PATH = "/fetch"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
PROTOCOL = "fetch"

GRACE_S = 2.0
"""What an agent gets beyond the request's timeout to say that it ran out."""
_WATCH_AFTER_S = 1.0
"""A request that takes longer is given up when its client goes away."""
JSON = {"Content-Type": "application/json"}
_TOO_LARGE = f"The {{}}'s body is larger than {MOST_BODY // 1024 // 1024} MiB"
_CONTENT_LENGTH = b"content-length"

encode_request = msgspec.msgpack.Encoder().encode
_decode_answer = msgspec.msgpack.Decoder(FetchAnswer).decode
encode_json = msgspec.json.Encoder().encode
_seconds = SCRAPING_REQUEST_SECONDS.labels(PROTOCOL)
_NOBODY: frozenset[str] = frozenset()
_log = structlog.get_logger(__name__)


@lru_cache
def _requests(status: int) -> Counter:
    """Those that were answered so."""
    return SCRAPING_REQUESTS.labels(PROTOCOL, str(status))


def observe(status: int, began_s: float) -> None:
    """A request is over."""
    _requests(status).inc()
    _seconds.observe(time.perf_counter() - began_s)


class Ask(msgspec.Struct):
    """A request on its way. body: None where it is passed on as it comes. size: bytes of bodies so far."""

    caller: Caller
    control: Control
    request: FetchRequest
    body: bytes | bytearray | EnvelopeBody | None
    stream: AsyncIterator[bytes] | None
    size: int = 0

    def late(self) -> str:
        """What is told when the time is over."""
        return f"no answer within {self.request.timeout_s:g} s"


class Got(msgspec.Struct, frozen=True):
    """What came back, and from whom. attempts: the one that succeeded is the last."""

    answer: FetchAnswer
    body: bytes | bytearray
    node_id: str
    slug: str
    took_ms: int
    decision: Decision
    attempts: list[Attempt]


def got_of(
    ask: Ask,
    agent: LinkedAgent,
    decision: Decision,
    whole: tuple[bytes, bytes | bytearray],
    began_s: float,
    attempts: list[Attempt],
) -> Got:
    """The agent's whole answer, head and body, understood and counted."""
    head, body = whole
    took_ms = int((time.perf_counter() - began_s) * 1000)
    ask.size += len(body)
    attempts.append(Attempt(agent.slug, "answered", took_ms))
    return Got(_decode_answer(head), body, agent.node_id, agent.slug, took_ms, decision, attempts)


class FetchDoor:
    """Answers `/fetch`."""

    def __init__(self, keys: KeyRing, desk: Desk, rules: BlockRules) -> None:
        self._keys, self._desk, self._rules = keys, desk, rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: dict[str, str] = {"X-Request-ID": new_request_id()}
        began_s = time.perf_counter()
        status = 500
        with served("scraping.fetch", scope["headers"]) as traced:
            try:
                status = await self._serve(scope, receive, send, headers)
            except ApiError as error:
                status = error.status
                await _refuse(scope, send, status, error.detail, headers | error.headers)
            except StorageError as error:
                status = 503
                _log.error("request without database", error=str(error))
                await _refuse(scope, send, status, "The database is not available", headers | {"Retry-After": "1"})
            except ClientGone:
                status = 499
            except Exception:
                _log.exception("request failed", path=PATH, request_id=headers["X-Request-ID"])
                await _refuse(scope, send, status, "Internal server error", headers)
            finally:
                observe(status, began_s)
                if traced:
                    _trace(traced, scope["method"], status, headers["X-Request-ID"])

    async def _serve(self, scope: Scope, receive: Receive, send: Send, headers: dict[str, str]) -> int:
        if scope["method"] not in METHODS:
            raise ApiError(405, "Method Not Allowed", {"Allow": ", ".join(METHODS)})
        given: list[tuple[bytes, bytes]] = scope["headers"]
        caller = await self._caller(next((value for name, value in given if name == b"x-api-key"), b""))
        present().tell("hedgerow.client", caller.name)
        headers.update(await self._desk.buckets.take(caller.key))
        control = read_control(given, Kind.FETCH)
        self._desk.check(caller.key, control.target.host, control.target.port)
        with self._desk.counted(caller.key):
            ask = await _read(scope, receive, given, caller, control)
            got = await self.fetch(ask, receive, [])
            answer = self.told(ask, got)
            if isinstance(answer, bytes):
                await answer_whole(scope, send, 200, JSON | headers, answer)
            else:
                await _send_parts(send, headers, answer)
        return 200

    async def _caller(self, key: bytes) -> Caller:
        caller = await self._keys.judge(key.decode("latin-1"))
        if isinstance(caller, Refusal):
            raise refusal(caller)
        return caller

    # --- to an agent and back --------------------------------------------------------------------------------

    async def fetch(self, ask: Ask, receive: Receive, attempts: list[Attempt]) -> Got:
        """attempts: that failed already. Raises ApiError, ClientGone."""
        while True:
            decision = self.choose(ask, attempts)
            began_s = time.perf_counter()
            try:
                with step("scraping.attempt", "client"):
                    return await self._attempt(ask, decision, receive, attempts)
            except StreamCut as cut:
                self.note_cut(ask, decision, cut, began_s, attempts)
            except (ApiError, ClientGone):
                self.count(ask, succeeded=False)
                raise

    def choose(self, ask: Ask, attempts: Sequence[Attempt]) -> Decision:
        """Of the agents that were not tried."""
        tried = frozenset(attempt.slug for attempt in attempts) if attempts else _NOBODY
        key_id = ask.caller.key.key_id
        return self._desk.picker.pick(ask.control.target.host, ask.control.wanted, tried, key_id=key_id)

    def note_cut(self, ask: Ask, decision: Decision, cut: StreamCut, began_s: float, attempts: list[Attempt]) -> None:
        """Returns when another agent may try. Raises ApiError."""
        assert decision.chosen is not None
        slug = decision.chosen.slug
        attempts.append(Attempt(slug, cut.code.name.lower(), int((time.perf_counter() - began_s) * 1000)))
        if cut.code in OF_THE_TARGET:
            host, key_id = ask.control.target.host, ask.caller.key.key_id
            self._desk.report(Report(slug, host, Outcome.FAILED, key_id=key_id))
        if len(attempts) == 1 and _may_go_elsewhere(ask, cut.code):
            return
        self.count(ask, succeeded=False)
        raise failure(cut) from None

    def agent_of(self, ask: Ask, decision: Decision, attempts: Sequence[Attempt]) -> LinkedAgent:
        """attempts: that failed already. Raises ApiError when there is none."""
        agent = self._desk.links.agent(decision.chosen.slug) if decision.chosen is not None else None
        if agent is None:
            tried = attempts[-1] if attempts else None
            raise no_agent(ask.control.target.host, ask.control.wanted, decision, tried)
        return agent

    async def _attempt(self, ask: Ask, decision: Decision, receive: Receive, attempts: list[Attempt]) -> Got:
        """Raises StreamCut, ApiError."""
        agent = self.agent_of(ask, decision, attempts)
        began_s = time.perf_counter()
        has_body = ask.stream is not None or bool(ask.body)
        request = ask.request
        if here := present():
            here.tell("hedgerow.agent", agent.slug)
            request = msgspec.structs.replace(request, cause=here.traceparent)
        channel = agent.open(Kind.FETCH, encode_request(request), is_last=not has_body)
        watch = Watch(channel, receive) if ask.stream is None else None
        deadline = channel.cut_in(ask.request.timeout_s + GRACE_S, CutCode.TIMED_OUT, ask.late)
        try:
            if has_body:
                await _send_body(channel, ask)
            head = await channel.head()
            body = await collect(channel)
        except TimeoutError:
            raise StreamCut(CutCode.TIMED_OUT, ask.late()) from None
        except StreamCut:
            if watch is not None and watch.saw_the_end:
                raise ClientGone from None
            raise
        finally:
            deadline.cancel()
            if watch is not None:
                await watch.end()
            channel.cut(CutCode.CANCELLED)
        return got_of(ask, agent, decision, (head, body), began_s, attempts)

    def told(self, ask: Ask, got: Got) -> bytes | Iterator[bytes]:
        """What the client gets, in parts where it is large; the outcome counts from here on."""
        answer = got.answer
        headers = joined_headers(answer.headers)
        rule = self._rules.find(answer.status, headers, got.body)
        self._report(ask, got, headers, rule)
        self.count(ask, succeeded=True)
        content_type = headers.get("content-type", "")
        form = form_of(got.body, content_type, expects_json=ask.control.expects_json)
        meta = Meta(
            answer.status,
            answer.url,
            answer.version,
            got.took_ms,
            rule is not None,
            headers,
            Agent(got.node_id),
            len(got.body),
            "base64" if form is BINARY else None,
            route_of(got.decision, got.attempts, self._desk.now_ms()) if ask.control.explains else None,
        )
        return (whole if len(got.body) <= SMALL_BYTES else parts)(meta, got.body, form, content_type)

    def _report(self, ask: Ask, got: Got, told: dict[str, str], rule: Rule | None) -> None:
        retry_after_s = None
        if rule is not None:
            outcome = Outcome.BLOCKED if rule.is_hard else Outcome.LIMITED
            after = told.get("retry-after", "")
            if after.isdecimal() and len(after) < 8:
                retry_after_s = int(after)
        else:
            outcome = Outcome.FAILED if got.answer.status >= 500 else SUCCEEDED
        host, key_id = ask.control.target.host, ask.caller.key.key_id
        self._desk.report(Report(got.slug, host, outcome, got.took_ms, retry_after_s, key_id))

    def count(self, ask: Ask, *, succeeded: bool) -> None:
        """The request in what its key used."""
        self._desk.usage.count(
            ask.caller.key.key_id, PROTOCOL, ask.control.target.host, succeeded=succeeded, size=ask.size
        )


class ClientGone(Exception):  # noqa: N818 - an end, not an error
    """The client went away in the middle of its request."""


class Watch:
    """Gives a stream up when its client goes away. Only requests that take long are watched."""

    __slots__ = ("_channel", "_receive", "_task", "_timer", "saw_the_end")

    def __init__(self, channel: Channel, receive: Receive) -> None:
        self._channel, self._receive = channel, receive
        self.saw_the_end = False
        self._task: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(_WATCH_AFTER_S, self._begin)

    async def end(self) -> None:
        self._timer.cancel()
        if self._task is not None:
            await stop(self._task)

    def _begin(self) -> None:
        self._task = spawn(self._run(), "watch for a client that goes away")

    async def _run(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.saw_the_end = True
        self._channel.cut(CutCode.CANCELLED, "the client went away")


async def _read(
    scope: Scope, receive: Receive, given: list[tuple[bytes, bytes]], caller: Caller, control: Control
) -> Ask:
    """The request with its body: an envelope, or what is passed on. Raises ApiError, ClientGone."""
    outer = passed_on(given)
    length = next((value for name, value in given if name == _CONTENT_LENGTH), None)
    if length is not None and length.isdigit() and int(length) > MOST_BODY:
        raise _too_large()
    message = await receive()
    first: bytes = message.get("body", b"")
    has_more = bool(message.get("more_body"))
    if has_more and not may_be_envelope(first):
        if length is not None:
            outer.append(("content-length", length.decode("latin-1")))
        return Ask(caller, control, as_it_is(scope["method"], outer, caller, control), None, _rest(first, receive))
    body = await _whole(first, receive) if has_more else first
    envelope = read_envelope(body)
    if envelope is None:
        return Ask(caller, control, as_it_is(scope["method"], outer, caller, control), body, None, len(body))
    key, inner = caller.key, EnvelopeBody(envelope)
    headers = envelope_headers(envelope, outer, key.prefix)
    if inner:
        headers.append(("content-length", str(len(inner))))
    request = FetchRequest(
        envelope_method(envelope, scope["method"]),
        control.target.url,
        headers,
        control.timeout_s if envelope.timeout is None else read_timeout(envelope.timeout),
        envelope.allow_redirects,
        key.targets_allow,
        key.targets_deny,
        control.proxy,
    )
    return Ask(caller, control, request, inner, None, len(inner))


def as_it_is(method: str, headers: list[tuple[str, str]], caller: Caller, control: Control) -> FetchRequest:
    """A request that no envelope describes. headers: those that go to the target."""
    return FetchRequest(
        method,
        control.target.url,
        headers,
        control.timeout_s,
        True,  # noqa: FBT003 - redirects are followed
        caller.key.targets_allow,
        caller.key.targets_deny,
        control.proxy,
    )


async def _whole(first: bytes, receive: Receive) -> bytearray:
    body = bytearray(first)
    async for part in _parts_of(receive):
        body += part
        if len(body) > MOST_BODY:
            raise _too_large()
    return body


async def _rest(first: bytes, receive: Receive) -> AsyncIterator[bytes]:
    size = len(first)
    yield first
    async for part in _parts_of(receive):
        size += len(part)
        if size > MOST_BODY:
            raise _too_large()
        yield part


def _too_large() -> ApiError:
    return ApiError(502, _TOO_LARGE.format("request"))


async def _parts_of(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message: Message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        if message.get("body"):
            yield message["body"]
        if not message.get("more_body"):
            return


async def _send_body(channel: Channel, ask: Ask) -> None:
    """Raises StreamCut, TimeoutError."""
    if isinstance(ask.body, EnvelopeBody):
        for part in ask.body:
            await channel.write(part)
        await channel.write(b"", is_last=True)
        return
    if ask.stream is None:
        await channel.write(ask.body or b"", is_last=True)
        return
    async with asyncio.timeout(ask.request.timeout_s + GRACE_S):  # a client that is waited for hears of no cut
        async for part in ask.stream:
            ask.size += len(part)
            await channel.write(part)
        await channel.write(b"", is_last=True)


async def collect(channel: Channel) -> bytes | bytearray:
    """The body, held once."""
    first = await channel.read()
    if not first or (channel.is_whole and channel.is_empty):
        return first
    body = bytearray(first)
    while part := await channel.read():
        body += part
        if len(body) > MOST_BODY:
            raise StreamCut(CutCode.TOO_LARGE, _TOO_LARGE.format("answer"))
    return body


def _trace(traced: Span, method: str, status: int, request_id: str) -> None:
    traced.tell("http.request.method", method)
    traced.tell("http.route", PATH)
    traced.tell("http.response.status_code", status)
    traced.tell("hedgerow.request_id", request_id)
    if status >= 500:
        traced.fail(str(status))


def _may_go_elsewhere(ask: Ask, code: CutCode) -> bool:
    if ask.stream is not None:
        return False
    return code in NOT_BEGUN or (code in AGENT_GONE and ask.request.method == "GET")


async def _send_parts(send: Send, headers: dict[str, str], answer: Iterator[bytes]) -> None:
    lines = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in (JSON | headers).items()]
    await send({"type": "http.response.start", "status": 200, "headers": lines})
    for part in answer:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _refuse(scope: Scope, send: Send, status: int, detail: Any, headers: dict[str, str]) -> None:
    await answer_whole(scope, send, status, JSON | headers, encode_json({"detail": detail}))
