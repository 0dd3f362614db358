"""One subscription's messages: numbers, acknowledgements, and what a lost connection costs."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.realtime import delivery as delivery_module
from hedgerow.realtime.delivery import KEPT_S, MOST_UNACKNOWLEDGED, RESENT_AFTER_S, Delivery
from hedgerow.realtime.output import Close, Output


@dataclass
class Time:
    now_s: float = 0.0

    def __call__(self) -> float:
        return self.now_s


def delivery(*, is_reliable: bool = True) -> tuple[Delivery, Output, Time]:
    output, time = Output(), Time()
    return Delivery(output, time, is_reliable=is_reliable), output, time


def put(found: Delivery, number: int) -> None:
    for _ in range(number):
        found.put(b'{"type":"data"}')


def sent(output: Output) -> list[int]:
    """The numbers of what was sent since the last look."""
    numbers = [json.loads(message)["seq"] for message in output.waiting]
    output.forget()
    return numbers


async def test_numbers_begin_at_one_and_have_no_holes() -> None:
    found, output, _ = delivery(is_reliable=False)
    put(found, 500)
    assert sent(output) == list(range(1, 501))


async def test_only_reliable_messages_ask_to_be_acknowledged() -> None:
    for is_reliable, told in ((True, True), (False, None)):
        found, output, _ = delivery(is_reliable=is_reliable)
        put(found, 1)
        [message] = output.waiting
        assert json.loads(message).get("requireAck") is told


async def test_beyond_a_hundred_unacknowledged_sending_waits() -> None:
    found, output, _ = delivery()
    put(found, MOST_UNACKNOWLEDGED + 3)
    assert sent(output) == list(range(1, 101))
    found.acknowledge([5, 7])
    assert sent(output) == [101, 102]
    found.acknowledge_up_to(50)
    assert sent(output) == [103]


async def test_what_is_not_acknowledged_is_sent_again_after_its_time() -> None:
    found, output, time = delivery()
    put(found, 3)
    sent(output)
    found.acknowledge([2])
    time.now_s = RESENT_AFTER_S - 0.1
    found.resend()
    assert sent(output) == []
    time.now_s = RESENT_AFTER_S
    found.resend()
    found.resend()
    assert sent(output) == [1, 3]


async def test_acknowledging_what_is_not_outstanding_changes_nothing() -> None:
    found, output, _ = delivery()
    put(found, 101)
    found.acknowledge([101, 0, 999])
    assert sent(output) == list(range(1, 101))


async def test_new_connection_gets_all_after_the_last_that_arrived() -> None:
    found, output, _ = delivery()
    put(found, 5)
    found.acknowledge([4])
    found.detach()
    put(found, 2)
    assert sent(output) == [1, 2, 3, 4, 5]
    after = Output()
    found.attach(after, 2)
    assert sent(after) == [3, 5, 6, 7]


async def test_subscription_without_a_connection_ends_by_itself() -> None:
    found, _, time = delivery()
    found.detach()
    time.now_s = KEPT_S - 1
    put(found, 1)
    assert found.is_kept
    time.now_s = KEPT_S
    assert not found.is_kept
    put(found, 1)
    assert found.is_over


async def test_too_much_that_waits_ends_the_subscription(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery_module, "MOST_MESSAGES", 10)
    found, output, _ = delivery()
    put(found, MOST_UNACKNOWLEDGED + 10)
    assert found.is_kept
    put(found, 1)
    assert not found.is_kept
    assert output.ending == Close(4002, "fell behind")


@given(st.lists(st.one_of(st.just("put"), st.just("lose"), st.integers(1, 40)), max_size=60))
async def test_every_message_arrives_in_order_whatever_is_lost(steps: list[str | int]) -> None:
    """A client that acknowledges in order, up to what it has, sees each number once it is not repeated."""
    found, output, _ = delivery()
    seen: list[int] = []
    total = 0
    for step in steps:
        if step == "put":
            put(found, 1)
            total += 1
        elif step == "lose":
            found.detach()
            output = Output()
            found.attach(output, seen[-1] if seen else 0)
        else:
            seen += [number for number in sent(output) if not seen or number > seen[-1]]
            found.acknowledge_up_to(min(int(step), len(seen)))
    seen += [number for number in sent(output) if not seen or number > seen[-1]]
    assert seen == list(range(1, total + 1))


async def test_what_comes_while_held_is_numbered_after_what_was_missed() -> None:
    found, output, _ = delivery()
    found.hold()
    put(found, 1)
    assert found.bookmark is None
    found.release([(1, b'{"was":"missed"}')])
    put(found, 1)
    assert sent(output) == [1, 2, 3]


async def test_too_much_that_is_held_ends_the_subscription(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery_module, "MOST_MESSAGES", 3)
    found, _, _ = delivery()
    found.hold()
    put(found, 4)
    found.release([])
    assert found.is_over


@given(st.lists(st.one_of(st.just("change"), st.just("other"), st.just("write"), st.just("die"), st.integers(1, 5))))
async def test_nothing_is_lost_or_repeated_over_processes_that_die(steps: list[str | int]) -> None:
    """A process tells of changes, of which every second is ours; another goes on from the last bookmark that the dead
    one wrote, however old it is."""
    changes: list[int] = []
    seen: list[tuple[int, int]] = []

    def message(change: int) -> bytes:
        return b'{"change":%d}' % change

    def process(last: int, has: int) -> tuple[Delivery, Output]:
        output = Output()
        return Delivery(output, Time(), is_reliable=True, told=lambda: len(changes), last=last, has=has), output

    def read(output: Output) -> None:
        seen.extend((told["seq"], told["change"]) for told in map(json.loads, output.waiting))
        output.forget()

    found, output = process(0, 0)
    written = (0, 0)
    for step in [*steps, "die"]:
        match step:
            case "change" | "other":
                changes.append(step == "change")
                if step == "change":
                    found.put(message(len(changes)))
            case "write":
                assert found.bookmark is not None
                written = found.bookmark
            case "die":
                found, output = process(written[0], seen[-1][0] if seen else 0)
                found.release(
                    [
                        (number, message(number))
                        for number in range(written[1] + 1, len(changes) + 1)
                        if changes[number - 1]
                    ]
                )
                read(output)
            case _:
                read(output)
                found.acknowledge_up_to(min(int(step), len(seen)))
    ours = [number for number, is_ours in enumerate(changes, 1) if is_ours]
    assert seen == list(enumerate(ours, 1))
