"""Amending, decreasing and cancelling orders, one by one, in batches and all at once."""

from __future__ import annotations

from typing import Any

import pytest

from hedgerow.core.states import Side
from hedgerow.sim.dialects.kalshi import Terms

from .harness import FIXTURE, ORDERS, SIN, SINNER, Client, Scene, match, order_body, until


def amend_body(**changes: Any) -> dict[str, Any]:
    return {"ticker": SIN, "side": "bid", "price": "0.5600", "count": "10.00", **changes}


async def amend(client: Client, order_id: str, **changes: Any) -> tuple[int, Any]:
    answer = await client.call("POST", f"{ORDERS}/{order_id}/amend", amend_body(**changes))
    return answer.status, answer.json


async def decrease(client: Client, order_id: str, **body: Any) -> tuple[int, Any]:
    answer = await client.call("POST", f"{ORDERS}/{order_id}/decrease", body)
    return answer.status, answer.json


async def test_the_count_of_an_amend_is_filled_and_resting_together(scene: Scene, demo: Client) -> None:
    order_id = (await demo.place())["order_id"]
    scene.take(SINNER, Side.SELL, "0.56", 4)
    _, amended = await amend(demo, order_id, count="12.00")
    assert (amended["remaining_count"], amended["fill_count"]) == ("8.00", "0.00")
    order = (await demo.get(f"/portfolio/orders/{order_id}"))["order"]
    counts = [order[f"{name}_count_fp"] for name in ("initial", "fill", "remaining")]
    assert counts == ["12.00", "4.00", "8.00"]


async def test_an_amend_keeps_the_order_id_and_may_change_the_client_id(demo: Client) -> None:
    order_id = (await demo.place(client_order_id="old"))["order_id"]
    status, amended = await amend(demo, order_id, price="0.5700", client_order_id="old", updated_client_order_id="new")
    assert (status, amended["order_id"], amended["client_order_id"]) == (200, order_id, "new")
    assert (await demo.refused(client_order_id="old"))[0] == 409


async def test_an_amend_of_the_price_alone_tells_no_counts(demo: Client) -> None:
    order_id = (await demo.place())["order_id"]
    _, amended = await amend(demo, order_id, price="0.5700")
    assert (amended["remaining_count"], amended["fill_count"], amended["average_fill_price"]) == (None, None, None)


async def test_an_amend_that_crosses_fills(demo: Client, rival: Client) -> None:
    await rival.place(side="ask", price="0.6000", count="4.00")
    order_id = (await demo.place())["order_id"]
    _, amended = await amend(demo, order_id, price="0.6000")
    assert (amended["fill_count"], amended["remaining_count"], amended["average_fill_price"]) == (
        "4.00",
        "6.00",
        "0.6000",
    )


async def test_a_post_only_order_is_not_amended_across_the_book(demo: Client, rival: Client) -> None:
    await rival.place(side="ask", price="0.6000", count="4.00")
    order_id = (await demo.place(post_only=True))["order_id"]
    status, body = await amend(demo, order_id, price="0.6000")
    assert (status, body["error"]["details"]) == (400, "post only cross")


async def test_an_amend_to_what_is_filled_cancels_the_rest(scene: Scene, demo: Client) -> None:
    order_id = (await demo.place())["order_id"]
    scene.take(SINNER, Side.SELL, "0.56", 4)
    _, amended = await amend(demo, order_id, count="4.00")
    order = (await demo.get(f"/portfolio/orders/{order_id}"))["order"]
    assert (amended["remaining_count"], order["status"], order["fill_count_fp"]) == ("0.00", "canceled", "4.00")


async def test_an_amend_may_set_another_expiry(scene: Scene, demo: Client) -> None:
    order_id = (await demo.place())["order_id"]
    await amend(demo, order_id, expiration_time=4_000_000_000)
    assert scene.venue.exchange.orders[order_id].expires_ms == 4_000_000_000_000


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ticker": "KXOTHER-1"}, "order_ticker_mismatch"),
        ({"side": "ask"}, "order_side_mismatch"),
        ({"client_order_id": "not-it"}, "order_id_and_client_order_id_mismatch"),
        ({"updated_client_order_id": "taken"}, "order_already_exists"),
        ({"price": "0.5650"}, "invalid_price"),
        ({"count": "1000000.00"}, "insufficient_balance"),
        ({"count": ""}, "missing_parameters"),
    ],
)
async def test_a_refused_amend_leaves_the_order_as_it_was(demo: Client, changes: dict[str, Any], code: str) -> None:
    await demo.place(client_order_id="taken", price="0.1000")
    order_id = (await demo.place(client_order_id="mine"))["order_id"]
    before = (await demo.get(f"/portfolio/orders/{order_id}"))["order"]
    _, body = await amend(demo, order_id, **changes)
    assert body["error"]["code"] == code
    assert (await demo.get(f"/portfolio/orders/{order_id}"))["order"] == before


async def test_an_amend_below_what_is_filled_is_refused(scene: Scene, demo: Client) -> None:
    order_id = (await demo.place())["order_id"]
    scene.take(SINNER, Side.SELL, "0.56", 4)
    assert (await amend(demo, order_id, count="3.00"))[1]["error"]["code"] == "invalid_order_size"


async def test_a_decrease_keeps_the_place_in_the_queue(scene: Scene, demo: Client, rival: Client) -> None:
    order_id = (await demo.place())["order_id"]
    await rival.place()
    assert (await decrease(demo, order_id, reduce_by="4.00"))[1]["remaining_count"] == "6.00"
    assert (await decrease(demo, order_id, reduce_to="5"))[1]["remaining_count"] == "5.00"
    scene.take(SINNER, Side.SELL, "0.56", 5)
    order = (await demo.get(f"/portfolio/orders/{order_id}"))["order"]
    assert (order["status"], order["initial_count_fp"], order["fill_count_fp"]) == ("executed", "10.00", "5.00")


async def test_a_decrease_counts_what_rests_alone(scene: Scene, demo: Client) -> None:
    order_id = (await demo.place())["order_id"]
    scene.take(SINNER, Side.SELL, "0.56", 4)
    assert (await decrease(demo, order_id, reduce_to="5.00"))[1]["remaining_count"] == "5.00"
    assert (await decrease(demo, order_id, reduce_by="2.00"))[1]["remaining_count"] == "3.00"
    order = (await demo.get(f"/portfolio/orders/{order_id}"))["order"]
    assert (order["fill_count_fp"], order["remaining_count_fp"]) == ("4.00", "3.00")


async def test_a_decrease_to_nothing_cancels(demo: Client) -> None:
    order_id = (await demo.place())["order_id"]
    assert (await decrease(demo, order_id, reduce_to="0.00"))[1]["remaining_count"] == "0.00"
    order = (await demo.get(f"/portfolio/orders/{order_id}"))["order"]
    assert (order["status"], order["last_update_reason"]) == ("canceled", "Decrease")


@pytest.mark.parametrize("body", [{}, {"reduce_by": "1.00", "reduce_to": "1.00"}, {"reduce_by": "11.00"}])
async def test_a_decrease_needs_exactly_one_good_number(demo: Client, body: dict[str, str]) -> None:
    order_id = (await demo.place())["order_id"]
    assert (await decrease(demo, order_id, **body))[0] == 400


async def test_a_cancel_tells_what_it_took(scene: Scene, demo: Client) -> None:
    order_id = (await demo.place(client_order_id="mine"))["order_id"]
    scene.take(SINNER, Side.SELL, "0.56", 4)
    answer = await demo.call("DELETE", f"{ORDERS}/{order_id}", market_ticker=SIN)
    assert answer.json | {"ts_ms": 0} == {
        "order_id": order_id,
        "client_order_id": "mine",
        "reduced_by": "6.00",
        "ts_ms": 0,
    }


@pytest.mark.parametrize("fate", ["cancelled", "filled", "unknown", "another's"])
async def test_cancels_of_what_does_not_rest_are_alike(scene: Scene, demo: Client, rival: Client, fate: str) -> None:
    order_id = (await (rival if fate == "another's" else demo).place())["order_id"]
    if fate == "cancelled":
        await demo.call("DELETE", f"{ORDERS}/{order_id}")
    elif fate == "filled":
        scene.take(SINNER, Side.SELL, "0.56", 10)
    elif fate == "unknown":
        order_id = "00000000-0000-0000-0000-000000000000"
    answer = await demo.call("DELETE", f"{ORDERS}/{order_id}")
    assert (answer.status, answer.json) == (
        404,
        {"error": {"code": "not_found", "message": "not found", "service": "exchange"}},
    )


async def test_a_batch_answers_each_item(demo: Client) -> None:
    items = [order_body(client_order_id="a"), order_body(client_order_id="b", price="0.5150"), 7]
    answer = await demo.call("POST", f"{ORDERS}/batched", {"orders": items})
    good, bad, nonsense = answer.json["orders"]
    assert (answer.status, good["client_order_id"], good["remaining_count"]) == (201, "a", "10.00")
    assert bad == {
        "client_order_id": "b",
        "error": {"code": "invalid_price", "message": "invalid price", "details": ""},
    }
    assert nonsense["error"]["code"] == "bad_request"


async def test_a_batch_cancel_answers_each_item(demo: Client) -> None:
    order_id = (await demo.place())["order_id"]
    items = [{"order_id": order_id}, {"order_id": order_id}]
    answer = await demo.call("DELETE", f"{ORDERS}/batched", {"orders": items})
    good, bad = answer.json["orders"]
    assert (good["reduced_by"], bad["reduced_by"], bad["error"]["code"]) == ("10.00", "0.00", "not_found")


@pytest.mark.parametrize("body", [{}, {"orders": []}, {"orders": "x"}])
async def test_a_batch_of_nothing_is_refused(demo: Client, body: Any) -> None:
    answer = await demo.call("POST", f"{ORDERS}/batched", body)
    assert (answer.status, answer.json["error"]["code"]) == (400, "missing_parameters")


async def test_cancel_all_is_of_one_account(scene: Scene, demo: Client, rival: Client) -> None:
    await demo.place()
    await demo.place(price="0.1000")
    await rival.place()
    answer = await demo.call("DELETE", ORDERS)
    assert (answer.status, answer.json) == (204, None)
    assert len(scene.venue.exchange.open_orders()) == 1


class TestLaggingCancelAll:
    """A cancel-all that strikes late, as Kalshi warns."""

    @pytest.fixture
    def terms(self) -> Terms:
        return Terms(tier="prestige", cancel_all_lag_s=20.0)

    async def test_it_hits_an_order_that_was_placed_after_it(self, scene: Scene, demo: Client) -> None:
        scene.world.clock.run_scaled(scene.world.clock.now_ns(), 200)
        await demo.call("DELETE", ORDERS)
        order = scene.venue.exchange.orders[(await demo.place())["order_id"]]
        await until(lambda: order.remaining > 0 and order.reason != "")
        assert order.reason == "cancelled by the member"


async def test_nothing_can_be_done_in_a_closed_market(scene: Scene, demo: Client) -> None:
    order_id = (await demo.place())["order_id"]
    scene.venue.listings.deactivate(scene.venue.listings.markets[SIN])
    assert (await demo.refused())[1]["error"]["code"] == "MARKET_INACTIVE"
    scene.world.put_fixture(match(status_id=2))
    answer = await demo.call("DELETE", f"{ORDERS}/{order_id}")
    assert answer.json["error"]["code"] == "not_found"  # the close has cancelled it


async def test_an_inactive_market_keeps_orders_and_lets_them_go(scene: Scene, demo: Client) -> None:
    order_id = (await demo.place())["order_id"]
    market = scene.venue.listings.markets[SIN]
    scene.venue.listings.deactivate(market)
    assert (await demo.call("DELETE", f"{ORDERS}/{order_id}")).status == 200


async def test_a_reactivated_market_has_lost_its_orders(scene: Scene, demo: Client) -> None:
    await demo.place()
    market = scene.venue.listings.markets[SIN]
    scene.venue.listings.deactivate(market)
    scene.venue.listings.activate(market)
    (order,) = (await demo.get("/portfolio/orders"))["orders"]
    assert (order["status"], order["last_update_reason"]) == ("canceled", "CloseCancel")


async def test_a_finished_match_closes_its_markets(scene: Scene, demo: Client) -> None:
    await demo.place()
    scene.world.put_fixture(match(status_id=2))
    assert scene.venue.exchange.open_orders() == []
    assert {m["status"] for m in (await demo.get("/markets", status="closed"))["markets"]} == {"closed"}
    scene.world.put_fixture(match(status_id=1))
    assert (await demo.place())["remaining_count"] == "10.00"
    assert FIXTURE in scene.world.fixtures


@pytest.mark.parametrize(
    ("switches", "code", "cancel_status"),
    [
        ({"tradingActive": False}, "trading_is_paused", 200),
        ({"exchangeActive": False}, "exchange_is_paused", 409),
    ],
)
async def test_a_pause_refuses_orders(
    scene: Scene, demo: Client, switches: dict[str, bool], code: str, cancel_status: int
) -> None:
    order_id = (await demo.place())["order_id"]
    scene.kalshi.patch(switches)
    status, body = await demo.refused()
    assert (status, body) == (409, {"error": {"code": code, "message": code.replace("_", " ")}})
    assert (await demo.call("DELETE", f"{ORDERS}/{order_id}")).status == cancel_status
    assert (await demo.get("/exchange/status"))["trading_active"] is False


async def test_pauses_and_tier_are_reset_with_all_switches(scene: Scene, demo: Client) -> None:
    scene.kalshi.patch({"tradingActive": False, "exchangeActive": False, "usageTier": "expert"})
    scene.kalshi.patch({})
    assert (scene.venue.desk.trading_active, scene.venue.desk.exchange_active) == (True, True)
    assert (await demo.get("/account/limits"))["usage_tier"] == scene.venue.terms.tier != "expert"
    await demo.place()


async def test_a_pause_cancels_the_orders_that_asked_for_it(scene: Scene, demo: Client) -> None:
    stays, goes = await demo.place(), await demo.place(cancel_order_on_pause=True)
    scene.kalshi.patch({"tradingActive": False})
    resting = (await demo.get("/portfolio/orders", status="resting"))["orders"]
    assert [order["order_id"] for order in resting] == [stays["order_id"]]
    assert (await demo.get(f"/portfolio/orders/{goes['order_id']}"))["order"]["cancel_order_on_pause"] is True


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/portfolio/orders"),
        ("POST", "/portfolio/orders/batched"),
        ("POST", "/portfolio/orders/x/amend"),
        ("POST", "/portfolio/orders/x/decrease"),
        ("DELETE", "/portfolio/orders/x"),
        ("DELETE", "/portfolio/orders/batched"),
    ],
)
async def test_the_v1_order_calls_are_gone(demo: Client, method: str, path: str) -> None:
    answer = await demo.call(method, path, {"ticker": SIN})
    assert (answer.status, answer.json["error"]["code"]) == (410, "deprecated_v1_order_endpoint")
    assert answer.json["error"]["message"] == "Please switch to the V2 endpoints"


async def test_an_unknown_switch_is_refused_and_changes_nothing(scene: Scene) -> None:
    with pytest.raises(ValueError, match="unknown switch x"):
        scene.kalshi.patch({"x": 1, "tradingActive": False})
    with pytest.raises(ValueError, match="unknown tier"):
        scene.kalshi.patch({"usageTier": "gold"})
    assert scene.venue.desk.trading_active
