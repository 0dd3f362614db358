"""What a client asks of the browser, by JSON or by headers: pure reading and checking of it.

Source: the published contract of the API.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar, get_args

import msgspec

from hedgerow.core.decoding import UNREADABLE
from hedgerow.core.errors import ApiError
from hedgerow.scraping.gateway.request import (
    Target,
    check_proxy,
    is_true,
    own_headers,
    read_control,
    read_target,
    read_timeout,
    read_wanted,
)
from hedgerow.scraping.gateway.selection import Wanted
from hedgerow.scraping.messages import Kind
from hedgerow.scraping.pages import (
    MOST_STEPS,
    Blockable,
    BrowserCookie,
    BrowserRequest,
    Capture,
    Captured,
    Step,
    WaitStrategy,
)
from hedgerow.storage.accounts import ApiKey

T = TypeVar("T")

MOST_REQUEST = 256 * 1024
"""Bytes of all that is asked for; it goes to the agent as one head."""
_SIDES = range(100, 4097)
_MOST_COOKIES = 300
_DEFAULT_CAPTURE = "network,ws,console"


class _Body(msgspec.Struct, frozen=True, rename="camel"):
    """As it comes; other keys are ignored. The API key is read apart, so that it is in no error."""

    url: str
    headers: dict[str, str] = {}
    cookies: list[BrowserCookie] = []
    wait_strategy: WaitStrategy = "load"
    wait_selector: str = ""
    timeout: float | None = None
    js_expression: str = ""
    screenshot: bool = False
    viewport_width: int = 1440
    viewport_height: int = 900
    block_resources: list[Blockable] = []
    proxy: str = ""
    expect_selector: str = ""
    expect_contains: str = ""
    steps: list[Step] = []
    geo: str | None = None
    agent: str | None = None


@dataclass(frozen=True, slots=True)
class PageAsk:
    """What is asked for, and of whom."""

    target: Target
    wanted: Wanted
    explains: bool
    request: BrowserRequest
    key_id: int


_body = msgspec.json.Decoder(_Body)
_steps = msgspec.json.Decoder(list[Step])
_cookies = msgspec.json.Decoder(list[BrowserCookie] | dict[str, str])


def read_body(body: bytes, key: ApiKey, *, explains: bool) -> PageAsk:
    """The JSON form. Raises ApiError 400."""
    told = _read(_body, body, "request body")
    target = read_target(told.url)
    if told.proxy:
        check_proxy(told.proxy, "proxy")
    if told.viewport_width not in _SIDES or told.viewport_height not in _SIDES:
        raise ApiError(400, f"A viewport's sides are {_SIDES.start} to {_SIDES.stop - 1} pixels")
    headers = own_headers(told.headers, key.prefix)
    cookies = _cookies_of_header(next((value for name, value in headers if name == "cookie"), "")) + told.cookies
    wanted = read_wanted(told.geo or "", told.agent or "", Kind.BROWSER.capability)
    request = BrowserRequest(
        target.url,
        read_timeout(told.timeout),
        told.wait_strategy,
        told.wait_selector,
        [(name, value) for name, value in headers if name != "cookie"],
        cookies,
        told.screenshot,
        told.js_expression,
        told.viewport_width,
        told.viewport_height,
        frozenset(told.block_resources),
        told.proxy or None,
        told.expect_selector,
        told.expect_contains,
        told.steps,
        None,
        key.targets_allow,
        key.targets_deny,
    )
    return PageAsk(target, wanted, explains, _checked(request), key.key_id)


def read_headers(headers: Iterable[tuple[bytes, bytes]], key: ApiKey, *, watches: bool) -> PageAsk:
    """The form by headers; watches: of a session that tells what happens. Raises ApiError 400."""
    given = list(headers)
    control = read_control(given, Kind.BROWSER)
    told = {name.decode("latin-1"): value.decode("latin-1").strip() for name, value in given}
    cookies = _cookies_of_header(told.get("cookie", ""))
    if more := told.get("x-cookies"):
        read = _read(_cookies, more.encode(), "X-Cookies")
        cookies += read if isinstance(read, list) else [BrowserCookie(name, value) for name, value in read.items()]
    wait = told.get("x-wait-strategy") or ("networkidle" if watches else "load")
    steps = told.get("x-steps")
    request = BrowserRequest(
        control.target.url,
        control.timeout_s,
        _one_of(wait, WaitStrategy, "X-Wait-Strategy"),
        told.get("x-wait-selector", ""),
        cookies=cookies,
        screenshot=is_true(told.get("x-screenshot", "")),
        expression=told.get("x-js-after-load" if watches else "x-js-expression", ""),
        blocked=_words(told.get("x-block-resources", ""), Blockable, "X-Block-Resources"),
        proxy=control.proxy,
        expect_selector="" if watches else told.get("x-expect-selector", ""),
        expect_contains="" if watches else told.get("x-expect-contains", ""),
        steps=_read(_steps, steps.encode(), "X-Steps") if steps else [],
        capture=_capture(told) if watches else None,
        allow=key.targets_allow,
        deny=key.targets_deny,
    )
    return PageAsk(control.target, control.wanted, control.explains, _checked(request), key.key_id)


def _capture(told: dict[str, str]) -> Capture:
    kinds: frozenset[Captured] = _words(told.get("x-capture") or _DEFAULT_CAPTURE, Captured, "X-Capture")
    selector = told.get("x-dom-selector", "")
    return Capture(
        kinds | frozenset[Captured]({"dom"}) if selector else kinds,
        selector,
        _parts(told.get("x-network-filter", "")),
        _parts(told.get("x-ws-filter", "")),
    )


def _checked(request: BrowserRequest) -> BrowserRequest:
    if request.wait == "selector" and not request.wait_selector:
        raise ApiError(400, "Waiting for a selector needs one: waitSelector or X-Wait-Selector")
    if len(request.steps) > MOST_STEPS or len(request.cookies) > _MOST_COOKIES:
        raise ApiError(400, f"At most {MOST_STEPS} steps and {_MOST_COOKIES} cookies are taken")
    for number, step in enumerate(request.steps, 1):
        if step.action == "navigate":
            read_target(step.value)
        if step.timeout is not None and not step.timeout > 0:
            raise ApiError(400, f"Step {number}: its timeout must be a positive number of seconds")
    return request


def _read(decoder: msgspec.json.Decoder[T], text: bytes, what: str) -> T:
    try:
        return decoder.decode(text)
    except UNREADABLE as error:
        raise ApiError(400, f"Invalid {what}: {error}") from None


def _one_of(word: str, words: object, what: str) -> WaitStrategy:
    known: tuple[WaitStrategy, ...] = get_args(words)
    for one in known:
        if one == word:
            return one
    raise ApiError(400, f"{what} is one of {', '.join(known)}")


def _words(text: str, words: object, what: str) -> frozenset[T]:
    """Some of the words of a closed set."""
    known = get_args(words)
    asked = frozenset(part.lower() for part in _parts(text))
    if not asked <= set(known):
        raise ApiError(400, f"{what} takes {', '.join(known)}")
    return asked  # type: ignore[return-value]  # each is one of the known


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _cookies_of_header(text: str) -> list[BrowserCookie]:
    pairs = (part.partition("=") for part in text.split(";"))
    return [BrowserCookie(name.strip(), value.strip()) for name, sign, value in pairs if sign and name.strip()]
