"""Market making is killed at random moments of a replay, again and again, and its books still come out right."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hedgerow.cli.replay import Wanted, activate, compare, play_through, settled
from hedgerow.cli.running import settings_of
from hedgerow.cli.services import MM
from hedgerow.cli.stack import Stack, StackOptions
from hedgerow.core.tasks import spawn, stop
from hedgerow.execution.invariants import check
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.recordings.opening import open_recording

KILLS = int(os.environ.get("SOAK_KILLS", "200"))
SEED = int(os.environ.get("SOAK_SEED", "1"))
RECORDING = os.environ.get("SOAK_RECORDING", "data/betfair/recordings/1.200806927.gz")
LONGEST_LIFE_S, STARTS_IN_S = 0.6, 2.5
EARLY = 0.2

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600)]


async def kill_again_and_again(stack: Stack) -> None:
    """Kills with -9 after random times of life; one in five dies before it is healthy."""
    dice = random.Random(SEED)
    for _ in range(KILLS):
        if dice.random() < EARLY:
            await asyncio.sleep(dice.uniform(0, STARTS_IN_S))
        else:
            await stack.back("mm")
            await asyncio.sleep(dice.uniform(0, LONGEST_LIFE_S))
        await stack.kill("mm")


async def test_no_fill_is_lost_and_no_hedge_doubled(shared: Callable[[str], Path], tmp_path: Path) -> None:
    file = str(shared(RECORDING))
    recording = open_recording(file, Catalogue(), start_ns=0)
    options = StackOptions(
        settings_of(tmp_path / "data"),
        services=(MM,),
        expected_followers=1,
        longest_pause_s=0.2,
        prepare=lambda database: activate(database, recording.summary),
    )
    async with Stack(options) as stack, stack.world() as world, stack.database() as database:
        started = time.monotonic()
        playing = spawn(play_through(world, database, Wanted(file), started), "play")
        killing = spawn(kill_again_and_again(stack), "kill")
        try:
            before, _ = await playing
            assert killing.done(), f"the replay ended before {KILLS} kills: shorten LONGEST_LIFE_S"
        finally:
            await stop(killing, playing)
        done = await settled(database)
        assert await compare(world, database, before) == []
        assert done.fills > 0
        # Dust waits for half a minute to be swept, and nobody lived that long: it is below the minimum stake.
        assert done.unhedged_stake < 1
        assert done.unsettled == 0
        assert done.worst_quote_edge is not None
        assert done.worst_quote_edge >= 0
        assert {name: rows for name, rows in (await check(database)).items() if rows} == {}
