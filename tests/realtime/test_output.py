"""The bounded queue of one client."""

from __future__ import annotations

from hedgerow.realtime.output import Close, Output


async def test_messages_come_in_order_and_the_close_last() -> None:
    output = Output()
    output.put("a")
    output.put("b")
    output.close(4001, "why")
    output.put("too late")
    assert [await output.take() for _ in range(3)] == ["a", "b", Close(4001, "why")]


async def test_client_that_falls_behind_is_closed_and_what_waits_is_dropped() -> None:
    output = Output(most_messages=2)
    for text in "abc":
        output.put(text)
    assert output.closing.is_set()
    assert await output.take() == Close(4002, "fell behind")


async def test_few_large_messages_are_too_much_as_well() -> None:
    output = Output(most_bytes=10)
    output.put("x" * 11)
    assert await output.take() == Close(4002, "fell behind")


async def test_what_is_sent_makes_room() -> None:
    output = Output(most_messages=1, most_bytes=3)
    for _ in range(5):
        output.put("abc")
        assert await output.take() == "abc"
    assert not output.closing.is_set()
