"""The world's replay: at most one at a time, started, watched and stopped by the script."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hedgerow.core.clock import SystemClock
from hedgerow.core.errors import ApiError
from hedgerow.sim.events import Recording
from hedgerow.sim.generator import STANDARD_START_NS
from hedgerow.sim.player import Player, Playing
from hedgerow.sim.recordings.opening import open_recording
from hedgerow.sim.stepping import Stepper
from hedgerow.sim.world import CANCELLED, FINISHED, World


@dataclass(frozen=True, slots=True)
class Wanted:
    """A replay as the script asks for it. start_ns: where in the recording to begin, None at its start; from_live:
    where the first fixture goes live."""

    file: str
    speed: Decimal = Decimal(1)
    margin: Decimal | None = None
    market: str | None = None
    exchanges: Sequence[str] = ()
    seed: int = 1
    start_ns: int | None = None
    from_live: bool = False
    settle_s: int | None = None


class Replays:
    """Starts and stops replays on one world."""

    def __init__(self, world: World, stepper: Stepper) -> None:
        self._world, self._stepper = world, stepper
        self._player: Player | None = None
        self._starting = asyncio.Lock()

    async def start(self, wanted: Wanted) -> Player:
        """Plays a recording. Raises InputError for what cannot be played, ApiError 409 while another one plays or when
        one of its fixtures is over in this world already."""
        if self._starting.locked() or (self._player is not None and self._player.is_playing):
            raise ApiError(409, "a replay is running; DELETE /sim/replay stops it")
        async with self._starting:
            recording = await asyncio.to_thread(self._open, wanted)
            self._refuse_what_is_over(recording)
            playing = Playing(
                wanted.speed,
                wanted.exchanges,
                wanted.seed,
                start_ns=wanted.start_ns,
                from_live=wanted.from_live,
                settle_s=wanted.settle_s,
            )
            player = Player(self._world, self._stepper, recording, playing)
            await player.start()
            self._player = player
            return player

    def progress(self) -> dict[str, Any]:
        """How far the present or last replay is; `{"state": "none"}` when there was none."""
        return {"state": "none"} if self._player is None else self._player.progress()

    async def stop(self) -> None:
        """Stops the replay, if one plays; then the world's time is the machine's again."""
        if self._player is not None:
            await self._player.stop()
            self._world.clock.run_real()

    async def forget(self) -> None:
        """Stops the replay and forgets it."""
        await self.stop()
        self._player = None

    async def close(self) -> None:
        """Stops the replay with the world."""
        if self._player is not None:
            await self._player.stop()

    def _open(self, wanted: Wanted) -> Recording:
        return open_recording(
            wanted.file,
            self._world.catalogue,
            market=wanted.market,
            margin=wanted.margin,
            start_ns=SystemClock().now_ns() if wanted.speed else STANDARD_START_NS,
        )

    def _refuse_what_is_over(self, recording: Recording) -> None:
        for fixture_id in recording.summary.fixture_ids:
            fixture = self._world.fixtures.get(fixture_id)
            if fixture is not None and fixture.status_id in (FINISHED, CANCELLED):
                raise ApiError(409, f"fixture {fixture_id} is over in this world; POST /sim/reset empties it")
