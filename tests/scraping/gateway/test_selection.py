"""Choice and health as pure values: who is excluded, for how long, who gets the work."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.scraping.gateway.health import (
    HARD_FIRST_MS,
    HARD_LONGEST_MS,
    SOFT_FIRST_MS,
    SOFT_LONGEST_MS,
    TRIAL_MS,
    Health,
    HealthBook,
    Outcome,
    Report,
    State,
)
from hedgerow.scraping.gateway.selection import PIN_MS, Candidate, Picker, Wanted, choose, stand

SITE = "a.test"
ANY = Wanted("fetch")


def report(outcome: Outcome, slug: str = "de1", took_ms: int | None = 100, after: int | None = None) -> Report:
    return Report(slug, SITE, outcome, took_ms, after)


def candidate(slug: str, country: str = "DE", load: int = 0, *, takes: bool = True) -> Candidate:
    return Candidate(slug, country, ("fetch",), load, takes)


class Now:
    """A clock that is set."""

    ms = 1_000_000

    def __call__(self) -> int:
        return self.ms


def picker(*candidates: Candidate, seed: int = 1) -> tuple[Picker, HealthBook, Now]:
    book, now = HealthBook(), Now()
    return Picker(lambda: candidates, book, now, Random(seed).random), book, now


def test_a_soft_block_excludes_shortly_and_ends_in_a_trial() -> None:
    health = Health()
    health.note(report(Outcome.LIMITED), 0)
    assert (health.state(1), health.why_not(1)) == (State.LIMITED, "limited by the target")
    assert health.why_not(SOFT_FIRST_MS) is None
    assert health.state(SOFT_FIRST_MS) is State.LIMITED
    health.begin(SOFT_FIRST_MS)
    assert health.why_not(SOFT_FIRST_MS + 1) == "on trial"
    assert health.why_not(SOFT_FIRST_MS + TRIAL_MS) is None
    health.note(report(Outcome.SUCCEEDED), SOFT_FIRST_MS + 2)
    assert (health.state(SOFT_FIRST_MS + 2), health.why_not(SOFT_FIRST_MS + 2)) == (State.AVAILABLE, None)


def test_a_block_on_trial_is_hard_and_grows() -> None:
    health, now_ms = Health(), 0
    health.note(report(Outcome.LIMITED), now_ms)
    pauses = []
    for _ in range(12):
        now_ms = health.excluded_until_ms
        health.note(report(Outcome.LIMITED), now_ms)
        assert health.state(now_ms) is State.UNAVAILABLE
        pauses.append(health.excluded_until_ms - now_ms)
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (HARD_FIRST_MS * 2, HARD_LONGEST_MS)


def test_requests_that_were_under_way_together_are_one_block() -> None:
    health = Health()
    for _ in range(50):
        health.note(report(Outcome.LIMITED), 5)
    assert (health.strikes, health.excluded_until_ms) == (1, 5 + SOFT_FIRST_MS)


@pytest.mark.parametrize(("after", "pause"), [(1, SOFT_FIRST_MS), (120, 120_000), (99_999_999, SOFT_LONGEST_MS)])
def test_what_the_target_asks_for_is_honoured_within_bounds(after, pause) -> None:
    health = Health()
    health.note(report(Outcome.LIMITED, after=after), 0)
    assert health.excluded_until_ms == pause


def test_a_success_that_was_sent_before_the_block_does_not_end_it() -> None:
    health = Health()
    health.note(report(Outcome.BLOCKED), 0)
    health.note(report(Outcome.SUCCEEDED), 1)
    assert health.state(1) is State.UNAVAILABLE


@given(st.lists(st.tuples(st.sampled_from(Outcome), st.integers(0, 10**7), st.integers(0, 300_000)), max_size=60))
def test_every_exclusion_ends_and_every_score_is_one(events) -> None:
    health, now_ms = Health(), 0
    for outcome, pause_ms, took_ms in events:
        now_ms += pause_ms
        health.note(report(outcome, took_ms=took_ms), now_ms)
        assert 0 < health.score <= 1
        assert health.excluded_until_ms <= now_ms + HARD_LONGEST_MS
    assert health.why_not(now_ms + HARD_LONGEST_MS + TRIAL_MS) is None


def test_a_target_that_fails_for_everybody_excludes_nobody() -> None:
    pick, book, now = picker(candidate("de1"), candidate("de2"))
    for slug in ("de1", "de2"):
        for _ in range(100):
            book.note(report(Outcome.FAILED, slug), now())
    assert pick.pick(SITE, ANY).chosen is not None


def test_only_whom_the_filter_names_is_chosen() -> None:
    pick, _, _ = picker(candidate("de1"), candidate("us3", "US"), candidate("at5", "AT"))
    assert pick.pick(SITE, Wanted("fetch", countries=frozenset({"US"}))).chosen == candidate("us3", "US")
    assert pick.pick(SITE, Wanted("fetch", slugs=frozenset({"at5"}))).chosen == candidate("at5", "AT")
    assert pick.pick(SITE, Wanted("browser")).chosen is None
    assert pick.pick(SITE, ANY, frozenset({"de1", "us3", "at5"})).chosen is None


def test_good_agents_get_most_of_the_work_and_all_get_some() -> None:
    pick, book, now = picker(candidate("good"), candidate("bad"), candidate("new"))
    for _ in range(30):
        book.note(report(Outcome.SUCCEEDED, "good", 50), now())
        book.note(report(Outcome.FAILED, "bad", 3000), now())
    seen = Counter(pick.pick(SITE, ANY).chosen.slug for _ in range(3000))
    assert seen["good"] > seen["new"] > seen["bad"] > 0
    assert seen["new"] > 300


def test_a_loaded_agent_gets_less() -> None:
    pick, _, _ = picker(candidate("idle"), candidate("busy", load=50), candidate("full", takes=False))
    seen = Counter(pick.pick(SITE, ANY).chosen.slug for _ in range(1000))
    assert seen["idle"] > 2 * seen["busy"] > 0
    assert seen["full"] == 0


def test_what_was_shown_is_used_until_it_says_and_not_longer() -> None:
    pick, _, now = picker(*(candidate(f"de{number}") for number in range(20)))
    shown = pick.show(SITE, ANY)
    assert shown.valid_until_ms == now() + PIN_MS
    assert {pick.pick(SITE, ANY).chosen for _ in range(50)} == {shown.chosen}
    assert pick.show(SITE, ANY) == shown
    now.ms += PIN_MS
    assert len({pick.pick(SITE, ANY).chosen for _ in range(50)}) > 1


def test_an_agent_that_is_excluded_after_it_was_shown_is_not_used() -> None:
    pick, book, now = picker(candidate("de1"), candidate("de2"))
    shown = pick.show(SITE, ANY).chosen
    assert shown is not None
    book.note(report(Outcome.BLOCKED, shown.slug), now())
    assert pick.pick(SITE, ANY).chosen != shown


def test_on_trial_one_request_goes_through() -> None:
    pick, book, now = picker(candidate("de1"))
    book.note(report(Outcome.LIMITED), now())
    assert pick.pick(SITE, ANY).chosen is None
    now.ms += SOFT_FIRST_MS
    assert pick.pick(SITE, ANY).chosen is not None
    assert pick.pick(SITE, ANY).chosen is None


@given(st.lists(st.floats(0.02, 1.0), min_size=1, max_size=10), st.floats(0, 1, exclude_max=True))
def test_any_draw_chooses_somebody(scores, point) -> None:
    health = {f"a{index}": Health(success=score) for index, score in enumerate(scores)}
    standings = stand([candidate(slug) for slug in health], ANY, health, 0)
    assert choose(standings, lambda: point) is not None
