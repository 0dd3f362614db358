"""Our connector at the simulated predict.fun, whose side of the wire was written apart from it, from the documents."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.venues.recording import Sent, recorder

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.money import MICRO, Micros
from hedgerow.core.odds import OddsMicros
from hedgerow.core.secrets import Secret
from hedgerow.core.states import Side
from hedgerow.exam.bench import FIRST, FIXTURE, NOW_S, PARTICIPANTS, STARTS_S, settled, simulated_urls
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.dialects.predict_fun import PredictFun as Simulated
from hedgerow.sim.dialects.predict_fun import Settings, build
from hedgerow.sim.faults import Behaviour
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.site import listen
from hedgerow.sim.world import Fixture, World
from hedgerow.venues.base import Account, BetIntent, Exchange, ExchangeEvent, Instrument, NewQuote, VenueContext
from hedgerow.venues.predict_fun import FAMILY, MANIFEST
from hedgerow.venues.registry import build_bookmaker
from hedgerow.venues.taking import TakingBookmaker

ACCOUNT = "demo_predict.fun"


@dataclass
class Scene:
    """A world with one tennis match, its predict.fun, our opened connector, and every request that came."""

    world: World
    venue: Simulated
    context: VenueContext
    exchange: Exchange
    events: list[ExchangeEvent] = field(default_factory=list)
    seen: list[Sent] = field(default_factory=list)
    instrument: Instrument = field(init=False)

    def told(self, kind: type[ExchangeEvent]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def behave(self, **switches: Any) -> None:
        self.venue.exchange.faults.set(Behaviour(**switches))

    def quote(self, ref: str = "quote-1", **changes: Any) -> NewQuote:
        """A bid for 10 at 0.52, or what is said otherwise."""
        given = {"instrument": self.instrument, "side": Side.BUY, "price": Micros(520_000), "size": Micros(10 * MICRO)}
        return NewQuote(client_ref=ref, **{**given, **changes})

    def take(self, side: Side, price: int = 520_000, size: int = 10 * MICRO) -> None:
        """Somebody else trades on the first participant."""
        market = self.venue.listings.of_fixture(FIXTURE)
        assert market is not None
        self.venue.exchange.take(market.contract.yes, side, price, size)

    async def step(self, seconds: float) -> None:
        """The world's time goes on; what was under way has ended before and after."""
        await settled()
        self.world.clock.step_to(self.world.clock.now_ns() + int(seconds * NS_PER_S))
        await settled()


Opens = Callable[..., Awaitable[Scene]]


@pytest.fixture
async def opens() -> AsyncIterator[Opens]:
    """Opens a scene whose venue has settings of one's own."""
    async with AsyncExitStack() as stack:

        async def opened(*, live: bool = False, **changes: Any) -> Scene:
            world = World(Catalogue())
            world.clock.run_stepped(NOW_S * NS_PER_S)
            venue = build(world, Settings(**changes))
            seen: list[Sent] = []
            urls = {}
            for name, app in venue.sites().items():
                app.middlewares.insert(0, recorder(seen, ("x-api-key", "Authorization")))
                site = await listen(app, "127.0.0.1", 0)
                stack.push_async_callback(site.runner.cleanup)
                urls[name] = site.url.replace("http", "ws", 1) if name == "ws" else site.url
            world.put_fixture(Fixture(FIXTURE, 12, 2314, *PARTICIPANTS, STARTS_S, "ATP Finals", "ATP", live=live))
            keys = {name: Secret(text) for name, text in venue.demo_credentials(ACCOUNT).items()}
            context = VenueContext(Account(1, "demo", "USD", keys), world.clock, simulated_urls(MANIFEST, urls))
            assert FAMILY.exchange is not None
            scene = Scene(world, venue, context, FAMILY.exchange(context), seen=seen)
            stack.push_async_callback(scene.exchange.close)
            await scene.exchange.open(scene.events.append)
            scene.instrument = (await scene.exchange.listings("tennis"))[0].instrument
            return scene

        yield opened


@pytest.fixture
async def scene(opens: Opens) -> Scene:
    return await opens()


@pytest.fixture
def load() -> Callable[[str], dict[str, Any]]:
    """A fixture's content."""
    folder = Path(__file__).parent / "fixtures"
    return lambda name: json.loads((folder / f"{name}.json").read_text())


@dataclass
class Betting:
    """The scene's account as a bookmaker, whose book has what the world offers."""

    scene: Scene
    bookmaker: TakingBookmaker = field(init=False)

    def __post_init__(self) -> None:
        made = build_bookmaker("predict.fun", self.scene.context)
        assert isinstance(made, TakingBookmaker)
        self.bookmaker = made
        quote = Quote(FIRST, "predict.fun", Decimal("1.75"), Decimal(500), Decimal(5), "USD", True, 0)
        self.scene.world.put_odds([quote])

    def intent(self, reference: str = "bet-1") -> BetIntent:
        """A bet of 40 on the first participant, at the odds that stand there."""
        instrument = self.scene.instrument
        refs = instrument.market_ref, instrument.ref
        odds = OddsMicros(1_750_000)
        outcome = FIRST.fixture_id, FIRST.outcome_id, FIRST.player_id
        return BetIntent(reference, *outcome, *refs, odds, Decimal(40), "USD", is_live=False)
