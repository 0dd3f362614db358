"""Beginning in the middle of a recording: what was before is left behind, not played."""

from __future__ import annotations

from decimal import Decimal

from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.core.states import Side
from hedgerow.sim.events import (
    FixtureEvent,
    OddsEvent,
    Price,
    ReplayEvent,
    ScoreEvent,
    SuspendEvent,
    TradeEvent,
    starting_at,
)

FIXTURE = FixtureId("id1200255561419001")
KEYS = [OutcomeKey(FIXTURE, OutcomeId(n)) for n in (121, 122)]


def fixture(at_ns: int, status: int = 0) -> FixtureEvent:
    return FixtureEvent(at_ns, FIXTURE, 12, 2555, "", "", "Ann", "Bob", 100, status)


def odds(at_ns: int, *prices: str) -> OddsEvent:
    return OddsEvent(
        at_ns, FIXTURE, "pinnacle", tuple(Price(k, Decimal(p)) for k, p in zip(KEYS, prices, strict=False))
    )


EVENTS: list[ReplayEvent] = [
    fixture(1),
    odds(2, "1.9", "2.0"),
    TradeEvent(3, KEYS[0], 500_000, 1, Side.BUY),
    odds(4, "1.8"),
    SuspendEvent(5, FIXTURE, "pinnacle", suspended=True),
    ScoreEvent(6, FIXTURE, {"result": {}}),
    fixture(7, status=1),
    odds(8, "1.5"),
]


def test_what_was_before_happens_at_the_start_without_its_trades() -> None:
    events = list(starting_at(EVENTS, 7))
    assert {event.at_ns for event in events[:5]} == {7}
    assert events[0] == fixture(7)
    assert not any(isinstance(event, TradeEvent) for event in events)
    assert events[-2:] == EVENTS[-2:]


def test_the_latest_price_of_each_outcome_is_left() -> None:
    left, _ = [event for event in starting_at(EVENTS, 7) if isinstance(event, OddsEvent)]
    assert {p.outcome.outcome_id: p.price for p in left.prices} == {121: Decimal("1.8"), 122: Decimal("2.0")}


def test_play_is_where_the_first_fixture_goes_live() -> None:
    assert list(starting_at(EVENTS, None)) == list(starting_at(EVENTS, 7))


def test_a_start_before_the_recording_changes_nothing() -> None:
    assert list(starting_at(EVENTS, 0)) == EVENTS


def test_a_start_after_the_end_leaves_only_what_is_left() -> None:
    events = list(starting_at(EVENTS, 99))
    assert {event.at_ns for event in events} == {99}
    assert [type(event) for event in events] == [FixtureEvent, ScoreEvent, OddsEvent, SuspendEvent]
