"""The venue's own client trades at the simulated Polymarket US, over real sockets."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from decimal import Decimal

import pytest

from hedgerow.core.ids import FixtureId, OutcomeId, OutcomeKey
from hedgerow.sim.bookmaker import Quote
from hedgerow.sim.dialects.polymarket_us import PolymarketUs, Terms
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.site import listen
from hedgerow.sim.world import Fixture, World

from .conftest import Witness

pytestmark = pytest.mark.timeout(900)  # the first use builds the witnesses' environment

FIXTURE = FixtureId("id1200231461061419")
SINNER = OutcomeKey(FIXTURE, OutcomeId(121))
USD = {"currency": "USD"}


@pytest.fixture
def venue() -> PolymarketUs:
    """In the present, which the client signs. Sinner can be bought at 0.50."""
    world = World(Catalogue())
    made = PolymarketUs(world, Terms())
    starts = int(time.time()) + 9_000  # noqa: TID251 - the client of another has no other clock
    world.put_fixture(Fixture(FIXTURE, 12, 2314, "Jannik Sinner", "Carlos Alcaraz", starts, "ATP Finals"))
    world.put_odds([Quote(SINNER, "polymarket.us", Decimal(2), Decimal(10), None, "USD", True, 0)])
    return made


@pytest.fixture
async def sites(venue: PolymarketUs) -> AsyncIterator[dict[str, str]]:
    async with AsyncExitStack() as stack:
        urls = {}
        for name, app in venue.sites().items():
            site = await listen(app, "127.0.0.1", 0)
            stack.push_async_callback(site.runner.cleanup)
            urls[name] = site.url
        yield urls


async def test_the_venues_own_client_trades_reads_and_listens(
    witness: Witness, venue: PolymarketUs, sites: dict[str, str]
) -> None:
    order = {"type": "ORDER_TYPE_LIMIT", "manualOrderIndicator": "MANUAL_ORDER_INDICATOR_AUTOMATIC"}
    orders = [
        {**order, "intent": "ORDER_INTENT_BUY_LONG", "price": {"value": "0.50", **USD}, "quantity": 4},
        {**order, "intent": "ORDER_INTENT_BUY_SHORT", "price": {"value": "0.75", **USD}, "quantity": 2.5},
        {**order, "intent": "ORDER_INTENT_BUY_LONG", "price": {"value": "45", **USD}, "quantity": 1},
    ]
    found = await witness(
        "polymarket_us_official",
        rest=sites["rest"],
        gateway=sites["gateway"],
        orders=orders,
        other_secret_key=b64encode(b"\x11" * 32).decode(),
        **venue.demo_credentials("demo_polymarket.us"),
    )
    (slug,) = venue.exchange.contracts
    assert found["events"] == [["Jannik Sinner vs. Carlos Alcaraz", slug]]
    assert found["offers"] == [["0.5000", "20.0000"]]
    assert found["placed"] == [
        ["ORDER_INTENT_BUY_LONG", "0.5000", 4, 4, "ORDER_STATE_FILLED"],
        ["ORDER_INTENT_BUY_SHORT", "0.7500", 2.5, 0, "ORDER_STATE_NEW"],
        ["ORDER_INTENT_BUY_LONG", "45.0000", 1, 0, "ORDER_STATE_REJECTED"],
    ]
    assert found["resting"] == [1]
    assert found["balance"] == [9_997.93, 0, 9_997.93]  # the short sale closes what was bought
    assert found["again"] == [400, "order is not open"]
    assert (found["trades"], found["positions"]) == ([["0.5000", "4.0000"]], {slug: "4.0000"})
    assert found["settlement"] == [404, "market is not settled"]
    kinds = ["NEW", "FILL", "NEW", "REJECTED", "CANCELED"]
    assert found["heard"] == [f"EXECUTION_TYPE_{kind}" for kind in kinds]
    assert found["stranger"] == [401, "invalid signature"]
