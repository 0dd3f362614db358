"""Other people's Kalshi clients trade on the simulated Kalshi, over real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from hedgerow.core.ids import FixtureId
from hedgerow.sim.dialects.kalshi import Kalshi, Terms
from hedgerow.sim.dialects.kalshi.orders import PlaceBody
from hedgerow.sim.markets import Catalogue
from hedgerow.sim.site import listen
from hedgerow.sim.world import Fixture, World

from .conftest import Witness

pytestmark = pytest.mark.timeout(900)  # the first use builds the witnesses' environment

EVENT = "KXATPMATCH-26JUN11SINALC"
TICKER = f"{EVENT}-SIN"


# Whole cents, whole counts and a few others: absent from the documents of August 2026 and from recorded answers.
RETIRED = frozenset(
    [
        "category",
        "count",
        "fees_paid",
        "fill_count",
        "initial_count",
        "last_price",
        "liquidity",
        "maker_fees",
        "maker_fill_cost",
        "market_exposure",
        "no_ask",
        "no_bid",
        "no_price",
        "no_price_fixed",
        "notional_value",
        "open_interest",
        "orderbook",
        "position",
        "previous_price",
        "previous_yes_ask",
        "previous_yes_bid",
        "price",
        "queue_position",
        "realized_pnl",
        "remaining_count",
        "response_price_units",
        "risk_limit_cents",
        "taker_fees",
        "taker_fill_cost",
        "tick_size",
        "total_traded",
        "volume",
        "volume_24h",
        "yes_ask",
        "yes_bid",
        "yes_price",
        "yes_price_fixed",
    ]
)


@pytest.fixture
def venue() -> Kalshi:
    """A Kalshi with one match."""
    world = World(Catalogue())
    world.put_fixture(
        Fixture(
            FixtureId("id1200231461061419"),
            12,
            2314,
            "Jannik Sinner",
            "Carlos Alcaraz",
            1_781_208_000,
            "Wimbledon",
            "ATP",
        )
    )
    return Kalshi(world, Terms(tier="prestige"))


@pytest.fixture
async def given(venue: Kalshi) -> AsyncIterator[dict[str, Any]]:
    """What a client needs to find and use it."""
    running = {name: await listen(app, "127.0.0.1", 0) for name, app in venue.sites().items()}
    yield {
        "rest": running["rest"].url,
        "ws": running["ws"].url.replace("http", "ws"),
        "ticker": TICKER,
        "event": EVENT,
        "series": "KXATPMATCH",
        "demo": venue.rsa_credentials("demo_kalshi"),
        "rival": venue.rsa_credentials("rival_kalshi"),
    }
    for listening in running.values():
        await listening.runner.cleanup()


async def test_pykalshi_trades_and_follows_the_stream(witness: Witness, given: dict[str, Any]) -> None:
    found = await witness("kalshi_pykalshi", **given)
    assert found["market"] == ["active", "Jannik Sinner"]
    assert (found["placed"], found["taken"]) == (["resting", "10.00"], ["executed", "4.00"])
    assert found["after_fill"] == ["4.00", "6.00"]
    assert found["after_changes"] == ["0.5700", "4.00", "4.00"]
    assert found["book"] == {"yes_dollars": [["0.5700", "4.00"]], "no_dollars": []}
    assert found["fills"] == [
        ["4.00", "0.5600", "bid", False, "0.000000"],
        ["4.00", "0.5600", "ask", True, "0.069000"],
    ]
    assert found["positions"] == [[TICKER, "4.00", "2.240000"]]
    assert (found["balance"], found["queue"], found["cancelled"]) == (999_776, "0.00", "canceled")
    assert found["refused"] == {
        "off_grid": [400, "invalid_price", ""],
        "duplicate": [409, "order_already_exists", ""],
        "funds": [400, "insufficient_balance", "funds"],
        "cancel_again": [404, "not_found", ""],
    }
    assert (found["batch"], found["batch_cancelled"], found["groups"]) == (["1.00", "1.00"], 2, 1)
    assert found["orders"] == ["canceled"] * 3
    assert found["stream_fill"] == ["4.00", "bid", "first"]
    assert {tuple(seen) for seen in found["stream"]} == {
        ("orderbook_delta", "OrderbookSnapshotMessage"),
        ("orderbook_delta", "OrderbookDeltaMessage"),
        ("user_orders", "UserOrderMessage"),
        ("fill", "FillMessage"),
        ("trade", "TradeMessage"),
    }


async def test_kalshis_own_client_reads_all_that_is_not_retired(
    witness: Witness, given: dict[str, Any], venue: Kalshi
) -> None:
    """Its models of December 2025 still demand whole cents and counts, which Kalshi has since taken off the wire."""
    bid = PlaceBody(TICKER, "bid", "10.00", "0.5600", "good_till_canceled", "taker_at_cross", "first")
    ask = PlaceBody(TICKER, "ask", "4.00", "0.5600", "good_till_canceled", "taker_at_cross", "second")
    venue.venue.desk.place("demo_kalshi", bid)
    venue.venue.desk.place("rival_kalshi", ask)
    found = await witness("kalshi_official", **given)
    assert found["balance"]["balance"] == 999_776
    assert found["exchange"]["trading_active"] is True
    assert found["events"]["events"][0]["event_ticker"] == EVENT
    assert found["series"]["series"]["fee_type"] == "quadratic"
    assert found["v1"] == [410, "deprecated_v1_order_endpoint"]
    for name, answer in found.items():
        if isinstance(answer, dict) and "lacks" in answer:
            assert set(answer["lacks"]) <= RETIRED, name


async def test_ccxt_trades(witness: Witness, given: dict[str, Any]) -> None:
    found = await witness("kalshi_ccxt", **given)
    assert (found["status"], found["event"]) == ("ok", [EVENT, 2])
    assert (found["placed"], found["taken"]) == (["open", 0.0, 10.0], ["closed", 4.0])
    assert (found["order"], found["open"]) == (["open", 4.0, 6.0, 0.56], [True])
    assert found["book"] == [[[0.56, 6.0]], []]
    assert (found["my_trades"], found["trades"]) == ([["buy", 0.56, 4.0]], 1)
    assert (found["balance"], found["positions"]) == (9_997.76, 1)
    assert (found["off_grid"], found["funds"]) == ("BadRequest", "BadRequest")
    assert (found["cancelled"], found["left"]) == ("canceled", 0)
