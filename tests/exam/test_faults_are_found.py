"""The exam can fail: connectors with one fault fail exactly the cases that are about it.

The suite has them sit all cases of the rules that the fault breaks; under `make soak` they sit the whole exam.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from hedgerow.exam import bench, sit
from hedgerow.exam.cases import Kind
from hedgerow.exam.catalogue import all_cases

from . import broken
from .broken import with_fault

Sits = Callable[..., Awaitable[str]]

SLOW = {"X22", "X48", "X49", "X74", "X75"}
"""Cases of hundreds of orders or of real pauses: only the faults that are about them sit these."""


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch: Any) -> None:
    monkeypatch.setattr(bench, "PATIENCE_S", 2.0)


@pytest.fixture(params=["its rules", pytest.param("all rules", marks=pytest.mark.soak)])
def sits(request: Any) -> Sits:
    """Has a connector with a fault sit cases; answers which fail. expected: those that should."""

    async def call(slug: str, fault: Any, kind: Kind, expected: str, *slow: str) -> str:
        cases = [case for case in all_cases() if case.kind is kind and case.number not in SLOW - set(slow)]
        broken_rules = {case.rule for case in cases if case.number in expected.split()}
        numbers = [case.number for case in cases if request.param == "all rules" or case.rule in broken_rules]
        return " ".join((await sit(with_fault(slug, fault), numbers)).failed)

    return call


@pytest.mark.parametrize(
    ("fault", "numbers"),
    [
        (broken.SendsAgain, "X30 X31 X32 X33 X35"),
        (broken.RefusesInDoubt, "X30 X31 X32 X33 X34 X35 X71"),
        (broken.SwallowsRefusals, "X07 X08 X09 X10 X11 X12 X17"),
        (broken.SaysGoneTooEarly, "X34"),
        (broken.WrongBalance, "X60 X61 X62 X64 X65 X66 X67"),
        (broken.HoldsNothing, "X61"),
        (broken.ForgetsOneThatRests, "X14 X16 X18 X20 X21 X23 X49 X69 X72"),
        (broken.RoundsThePrice, "X08"),
        (broken.DropsPostOnly, "X07"),
        (broken.CancelsQuietly, "X25 X26 X27"),
        (broken.CancelsOnlyOne, "X28"),
        (broken.ListsAllFills, "X41"),
        (broken.ForgetsFees, "X62"),
        (broken.EmptyWhenDown, "X70"),
        (broken.AlwaysWon, "X65 X66"),
        (broken.MisnamesAuth, "X73 X76 X77"),
        (broken.HurriesOn, "X74"),
        (broken.IgnoresTakersFills, "X06 X62"),
        (broken.CountsFillsAnew, "X42 X44"),
        (broken.HidesGaps, "X48 X49"),
    ],
)
async def test_a_fault_of_an_exchange_fails_what_is_about_it(sits: Sits, fault: Any, numbers: str) -> None:
    slow = SLOW & set(numbers.split())
    assert await sits("kalshi", fault, Kind.EXCHANGE, numbers, *slow) == numbers


@pytest.mark.parametrize(
    ("fault", "numbers"),
    [
        (broken.HasNoPulse, "X47 X51"),
        (broken.Faints, "X14 X50 X51"),
        (broken.KeepsReversedFills, "X43"),
    ],
)
async def test_a_fault_of_what_only_polymarket_has_is_found_there(sits: Sits, fault: Any, numbers: str) -> None:
    assert await sits("polymarket", fault, Kind.EXCHANGE, numbers) == numbers


@pytest.mark.parametrize(
    ("fault", "numbers"),
    [
        (broken.BetsAgain, "B20 B21 B22 B24 B25"),
        (broken.RefusesInDoubt, "B20 B21 B22 B23 B24 B25"),
        (broken.ConfirmsRefusedBets, "B08 B09 B10 B11 B12 B13 B14 B15 B16 B17 B26 B44"),
        (broken.TellsTheOddsItAskedFor, "B03 B04"),
        (broken.ConfirmsWhatWaits, "B06"),
        (broken.SaysGoneTooEarly, "B23"),
        (broken.WrongBalance, "B06 B07 B30 B31 B33 B34 B35 B36 B37 B44"),
        (broken.HoldsNothing, "B06 B31"),
        (broken.PaysAStakeTooLittle, "B33 B35 B37 B38"),
        (broken.StopsAtTheFirstPage, "B37"),
        (broken.KnowsNoLimits, "B40"),
        (broken.MisnamesAuth, "B47"),
    ],
)
async def test_a_fault_of_a_bookmaker_fails_what_is_about_it(sits: Sits, fault: Any, numbers: str) -> None:
    assert await sits("pinnacle", fault, Kind.BOOKMAKER, numbers) == numbers


async def test_a_fence_that_is_forgotten_is_found_where_it_is_the_proof(sits: Sits) -> None:
    assert await sits("vertex", broken.ForgetsTheFence, Kind.BOOKMAKER, "B27") == "B27"
