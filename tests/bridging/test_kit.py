"""A bridge that was written with the kit passes the conformance kit; a program that breaks its part does not."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hedgerow.bridging import http
from hedgerow.bridging.bridge import Placed, Refused, Wager
from hedgerow.bridging.conformance import Target, bench, changes, check
from hedgerow.bridging.conformance.runner import Result

from .play import Play
from .playing import playing


async def test_a_bridge_of_the_kit_passes(play: Target) -> None:
    report = await check(play)
    assert {verdict.case: verdict.why for verdict in report.verdicts if verdict.result is Result.FAILED} == {}
    assert {verdict.case: verdict.why for verdict in report.verdicts if verdict.result is Result.NOT_RUN} == {
        "BR-22": "the capability odds is not declared",
    }


class PaysLaysAsBacks(Play):
    """Holds the stake of a lay bet, not its liability."""

    def _risk(self, name: str) -> Decimal:
        return Decimal(self._read(name)["stake"])


class BetsAgain(Play):
    """Places a bet anew instead of looking for it."""

    async def find(self, wager: Wager) -> Placed | Refused | None:
        await self.send(wager)
        return await self.send(replace(wager, reference=f"{wager.reference}-again"))


class FindsNothing(Play):
    """Never tells what became of a bet."""

    async def find(self, wager: Wager) -> Placed | Refused | None:
        return None


@pytest.mark.parametrize(
    ("fault", "number"), [(PaysLaysAsBacks, "BR-23"), (BetsAgain, "BR-12"), (FindsNothing, "BR-12")]
)
async def test_a_fault_of_the_operators_program_is_found(
    fault: type[Play], number: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "PATIENCE_S", 2.0)
    async with playing(fault(tmp_path)) as target:
        assert (await check(target, [number, "BR-05"])).numbers(Result.FAILED) == [number]


@pytest.mark.parametrize(
    "resumed", [lambda last_id, accounts: 0, lambda last_id, accounts: None], ids=["repeats", "leaves out"]
)
async def test_events_that_come_twice_or_not_at_all_are_found(
    resumed: Any, play: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "_resumed", resumed)
    monkeypatch.setattr(changes, "_EVENT_S", 1.0)
    assert (await check(play, ["BR-18"])).numbers(Result.FAILED) == ["BR-18"]
