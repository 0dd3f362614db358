"""A recorded session played with other settings."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from hedgerow.cli.replay_whatif import changes_of, replay_whatif
from hedgerow.core.errors import InputError
from hedgerow.core.tasks import Backoff, work
from hedgerow.mm.margins import Margin
from hedgerow.mm.pricing import Mode
from hedgerow.mm.taping.whatif.changes import AS_RECORDED, Changes
from hedgerow.mm.taping.whatif.playing import WhatIf, what_if
from hedgerow.storage.database import Database, decode_json

from .test_taping import session
from .worldkit import EXCHANGES, scene_on


@pytest.fixture
async def tape(database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(Backoff, "next_pause_s", lambda self: 0.01)
    path = tmp_path / "day.tape.zst"
    async with scene_on(database, engine_tape=path) as scene:
        await session(scene)
        await scene.process.stop()
    return path


async def test_changed_settings_are_shown_beside_the_recorded_ones(tape: Path) -> None:
    same = await what_if(tape, AS_RECORDED)
    assert (same.differences, same.recorded.quotes > 10, len(same.recorded.fills)) == ([], True, 3)
    assert same.same.quotes == same.changed.quotes
    assert sum(row.size for row in same.same.fills) == sum(same.recorded.fills.values())
    assert (len(same.same.bets) >= 1, same.same.unhedged) == (True, 0)
    least, most = same.same.money(same.outcomes)
    assert 0 < least <= most < 10

    wider = await what_if(tape, Changes(price_ticks=2))
    assert wider.same.quotes == same.same.quotes
    assert distance(wider) - distance(same) == Decimal("0.02")
    assert (wider.changed.fills, wider.changed.money(wider.outcomes)) == ([], (0, 0))
    assert all(
        one.changed is None or one.recorded is None or one.changed.price != one.recorded.price
        for one in wider.differences
    )

    smaller = await what_if(tape, Changes(limit_ratio=Decimal("0.03")))
    assert 0 < sum(row.size for row in smaller.changed.fills) < sum(row.size for row in smaller.same.fills)

    keen = await what_if(tape, Changes(pricing={"mode": Mode.FAIR_VALUE, "margin": Margin.POWER}))
    assert distance(keen) != distance(same)
    assert keen.changed.money(keen.outcomes)[0] < least
    assert work.units == 0


def distance(found: WhatIf) -> Decimal:
    mean = found.changed.mean_distance
    assert mean is not None
    return mean.quantize(Decimal("0.001"))


async def test_command_tells_both_side_by_side_and_what_cannot_be_known(
    tape: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await replay_whatif(str(tape), ("priceTicks=2", "limitRatio=0.5"), as_json=True)
    told = decode_json(capsys.readouterr().out.splitlines()[-1])
    assert told["day"]["contracts"] == told["recordedSettings"]["contracts"] == 65
    assert (told["changedSettings"]["fills"], told["changedSettings"]["pnlAtLeast"]) == (0, 0)
    assert told["differences"] == len(told["firstDifferences"]) > 0
    first = told["firstDifferences"][0]
    assert (first["client"], first["exchange"] in EXCHANGES) == ("demo", True)
    assert len(told["cannotBeKnown"]) == 3
    await replay_whatif(str(tape), ("priceTicks=2",), as_json=False)
    assert "times a place was quoted otherwise" in capsys.readouterr().out


@pytest.mark.parametrize("wrong", ["limitRatio", "speed=1", "mode=guess", "edge=2", "skew=0.0000001", "priceTicks=x"])
def test_settings_that_are_none_are_refused(wrong: str) -> None:
    with pytest.raises(InputError):
        changes_of([wrong])


def test_setting_is_taken_once() -> None:
    assert changes_of(["edge=0.02"]).pricing == {"edge": 20_000}
    with pytest.raises(InputError):
        changes_of(["edge=0.02", "edge=0.03"])
