"""The feed's grades of a fixture's outcomes.

What the world has decided is the grade. Where it has decided nothing, a finished fixture is graded from the score of
the market's own period, as the feed does it; without that score the row stays undecided. Source: the feed sheet's
settlement rows; Asian lines pay by quarters, so half of a stake can win or lose.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from hedgerow.core.ids import OutcomeKey
from hedgerow.core.states import SettlementStatus
from hedgerow.sim.dialects.oddspapi.memory import Memory, Score, market_id_of
from hedgerow.sim.dialects.oddspapi.shapes import number
from hedgerow.sim.markets import Market
from hedgerow.sim.world import Fixture, World

UNDECIDED, CANCELLED, PUSH = "UNDECIDED", "CANCELLED", "PUSH"
WIN, LOSE, HALFWIN, HALFLOSS = "WIN", "LOSE", "HALFWIN", "HALFLOSS"
MISSING_PERIODS, FIXTURE_CANCELLED = "MISSING_PERIODS", "FIXTURE_CANCELLED"

Verdict = tuple[str, Decimal | None, str | None]
"""The status, the margin and, where there is no grade, the reason."""

_OPEN: Verdict = (UNDECIDED, None, MISSING_PERIODS)
_CANCELLED = 3

_OF_WORLD = {
    SettlementStatus.UNDECIDED: UNDECIDED,
    SettlementStatus.WON: WIN,
    SettlementStatus.LOST: LOSE,
    SettlementStatus.VOID: PUSH,
    SettlementStatus.HALF_WON: HALFWIN,
    SettlementStatus.HALF_LOST: HALFLOSS,
}


def grade_of_margin(margin: Decimal) -> str:
    """By how much a line was beaten (negative: missed), in quarters, e.g. 0.25 -> HALFWIN."""
    if margin == 0:
        return PUSH
    if abs(margin) == Decimal("0.25"):
        return HALFWIN if margin > 0 else HALFLOSS
    return WIN if margin > 0 else LOSE


def grade(market: Market, name: str, score: Score) -> tuple[str, Decimal | None] | None:
    """The grade of one outcome (by its name) and the margin from that outcome's side; None for a market that scores
    alone cannot decide."""
    one, two = Decimal(score.participant1), Decimal(score.participant2)
    match market.market_type:
        case "moneyline" | "drawnobet" | "spreads":
            margin = one - two + market.handicap
            margin = margin if name == "1" else -margin
            return grade_of_margin(margin), margin
        case "totals":
            margin = one + two - market.handicap
            margin = margin if name == "Over" else -margin
            return grade_of_margin(margin), margin
        case "1x2" | "spreads-european":
            return _three_way(name, one - two + market.handicap)
        case "doublechance":
            return _won(_side(one - two) in name), None
        case "bothteamsscore":
            return _won((min(one, two) > 0) == (name == "Yes")), None
        case "oddeven":
            return _won((one + two) % 2 == (name == "Odd")), None
    return None


def _three_way(name: str, difference: Decimal) -> tuple[str, Decimal]:
    margin = {"1": difference, "2": -difference, "X": -abs(difference)}[name]
    return _won(_side(difference) == name), margin


def _side(difference: Decimal) -> str:
    """Which of 1, X, 2 a score difference (participant 1's goals less 2's) means."""
    if difference == 0:
        return "X"
    return "1" if difference > 0 else "2"


def _won(won: bool) -> str:
    return WIN if won else LOSE


class Grader:
    """Settlement rows of the world's fixtures."""

    def __init__(self, world: World, memory: Memory) -> None:
        self._world, self._memory = world, memory

    def rows(self, fixture: Fixture, delay_s: int = 0) -> list[dict[str, Any]]:
        """One row per outcome: all of the sport's catalogue, and what else is quoted or decided. delay_s: grades
        appear so many seconds of world time after the fixture's end."""
        ended_ms = fixture.true_end_ms
        too_early = ended_ms is None or self._world.clock.now_ms() < ended_ms + delay_s * 1000
        return [self._row(fixture, outcome, too_early=too_early) for outcome in self._outcomes(fixture)]

    def _outcomes(self, fixture: Fixture) -> Iterable[OutcomeKey]:
        listed = [
            OutcomeKey(fixture.fixture_id, outcome)
            for market in self._world.catalogue.of_sport(fixture.sport_id)
            for outcome in market.outcomes
        ]
        quoted = [
            quote.outcome
            for quotes in self._memory.books_of(fixture.fixture_id).values()
            for quote in quotes.values()
        ]
        return dict.fromkeys([*listed, *quoted, *fixture.results])

    def _row(self, fixture: Fixture, outcome: OutcomeKey, *, too_early: bool) -> dict[str, Any]:
        market = self._world.catalogue.market_of(outcome.outcome_id)
        score = self._memory.scores_of(fixture.fixture_id).get(market.period) if market else None
        verdict = _OPEN if too_early else self._decide(fixture, outcome, market, score)
        status, margin, reason = verdict
        decided = status not in (UNDECIDED, CANCELLED)
        return {
            "marketId": market_id_of(self._world.catalogue, outcome.outcome_id),
            "marketType": market.market_type if market else None,
            "outcomeId": outcome.outcome_id,
            "playerId": outcome.player_id,
            "status": status,
            "margin": None if margin is None else number(margin),
            "team1Score": score.participant1 if score and decided else None,
            "team2Score": score.participant2 if score and decided else None,
            "periods": [market.period] if market else None,
            "reason": reason,
        }

    def _decide(self, fixture: Fixture, outcome: OutcomeKey, market: Market | None, score: Score | None) -> Verdict:
        if fixture.status_id == _CANCELLED:
            return CANCELLED, None, FIXTURE_CANCELLED
        graded = None
        if market is not None and score is not None and not outcome.player_id:
            name = market.names[market.outcomes.index(outcome.outcome_id)]
            graded = grade(market, name, score)
        decided = _OF_WORLD[fixture.results.get(outcome, SettlementStatus.UNDECIDED)]
        margin = graded[1] if graded else None
        if decided != UNDECIDED:
            return decided, margin, None
        return (graded[0], margin, None) if graded else _OPEN
