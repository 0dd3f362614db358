"""The kit can fail: a bridge with one fault fails the cases that are about it, and no other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hedgerow.bridging.conformance import bench, changes, check
from hedgerow.bridging.conformance.runner import Result

from . import broken
from .reference import Break, checked, reference_bridge

OTHERS = ("BR-01", "BR-03", "BR-05", "BR-09", "BR-11")
"""Quick cases beside those that a fault is to fail. Under `make soak` all are sat."""


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "PATIENCE_S", 0.5)
    monkeypatch.setattr(bench, "LONGEST_S", 0.5)
    monkeypatch.setattr(changes, "_LONG_S", 2)
    monkeypatch.setattr(changes, "_AT_ONCE_S", 1.0)


@pytest.mark.parametrize(
    ("fault", "numbers"),
    [
        (broken.says_no_ground, "BR-01"),
        (broken.lets_everybody_in, "BR-02 BR-24"),
        (broken.checks_no_clock, "BR-02 BR-24"),
        (broken.tells_money_as_numbers, "BR-03 BR-06 BR-08 BR-12 BR-13 BR-14"),
        (broken.tells_another_currency, "BR-03"),
        (broken.offers_what_it_does_not_know, "BR-04"),
        (broken.stands_at_one_revision, "BR-05 BR-06 BR-11 BR-12 BR-16 BR-17 BR-19"),
        (broken.tells_another_stake, "BR-05 BR-06 BR-15 BR-16"),
        (broken.places_each_request, "BR-06 BR-07 BR-10 BR-11"),
        (broken.answers_a_conflict_with_the_bet, "BR-07"),
        (broken.ignores_the_time, "BR-08"),
        (broken.forgets_fences, "BR-09 BR-10"),
        (broken.sends_what_was_withdrawn, "BR-10"),
        (broken.denies_every_bet, "BR-10 BR-11"),
        (broken.takes_any_stake, "BR-13"),
        (broken.takes_any_price, "BR-14"),
        (broken.pays_a_cent_less, "BR-15 BR-16"),
        (broken.numbers_no_correction, "BR-16"),
        (broken.never_waits, "BR-17"),
        (broken.waits_to_the_end, "BR-17"),
        (broken.keeps_no_pace, "BR-19"),
        (broken.does_not_say_when_to_come_again, "BR-19"),
        (broken.takes_any_member, "BR-02 BR-20 BR-24"),
        (broken.repeats_the_token, "BR-21"),
        (broken.with_odds(200), "BR-22"),
    ],
)
@pytest.mark.parametrize("others", [OTHERS, pytest.param((), marks=pytest.mark.soak)], ids=["some", "all"])
async def test_a_fault_fails_what_is_about_it(fault: Break, numbers: str, others: tuple[str, ...]) -> None:
    report = await checked(fault, *({*others, *numbers.split()} if others else ()))
    assert " ".join(report.numbers(Result.FAILED)) == numbers


async def test_a_bridge_that_tells_odds_names_what_can_be_bet_on() -> None:
    async with reference_bridge(broken.with_odds(410)) as target:
        report = await check(replace(target, selection=None), ["BR-05", "BR-22"])
    assert report.numbers(Result.PASSED) == ["BR-05", "BR-22"]
