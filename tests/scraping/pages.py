"""A web site for browsers: pages that do what pages do, and what they should not."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

import pytest
from aiohttp import WSMsgType, web

from hedgerow.scraping.agent.browser.program import NoBrowserError, find_program

ROWS = """<title>Rows</title><body><script>
document.cookie = 'seen=1';
fetch('/rows').then((answer) => answer.json()).then((rows) => {
  document.body.innerHTML = rows.map((row) => `<p>${row}</p>`).join('');
  document.body.id = 'ready';
});
</script>"""

FORM = """<body><input id=name value=old><select id=side><option value=b>Back<option value=l>Lay</select>
<button id=go onclick="done.textContent = name_.value + ' ' + side.value">go</button><p id=done></p>
<p id=gone>soon</p><div style="height: 3000px"></div><p id=below>below</p>
<script>
const name_ = document.getElementById('name'), side = document.getElementById('side');
const done = document.getElementById('done');
name_.addEventListener('keydown', (event) => { if (event.key === 'Enter' && event.isTrusted) done.title = 'entered'; });
setTimeout(() => document.getElementById('gone').remove(), 50);
</script>"""

LIVE = """<body><p id=price>1.90</p><script>
const socket = new WebSocket(`ws://${location.host}/socket`);
socket.onmessage = (event) => {
  document.getElementById('price').textContent = event.data;
  console.log('price', event.data);
  fetch('/rows');
};
</script>"""

LOOPS = "<script>while (true) {}</script>"
ALLOCATES = "<script>const all = []; setInterval(() => all.push(new Uint8Array(1e8).fill(1)), 1);</script>"
FILLS_THE_HEAP = "<script>const all = []; for (;;) all.push(new Array(1000).fill(1.5));</script>"
OPENS_DIALOGS = "<script>for (;;) alert('again');</script>"
OPENS_WINDOWS = "<script>setInterval(() => window.open('/'), 5);</script>"


def has_browser() -> bool:
    try:
        find_program(None)
    except NoBrowserError:
        return False
    return True


needs_browser = pytest.mark.skipif(
    not has_browser(), reason="no Chromium on this machine: apt-get install chromium-headless-shell (as root)"
)


@dataclass
class Site:
    """asked: how often each path was. headers: of the last request of each."""

    base: str = ""
    asked: Counter[str] = field(default_factory=Counter)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)

    def page(self, html: str) -> str:
        """The URL of a page of this text."""
        return f"{self.base}/html?{quote(html)}"


async def _given(request: web.Request) -> web.Response:
    return web.Response(text=unquote(request.rel_url.raw_query_string), content_type="text/html")


async def _rows(_: web.Request) -> web.Response:
    return web.json_response(list(range(200)))


async def _download(_: web.Request) -> web.StreamResponse:
    return web.Response(body=b"x" * 1000, headers={"Content-Disposition": "attachment; filename=x.bin"})


async def _away(request: web.Request) -> web.Response:
    raise web.HTTPFound(request.query["to"])


@asynccontextmanager
async def pages() -> AsyncIterator[Site]:
    """A site that listens on all of the loopback's addresses."""
    site = Site()

    @web.middleware
    async def noted(request: web.Request, handler: object) -> web.StreamResponse:
        site.asked[request.path] += 1
        site.headers[request.path] = {name.lower(): value for name, value in request.headers.items()}
        return await handler(request)  # type: ignore[operator,no-any-return]

    def html(text: str) -> object:
        async def answer(_: web.Request) -> web.Response:
            return web.Response(text=text, content_type="text/html", headers={"Set-Cookie": "inner=2; HttpOnly"})

        return answer

    async def sometimes(request: web.Request) -> web.Response:
        is_there = site.asked[request.path] > 1
        return web.Response(text="<p id=offer>1.90</p>" if is_there else "<p>denied</p>", content_type="text/html")

    async def socket(request: web.Request) -> web.WebSocketResponse:
        answer = web.WebSocketResponse()
        await answer.prepare(request)
        await answer.send_str("1.95")
        async for message in answer:
            if message.type is not WSMsgType.TEXT:
                break
        return answer

    app = web.Application(middlewares=[noted])  # type: ignore[list-item]
    for path, handler in {
        "/": html(ROWS),
        "/form": html(FORM),
        "/live": html(LIVE),
        "/html": _given,
        "/rows": _rows,
        "/sometimes": sometimes,
        "/download": _download,
        "/away": _away,
        "/socket": socket,
    }.items():
        app.router.add_get(path, handler)  # type: ignore[arg-type]
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield site
    finally:
        await runner.cleanup()


class Trap:
    """Counts whoever connects or sends to an address that must not be reached."""

    def __init__(self) -> None:
        self.touched = 0
        self.port = 0

    @asynccontextmanager
    async def set(self, host: str) -> AsyncIterator[Trap]:
        trap = self

        class Udp(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, address: object) -> None:
                trap.touched += 1

        async def tcp(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            trap.touched += 1
            writer.close()

        server = await asyncio.start_server(tcp, host, 0)
        self.port = server.sockets[0].getsockname()[1]
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Udp, (host, self.port))
        try:
            yield self
        finally:
            transport.close()
            server.close()
            await server.wait_closed()


def events(text: str) -> list[dict[str, object]]:
    """The server-sent events of a stream; each names itself twice in the same way."""
    found = []
    for part in text.split("\n\n"):
        if not part.startswith("event: "):
            continue
        name, data = part.removeprefix("event: ").split("\ndata: ", 1)
        told = json.loads(data)
        assert told["type"] == name
        found.append(told)
    return found
