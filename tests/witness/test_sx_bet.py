"""Somebody else's SX Bet client trades on the simulated SX Bet, over real sockets."""

from __future__ import annotations

import pytest

from hedgerow.core.ids import FixtureId
from hedgerow.core.money import MICRO
from hedgerow.sim.dialects.sx_bet import build
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.orders import Leg
from hedgerow.sim.site import listen
from hedgerow.sim.world import Fixture, World

from .conftest import Witness

pytestmark = pytest.mark.timeout(900)  # the first use builds the witnesses' environment

ACCOUNT = "demo_sx.bet"


async def test_ccxt_bets_on_both_outcomes_and_follows_the_stream(witness: Witness) -> None:
    world = World(Catalogue())
    venue = build(world)
    now_s = world.clock.now_ms() // 1000
    names = ("Jannik Sinner", "Carlos Alcaraz")
    world.put_fixture(Fixture(FixtureId("id1200231461061419"), 12, 2314, *names, now_s + 3_600, "ATP Finals", "ATP"))
    (market,) = venue.listings
    venue.exchange.rest(market.contract, Leg.YES, 600_000, 50 * MICRO)
    venue.exchange.rest(market.contract, Leg.NO, 700_000, 50 * MICRO)
    sites = {name: await listen(app, "127.0.0.1", 0) for name, app in venue.sites().items()}
    found = await witness(
        "sx_bet_ccxt",
        rest=sites["rest"].url,
        ws=sites["ws"].url.replace("http", "ws"),
        event=market.event_id,
        market=market.hash,
        address=venue.accounts.users[ACCOUNT].address,
        expiry=now_s + 600,
        **venue.demo_credentials(ACCOUNT),
    )
    for site in sites.values():
        await site.runner.cleanup()
    assert found["event"] == [True, 1]
    assert (found["resting"], found["taken"], found["laid"]) == (["open", 0, 4], ["closed", 3], ["closed", 3])
    assert (found["order"], found["open"]) == (["open", 0.4, 4, "ccxt-1"], [True])
    assert found["book"] == [[[0.4, 2]], [[0.6, 27]]]
    assert found["fills"] == [[0.6, 3, "taker"], [0.6, 3, "taker"], [0.4, 2, "maker"]]
    refusals = found["small"], found["funds"], found["twice"]
    assert refusals == ("InvalidOrder", "InsufficientFunds", "DuplicateOrderId")
    assert found["streamed"] == [True, True]
    assert (found["cancelled"], found["swept"], found["left"]) == ("canceled", 0, 0)
    # Staked were 3 on outcome one, 3 on outcome two and, resting, 2 on outcome one, which the second met: 5 contracts
    # each. One of either outcome together are paid back at once.
    assert venue.exchange.accounts[ACCOUNT].cash == int(found["balance"] * MICRO) == 9_997 * MICRO
