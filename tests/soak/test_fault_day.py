"""A day of market making on venues that go wrong all the time: its books come out right to the last digit."""

from __future__ import annotations

import os

import pytest
import structlog
from tests.mm.faultday import FaultDay, assert_books_agree, assert_every_cent_is_explained, assert_nothing_is_doubled
from tests.mm.worldkit import scene_on

from hedgerow.core.tasks import Backoff
from hedgerow.storage.database import Database

HOURS = float(os.environ.get("SOAK_HOURS", "24"))
SEED = int(os.environ.get("SOAK_SEED", "1"))
MOST_STAKE = 1_000_000

log = structlog.get_logger(__name__)

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600)]


async def test_books_are_right_after_a_day_of_faults(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Backoff, "next_pause_s", lambda self: 0.01)
    async with scene_on(database) as scene:
        await database.execute("update accounts set max_outcome_stake = $1", MOST_STAKE)
        await scene.start()
        day = FaultDay(scene, SEED)
        await day.run(HOURS * 3600)
        assert await scene.unhedged() < 1  # a need below the smallest stake is dust
        await scene.finish()
        fills = await scene.fills()
        assert len(fills) > HOURS * 10
        await assert_books_agree(scene)
        await assert_nothing_is_doubled(scene)
        gained = await assert_every_cent_is_explained(scene)
        log.info("day of faults", hours=HOURS, fills=len(fills), gained=str(gained), faults=dict(day.injected))
