"""The conversation with a browser, whatever a page makes it say."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator

import pytest
from tests.patience import PATIENCE_S

from hedgerow.scraping.agent.browser import cdp
from hedgerow.scraping.agent.browser.cdp import BrowserGone, CdpError, Connection


class Browser:
    """The browser's end."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected

    async def say(self, text: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self.socket, text + b"\0")

    async def asked(self) -> list[dict[str, object]]:
        got = await asyncio.get_running_loop().sock_recv(self.socket, 65536)
        return [json.loads(part) for part in got.split(b"\0") if part]


@pytest.fixture
async def joined() -> AsyncIterator[tuple[Connection, Browser]]:
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.settimeout(0)
    connection = await Connection.on(ours)
    async with asyncio.timeout(PATIENCE_S):
        yield connection, Browser(theirs)
    connection.close()
    theirs.close()


async def test_answers_find_who_asked_and_events_who_listens(joined: tuple[Connection, Browser]) -> None:
    connection, browser = joined
    page, heard = connection.target("s"), []
    page.on("Page.x", heard.append)
    first, second = connection.browser.send("A"), page.send("B", value=1)
    asked = await browser.asked()
    assert [(one["method"], one.get("sessionId")) for one in asked] == [("A", None), ("B", "s")]
    await browser.say(b'{"method":"Page.x","params":{"a":1},"sessionId":"s"}')
    await browser.say(b'{"id":2,"result":{"b":2},"sessionId":"s"}\0{"id":1,"error":{"message":"no"}}')
    assert await second == {"b": 2}
    with pytest.raises(CdpError, match="no"):
        await first
    assert heard == [{"a": 1}]


async def test_lone_surrogates_are_replaced(joined: tuple[Connection, Browser]) -> None:
    connection, browser = joined
    waiting = connection.browser.send("A")
    await browser.say(b'{"id":1,"result":{"title":"\\ud83d, \\ud83d\\ude00"}}')
    assert await waiting == {"title": "?, \N{GRINNING FACE}"}


async def test_answer_that_is_too_large_fails_its_own_call_alone(
    joined: tuple[Connection, Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cdp, "MOST_MESSAGE", 1000)
    connection, browser = joined
    large, small = connection.browser.send("A"), connection.browser.send("B")
    await browser.say(b'{"id":1,"result":{"html":"' + b"x" * 500_000 + b'"}}')
    await browser.say(b'{"id":2,"result":{}}')
    with pytest.raises(CdpError, match="too large"):
        await large
    assert await small == {}


async def test_event_that_is_not_understood_ends_its_page_alone(joined: tuple[Connection, Browser]) -> None:
    connection, browser = joined
    bad, good = connection.target("bad"), connection.target("good")
    bad.on("Page.x", lambda told: told["missing"])
    lost, kept = bad.send("A"), good.send("B")
    await browser.say(b'{"method":"Page.x","params":{},"sessionId":"bad"}')
    await browser.say(b'{"id":2,"result":{},"sessionId":"good"}')
    assert await kept == {}
    with pytest.raises(BrowserGone):
        await lost


async def test_end_of_the_browser_is_told_to_all(joined: tuple[Connection, Browser]) -> None:
    connection, browser = joined
    waiting = connection.target("s").send("A")
    await browser.asked()
    browser.socket.close()
    with pytest.raises(BrowserGone):
        await waiting
    await connection.ended.wait()
    with pytest.raises(BrowserGone):
        await connection.browser.call("B")
