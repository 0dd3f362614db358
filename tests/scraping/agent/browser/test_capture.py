"""Events of a watched page are bounded, whoever reads them."""

from __future__ import annotations

from tests.scraping.pages import events

from hedgerow.scraping.agent.browser.capture import MOST_EVENTS, MOST_WAITING_BYTES, Events


async def test_slow_reader_loses_events_and_is_told_how_many() -> None:
    waiting = Events()
    for number in range(MOST_EVENTS + 7):
        waiting.put("console", text=str(number))
    told = events((await waiting.take()).decode())
    assert [one["text"] for one in told[:-1]] == [str(number) for number in range(MOST_EVENTS)]
    assert told[-1]["lost"] == 7


async def test_large_events_are_bounded_by_their_size() -> None:
    waiting = Events()
    for _ in range(100):
        waiting.put("dom", html="x" * 1_000_000)
    assert len(await waiting.take()) < MOST_WAITING_BYTES + 1_100_000


async def test_closed_events_end_after_what_waits() -> None:
    waiting = Events()
    waiting.put("console", text="last")
    waiting.close()
    assert b"last" in await waiting.take()
    assert await waiting.take() == b""


async def test_error_that_ends_the_events_is_told_last_however_many_wait() -> None:
    waiting = Events()
    for _ in range(MOST_EVENTS + 1):
        waiting.put("console", text="more")
    waiting.close("the browser ended")
    waiting.close("and whoever waited for it")
    told = events((await waiting.take()).decode())
    assert told[-1] == {"type": "error", "message": "the browser ended"}
    assert await waiting.take() == b""
