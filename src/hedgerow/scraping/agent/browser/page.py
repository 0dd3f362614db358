"""One page of a session: where it goes, what it waits for, what it must not do.

What a page does without end costs its own session alone: dialogs are closed at once and counted, further windows are
not opened and counted, downloads are refused, a crash ends the session, and time ends everything else.
Source: Chrome DevTools Protocol, domains Page, Network, Fetch, DOM, Runtime, Input.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from hedgerow.scraping.agent.browser.cdp import CdpError, Params, Target
from hedgerow.scraping.agent.browser.pool import Context
from hedgerow.scraping.agent.dial import DialError
from hedgerow.scraping.agent.socks import SocksGuard
from hedgerow.scraping.agent.work import WorkFailed
from hedgerow.scraping.linkevents import CutCode
from hedgerow.scraping.messages import MOST_BODY
from hedgerow.scraping.pages import MOST_STEPS, Blockable, BrowserCookie, BrowserRequest

MOST_DIALOGS = 20
MOST_WINDOWS = 20
_FIRST_LOOK_S, _LOOK_EVERY_S = 0.005, 0.05
"""Pauses between looks: each half as long again as the one before, up to the second."""
_MOST_HEIGHT = 16_384
_TYPES: dict[Blockable, frozenset[str]] = {
    "image": frozenset({"Image"}),
    "stylesheet": frozenset({"Stylesheet"}),
    "font": frozenset({"Font"}),
    "media": frozenset({"Media"}),
    "script": frozenset({"Script"}),
    "xhr": frozenset({"XHR", "Fetch"}),
    "fetch": frozenset({"XHR", "Fetch"}),
    "other": frozenset({"Other"}),
}
_HTML = frozenset({"text/html", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml"})
_STATES = {"load": "DOMContentLoaded", "networkidle": "networkAlmostIdle"}


@dataclass(slots=True)
class Document:
    """The answer that the page's document came with."""

    status: int = 0
    url: str = ""
    version: str = ""
    mime_type: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    request_id: str = ""


class Page:
    """A page that is open."""

    def __init__(self, context: Context, guard: SocksGuard, request: BrowserRequest) -> None:
        self.context, self._guard, self._request = context, guard, request
        self.target: Target = context.page
        self.document = Document()
        self.failure: WorkFailed | None = None
        """Why the page has ended: it broke a limit or crashed, or its browser is gone."""
        self.when_ended: Callable[[], object] = lambda: None
        """Called once, when it ends."""
        self._blocked = frozenset[str]().union(*(_TYPES[kind] for kind in request.blocked))
        self._asked_url = ""
        self._reached: set[str] = set()
        self._begun: deque[str] = deque(maxlen=MOST_STEPS)
        """Documents that the page went to by itself and no step has waited for, the oldest first."""
        self._asked_for = ""
        """The document of the last `go`."""
        self._unreached = ""
        """The document where the browser shows an error of its own."""
        self._dialogs = 0
        self._windows = 0
        self._changed = asyncio.Event()

    async def prepare(self) -> None:
        """Sets everything before the first request. Raises CdpError, BrowserGone."""
        target, request = self.target, self._request
        for event, listener in self._listeners().items():
            target.on(event, listener)
        target.when_gone = lambda why: self._end(why, CutCode.FAILED)
        browser, context_id = self.context.browser, self.context.context_id
        asked = [
            target.send("Page.enable"),
            target.send("Network.enable", maxTotalBufferSize=MOST_BODY, maxResourceBufferSize=MOST_BODY),
            target.send("Page.setLifecycleEventsEnabled", enabled=True),
            target.send("Inspector.enable"),
            target.send(
                "Emulation.setDeviceMetricsOverride",
                width=request.width,
                height=request.height,
                deviceScaleFactor=1,
                mobile=False,
            ),
            target.send("Page.addScriptToEvaluateOnNewDocument", source=_NO_PEERS, runImmediately=True),
            browser.send("Browser.setDownloadBehavior", behavior="deny", browserContextId=context_id),
        ]
        if request.cookies:
            cookies = [_cookie(cookie, request.url) for cookie in request.cookies]
            asked.append(browser.send("Storage.setCookies", cookies=cookies, browserContextId=context_id))
        if patterns := self._patterns():
            asked.append(target.send("Fetch.enable", patterns=patterns))
        await asyncio.gather(*asked)

    # --- going and waiting -----------------------------------------------------------------------------------

    async def go(self, url: str, wait: str, selector: str) -> None:
        """Raises WorkFailed, CdpError, BrowserGone."""
        if urlsplit(url).scheme not in ("http", "https"):
            raise WorkFailed(CutCode.INVALID, "a page is an http or https URL")
        self._asked_url = url
        before, self._reached = self._reached, set()
        answer = await self.target.call("Page.navigate", url=url)
        self._asked_for = answer.get("loaderId", "")
        if not self._asked_for:  # another place in the document that is there
            self._reached |= before
        with suppress(ValueError):
            self._begun.remove(self._asked_for)
        if error := answer.get("errorText"):
            raise self._not_reached(str(error))
        await self.reach(wait, selector)

    async def reach(self, wait: str, selector: str = "") -> None:
        """Waits for the state of the present document."""
        if wait == "selector":
            await self.until(lambda: self._has(selector))
        else:
            await self.event(lambda: _STATES[wait] in self._reached)

    def forget_documents(self) -> None:
        """Those that the page went to so far are not waited for any more."""
        self._begun.clear()

    async def next_document(self) -> None:
        """Waits until the page has gone elsewhere, which it may have done before, and the document that it then has is
        parsed. Each document that the page goes to by itself is waited for once."""
        await self.event(lambda: bool(self._begun) and "DOMContentLoaded" in self._reached)
        self._begun.popleft()

    def check_reached(self) -> None:
        """Raises WorkFailed when the page went by itself to an address that gave none: what stands there is the
        browser's."""
        if self._unreached not in ("", self._asked_for, self.document.request_id):
            raise self._not_reached("")

    async def event(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            self._changed.clear()
            await self._changed.wait()

    async def until(self, is_so: Callable[[], Awaitable[bool]]) -> None:
        """Looks again and again until the answer is true."""
        pause_s = _FIRST_LOOK_S
        while True:
            # The document may be replaced in the middle of a look.
            with suppress(CdpError):
                if await is_so():
                    return
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 1.5, _LOOK_EVERY_S)

    # --- looking ---------------------------------------------------------------------------------------------

    async def node(self, selector: str) -> int:
        """The first element that matches; 0 for none. Raises CdpError for what is no selector."""
        root = await self.target.call("DOM.getDocument", depth=0)
        found = await self.target.call("DOM.querySelector", nodeId=root["root"]["nodeId"], selector=selector)
        return int(found["nodeId"])

    async def is_visible(self, node: int) -> bool:
        try:
            await self.target.call("DOM.getBoxModel", nodeId=node)
        except CdpError:
            return False
        return True

    async def html(self, selector: str = "") -> str | None:
        """The document, or the element that matches, as it stands; None for no element."""
        if selector:
            node = await self.node(selector)
            return (await self.target.call("DOM.getOuterHTML", nodeId=node))["outerHTML"] if node else None
        root = await self.target.call("DOM.getDocument", depth=0)
        text: str = (await self.target.call("DOM.getOuterHTML", nodeId=root["root"]["nodeId"]))["outerHTML"]
        return text

    async def content(self) -> bytes:
        """The document as it stands; the body as it came for what is no document. Raises WorkFailed."""
        self.check_reached()
        document = self.document
        if document.mime_type and document.mime_type not in _HTML:
            with suppress(CdpError):
                body = await self.target.call("Network.getResponseBody", requestId=document.request_id)
                if not body["base64Encoded"]:
                    return str(body["body"]).encode()
        return (await self.html() or "").encode("utf-8", "replace")

    async def cookies(self) -> list[BrowserCookie]:
        found = await self.context.browser.call("Storage.getCookies", browserContextId=self.context.context_id)
        return [
            BrowserCookie(
                cookie["name"],
                cookie["value"],
                cookie["domain"],
                cookie["path"],
                cookie["secure"],
                cookie["httpOnly"],
                cookie.get("sameSite", ""),
                max(0.0, cookie.get("expires", 0.0)),
            )
            for cookie in found["cookies"]
        ]

    async def evaluate(self, expression: str) -> str:
        """What the expression comes to, as JSON. Raises WorkFailed when it fails."""
        try:
            answer = await self.target.call(
                "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, userGesture=True
            )
        except CdpError as error:
            raise WorkFailed(CutCode.SCRIPT, f"the expression has no value that can be told: {error}") from None
        if (failed := answer.get("exceptionDetails")) is not None:
            told = failed.get("exception", {}).get("description") or failed.get("text", "")
            raise WorkFailed(CutCode.SCRIPT, f"the expression failed: {str(told)[:500]}")
        return json.dumps(answer["result"].get("value"))

    async def screenshot(self, *, full_page: bool = False) -> str:
        """PNG in base64, of what is in view or, up to a height, of the whole page."""
        given: Params = {"format": "png", "optimizeForSpeed": True}
        if full_page:
            size = (await self.target.call("Page.getLayoutMetrics"))["cssContentSize"]
            height = min(size["height"], _MOST_HEIGHT)
            given |= {
                "captureBeyondViewport": True,
                "clip": {"x": 0, "y": 0, "width": min(size["width"], _MOST_HEIGHT), "height": height, "scale": 1},
            }
        picture: str = (await self.target.call("Page.captureScreenshot", **given))["data"]
        return picture

    # --- events ----------------------------------------------------------------------------------------------

    def _listeners(self) -> dict[str, Callable[[Params], None]]:
        return {
            "Page.lifecycleEvent": self._on_lifecycle,
            "Page.frameNavigated": self._on_navigated,
            "Page.javascriptDialogOpening": self._on_dialog,
            "Network.requestWillBeSent": self.on_request,
            "Network.responseReceived": self.on_response,
            "Fetch.requestPaused": self._on_paused,
            "Inspector.targetCrashed": lambda _: self._end("the page crashed or outgrew its memory"),
            "Inspector.detached": lambda _: self._end("the page closed itself"),
            "Page.windowOpen": self._on_window,
        }

    def _end(self, why: str, code: CutCode = CutCode.BROKEN) -> None:
        if self.failure is None:
            self.failure = WorkFailed(code, why)
            self.when_ended()

    def _on_lifecycle(self, event: Params) -> None:
        if event["frameId"] != self.context.target_id:
            return
        if event["name"] == "init":
            self._reached.clear()
            if event["loaderId"] != self._asked_for:
                self._begun.append(event["loaderId"])
        self._reached.add(event["name"])
        self._changed.set()

    def _on_navigated(self, event: Params) -> None:
        frame = event["frame"]
        if frame["id"] == self.context.target_id:
            self._unreached = frame["loaderId"] if "unreachableUrl" in frame else ""

    def _on_dialog(self, _: Params) -> None:
        self._dialogs += 1
        if self._dialogs > MOST_DIALOGS:
            self._end(f"the page opened more than {MOST_DIALOGS} dialogs")
        else:
            self.target.send("Page.handleJavaScriptDialog", accept=False)

    def _on_window(self, _: Params) -> None:
        """It was not opened (a flag of the program): only the trying is counted."""
        self._windows += 1
        if self._windows > MOST_WINDOWS:
            self._end(f"the page opened more than {MOST_WINDOWS} windows")

    def on_request(self, event: Params) -> None:
        if event.get("type") == "Document" and event.get("frameId") == self.context.target_id:
            self._asked_url = event["request"]["url"]

    def on_response(self, event: Params) -> None:
        if event["type"] != "Document" or event.get("frameId") != self.context.target_id:
            return
        response = event["response"]
        self.document = Document(
            response["status"],
            response["url"],
            _version(response.get("protocol", "")),
            response["mimeType"],
            [(name.lower(), value) for name, value in response["headers"].items()],
            event["requestId"],
        )

    # --- requests that are held up ---------------------------------------------------------------------------

    def _patterns(self) -> list[Params]:
        patterns: list[Params] = [{"resourceType": kind} for kind in sorted(self._blocked)]
        if self._request.headers:
            patterns.append({"urlPattern": f"{_origin(self._request.url)}/*"})
        return patterns

    def _on_paused(self, event: Params) -> None:
        if event["resourceType"] in self._blocked:
            self.target.send("Fetch.failRequest", requestId=event["requestId"], errorReason="BlockedByClient")
            return
        # The caller's headers go to the origin that they are meant for, and to none that its page asks.
        given = dict(event["request"]["headers"]) | dict(self._request.headers)
        headers = [{"name": name, "value": value} for name, value in given.items()]
        self.target.send("Fetch.continueRequest", requestId=event["requestId"], headers=headers)

    def _not_reached(self, error: str) -> WorkFailed:
        parts = urlsplit(self._asked_url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        why: DialError | None = self._guard.why_not(self.context.name, (parts.hostname or "").strip("[]"), port)
        if why is not None:
            return WorkFailed(why.code, why.detail)
        if error == "net::ERR_ABORTED":
            return WorkFailed(CutCode.BROKEN, "the target is no page: a download, or an answer without content")
        reason = f": {error.removeprefix('net::')}" if error else ""
        return WorkFailed(CutCode.UNREACHABLE, f"{parts.hostname} gave no page{reason}")

    async def _has(self, selector: str) -> bool:
        self.check_reached()
        return bool(await self.node(selector))


_NO_PEERS = "for (const name of ['RTCPeerConnection', 'webkitRTCPeerConnection']) delete globalThis[name];"
"""Peers are connected to by datagrams, which go through no proxy."""


def _cookie(cookie: BrowserCookie, url: str) -> Params:
    given: Params = {
        "name": cookie.name,
        "value": cookie.value,
        "path": cookie.path,
        "secure": cookie.secure,
        "httpOnly": cookie.http_only,
    }
    given |= {"domain": cookie.domain} if cookie.domain else {"url": url}
    if cookie.same_site in ("Strict", "Lax", "None"):
        given["sameSite"] = cookie.same_site
    if cookie.expires > 0:
        given["expires"] = cookie.expires
    return given


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _version(protocol: str) -> str:
    """As it is usually written."""
    return {"h2": "HTTP/2", "h3": "HTTP/3"}.get(protocol, protocol.upper())
