"""What streams of kind BROWSER carry: a page that is asked for, and what became of it.

Source: the published contract of the API; HTML Standard, section 9.2 (server-sent events).
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

WaitStrategy = Literal["load", "networkidle", "selector"]
"""load: the document is parsed; networkidle: then at most two requests for half a second; selector: then an element is
there."""
Blockable = Literal["image", "stylesheet", "font", "media", "script", "xhr", "fetch", "other"]
"""xhr and fetch are one: what holds requests up cannot tell them apart."""
Captured = Literal["network", "ws", "dom", "console"]
Action = Literal[
    "navigate",
    "click",
    "type",
    "clear",
    "select",
    "wait",
    "waitNavigation",
    "waitHidden",
    "scroll",
    "hover",
    "press",
    "focus",
    "evaluate",
    "screenshot",
    "sleep",
]
MOST_STEPS = 100

_encode = msgspec.json.Encoder().encode


class BrowserCookie(msgspec.Struct, frozen=True, rename="camel"):
    """expires: seconds since 1970; 0: with the session. domain: empty for the target's own."""

    name: str
    value: str
    domain: str = ""
    path: str = "/"
    secure: bool = False
    http_only: bool = False
    same_site: str = "Lax"
    expires: float = 0.0

    def __repr__(self) -> str:
        return f"BrowserCookie({self.name!r})"


class Step(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """One thing that is done on the page. value: what is typed, selected or pressed, or the URL to go to. x, y: pixels
    to scroll by. ms: of a sleep. timeout: seconds for this step alone."""

    action: Action
    selector: str = ""
    value: str = ""
    expression: str = ""
    x: int = 0
    y: int = 0
    ms: int = 0
    timeout: float | None = None
    full_page: bool = False
    continue_on_error: bool = False


class Capture(msgspec.Struct, frozen=True, array_like=True):
    """What a session tells while it lasts. The filters are parts of URLs, any of which must be in one; empty: all."""

    kinds: frozenset[Captured]
    dom_selector: str = ""
    network_filter: tuple[str, ...] = ()
    socket_filter: tuple[str, ...] = ()


class BrowserRequest(msgspec.Struct, frozen=True):
    """One page to render, or with `capture` to watch until the time is over. headers: for the target's origin alone.
    cookies: also those of the header `Cookie`. proxy: a URL that may hold a password."""

    url: str
    timeout_s: float
    wait: WaitStrategy = "load"
    wait_selector: str = ""
    headers: list[tuple[str, str]] = []
    cookies: list[BrowserCookie] = []
    screenshot: bool = False
    expression: str = ""
    width: int = 1440
    height: int = 900
    blocked: frozenset[Blockable] = frozenset()
    proxy: str | None = None
    expect_selector: str = ""
    expect_contains: str = ""
    steps: list[Step] = []
    capture: Capture | None = None
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "BrowserRequest()"


class StepDone(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of a step. result: JSON. screenshot: PNG in base64."""

    step: int
    action: str
    error: str | None = None
    result: str | None = None
    screenshot: str | None = None


class BrowserAnswer(msgspec.Struct, frozen=True):
    """A rendered page. content: the document as it stands, or for what is no HTML the body. js_result: JSON.
    screenshot: PNG in base64."""

    status: int
    url: str
    version: str
    headers: list[tuple[str, str]]
    mime_type: str
    content: bytes
    cookies: list[BrowserCookie]
    screenshot: str | None
    js_result: str | None
    steps: list[StepDone]


def event(kind: str, **data: Any) -> bytes:
    """One server-sent event."""
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), _encode({"type": kind, **data}))
