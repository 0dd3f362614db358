"""Whatever router and persons do, in whatever order, and whenever the desk dies: no bet is two persons', none is sent
too late, none is forgotten, and what a fence has said stays true."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, RuleBasedStateMachine, invariant, multiple, rule

from hedgerow.bridging.desk.jobs import LEASE_MS, DeskError, Stage
from hedgerow.bridging.problems import ProblemError
from hedgerow.bridging.wire import State
from hedgerow.core.clock import iso_of_ms, ms_of_iso

from .kit import ACCOUNT, Room

PERSONS = st.sampled_from(["Ann", "Bob"])


class DeskLife(RuleBasedStateMachine):
    references = Bundle("references")

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.room = Room(Path(self._folder.name))
        self.holders: dict[str, tuple[str, int]] = {}  # who took a bet, and when
        self.not_placed: set[str] = set()  # by a fence's word
        self.final: dict[str, State] = {}
        self.last_revision = 0

    def teardown(self) -> None:
        self.room.close()
        self._folder.cleanup()

    @rule(target=references, seconds=st.integers(-5, 120))
    def bet(self, seconds: int) -> str | MultipleResults[str]:
        not_after = iso_of_ms(self.room.clock.now_ms() + seconds * 1000)
        if len(self.room.desk.jobs()) < self.room.register.terms.concurrent_bets:
            return self.room.bet(not_after=not_after)
        with pytest.raises(ProblemError, match="429 rate_limited"):
            self.room.bet(not_after=not_after)
        return multiple()

    @rule(seconds=st.integers(1, 70))
    def wait(self, seconds: int) -> None:
        self.room.clock.advance(seconds)

    @rule(reference=references, person=PERSONS)
    def take(self, reference: str, person: str) -> None:
        now_ms = self.room.clock.now_ms()
        try:
            job = self.room.desk.take(ACCOUNT, reference, person)
        except DeskError:
            return
        assert reference not in self.holders
        assert now_ms <= job.wager.not_after_ms
        assert reference not in self.not_placed
        self.holders[reference] = person, now_ms

    @rule(reference=references, person=PERSONS, is_placed=st.booleans())
    def answer(self, reference: str, person: str, is_placed: bool) -> None:
        desk = self.room.desk
        try:
            if is_placed:
                desk.placed(ACCOUNT, reference, person, f"T-{reference}", "200", "1.95")
            else:
                desk.impossible(ACCOUNT, reference, person, "not_offered")
        except DeskError:
            return
        holder, taken_ms = self.holders[reference]
        assert person == holder or self.room.clock.now_ms() >= taken_ms + LEASE_MS
        assert self.room.register.bet(ACCOUNT, reference).state is (State.ACCEPTED if is_placed else State.REJECTED)

    @rule(reference=references)
    def fence(self, reference: str) -> None:
        result = self.room.register.fence(ACCOUNT, reference)
        if result.outcome != "exists":
            assert reference not in self.holders
            self.not_placed.add(reference)

    @rule(reference=references)
    def put_again(self, reference: str) -> None:
        kept = self.room.store.find(ACCOUNT, reference)
        if kept is None:
            return
        if reference in self.not_placed:
            with pytest.raises(ProblemError, match="410 fenced"):
                self.room.register.put(ACCOUNT, reference, kept.request)
        else:
            assert self.room.register.put(ACCOUNT, reference, kept.request) == (kept.bet, False)

    @rule()
    def die(self) -> None:
        self.room.close()
        self.room.open()

    @invariant()
    def nothing_is_forgotten(self) -> None:
        jobs = {job.wager.reference: job for job in self.room.desk.jobs()}
        bets = self.room.store.changes([ACCOUNT], 0, 10_000)
        for bet in bets:
            is_open = bet.state in (State.PENDING, State.UNKNOWN)
            assert is_open == (bet.reference in jobs)
            assert (bet.state is State.UNKNOWN) == (is_open and jobs[bet.reference].stage is Stage.ASKED)
            assert (bet.sent_at is not None) == (bet.reference in self.holders)
            if bet.reference in self.not_placed:
                assert bet.state is State.REJECTED
            if bet.reference in self.final:
                assert bet.state is self.final[bet.reference]
            elif not is_open:
                self.final[bet.reference] = bet.state

    @invariant()
    def revisions_grow(self) -> None:
        bets = self.room.store.changes([ACCOUNT], self.last_revision, 10_000)
        numbers = [bet.revision for bet in bets]
        assert numbers == sorted(set(numbers))
        self.last_revision = max([self.last_revision, *numbers])

    @invariant()
    def every_decision_has_a_name(self) -> None:
        rows: list[dict[str, Any]] = self.room.desk.decisions()
        named = {row["reference"] for row in rows if row["action"] == "take"}
        assert named >= set(self.holders)
        assert all(row["person"] in ("Ann", "Bob") and ms_of_iso(row["at"]) for row in rows)


DeskLife.TestCase.settings = settings(max_examples=12, stateful_step_count=25)
TestDeskLife = DeskLife.TestCase
