"""Placing orders: what is answered, what rests, what is refused and how."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from hedgerow.core.states import Side
from hedgerow.sim.faults import Behaviour

from .harness import ALC, ALCARAZ, DEMO, ORDERS, SIN, SINNER, Client, Scene, order_body, until


async def test_a_resting_order_answers_counts_and_no_status(scene: Scene, demo: Client) -> None:
    placed = await demo.place(client_order_id="mine-1")
    assert placed.keys() == {"order_id", "client_order_id", "fill_count", "remaining_count", "ts_ms"}
    assert (placed["client_order_id"], placed["fill_count"], placed["remaining_count"]) == ("mine-1", "0.00", "10.00")


async def test_a_crossing_order_answers_average_price_and_fee(demo: Client, rival: Client) -> None:
    await rival.place(side="ask", price="0.5200", count="1.00")
    placed = await demo.place(price="0.9900", count="1", time_in_force="immediate_or_cancel")
    assert (placed["fill_count"], placed["remaining_count"]) == ("1.00", "0.00")
    # 0.07 × 0.52 × 0.48 = 0.017472, rounded up to $0.0001: as recorded from the demo exchange.
    assert (placed["average_fill_price"], placed["average_fee_paid"]) == ("0.5200", "0.0175")


async def test_the_rest_of_an_immediate_order_is_cancelled(demo: Client, rival: Client) -> None:
    await rival.place(side="ask", price="0.5000", count="3.00")
    placed = await demo.place(price="0.5000", count="5.00", time_in_force="immediate_or_cancel")
    order = (await demo.get(f"/portfolio/orders/{placed['order_id']}"))["order"]
    assert (placed["fill_count"], placed["remaining_count"]) == ("3.00", "0.00")
    assert (order["status"], order["fill_count_fp"], order["remaining_count_fp"]) == ("canceled", "3.00", "0.00")


async def test_fill_or_kill_without_volume_is_a_conflict(demo: Client, rival: Client) -> None:
    await rival.place(side="ask", price="0.5000", count="3.00")
    status, body = await demo.refused(price="0.5000", count="5.00", time_in_force="fill_or_kill")
    assert (status, body["error"]["code"]) == (409, "fill_or_kill_insufficient_resting_volume")
    assert await demo.get("/portfolio/orders") == {"orders": [], "cursor": ""}


async def test_fill_or_kill_with_volume_fills_wholly(demo: Client, rival: Client) -> None:
    await rival.place(side="ask", price="0.5000", count="5.00")
    placed = await demo.place(price="0.5100", count="5.00", time_in_force="fill_or_kill")
    assert placed["fill_count"] == "5.00"


@pytest.mark.parametrize("is_over", [False, True])
async def test_a_client_order_id_is_taken_for_ever(demo: Client, is_over: bool) -> None:
    placed = await demo.place(client_order_id="once")
    if is_over:
        await demo.call("DELETE", f"{ORDERS}/{placed['order_id']}")
    status, body = await demo.refused(client_order_id="once")
    assert (status, body) == (
        409,
        {"error": {"code": "order_already_exists", "message": "order already exists", "service": "exchange"}},
    )


async def test_another_account_may_use_the_same_client_order_id(demo: Client, rival: Client) -> None:
    await demo.place(client_order_id="same")
    await rival.place(client_order_id="same")


async def test_an_order_without_a_client_id_has_an_empty_one(demo: Client) -> None:
    first, second = await demo.place(), await demo.place()
    assert (first["client_order_id"], second["client_order_id"]) == ("", "")
    assert first["order_id"] != second["order_id"]


async def test_post_only_that_would_cross_is_refused(demo: Client, rival: Client) -> None:
    await rival.place(side="ask", price="0.5500")
    status, body = await demo.refused(post_only=True)
    assert (status, body) == (
        400,
        {"error": {"code": "invalid_order", "message": "invalid order", "details": "post only cross"}},
    )


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"price": "0.5150"}, 400, "invalid_price"),
        ({"price": "0.00"}, 400, "invalid_price"),
        ({"price": "1.00"}, 400, "invalid_price"),
        ({"price": "0.5"}, 400, "invalid_parameters"),
        ({"price": "0.56000"}, 400, "invalid_parameters"),
        ({"price": "-0.56"}, 400, "invalid_parameters"),
        ({"count": "0.00"}, 400, "invalid_order_size"),
        ({"count": "1.005"}, 400, "invalid_parameters"),
        ({"count": "99999999.00"}, 400, "insufficient_balance"),
        ({"ticker": "KXNOPE-1"}, 404, "market_not_found"),
        ({"ticker": None}, 400, "missing_parameters"),
        ({"self_trade_prevention_type": None}, 400, "missing_parameters"),
        ({"side": "yes"}, 400, "invalid_parameters"),
        ({"time_in_force": "GTT"}, 400, "invalid_parameters"),
        ({"time_in_force": "immediate_or_cancel", "expiration_time": 99}, 400, "invalid_parameters"),
        ({"client_order_id": "with.dot"}, 400, "invalid_parameters"),
        ({"exchange_index": 1}, 400, "invalid_parameters"),
        ({"subaccount": 1}, 400, "invalid_parameters"),
        ({"order_group_id": "nope"}, 404, "order_group_not_found"),
    ],
)
async def test_a_wrong_order_is_refused_in_kalshis_words(
    scene: Scene, demo: Client, changes: dict[str, Any], status: int, code: str
) -> None:
    answer = await demo.refused(**changes)
    assert (answer[0], answer[1]["error"]["code"]) == (status, code)
    assert scene.venue.exchange.orders == {}


@pytest.mark.parametrize("changes", [{"count": 10}, {"price": 0.56}, {"post_only": "yes"}, {"expiration_time": "1"}])
async def test_a_field_of_another_type_answers_the_flat_shape(demo: Client, changes: dict[str, Any]) -> None:
    status, body = await demo.refused(**changes)
    assert (status, body["code"], body.keys()) == (400, "bad_request", {"code", "message", "details"})


@pytest.mark.parametrize("raw", [b"{", b"[]", b'"x"'])
async def test_a_body_that_is_no_object_answers_the_flat_shape(scene: Scene, demo: Client, raw: bytes) -> None:
    headers = demo.headers("POST", "/trade-api/v2" + ORDERS)
    async with scene.http.post(demo.rest + "/trade-api/v2" + ORDERS, data=raw, headers=headers) as response:
        assert (response.status, (await response.json())["code"]) == (400, "bad_request")


async def test_null_fields_count_as_absent(demo: Client) -> None:
    answer = await demo.call("POST", ORDERS, order_body() | {"client_order_id": None, "expiration_time": None})
    assert answer.status == 201


async def test_counts_may_leave_decimals_out(demo: Client) -> None:
    for count in ("10", "10.0", "10.00"):
        assert (await demo.place(count=count))["remaining_count"] == "10.00"
    assert (await demo.place(count="0.01"))["remaining_count"] == "0.01"


async def test_what_rests_counts_against_the_money(scene: Scene, demo: Client) -> None:
    await demo.place(price="0.5000", count="19000.00")
    status, body = await demo.refused(price="0.5000", count="2000.00")
    assert (status, body["error"]["code"]) == (400, "insufficient_balance")


async def test_both_sides_of_the_book_are_one(demo: Client, rival: Client) -> None:
    """An ask of YES at 0.60 buys NO at 0.40."""
    await demo.place(side="ask", price="0.6000", count="5.00")
    placed = await rival.place(price="0.6000", count="5.00")
    order = (await demo.get("/portfolio/orders"))["orders"][0]
    assert placed["fill_count"] == "5.00"
    assert (order["outcome_side"], order["book_side"], order["no_price_dollars"]) == ("no", "ask", "0.4000")
    assert order["maker_fill_cost_dollars"] == "2.000000"


async def test_takers_pay_and_makers_do_not(demo: Client, rival: Client) -> None:
    await demo.place(price="0.5000", count="100.00")
    await rival.place(side="ask", price="0.5000", count="100.00")
    maker, taker = (await demo.get("/portfolio/fills"))["fills"], (await rival.get("/portfolio/fills"))["fills"]
    assert [(f["is_taker"], f["fee_cost"]) for f in maker + taker] == [(False, "0.000000"), (True, "1.750000")]


async def test_an_order_that_would_meet_the_own_ends_with_its_taker(demo: Client) -> None:
    resting = await demo.place(price="0.4800", count="1.00")
    taker = await demo.place(side="ask", price="0.4800", count="1.00")
    order = (await demo.get(f"/portfolio/orders/{taker['order_id']}"))["order"]
    assert (taker["fill_count"], taker["remaining_count"], order["status"]) == ("0.00", "0.00", "canceled")
    assert (await demo.get(f"/portfolio/orders/{resting['order_id']}"))["order"]["status"] == "resting"


async def test_an_order_that_would_meet_the_own_ends_the_maker_on_request(demo: Client, rival: Client) -> None:
    own = await demo.place(price="0.4800", count="1.00")
    await rival.place(price="0.4700", count="1.00")
    taker = await demo.place(side="ask", price="0.4700", count="1.00", self_trade_prevention_type="maker")
    assert taker["fill_count"] == "1.00"
    assert (await demo.get(f"/portfolio/orders/{own['order_id']}"))["order"]["status"] == "canceled"


async def test_reduce_only_is_cut_to_the_position(scene: Scene, demo: Client) -> None:
    await demo.place(count="3.00")
    scene.take(SINNER, Side.SELL, "0.56", 3)
    placed = await demo.place(side="ask", price="0.6000", count="5.00", reduce_only=True)
    assert placed["remaining_count"] == "3.00"


async def test_reduce_only_without_a_position_is_refused(demo: Client) -> None:
    status, body = await demo.refused(reduce_only=True)
    assert (status, body["error"]["code"]) == (400, "invalid_order")


async def test_an_order_expires_at_its_second(scene: Scene, demo: Client) -> None:
    scene.world.clock.run_scaled(scene.world.clock.now_ns(), 200)
    expires_s = scene.now_ms() // 1000 + 5
    placed = await demo.place(expiration_time=expires_s)
    order = scene.venue.exchange.orders[placed["order_id"]]
    assert order.expires_ms == expires_s * 1000
    await until(lambda: order.reason == "expired")
    shown = (await demo.get(f"/portfolio/orders/{placed['order_id']}"))["order"]
    assert (shown["status"], shown["last_update_reason"]) == ("canceled", "OrderExpiryCancel")
    assert shown["expiration_time"] is not None


async def test_the_two_participants_have_two_books(scene: Scene, demo: Client) -> None:
    await demo.place(ticker=SIN, price="0.6000", count="5.00")
    await demo.place(ticker=ALC, price="0.4000", count="5.00")
    scene.take(ALCARAZ, Side.SELL, "0.40", 5)
    fills = (await demo.get("/portfolio/fills"))["fills"]
    assert [fill["ticker"] for fill in fills] == [ALC]


async def test_a_scripted_refusal_uses_the_scripts_word(scene: Scene, demo: Client) -> None:
    scene.venue.exchange.faults.set(Behaviour(rejectRate=1.0, rejectReason="trading_is_paused"))
    status, body = await demo.refused()
    assert (status, body["error"]["code"], body["error"]["message"]) == (
        409,
        "trading_is_paused",
        "trading is paused",
    )


async def test_a_scripted_refusal_without_a_word_is_an_invalid_order(scene: Scene, demo: Client) -> None:
    scene.venue.exchange.faults.set(Behaviour(rejectRate=1.0))
    status, body = await demo.refused()
    assert (status, body["error"]["code"]) == (400, "invalid_order")


async def test_a_lost_answer_leaves_an_order_that_can_be_found(scene: Scene, demo: Client) -> None:
    scene.venue.exchange.faults.set(Behaviour(loseResponseRate=1.0))
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await demo.place(client_order_id="lost")
    scene.venue.exchange.faults.set(Behaviour())
    orders = (await demo.get("/portfolio/orders", status="resting"))["orders"]
    assert [order["client_order_id"] for order in orders] == ["lost"]
    assert (await demo.refused(client_order_id="lost"))[0] == 409


async def test_a_refusal_is_never_lost(scene: Scene, demo: Client) -> None:
    scene.venue.exchange.faults.set(Behaviour(loseResponseRate=1.0))
    assert (await demo.refused(price="0.5150"))[0] == 400


async def test_a_delayed_order_is_answered_at_once_and_meets_the_book_later(scene: Scene, demo: Client) -> None:
    scene.world.clock.run_scaled(scene.world.clock.now_ns(), 100)
    scene.venue.exchange.faults.set(Behaviour(acceptDelayMs=3_000))
    placed = await demo.place()
    book = scene.venue.exchange.book(scene.venue.listings.markets[SIN].contract)
    assert (placed["remaining_count"], book.bids) == ("10.00", {})
    await until(lambda: bool(book.bids))


async def test_the_world_ledger_names_orders_and_trades_as_the_wire_does(scene: Scene, demo: Client) -> None:
    placed = await demo.place(client_order_id="mine", count="2.00")
    scene.take(SINNER, Side.SELL, "0.56", 2)
    (entry,) = scene.venue.exchange.ledger()["entries"]
    (fill,) = (await demo.get("/portfolio/fills"))["fills"]
    assert (entry["id"], entry["reference"], entry["account"]) == (placed["order_id"], "mine", DEMO)
    assert [f["id"] for f in entry["fills"]] == [fill["trade_id"]]
