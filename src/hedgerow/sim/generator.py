"""A made-up tennis match, for a demonstration without anybody's recording.

The match is a chain of points (`sim.tennis`). After each point two bookmakers say new odds from the chance of winning
at that score: pinnacle with the margin asked for, sharpbet a second later with one point more; between points the odds
breathe a little. Both stop for some seconds when a serve is broken, when a set ends and when play begins. Takers come
at random moments, on either side, at prices around the fair one. The same seed gives the same events.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from hedgerow.core.clock import NS_PER_MS, NS_PER_S
from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.core.money import MICRO, micros_floor
from hedgerow.core.states import SettlementStatus, Side
from hedgerow.sim.events import (
    FixtureEvent,
    Price,
    ReplayEvent,
    ScoreEvent,
    SettleEvent,
    Summary,
    TradeEvent,
)
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.recordings.odds_rule import DEFAULT_MARGIN, two_way_odds
from hedgerow.sim.recordings.voice import BookmakerVoice
from hedgerow.sim.tennis import Chances, Score

TENNIS = 12
TOURNAMENT_ID = 990_112
TOURNAMENT_NAME, CATEGORY_NAME = "Hedgerow Open", "Generated"

DURATION_S = 7_200
LEAD_S = 600
_END_S = 5

# 2026-01-10 18:00 UTC: where a generated match starts when no time is given, so that it is always the same.
STANDARD_START_NS = 1_768_068_000 * NS_PER_S

_PLAYERS = (
    "Alva Brook",
    "Ben Castell",
    "Cora Dunmore",
    "Dario Elmhurst",
    "Edda Falk",
    "Fynn Gorse",
    "Greta Hawthorn",
    "Hugo Ivers",
    "Ines Juniper",
    "Jonas Keld",
    "Kira Linden",
    "Leo Marram",
)

_SUSPENDED_S = 4
_BREATHS = 3  # changes of the odds between two points
_WIDEST_BREATH = 6  # thousandths of probability
_MOST_TAKERS = 3  # between two points
_WIDEST_TAKER = 15  # thousandths of probability off the fair price
_LIMITS = (Decimal(500), Decimal(1000), Decimal(2000), Decimal(5000))


@dataclass(frozen=True, slots=True)
class _Bookmaker:
    slug: str
    extra_margin: Decimal
    delay_ns: int


_BOOKMAKERS = (
    _Bookmaker("pinnacle", Decimal(0), 0),
    _Bookmaker("sharpbet", Decimal("0.01"), NS_PER_S),
)


class GeneratedMatch:
    """One match, made when it is asked for. A `sim.events.Recording`."""

    def __init__(
        self,
        seed: int,
        *,
        start_ns: int = STANDARD_START_NS,
        margin: Decimal = DEFAULT_MARGIN,
        duration_s: int = DURATION_S,
    ) -> None:
        """start_ns: the first event; play begins ten minutes (at most a twelfth of the duration) later.

        duration_s: from the first event to the result, at least a minute.
        """
        if duration_s < 60:
            raise ValueError(f"a match lasts at least a minute, not {duration_s} s")
        self.messages_read = 0
        maker = _Maker(seed, start_ns, margin, duration_s)
        self._events = maker.events()
        self.summary = Summary(
            file=f"generated:{seed}",
            kind="generated",
            title=" v ".join(maker.players),
            market="",
            fixture_ids=(maker.fixture_id,),
            first_ns=self._events[0].at_ns,
            last_ns=self._events[-1].at_ns,
            messages=len(self._events),
            settles=True,
        )

    def events(self) -> Iterator[ReplayEvent]:
        """See `sim.events.Recording`."""
        self.messages_read = 0
        for event in self._events:
            self.messages_read += 1
            yield event


class _Maker:
    """Makes all events of a match."""

    def __init__(self, seed: int, start_ns: int, margin: Decimal, duration_s: int) -> None:
        self._dice = random.Random(seed)
        self._start_ns, self._duration_s = start_ns, duration_s
        self._play_ns = start_ns + min(LEAD_S, duration_s // 12) * NS_PER_S
        winner = Catalogue().winner(TENNIS)
        if winner is None:
            raise AssertionError("tennis has a match winner")
        self.fixture_id = FixtureId(f"id{TENNIS:02}{TOURNAMENT_ID:06}{seed % 10**9:09}")
        self._outcomes = [OutcomeKey(self.fixture_id, OutcomeId(outcome)) for outcome in winner.outcomes]
        self.players = self._dice.sample(_PLAYERS, 2)
        serve = tuple(Decimal(self._dice.randrange(600, 680)) / 1000 for _ in range(2))
        self._chances = Chances((serve[0], serve[1]))
        self._margin = margin
        self._limit = self._dice.choice(_LIMITS)
        self._offers: list[tuple[int, int, Decimal | None]] = []  # time, order, fair chance or None while suspended
        self._made: list[ReplayEvent] = []

    def events(self) -> list[ReplayEvent]:
        """Oldest first."""
        scores = self._play()
        times = self._times(len(scores) - 1)
        self._before(scores[0], times[0])
        for before, score, at_ns, next_ns in zip(scores, scores[1:], times, times[1:], strict=False):
            self._point(before, score, at_ns, next_ns)
        self._end(scores[-1], times[-1])
        for bookmaker in _BOOKMAKERS:
            self._speak(bookmaker)
        return sorted(self._made, key=lambda event: event.at_ns)

    def _play(self) -> list[Score]:
        """The score before the first point and after each."""
        scores = [Score(server=self._dice.randrange(2))]
        while scores[-1].winner is None:
            chance = self._chances.of_point(scores[-1].point_server)
            first_wins = self._dice.randrange(MICRO) < micros_floor(chance)
            scores.append(scores[-1].after_point(0 if first_wins else 1))
        return scores

    def _times(self, points: int) -> list[int]:
        """When each point ends, and as the last the moment of the result."""
        weights = [self._dice.randrange(20, 46) for _ in range(points)]
        end_ns = self._start_ns + (self._duration_s - _END_S) * NS_PER_S
        played_ns, total = end_ns - self._play_ns, sum(weights)
        times, passed = [], 0
        for weight in weights:
            passed += weight
            times.append(self._play_ns + played_ns * passed // total // NS_PER_MS * NS_PER_MS)
        return [*times, end_ns + _END_S * NS_PER_S]

    def _before(self, score: Score, first_point_ns: int) -> None:
        self._fixture(self._start_ns, status_id=0)
        fair = self._chances.of_match(score)
        self._breathe(fair, self._start_ns, self._play_ns, 12)
        self._takers(fair, self._start_ns, self._play_ns, 6)
        self._fixture(self._play_ns, status_id=1)
        self._score(score, self._play_ns)
        self._suspend(fair, self._play_ns, first_point_ns)

    def _point(self, before: Score, score: Score, at_ns: int, next_ns: int) -> None:
        fair = self._chances.of_match(score)
        self._score(score, at_ns)
        if score.winner is not None:
            self._offer(at_ns, None)
            return
        is_set_end = score.sets != before.sets
        is_break = score.games != before.games and score.games[1 - before.server] > before.games[1 - before.server]
        rest_ns = self._suspend(fair, at_ns, next_ns) if is_set_end or is_break else at_ns
        self._breathe(fair, rest_ns, next_ns, _BREATHS)
        self._takers(fair, rest_ns, next_ns, self._dice.randrange(_MOST_TAKERS + 1))

    def _end(self, score: Score, at_ns: int) -> None:
        results: dict[int, SettlementStatus] = {
            outcome.outcome_id: SettlementStatus.WON if player == score.winner else SettlementStatus.LOST
            for player, outcome in enumerate(self._outcomes)
        }
        self._made.append(SettleEvent(at_ns, self.fixture_id, results))

    # --- single events ---------------------------------------------------------------------------------------

    def _fixture(self, at_ns: int, status_id: int) -> None:
        self._made.append(
            FixtureEvent(
                at_ns,
                self.fixture_id,
                TENNIS,
                TOURNAMENT_ID,
                TOURNAMENT_NAME,
                CATEGORY_NAME,
                self.players[0],
                self.players[1],
                self._play_ns // NS_PER_S,
                status_id,
            )
        )

    def _score(self, score: Score, at_ns: int) -> None:
        sets = [*score.finished_sets] if score.winner is not None else [*score.finished_sets, score.games]
        periods = {"result": score.sets, **{f"p{number}": games for number, games in enumerate(sets, start=1)}}
        if score.winner is None:
            periods["currentgame"] = score.called()
        told = {
            period: {"period": period, "participant1Score": first, "participant2Score": second}
            for period, (first, second) in periods.items()
        }
        self._made.append(ScoreEvent(at_ns, self.fixture_id, told))

    def _suspend(self, fair: Decimal, at_ns: int, next_ns: int) -> int:
        """Stops the bookmakers for some seconds, at most until the next point; answers when they go on."""
        until_ns = min(next_ns, at_ns + _SUSPENDED_S * NS_PER_S)
        self._offer(at_ns, None)
        self._offer(until_ns, fair)
        return until_ns

    def _breathe(self, fair: Decimal, from_ns: int, to_ns: int, times: int) -> None:
        """The odds move a little and come back."""
        self._offer(from_ns, fair)
        for at_ns in self._moments(from_ns, to_ns, times):
            off = Decimal(self._dice.randrange(-_WIDEST_BREATH, _WIDEST_BREATH + 1)) / 1000
            self._offer(at_ns, fair + off * fair * (1 - fair) * 4)

    def _takers(self, fair: Decimal, from_ns: int, to_ns: int, times: int) -> None:
        for at_ns in self._moments(from_ns, to_ns, times):
            player = self._dice.randrange(2)
            chance = fair if player == 0 else 1 - fair
            off = self._dice.randrange(-_WIDEST_TAKER, _WIDEST_TAKER + 1) * 1000
            price = min(MICRO - 1000, max(1000, micros_floor(chance) + off))
            size = self._dice.choice((5, 10, 20, 20, 50, 100, 200))
            side = self._dice.choice((Side.BUY, Side.SELL))
            self._made.append(TradeEvent(at_ns, self._outcomes[player], price, size * MICRO, side))

    def _moments(self, from_ns: int, to_ns: int, times: int) -> list[int]:
        span_ms = (to_ns - from_ns) // NS_PER_MS
        if span_ms <= 1:
            return []
        return sorted(from_ns + self._dice.randrange(1, span_ms) * NS_PER_MS for _ in range(times))

    def _offer(self, at_ns: int, fair: Decimal | None) -> None:
        self._offers.append((at_ns, len(self._offers), fair))

    def _speak(self, bookmaker: _Bookmaker) -> None:
        voice = BookmakerVoice(self.fixture_id, bookmaker.slug)
        for at_ns, _, fair in sorted(self._offers, key=lambda offer: offer[:2]):
            odds = two_way_odds((fair, 1 - fair), self._margin + bookmaker.extra_margin) if fair is not None else None
            prices = odds and [
                Price(outcome, price, self._limit) for outcome, price in zip(self._outcomes, odds, strict=True)
            ]
            self._made += voice.say(at_ns + bookmaker.delay_ns, prices or None)
