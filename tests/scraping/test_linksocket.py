"""Streams on a real socket: order, back-pressure, ends."""

from __future__ import annotations

import asyncio

import pytest
from picows import WSMsgType

from hedgerow.core.tasks import spawn
from hedgerow.scraping import linksocket
from hedgerow.scraping.link import MOST_CHUNK, MOST_HEAD, WINDOW
from hedgerow.scraping.linkevents import CutCode
from hedgerow.scraping.linksocket import Channel, StreamCut

from .linkkit import Joined, Work, joined

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


async def test_a_stream_is_cut_at_the_end_of_its_time_and_both_sides_hear_of_it() -> None:
    worked = asyncio.Event()

    async def work(channel: Channel, _: bytes) -> None:
        ended = asyncio.Event()
        channel.when_cut(ended.set)
        channel.cut_in(0.01, CutCode.TIMED_OUT, lambda: "too late")
        await ended.wait()
        worked.set()

    async with joined(work) as both:
        channel = both.gateway.open(1, b"", is_last=True)
        with pytest.raises(StreamCut, match="TIMED_OUT: too late"):
            await channel.head()
        await worked.wait()
        assert both.gateway.link.stream_count == both.agent.link.stream_count == 0


async def test_a_stream_that_ends_before_its_time_is_not_cut() -> None:
    async with joined(echo) as both:
        channel = both.gateway.open(1, b"", is_last=False)
        channel.cut_in(0.0, CutCode.TIMED_OUT, lambda: "too late").cancel()
        await asyncio.sleep(0.01)
        await channel.write(b"body", is_last=True)
        assert await read_all(channel) == b"body"


async def test_a_peer_that_does_not_read_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linksocket, "_MOST_UNSENT", 2**20)

    async def never(channel: Channel, _: bytes) -> None:
        await channel.head()

    async with joined(never) as both:
        both.agent._transport.underlying_transport.pause_reading()
        head, channels = bytes(MOST_HEAD - 1), []
        while not both.down.done():
            assert both.gateway.link.takes_streams  # 100, far more than the kernel takes
            channels.append(both.gateway.open(1, head, is_last=True))
            await asyncio.sleep(0)
        assert await both.down == "the peer does not read"
        for channel in channels:
            with pytest.raises(StreamCut, match="LOST: the peer does not read"):
                await channel.head()


async def test_answers_wait_where_they_are_made_for_a_peer_that_does_not_read(eventually) -> None:
    written = [0] * 50

    async def flood(channel: Channel, head: bytes) -> None:
        channel.answer(b"")
        while True:
            await channel.write(bytes(MOST_CHUNK))
            written[int(head)] += MOST_CHUNK

    async with joined(flood) as both:
        both.gateway._transport.underlying_transport.pause_reading()
        for number in range(50):
            both.gateway.open(1, b"%d" % number, is_last=True)
        await eventually(lambda: not both.agent._is_writable)
        await asyncio.sleep(0)
        assert both.agent._transport.underlying_transport.get_write_buffer_size() < 2**20
        assert max(written) <= WINDOW
        assert both.agent.is_up


# --- answers that are gathered -----------------------------------------------------------------------------------


async def gathered(both: Joined, most: int) -> tuple[bytes, bytes]:
    """What the agent answers to an empty request. Raises StreamCut."""
    there = asyncio.Event()
    channel = both.gateway.open(1, b"", is_last=True)
    channel.gather(most, there.set)
    await there.wait()
    return channel.gathered()


def answers(*parts: bytes) -> Work:
    async def work(channel: Channel, _: bytes) -> None:
        channel.answer(b"head")
        for part in parts:
            await channel.write(part)
        await channel.write(b"", is_last=True)

    return work


@pytest.mark.parametrize("parts", [(), (b"one",), (b"one", b"two"), (LARGE,)], ids=["none", "one", "two", "windows"])
async def test_an_answer_is_gathered_whole(parts) -> None:
    async with joined(answers(*parts)) as both:
        assert await gathered(both, len(LARGE)) == (b"head", b"".join(parts))
        assert both.gateway.link.stream_count == both.agent.link.stream_count == 0


@pytest.mark.parametrize("body", [b"", b"short", LARGE[:WINDOW]], ids=["none", "short", "window"])
async def test_an_answer_that_is_sent_whole_is_one(body) -> None:
    async def work(channel: Channel, _: bytes) -> None:
        assert channel.room == WINDOW
        channel.answer_whole(b"head", body)

    async with joined(work) as both:
        assert await gathered(both, WINDOW) == (b"head", body)
        assert both.gateway._channels == both.agent._channels == {}


async def test_an_answer_above_the_limit_is_cut_on_both_sides(eventually) -> None:
    async with joined(answers(LARGE)) as both:
        with pytest.raises(StreamCut) as caught:
            await gathered(both, len(LARGE) - 1)
        assert caught.value.code is CutCode.TOO_LARGE
        await eventually(lambda: both.agent.link.stream_count == 0)


async def test_an_answer_in_one_record_above_the_limit_is_cut() -> None:
    async def work(channel: Channel, _: bytes) -> None:
        channel.answer_whole(b"head", b"body")

    async with joined(work) as both:
        assert await gathered(both, 4) == (b"head", b"body")
        with pytest.raises(StreamCut) as caught:
            await gathered(both, 3)
        assert caught.value.code is CutCode.TOO_LARGE
        assert both.gateway._channels == {}


async def test_an_answer_in_one_record_is_read_as_any_other() -> None:
    async def work(channel: Channel, _: bytes) -> None:
        channel.answer_whole(b"head", b"body")

    async with joined(work) as both:
        channel = both.gateway.open(1, b"", is_last=True)
        assert (await channel.head(), await channel.read(), await channel.read()) == (b"head", b"body", b"")


async def test_an_answer_that_is_cut_or_lost_is_not_gathered() -> None:
    async def refuse(channel: Channel, head: bytes) -> None:
        channel.answer(b"head")
        await channel.write(b"begun")
        if head == b"cut":
            channel.cut(CutCode.BROKEN, "in the middle")
        else:
            both.agent.abort("gone")

    async with joined(refuse) as both:
        for head, code in ((b"cut", CutCode.BROKEN), (b"lost", CutCode.LOST)):
            ends: list[None] = []
            there = asyncio.Event()
            channel = both.gateway.open(1, head, is_last=True)
            channel.gather(WINDOW, lambda ends=ends, there=there: (ends.append(None), there.set()))
            await there.wait()
            with pytest.raises(StreamCut) as caught:
                channel.gathered()
            assert (caught.value.code, len(ends)) == (code, 1)
