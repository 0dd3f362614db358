"""Pages that are watched, while they are: what comes in between, and what is counted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from tests.patience import PATIENCE_S
from tests.scraping.pages import Site, events, needs_browser

from hedgerow.storage.database import decode_json

from .gatewaykit import Net
from .test_browser import joined

pytestmark = needs_browser

SOCKETS = """<script>
function follow(path, then) {
  const socket = new WebSocket(`ws://${location.host}/socket${path}`);
  socket.onmessage = () => { socket.send('thanks'); socket.close(); };
  socket.onclose = then;
}
follow('?other', () => follow('?live', () => console.log('both', 'closed')));
</script>"""


class Watched:
    """A session of `/browser/stream`, read as it goes on."""

    def __init__(self, answer: httpx.Response) -> None:
        self.text = ""
        self._parts = answer.aiter_text()

    async def until(self, text: str) -> None:
        """Reads until the stream has told this."""
        async with asyncio.timeout(PATIENCE_S):
            while text not in self.text:
                self.text += await anext(self._parts)

    async def rest(self) -> list[dict[str, object]]:
        """All its events, once it has ended by itself."""
        async with asyncio.timeout(PATIENCE_S):
            async for part in self._parts:
                self.text += part
        return events(self.text)


@asynccontextmanager
async def watching(net: Net, key: dict[str, str], url: str, **headers: str) -> AsyncIterator[Watched]:
    """A page that is watched for longer than any test has patience; headers: with _ for -."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    asked = {**key, "X-Target-URL": url, "X-Wait-Strategy": "load", "X-Timeout": "300", **given}
    async with net.http.stream("GET", "/browser/stream", headers=asked) as answer:
        assert answer.status_code == 200
        yield Watched(answer)


async def test_sockets_of_a_page_are_told_of_to_their_end_where_the_filter_has_them(net: Net, web: Site) -> None:
    await joined(net)
    async with watching(net, await net.key(), web.page(SOCKETS), X_WS_Filter="nowhere, ?live") as watched:
        await watched.until("both closed")
        told = [one for one in events(watched.text) if str(one["type"]).startswith("ws_")]
    assert [(one["type"], one.get("direction"), one.get("data")) for one in told] == [
        ("ws_open", None, None),
        ("ws_message", "received", "1.95"),
        ("ws_message", "sent", "thanks"),
        ("ws_close", None, None),
    ]
    assert len({one["ws_id"] for one in told}) == 1
    assert told[0]["url"] == told[-1]["url"] == f"{web.base.replace('http', 'ws')}/socket?live"


async def test_quiet_page_keeps_its_connection_by_comments(
    net: Net, web: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hedgerow.scraping.gateway.browser.KEEP_ALIVE_S", 0.02)
    await joined(net)
    async with watching(net, await net.key(), f"{web.base}/form", X_Capture="ws") as watched:
        await watched.until("\n\n: keep-alive\n\n: keep-alive\n\n")


async def test_watched_page_is_counted_while_it_is(net: Net, web: Site) -> None:
    await joined(net)
    key = await net.key()

    async def used() -> tuple[int, int, int]:
        told = decode_json((await net.http.get("/usage", headers=key)).content)
        return told["by_protocol"]["browser"], told["success"], told["bytes_transferred"]

    async with watching(net, key, f"{web.base}/live") as watched:
        await watched.until("event: connected")
        assert (await used())[:2] == (1, 1)
        await watched.until("price 1.95")
        before = await used()
        assert before >= (1, 1, len(watched.text))
    assert (await used())[:2] == (1, 1)


async def test_refusals_of_a_watched_page_tell_the_limit(net: Net, web: Site) -> None:
    await joined(net)
    key = await net.key(max_concurrent=1)
    async with watching(net, key, f"{web.base}/form"):
        busy = await net.http.get("/browser/stream", headers={**key, "X-Target-URL": f"{web.base}/form"})
    refused = await net.http.get("/browser/stream", headers={**key, "X-Target-URL": "http://10.0.0.1/"})
    unread = await net.http.get("/browser/stream", headers=key)
    assert (busy.status_code, refused.status_code, unread.status_code) == (429, 403, 400)
    assert busy.headers["Retry-After"] == "1"
    for answer in (busy, refused, unread):
        assert answer.headers["X-RateLimit-Limit"] == "100000"
        assert int(answer.headers["X-RateLimit-Remaining"]) < 100_000
