"""What a bridge keeps: every reference that it was given, fences, and the order of changes.

Revisions grow with every change of any bet of an account and never repeat. A bet that changed twice appears once, with
its last state.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from hedgerow.sim.bookmaker import Bet
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.dialects.bridge.requests import BetRequest


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a bet was not taken. offer: (stake, price) that would be, as texts."""

    code: str
    retry: str
    message: str
    offer: tuple[str, str] | None = None


@dataclass(slots=True, eq=False)
class Job:
    """One bet of the router's. `bet` is the bookmaker's, once it was sent there and not refused at once."""

    account: str
    reference: str
    request: BetRequest
    received_ms: int
    updated_ms: int
    revision: int = 0
    sent_ms: int | None = None
    decided_ms: int | None = None
    bet: Bet | None = None
    refusal: Refusal | None = None


@dataclass(slots=True)
class _Shelf:
    """Of one account."""

    jobs: dict[str, Job] = field(default_factory=dict)
    by_revision: dict[int, Job] = field(default_factory=dict)  # in rising order
    fenced: set[str] = field(default_factory=set)
    last_revision: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class Store:
    """Jobs by account and reference."""

    def __init__(self, clock: WorldClock) -> None:
        self._clock = clock
        self._shelves: dict[str, _Shelf] = {}

    def clear(self) -> None:
        """Forgets the bets; revisions go on from where they were."""
        for shelf in self._shelves.values():
            shelf.jobs.clear()
            shelf.by_revision.clear()
            shelf.fenced.clear()

    def job(self, account: str, reference: str) -> Job | None:
        return self._shelf(account).jobs.get(reference)

    def keep(self, job: Job) -> None:
        """A job that is new."""
        self._shelf(job.account).jobs[job.reference] = job
        self.touch(job)

    def touch(self, job: Job) -> None:
        """The job has changed: it moves to the end, and who waits for a change is told."""
        shelf = self._shelf(job.account)
        if shelf.jobs.get(job.reference) is not job:
            return  # of a world that was reset
        shelf.by_revision.pop(job.revision, None)
        shelf.last_revision += 1
        job.revision, job.updated_ms = shelf.last_revision, self._clock.now_ms()
        shelf.by_revision[job.revision] = job
        shelf.changed.set()
        shelf.changed = asyncio.Event()

    def fence(self, account: str, reference: str) -> None:
        self._shelf(account).fenced.add(reference)

    def is_fenced(self, account: str, reference: str) -> bool:
        return reference in self._shelf(account).fenced

    def changes(self, account: str, after: int) -> list[Job]:
        """Jobs that changed after a revision, in the order of their last change."""
        return [job for revision, job in self._shelf(account).by_revision.items() if revision > after]

    async def changed(self, account: str) -> None:
        """Returns at the account's next change."""
        await self._shelf(account).changed.wait()

    def _shelf(self, account: str) -> _Shelf:
        return self._shelves.setdefault(account, _Shelf())
