"""Whatever a venue answers or says on its stream, a connector raises the four venue errors or says what can be.

The connectors run against their simulated venues; the bytes of single answers and frames are changed on their way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fuzz.literals import told_in
from tests.fuzz.mutations import payloads
from tests.fuzz.plausible import faults
from tests.fuzz.settings import MANY, fuzzed
from tests.patience import PATIENCE_S

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.errors import VenueError
from hedgerow.core.states import Side
from hedgerow.core.tasks import spawn
from hedgerow.exam.bench import FIRST, SPORT, Bench, demo_context, open_world
from hedgerow.exam.bookmaker_bench import BookmakerBench
from hedgerow.exam.exchange_bench import BID, ExchangeBench
from hedgerow.net.http import Answer, HttpClient
from hedgerow.net.stream import Stream
from hedgerow.venues.registry import all_venues, venue

Question = Callable[[], Coroutine[Any, Any, Any]]

_KEPT_FRAMES = 60
_FEW = 12


@dataclass
class Wire:
    """What is between connectors and their venues: every answer and frame that came, and another body for the answer
    whose turn it is, after `wait` others."""

    body: bytes | None = None
    wait: int = 0
    answers: list[bytes] = field(default_factory=list)
    frames: list[tuple[Any, bytes, bool]] = field(default_factory=list)

    def passed(self, answer: Answer) -> Answer:
        self.answers.append(answer.body)
        self.wait -= 1
        return answer if self.body is None or self.wait != -1 else replace(answer, body=self.body)


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    made, answer, opened = Wire(), HttpClient._answer, Stream.__init__

    async def changed(client: HttpClient, *args: Any) -> Answer:
        return made.passed(await answer(client, *args))

    def listening(stream: Stream, name: str, target: Any, conversation: Any, **options: Any) -> None:
        received = conversation.received

        def note(payload: memoryview, is_text: bool) -> None:
            if len(made.frames) < _KEPT_FRAMES:
                made.frames.append((received, bytes(payload), is_text))
            received(payload, is_text)

        conversation.received = note
        opened(stream, name, target, conversation, **options)

    monkeypatch.setattr(HttpClient, "_answer", changed)
    monkeypatch.setattr(Stream, "__init__", listening)
    return made


def mutated(text: bytes) -> st.SearchStrategy[bytes]:
    try:
        message = told_in(text)
    except ValueError:
        return payloads([text])
    return payloads([message])


async def exchange_bench(slug: str, stack: AsyncExitStack) -> tuple[ExchangeBench, list[Question]]:
    """A connector with an order that rests, one that was filled, and what can be asked about them."""
    found = venue(slug)
    assert found.family.exchange is not None
    server = await open_world(found.manifest, stack)
    context = demo_context(found.manifest, server)
    bench = ExchangeBench(found.manifest, server, context, stack, factory=found.family.exchange)
    await bench.begin()
    resting = await bench.connector.place(bench.quote("resting", price=bench.below(5)))
    await bench.connector.place(bench.quote("filled"))
    bench.take(Side.SELL, BID)
    await bench.connector.watch([bench.instrument])
    await bench.step(1)
    connector, ref = bench.connector, bench.ref(resting)
    return bench, [
        connector.balance,
        connector.working,
        lambda: connector.fills(0),
        lambda: connector.listings(SPORT),
        lambda: connector.find_order(ref),
        lambda: connector.resolutions([bench.instrument]),
    ]


async def bookmaker_bench(slug: str, stack: AsyncExitStack) -> tuple[BookmakerBench, list[Question]]:
    """A connector with a bet, and what can be asked about it."""
    found = venue(slug)
    assert found.family.bookmaker is not None
    server = await open_world(found.manifest, stack)
    context = demo_context(found.manifest, server)
    bench = BookmakerBench(found.manifest, server, context, stack, factory=found.family.bookmaker)
    await bench.begin()
    intent = bench.bet()
    report = await bench.later(bench.connector.place(intent))
    connector, ref = bench.connector, bench.ref(intent, report)
    return bench, [
        connector.balance,
        lambda: connector.find(ref),
        lambda: connector.settled(0),
        lambda: connector.line(intent.market_ref, intent.outcome_ref, FIRST),
    ]


async def answered(bench: Bench, question: Question) -> Any:
    """What the connector answers, or the venue error that it raises; the world goes on while it waits for a budget."""
    asked = spawn(question(), "question")
    async with asyncio.timeout(PATIENCE_S):
        while not asked.done():
            await asyncio.wait([asked], timeout=0.1)
            bench.world.clock.step_to(bench.world.clock.now_ns() + NS_PER_S)
    try:
        return asked.result()
    except VenueError as error:
        return error


async def answers_to(bench: Bench, question: Question, wire: Wire) -> list[tuple[Question, int, bytes]]:
    """What the venue answers to a question: the question, the place among its answers, the body."""
    wire.answers.clear()
    assert not isinstance(await answered(bench, question), VenueError)
    return [(question, place, body) for place, body in enumerate(wire.answers)]


def run(
    begin: Callable[[str, AsyncExitStack], Awaitable[tuple[Bench, list[Question]]]],
    slug: str,
    wire: Wire,
    examples: int,
) -> None:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        bench, questions = runner.run(_awaited(begin(slug, stack)))
        heard: list[Any] = getattr(bench, "events", [])

        said = [answer for question in questions for answer in runner.run(answers_to(bench, question, wire))]
        frames = tuple(wire.frames)

        @settings(fuzzed, max_examples=examples, derandomize=examples == _FEW)
        @given(st.data())
        def ask(data: st.DataObject) -> None:
            heard.clear()
            question, wire.wait, body = data.draw(st.sampled_from(said))
            wire.body = data.draw(mutated(body))
            try:
                value = runner.run(answered(bench, question))
            finally:
                wire.body = None
            assert isinstance(value, VenueError) or not faults(value)
            assert not faults(heard)

        @settings(fuzzed, max_examples=examples, derandomize=examples == _FEW)
        @given(st.data())
        def hear(data: st.DataObject) -> None:
            heard.clear()
            received, payload, is_text = data.draw(st.sampled_from(frames))
            runner.run(_said(received, data.draw(mutated(payload)), is_text=is_text))
            assert not faults(heard)

        try:
            ask()
            if frames:
                hear()
        finally:
            runner.run(stack.aclose())


async def _awaited(coming: Awaitable[tuple[Bench, list[Question]]]) -> tuple[Bench, list[Question]]:
    return await coming


async def _said(received: Callable[[memoryview, bool], None], payload: bytes, *, is_text: bool) -> None:
    received(memoryview(payload), is_text)


EXCHANGES = [
    slug for slug, found in all_venues().items() if found.family.exchange is not None and found.manifest.is_exchange
]
BOOKMAKERS = [
    slug for slug, found in all_venues().items() if found.family.bookmaker is not None and found.manifest.is_bookmaker
]


@pytest.mark.parametrize("slug", EXCHANGES)
def test_an_exchange_connector_survives_what_its_venue_says(slug: str, wire: Wire) -> None:
    run(exchange_bench, slug, wire, _FEW)


@pytest.mark.parametrize("slug", BOOKMAKERS)
def test_a_bookmaker_connector_survives_what_its_venue_says(slug: str, wire: Wire) -> None:
    run(bookmaker_bench, slug, wire, _FEW)


@pytest.mark.soak
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize(
    ("begin", "slug"),
    [*((exchange_bench, slug) for slug in EXCHANGES), *((bookmaker_bench, slug) for slug in BOOKMAKERS)],
)
def test_a_connector_survives_much_that_its_venue_says(begin: Any, slug: str, wire: Wire) -> None:
    run(begin, slug, wire, MANY // 20)
