"""A world with one tennis match, its Polymarket, and our connector to it: the simulator's side of the wire was written
apart from the connector, from the documents."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.core.money import MICRO
from hedgerow.core.states import Side
from hedgerow.core.tasks import work
from hedgerow.sim.dialects.polymarket import Polymarket as Simulated
from hedgerow.sim.dialects.polymarket.markets import Market
from hedgerow.sim.faults import Behaviour
from hedgerow.sim.world import Fixture, World
from hedgerow.venues.base import (
    Exchange,
    ExchangeEvent,
    Listing,
    StreamGap,
    VenueContext,
)

FIXTURE = FixtureId("id1200231461061419")
SINNER, ALCARAZ = (OutcomeKey(FIXTURE, OutcomeId(number)) for number in (121, 122))
START_S = 1_795_280_400  # 2026-11-21 17:00 UTC
NOW_S = 1_795_190_000
ACCOUNT = "demo_polymarket"
EOA, PROXY, SAFE, DEPOSIT_WALLET = range(4)
NO_SWITCH_S = 10**6
QUIET_TURNS = 10

Until = Callable[[Callable[[], object]], Any]


@dataclass
class Scene:
    """A world with one tennis match, its Polymarket, and our connector to it."""

    world: World
    polymarket: Simulated
    context: VenueContext
    exchange: Exchange
    events: list[ExchangeEvent] = field(default_factory=list)

    def told(self, kind: type[ExchangeEvent]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def gaps(self) -> list[bool]:
        """Of every gap whether it was the stream's end."""
        return [gap.is_down for gap in self.told(StreamGap)]

    def behave(self, **switches: Any) -> None:
        self.polymarket.exchange.faults.set(Behaviour(**switches))

    def take(self, outcome: OutcomeKey, side: Side, price: str, size: str) -> None:
        """Somebody else trades at up to a price, in dollars and shares."""
        micros = (int(Decimal(text) * MICRO) for text in (price, size))
        self.polymarket.exchange.take(outcome, side, *micros)

    def rest(self, token: int, price: str, size: str) -> None:
        """Somebody else bids for one of the market's two tokens."""
        exchange, market = self.polymarket.exchange, self.market
        exchange.add_account("somebody", 1_000 * MICRO)
        leg = market.leg(market.tokens[token])
        micros = (int(Decimal(text) * MICRO) for text in (price, size))
        exchange.place("somebody", market.contract, leg, Side.BUY, *micros, reference="somebody's")

    @property
    def market(self) -> Market:
        market = self.polymarket.listings.of_fixture(FIXTURE)
        assert market is not None
        return market

    async def step(self, seconds: float) -> None:
        """The world's time goes on, and beats in flight arrive before and after; streams may still have frames."""
        await settled()
        self.world.clock.step_to(self.world.clock.now_ns() + int(seconds * NS_PER_S))
        await settled()

    @property
    def resting(self) -> int:
        """How many of our orders the venue has."""
        return len(self.polymarket.exchange.open_orders(ACCOUNT))


async def settled() -> None:
    """Returns when no request is under way and a few turns of the loop have started none. The gauge's own waiting is
    bound to the first loop of the process, and every test has its own."""
    quiet_turns = 0
    while quiet_turns < QUIET_TURNS:
        await asyncio.sleep(0)
        quiet_turns = 0 if work.units else quiet_turns + 1


def with_settings(**settings: Any) -> pytest.MarkDecorator:
    """The test's scene has these settings."""
    return pytest.mark.parametrize("scene", [settings], indirect=True, ids=[""])


def match(**changes: Any) -> Fixture:
    fields = {
        "fixture_id": FIXTURE,
        "sport_id": 12,
        "tournament_id": 2314,
        "participant1_name": "Jannik Sinner",
        "participant2_name": "Carlos Alcaraz",
        "start_time": START_S,
        "tournament_name": "ATP Finals",
        "category_name": "ATP",
    }
    return Fixture(**{**fields, **changes})


async def listed(scene: Scene, outcome: str = "Jannik Sinner") -> Listing:
    """The token that pays when a player wins, as the connector lists it."""
    found = await scene.exchange.listings("tennis")
    return next(listing for listing in found if listing.outcome == outcome)
