"""What is run against which bridge, and what is published of it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from hedgerow.bridging import wire
from hedgerow.bridging.conformance import check
from hedgerow.bridging.conformance.cases import case
from hedgerow.bridging.conformance.catalogue import all_cases
from hedgerow.bridging.conformance.client import Keys
from hedgerow.bridging.conformance.hook import NoHook
from hedgerow.bridging.conformance.runner import Result
from hedgerow.core.errors import InputError
from hedgerow.core.secrets import Secret

from .reference import reference_bridge


async def test_bets_are_placed_nowhere_but_with_play_money() -> None:
    async with reference_bridge(lambda scene, _: setattr(scene.bridge.terms, "simulated", False)) as target:
        report = await check(target)
        assert report.numbers(Result.PASSED) == ["BR-02", "BR-03", "BR-21", "BR-24"]
        assert report.numbers(Result.FAILED) == ["BR-01"]  # it says still that its ground is a simulation
        placed = await check(replace(target, has_play_money=True), ["BR-05"])
        assert placed.numbers(Result.PASSED) == ["BR-05"]


async def test_what_cannot_be_tried_is_not_passed() -> None:
    async with reference_bridge() as target:
        bare = replace(target, selection=None, hook=NoHook())
        reports = [await check(bare, ["BR-05", "BR-15"]), await check(replace(target, hook=NoHook()), ["BR-15"])]
    whys = [verdict.why for report in reports for verdict in report.verdicts]
    assert [report.numbers(Result.NOT_RUN) for report in reports] == [["BR-05", "BR-15"], ["BR-15"]]
    assert whys[0] == "nothing to bet on was named (--selection)"
    assert "WON was not tried: it needs a hook that does 'settle'" in whys[2]


async def test_the_report_can_be_published() -> None:
    async with reference_bridge() as target:
        report = await check(target, ["BR-03", "BR-18"])
        text = wire.encode(report.document()).decode()
    told = json.loads(text)
    assert (told["bookmaker"], told["passed"], told["failed"], told["notRun"]) == ("sharpbet", 1, 0, 1)
    assert [(entry["case"], entry["result"]) for entry in told["cases"]] == [("BR-03", "passed"), ("BR-18", "not run")]
    assert target.keys.token.reveal() not in text


async def test_a_number_that_no_case_has_is_refused() -> None:
    async with reference_bridge() as target:
        with pytest.raises(InputError, match="no case BR-99"):
            await check(target, ["BR-01", "BR-99"])


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"url": "http://127.0.0.1:1"}, "cannot be checked"),
        ({"url": "bridge"}, "no address of a bridge"),
        ({"account": "another"}, "may not use an account 'another'"),
        ({"keys": Keys(Secret("wrong"))}, "401"),
    ],
)
async def test_a_bridge_that_cannot_be_asked_is_refused(changes: dict[str, object], why: str) -> None:
    async with reference_bridge() as target:
        with pytest.raises(InputError, match=why):
            await check(replace(target, **changes))  # type: ignore[arg-type]


def test_every_number_of_the_protocol_is_a_case() -> None:
    assert sorted(known.number for known in all_cases()) == [f"BR-{number:02}" for number in range(1, 25)]
    with pytest.raises(ValueError, match="BR-01"):
        case("BR-01")
