"""Other clients of Limitless trade on the simulated one, over real sockets: ccxt, and the venue's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from hedgerow.core.ids import FixtureId
from hedgerow.core.money import MICRO
from hedgerow.sim.dialects.limitless_ex import LimitlessEx, Settings, build
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.orders import Leg
from hedgerow.sim.site import listen
from hedgerow.sim.world import Fixture, World

from .conftest import Witness

pytestmark = pytest.mark.timeout(900)  # the first use builds the witnesses' environment

ACCOUNT = "demo_limitless-ex"


def _venue(*, smart_wallet: bool) -> LimitlessEx:
    """A Limitless with one match, and somebody's offer of 50 shares at 0.6."""
    world = World(Catalogue())
    venue = build(world, Settings(smart_wallet=smart_wallet))
    start = world.clock.now_ms() // 1000 + 3600
    world.put_fixture(
        Fixture(FixtureId("id1200231461061419"), 12, 2314, "Carlos Alcaraz", "Jannik Sinner", start, "Rome", "ATP")
    )
    (market,) = venue.listings
    venue.exchange.rest(market.contract, Leg.YES, 600_000, 50 * MICRO)
    return venue


@asynccontextmanager
async def _opened(*, smart_wallet: bool) -> AsyncIterator[dict[str, Any]]:
    """What a client needs to find and use the venue."""
    venue = _venue(smart_wallet=smart_wallet)
    site = await listen(venue.sites()["rest"], "127.0.0.1", 0)
    (market,) = venue.listings
    yield {"rest": site.url, "slug": market.slug, **venue.demo_credentials(ACCOUNT)}
    await site.runner.cleanup()


@pytest.fixture(params=[True, False], ids=["smart wallet", "wallet of its own"])
async def opened(request: pytest.FixtureRequest) -> AsyncIterator[dict[str, Any]]:
    async with _opened(smart_wallet=request.param) as made:
        yield made


async def test_ccxt_trades_and_finds_its_orders(witness: Witness, opened: dict[str, Any]) -> None:
    found = await witness("limitless_ex_ccxt", **opened)
    assert (found["book"], found["mirror"]) == ([[], [[0.6, 50.0]]], [[[0.4, 50.0]], []])
    assert found["open"] == [[True, "open", 0.4, 10.0, 10.0, "buy"]]
    assert "409 Conflict" in found["again"]
    assert found["taken"] == ["closed", 50.0, 30.0, 1.0]
    assert found["trades"] == [["buy", 0.6, 50.0]]
    assert "Insufficient collateral" in found["funds"]
    assert "Insufficient outcome token" in found["unheld"]
    assert "signatureType" in found["signer"]
    assert (found["cancelled"], found["left"]) == ("canceled", 0)
    assert "already canceled" in found["gone"]
    assert "Invalid HMAC signature" in found["stranger"]


async def test_the_venues_own_client_trades_from_a_wallet_of_its_own(node_witness: Witness) -> None:
    """It knows no other kind of wallet."""
    async with _opened(smart_wallet=False) as opened:
        found = await node_witness("limitless_ex_official", **opened)
    assert (found["active"], found["book"]) == ([1, opened["slug"]], [[], [[0.6, 50_000_000]]])
    assert found["rests"] == [0, 4_000_000, 10_000_000]
    assert found["listed"] == [[True, "LIVE", "BUY", 0.4, 10_000_000, 10_000_000]]
    assert (found["matched"], found["history"]) == ([20_000_000], 1)
    assert found["funds"][1:] == [422, "Insufficient collateral balance or allowance"]
    assert found["unheld"][1:] == [422, "Insufficient outcome token balance or allowance"]
    assert found["cancelled"] == "Order canceled successfully"
    assert found["gone"][1:] == [404, "Order not found or already canceled"]
    assert (found["swept"], found["left"]) == ("Orders canceled successfully", 0)
    assert found["stranger"][1:] == [401, "Invalid HMAC signature"]
