"""`/fetch`: the client's request to a chosen agent and the target's answer back. The hot path, so it is plain ASGI.

A GET whose agent is lost before we have answered is sent once more through another agent; so is any request that its
agent had not begun. Nothing else is ever sent twice. Source: the published contract of the API; docs/decisions/0133.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog
from starlette.types import Message, Receive, Scope, Send

from hedgerow.api.auth import Caller, KeyRing, Refusal
from hedgerow.core.errors import ApiError
from hedgerow.core.observe import SCRAPING_REQUEST_SECONDS, SCRAPING_REQUESTS
from hedgerow.core.tasks import spawn, stop
from hedgerow.scraping.gateway.answer import SMALL_BYTES, Agent, Meta, form_of, joined_headers, parts
from hedgerow.scraping.gateway.blocks import BlockRules
from hedgerow.scraping.gateway.explain import Attempt, route_of
from hedgerow.scraping.gateway.failures import AGENT_GONE, NOT_BEGUN, OF_THE_TARGET, failure, no_agent, refusal
from hedgerow.scraping.gateway.health import Outcome, Report
from hedgerow.scraping.gateway.request import (
    Control,
    envelope_headers,
    envelope_method,
    passed_on,
    read_control,
    read_envelope,
    read_timeout,
)
from hedgerow.scraping.gateway.selection import Decision
from hedgerow.scraping.gateway.work import Desk
from hedgerow.scraping.link import CutCode
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
_TOO_LARGE = f"The body is larger than {MOST_BODY // 1024 // 1024} MiB"

_encode = msgspec.msgpack.Encoder().encode
_decode_answer = msgspec.msgpack.Decoder(FetchAnswer).decode
_encode_json = msgspec.json.Encoder().encode
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Ask:
    """A request on its way. body: None while it is passed on as it comes. size: bytes of bodies so far."""

    caller: Caller
    control: Control
    request: FetchRequest
    body: bytes | None
    stream: AsyncIterator[bytes] | None
    size: int = 0


@dataclass(frozen=True, slots=True)
class _Got:
    """What came back."""

    answer: FetchAnswer
    body: bytes | bytearray
    node_id: str
    slug: str
    took_ms: int


class FetchDoor:
    """Answers `/fetch`."""

    def __init__(self, keys: KeyRing, desk: Desk, rules: BlockRules) -> None:
        self._keys, self._desk, self._rules = keys, desk, rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: dict[str, str] = {"X-Request-ID": uuid.uuid4().hex}
        began_s = time.perf_counter()
        status = 500
        try:
            status = await self._serve(scope, receive, send, headers)
        except ApiError as error:
            status = error.status
            await _refuse(send, status, error.detail, headers | error.headers)
        except StorageError as error:
            status = 503
            _log.error("request without database", error=str(error))
            await _refuse(send, status, "The database is not available", headers | {"Retry-After": "1"})
        except ClientGone:
            status = 499
        except Exception:
            _log.exception("request failed", path=PATH, request_id=headers["X-Request-ID"])
            await _refuse(send, status, "Internal server error", headers)
        finally:
            SCRAPING_REQUESTS.labels(PROTOCOL, str(status)).inc()
            SCRAPING_REQUEST_SECONDS.labels(PROTOCOL).observe(time.perf_counter() - began_s)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, headers: dict[str, str]) -> int:
        if scope["method"] not in METHODS:
            raise ApiError(405, "Method Not Allowed", {"Allow": ", ".join(METHODS)})
        given: list[tuple[bytes, bytes]] = scope["headers"]
        caller = await self._caller(next((value for name, value in given if name == b"x-api-key"), b""))
        headers.update(await self._desk.buckets.take(caller.key))
        control = read_control(given, Kind.FETCH)
        self._desk.check(caller.key, control.target.host, control.target.port)
        with self._desk.counted(caller.key):
            ask = await _read(scope, receive, given, caller, control)
            got, decision, attempts = await self._fetch(ask, receive)
            await self._answer(send, ask, got, headers, (decision, attempts))
        return 200

    async def _caller(self, key: bytes) -> Caller:
        caller = await self._keys.judge(key.decode("latin-1"))
        if isinstance(caller, Refusal):
            raise refusal(caller)
        return caller

    # --- to an agent and back --------------------------------------------------------------------------------

    async def _fetch(self, ask: _Ask, receive: Receive) -> tuple[_Got, Decision, list[Attempt]]:
        """Raises ApiError."""
        attempts: list[Attempt] = []
        domain = ask.control.target.host
        while True:
            tried = frozenset(attempt.slug for attempt in attempts)
            decision = self._desk.picker.pick(domain, ask.control.wanted, tried)
            began_s = time.perf_counter()
            try:
                got = await self._attempt(ask, decision, receive)
            except StreamCut as cut:
                assert decision.chosen is not None
                took_ms = int((time.perf_counter() - began_s) * 1000)
                attempts.append(Attempt(decision.chosen.slug, cut.code.name.lower(), took_ms))
                if cut.code in OF_THE_TARGET:
                    self._desk.report(Report(decision.chosen.slug, domain, Outcome.FAILED))
                if len(attempts) == 1 and _may_go_elsewhere(ask, cut.code):
                    continue
                self._count(ask, succeeded=False)
                raise failure(cut) from None
            except (ApiError, ClientGone):
                self._count(ask, succeeded=False)
                raise
            attempts.append(Attempt(got.slug, "answered", got.took_ms))
            return got, decision, attempts

    async def _attempt(self, ask: _Ask, decision: Decision, receive: Receive) -> _Got:
        """Raises StreamCut, ApiError."""
        agent = self._desk.links.agent(decision.chosen.slug) if decision.chosen is not None else None
        if agent is None:
            raise no_agent(ask.control.target.host, ask.control.wanted, decision)
        began_s = time.perf_counter()
        has_body = ask.stream is not None or bool(ask.body)
        channel = agent.open(Kind.FETCH, _encode(ask.request), is_last=not has_body)
        watch = Watch(channel, receive) if ask.stream is None else None
        try:
            async with asyncio.timeout(ask.request.timeout_s + GRACE_S):
                if has_body:
                    await _send_body(channel, ask)
                answer = _decode_answer(await channel.head())
                body = await collect(channel)
        except TimeoutError:
            raise StreamCut(CutCode.TIMED_OUT, f"no answer within {ask.request.timeout_s:g} s") from None
        except StreamCut:
            if watch is not None and watch.saw_the_end:
                raise ClientGone from None
            raise
        finally:
            if watch is not None:
                await watch.end()
            channel.cut(CutCode.CANCELLED)
        took_ms = int((time.perf_counter() - began_s) * 1000)
        ask.size += len(body)
        return _Got(answer, body, agent.node_id, agent.slug, took_ms)

    async def _answer(
        self,
        send: Send,
        ask: _Ask,
        got: _Got,
        headers: dict[str, str],
        route: tuple[Decision, list[Attempt]],
    ) -> None:
        told = joined_headers(got.answer.headers)
        rule = self._rules.find(got.answer.status, told, got.body)
        self._report(ask, got, told, rule is not None, rule is not None and rule.is_hard)
        self._count(ask, succeeded=True)
        content_type = told.get("content-type", "")
        form = form_of(got.body, content_type, expects_json=ask.control.expects_json)
        meta = Meta(
            got.answer.status,
            got.answer.url,
            got.answer.version,
            got.took_ms,
            rule is not None,
            told,
            Agent(got.node_id),
            len(got.body),
            "base64" if form is form.BINARY else None,
            route_of(*route, self._desk.now_ms()) if ask.control.explains else None,
        )
        answer = parts(meta, got.body, form, content_type)
        if len(got.body) <= SMALL_BYTES:
            whole = b"".join(answer)
            await send(_start(200, headers | {"Content-Length": str(len(whole))}))
            await send({"type": "http.response.body", "body": whole})
            return
        await send(_start(200, headers))
        for part in answer:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def _report(self, ask: _Ask, got: _Got, told: dict[str, str], is_blocked: bool, is_hard: bool) -> None:
        if is_blocked:
            outcome = Outcome.BLOCKED if is_hard else Outcome.LIMITED
        else:
            outcome = Outcome.FAILED if got.answer.status >= 500 else Outcome.SUCCEEDED
        after = told.get("retry-after", "")
        retry_after_s = int(after) if is_blocked and after.isdecimal() and len(after) < 8 else None
        self._desk.report(Report(got.slug, ask.control.target.host, outcome, got.took_ms, retry_after_s))

    def _count(self, ask: _Ask, *, succeeded: bool) -> None:
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
) -> _Ask:
    """The request with its body: an envelope, or what is passed on. Raises ApiError, ClientGone."""
    outer = passed_on(given)
    first = await receive()
    body: bytes = first.get("body", b"")
    has_more = bool(first.get("more_body"))
    could_be_envelope = body.lstrip()[:1] in (b"{", b"")
    stream: AsyncIterator[bytes] | None = None
    if has_more and could_be_envelope:
        body = await _whole(body, receive)
    elif has_more:
        stream = _rest(body, receive)
        length = next((value for name, value in given if name == b"content-length"), None)
        if length is not None:
            outer.append(("content-length", length.decode("latin-1")))
    if len(body) > MOST_BODY:
        raise ApiError(413, _TOO_LARGE)
    envelope = read_envelope(body) if body and stream is None else None
    key, target = caller.key, control.target
    if envelope is None:
        ask = FetchRequest(
            scope["method"],
            target.url,
            outer,
            control.timeout_s,
            True,  # noqa: FBT003 - redirects are followed
            key.targets_allow,
            key.targets_deny,
            control.proxy,
        )
        return _Ask(caller, control, ask, None if stream is not None else body, stream, len(body))
    inner = envelope.body.encode()
    ask = FetchRequest(
        envelope_method(envelope, scope["method"]),
        target.url,
        envelope_headers(envelope, outer),
        control.timeout_s if envelope.timeout is None else read_timeout(envelope.timeout),
        envelope.allow_redirects,
        key.targets_allow,
        key.targets_deny,
        control.proxy,
    )
    return _Ask(caller, control, ask, inner, None, len(inner))


async def _whole(first: bytes, receive: Receive) -> bytes:
    body = bytearray(first)
    async for part in _parts_of(receive):
        body += part
        if len(body) > MOST_BODY:
            raise ApiError(413, _TOO_LARGE)
    return bytes(body)


async def _rest(first: bytes, receive: Receive) -> AsyncIterator[bytes]:
    size = len(first)
    yield first
    async for part in _parts_of(receive):
        size += len(part)
        if size > MOST_BODY:
            raise ApiError(413, _TOO_LARGE)
        yield part


async def _parts_of(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message: Message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        if message.get("body"):
            yield message["body"]
        if not message.get("more_body"):
            return


async def _send_body(channel: Channel, ask: _Ask) -> None:
    if ask.stream is None:
        await channel.write(ask.body or b"", is_last=True)
        return
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
            raise StreamCut(CutCode.TOO_LARGE, _TOO_LARGE)
    return body


def _may_go_elsewhere(ask: _Ask, code: CutCode) -> bool:
    if ask.stream is not None:
        return False
    return code in NOT_BEGUN or (code in AGENT_GONE and ask.request.method == "GET")


def _start(status: int, headers: dict[str, str]) -> dict[str, Any]:
    lines = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    return {
        "type": "http.response.start",
        "status": status,
        "headers": [(b"content-type", b"application/json"), *lines],
    }


async def _refuse(send: Send, status: int, detail: Any, headers: dict[str, str]) -> None:
    body = _encode_json({"detail": detail})
    await send(_start(status, headers | {"Content-Length": str(len(body))}))
    await send({"type": "http.response.body", "body": body})
