"""References and least stakes of the simulated bookmaker."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.sim.bookmaker import BELOW_MINIMUM, Bet, Bookmaker, Quote
from hedgerow.sim.clock import WorldClock
from hedgerow.sim.faults import Behaviour
from hedgerow.sim.orders import DUPLICATE, Rejection

OUTCOME = OutcomeKey(FixtureId("id1200231461061419"), OutcomeId(121))
QUOTE = Quote(OUTCOME, "pinnacle", Decimal("1.75"), Decimal(100), None, "USD", True, 0)


@pytest.fixture
def book() -> Bookmaker:
    clock = WorldClock()
    clock.run_stepped(NS_PER_S)
    made = Bookmaker("pinnacle", clock, lambda outcome: QUOTE)
    made.add_account("demo", Decimal(1_000))
    return made


def bet(book: Bookmaker, stake: str = "10", *, cuts_to_limit: bool = False) -> Bet:
    return book.place(
        "demo",
        OUTCOME,
        Decimal(stake),
        reference="first",
        least_price=Decimal("1.75"),
        cuts_to_limit=cuts_to_limit,
    )


def test_a_reference_is_taken_once(book: Bookmaker) -> None:
    taken = bet(book)
    with pytest.raises(Rejection, match=DUPLICATE):
        bet(book)
    assert book.find("demo", "first") is taken


def test_a_forgotten_reference_is_taken_again_and_the_bet_stays(book: Bookmaker) -> None:
    first = bet(book)
    book.forget("demo", "first")
    assert book.find("demo", "first") is None
    second = bet(book)
    assert list(book.bets.values()) == [first, second]
    assert book.balances["demo"] == Decimal(980)


def test_what_is_not_known_is_forgotten_in_silence(book: Bookmaker) -> None:
    book.forget("demo", "never")


@pytest.mark.parametrize(("stake", "ratio"), [("0", 1.0), ("-5", 1.0), ("0.001", 1.0), ("10", 0.0)])
def test_a_bet_of_nothing_is_refused(book: Bookmaker, stake: str, ratio: float) -> None:
    book.faults.set(Behaviour(fillRatio=ratio))
    with pytest.raises(Rejection, match=BELOW_MINIMUM):
        bet(book, stake)
    assert (book.balances["demo"], book.bets) == (Decimal(1_000), {})


def test_a_limit_of_nothing_is_no_bet(book: Bookmaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "quote", lambda outcome: replace(QUOTE, limit=Decimal("0.001")))
    with pytest.raises(Rejection, match=BELOW_MINIMUM):
        bet(book, cuts_to_limit=True)
