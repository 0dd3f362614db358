"""Invented ids: the same for everybody who asks, others for what is another."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.sim.book_ids import market_ref, outcome_ref, stable_number

FIXTURE = FixtureId("id1200231461061419")


@given(st.text(), st.integers(1, 10**10))
def test_a_number_hangs_on_its_parts_alone_and_keeps_its_bound(part: str, below: int) -> None:
    assert stable_number(part, below=below) == stable_number(part, below=below) < below


def test_each_bookmaker_has_its_own_ids_of_one_market() -> None:
    outcome = OutcomeKey(FIXTURE, OutcomeId(121))
    assert market_ref("vertex", FIXTURE, 121) != market_ref("sharpbet", FIXTURE, 121)
    assert outcome_ref("vertex", outcome) != outcome_ref("sharpbet", outcome)


def test_both_sides_of_a_market_share_its_id_and_no_other() -> None:
    first, second = (OutcomeKey(FIXTURE, OutcomeId(number)) for number in (121, 122))
    assert outcome_ref("vertex", first) != outcome_ref("vertex", second)
    assert market_ref("vertex", FIXTURE, 121) != market_ref("vertex", FIXTURE, 123)
