"""What a person has to do, and who does it. Pure.

A bet waits until somebody takes it, or its time is over. Who took it has a minute for the bookmaker's page; after that
nobody knows whether it was placed, and somebody has to answer. Source: the protocol's rules on the desk.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from hedgerow.bridging import life
from hedgerow.bridging.bridge import Wager
from hedgerow.bridging.store import Kept
from hedgerow.bridging.wire import State
from hedgerow.core.errors import InputError

LEASE_MS = 60_000


class Stage(StrEnum):
    """WAITING: anybody may take it. TAKEN: its holder places it. ASKED: it may be placed, and somebody has to say."""

    WAITING = "waiting"
    TAKEN = "taken"
    ASKED = "asked"


class Lease(msgspec.Struct, frozen=True, rename="camel"):
    """Who places a bet, and until when nobody else may."""

    person: str
    until_ms: int


@dataclass(frozen=True, slots=True)
class Job:
    """One bet, for a person. until_ms: when it vanishes (WAITING) or becomes a question (TAKEN)."""

    wager: Wager
    stage: Stage
    person: str | None
    until_ms: int | None

    def left_s(self, now_ms: int) -> int | None:
        """Whole seconds; None for a question, which does not end."""
        return None if self.until_ms is None else max(0, (self.until_ms - now_ms) // 1000)

    @property
    def what(self) -> str:
        """In words, as far as the router gave any."""
        return described(self.wager.selection.description) or self.ids

    @property
    def ids(self) -> str:
        """The bookmaker's ids of the line, or the feed's."""
        chosen = self.wager.selection
        names = (chosen.bookmaker_fixture_id, chosen.bookmaker_market_id, chosen.bookmaker_outcome_id)
        given = [name for name in names if name]
        return " / ".join(given or [chosen.fixture_id, str(chosen.outcome_id), str(chosen.player_id)])


def described(words: dict[str, Any]) -> str:
    """A selection's description on one line: what is bet on first."""
    names = [words.get("player"), words.get("outcome"), words.get("handicap")]
    chosen = " ".join(str(name) for name in names if name not in (None, ""))
    sides = [words.get("participant1"), words.get("participant2")]
    match = " v ".join(str(side) for side in sides if side)
    rest = [words.get(name) for name in ("market", "period")]
    where = [words.get(name) for name in ("tournament", "sport", "startTime")]
    parts = [
        chosen,
        ", ".join(str(part) for part in rest if part),
        match,
        ", ".join(str(part) for part in where if part),
    ]
    return " · ".join(part for part in parts if part)


def job_of(kept: Kept, lease: Lease | None, now_ms: int) -> Job | None:
    """None for a bet that is decided, or whose time is over."""
    wager = Wager.of(kept.bet.account, kept.bet.reference, kept.request)
    if life.is_unsent(kept.bet):
        return Job(wager, Stage.WAITING, None, wager.not_after_ms) if now_ms <= wager.not_after_ms else None
    if not life.is_undecided(kept.bet):
        return None
    if kept.bet.state is State.PENDING and lease is not None and now_ms < lease.until_ms:
        return Job(wager, Stage.TAKEN, lease.person, lease.until_ms)
    return Job(wager, Stage.ASKED, lease.person if lease else None, None)


class DeskError(InputError):
    """What a person wants is not possible; the message says why."""


def check_answer(job: Job | None, person: str) -> Job:
    """Whether the person may say what became of a bet. Raises DeskError."""
    match job:
        case None:
            raise DeskError("the bet is over: nobody has to answer any more")
        case Job(stage=Stage.WAITING):
            raise DeskError("take the bet before you place it: somebody else might place it too")
        case Job(stage=Stage.TAKEN, person=holder) if holder != person:
            raise DeskError(f"{holder} has taken the bet")
        case _:
            return job
