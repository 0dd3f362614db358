"""What waits while a group is written goes out in the next; one bad member harms nobody else; nothing is unbounded."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from hedgerow.core.tasks import spawn
from hedgerow.storage.database import ConflictError, StorageError, UnreachableError
from hedgerow.storage.grouped import FullError, Grouped


class Paper:
    """Writes down numbers when it is let; refuses those that are bad, and all while it is away."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.bad: dict[int, Exception] = {}
        self.open = asyncio.Event()
        self.open.set()

    async def write(self, numbers: Sequence[int]) -> list[int]:
        await self.open.wait()
        for number in numbers:
            if number in self.bad:
                raise self.bad[number]
        self.groups.append(list(numbers))
        return [number * 10 for number in numbers]


def grouped(paper: Paper, *, most: int = 10, waiting: int = 100) -> Grouped[int, int]:
    return Grouped("numbers", paper.write, most=most, waiting=waiting)


async def at_once(writer: Grouped[int, int], *numbers: int) -> list[int | BaseException]:
    return await asyncio.gather(*(writer.write(number) for number in numbers), return_exceptions=True)


async def test_each_gets_its_own_answer_and_all_go_out_in_order() -> None:
    paper = Paper()
    assert await at_once(grouped(paper, most=4), *range(10)) == [number * 10 for number in range(10)]
    assert paper.groups == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


async def test_what_comes_during_a_write_goes_into_the_next_group() -> None:
    paper = Paper()
    writer = grouped(paper)
    paper.open.clear()
    first = spawn(writer.write(1), "write")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    later = [spawn(writer.write(number), "write") for number in (2, 3)]
    await asyncio.sleep(0)
    paper.open.set()
    assert await asyncio.gather(first, *later) == [10, 20, 30]
    assert paper.groups == [[1], [2, 3]]
    await writer.idle()
    assert writer.is_idle


@pytest.mark.parametrize("error", [ValueError("bad"), ConflictError("a ring")])
async def test_one_bad_member_fails_alone(error: Exception) -> None:
    paper = Paper()
    paper.bad[2] = error
    assert await at_once(grouped(paper), 1, 2, 3) == [10, error, 30]
    assert paper.groups == [[1], [3]]


async def test_nobody_is_tried_alone_while_the_database_is_away() -> None:
    paper = Paper()
    paper.bad[2] = UnreachableError("away")
    assert all(isinstance(found, UnreachableError) for found in await at_once(grouped(paper), 1, 2, 3))
    assert paper.groups == []


async def test_who_comes_when_the_queue_is_full_is_told_at_once() -> None:
    paper = Paper()
    found = await at_once(grouped(paper, waiting=3), *range(5))
    assert found[:3] == [0, 10, 20]
    assert all(isinstance(one, FullError) for one in found[3:])
    assert issubclass(FullError, StorageError)


async def test_groups_are_bounded_by_the_size_of_their_members() -> None:
    paper = Paper()
    writer = Grouped("numbers", paper.write, most=5, waiting=100, size=lambda number: number)
    assert await at_once(writer, 2, 3, 1, 9, 1) == [20, 30, 10, 90, 10]
    assert paper.groups == [[2, 3], [1], [9], [1]]


async def test_who_is_cancelled_takes_nobody_else_along() -> None:
    paper = Paper()
    writer = grouped(paper)
    paper.open.clear()
    tasks = [spawn(writer.write(number), "write") for number in (1, 2, 3)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    paper.open.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [found[0], found[2]] == [10, 30]
    assert isinstance(found[1], asyncio.CancelledError)
