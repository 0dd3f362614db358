"""The stream over a real socket: what each channel says, when, and in which order."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hedgerow.core.states import SettlementStatus, Side
from hedgerow.core.tasks import spawn, stop
from hedgerow.sim.dialects.kalshi import Terms
from hedgerow.sim.faults import Behaviour

from .harness import ALC, EVENT, ORDERS, SIN, SINNER, Client, Scene, Stream, match, until


@pytest.fixture
async def stream(demo: Client) -> Any:
    opened = await demo.stream()
    yield opened
    await opened.ws.close()


def kinds(frames: list[Any]) -> list[str]:
    return [frame["type"] for frame in frames]


async def test_a_book_begins_with_its_snapshot_and_goes_on_with_signed_differences(
    scene: Scene, demo: Client, stream: Stream
) -> None:
    await demo.place(price="0.5600", count="10.00")
    await demo.place(side="ask", price="0.6000", count="4.00")
    await stream.send("subscribe", channels=["orderbook_delta"], market_tickers=[SIN])
    subscribed, snapshot = await stream.frames(2)
    assert subscribed == {"id": 1, "type": "subscribed", "msg": {"channel": "orderbook_delta", "sid": 1}}
    assert (snapshot["type"], snapshot["sid"], snapshot["seq"]) == ("orderbook_snapshot", 1, 1)
    assert snapshot["msg"]["yes_dollars_fp"] == [["0.5600", "10.00"]]
    assert snapshot["msg"]["no_dollars_fp"] == [["0.4000", "4.00"]]
    scene.take(SINNER, Side.SELL, "0.56", 3)
    delta = await stream.frame()
    assert (delta["seq"], delta["msg"]["side"], delta["msg"]["price_dollars"], delta["msg"]["delta_fp"]) == (
        2,
        "yes",
        "0.5600",
        "-3.00",
    )


async def test_the_no_side_can_be_told_in_yes_prices(demo: Client, stream: Stream) -> None:
    await stream.send("subscribe", channels=["orderbook_delta"], market_ticker=SIN, use_yes_price=True)
    await stream.frames(2)
    await demo.place(side="ask", price="0.6000", count="4.00")
    delta = (await stream.frame())["msg"]
    assert (delta["side"], delta["price_dollars"], delta["delta_fp"]) == ("no", "0.6000", "4.00")
    await stream.send("update_subscription", sid=1, market_tickers=[SIN], action="get_snapshot")
    snapshot = await stream.frame()
    assert (snapshot["seq"], snapshot["msg"]["no_dollars_fp"]) == (3, [["0.6000", "4.00"]])


async def test_an_empty_side_is_left_out_of_a_snapshot(stream: Stream) -> None:
    await stream.send("subscribe", channels=["orderbook_delta"], market_ticker=SIN)
    _, snapshot = await stream.frames(2)
    assert snapshot["msg"].keys() == {"market_ticker", "market_id"}


async def test_only_the_owner_sees_the_client_order_id_of_a_difference(
    demo: Client, rival: Client, stream: Stream
) -> None:
    await stream.send("subscribe", channels=["orderbook_delta"], market_ticker=SIN)
    await stream.frames(2)
    await demo.place(client_order_id="mine")
    await rival.place(client_order_id="theirs")
    own, other = await stream.frames(2)
    assert own["msg"]["client_order_id"] == "mine"
    assert "client_order_id" not in other["msg"]


async def test_numbers_count_over_all_markets_of_a_subscription(demo: Client, stream: Stream) -> None:
    await stream.send("subscribe", channels=["orderbook_delta"], market_tickers=[SIN, ALC])
    await stream.frame()
    snapshots = await stream.frames(2)
    await demo.place(ticker=ALC, price="0.3000")
    await demo.place(ticker=SIN)
    deltas = await stream.frames(2)
    assert [frame["seq"] for frame in snapshots + deltas] == [1, 2, 3, 4]
    assert [frame["msg"]["market_ticker"] for frame in deltas] == [ALC, SIN]


async def test_folded_differences_are_the_book(scene: Scene, demo: Client, rival: Client, stream: Stream) -> None:
    await demo.place(price="0.5000", count="3.00")
    await stream.send("subscribe", channels=["orderbook_delta"], market_ticker=SIN)
    frames = await stream.frames(2)
    await demo.place(price="0.5600")
    await rival.place(side="ask", price="0.5000", count="11.50")
    await rival.place(side="ask", price="0.7000", count="2.00")
    order_id = (await demo.place(price="0.4000"))["order_id"]
    await demo.call("POST", f"{ORDERS}/{order_id}/decrease", {"reduce_by": "4.00"})
    await demo.place(price="0.1000", count="1.00", client_order_id="last")
    while frames[-1]["msg"].get("client_order_id") != "last":
        frames.append(await stream.frame())
    folded: dict[tuple[str, str], Decimal] = {}
    for side in ("yes", "no"):
        for price, size in frames[1]["msg"].get(f"{side}_dollars_fp", []):
            folded[side, price] = Decimal(size)
    for frame in frames[2:]:
        key = frame["msg"]["side"], frame["msg"]["price_dollars"]
        folded[key] = folded.get(key, Decimal(0)) + Decimal(frame["msg"]["delta_fp"])
        assert folded[key] >= 0
    book = (await demo.get(f"/markets/{SIN}/orderbook"))["orderbook_fp"]
    shown = {(s, p): Decimal(q) for s in ("yes", "no") for p, q in book[f"{s}_dollars"]}
    assert {key: size for key, size in folded.items() if size} == shown


async def test_frames_of_a_fill_come_as_recorded(scene: Scene, demo: Client, stream: Stream) -> None:
    """First the difference, then the trade; the owner's fill says what the account holds after it."""
    await demo.place(client_order_id="mine")
    await stream.send("subscribe", channels=["orderbook_delta", "trade", "fill"], market_tickers=[SIN])
    await stream.frames(4)
    scene.take(SINNER, Side.SELL, "0.56", 4)
    delta, fill, trade = await stream.frames(3)
    assert kinds([delta, fill, trade]) == ["orderbook_delta", "fill", "trade"]
    assert fill["msg"]["trade_id"] == trade["msg"]["trade_id"]
    told = fill["msg"]
    assert (told["post_position_fp"], told["is_taker"], told["book_side"], told["client_order_id"]) == (
        "4.00",
        False,
        "bid",
        "mine",
    )
    assert (trade["msg"]["taker_side"], trade["msg"]["count_fp"]) == ("no", "4.00")


async def test_a_fill_is_told_twice_on_order(scene: Scene, demo: Client, stream: Stream) -> None:
    await stream.subscribe("fill")
    scene.venue.exchange.faults.set(Behaviour(duplicateFills=True))
    await demo.place()
    scene.take(SINNER, Side.SELL, "0.56", 4)
    first, second = await stream.frames(2)
    assert (first["msg"], second["seq"] - first["seq"]) == (second["msg"], 1)


async def test_orders_are_told_through_their_life(scene: Scene, demo: Client, stream: Stream) -> None:
    await stream.subscribe("user_orders")
    placed = await demo.place(client_order_id="mine", order_group_id=None)
    scene.take(SINNER, Side.SELL, "0.56", 4)
    await demo.call("DELETE", f"{ORDERS}/{placed['order_id']}")
    told = [frame["msg"] for frame in await stream.frames(3)]
    assert [(m["status"], m["fill_count_fp"], m["remaining_count_fp"]) for m in told] == [
        ("resting", "0.00", "10.00"),
        ("resting", "4.00", "6.00"),
        ("canceled", "4.00", "0.00"),
    ]
    assert {m["order_id"] for m in told} == {placed["order_id"]}
    assert told[2]["last_update_reason"] == "Decrease"
    assert told[0]["created_ts_ms"] > 0


async def test_a_filled_order_is_told_as_executed(scene: Scene, demo: Client, stream: Stream) -> None:
    await demo.place()
    await stream.subscribe("user_orders")
    scene.take(SINNER, Side.SELL, "0.56", 10)
    assert (await stream.frame())["msg"]["status"] == "executed"


async def test_private_channels_are_of_one_account(scene: Scene, rival: Client, demo: Client, stream: Stream) -> None:
    await stream.subscribe("fill", "user_orders", "market_positions")
    await rival.place()
    scene.take(SINNER, Side.SELL, "0.56", 10)
    await demo.place(price="0.1000")
    assert (await stream.frame())["msg"]["yes_price_dollars"] == "0.1000"


async def test_private_channels_can_be_narrowed_to_markets(demo: Client, stream: Stream) -> None:
    await stream.subscribe("user_orders", market_tickers=[ALC])
    await demo.place()
    await demo.place(ticker=ALC, price="0.3000")
    assert (await stream.frame())["msg"]["ticker"] == ALC


async def test_positions_are_told_after_fills_and_at_the_end(scene: Scene, demo: Client, stream: Stream) -> None:
    await demo.place()
    await stream.subscribe("market_positions")
    scene.take(SINNER, Side.SELL, "0.56", 10)
    scene.settle(SettlementStatus.WON)
    first, last = await stream.frames(2)
    assert (first["msg"]["position_fp"], first["msg"]["position_cost_dollars"]) == ("10.00", "5.600000")
    assert last["type"] == "market_position"


async def test_tickers_follow_book_and_trades(scene: Scene, demo: Client, stream: Stream) -> None:
    await stream.send("subscribe", channels=["ticker"], market_tickers=[SIN], send_initial_snapshot=True)
    _, first = await stream.frames(2)
    assert (first["msg"]["yes_bid_dollars"], first["msg"]["yes_ask_dollars"]) == ("0.0000", "1.0000")
    await demo.place()
    assert (await stream.frame())["msg"]["yes_bid_size_fp"] == "10.00"
    scene.take(SINNER, Side.SELL, "0.56", 4)
    _, after = await stream.frames(2)
    assert (after["msg"]["price_dollars"], after["msg"]["volume_fp"]) == ("0.5600", "4.00")


async def test_the_lifecycle_tells_of_new_and_settled_markets(scene: Scene, stream: Stream) -> None:
    await stream.subscribe("market_lifecycle_v2")
    other = match(fixture_id="id1200231461061420", participant1_name="Ben Shelton", participant2_name="Taylor Fritz")
    scene.world.put_fixture(other)
    event, first, second = await stream.frames(3)
    assert kinds([event, first, second]) == ["event_lifecycle", "market_lifecycle_v2", "market_lifecycle_v2"]
    assert first["msg"]["event_type"] == "created"
    assert first["msg"]["additional_metadata"]["yes_sub_title"] == "Ben Shelton"
    scene.settle(SettlementStatus.WON)
    told = [frame["msg"] for frame in await stream.frames(4)]
    assert [(m["event_type"], m.get("result"), m.get("settlement_value")) for m in told] == [
        ("determined", "yes", "1.0000"),
        ("settled", None, None),
        ("determined", "no", "0.0000"),
        ("settled", None, None),
    ]


async def test_the_lifecycle_tells_of_pauses_closes_and_grids(scene: Scene, stream: Stream) -> None:
    await stream.subscribe("market_lifecycle_v2")
    listings = scene.venue.listings
    market = listings.markets[SIN]
    listings.deactivate(market)
    listings.activate(market)
    listings.set_structure(market, "deci_cent")
    scene.world.put_fixture(match(status_id=3))
    told = [frame["msg"] for frame in await stream.frames(5)]
    assert [m["event_type"] for m in told] == [
        "deactivated",
        "activated",
        "price_level_structure_updated",
        "close_date_updated",
        "close_date_updated",
    ]
    assert (told[0]["is_deactivated"], told[2]["price_ranges"][0]["step"]) == (True, "0.0010")


async def test_order_groups_are_told(demo: Client, stream: Stream) -> None:
    await stream.subscribe("order_group_updates")
    answer = await demo.call("POST", "/portfolio/order_groups/create", {"contracts_limit": 5})
    group_id = answer.json["order_group_id"]
    for change in ("trigger", "reset"):
        await demo.call("PUT", f"/portfolio/order_groups/{group_id}/{change}", {})
    await demo.call("PUT", f"/portfolio/order_groups/{group_id}/limit", {"contracts_limit": 7})
    await demo.call("DELETE", f"/portfolio/order_groups/{group_id}")
    told = [frame["msg"] for frame in await stream.frames(5)]
    assert [(m["event_type"], m.get("contracts_limit_fp")) for m in told] == [
        ("created", "5.00"),
        ("triggered", None),
        ("reset", None),
        ("limit_updated", "7.00"),
        ("deleted", None),
    ]


async def test_a_group_is_triggered_once(demo: Client, rival: Client, stream: Stream) -> None:
    """Three fills of one order, of which the second and the third are above the limit."""
    created = await demo.call("POST", "/portfolio/order_groups/create", {"contracts_limit": 5})
    for _ in range(3):
        await rival.place(side="ask", count="4.00")
    await stream.subscribe("order_group_updates")
    await demo.place(count="12.00", order_group_id=created.json["order_group_id"])
    await demo.call("DELETE", f"/portfolio/order_groups/{created.json['order_group_id']}")
    assert [frame["msg"]["event_type"] for frame in await stream.frames(2)] == ["triggered", "deleted"]


async def test_markets_are_added_and_taken_away(demo: Client, stream: Stream) -> None:
    await stream.send("subscribe", channels=["orderbook_delta"], market_tickers=[SIN])
    await stream.frames(2)
    await stream.send("update_subscription", sids=[1], market_tickers=[SIN, ALC], action="add_markets")
    ok, snapshot = await stream.frames(2)
    assert ok == {"id": 1, "sid": 1, "seq": 2, "type": "ok", "msg": {"market_tickers": [SIN, ALC]}}
    assert (snapshot["seq"], snapshot["msg"]["market_ticker"]) == (3, ALC)
    await stream.send("update_subscription", sid=1, market_tickers=[SIN], action="delete_markets")
    assert (await stream.frame())["msg"] == {"market_tickers": [ALC]}
    await demo.place(ticker=SIN)
    await demo.place(ticker=ALC, price="0.3000")
    assert (await stream.frame())["msg"]["market_ticker"] == ALC


async def test_subscriptions_are_listed_and_ended(demo: Client, stream: Stream) -> None:
    await stream.subscribe("fill", "user_orders")
    await stream.send("list_subscriptions")
    assert (await stream.frame())["msg"] == [
        {"channel": "fill", "sid": 1},
        {"channel": "user_orders", "sid": 2},
    ]
    await stream.send("unsubscribe", sids=[2])
    assert await stream.frame() == {"id": 1, "sid": 2, "seq": 1, "type": "unsubscribed"}
    await demo.place()
    await stream.send("list_subscriptions")
    assert (await stream.frame())["msg"] == [{"channel": "fill", "sid": 1}]


async def test_a_terminal_error_ends_the_subscriptions(scene: Scene, demo: Client, stream: Stream) -> None:
    await stream.subscribe("user_orders")
    scene.kalshi.patch({"endSubscriptions": 25})
    assert await stream.frame() == {
        "sid": 1,
        "type": "error",
        "msg": {"code": 25, "msg": "Subscription buffer overflow"},
    }
    await demo.place()
    await stream.subscribe("user_orders")


async def test_a_lost_frame_leaves_a_gap(scene: Scene, demo: Client, stream: Stream) -> None:
    await stream.send("subscribe", channels=["orderbook_delta"], market_tickers=[SIN])
    await stream.frames(2)
    scene.kalshi.patch({"loseFrame": True})
    await demo.place()
    assert (await stream.frame())["seq"] == 3


async def test_a_cut_stream_ends_and_another_can_be_opened(scene: Scene, demo: Client, stream: Stream) -> None:
    await stream.subscribe("fill")
    for socket in scene.kalshi.sockets():
        socket.close(1006)
    assert await stream.frame() in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
    again = await demo.stream()
    await again.subscribe("fill")
    assert len(scene.kalshi.sockets()) <= 2
    await again.ws.close()


class TestHeartbeat:
    @pytest.fixture
    def terms(self) -> Terms:
        return Terms(ping_interval_s=0.02)

    async def test_the_server_pings_with_its_word(self, demo: Client, stream: Stream) -> None:
        reading = spawn(stream.frame(), "reader")
        await until(lambda: len(stream.pings) >= 2)
        await stop(reading)
        assert set(stream.pings) == {b"heartbeat"}


async def test_frames_have_the_keys_of_recorded_ones(
    scene: Scene, demo: Client, stream: Stream, shared: Callable[[str], Path]
) -> None:
    recorded: dict[str, Any] = {}
    with gzip.open(shared("data/kalshi/l2/KXGOLD15M-26AUG101900-00_2026-08-10.ndjson.gz"), "rt") as lines:
        for line in lines:
            event = json.loads(line)["event"]
            recorded.setdefault(event["type"], event)
            if len(recorded) == 3:
                break
    await demo.place()
    await demo.place(side="ask", price="0.6000")
    await stream.send("subscribe", channels=["orderbook_delta", "trade"], market_tickers=[SIN])
    await stream.frames(3)
    await stream.send("update_subscription", sid=1, market_tickers=[SIN], action="get_snapshot")
    scene.take(SINNER, Side.SELL, "0.56", 4)
    frames = {frame["type"]: frame for frame in await stream.frames(3)}
    of_the_owner = {"client_order_id", "subaccount"}
    for kind, theirs in recorded.items():
        ours = frames[kind]
        assert ours.keys() == theirs.keys()
        assert ours["msg"].keys() - of_the_owner - theirs["msg"].keys() <= {"is_block_trade"}
        assert theirs["msg"].keys() <= ours["msg"].keys()
    assert EVENT in SIN
