"""Lists, positions, money, settlements, order groups."""

from __future__ import annotations

from typing import Any

import pytest

from hedgerow.core.states import SettlementStatus, Side

from .harness import ALC, ALCARAZ, EVENT, ORDERS, SIN, SINNER, Client, Scene, match, until

ORDER_KEYS = {
    # Required by the documented Order object, and the deprecated fields that recorded answers still had.
    "order_id", "user_id", "client_order_id", "ticker", "side", "action", "outcome_side", "book_side", "type",
    "status", "yes_price_dollars", "no_price_dollars", "fill_count_fp", "remaining_count_fp", "initial_count_fp",
    "taker_fill_cost_dollars", "maker_fill_cost_dollars", "taker_fees_dollars", "maker_fees_dollars", "created_time",
    "last_update_time", "self_trade_prevention_type", "subaccount_number",
}  # fmt: skip


async def test_an_order_has_the_documented_fields_and_number_forms(demo: Client) -> None:
    order_id = (await demo.place())["order_id"]
    order = (await demo.get(f"/portfolio/orders/{order_id}"))["order"]
    assert order.keys() >= ORDER_KEYS
    assert (order["yes_price_dollars"], order["no_price_dollars"], order["taker_fees_dollars"]) == (
        "0.5600",
        "0.4400",
        "0.000000",
    )
    assert (order["initial_count_fp"], order["status"], order["type"]) == ("10.00", "resting", "limit")


async def test_another_accounts_order_is_not_found(demo: Client, rival: Client) -> None:
    order_id = (await rival.place())["order_id"]
    assert (await demo.call("GET", f"/portfolio/orders/{order_id}")).status == 404


async def test_orders_are_listed_newest_first_in_pages(demo: Client) -> None:
    placed = [(await demo.place(client_order_id=f"o{n}"))["client_order_id"] for n in range(5)]
    seen, cursor = [], ""
    while True:
        page = await demo.get("/portfolio/orders", limit="2", cursor=cursor)
        seen += [order["client_order_id"] for order in page["orders"]]
        cursor = page["cursor"]
        if not cursor:
            break
    assert seen == placed[::-1]


async def test_a_page_that_ends_exactly_has_no_next(demo: Client) -> None:
    for _ in range(2):
        await demo.place()
    assert (await demo.get("/portfolio/orders", limit="2"))["cursor"] == ""


async def test_a_garbage_cursor_starts_again(demo: Client) -> None:
    await demo.place()
    assert len((await demo.get("/portfolio/orders", cursor="garbage!"))["orders"]) == 1


async def test_too_long_pages_are_refused_with_a_bare_message(demo: Client) -> None:
    answer = await demo.call("GET", "/portfolio/orders", limit="1001")
    assert (answer.status, answer.json.keys()) == (400, {"msg"})
    assert "'Limit' failed on the 'lte' tag" in answer.json["msg"]


async def test_orders_are_filtered(scene: Scene, demo: Client) -> None:
    done = await demo.place(price="0.5700")
    scene.take(SINNER, Side.SELL, "0.57", 10)
    gone = await demo.place()
    await demo.call("DELETE", f"{ORDERS}/{gone['order_id']}")
    rests = await demo.place(ticker=ALC)

    async def ids(**query: str) -> list[str]:
        return [order["order_id"] for order in (await demo.get("/portfolio/orders", **query))["orders"]]

    assert await ids(status="executed") == [done["order_id"]]
    assert await ids(status="canceled") == [gone["order_id"]]
    assert await ids(status="resting") == await ids(ticker=ALC) == [rests["order_id"]]
    assert len(await ids(event_ticker=EVENT)) == 3
    assert await ids(min_ts="4000000000") == await ids(max_ts="1") == []
    assert (await demo.call("GET", "/portfolio/orders", status="open")).status == 400


async def test_fills_name_their_order_and_not_its_client_id(scene: Scene, demo: Client) -> None:
    placed = await demo.place(client_order_id="mine")
    scene.take(SINNER, Side.SELL, "0.56", 4)
    scene.take(SINNER, Side.SELL, "0.56", 1)
    fills = (await demo.get("/portfolio/fills", order_id=placed["order_id"]))["fills"]
    assert [fill["count_fp"] for fill in fills] == ["1.00", "4.00"]
    assert "client_order_id" not in fills[0]
    assert (fills[0]["fill_id"], fills[0]["ticker"]) == (fills[0]["trade_id"], fills[0]["market_ticker"])
    assert (await demo.get("/portfolio/fills", ticker=ALC))["fills"] == []


async def test_public_trades_show_the_takers_side(scene: Scene, demo: Client) -> None:
    await demo.place(client_order_id="mine")
    scene.take(SINNER, Side.SELL, "0.56", 4)
    (trade,) = (await demo.get("/markets/trades", ticker=SIN))["trades"]
    (fill,) = (await demo.get("/portfolio/fills"))["fills"]
    assert (trade["trade_id"], trade["taker_outcome_side"], trade["taker_book_side"]) == (
        fill["trade_id"],
        "no",
        "ask",
    )


async def test_queue_positions_count_what_trades_before(demo: Client, rival: Client) -> None:
    await rival.place(price="0.5700", count="3.00")
    await rival.place(price="0.5600", count="4.00")
    order_id = (await demo.place())["order_id"]
    await rival.place(price="0.5600", count="9.00")
    one = await demo.get(f"/portfolio/orders/{order_id}/queue_position")
    many = await demo.get("/portfolio/orders/queue_positions", market_tickers=SIN)
    assert one["queue_position_fp"] == many["queue_positions"][0]["queue_position_fp"] == "7.00"


async def test_a_position_is_signed_and_costs_what_it_cost(scene: Scene, demo: Client) -> None:
    await demo.place(side="ask", price="0.6000", count="5.00")
    scene.take(SINNER, Side.BUY, "0.60", 5)
    answer = await demo.get("/portfolio/positions")
    (position,), (event,) = answer["market_positions"], answer["event_positions"]
    assert (position["position_fp"], position["market_exposure_dollars"]) == ("-5.00", "2.000000")
    assert (event["event_ticker"], event["event_exposure_dollars"]) == (EVENT, "2.000000")


async def test_selling_what_is_held_realizes_at_average_cost(scene: Scene, demo: Client) -> None:
    for price, size in (("0.4000", "10.00"), ("0.6000", "10.00")):
        await demo.place(price=price, count=size)
        scene.take(SINNER, Side.SELL, price, 10)
    await demo.place(side="ask", price="0.7000", count="5.00")
    scene.take(SINNER, Side.BUY, "0.70", 5)
    (position,) = (await demo.get("/portfolio/positions"))["market_positions"]
    assert (position["position_fp"], position["market_exposure_dollars"], position["realized_pnl_dollars"]) == (
        "15.00",
        "7.500000",
        "1.000000",
    )


async def test_pairs_are_paid_out_at_once(scene: Scene, demo: Client) -> None:
    await demo.place(price="0.4000", count="10.00")
    scene.take(SINNER, Side.SELL, "0.40", 10)
    await demo.place(side="ask", price="0.7000", count="10.00")
    scene.take(SINNER, Side.BUY, "0.70", 10)
    assert (await demo.get("/portfolio/balance"))["balance_dollars"] == "10003.0000"


async def test_the_balance_is_cash_and_orders_do_not_lower_it(scene: Scene, demo: Client) -> None:
    await demo.place(price="0.5000", count="100.00")
    scene.take(SINNER, Side.SELL, "0.50", 40)
    balance = await demo.get("/portfolio/balance")
    value = await demo.get("/portfolio/summary/total_resting_order_value")
    assert (balance["balance"], balance["balance_dollars"], balance["portfolio_value"]) == (
        998_000,
        "9980.0000",
        2_000,
    )
    assert balance["balance_breakdown"] == [{"exchange_index": 0, "balance": "9980.0000"}]
    assert value["total_resting_order_value"] == 3_000


async def test_the_balance_in_cents_leaves_parts_of_a_cent_out(demo: Client, rival: Client) -> None:
    """The fee of 4 contracts at 0.56 is 0.0690."""
    await rival.place(side="ask", count="4.00")
    await demo.place(count="4.00")
    balance = await demo.get("/portfolio/balance")
    assert (balance["balance"], balance["balance_dollars"]) == (999_769, "9997.6910")


@pytest.mark.parametrize(
    ("result", "market_result", "revenue"),
    [(SettlementStatus.WON, "yes", 1000), (SettlementStatus.LOST, "no", 0), (SettlementStatus.VOID, "scalar", 560)],
)
async def test_a_settlement_pays_what_it_says(
    scene: Scene, demo: Client, result: SettlementStatus, market_result: str, revenue: int
) -> None:
    await demo.place()
    scene.take(SINNER, Side.SELL, "0.56", 10)
    before = scene.cash()
    scene.settle(result)
    (row,) = (await demo.get("/portfolio/settlements"))["settlements"]
    assert (row["market_result"], row["revenue"], row["yes_count_fp"]) == (market_result, revenue, "10.00")
    assert (row["yes_total_cost_dollars"], row["no_count_fp"]) == ("5.600000", "0.00")
    assert scene.cash() - before == revenue * 10_000
    market = (await demo.get(f"/markets/{SIN}"))["market"]
    assert (market["status"], market["result"]) == ("finalized", market_result)


async def test_a_settled_market_leaves_the_open_positions(scene: Scene, demo: Client) -> None:
    await demo.place()
    scene.take(SINNER, Side.SELL, "0.56", 10)
    scene.settle(SettlementStatus.WON)
    assert (await demo.get("/portfolio/positions"))["market_positions"] == []
    settled = await demo.get("/portfolio/positions", settlement_status="settled")
    assert [position["ticker"] for position in settled["market_positions"]] == [SIN]


async def test_a_corrected_result_corrects_the_settlement(scene: Scene, demo: Client) -> None:
    await demo.place()
    scene.take(SINNER, Side.SELL, "0.56", 10)
    before = scene.cash()
    scene.settle(SettlementStatus.WON)
    scene.settle(SettlementStatus.LOST)
    (row,) = (await demo.get("/portfolio/settlements"))["settlements"]
    assert (row["market_result"], row["revenue"]) == ("no", 0)
    assert scene.cash() == before


async def test_a_settled_order_keeps_its_status(scene: Scene, demo: Client) -> None:
    done, cut = await demo.place(price="0.5700"), await demo.place()
    scene.take(SINNER, Side.SELL, "0.56", 14)
    scene.settle(SettlementStatus.WON)
    statuses = {o["order_id"]: o["status"] for o in (await demo.get("/portfolio/orders"))["orders"]}
    assert statuses == {done["order_id"]: "executed", cut["order_id"]: "canceled"}


async def test_both_markets_of_a_match_are_settled(scene: Scene, demo: Client) -> None:
    await demo.place(ticker=ALC, price="0.4000")
    scene.take(ALCARAZ, Side.SELL, "0.40", 10)
    scene.settle(SettlementStatus.LOST)
    results = {m["ticker"]: m["result"] for m in (await demo.get("/markets", status="settled"))["markets"]}
    assert results == {SIN: "no", ALC: "yes"}


class TestOrderGroups:
    @pytest.fixture
    async def group_id(self, demo: Client) -> str:
        answer = await demo.call("POST", "/portfolio/order_groups/create", {"contracts_limit": 10})
        assert answer.status == 201
        return str(answer.json["order_group_id"])

    async def test_fills_above_the_limit_cancel_the_group(self, scene: Scene, demo: Client, group_id: str) -> None:
        for _ in range(2):
            await demo.place(order_group_id=group_id)
        outside = await demo.place(price="0.5000")
        scene.take(SINNER, Side.SELL, "0.56", 10)
        assert len((await demo.get("/portfolio/orders", status="resting"))["orders"]) == 2
        scene.take(SINNER, Side.SELL, "0.56", 1)
        resting = (await demo.get("/portfolio/orders", status="resting"))["orders"]
        assert [order["order_id"] for order in resting] == [outside["order_id"]]

    async def test_what_an_order_takes_at_once_counts_too(self, demo: Client, rival: Client, group_id: str) -> None:
        await rival.place(side="ask", count="11.00")
        resting = await demo.place(price="0.5000", order_group_id=group_id)
        placed = await demo.place(count="12.00", order_group_id=group_id)
        assert placed["fill_count"] == "11.00"
        for order_id in (resting["order_id"], placed["order_id"]):
            assert (await demo.get(f"/portfolio/orders/{order_id}"))["order"]["status"] == "canceled"

    async def test_a_triggered_group_takes_no_orders_until_its_reset(self, demo: Client, group_id: str) -> None:
        await demo.call("PUT", f"/portfolio/order_groups/{group_id}/trigger", {})
        assert (await demo.refused(order_group_id=group_id))[1]["error"]["code"] == "exceeded_order_group_risk_limit"
        assert (await demo.call("PUT", f"/portfolio/order_groups/{group_id}/reset", {})).json == {}
        await demo.place(order_group_id=group_id)

    async def test_a_reset_begins_a_new_window(self, scene: Scene, demo: Client, group_id: str) -> None:
        await demo.place(order_group_id=group_id)
        scene.take(SINNER, Side.SELL, "0.56", 10)
        await demo.call("PUT", f"/portfolio/order_groups/{group_id}/reset", {})
        placed = await demo.place(order_group_id=group_id)
        scene.take(SINNER, Side.SELL, "0.56", 9)
        order = (await demo.get(f"/portfolio/orders/{placed['order_id']}"))["order"]
        assert (order["status"], order["remaining_count_fp"]) == ("resting", "1.00")

    async def test_old_fills_leave_the_window(self, scene: Scene, demo: Client, group_id: str) -> None:
        scene.world.clock.run_scaled(scene.world.clock.now_ns(), 400)
        placed = await demo.place(order_group_id=group_id, count="20.00")
        scene.take(SINNER, Side.SELL, "0.56", 8)
        group = scene.venue.groups.get("demo_kalshi", group_id)
        await until(lambda: group.rolling(scene.now_ms()) == 0)
        scene.take(SINNER, Side.SELL, "0.56", 8)
        order = (await demo.get(f"/portfolio/orders/{placed['order_id']}"))["order"]
        assert (order["status"], order["order_group_id"]) == ("resting", group_id)

    async def test_a_lower_limit_can_trigger(self, scene: Scene, demo: Client, group_id: str) -> None:
        await demo.place(order_group_id=group_id)
        scene.take(SINNER, Side.SELL, "0.56", 5)
        await demo.call("PUT", f"/portfolio/order_groups/{group_id}/limit", {"contracts_limit_fp": "4.00"})
        assert scene.venue.exchange.open_orders() == []

    async def test_a_deleted_group_is_gone_with_its_orders(self, scene: Scene, demo: Client, group_id: str) -> None:
        placed = await demo.place(order_group_id=group_id)
        shown = await demo.get(f"/portfolio/order_groups/{group_id}")
        assert (shown["orders"], shown["contracts_limit_fp"]) == ([placed["order_id"]], "10.00")
        await demo.call("DELETE", f"/portfolio/order_groups/{group_id}")
        assert scene.venue.exchange.open_orders() == []
        assert (await demo.get("/portfolio/order_groups"))["order_groups"] == []
        assert (await demo.call("GET", f"/portfolio/order_groups/{group_id}")).status == 404

    async def test_another_accounts_group_is_not_found(self, rival: Client, group_id: str) -> None:
        assert (await rival.call("PUT", f"/portfolio/order_groups/{group_id}/trigger", {})).status == 404
        assert (await rival.refused(order_group_id=group_id))[1]["error"]["code"] == "order_group_not_found"

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"contracts_limit": 0},
            {"contracts_limit": 1_000_001},
            {"contracts_limit": True},
            {"contracts_limit": 5, "contracts_limit_fp": "6.00"},
            {"contracts_limit_fp": 5},
        ],
    )
    async def test_a_wrong_limit_is_refused(self, demo: Client, body: Any) -> None:
        assert (await demo.call("POST", "/portfolio/order_groups/create", body)).status == 400


async def test_a_reset_world_has_nothing_of_the_old_one(scene: Scene, demo: Client) -> None:
    await demo.place(client_order_id="again")
    scene.take(SINNER, Side.SELL, "0.56", 10)
    scene.world.reset()
    scene.world.put_fixture(match())
    assert (await demo.get("/portfolio/fills"))["fills"] == []
    assert (await demo.get("/portfolio/positions"))["market_positions"] == []
    assert (await demo.get("/portfolio/balance"))["balance"] == 1_000_000
    await demo.place(client_order_id="again")
