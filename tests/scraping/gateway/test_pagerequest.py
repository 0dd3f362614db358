"""What clients ask of the browser, by JSON and by headers."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.errors import ApiError
from hedgerow.scraping.gateway.pagerequest import PageAsk, read_body, read_headers
from hedgerow.scraping.pages import BrowserCookie, Capture
from hedgerow.storage.accounts import ApiKey

KEY = ApiKey(
    "53dcc0f3", "demo", "scraping", True, 60, Decimal(10), (), None, 1, None, ("example.com",), ("*.example.org",)
)


def by_json(**asked: Any) -> PageAsk:
    return read_body(json.dumps({"url": "https://example.com", **asked}).encode(), KEY, explains=False)


def by_headers(*, watches: bool = False, **asked: str) -> PageAsk:
    given = {"x-target-url": "https://example.com", **{name.replace("_", "-"): text for name, text in asked.items()}}
    return read_headers([(name.encode(), text.encode()) for name, text in given.items()], KEY, watches=watches)


def test_json_and_headers_ask_for_the_same() -> None:
    steps = [{"action": "click", "selector": "#a", "continueOnError": True}]
    cookies = [{"name": "a", "value": "1", "httpOnly": True}]
    written = by_json(
        timeout=12,
        waitStrategy="selector",
        waitSelector="#x",
        jsExpression="1",
        screenshot=True,
        blockResources=["image", "font"],
        proxy="http://proxy.example:80",
        expectSelector="#y",
        expectContains="z",
        steps=steps,
        cookies=cookies,
        geo="de",
        agent="scraping-de1",
    )
    named = by_headers(
        x_timeout="12",
        x_wait_strategy="selector",
        x_wait_selector="#x",
        x_js_expression="1",
        x_screenshot="true",
        x_block_resources="image, Font",
        x_proxy="http://proxy.example:80",
        x_expect_selector="#y",
        x_expect_contains="z",
        x_steps=json.dumps(steps),
        x_cookies=json.dumps(cookies),
        x_country="DE",
        x_agent="de1",
    )
    assert written == named
    assert (written.request.allow, written.request.deny) == (("example.com",), ("*.example.org",))


def test_cookies_come_from_all_places_and_headers_without_our_own() -> None:
    ours = "53dcc0f3-0f5d-4b8b-a59c-5c24c0f5d0e1"
    given = {"Cookie": "a=1; b=2=3", "X-Api-Key": "the target's", "X-Mine": ours, "Host": "h", "Accept": "x", "Te": "x"}
    asked = by_json(headers=given).request
    assert asked.cookies == [BrowserCookie("a", "1"), BrowserCookie("b", "2=3")]
    assert asked.headers == [("x-api-key", "the target's"), ("accept", "x")]
    assert by_headers(cookie="a=1", x_cookies='{"b": "2"}').request.cookies == [
        BrowserCookie("a", "1"),
        BrowserCookie("b", "2"),
    ]


def test_watched_page_says_what_is_captured() -> None:
    plain = by_headers(watches=True).request
    assert plain.wait == "networkidle"
    assert plain.capture == Capture(frozenset({"network", "ws", "console"}))
    asked = by_headers(
        watches=True, x_capture="ws", x_dom_selector="#a", x_network_filter="/api, .json", x_ws_filter="live"
    )
    assert asked.request.capture == Capture(frozenset({"ws", "dom"}), "#a", ("/api", ".json"), ("live",))


@pytest.mark.parametrize(
    "asked",
    [
        {"url": "file:///etc/passwd"},
        {"url": "chrome://settings"},
        {"waitStrategy": "forever"},
        {"waitStrategy": "selector"},
        {"timeout": 0},
        {"viewportWidth": 5000},
        {"blockResources": ["everything"]},
        {"proxy": "ftp://x"},
        {"geo": "XX"},
        {"steps": [{"action": "dance"}]},
        {"steps": [{"action": "navigate", "value": "file:///etc/passwd"}]},
        {"steps": [{"action": "click", "selectr": "#a"}]},
        {"steps": [{"action": "wait", "timeout": -1}]},
        {"steps": [{"action": "sleep"}] * 101},
        {"cookies": [{"name": "a", "value": "1"}] * 301},
        {"cookies": [{"name": "a"}]},
        {"cookies": [{"value": "1"}]},
        {"headers": {"a": "b\r\nc: d"}},
    ],
)
def test_what_cannot_be_done_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as raised:
        by_json(**asked)
    assert raised.value.status == 400


@pytest.mark.parametrize(
    "asked",
    [{"x_steps": "[{]"}, {"x_cookies": "1"}, {"x_wait_strategy": "x"}, {"x_capture": "all"}, {"x_target_url": ""}],
)
def test_headers_that_cannot_be_understood_are_refused(asked: dict[str, str]) -> None:
    with pytest.raises(ApiError) as raised:
        by_headers(watches=True, **asked)
    assert raised.value.status == 400
