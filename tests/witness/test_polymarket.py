"""Other people's Polymarket clients trade on the simulated Polymarket, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from hedgerow.core.ids import FixtureId
from hedgerow.core.money import MICRO
from hedgerow.core.states import Side
from hedgerow.sim.dialects.polymarket import Polymarket, Settings, build
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.order_events import Event, EventKind, OrderEvent
from hedgerow.sim.orders import Leg
from hedgerow.sim.site import Listening, listen
from hedgerow.sim.world import Fixture, World

from .conftest import Witness

pytestmark = pytest.mark.timeout(900)  # the first use builds the witnesses' environment

ACCOUNT = "demo_polymarket"
TITLE = "Rome: Carlos Alcaraz vs. Jannik Sinner"
GONE = "order can't be found - already canceled or matched"
CASH_AFTER = 10_000 * MICRO - 1_600_000 - 2_400_000 - 28_800
"""Four shares were bought at forty cents as a maker, and four at sixty as a taker, who pays 4 × 0.03 × 0.6 × 0.4."""

Opens = Callable[[int], Awaitable[dict[str, Any]]]


def _venue(signature_type: int) -> Polymarket:
    """A Polymarket with one match and somebody's offers on it, whose trades are quickly confirmed."""
    world = World(Catalogue())
    settings = Settings(mined_after_s=0.2, confirmed_after_s=0.4, signature_type=signature_type)
    venue = build(world, settings)
    start = world.clock.now_ms() // 1000 + 3600
    world.put_fixture(
        Fixture(FixtureId("id1200231461061419"), 12, 2314, "Carlos Alcaraz", "Jannik Sinner", start, "Rome", "ATP")
    )
    (market,) = venue.listings
    venue.exchange.add_account("somebody", 10_000 * MICRO)
    for cents in (60, 62):
        amounts = cents * 10_000, 50 * MICRO
        venue.exchange.place("somebody", market.contract, Leg.YES, Side.SELL, *amounts, reference=str(cents))
    return venue


def _takes(venue: Polymarket) -> Callable[[Event], None]:
    """The world takes four shares of the demo account's bid at forty cents as soon as it rests."""
    loop = asyncio.get_running_loop()

    def hear(event: Event) -> None:
        if isinstance(event, OrderEvent) and event.kind is EventKind.PLACED:
            order = event.order
            if (order.account, order.price, order.side) == (ACCOUNT, 400_000, Side.BUY):
                loop.call_soon(venue.exchange.take, order.contract.yes, Side.SELL, 400_000, 4 * MICRO)

    return hear


@pytest.fixture
async def opens() -> AsyncIterator[Opens]:
    """Opens a venue and tells what a client needs to find and use it."""
    running: list[Listening] = []

    async def opened(signature_type: int) -> dict[str, Any]:
        venue = _venue(signature_type)
        venue.exchange.on_event(_takes(venue))
        urls = {}
        for name, app in venue.sites().items():
            running.append(await listen(app, "127.0.0.1", 0))
            urls[name] = running[-1].url
        (market,) = venue.listings
        told = {
            "slug": market.slug,
            "condition": market.condition_id,
            "tokens": list(market.tokens),
            "now": market.listed_ms // 1000,
        }
        return {**urls, **told, **venue.demo_credentials(ACCOUNT)}

    yield opened
    for listening in running:
        await listening.runner.cleanup()


async def test_the_official_client_trades_and_follows_the_streams(witness: Witness, opens: Opens) -> None:
    given = await opens(0)
    found = await witness("polymarket_official", **given)
    assert found["market"] == [given["slug"], given["condition"], *given["tokens"]]
    assert found["state"] == [True, False, "0.5"]
    assert (found["event"], found["events"], found["searched"]) == ([TITLE, 1], [True], [True])
    assert (found["same_market"], found["market_types"], found["tag"]) == (True, ["moneyline"], "864")
    assert {"atp", "nba", "cs2"} <= set(found["sports"])

    assert found["placed"] == [True, "live", True, "live"]
    assert found["order"] == ["LIVE", "4", "0.4", "Carlos Alcaraz"]
    assert found["open"] == [["0.3", "GTD"], ["0.4", "GTC"]]
    assert (found["bought"], found["settled"], found["sold"]) == (["matched", "2.4", "4", 1], 1, [True, "live"])
    assert found["book"] == [[["0.3", "10"], ["0.4", "6"]], [["0.62", "50"], ["0.6", "46"], ["0.55", "5"]]]
    assert (found["mid"], found["prices"], found["last"]) == ("0.475", ["0.45", "0.6"], "0.6")
    assert found["fills"] == [["TAKER", "BUY", "0.6", "4"], ["MAKER", "SELL", "0.4", "4"]]
    assert found["position"] == [["8", "0.5", "Carlos Alcaraz"]]
    assert (found["listed"], found["activity"]) == ([["0.6", "4"], ["0.4", "4"]], ["TRADE", "TRADE"])
    assert found["balances"] == [CASH_AFTER, 8 * MICRO]

    assert found["crosses"] == [400, "invalid post-only order: order crosses book"]
    assert found["small"][1].endswith("Size (2) lower than the minimum: 5")
    assert found["funds"][1].startswith("not enough balance / allowance")
    assert found["batch"] == [[True, "live"], [False, ""]]
    assert found["duplicate"][1].endswith("is invalid. Duplicated.")
    assert (found["heartbeat"], found["closed_only"], found["keys"]) == (True, False, [True])
    assert found["rate_limits"] == ["float", "elite"]

    assert found["cancelled"] == [True, True, GONE]
    assert (found["by_token"], found["all"], found["left"]) == (True, 1, 0)
    assert found["gone"] == [404, "Order not found"]

    assert found["statuses"] == ["MATCHED", "MINED", "CONFIRMED"]
    assert found["maker"] == [["0.4", "4"]]
    assert found["streamed"] == [
        "market best_bid_ask",
        "market book",
        "market last_trade_price",
        "market price_change",
        "user order",
        "user trade",
    ]


@pytest.mark.parametrize("signature_type", [0, 1, 2, 3])
async def test_the_older_client_trades_with_every_kind_of_wallet(
    witness: Witness, opens: Opens, signature_type: int
) -> None:
    given = await opens(signature_type)
    found = await witness("polymarket_clob", **given)
    assert (found["key"], found["keys"], found["closed_only"]) == (True, 1, {"closed_only": False})
    assert (found["fees"], found["fee_exponent"]) == ([0.03, 1, 5], 1)
    assert found["rules"] == ["0.01", False, 2]
    assert (found["hash"], found["asks"]) == (True, [["0.62", "50"], ["0.6", "50"]])
    assert (found["mirror"], found["prices"]) == ([["0.38", "50"], ["0.4", "50"]], ["0.6", "0.7"])
    assert (found["market"], found["markets"]) == (["Carlos Alcaraz", "Jannik Sinner"], 1)

    assert (found["placed"], found["order"]) == ([True, "live"], ["LIVE", "4", "10", "0.4"])
    assert (found["bought"], found["hashes"]) == (["matched", "2.4", "4"], [66])
    assert found["fills"] == [["TAKER", "0.6", "4"], ["MAKER", "0.4", "4"]]
    assert (found["sold"], found["open"]) == ([True, "live"], [["0.4", "BUY"], ["0.55", "SELL"]])
    assert found["balances"] == [str(CASH_AFTER), str(8 * MICRO)]

    assert found["batch"] == [["live", False], ["", True]]
    assert found["duplicate"][1]["error"].endswith("is invalid. Duplicated.")
    assert found["crosses"] == [400, {"error": "invalid post-only order: order crosses book"}]
    assert found["too_soon"] == [400, {"error": "invalid expiration"}]

    assert (found["cancelled"], found["again"], found["by_token"]) == (True, [True, GONE], 1)
    assert (found["all"], found["left"]) == ({"canceled": [], "not_canceled": {}}, [])
    assert found["beats"]
    assert found["ended"] == ["OK", [401, {"error": "Unauthorized/Invalid api key"}]]
