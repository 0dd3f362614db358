"""The client for targets without TLS, on real connections to targets that the tests write by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from tests.patience import PATIENCE_S
from tests.scraping.agentkit import LOOPBACK

from hedgerow.scraping.agent import plain
from hedgerow.scraping.agent.answers import MOST_AT_ONCE, Asked
from hedgerow.scraping.agent.dial import Dialer, Way
from hedgerow.scraping.agent.plain import PlainAnswer, PlainClient
from hedgerow.scraping.agent.work import WorkFailed
from hedgerow.scraping.guard import Lists
from hedgerow.scraping.linkevents import CutCode
from hedgerow.scraping.linksocket import Channel, StreamCut

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

Say = Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Target:
    """heads: of the requests that came. connections: that were made."""

    url: str = ""
    heads: list[bytes] = field(default_factory=list)
    connections: list[asyncio.StreamWriter] = field(default_factory=list)


@asynccontextmanager
async def target(say: Say | bytes) -> AsyncIterator[Target]:
    """Answers each request with these bytes, or as it likes."""
    found = Target()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.connections.append(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                found.heads.append(head)
                if isinstance(say, bytes):
                    writer.write(say)
                else:
                    await say(head, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server:
        async with asyncio.timeout(PATIENCE_S):
            yield found
        for writer in found.connections:
            writer.close()


@asynccontextmanager
async def client() -> AsyncIterator[PlainClient]:
    asking = PlainClient(Dialer(LOOPBACK))
    try:
        yield asking
    finally:
        asking.close()


class Stream:
    """A body that is passed on; an error in it is raised."""

    def __init__(self, *parts: bytes | Exception) -> None:
        self._parts = list(parts)

    async def read(self) -> bytes:
        await asyncio.sleep(0)
        part = self._parts.pop(0) if self._parts else b""
        if isinstance(part, Exception):
            raise part
        return part


def asked(url: str, **given: Any) -> Asked:
    stream = cast("Channel", given.pop("stream", Stream()))
    return Asked(**{"method": "GET", "url": url, "headers": [], "body": b"", "way": Way(), **given}, channel=stream)


async def whole(answer: PlainAnswer) -> bytes:
    parts = []
    try:
        while not answer.is_read:
            parts.append(await answer.read())
    finally:
        await answer.close()
    return b"".join(parts)


async def fetched(asking: PlainClient, url: str, **given: Any) -> bytes:
    return await whole(await asking.send(asked(url, **given)))


async def failure(asking: PlainClient, url: str, **given: Any) -> WorkFailed:
    with pytest.raises(WorkFailed) as caught:
        await fetched(asking, url, **given)
    return caught.value


async def test_one_connection_serves_one_request_after_the_other() -> None:
    async with target(OK) as there, client() as asking:
        for _ in range(3):
            assert await fetched(asking, there.url) == b"ok"
        assert (len(there.heads), len(there.connections)) == (3, 1)


async def test_an_answer_to_head_is_not_taken_for_the_next_ones_beginning() -> None:
    async def say(head: bytes, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK.removesuffix(b"ok") if head.startswith(b"HEAD") else OK)

    async with target(say) as there, client() as asking:
        for method, body in (("GET", b"ok"), ("HEAD", b""), ("GET", b"ok"), ("HEAD", b""), ("GET", b"ok")):
            assert await fetched(asking, there.url, method=method) == body
        assert len(there.connections) == 1


async def test_requests_at_one_time_have_connections_of_their_own() -> None:
    async with target(OK) as there, client() as asking:
        assert await asyncio.gather(*(fetched(asking, there.url) for _ in range(5))) == [b"ok"] * 5
        assert len(there.connections) == 5


async def test_connections_of_one_way_serve_no_other() -> None:
    async with target(OK) as there, client() as asking:
        await fetched(asking, there.url)
        await fetched(asking, there.url, way=Way(Lists(deny=("10.0.0.0/8",))))
        assert len(there.connections) == 2
        denied = await failure(asking, there.url, way=Way(Lists(deny=("127.0.0.0/8",))))
        assert (denied.code, len(there.connections)) == (CutCode.REFUSED, 2)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
        OK + b"more",
    ],
    ids=["closes", "second", "more"],
)
async def test_a_connection_that_is_not_clean_is_not_used_again(answer) -> None:
    async with target(answer) as there, client() as asking:
        for _ in range(2):
            assert await fetched(asking, there.url) == b"ok"
        assert len(there.connections) == 2


async def test_what_a_target_says_later_unasked_is_no_answer(eventually) -> None:
    async with target(OK) as there, client() as asking:
        await fetched(asking, there.url)
        there.connections[0].write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        await eventually(there.connections[0].is_closing)
        assert await fetched(asking, there.url) == b"ok"
        assert len(there.connections) == 2


async def test_a_connection_that_the_target_closed_is_not_used_again(eventually) -> None:
    async with target(OK) as there, client() as asking:
        await fetched(asking, there.url)
        there.connections[0].close()
        await there.connections[0].wait_closed()
        await asyncio.sleep(0.01)
        assert await fetched(asking, there.url) == b"ok"
        assert len(there.connections) == 2


async def test_a_request_that_was_written_is_never_written_again() -> None:
    async def once(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(there.heads) == 1:
            writer.write(OK)
        else:
            writer.close()

    async with target(once) as there, client() as asking:
        await fetched(asking, there.url)
        assert (await failure(asking, there.url)).code is CutCode.BROKEN
        assert len(there.heads) == 2


async def test_idle_connections_are_bounded_and_end_after_a_while(monkeypatch, eventually) -> None:
    monkeypatch.setattr(plain, "MOST_IDLE", 5)
    monkeypatch.setattr(plain, "MOST_IDLE_OF_A_TARGET", 3)
    monkeypatch.setattr(plain, "IDLE_S", 0.0)
    monkeypatch.setattr(plain, "_LOOK_EVERY_S", 0.3)

    def still_open(there: Target) -> int:
        return sum(not writer.is_closing() for writer in there.connections)

    async with target(OK) as one, target(OK) as two, client() as asking:
        for there, left in ((one, 3), (two, 3)):
            await asyncio.gather(*(fetched(asking, there.url) for _ in range(6)))
            await eventually(lambda there=there, left=left: still_open(there) == left)
        await eventually(lambda: still_open(one) == 2)
        await eventually(lambda: still_open(one) + still_open(two) == 0)


async def test_a_connection_in_use_is_kept_though_other_targets_came_between(monkeypatch) -> None:
    monkeypatch.setattr(plain, "_MOST_SHELVES", 1)
    async with target(OK) as one, target(OK) as two, client() as asking:
        under_way = await asking.send(asked(one.url))
        assert await fetched(asking, two.url) == b"ok"
        assert await whole(under_way) == b"ok"
        assert await fetched(asking, one.url) == b"ok"
        assert (len(one.connections), len(two.connections)) == (1, 1)


async def test_an_answer_of_the_largest_size_in_one_piece_comes_whole() -> None:
    body = bytes(range(256)) * (MOST_AT_ONCE // 256)

    async def slowly(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 2000 + b"\r\nContent-Length: %d\r\n\r\n" % len(body))
        writer.write(body[:-1])
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(body[-1:])

    async with target(slowly) as there, client() as asking:
        assert await fetched(asking, there.url) == body


async def test_a_reader_that_is_slow_stops_the_target() -> None:
    part, count = bytes(64 * 1024), 512
    written = 0

    async def much(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(part) * count))
        for _ in range(count):
            writer.write(part)
            await writer.drain()
            written += 1

    async with target(much) as there, client() as asking:
        answer = await asking.send(asked(there.url))
        seen = -1
        while seen != written:
            seen = written
            await asyncio.sleep(0.2)
        assert written < count
        assert len(await whole(answer)) == len(part) * count


@pytest.mark.parametrize(
    ("given", "framed"), [([], b"5\r\nfirst\r\n3\r\n2nd\r\n0\r\n\r\n"), ([("Content-Length", "8")], b"first2nd")]
)
async def test_a_body_is_passed_on_as_it_comes(given, framed) -> None:
    got = bytearray()

    async def take(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.extend(await reader.readexactly(len(framed)))
        writer.write(OK)

    async with target(take) as there, client() as asking:
        for _ in range(2):
            body = Stream(b"first", b"2nd")
            assert await fetched(asking, there.url, method="PUT", headers=given, body=None, stream=body) == b"ok"
        assert (bytes(got), len(there.connections)) == (framed * 2, 1)


@pytest.mark.parametrize(("length", "why"), [("9", "shorter"), ("2", "longer"), ("1x", "not a number")])
async def test_a_body_of_another_length_is_not_sent_as_one(length, why) -> None:
    async with target(lambda *_: asyncio.sleep(30)) as there, client() as asking:
        given = {"headers": [("content-length", length)], "body": None, "stream": Stream(b"abc")}
        failed = await failure(asking, there.url, method="PUT", **given)
        assert (failed.code, why in failed.detail) == (CutCode.INVALID, True)


async def test_an_answer_before_the_bodys_end_is_an_answer_and_ends_the_connection() -> None:
    class Endless(Stream):
        async def read(self) -> bytes:
            await asyncio.sleep(0.001)
            return bytes(100)

    async with target(OK) as there, client() as asking:
        assert await fetched(asking, there.url, method="PUT", body=None, stream=Endless()) == b"ok"
        assert await fetched(asking, there.url) == b"ok"
        assert len(there.connections) == 2


async def test_a_stream_that_is_cut_ends_its_request() -> None:
    async with target(lambda *_: asyncio.sleep(30)) as there, client() as asking:
        body = Stream(b"a", StreamCut(CutCode.CANCELLED, "gone"))
        with pytest.raises(StreamCut, match="gone"):
            await fetched(asking, there.url, method="PUT", body=None, stream=body)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "said nothing"),
        (b"HTTP/1.1 200 OK\r\nCont", "closed the connection"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nonly", "closed the connection"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nonly", "closed the connection"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nonly", "not packed as it says"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "not HTTP"),
    ],
    ids=["nothing", "head", "length", "chunk", "packed", "lengths"],
)
async def test_an_answer_that_is_not_whole_is_told_as_broken(answer, why) -> None:
    async def say(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.close()

    async with target(say) as there, client() as asking:
        failed = await failure(asking, there.url)
        assert (failed.code, why in failed.detail) == (CutCode.BROKEN, True)


async def test_a_request_that_is_given_up_leaves_no_connection_behind() -> None:
    ended = asyncio.Event()

    async def wait(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read()
        finally:
            ended.set()

    async with target(wait) as there, client() as asking:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await fetched(asking, there.url)
        await ended.wait()
