"""What a page does while it is watched, as server-sent events that are ready to be passed on.

Bounded: who reads slowly loses events and is told how many; a body or message that is too long is cut and marked.
Source: the published contract of the API.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec

from hedgerow.core.tasks import spawn, stop
from hedgerow.scraping.agent.browser.cdp import BrowserGone, CdpError, Params
from hedgerow.scraping.agent.browser.page import Page
from hedgerow.scraping.pages import Capture, event

MOST_EVENTS = 1000
MOST_WAITING_BYTES = 4 * 1024 * 1024
MOST_TEXT = 256 * 1024
"""Characters of one body, message or element."""
_MOST_REQUESTS = 1000
_MOST_BODIES = 8
_DOM_EVERY_S = 0.25
_WITH_BODY = frozenset({"XHR", "Fetch", "Document"})
_TEXTUAL = ("text/", "application/json", "application/xml", "application/javascript")

_encode = msgspec.json.Encoder().encode


class Events:
    """Events that wait for the reader."""

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._lost = 0
        self._is_closed = False
        self._last = b""
        self._there = asyncio.Event()

    def put(self, kind: str, **data: Any) -> None:
        if len(self._waiting) >= MOST_EVENTS or self._size >= MOST_WAITING_BYTES:
            self._lost += 1
            return
        made = event(kind, **data)
        self._waiting.append(made)
        self._size += len(made)
        self._there.set()

    def close(self, error: str = "") -> None:
        """Nothing more comes but, if there is one, the error that is the reason; only the first one counts."""
        if not self._is_closed and error:
            self._last = event("error", message=error)
        self._is_closed = True
        self._there.set()

    async def take(self) -> bytes:
        """All that waits, as soon as there is something; empty at the end."""
        await self._there.wait()
        if not self._is_closed:
            self._there.clear()
        if self._lost:
            lost, self._lost = self._lost, 0
            self._waiting.append(
                event("error", message=f"{lost} events were lost: they are read too slowly", lost=lost)
            )
        taken = b"".join(self._waiting) + self._last
        self._waiting.clear()
        self._last = b""
        self._size = 0
        return taken


class Watcher:
    """Listens to a page and tells of it."""

    def __init__(self, page: Page, capture: Capture, events: Events) -> None:
        self._page, self._capture, self._events = page, capture, events
        self._requests: dict[str, Params] = {}
        self._sockets: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def listen(self) -> None:
        """Before the page goes anywhere."""
        kinds, target = self._capture.kinds, self._page.target
        if "network" in kinds:
            target.on("Network.requestWillBeSent", self._on_request)
            target.on("Network.responseReceived", self._on_response)
            target.on("Network.loadingFinished", self._on_finished)
            target.on("Network.loadingFailed", self._on_failed)
        if "ws" in kinds:
            target.on("Network.webSocketCreated", self._on_socket)
            target.on("Network.webSocketFrameReceived", lambda told: self._on_frame(told, "received"))
            target.on("Network.webSocketFrameSent", lambda told: self._on_frame(told, "sent"))
            target.on("Network.webSocketClosed", self._on_socket_closed)
        if "console" in kinds:
            target.on("Runtime.consoleAPICalled", self._on_console)
            target.on("Runtime.exceptionThrown", self._on_exception)
            target.send("Runtime.enable")
        if "dom" in kinds:
            self._begin(self._watch_dom)

    async def stop(self) -> None:
        await stop(*self._tasks)

    # --- network ---------------------------------------------------------------------------------------------

    def _on_request(self, told: Params) -> None:
        self._page.on_request(told)
        url, request_id = told["request"]["url"], told["requestId"]
        if not _passes(url, self._capture.network_filter) or len(self._requests) >= _MOST_REQUESTS:
            return
        self._requests[request_id] = {
            "request_id": request_id,
            "url": url[:MOST_TEXT],
            "method": told["request"]["method"],
            "resource_type": told.get("type", "Other"),
        }

    def _on_response(self, told: Params) -> None:
        self._page.on_response(told)
        known = self._requests.get(told["requestId"])
        if known is not None:
            known |= {"status": told["response"]["status"], "mime_type": told["response"]["mimeType"]}

    def _on_finished(self, told: Params) -> None:
        known = self._requests.pop(told["requestId"], None)
        if known is None:
            return
        known["bytes"] = int(told["encodedDataLength"])
        wants_body = known["resource_type"] in _WITH_BODY and known.get("mime_type", "").startswith(_TEXTUAL)
        if wants_body and len(self._tasks) < _MOST_BODIES:
            self._begin(lambda: self._tell_with_body(known))
        else:
            self._events.put("network", **known)

    def _on_failed(self, told: Params) -> None:
        if (known := self._requests.pop(told["requestId"], None)) is not None:
            self._events.put("network", **known, error=told["errorText"])

    async def _tell_with_body(self, known: Params) -> None:
        with suppress(CdpError, BrowserGone):
            body = await self._page.target.call("Network.getResponseBody", requestId=known["request_id"])
            if not body["base64Encoded"]:
                known |= _cut("body", body["body"])
        self._events.put("network", **known)

    # --- WebSockets ------------------------------------------------------------------------------------------

    def _on_socket(self, told: Params) -> None:
        if _passes(told["url"], self._capture.socket_filter) and len(self._sockets) < _MOST_REQUESTS:
            self._sockets[told["requestId"]] = told["url"]
            self._events.put("ws_open", ws_id=told["requestId"], url=told["url"][:MOST_TEXT])

    def _on_frame(self, told: Params, direction: str) -> None:
        if told["requestId"] in self._sockets:
            frame = told["response"]
            is_text = frame["opcode"] == 1
            # Chromium tells binary messages in base64.
            more = {} if is_text else {"encoding": "base64"}
            data = _cut("data", frame["payloadData"])
            self._events.put("ws_message", ws_id=told["requestId"], direction=direction, **data, **more)

    def _on_socket_closed(self, told: Params) -> None:
        if (url := self._sockets.pop(told["requestId"], None)) is not None:
            self._events.put("ws_close", ws_id=told["requestId"], url=url[:MOST_TEXT])

    # --- console and document --------------------------------------------------------------------------------

    def _on_console(self, told: Params) -> None:
        text = " ".join(_text_of(argument) for argument in told["args"])
        self._events.put("console", level=told["type"], **_cut("text", text))

    def _on_exception(self, told: Params) -> None:
        details = told["exceptionDetails"]
        text = details.get("exception", {}).get("description") or details.get("text", "")
        self._events.put("console", level="error", **_cut("text", str(text)))

    async def _watch_dom(self) -> None:
        """Tells of the element, or of the whole document, whenever it has become another."""
        selector, seen = self._capture.dom_selector, None
        while True:
            with suppress(CdpError):
                html = await self._page.html(selector)
                if html is not None and html != seen:
                    seen = html
                    self._events.put("dom", selector=selector, **_cut("html", html))
            await asyncio.sleep(_DOM_EVERY_S)

    def _begin(self, work: Callable[[], Any]) -> None:
        task = spawn(_until_gone(work), "capture of a page")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _until_gone(work: Callable[[], Any]) -> None:
    with suppress(BrowserGone):
        await work()


def _passes(url: str, parts: tuple[str, ...]) -> bool:
    return not parts or any(part in url for part in parts)


def _cut(name: str, text: str) -> Params:
    return {name: text} if len(text) <= MOST_TEXT else {name: text[:MOST_TEXT], "truncated": True}


def _text_of(argument: Params) -> str:
    if "value" in argument:
        value = argument["value"]
        return value if isinstance(value, str) else _encode(value).decode()
    return str(argument.get("description", argument.get("type", "")))
