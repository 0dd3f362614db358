"""The chain of beats, and what its breaks lead to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from hedgerow.core.clock import NS_PER_S, SteppedClock
from hedgerow.core.errors import Refused, Unavailable, VenueError
from hedgerow.net.http import Answer
from hedgerow.venues.polymarket.heartbeat import Chain, Heartbeat


def answer(status: int, **body: Any) -> Answer:
    return Answer(status, {}, json.dumps(body).encode())


def sent_id(chain: Chain) -> str:
    return str(json.loads(chain.body())["heartbeat_id"])


def test_each_beat_sends_the_id_of_the_last_answer() -> None:
    chain = Chain()
    assert chain.body() == b'{"heartbeat_id":""}'
    assert chain.answered(answer(200, heartbeat_id="one")) is True
    assert sent_id(chain) == "one"


def test_refused_beat_is_sent_again_with_the_id_that_is_expected() -> None:
    chain = Chain()
    assert chain.answered(answer(400, error_msg="Invalid Heartbeat ID", heartbeat_id="two")) is False
    assert sent_id(chain) == "two"


def test_chain_may_start_anew_with_an_empty_id() -> None:
    chain = Chain()
    chain.answered(answer(200, heartbeat_id="one"))
    chain.answered(answer(400, error_msg="Invalid Heartbeat ID", heartbeat_id=""))
    assert sent_id(chain) == ""


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (answer(401, error="Unauthorized/Invalid api key"), Refused),
        (answer(400, error="something else"), Refused),
        (answer(500, error="Internal server error"), Unavailable),
        (Answer(502, {}, b"<html>bad gateway</html>"), Unavailable),
    ],
)
def test_other_answer_keeps_the_id(given: Answer, kind: type[VenueError]) -> None:
    chain = Chain()
    chain.answered(answer(200, heartbeat_id="one"))
    with pytest.raises(kind):
        chain.answered(given)
    assert sent_id(chain) == "one"


def test_beat_accepted_without_an_id_starts_the_chain_anew() -> None:
    chain = Chain()
    chain.answered(answer(200, heartbeat_id="one"))
    assert chain.answered(Answer(200, {}, b'{"status":"ok"}')) is True
    assert sent_id(chain) == ""


class Script:
    """Answers beats in turn."""

    def __init__(self, *answers: Answer | VenueError) -> None:
        self.answers = list(answers)
        self.bodies: list[bytes] = []

    async def __call__(self, body: bytes) -> Answer:
        self.bodies.append(body)
        given = self.answers.pop(0)
        if isinstance(given, VenueError):
            raise given
        return given


def beating(clock: SteppedClock, *answers: Answer | VenueError) -> tuple[Heartbeat, Script, list[float]]:
    lapses: list[float] = []
    script = Script(*answers)
    return Heartbeat(script, clock, lapses.append), script, lapses


NO_ANSWER = Unavailable("polymarket", "heartbeat", "no answer")
WRONG = answer(400, error_msg="Invalid Heartbeat ID", heartbeat_id="right")
RIGHT = answer(200, heartbeat_id="next")


async def test_wrong_id_is_corrected_within_the_beat(clock: SteppedClock) -> None:
    heart, script, _ = beating(clock, WRONG, RIGHT)
    assert await heart.beat()
    assert [json.loads(body)["heartbeat_id"] for body in script.bodies] == ["", "right"]


async def test_beat_that_is_refused_twice_waits_for_the_next(clock: SteppedClock) -> None:
    heart, script, _ = beating(clock, WRONG, WRONG)
    assert not await heart.beat()
    assert len(script.bodies) == 2


async def test_lost_answer_is_found_out_by_the_next_beat(clock: SteppedClock) -> None:
    heart, script, lapses = beating(clock, RIGHT, NO_ANSWER, WRONG, RIGHT)
    for _ in range(3):
        await heart.beat()
        clock.advance(5)
    assert [json.loads(body)["heartbeat_id"] for body in script.bodies] == ["", "next", "next", "right"]
    assert lapses == []  # accepted again ten seconds after the first


async def test_lapse_is_told_when_beats_are_accepted_again(clock: SteppedClock) -> None:
    heart, _, lapses = beating(clock, RIGHT, NO_ANSWER, RIGHT)
    await heart.beat()
    clock.advance(5)
    await heart.beat()
    clock.advance(5.5)
    await heart.beat()
    assert lapses == [10.5]


async def test_beats_every_five_seconds_until_it_is_stopped(
    clock: SteppedClock, until: Callable[[Callable[[], object]], Any]
) -> None:
    heart, script, _ = beating(clock, *[RIGHT] * 9)
    heart.start()
    heart.start()
    for beats in (1, 2, 3):
        await until(lambda beats=beats: len(script.bodies) == beats)
        await asyncio.sleep(0)
        clock.advance_to(clock.now_ns() + 5 * NS_PER_S)
    await until(lambda: len(script.bodies) == 4)
    await heart.stop()
    clock.advance(60)
    await asyncio.sleep(0)
    assert len(script.bodies) == 4


async def test_beat_that_was_lost_is_followed_by_another_at_once(
    clock: SteppedClock, until: Callable[[Callable[[], object]], Any]
) -> None:
    heart, script, lapses = beating(clock, RIGHT, NO_ANSWER, RIGHT)
    heart.start()
    for beats, pause_s in ((1, 5), (2, 1), (3, 0)):
        await until(lambda beats=beats: len(script.bodies) == beats)
        await asyncio.sleep(0)
        clock.advance(pause_s)
    await heart.stop()
    assert lapses == []


async def test_waiting_for_the_next_beat_holds_no_stepped_clock(
    clock: SteppedClock, until: Callable[[Callable[[], object]], Any]
) -> None:
    heart, script, _ = beating(clock, RIGHT)
    heart.start()
    await until(lambda: script.bodies)
    assert clock.next_wake_ns() is None
    await heart.stop()
