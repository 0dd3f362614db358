"""The bounded queue of one client."""

from __future__ import annotations

from hedgerow.realtime.output import Close, Output


async def test_messages_wait_in_order_and_none_comes_behind_the_close() -> None:
    output = Output()
    output.put(b"a")
    output.put(b"b")
    output.close(4001, "why")
    output.put(b"too late")
    output.close(4002, "too late")
    assert (output.waiting, output.ending) == ([b"a", b"b"], Close(4001, "why"))


async def test_client_that_falls_behind_is_closed_and_what_waits_is_dropped() -> None:
    output = Output(most_messages=2)
    for text in (b"a", b"b", b"c"):
        output.put(text)
    assert output.closing.is_set()
    assert (output.waiting, output.ending) == ([], Close(4002, "fell behind"))


async def test_few_large_messages_are_too_much_as_well() -> None:
    output = Output(most_bytes=10)
    output.put(b"x" * 11)
    assert output.ending == Close(4002, "fell behind")


async def test_what_is_sent_makes_room_and_the_next_is_said_to_be_the_first() -> None:
    firsts: list[int] = []
    output = Output(most_messages=2, most_bytes=6, on_first=lambda: firsts.append(len(output.waiting)))
    for _ in range(5):
        output.put(b"abc")
        output.put(b"abc")
        output.forget()
    assert not output.closing.is_set()
    assert firsts == [1] * 5
