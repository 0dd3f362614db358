"""What happens in a replay: one stream of events, whoever made them.

Producers are the readers of recordings and the generator, the consumer is the player. Events carry world time in
nanoseconds since 1970 and come oldest first. Odds and amounts are exact: odds `Decimal`, exchange prices and sizes
micros.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import chain
from typing import Any, Protocol

from hedgerow.core.ids import FixtureId, OutcomeKey
from hedgerow.core.states import SettlementStatus, Side


@dataclass(frozen=True, slots=True)
class FixtureEvent:
    """A fixture as it stands from now on, but its score. Status ids are the feed's (0 pregame ... 3 cancelled)."""

    at_ns: int
    fixture_id: FixtureId
    sport_id: int
    tournament_id: int
    tournament_name: str
    category_name: str
    participant1_name: str
    participant2_name: str
    start_time: int  # seconds since 1970
    status_id: int


@dataclass(frozen=True, slots=True)
class Price:
    """One outcome at one bookmaker. price None: not offered. limit: highest stake, in `currency`."""

    outcome: OutcomeKey
    price: Decimal | None
    limit: Decimal | None = None
    currency: str = "USD"
    active: bool = True


@dataclass(frozen=True, slots=True)
class OddsEvent:
    """Prices of one bookmaker on one fixture that change together; those left out stay."""

    at_ns: int
    fixture_id: FixtureId
    bookmaker: str
    prices: tuple[Price, ...]


@dataclass(frozen=True, slots=True)
class SuspendEvent:
    """The bookmaker stops, or goes on, taking bets on the fixture; its prices stay."""

    at_ns: int
    fixture_id: FixtureId
    bookmaker: str
    suspended: bool


@dataclass(frozen=True, slots=True)
class TradeEvent:
    """Somebody traded an outcome elsewhere: what makes a taker come to the simulated exchanges.

    price: probability in micros. size: contracts in micros. side: the direction of who took.
    """

    at_ns: int
    outcome: OutcomeKey
    price: int
    size: int
    side: Side


@dataclass(frozen=True, slots=True)
class ScoreEvent:
    """The fixture's whole score: period name -> {period, participant1Score, participant2Score, updatedAt}."""

    at_ns: int
    fixture_id: FixtureId
    scores: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SettleEvent:
    """The result, by outcome id."""

    at_ns: int
    fixture_id: FixtureId
    results: Mapping[int, SettlementStatus]


ReplayEvent = FixtureEvent | OddsEvent | SuspendEvent | TradeEvent | ScoreEvent | SettleEvent


@dataclass(frozen=True, slots=True)
class Summary:
    """What a recording is, known before it is played."""

    file: str
    kind: str  # betfair, tape, generated
    title: str
    market: str  # the market that is played, in the recording's own words; empty where it has many
    fixture_ids: tuple[FixtureId, ...]
    first_ns: int
    last_ns: int
    messages: int
    settles: bool  # whether it says the result
    warnings: tuple[str, ...] = ()


class Recording(Protocol):
    """Something that can be played."""

    @property
    def summary(self) -> Summary: ...

    @property
    def messages_read(self) -> int:
        """How many of the summary's messages have become events; it moves while the events are taken."""
        ...

    def events(self) -> Iterator[ReplayEvent]:
        """The events, oldest first. Raises InputError where the file turns out to be damaged."""
        ...


@dataclass(slots=True)
class _State:
    """What a stretch of events leaves behind."""

    fixtures: dict[FixtureId, FixtureEvent] = field(default_factory=dict)
    scores: dict[FixtureId, ScoreEvent] = field(default_factory=dict)
    suspensions: dict[tuple[FixtureId, str], SuspendEvent] = field(default_factory=dict)
    prices: dict[tuple[OutcomeKey, str], Price] = field(default_factory=dict)
    results: dict[FixtureId, SettleEvent] = field(default_factory=dict)

    def note(self, event: ReplayEvent) -> None:
        match event:
            case FixtureEvent():
                self.fixtures[event.fixture_id] = event
            case ScoreEvent():
                self.scores[event.fixture_id] = event
            case SuspendEvent():
                self.suspensions[event.fixture_id, event.bookmaker] = event
            case OddsEvent():
                self.prices.update(((price.outcome, event.bookmaker), price) for price in event.prices)
            case SettleEvent():
                self.results[event.fixture_id] = event
            case TradeEvent():
                pass  # whoever would have traded then has gone

    def events(self) -> Iterator[ReplayEvent]:
        """One event for what stands of each thing; their times are the caller's to set."""
        yield from self.fixtures.values()
        yield from self.scores.values()
        offers: dict[tuple[FixtureId, str], list[Price]] = {}
        for (outcome, bookmaker), price in self.prices.items():
            offers.setdefault((outcome.fixture_id, bookmaker), []).append(price)
        for (fixture_id, bookmaker), prices in offers.items():
            yield OddsEvent(0, fixture_id, bookmaker, tuple(prices))
        yield from self.suspensions.values()
        yield from self.results.values()


def starting_at(events: Iterable[ReplayEvent], start_ns: int | None) -> Iterator[ReplayEvent]:
    """The events from a time on, led by what those before have left behind, as if it had happened at that time.

    start_ns None: from the first fixture that is live. Where nothing is that late, only what is left at the end.
    """
    left = _State()
    stream = iter(events)
    at_ns = start_ns or 0
    for event in stream:
        if event.at_ns >= start_ns if start_ns is not None else _goes_live(event):
            at_ns = start_ns or event.at_ns
            stream = chain((event,), stream)
            break
        left.note(event)
        at_ns = max(at_ns, event.at_ns)
    return chain((replace(event, at_ns=at_ns) for event in left.events()), stream)


def _goes_live(event: ReplayEvent) -> bool:
    return isinstance(event, FixtureEvent) and event.status_id == 1
