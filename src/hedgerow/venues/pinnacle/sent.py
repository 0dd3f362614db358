"""Bets that were sent: what an unanswered one looked like, and which of the venue's ids are taken by others.

The venue tells of a request id for half an hour only. After that an unanswered bet can be recognised in its lists by
what was asked for; this remembers it. It ends with the process: then a person decides.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from hedgerow.core.money import micros_floor
from hedgerow.core.odds import OddsMicros
from hedgerow.venues.pinnacle import wire
from hedgerow.venues.pinnacle.line import BetType, OverUnder, Selection
from hedgerow.venues.pinnacle.parse import MalformedError, time_ms

# How far the venue's placedAt may lie before and after the time at which a bet left.
EARLIEST_MS, LATEST_MS = 60_000, 600_000

_REMEMBERED = 10_000

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class SentBet:
    """What a placement asked for, and when it left. `team`: TEAM1, TEAM2, DRAW or None."""

    selection: Selection
    team: str | None
    odds: OddsMicros
    stake: Decimal
    takes_part: bool
    left_ms: int

    def could_be(self, row: wire.StraightBet) -> bool:
        """Whether a row of the venue's lists can be this bet: same event, period, type, side, line and stake, odds not
        worse, placed about when this left."""
        line = self.selection.line
        return (
            (row.event_id, row.period_number, row.bet_type) == (line.event_id, line.period, line.bet_type)
            and self._has_side(row)
            and self._has_points(row)
            and row.risk is not None
            and (row.risk == self.stake or (self.takes_part and 0 < row.risk < self.stake))
            and row.price is not None
            and micros_floor(row.price) >= self.odds
            and _was_placed_about(row, self.left_ms)
        )

    def _has_side(self, row: wire.StraightBet) -> bool:
        wanted = self.selection.over_under
        if wanted is not None and row.side != _SIDES[wanted]:
            return False
        match self.team:
            case "TEAM1":
                return row.team_name is not None and row.team_name == row.team1
            case "TEAM2":
                return row.team_name is not None and row.team_name == row.team2
            case "DRAW":
                return row.team_name not in (None, row.team1, row.team2)
            case _:
                return True

    def _has_points(self, row: wire.StraightBet) -> bool:
        """The documents do not say whose handicap a row tells, so its sign says nothing."""
        wanted = self.selection.points
        if wanted is None:
            return self.selection.line.bet_type is BetType.MONEYLINE
        return row.handicap is not None and abs(row.handicap) == abs(wanted)


class SentBets:
    """The latest bets of one account, by our reference and by the venue's id. Bounded."""

    def __init__(self) -> None:
        self._unanswered: OrderedDict[str, SentBet] = OrderedDict()
        self._references: OrderedDict[str, str] = OrderedDict()

    def leaves(self, reference: str, bet: SentBet) -> None:
        """Before it is sent."""
        _keep(self._unanswered, reference, bet)

    def answered(self, reference: str, bet_ref: str | None) -> None:
        """The venue has told what became of it. bet_ref: None when it has no bet."""
        self._unanswered.pop(reference, None)
        if bet_ref is not None:
            _keep(self._references, bet_ref, reference)

    def unanswered(self, reference: str) -> SentBet | None:
        return self._unanswered.get(reference)

    def reference_of(self, bet_ref: str) -> str | None:
        """Our reference of a bet of the venue's, where this process learned it."""
        return self._references.get(bet_ref)


_SIDES = {OverUnder.OVER: "OVER", OverUnder.UNDER: "UNDER"}


def _was_placed_about(row: wire.StraightBet, left_ms: int) -> bool:
    try:
        placed_ms = time_ms(row.placed_at, "placedAt")
    except MalformedError:
        return False
    return left_ms - EARLIEST_MS <= placed_ms <= left_ms + LATEST_MS


def _keep(kept: OrderedDict[K, V], key: K, value: V) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > _REMEMBERED:
        kept.popitem(last=False)
