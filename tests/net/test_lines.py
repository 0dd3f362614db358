"""Lines over TLS, against a host that tells, cuts, and comes back."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable

import pytest
from tests.patience import PATIENCE_S

from hedgerow.core.tasks import Backoff
from hedgerow.net.lines import LineStream
from hedgerow.net.stream import handled
from hedgerow.sim.dialects.betfair_ex.certificates import authority_pem, server_context
from hedgerow.sim.lines import LineSite, LineSocket


class Conversation:
    """Writes down what happens; `comes_back` is its answer to a close."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.opens = self.closes = 0
        self.comes_back = True

    def opened(self, send: Callable[[str | bytes], None]) -> None:
        self.opens += 1
        send(f"hello {self.opens}")

    def received(self, payload: memoryview, is_text: bool) -> None:
        self.lines.append(bytes(payload))

    def closed(self, code: int, reason: str) -> bool:
        self.closes += 1
        return self.comes_back


class Host:
    """Echoes each line as JSON text."""

    def __init__(self) -> None:
        self.url = ""
        self.open: list[LineSocket] = []

    async def converse(self, socket: LineSocket) -> None:
        self.open.append(socket)
        async for line in socket.lines():
            socket.push(line.decode())
        self.open.remove(socket)


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    made = Host()
    listening = await LineSite(server_context(asks_client=False), made.converse).listen("127.0.0.1", 0)
    made.url = listening.url
    yield made
    await listening.runner.cleanup()


@pytest.fixture
async def talk(host: Host, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Conversation]:
    monkeypatch.setattr(Backoff, "next_pause_s", lambda self: 0.01)
    said = Conversation()
    stream = LineStream("test", host.url, ssl.create_default_context(cadata=authority_pem()), said)
    stream.start()
    yield said
    await stream.stop()


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - what a socket brings has no event to wait for
            await asyncio.sleep(0.001)


async def test_lines_go_both_ways_and_are_counted(host: Host, talk: Conversation) -> None:
    await until(lambda: talk.lines)
    assert talk.lines == [b'"hello 1"\r\n']
    await until(lambda: handled.snapshot().get(host.open[0].pair) == host.open[0].sent == 1)


async def test_a_cut_line_comes_back_on_a_new_socket(host: Host, talk: Conversation) -> None:
    await until(lambda: talk.lines)
    host.open[0].close(1006)
    await until(lambda: len(talk.lines) == 2)
    assert (talk.lines[1], talk.closes) == (b'"hello 2"\r\n', 1)


async def test_a_conversation_that_gives_up_is_not_begun_again(host: Host, talk: Conversation) -> None:
    await until(lambda: talk.lines)
    talk.comes_back = False
    host.open[0].close(1000)
    await until(lambda: talk.closes)
    await asyncio.sleep(0.05)
    assert (talk.opens, host.open) == (1, [])


async def test_a_host_that_is_not_trusted_is_not_talked_to(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Backoff, "next_pause_s", lambda self: 0.01)
    said = Conversation()
    stream = LineStream("test", host.url, ssl.create_default_context(), said)
    stream.start()
    await asyncio.sleep(0.05)
    await stream.stop()
    assert said.opens == 0


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "tls://127.0.0.1", "tls://:1"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="tls://host:port"):
        LineStream("test", url, ssl.create_default_context(), Conversation())
