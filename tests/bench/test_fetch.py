"""bench fetch: every answer is counted and looked at, and what is missing here is named."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from hedgerow.bench import fetch
from hedgerow.bench.fetch import OURS, ratios
from hedgerow.bench.fetches import sides
from hedgerow.bench.fetches.load import Asked, load
from hedgerow.bench.fetches.sides import PROXIES, found
from hedgerow.bench.report import BenchError
from hedgerow.core.errors import SetupError

BODY = b"x" * 2000


@asynccontextmanager
async def answering(
    status: bytes = b"200 OK", *, per_connection: int = 1_000_000
) -> AsyncIterator[tuple[int, list[int]]]:
    """Its port, and how many requests each connection brought; it closes without a word after so many."""
    asked: list[int] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(0)
        mine = len(asked) - 1
        while asked[mine] < per_connection and await reader.readline():
            await reader.readuntil(b"\r\n\r\n")
            asked[mine] += 1
            answer = b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status, len(BODY), BODY)
            writer.write(answer[:30])
            await asyncio.sleep(0)
            writer.write(answer[30:])
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], asked


def request(port: int, least: int = len(BODY)) -> Asked:
    return Asked(port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", least)


async def test_every_answer_is_counted_on_connections_that_are_kept() -> None:
    async with answering() as (port, asked):
        answers = await load(request(port), clients=3, seconds=0.05)
    assert len(asked) == 3
    assert len(answers.times_s) == sum(asked)
    assert answers.per_second == pytest.approx(sum(asked) / answers.seconds)
    assert all(took > 0 for took in answers.times_s)


async def test_connections_that_are_not_kept_are_made_anew() -> None:
    async with answering(per_connection=1) as (port, asked):
        answers = await load(request(port), clients=2, seconds=0.05)
    assert len(answers.times_s) == sum(asked) > 2


@pytest.mark.parametrize(("status", "least"), [(b"502 Bad Gateway", 1), (b"200 OK", 5000)])
async def test_an_answer_that_is_none_ends_the_run(status: bytes, least: int) -> None:
    async with answering(status) as (port, _):
        with pytest.raises(BenchError, match="answered"):
            await load(request(port, least), clients=2, seconds=5)


async def test_nobody_there_ends_the_run() -> None:
    async with answering() as (port, _):
        pass
    with pytest.raises(BenchError, match="did not answer"):
        await load(request(port), clients=1, seconds=0.05)


def test_missing_programs_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sides.shutil, "which", lambda *_, **__: None)
    with pytest.raises(SetupError, match=r"tinyproxy is not installed: .*; proxy\.py .*; squid .*; mitmproxy"):
        fetch.measure(1, 1)


def test_ratios_are_told_for_what_was_measured() -> None:
    figures = {("1 KB", OURS): [10.0, 30.0, 20.0], ("1 KB", "squid"): [20.0, 20.0, 10.0]}
    for case in fetch.CASES[1:]:
        figures[case.name, OURS] = [1.0]
    (ratio,) = ratios(figures)
    assert (ratio.case, ratio.ratio, ratio.target, ratio.ours, ratio.baseline) == ("1 KB, squid", 1.5, 0.6, 20, 20)


def test_both_run_at_a_tiny_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    present = [proxy for proxy in PROXIES if proxy.name == "tinyproxy" and found(proxy)]
    if not present or sides.shutil.which("nginx", path="/usr/sbin:/usr/bin") is None:
        pytest.skip("nginx and tinyproxy are not installed")
    monkeypatch.setattr(fetch, "PROXIES", tuple(present))
    told = fetch.measure(0.05, 1)
    assert [ratio.case for ratio in told.ratios] == [f"{case.name}, tinyproxy" for case in fetch.CASES]
    assert all(ratio.ours > 0 and ratio.baseline > 0 for ratio in told.ratios)
