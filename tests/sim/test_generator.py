"""The generated match: always the same for a seed, and plausible to who watches it."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from itertools import pairwise

import pytest

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.ids import fixture_id_contradiction
from hedgerow.core.states import SettlementStatus
from hedgerow.sim.events import (
    FixtureEvent,
    OddsEvent,
    ReplayEvent,
    ScoreEvent,
    SettleEvent,
    SuspendEvent,
    TradeEvent,
)
from hedgerow.sim.generator import STANDARD_START_NS, GeneratedMatch


def events_of(seed: int, **more: int) -> list[ReplayEvent]:
    return list(GeneratedMatch(seed, **more).events())


def test_the_same_seed_is_the_same_match() -> None:
    assert events_of(3) == events_of(3)
    assert events_of(3) != events_of(4)


def test_another_start_only_moves_the_match() -> None:
    moved = events_of(3, start_ns=STANDARD_START_NS + NS_PER_S)
    assert [event.at_ns - NS_PER_S for event in moved] == [event.at_ns for event in events_of(3)]


@pytest.mark.parametrize("seed", range(1, 13))
def test_a_match_is_whole_and_in_order(seed: int) -> None:
    match = GeneratedMatch(seed)
    events = list(match.events())
    kinds = Counter(type(event) for event in events)
    assert isinstance(events[0], FixtureEvent)
    assert isinstance(events[-1], SettleEvent)
    assert all(before.at_ns <= after.at_ns for before, after in pairwise(events))
    assert events[-1].at_ns - events[0].at_ns == 7_200 * NS_PER_S
    assert kinds[TradeEvent] > 50
    assert kinds[ScoreEvent] > 50
    assert kinds[SuspendEvent] >= 4
    assert match.messages_read == match.summary.messages == len(events)
    assert fixture_id_contradiction(events[0].fixture_id, events[0].sport_id, events[0].tournament_id) is None


@pytest.mark.parametrize("seed", range(1, 7))
def test_the_winner_has_won_two_sets_and_the_bets(seed: int) -> None:
    events = events_of(seed)
    final = [event for event in events if isinstance(event, ScoreEvent)][-1].scores["result"]
    settled = events[-1]
    assert isinstance(settled, SettleEvent)
    first_won = final["participant1Score"] == 2
    won, lost = SettlementStatus.WON, SettlementStatus.LOST
    assert settled.results == {121: won if first_won else lost, 122: lost if first_won else won}


@pytest.mark.parametrize(("bookmaker", "margin"), [("pinnacle", Decimal("0.05")), ("sharpbet", Decimal("0.06"))])
def test_each_bookmaker_keeps_its_margin(bookmaker: str, margin: Decimal) -> None:
    offered: dict[int, Decimal] = {}
    for event in GeneratedMatch(2, margin=Decimal("0.05")).events():
        if isinstance(event, OddsEvent) and event.bookmaker == bookmaker:
            offered |= {p.outcome.outcome_id: p.price for p in event.prices if p.price is not None}
            if len(offered) == 2:
                overround = sum(1 / price for price in offered.values()) - 1
                assert margin - Decimal("1e-12") <= overround <= margin + Decimal("0.02")


def test_odds_end_where_the_match_does() -> None:
    events = events_of(5)
    results = events[-1]
    assert isinstance(results, SettleEvent)
    won = next(outcome for outcome, result in results.results.items() if result is SettlementStatus.WON)
    prices = [p.price for e in events if isinstance(e, OddsEvent) for p in e.prices if p.outcome.outcome_id == won]
    assert prices[-1] is not None
    assert prices[-1] < Decimal("1.3")


def test_takers_come_while_the_book_is_open_at_prices_around_it() -> None:
    suspended = False
    latest: dict[int, Decimal] = {}
    for event in events_of(6):
        match event:
            case SuspendEvent(bookmaker="pinnacle"):
                suspended = event.suspended
            case OddsEvent(bookmaker="pinnacle"):
                latest |= {p.outcome.outcome_id: p.price for p in event.prices if p.price is not None}
            case TradeEvent():
                assert not suspended or min(latest.values()) < Decimal("1.05")  # too one-sided to be offered
                fair = 1 / latest[event.outcome.outcome_id]
                assert abs(Decimal(event.price) / 10**6 - fair) < Decimal("0.06")


@pytest.mark.parametrize("duration_s", [60, 600])
def test_a_short_match_is_a_whole_one_too(duration_s: int) -> None:
    events = events_of(1, duration_s=duration_s)
    assert events[-1].at_ns - events[0].at_ns == duration_s * NS_PER_S
    assert all(before.at_ns <= after.at_ns for before, after in pairwise(events))


def test_no_match_lasts_less_than_a_minute() -> None:
    with pytest.raises(ValueError, match="at least a minute"):
        GeneratedMatch(1, duration_s=59)
