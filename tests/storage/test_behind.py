"""Writing behind: all that waits, once the database lets it, and no step of time before."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from hedgerow.core.tasks import work
from hedgerow.storage.behind import WriteBehind, until_written
from hedgerow.storage.database import StorageError

Eventually = Callable[[Callable[[], bool]], Awaitable[None]]


class Rows:
    """Something that collects what waits. While `is_down` the database does not answer."""

    def __init__(self) -> None:
        self.waiting: list[str] = []
        self.written: list[str] = []
        self.is_down = False
        self.writes = 0
        self.behind = WriteBehind("rows", self._write)

    def add(self, row: str) -> None:
        self.waiting.append(row)
        self.behind.rouse()

    async def _write(self) -> None:
        self.writes += 1
        while self.waiting:
            await asyncio.sleep(0)
            if self.is_down:
                raise StorageError("away")
            self.written.append(self.waiting.pop(0))


async def test_what_waits_is_written_before_time_goes_on() -> None:
    rows = Rows()
    rows.behind.start()
    rows.add("a")
    rows.add("b")
    await work.settled()
    assert rows.written == ["a", "b"]
    await rows.behind.stop()


async def test_changes_of_one_moment_are_written_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hedgerow.storage.behind._GATHER_S", 3600.0)
    rows = Rows()
    rows.behind.start()
    rows.add("a")
    for _ in range(10):
        await asyncio.sleep(0)
    assert rows.written == []
    rows.add("b")
    await work.settled()
    assert (rows.written, rows.writes) == (["a", "b"], 1)
    await rows.behind.stop()


async def test_what_waits_is_written_when_its_moment_is_over(eventually: Eventually) -> None:
    rows = Rows()
    rows.behind.start()
    rows.add("a")
    await eventually(lambda: bool(rows.written))
    await rows.behind.stop()


async def test_what_could_not_be_written_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    monkeypatch.setattr("hedgerow.storage.behind._FIRST_PAUSE_S", 0.001)
    rows = Rows()
    rows.is_down = True
    rows.behind.start()
    rows.add("a")
    await eventually(lambda: rows.writes >= 2)
    assert (rows.written, work.units) == ([], 1)
    rows.is_down = False
    await work.settled()
    assert rows.written == ["a"]
    await rows.behind.stop()


async def test_end_writes_what_is_left_or_says_that_it_cannot() -> None:
    rows = Rows()
    rows.is_down = True
    rows.add("a")
    with pytest.raises(StorageError):
        await rows.behind.stop()
    rows.is_down = False
    await rows.behind.stop()
    assert rows.written == ["a"]


async def test_what_anothers_flush_left_is_written_all_the_same(eventually: Eventually) -> None:
    rows = Rows()
    rows.is_down = True
    rows.add("a")
    with pytest.raises(StorageError):
        await rows.behind.flush()
    rows.is_down = False
    rows.behind.start()
    await eventually(lambda: bool(rows.written))
    await rows.behind.stop()


async def test_two_flushes_write_each_row_once() -> None:
    rows = Rows()
    rows.add("a")
    rows.add("b")
    await asyncio.gather(rows.behind.flush(), rows.behind.flush())
    assert rows.written == ["a", "b"]


async def test_what_happened_outside_is_written_however_long_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hedgerow.storage.behind._FIRST_PAUSE_S", 0.001)
    answers = iter([StorageError("away"), StorageError("away"), None])

    async def write() -> None:
        if (error := next(answers)) is not None:
            raise error

    await until_written("an answer", write)
    assert next(answers, "all used") == "all used"
