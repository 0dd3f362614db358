"""Other clients of predict.fun trade on the simulated one, over real sockets: ccxt, and the venue's own SDK."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from hedgerow.core.ids import FixtureId
from hedgerow.core.money import MICRO
from hedgerow.core.states import Side
from hedgerow.sim.dialects.predict_fun import PredictFun, Settings, build
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.orders import COUNTERPARTY, Leg
from hedgerow.sim.site import listen
from hedgerow.sim.world import Fixture, World

from .conftest import Witness

pytestmark = pytest.mark.timeout(900)  # the first use builds the witnesses' environment

ACCOUNT = "demo_predict.fun"


def _venue(*, smart_account: bool) -> PredictFun:
    """A predict.fun with one match, somebody's offers on it, and an account."""
    world = World(Catalogue())
    venue = build(world, Settings(smart_account=smart_account))
    start = world.clock.now_ms() // 1000 + 3600
    world.put_fixture(
        Fixture(FixtureId("id1200231461061419"), 12, 2314, "Carlos Alcaraz", "Jannik Sinner", start, "Rome", "ATP")
    )
    (market,) = venue.listings
    for cents in (60, 62):
        amounts = cents * 10_000, 50 * MICRO
        venue.exchange.place(COUNTERPARTY, market.contract, Leg.YES, Side.SELL, *amounts, reference=str(cents))
    return venue


@asynccontextmanager
async def _opened(*, smart_account: bool) -> AsyncIterator[dict[str, Any]]:
    """What a client needs to find and use the venue."""
    async with AsyncExitStack() as stack:
        venue = _venue(smart_account=smart_account)
        urls = {}
        for name, app in venue.sites().items():
            site = await listen(app, "127.0.0.1", 0)
            stack.push_async_callback(site.runner.cleanup)
            urls[name] = site.url
        (market,) = venue.listings
        address = venue.keyring.wallets[ACCOUNT].address
        yield {**urls, "slug": market.slug, "address": address, **venue.demo_credentials(ACCOUNT)}


async def test_ccxt_trades_and_follows_its_orders(witness: Witness) -> None:
    """From a key's own address: it knows no accounts."""
    async with _opened(smart_account=False) as opened:
        found = await witness("predict_fun_ccxt", **opened)
    assert found["event"] == ["Carlos Alcaraz vs. Jannik Sinner", "CARLOS ALCARAZ", "JANNIK SINNER"]
    assert found["book"] == [[], [[0.6, 50.0], [0.62, 50.0]]]
    assert found["mirror"] == [[[0.4, 50.0], [0.38, 50.0]], []]
    assert (found["told"], found["open"]) == ([True, "open"], [True])
    assert found["order"] == ["open", 0.4, 10.0, 0.0, "buy"]
    assert found["bought"] == ["closed", 4.0]
    assert found["trades"] == [["buy", 0.6, 4.0, "taker", 0.053333]]
    assert found["small"] == "InvalidOrder"
    assert (found["funds"], found["unheld"]) == ("InsufficientFunds", "InsufficientFunds")
    assert found["flags"] == "InvalidOrder"
    assert (found["cancelled"], found["again"], found["left"]) == ([True, "canceled"], None, 0)


@pytest.mark.parametrize("smart_account", [True, False], ids=["smart account", "key of its own"])
async def test_what_the_venues_own_sdk_signs_is_taken(node_witness: Witness, *, smart_account: bool) -> None:
    async with _opened(smart_account=smart_account) as opened:
        account = opened["address"] if smart_account else None
        found = await node_witness("predict_fun_official", account=account, **opened)
    assert (found["stranger"], found["account"]) == ([400, "unknown message"], True)
    assert found["book"] == [[], [[0.6, 50], [0.62, 50]]]
    assert (found["hash"], found["order"]) == (True, ["OPEN", str(10 * 10**18), "0"])
    assert (found["twice"], found["forged"]) == ([400, "order already exists"], [400, "invalid signature"])
    assert (found["bought"], found["unheld"]) == (True, [400, "Insufficient shares for the order."])
    assert (found["removed"], found["left"]) == ([1, 0, 0], 0)
