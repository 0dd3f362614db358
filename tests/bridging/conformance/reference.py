"""The reference bridge of the simulated world in real time, and its operator's hook."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import count
from typing import Any

from aiohttp import web
from tests.sim.dialects.bridge.harness import DEMO, NOW_S, SINNER, TENNIS, Scene

from hedgerow.bridging import wire
from hedgerow.bridging.conformance import Report, Target, check
from hedgerow.bridging.conformance.client import Keys
from hedgerow.bridging.conformance.hook import CannotError
from hedgerow.core.ids import FixtureId
from hedgerow.core.secrets import Secret
from hedgerow.core.states import SettlementStatus
from hedgerow.sim.site import listen
from hedgerow.sim.world import Fixture

OVER_3 = 10_174  # a whole line of goals, which can be hit
Break = Callable[[Scene, web.Application], None]
"""Puts a fault into a bridge, or around it."""


class Operator:
    """What the operator of the reference bridge can have done in his world."""

    def __init__(self, scene: Scene) -> None:
        self._scene, self._numbers = scene, count(1)

    async def do(self, verb: str, **given: str) -> str:
        match verb:
            case "hold":
                self._scene.bridge.terms.hold_s = float(given["seconds"])
                return ""
            case "offer":
                return wire.encode(self._offer(given["kind"])).decode()
            case "settle":
                self._settle(given["kind"], given["reference"])
                return ""
            case _:
                raise CannotError(f"the hook cannot do {verb!r}")

    def _offer(self, kind: str) -> dict[str, Any]:
        """A match of its own; of soccer, with a line that can be hit, where the bet is to be a push."""
        fixture = FixtureId(f"id12002314{next(self._numbers):08}")
        sport, tournament, outcome = (10, 17, OVER_3) if kind == wire.Status.PUSH else (12, 2314, SINNER)
        self._scene.world.put_fixture(Fixture(fixture, sport, tournament, "First", "Second", NOW_S + 7_200))
        self._scene.offer(fixture, {outcome: "1.75"})
        return self._scene.selection(fixture, outcome)

    def _settle(self, kind: str, reference: str) -> None:
        bet = self._scene.book.find(DEMO, reference)
        assert bet is not None
        if kind == wire.Status.CASHOUT:
            self._scene.book.cash_out(bet, Decimal("3.21"))
            return
        result = SettlementStatus.VOID if kind == wire.Status.PUSH else SettlementStatus(kind)
        self._scene.world.settle(bet.outcome.fixture_id, {int(bet.outcome.outcome_id): result})


@asynccontextmanager
async def reference_bridge(breaks: Break | None = None) -> AsyncIterator[Target]:
    """The reference bridge on a socket of its own, as the kit is told of it."""
    scene = Scene()
    scene.world.clock.run_real()
    scene.bridge.terms.bets_per_minute, scene.bridge.terms.quote_life_s = 100, 0.1
    app = scene.bridge.sites()["rest"]
    if breaks is not None:
        breaks(scene, app)
    listening = await listen(app, "127.0.0.1", 0)
    keys = scene.bridge.demo_credentials(DEMO)
    try:
        yield Target(
            f"{listening.url}/bridge/v1",
            Keys(Secret(keys["password"]), Secret(keys["hmac_secret"])),
            selection=wire.decode(wire.encode(scene.selection(TENNIS, SINNER)), wire.Selection),
            hook=Operator(scene),
        )
    finally:
        scene.world.clock.forget()
        await listening.runner.cleanup()


async def checked(breaks: Break | None = None, *numbers: str) -> Report:
    """The kit's report of the reference bridge, or of one with a fault."""
    async with reference_bridge(breaks) as target:
        return await check(target, numbers or None)
