"""Circuit breakers: five failures open, thirty seconds later one trial."""

from __future__ import annotations

from hedgerow.core.clock import SteppedClock
from hedgerow.execution.guard import FAILURES_TO_OPEN, OPEN_FOR_S, Breakers, Circuit


def _opened() -> tuple[Breakers, SteppedClock]:
    clock = SteppedClock()
    breakers = Breakers(clock)
    for _ in range(FAILURES_TO_OPEN):
        breakers.failed(1)
    return breakers, clock


def test_five_failures_in_a_row_open_the_breaker() -> None:
    breakers, _ = _opened()
    assert breakers.state(1) is Circuit.OPEN
    assert not breakers.allows(1)


def test_success_between_failures_starts_the_count_anew() -> None:
    breakers = Breakers(SteppedClock())
    for _ in range(FAILURES_TO_OPEN - 1):
        breakers.failed(1)
    breakers.succeeded(1)
    breakers.failed(1)
    assert breakers.allows(1)


def test_one_trial_is_let_through_after_the_pause() -> None:
    breakers, clock = _opened()
    clock.advance(OPEN_FOR_S)
    assert breakers.state(1) is Circuit.HALF_OPEN
    assert [breakers.allows(1), breakers.allows(1)] == [True, False]


def test_failed_trial_opens_again_and_a_good_one_closes() -> None:
    breakers, clock = _opened()
    clock.advance(OPEN_FOR_S)
    assert breakers.allows(1)
    breakers.failed(1)
    assert breakers.state(1) is Circuit.OPEN
    clock.advance(OPEN_FOR_S)
    breakers.succeeded(1)
    assert breakers.state(1) is Circuit.CLOSED


def test_accounts_do_not_share_a_breaker() -> None:
    breakers, _ = _opened()
    assert breakers.allows(2)
