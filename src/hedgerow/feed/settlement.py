"""When to ask the feed how a fixture was decided, and what its words mean.

Grades exist before the start (undecided) and change after the end, so that a fixture is asked for again until its
grades have stood still for a while. Grades that need more than the score (corners, cards, players) stay undecided for
ever; they are not waited for. Source: OddsPapi v5, settlement statuses and reasons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from hedgerow.core.ids import MarketId, OutcomeId, PlayerId
from hedgerow.core.states import SettlementStatus
from hedgerow.feed import wire

_MINUTE_MS = 60_000
_FIRST_PAUSE_MS = 15_000
_LONGEST_PAUSE_MS = 15 * _MINUTE_MS
_STANDS_AFTER_MS = 15 * _MINUTE_MS  # the feed's grades settle within a quarter of an hour after the end
_GIVES_UP_AFTER_MS = 24 * 60 * _MINUTE_MS

NEVER_GRADED = "REQUIRES_NON_SCORE_STATS"

_PUSH = "PUSH"
_STATUSES = {
    "WIN": SettlementStatus.WON,
    "WON": SettlementStatus.WON,  # older pages
    "LOSE": SettlementStatus.LOST,
    "LOST": SettlementStatus.LOST,  # older pages
    "HALFWIN": SettlementStatus.HALF_WON,
    "HALFLOSS": SettlementStatus.HALF_LOST,
    _PUSH: SettlementStatus.VOID,
    "CANCELLED": SettlementStatus.VOID,
    "UNDECIDED": SettlementStatus.UNDECIDED,
}


@dataclass(frozen=True, slots=True)
class Grade:
    """The feed's decision of one outcome; the exchange's and the bookmaker's own are other matters."""

    market_id: MarketId | None
    outcome_id: OutcomeId
    player_id: PlayerId
    status: SettlementStatus
    reason: str | None
    is_push: bool = False  # of a VOID: the line was hit

    @property
    def is_open(self) -> bool:
        """Whether the feed may still decide it."""
        return self.status is SettlementStatus.UNDECIDED and self.reason != NEVER_GRADED


def grades_of(rows: Sequence[wire.SettlementRow]) -> tuple[Grade, ...]:
    """The grades that the feed's rows state. An unknown status counts as undecided, with its name as the reason."""
    return tuple(_grade(row) for row in rows)


def _grade(row: wire.SettlementRow) -> Grade:
    word = row.status.upper()
    status = _STATUSES.get(word)
    reason = row.reason if status is not None else f"unknown status {row.status}"
    decided = status or SettlementStatus.UNDECIDED
    return Grade(row.market_id, row.outcome_id, row.player_id, decided, reason, is_push=word == _PUSH)


class Stage(StrEnum):
    """Where the asking about one fixture stands."""

    WAITING = "waiting"  # not over
    ASKING = "asking"  # over; grades are open or young
    DONE = "done"
    GIVEN_UP = "given_up"  # a day after the end something is still open


class SettlementPoll:
    """The asking about one fixture."""

    def __init__(self) -> None:
        self.stage = Stage.WAITING
        self.grades: tuple[Grade, ...] = ()
        self._ended_ms = 0
        self._next_ms = 0
        self._pause_ms = _FIRST_PAUSE_MS

    def over(self, ended_ms: int) -> None:
        """The fixture ended, or was cancelled, at that time."""
        if self.stage is Stage.WAITING:
            self.stage, self._ended_ms = Stage.ASKING, ended_ms
            self._next_ms, self._pause_ms = ended_ms, _FIRST_PAUSE_MS

    def is_due(self, now_ms: int, *, is_known: bool) -> bool:
        """Whether to ask now: after the end, or about a fixture of which nothing is known."""
        return now_ms >= self._next_ms and (self.stage is Stage.ASKING or not is_known)

    def failed(self, now_ms: int) -> None:
        """No answer came."""
        self._again(now_ms)

    def told(self, grades: tuple[Grade, ...], now_ms: int) -> bool:
        """Takes an answer; answers whether any grade differs from the last."""
        differs = set(grades) != set(self.grades)
        self.grades = grades
        since_end_ms = now_ms - self._ended_ms
        is_decided = bool(grades) and not any(grade.is_open for grade in grades)
        if self.stage is Stage.ASKING and is_decided and not differs and since_end_ms >= _STANDS_AFTER_MS:
            self.stage = Stage.DONE
        elif self.stage is Stage.ASKING and since_end_ms >= _GIVES_UP_AFTER_MS:
            self.stage = Stage.DONE if is_decided else Stage.GIVEN_UP
        else:
            self._again(now_ms)
        return differs

    def _again(self, now_ms: int) -> None:
        self._next_ms = now_ms + self._pause_ms
        self._pause_ms = min(self._pause_ms * 2, _LONGEST_PAUSE_MS)
