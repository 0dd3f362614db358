"""Streams on a real socket: order, back-pressure, ends."""

from __future__ import annotations

import asyncio

import pytest
from picows import WSMsgType

from hedgerow.core.tasks import spawn
from hedgerow.scraping.link import WINDOW, CutCode
from hedgerow.scraping.linksocket import Channel, StreamCut

from .linkkit import joined

LARGE = bytes(range(256)) * 4096  # 1 MiB, four windows


async def read_all(channel: Channel) -> bytes:
    parts = []
    while data := await channel.read():
        parts.append(data)
    return b"".join(parts)


async def echo(channel: Channel, head: bytes) -> None:
    channel.answer(head)
    while data := await channel.read():
        await channel.write(data)
    await channel.write(b"", is_last=True)


async def test_a_body_of_many_windows_goes_there_and_back_unchanged() -> None:
    async with joined(echo) as both:
        channel = both.gateway.open(1, b"head", is_last=False)
        reading = spawn(read_all(channel), "reading")
        await channel.write(LARGE, is_last=True)
        assert await channel.head() == b"head"
        assert await reading == LARGE
        assert both.gateway.link.stream_count == both.agent.link.stream_count == 0
        assert both.gateway._channels == both.agent._channels == {}


async def test_a_hundred_streams_do_not_mix() -> None:
    async with joined(echo) as both:

        async def once(number: int) -> bool:
            body = b"%d" % number * 1000
            channel = both.gateway.open(1, b"", is_last=False)
            await channel.write(body, is_last=True)
            return await read_all(channel) == body

        assert all(await asyncio.gather(*map(once, range(100))))


async def test_a_reader_that_stops_holds_the_writer_at_one_window() -> None:
    written = 0

    async def flood(channel: Channel, _: bytes) -> None:
        nonlocal written
        channel.answer(b"")
        for _ in range(16):
            await channel.write(bytes(WINDOW // 4))
            written += WINDOW // 4
        await channel.write(b"", is_last=True)

    async with joined(flood) as both:
        slow = both.gateway.open(1, b"", is_last=True)
        await slow.head()
        other = both.gateway.open(1, b"", is_last=True)
        await read_all(other)  # a whole answer passes meanwhile
        assert written == WINDOW * 4 + WINDOW
        assert len(await read_all(slow)) == WINDOW * 4


async def test_a_cut_reaches_who_waits_on_the_other_side() -> None:
    told: asyncio.Future[CutCode] = asyncio.get_running_loop().create_future()

    async def wait(channel: Channel, _: bytes) -> None:
        try:
            await channel.read()
        except StreamCut as cut:
            told.set_result(cut.code)

    async with joined(wait) as both:
        channel = both.gateway.open(1, b"", is_last=False)
        channel.cut(CutCode.CANCELLED)
        assert await told is CutCode.CANCELLED
        with pytest.raises(StreamCut):
            await channel.write(b"x")


async def test_an_agents_refusal_comes_with_its_reason() -> None:
    async def refuse(channel: Channel, _: bytes) -> None:
        channel.cut(CutCode.REFUSED, "private address")

    async with joined(refuse) as both:
        channel = both.gateway.open(1, b"", is_last=True)
        with pytest.raises(StreamCut) as caught:
            await channel.head()
        assert (caught.value.code, caught.value.detail) == (CutCode.REFUSED, "private address")


async def test_a_broken_link_cuts_every_stream() -> None:
    async def never(channel: Channel, _: bytes) -> None:
        await asyncio.sleep(0)

    async with joined(never) as both:
        channels = [both.gateway.open(1, b"", is_last=True) for _ in range(5)]
        both.agent.abort("gone")
        for channel in channels:
            with pytest.raises(StreamCut) as caught:
                await channel.head()
            assert caught.value.code is CutCode.LOST
        await both.down


async def test_a_peer_that_breaks_the_rules_is_cut_off() -> None:
    async with joined(echo) as both:
        both.agent._transport.send(WSMsgType.TEXT, b"text")
        assert "binary" in await both.down
