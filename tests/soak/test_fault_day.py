"""A day of market making on all exchanges, and hedging at three bookmakers, that go wrong all the time: its books come
out right to the last digit."""

from __future__ import annotations

import os
from collections import Counter

import pytest
import structlog
from tests.mm.faultday import (
    FaultDay,
    assert_books_agree,
    assert_every_cent_is_explained,
    assert_hedged,
    assert_nothing_is_doubled,
    quoting_everywhere,
)
from tests.mm.worldkit import scene_on

from hedgerow.core.tasks import Backoff
from hedgerow.sim.venues import EXCHANGES
from hedgerow.storage.database import Database

HOURS = float(os.environ.get("SOAK_HOURS", "24"))
SEED = int(os.environ.get("SOAK_SEED", "1"))
MOST_STAKE = 1_000_000
SETTLING_S = 600
"""The last step settles thousands of fills and bets."""

log = structlog.get_logger(__name__)

pytestmark = [pytest.mark.soak, pytest.mark.timeout(max(3600, int(HOURS * 600)))]


async def test_books_are_right_after_a_day_of_faults(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Backoff, "next_pause_s", lambda self: 0.01)
    async with scene_on(database, EXCHANGES, patience_s=SETTLING_S) as scene:
        await database.execute("update accounts set max_outcome_stake = $1", MOST_STAKE)
        await quoting_everywhere(scene)
        day = FaultDay(scene, SEED)
        await day.run(HOURS * 3600)
        await assert_hedged(scene)
        await scene.finish()
        fills = Counter(fill["exchange"] for fill in await scene.fills())
        hedges = Counter(bet["bookmaker"] for bet in await scene.bets() if bet["status"] == "CONFIRMED")
        assert fills.total() > HOURS * 10
        assert HOURS < 1 or fills.keys() == set(EXCHANGES)
        await assert_books_agree(scene)
        await assert_nothing_is_doubled(scene)
        gained = await assert_every_cent_is_explained(scene)
        log.info("day of faults", hours=HOURS, gained=str(gained), fills=dict(fills), hedges=dict(hedges))
        log.info("what went wrong", times=day.injected.total(), faults=dict(sorted(day.injected.items())))
