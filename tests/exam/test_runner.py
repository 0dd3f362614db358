"""Every venue passes the exam, and the exam says what it has to say."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from hedgerow.core.errors import InputError
from hedgerow.exam import Candidate, run_exam, runner, simulated_urls, sit
from hedgerow.exam.cases import Kind
from hedgerow.exam.catalogue import all_cases
from hedgerow.venues.quality import KnownBy, State, Verdict, quality_of
from hedgerow.venues.registry import BRIDGE, all_venues, venue

from .broken import Whole, with_fault

_ONE_BRIDGE_OF_MANY = {slug for slug, found in all_venues().items() if found.manifest.level == BRIDGE} - {
    "sharpbet",
    "vertex",
}


@pytest.mark.parametrize(
    "slug",
    [pytest.param(slug, marks=[pytest.mark.soak] * (slug in _ONE_BRIDGE_OF_MANY)) for slug in all_venues()],
)
async def test_every_venue_passes(slug: str) -> None:
    candidate = Candidate.of(slug)
    sheet = await sit(candidate)
    assert sheet.failed == {}
    sat = {case.number for case in all_cases() if candidate.has(case.kind)}
    assert {*sheet.passed, *sheet.exempt} == sat
    assert set(sheet.passed).isdisjoint(sheet.exempt)


async def test_the_report_is_counted_and_gives_the_reasons_of_the_quality_file(monkeypatch: Any) -> None:
    some = tuple(case for case in all_cases() if case.number in ("X01", "X18", "X19"))
    monkeypatch.setattr(runner, "all_cases", lambda: some)
    monkeypatch.setattr(runner, "PROVED_ELSEWHERE", dict.fromkeys(_claimed("polymarket"), ""))
    (reason,) = (verdict.reason for verdict in quality_of("hedgerow.venues.polymarket") if verdict.rule == "amend")
    begun: list[tuple[str, int, int]] = []
    report = await run_exam(["polymarket"], lambda *told: begun.append(told))
    assert begun == [("polymarket", 1, 1)]
    assert json.loads(json.dumps(report)) == {
        "polymarket": {
            "passed": 1,
            "failed": [],
            "exempt": [{"case": "X18", "reason": reason}, {"case": "X19", "reason": reason}],
        }
    }


@pytest.mark.parametrize("slug", ["unheard-of", "nowhere"])
async def test_a_venue_without_a_connector_is_refused_before_anything_runs(slug: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(runner, "sit", None)
    with pytest.raises(InputError, match=f"{slug} has no connector that could be examined"):
        await run_exam(["kalshi", slug])


async def test_a_venue_without_a_simulator_is_a_failed_case() -> None:
    known = Candidate.of("pinnacle")
    manifest = replace(known.venue.manifest, slug="unheard-of")  # type: ignore[arg-type]
    sheet = await sit(replace(known, venue=replace(known.venue, manifest=manifest)), ["B01"])
    assert "not simulated: the exam needs sim/dialects/unheard_of" in sheet.failed["B01"]


async def test_a_case_that_hangs_fails_by_its_number(monkeypatch: Any) -> None:
    class Hangs(Whole):
        async def balance(self) -> None:
            await asyncio.Event().wait()

    assert (await sit(with_fault("kalshi", Hangs), ["X01"])).passed == ["X01"]
    monkeypatch.setattr(runner, "CASE_S", 0.3)
    sheet = await sit(with_fault("kalshi", Hangs), ["X60"])
    assert (sheet.passed, list(sheet.failed)) == ([], ["X60"])
    assert "did not end" in sheet.failed["X60"]


async def test_a_connector_that_breaks_fails_the_case_and_no_other() -> None:
    class Breaks(Whole):
        async def balance(self) -> None:
            raise ZeroDivisionError("a fault")

    sheet = await sit(with_fault("kalshi", Breaks), ["X01", "X60", "X63"])
    assert (sheet.passed, sheet.failed) == (["X01", "X63"], {"X60": "ZeroDivisionError: a fault"})


def test_a_rule_that_is_claimed_and_proved_by_no_case_is_a_failure() -> None:
    cases = [case for case in all_cases() if case.kind is Kind.EXCHANGE and case.rule != "amend"]
    claimed = Verdict("amend", State.TODO, KnownBy.OFFICIAL, "soon")
    assert list(runner.rules_without_case([claimed], cases)) == ["no case: amend"]
    assert runner.rules_without_case([replace(claimed, state=State.EXEMPT)], cases) == {}
    assert runner.rules_without_case([replace(claimed, rule="witness")], cases) == {}


def test_simulated_addresses_keep_the_venues_paths() -> None:
    manifest = venue("kalshi").manifest
    sites = {"rest": "http://127.0.0.1:1", "ws": "ws://127.0.0.1:2", "other": "http://127.0.0.1:3"}
    assert simulated_urls(manifest, sites) == {
        "rest": "http://127.0.0.1:1/trade-api/v2",
        "ws": "ws://127.0.0.1:2/trade-api/ws/v2",
    }
    with pytest.raises(InputError, match="has no site rest"):
        simulated_urls(manifest, {"ws": "ws://127.0.0.1:2"})


def _claimed(slug: str) -> list[str]:
    verdicts = quality_of(venue(slug).package, slug)
    return [verdict.rule for verdict in verdicts if verdict.state is not State.EXEMPT]
