"""Choice and health as pure values: who is excluded, for how long, who gets the work."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.scraping.gateway import selection
from hedgerow.scraping.gateway.exclusion import (
    HARD_FIRST_MS,
    HARD_LONGEST_MS,
    SOFT_FIRST_MS,
    SOFT_LONGEST_MS,
    TRIAL_MS,
    State,
)
from hedgerow.scraping.gateway.health import Health, HealthBook, Outcome, Report
from hedgerow.scraping.gateway.selection import PIN_MS, Candidate, Picker, Pin, Pins, Wanted, choose, stand

SITE = "a.test"
ANY = Wanted("fetch")


def report(
    outcome: Outcome, slug: str = "de1", took_ms: int | None = 100, after: int | None = None, key: int | None = None
) -> Report:
    return Report(slug, SITE, outcome, took_ms, after, key)


def candidate(slug: str, country: str = "DE", load: int = 0, *, takes: bool = True) -> Candidate:
    return Candidate(slug, country, ("fetch",), load, takes)


class Now:
    """A clock that is set."""

    ms = 1_000_000

    def __call__(self) -> int:
        return self.ms


def picker(*candidates: Candidate, seed: int = 1) -> tuple[Picker, HealthBook, Now]:
    book, now = HealthBook(), Now()
    return Picker(lambda: candidates, book, Pins(), now, Random(seed).random), book, now


def test_a_soft_block_excludes_shortly_and_ends_in_a_trial() -> None:
    health = Health()
    health.note(report(Outcome.LIMITED), 0)
    assert health.standing(1) == (State.LIMITED, "limited by the target")
    assert health.standing(SOFT_FIRST_MS) == (State.LIMITED, None)
    health.begin(SOFT_FIRST_MS)
    assert health.standing(SOFT_FIRST_MS + 1) == (State.LIMITED, "on trial")
    assert health.standing(SOFT_FIRST_MS + TRIAL_MS) == (State.LIMITED, None)
    health.note(report(Outcome.SUCCEEDED), SOFT_FIRST_MS + 2)
    assert health.standing(SOFT_FIRST_MS + 2) == (State.AVAILABLE, None)


def test_a_block_on_trial_is_hard_and_grows() -> None:
    health, now_ms = Health(), 0
    health.note(report(Outcome.LIMITED), now_ms)
    pauses = []
    for _ in range(12):
        now_ms = health.excluded_until_ms()
        health.note(report(Outcome.LIMITED), now_ms)
        assert health.state(now_ms) is State.UNAVAILABLE
        pauses.append(health.excluded_until_ms() - now_ms)
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (HARD_FIRST_MS * 2, HARD_LONGEST_MS)


def test_requests_that_were_under_way_together_are_one_block() -> None:
    health = Health()
    for _ in range(50):
        health.note(report(Outcome.LIMITED), 5)
    assert (health.everyones.strikes, health.excluded_until_ms()) == (1, 5 + SOFT_FIRST_MS)


@pytest.mark.parametrize(("after", "pause"), [(1, SOFT_FIRST_MS), (120, 120_000), (99_999_999, SOFT_LONGEST_MS)])
def test_what_the_target_asks_for_is_honoured_within_bounds(after, pause) -> None:
    health = Health()
    health.note(report(Outcome.LIMITED, after=after), 0)
    assert health.excluded_until_ms() == pause


def test_a_success_that_was_sent_before_the_block_does_not_end_it() -> None:
    health = Health()
    health.note(report(Outcome.BLOCKED), 0)
    health.note(report(Outcome.SUCCEEDED), 1)
    assert health.state(1) is State.UNAVAILABLE


KEYS = st.sampled_from([None, 1, 2, 3])


@given(st.lists(st.tuples(st.sampled_from(Outcome), st.integers(0, 10**7), st.integers(0, 300_000), KEYS), max_size=60))
def test_every_exclusion_ends_and_every_score_is_one(events) -> None:
    health, now_ms = Health(), 0
    for outcome, pause_ms, took_ms, key in events:
        now_ms += pause_ms
        health.note(report(outcome, took_ms=took_ms, key=key), now_ms)
        assert 0 < health.score <= 1
        assert health.excluded_until_ms(key) <= now_ms + HARD_LONGEST_MS
    for key in (None, 1, 2, 3):
        assert health.standing(now_ms + HARD_LONGEST_MS + TRIAL_MS, key)[1] is None


# --- limits of one key and of all ------------------------------------------------------------------------------


def test_what_one_key_is_limited_in_excludes_the_agent_for_that_key_alone() -> None:
    health = Health()
    health.note(report(Outcome.LIMITED, key=1), 0)
    assert health.standing(1, 1) == (State.LIMITED, "limited by the target, for this key alone")
    assert (health.standing(1, 2), health.standing(1)) == ((State.AVAILABLE, None), (State.AVAILABLE, None))
    assert health.state(1) is State.LIMITED  # which whoever looks after the agents wants to know


@given(st.lists(st.integers(0, 10**7), max_size=60))
def test_one_key_alone_never_excludes_an_agent_for_another_by_its_limits(pauses) -> None:
    health, now_ms = Health(), 0
    for pause_ms in pauses:
        now_ms += pause_ms
        health.begin(now_ms, 1)
        health.note(report(Outcome.LIMITED, key=1), now_ms)
        assert health.standing(now_ms, 2) == (State.AVAILABLE, None)


def test_what_two_keys_are_limited_in_at_one_time_excludes_the_agent_for_all() -> None:
    health = Health()
    health.note(report(Outcome.LIMITED, key=1), 0)
    health.note(report(Outcome.LIMITED, key=2), SOFT_FIRST_MS - 1)
    assert health.standing(SOFT_FIRST_MS, 3) == (State.LIMITED, "limited by the target")


def test_two_keys_that_are_limited_one_after_the_other_exclude_it_for_nobody_else() -> None:
    health = Health()
    health.note(report(Outcome.LIMITED, key=1), 0)
    health.note(report(Outcome.LIMITED, key=2), SOFT_FIRST_MS)
    assert [health.standing(SOFT_FIRST_MS, key)[1] is None for key in (1, 2, 3)] == [True, False, True]


def test_a_trial_for_all_that_one_key_fails_is_decided_by_another() -> None:
    health = Health()
    for key in (1, 2):
        health.note(report(Outcome.LIMITED, key=key), 0)
    now_ms = SOFT_FIRST_MS
    health.begin(now_ms, 1)
    assert health.standing(now_ms, 2) == (State.LIMITED, "on trial")
    health.note(report(Outcome.LIMITED, key=1), now_ms)
    assert health.standing(now_ms, 1)[0] is State.UNAVAILABLE
    assert health.standing(now_ms, 2) == (State.LIMITED, None)
    health.note(report(Outcome.SUCCEEDED, key=2), now_ms)
    assert health.standing(now_ms, 3) == (State.AVAILABLE, None)


def test_a_block_for_good_counts_for_all_whoever_met_it() -> None:
    health = Health()
    health.note(report(Outcome.BLOCKED, key=1), 0)
    assert health.standing(1, 2) == (State.UNAVAILABLE, "blocked by the target")


def test_a_key_that_is_limited_everywhere_leaves_the_others_their_agents() -> None:
    pick, book, now = picker(candidate("de1"), candidate("de2"))
    for slug in ("de1", "de2"):
        book.note(report(Outcome.LIMITED, slug, key=1), now())
    assert pick.pick(SITE, ANY, key_id=1).chosen is None
    assert pick.pick(SITE, ANY, key_id=2).chosen is not None


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


def test_what_was_shown_to_a_key_binds_no_other() -> None:
    pick, _, _ = picker(*(candidate(f"de{number}") for number in range(20)))
    shown = pick.show(SITE, ANY, key_id=1)
    assert {pick.pick(SITE, ANY, key_id=1).chosen for _ in range(50)} == {shown.chosen}
    assert len({pick.pick(SITE, ANY, key_id=2).chosen for _ in range(50)}) > 1


def pin(slug: str, until_ms: int, domain: str = SITE) -> Pin:
    return Pin(domain, ANY, 1, slug, until_ms)


@given(st.permutations([pin("a", 50), pin("b", 70), pin("c", 70), pin("d", 60), pin("late", 10**6), pin("old", 10)]))
def test_of_several_pins_the_same_one_stands_in_whatever_order_they_come(told) -> None:
    pins = Pins()
    for each in told:
        pins.keep(each, 10)
    assert pins.kept(told[0].asked, 10) == pin("c", 70)
    assert pins.kept(told[0].asked, 70) is None


def test_pins_are_bounded_and_the_oldest_goes_first(monkeypatch) -> None:
    monkeypatch.setattr(selection, "_MOST_PINS", 2)
    pins = Pins()
    for domain in "abc":
        pins.keep(pin("de1", 10, domain), 0)
    assert [pins.kept((domain, ANY, 1), 0) is not None for domain in "abc"] == [False, True, True]


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
