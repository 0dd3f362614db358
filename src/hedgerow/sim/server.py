"""The simulated world as a server: every venue on its ports, the script API on its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hedgerow.sim.clock import WorldClock
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.replays import Replays
from hedgerow.sim.script import ScriptApi
from hedgerow.sim.site import Dialect, Listening, listen
from hedgerow.sim.stepping import PATIENCE_S, Followers, Stepper
from hedgerow.sim.venues import Venues, find_dialects
from hedgerow.sim.world import World

SCRIPT = "script"
"""The script API's name among the ports."""


@dataclass(frozen=True, slots=True)
class WorldConfig:
    """Where the world listens, and who follows its clock.

    ports: `script` and `<slug>/<site>` to numbers; what it does not name gets a free one. expected_followers: stepped
    time stands while fewer follow. patience_s: how long a step may take, in the machine's time.
    """

    host: str = "127.0.0.1"
    ports: Mapping[str, int] = field(default_factory=dict)
    expected_followers: int = 0
    patience_s: float = PATIENCE_S


class WorldServer:
    """Builds a world with all its venues and serves it."""

    def __init__(
        self, config: WorldConfig, find: Callable[[World], list[Dialect]] = find_dialects, world: World | None = None
    ) -> None:
        """find: builds the dialects on the world; all there are, unless another choice is handed in."""
        self._config = config
        self.world = world or World(Catalogue(), WorldClock())
        self.venues = Venues(self.world, find(self.world))
        self.followers = Followers(self.world.clock)
        self.stepper = Stepper(
            self.world.clock,
            self.followers,
            self.venues.sockets,
            expected_followers=config.expected_followers,
            patience_s=config.patience_s,
        )
        self.replays = Replays(self.world, self.stepper)
        self._script: Listening | None = None

    async def start(self) -> None:
        """Listens everywhere; OSError names a port that is taken."""
        try:
            await self.venues.listen(self._config.host, self._config.ports)
            script = ScriptApi(self.world, self.venues, self.replays, self.followers)
            self._script = await listen(script.application(), self._config.host, self._config.ports.get(SCRIPT, 0))
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Ends the replay, all connections and everything that was to happen later."""
        await self.replays.close()
        if self._script is not None:
            await self._script.runner.cleanup()
            self._script = None
        await self.venues.close()
        self.world.clock.forget()

    @property
    def url(self) -> str:
        """The script API's base URL, without a path."""
        if self._script is None:
            raise RuntimeError("the world does not listen yet")
        return self._script.url


async def run_world(config: WorldConfig, ready: Callable[[WorldServer], None] | None = None) -> None:
    """Serves a world until it is cancelled; then everything is closed. ready: called when all listens."""
    server = WorldServer(config)
    await server.start()
    try:
        if ready is not None:
            ready(server)
        await asyncio.get_running_loop().create_future()
    finally:
        await server.stop()
