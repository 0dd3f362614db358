"""Quotes whose process is gone are cancelled; those of a living one never."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from hedgerow.core.config import Settings
from hedgerow.core.secrets import Secret
from hedgerow.execution.watchdog import present, watchdog

from .worldkit import Scene

LOOK_S = 0.02
WATCHDOGS = 4
"""Enough that their looks fall together all the time."""
LOOKS_S = 60 * LOOK_S
"""Longer than the watchdogs' patience."""


def impatient(scene: Scene) -> Settings:
    return scene.settings.model_copy(update={"watchdog_after_s": 0.5})


async def test_quotes_of_a_process_that_is_gone_are_cancelled_and_those_of_a_living_one_are_not(
    quoting: Scene, database_url: Secret
) -> None:
    before = quoting.resting("kalshi")
    assert before
    async with AsyncExitStack() as watchdogs:
        async with present(database_url):
            for _ in range(WATCHDOGS):
                await watchdogs.enter_async_context(
                    watchdog(impatient(quoting), database_url, quoting.vault, quoting.world.clock, look_every_s=LOOK_S)
                )
            await asyncio.sleep(LOOKS_S)
            assert quoting.resting("kalshi") == before
            await quoting.process.kill()
            assert quoting.resting("kalshi") == before
        await quoting.until(lambda: not quoting.resting("kalshi"))
        async with present(database_url):  # the next one begins as after any crash
            await quoting.start()
            await quoting.run_until(lambda: len(quoting.resting("kalshi")) == len(before), most_s=120)
            await asyncio.sleep(LOOKS_S)
            assert len(quoting.resting("kalshi")) == len(before)


async def test_exchange_that_is_away_is_tried_until_nothing_rests_there(quoting: Scene, database_url: Secret) -> None:
    await quoting.process.kill()
    quoting.behave("kalshi", down=True)
    async with watchdog(impatient(quoting), database_url, quoting.vault, quoting.world.clock, look_every_s=LOOK_S):
        await asyncio.sleep(LOOKS_S)
        assert quoting.resting("kalshi")
        quoting.behave("kalshi")
        await quoting.until(lambda: not quoting.resting("kalshi"))
