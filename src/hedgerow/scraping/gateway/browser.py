"""`/browser` and `/browser/stream`: pages rendered, or watched, by an agent that has a browser.

A page that is not as expected is rendered once more by another agent. So is one whose agent was lost, unless it had
steps: they may have done something. Source: the published contract of the API; docs/decisions/0172.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from hedgerow.api.auth import Caller, KeyRing, Refusal
from hedgerow.core.errors import ApiError
from hedgerow.core.observe import SCRAPING_REQUEST_SECONDS, SCRAPING_REQUESTS
from hedgerow.scraping.gateway import schemas
from hedgerow.scraping.gateway.answer import Agent, Form, Meta, form_of, joined_headers
from hedgerow.scraping.gateway.blocks import BlockRules
from hedgerow.scraping.gateway.connect import read_key
from hedgerow.scraping.gateway.explain import Attempt, route_of
from hedgerow.scraping.gateway.failures import AGENT_GONE, NOT_BEGUN, OF_THE_TARGET, failure, no_agent, refusal
from hedgerow.scraping.gateway.fetch import GRACE_S, ClientGone, Watch, collect
from hedgerow.scraping.gateway.health import Outcome, Report
from hedgerow.scraping.gateway.links import LinkedAgent
from hedgerow.scraping.gateway.pagerequest import MOST_REQUEST, PageAsk, read_body, read_headers
from hedgerow.scraping.gateway.request import is_true
from hedgerow.scraping.gateway.selection import Decision
from hedgerow.scraping.gateway.work import Desk
from hedgerow.scraping.linkevents import CutCode
from hedgerow.scraping.linksocket import Channel, StreamCut
from hedgerow.scraping.messages import Kind
from hedgerow.scraping.pages import BrowserAnswer, BrowserCookie, event

PATH, STREAM_PATH = "/browser", "/browser/stream"
PROTOCOL = "browser"
KEEP_ALIVE_S = 15.0

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(BrowserAnswer).decode
_encode_json = msgspec.json.Encoder().encode


class _Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of a step, as it is told."""

    step: int
    action: str
    ok: bool
    error: str | None = None
    result: msgspec.Raw | None = None
    screenshot: str | None = None


class _Answer(msgspec.Struct, frozen=True):
    meta: Meta
    raw: str | None
    raw_json: msgspec.Raw | None
    cookies: list[BrowserCookie]
    screenshot: str | None
    js_result: msgspec.Raw | None
    steps: list[_Step] | msgspec.UnsetType = msgspec.UNSET


@dataclass(frozen=True, slots=True)
class _Got:
    answer: BrowserAnswer
    agent: LinkedAgent
    size: int
    took_ms: int


class Pages:
    """Has pages rendered and watched."""

    def __init__(self, keys: KeyRing, desk: Desk, rules: BlockRules) -> None:
        self._keys, self._desk, self._rules = keys, desk, rules

    async def admit(self, key: str | None) -> tuple[Caller, dict[str, str]]:
        """Who calls, and what is told of the limit. Raises ApiError 401, 403, 429."""
        caller = await self._keys.judge(key)
        if isinstance(caller, Refusal):
            raise refusal(caller)
        return caller, await self._desk.buckets.take(caller.key)

    async def render(self, caller: Caller, ask: PageAsk, receive: Receive) -> bytes:
        """The answer's body. Raises ApiError, ClientGone."""
        self._desk.check(caller.key, ask.target.host, ask.target.port)
        began_s, status, size = time.perf_counter(), 502, 0
        try:
            with self._desk.counted(caller.key):
                got, decision, attempts = await self._rendered(ask, receive)
            status, size = 200, got.size
        except ApiError as error:
            status = error.status
            raise
        finally:
            self._count(caller, ask, succeeded=status == 200, size=size)
            _measure(status, began_s)
        return self._told(ask, got, decision, attempts)

    async def watch(self, caller: Caller, ask: PageAsk, headers: Mapping[str, str]) -> Response:
        """The answer that goes on until the page is over; its bytes are counted as they go. Raises ApiError."""
        self._desk.check(caller.key, ask.target.host, ask.target.port)
        with ExitStack() as stack:
            stack.enter_context(self._desk.counted(caller.key))
            succeeded = False
            try:
                first, channel = await self._opened(ask, stack)
                succeeded = True
            finally:
                self._count(caller, ask, succeeded=succeeded, size=0)
            stack.enter_context(self._desk.lasting.kept(channel))
            held = stack.pop_all()
        key_id = caller.key.key_id
        return _Watched(channel, first, headers, held, lambda size: self._desk.usage.add_bytes(key_id, PROTOCOL, size))

    # --- to an agent and back --------------------------------------------------------------------------------

    async def _rendered(self, ask: PageAsk, receive: Receive) -> tuple[_Got, Decision, list[Attempt]]:
        attempts: list[Attempt] = []
        unmet: StreamCut | None = None
        while True:
            try:
                decision, agent = self._pick(ask, attempts)
            except ApiError:
                if unmet is not None:
                    raise failure(unmet) from None
                raise
            began_s = time.perf_counter()
            try:
                got = await self._attempt(ask, agent, receive, began_s)
            except StreamCut as cut:
                attempts.append(_failed(agent, cut, began_s))
                if cut.code in OF_THE_TARGET or cut.code is CutCode.UNMET:
                    self._desk.report(Report(agent.slug, ask.target.host, Outcome.FAILED, key_id=ask.key_id))
                unmet = cut if cut.code is CutCode.UNMET else None
                if self._may_go_on(ask, attempts, cut):
                    continue
                raise failure(cut) from None
            attempts.append(Attempt(got.agent.slug, "answered", got.took_ms))
            return got, decision, attempts

    async def _opened(self, ask: PageAsk, stack: ExitStack) -> tuple[bytes, Channel]:
        """The first event, and the stream with those that follow, which the stack cuts. Raises ApiError."""
        attempts: list[Attempt] = []
        while True:
            decision, agent = self._pick(ask, attempts)
            began_s = time.perf_counter()
            channel = agent.open(Kind.BROWSER, _encode(ask.request), is_last=True)
            stack.callback(channel.cut, CutCode.CANCELLED)
            try:
                async with asyncio.timeout(ask.request.timeout_s + GRACE_S):
                    await channel.head()
                break
            except (StreamCut, TimeoutError) as error:
                cut = error if isinstance(error, StreamCut) else StreamCut(CutCode.TIMED_OUT, "no page in time")
                attempts.append(_failed(agent, cut, began_s))
                if not self._may_go_on(ask, attempts, cut):
                    raise failure(cut) from None
        took_ms = int((time.perf_counter() - began_s) * 1000)
        self._desk.report(Report(agent.slug, ask.target.host, Outcome.SUCCEEDED, took_ms, key_id=ask.key_id))
        told: dict[str, Any] = {"url": ask.target.url, "agent_id": agent.node_id}
        if ask.explains:
            told["route"] = route_of(decision, attempts, self._desk.now_ms())
        return event("connected", **told), channel

    def _pick(self, ask: PageAsk, attempts: list[Attempt]) -> tuple[Decision, LinkedAgent]:
        tried = frozenset(attempt.slug for attempt in attempts)
        decision = self._desk.picker.pick(ask.target.host, ask.wanted, tried, key_id=ask.key_id)
        agent = self._desk.links.agent(decision.chosen.slug) if decision.chosen is not None else None
        if agent is None:
            raise no_agent(ask.target.host, ask.wanted, decision, attempts[-1] if attempts else None)
        return decision, agent

    def _may_go_on(self, ask: PageAsk, attempts: list[Attempt], cut: StreamCut) -> bool:
        if len(attempts) > 1:
            return False
        return cut.code in NOT_BEGUN or cut.code is CutCode.UNMET or (cut.code in AGENT_GONE and not ask.request.steps)

    async def _attempt(self, ask: PageAsk, agent: LinkedAgent, receive: Receive, began_s: float) -> _Got:
        channel = agent.open(Kind.BROWSER, _encode(ask.request), is_last=True)
        watch = Watch(channel, receive)
        try:
            async with asyncio.timeout(ask.request.timeout_s + GRACE_S):
                await channel.head()
                told = await collect(channel)
        except TimeoutError:
            raise StreamCut(CutCode.TIMED_OUT, f"no page within {ask.request.timeout_s:g} s") from None
        except StreamCut:
            if watch.saw_the_end:
                raise ClientGone from None
            raise
        finally:
            await watch.end()
            channel.cut(CutCode.CANCELLED)
        return _Got(_decode(told), agent, len(told), int((time.perf_counter() - began_s) * 1000))

    def _told(self, ask: PageAsk, got: _Got, decision: Decision, attempts: list[Attempt]) -> bytes:
        answer, headers = got.answer, joined_headers(got.answer.headers)
        rule = self._rules.find(answer.status, headers, answer.content)
        outcome = Outcome.FAILED if answer.status >= 500 else Outcome.SUCCEEDED
        if rule is not None:
            outcome = Outcome.BLOCKED if rule.is_hard else Outcome.LIMITED
        self._desk.report(Report(got.agent.slug, ask.target.host, outcome, got.took_ms, key_id=ask.key_id))
        is_json = form_of(answer.content, answer.mime_type, expects_json=False) is Form.JSON
        meta = Meta(
            answer.status,
            answer.url,
            answer.version,
            got.took_ms,
            rule is not None,
            headers,
            Agent(got.agent.node_id),
            len(answer.content),
            None,
            route_of(decision, attempts, self._desk.now_ms()) if ask.explains else None,
        )
        steps = [
            _Step(done.step, done.action, done.error is None, done.error, _raw(done.result), done.screenshot)
            for done in answer.steps
        ]
        return _encode_json(
            _Answer(
                meta,
                None if is_json else answer.content.decode("utf-8", "replace"),
                msgspec.Raw(answer.content) if is_json else None,
                answer.cookies,
                answer.screenshot,
                _raw(answer.js_result),
                steps or msgspec.UNSET,
            )
        )

    def _count(self, caller: Caller, ask: PageAsk, *, succeeded: bool, size: int) -> None:
        self._desk.usage.count(caller.key.key_id, PROTOCOL, ask.target.host, succeeded=succeeded, size=size)


class EventStream(Response):
    """Server-sent events."""

    media_type = "text/event-stream"


class _Watched(EventStream):
    """Passes the agent's events on as they come. Whole events only: an agent that is lost ends in none that is cut."""

    def __init__(
        self, channel: Channel, first: bytes, headers: Mapping[str, str], held: ExitStack, moved: Callable[[int], None]
    ) -> None:
        """moved: counts bytes."""
        super().__init__(None, headers={**headers, "Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._channel, self._first, self._held, self._moved = channel, first, held, moved

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began_s = time.perf_counter()
        watch = Watch(self._channel, receive)
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await self._pass(send, self._first)
            await self._pass_on(send)
            await send({"type": "http.response.body", "body": b""})
        finally:
            await watch.end()
            self._held.close()
            _measure(200, began_s)

    async def _pass_on(self, send: Send) -> None:
        waiting = b""
        while True:
            try:
                async with asyncio.timeout(KEEP_ALIVE_S):
                    part = await self._channel.read()
            except TimeoutError:
                await self._pass(send, b": keep-alive\n\n")
                continue
            except StreamCut as cut:
                await self._pass(send, event("error", message=failure(cut).detail) + event("done"))
                return
            if not part:
                return
            waiting += part
            end = waiting.rfind(b"\n\n") + 2
            if end > 1:
                await self._pass(send, waiting[:end])
                waiting = waiting[end:]

    async def _pass(self, send: Send, part: bytes) -> None:
        self._moved(len(part))
        await send({"type": "http.response.body", "body": part, "more_body": True})


def _failed(agent: LinkedAgent, cut: StreamCut, began_s: float) -> Attempt:
    return Attempt(agent.slug, cut.code.name.lower(), int((time.perf_counter() - began_s) * 1000))


def _raw(text: str | None) -> msgspec.Raw | None:
    return None if text is None else msgspec.Raw(text.encode())


def _measure(status: int, began_s: float) -> None:
    SCRAPING_REQUESTS.labels(PROTOCOL, str(status)).inc()
    SCRAPING_REQUEST_SECONDS.labels(PROTOCOL).observe(time.perf_counter() - began_s)


# --- operations --------------------------------------------------------------------------------------------------

_CONTROL = {
    "X-Target-URL": "Target, an http or https URL as it is",
    "X-Wait-Strategy": "load, networkidle or selector",
    "X-Wait-Selector": "CSS selector to wait for, with the strategy selector",
    "X-Steps": "JSON array of steps",
    "X-Proxy": "http:// or socks5:// proxy that the agent goes through",
    "X-Block-Resources": "Kinds with commas: image, stylesheet, font, media, script, xhr or fetch, other",
    "Cookie": "Cookies for the target",
    "X-Cookies": "Cookies as a JSON array of objects, or an object of names and values",
    "X-Geo": "Countries, ISO codes with commas; also X-Geo-CC, X-Geo-Strict, X-CC, X-Country",
    "X-Agent": "Agents, slugs with commas",
    "X-Timeout": "Seconds, 30 by default, at most 300",
    "X-Explain": "1: tells how the agent was chosen",
}
_OF_A_RENDER = {
    "X-Screenshot": "1: a picture of what is in view, PNG in base64",
    "X-JS-Expression": "Its value comes as js_result",
    "X-Expect-Selector": "An element that must be there",
    "X-Expect-Contains": "Text that the document must contain",
}
_OF_A_WATCH = {
    "X-Capture": "Some of network, ws, dom, console; network,ws,console by default",
    "X-DOM-Selector": "Element to tell of whenever it has changed",
    "X-Network-Filter": "Parts of URLs with commas: only requests with one of them are told",
    "X-WS-Filter": "The same for WebSockets",
    "X-JS-After-Load": "Expression that is evaluated once the page is there",
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": schemas.ErrorResponse} for status in (400, 401, 403, 429, 502, 503, 504)
}

router = APIRouter(tags=["Browser"], responses=_RESPONSES)


def _documented(*headers: dict[str, str]) -> dict[str, Any]:
    return {
        "parameters": [
            {"name": name, "in": "header", "description": text, "schema": {"type": "string"}}
            for group in headers
            for name, text in group.items()
        ],
        "security": [{"ApiKeyHeader": []}],
    }


def _pages(request: Request) -> Pages:
    pages: Pages = request.app.state.pages
    return pages


@router.post(
    PATH,
    response_model=schemas.BrowserFetchResponse,
    responses={413: {"model": schemas.ErrorResponse}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/BrowserFetchBody"}}},
        }
    },
)
async def render_by_json(request: Request) -> Response:
    """Renders a page in a browser. The key is `apiKey` in the body, or the header."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_REQUEST:
            raise ApiError(413, f"The body is larger than {MOST_REQUEST // 1024} KiB")
    try:
        key = read_key(bytes(body))
    except ApiError:
        raise ApiError(400, "The body must be a JSON object with apiKey and url") from None
    pages = _pages(request)
    caller, headers = await pages.admit(key or request.headers.get("x-api-key"))
    with _limit_told(headers):
        ask = read_body(bytes(body), caller.key, explains=is_true(request.headers.get("x-explain", "")))
        return await _answer(request, pages, caller, ask, headers)


@router.get(PATH, response_model=schemas.BrowserFetchResponse, openapi_extra=_documented(_CONTROL, _OF_A_RENDER))
async def render_by_headers(request: Request) -> Response:
    """Renders a page in a browser."""
    pages = _pages(request)
    caller, headers = await pages.admit(request.headers.get("x-api-key"))
    with _limit_told(headers):
        ask = read_headers(request.headers.raw, caller.key, watches=False)
        return await _answer(request, pages, caller, ask, headers)


async def _answer(request: Request, pages: Pages, caller: Caller, ask: PageAsk, headers: dict[str, str]) -> Response:
    try:
        body = await pages.render(caller, ask, request.receive)
    except ClientGone:
        return Response(status_code=499)
    return Response(body, media_type="application/json", headers=headers)


@router.get(
    STREAM_PATH,
    response_class=EventStream,
    openapi_extra=_documented(_CONTROL, _OF_A_WATCH),
)
async def watch_page(request: Request) -> Response:
    """Opens a page and tells what happens on it, as server-sent events, until the timeout: `connected`, `network`,
    `ws_open`, `ws_message`, `ws_close`, `dom`, `console`, `step_ok`, `step_error`, `error`, `done`."""
    pages = _pages(request)
    caller, headers = await pages.admit(request.headers.get("x-api-key"))
    with _limit_told(headers):
        return await pages.watch(caller, read_headers(request.headers.raw, caller.key, watches=True), headers)


@contextmanager
def _limit_told(headers: dict[str, str]) -> Iterator[None]:
    """What a caller who was let in is told of the limit stands in refusals too."""
    try:
        yield
    except ApiError as error:
        raise ApiError(error.status, error.detail, headers | error.headers) from None
