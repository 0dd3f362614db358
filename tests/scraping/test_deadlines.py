"""Times that end together."""

from __future__ import annotations

import asyncio

from structlog.testing import capture_logs

from hedgerow.scraping.deadlines import TICK_S, Deadlines


async def test_each_time_ends_once_and_never_before_it_is_over(eventually) -> None:
    loop = asyncio.get_running_loop()
    deadlines, began_s = Deadlines(loop), loop.time()
    ended: list[tuple[float, float]] = []
    times_s = [3 * TICK_S, 0.0, TICK_S, 1.5 * TICK_S]
    for time_s in times_s:
        deadlines.set(time_s, lambda time_s=time_s: ended.append((time_s, loop.time() - began_s)))
    await eventually(lambda: len(ended) == len(times_s))
    await asyncio.sleep(2 * TICK_S)
    assert sorted(time_s for time_s, _ in ended) == sorted(times_s)
    assert [time_s for time_s, took_s in ended if took_s < time_s] == []


async def test_what_was_cancelled_does_not_end_and_what_ends_with_it_does(eventually) -> None:
    deadlines = Deadlines(asyncio.get_running_loop())
    ended: list[str] = []
    cancelled = deadlines.set(0.0, lambda: ended.append("cancelled"))
    deadlines.set(0.0, lambda: ended.append("kept"))
    cancelled.cancel()
    cancelled.cancel()
    await eventually(lambda: bool(ended))
    assert ended == ["kept"]


async def test_a_time_that_is_set_at_the_end_of_another_ends_as_well(eventually) -> None:
    deadlines = Deadlines(asyncio.get_running_loop())
    ended: list[str] = []
    deadlines.set(3 * TICK_S, lambda: ended.append("later"))
    deadlines.set(0.0, lambda: deadlines.set(60.0, lambda: ended.append("last")))
    await eventually(lambda: bool(ended))
    assert ended == ["later"]
    deadlines.stop()


async def test_end_that_fails_is_logged_and_takes_no_other_with_it(eventually) -> None:
    deadlines = Deadlines(asyncio.get_running_loop())
    ended: list[str] = []

    def fails() -> None:
        ended.append("failed")
        raise LookupError

    with capture_logs() as logs:
        for seconds in (0.0, 3 * TICK_S):
            deadlines.set(seconds, fails)
            deadlines.set(seconds, lambda: ended.append("well"))
        await eventually(lambda: len(ended) == 4)
    assert sorted(ended) == ["failed", "failed", "well", "well"]
    assert [line["event"] for line in logs] == 2 * ["the end of a time failed"]


async def test_nothing_ends_after_the_stop() -> None:
    deadlines = Deadlines(asyncio.get_running_loop())
    ended: list[str] = []
    deadlines.set(0.0, lambda: ended.append("stopped"))
    deadlines.stop()
    await asyncio.sleep(2 * TICK_S)
    assert ended == []
