"""The numbered cases: what they are called, which rules they prove, and how they say that they failed."""

from __future__ import annotations

import re
from typing import Any

import pytest

from hedgerow.core.errors import Reason, Refused, Unavailable
from hedgerow.exam.cases import (
    PROVED_ELSEWHERE,
    Case,
    DisprovedError,
    Kind,
    case,
    expect,
    expect_same,
    only,
    raised,
    refused,
)
from hedgerow.exam.catalogue import all_cases
from hedgerow.venues.quality import RULES

EXCHANGES_ALONE = {
    "listings",
    "working",
    "amend",
    "cancel",
    "cancel_all",
    "fills",
    "stream",
    "reconnect",
    "clock_skew",
    "dead_mans_switch",
}


def rules_of(kind: Kind) -> set[str]:
    return {case.rule for case in all_cases() if case.kind is kind}


async def answering(value: object) -> object:
    return value


async def failing(error: Exception) -> None:
    raise error


def test_numbers_say_the_kind_and_are_in_order() -> None:
    cases = all_cases()
    assert [case.number for case in cases] == sorted({case.number for case in cases})
    for known in cases:
        assert re.fullmatch({Kind.EXCHANGE: r"X\d\d", Kind.BOOKMAKER: r"B\d\d"}[known.kind], known.number)


@pytest.mark.parametrize("kind", list(Kind))
def test_a_claim_is_made_once(kind: Kind) -> None:
    claims = [case.claim for case in all_cases() if case.kind is kind]
    assert len(set(claims)) == len(claims)


def test_every_rule_has_cases_or_is_proved_elsewhere() -> None:
    assert rules_of(Kind.EXCHANGE) == RULES.keys() - PROVED_ELSEWHERE.keys()
    assert rules_of(Kind.BOOKMAKER) == RULES.keys() - PROVED_ELSEWHERE.keys() - EXCHANGES_ALONE


@pytest.mark.parametrize(("number", "rule"), [("X01", "place"), ("X99", "juggling")])
def test_a_number_that_is_taken_or_an_unknown_rule_is_no_case(number: str, rule: str) -> None:
    known = all_cases()
    with pytest.raises(ValueError, match=number):
        case(number, rule, Kind.EXCHANGE)
    assert all_cases() == known


def test_a_case_reads_as_a_claim() -> None:
    first = all_cases()[0]
    assert isinstance(first, Case)
    assert first.claim == "a bet is taken once at its price and stake"


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        (lambda: expect([], "nothing rests"), "nothing rests"),
        (lambda: expect_same("the price", 1, 2), "the price: 1, where 2 would be right"),
        (lambda: only("orders", [1, 2]), "how many orders: 2"),
        (lambda: only("orders", []), "how many orders: 0"),
    ],
)
def test_a_failure_says_what_was_seen(failure: Any, text: str) -> None:
    with pytest.raises(DisprovedError, match=text):
        failure()


async def test_an_answer_where_an_error_was_due_is_a_failure() -> None:
    with pytest.raises(DisprovedError, match="Unavailable was due, the answer was 7"):
        await raised(answering(7), Unavailable)


async def test_another_error_than_the_one_that_was_due_goes_on() -> None:
    with pytest.raises(Unavailable):
        await raised(failing(Unavailable("x", "place", "away")), Refused)


async def test_a_refusal_for_another_reason_is_a_failure() -> None:
    poor = Refused("x", "place", "too poor", reason=Reason.FUNDS)
    assert await refused(failing(poor)) is poor
    assert await refused(failing(poor), Reason.LIMIT, Reason.FUNDS) is poor
    with pytest.raises(DisprovedError, match="refused for funds, not for price"):
        await refused(failing(poor), Reason.PRICE)
