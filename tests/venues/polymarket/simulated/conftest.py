"""The scene that every test here trades in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from hedgerow.core.clock import NS_PER_S
from hedgerow.core.secrets import Secret
from hedgerow.sim.dialects.polymarket import Settings, build
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.site import listen
from hedgerow.sim.world import World
from hedgerow.venues.base import (
    Account,
    Instrument,
    OrderRef,
    OrderState,
    VenueContext,
)
from hedgerow.venues.registry import build_exchange

from .scene import ACCOUNT, DEPOSIT_WALLET, EOA, NO_SWITCH_S, NOW_S, Scene, listed, match


@pytest.fixture(params=[{"signature_type": EOA}, {"signature_type": DEPOSIT_WALLET}], ids=["eoa", "deposit_wallet"])
async def scene(request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    """The parameters are settings of the venue, and `meta` of the account. The dead-man's switch waits for long
    unless it is set, for these worlds jump."""
    settings = {"heartbeat_s": NO_SWITCH_S, **request.param}
    meta = settings.pop("meta", {})
    world = World(Catalogue())
    world.clock.run_stepped(NOW_S * NS_PER_S)
    polymarket = build(world, Settings(**settings))
    world.put_fixture(match())
    sites = {name: await listen(app, "127.0.0.1", 0) for name, app in polymarket.sites().items()}
    credentials = {name: Secret(text) for name, text in polymarket.demo_credentials(ACCOUNT).items()}
    account = Account(1, "demo", "USD", credentials, meta)
    context = VenueContext(account, world.clock, {name: site.url for name, site in sites.items()})
    made = Scene(world, polymarket, context, build_exchange("polymarket", context))
    await made.exchange.open(made.events.append)
    yield made
    await made.exchange.close()
    for site in sites.values():
        await site.runner.cleanup()


@pytest.fixture
async def instrument(scene: Scene) -> Instrument:
    return (await listed(scene)).instrument


@pytest.fixture
def ref(instrument: Instrument) -> Callable[[OrderState], OrderRef]:
    return lambda state: OrderRef(instrument, state.client_ref, state.venue_ref)
