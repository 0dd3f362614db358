"""Polymarket's own client (polymarket-client) against a simulated Polymarket: discovers, trades, lists, follows.

Input: URLs of the four sites, slug, condition and tokens of a market, private_key and funder. Output: what it saw.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sys

from polymarket import PRODUCTION, AsyncSecureClient
from polymarket.environments import _create_environment
from polymarket.errors import OrderHeartbeatMismatchError, RequestRejectedError
from polymarket.streams import MarketSpec, UserSpec

GIVEN = json.loads(sys.argv[1])
TOKEN, OTHER = GIVEN["tokens"]
WAIT_S = 60


def environment() -> object:
    """The client knows only the venue's own hosts."""
    streams = GIVEN["ws"].replace("http", "ws")
    return _create_environment(
        name="simulated",
        config=dataclasses.replace(
            PRODUCTION._config,
            clob_url=GIVEN["clob"],
            gamma_url=GIVEN["gamma"],
            data_url=GIVEN["data"],
            clob_market_ws_url=f"{streams}/ws/market",
            clob_user_ws_url=f"{streams}/ws/user",
        ),
    )


async def every(pages: object) -> list:
    return [item async for page in pages for item in page.items]


async def refusal(placing: object) -> list:
    """Status and words of something that must be refused."""
    try:
        return [200, repr(await placing)]
    except RequestRejectedError as error:
        return [error.status, str(error)]


async def discover(client: AsyncSecureClient, found: dict) -> None:
    (market,) = await every(client.list_markets())
    found["market"] = [market.slug, market.condition_id, market.outcomes.yes.token_id, market.outcomes.no.token_id]
    found["state"] = [market.state.accepting_orders, market.state.closed, str(market.outcomes.yes.price)]
    found["same_market"] = (await client.get_market(slug=GIVEN["slug"])).id == market.id
    event = await client.get_event(slug=GIVEN["slug"])
    found["event"] = [event.title, len(event.markets)]
    found["events"] = [each.id == event.id for each in await every(client.list_events())]
    results = await every(client.search(q="alcaraz"))
    found["searched"] = [each.id == event.id for result in results for each in result.events]
    found["sports"] = sorted(sport.sport for sport in await client.get_sports())
    found["market_types"] = list((await client.get_sports_market_types()).market_types)
    found["tag"] = (await client.get_tag(slug="tennis")).id


class Stream:
    """What the two streams have told."""

    def __init__(self) -> None:
        self.heard: list = []
        self.traded, self.confirmed = asyncio.Event(), asyncio.Event()

    @property
    def trades(self) -> list:
        return [event.payload for event in self.heard if event.type == "trade"]

    async def follow(self, client: AsyncSecureClient) -> None:
        specs = [MarketSpec(asset_ids=GIVEN["tokens"], custom_feature_enabled=True), UserSpec()]
        async for event in await client.subscribe(specs):
            self.heard.append(event)
            if self.trades:
                self.traded.set()
            if any(trade.status == "CONFIRMED" for trade in self.trades):
                self.confirmed.set()


async def trade(client: AsyncSecureClient, stream: Stream, found: dict) -> list[str]:
    """Ids of the orders that rest at the end."""
    resting = await client.place_limit_order(asset_id=TOKEN, price="0.4", size="10", side="BUY")
    dated = await client.place_limit_order(
        asset_id=TOKEN, price="0.3", size="10", side="BUY", expiration=GIVEN["now"] + 300
    )
    found["placed"] = [resting.ok, resting.status, dated.ok, dated.status]
    await asyncio.wait_for(stream.traded.wait(), WAIT_S)
    order = await client.get_order(order_id=resting.order_id)
    found["order"] = [order.status, str(order.size_matched), str(order.price), order.outcome]
    found["open"] = sorted([str(each.price), each.order_type] for each in await every(client.list_open_orders()))
    bought = await client.place_market_order(asset_id=TOKEN, side="BUY", amount="2.4")
    found["bought"] = [bought.status, str(bought.making_amount), str(bought.taking_amount), len(bought.trade_ids)]
    found["settled"] = len(await client.wait_for_order_fill_settlement(bought, timeout_s=WAIT_S))
    sold = await client.place_limit_order(asset_id=TOKEN, price="0.55", size="5", side="SELL", post_only=True)
    found["sold"] = [sold.ok, sold.status]
    book = await client.get_order_book(asset_id=TOKEN)
    found["book"] = [[[str(row.price), str(row.size)] for row in side] for side in (book.bids, book.asks)]
    found["mid"] = str(await client.get_midpoint(asset_id=TOKEN))
    found["prices"] = [str(await client.get_price(asset_id=OTHER, side=side)) for side in ("BUY", "SELL")]
    found["last"] = str((await client.get_last_trade_price(asset_id=TOKEN)).price)
    found["fills"] = [
        [fill.trader_side, fill.side, str(fill.price), str(fill.size)]
        for fill in await every(client.list_account_trades())
    ]
    found["position"] = [
        [str(row.current_size), str(row.avg_price), row.outcome] for row in await every(client.list_positions())
    ]
    found["listed"] = [[str(row.price), str(row.size)] for row in await every(client.list_trades(taker_only=False))]
    found["activity"] = [row.type.value for row in await every(client.list_activity())]
    cash = await client.get_balance_allowance(asset_type="COLLATERAL")
    held = await client.get_balance_allowance(asset_type="CONDITIONAL", asset_id=TOKEN)
    found["balances"] = [cash.balance, held.balance]
    return [resting.order_id, dated.order_id, sold.order_id]


async def be_refused(client: AsyncSecureClient, found: dict) -> None:
    def place(**changes: object) -> object:
        wanted = {"asset_id": TOKEN, "price": "0.35", "size": "10", "side": "BUY", **changes}
        return refusal(client.place_limit_order(**wanted))

    found["crosses"] = await place(price="0.7", post_only=True)
    found["small"] = await place(size="2")
    found["funds"] = await place(size="100000")
    signed = await client.create_limit_order(asset_id=OTHER, price="0.2", size="5", side="BUY")
    small = await client.create_limit_order(asset_id=OTHER, price="0.2", size="1", side="BUY")
    batch = await client.post_orders([signed, small])
    found["batch"] = [[each.ok, getattr(each, "status", "")] for each in batch]
    found["duplicate"] = await refusal(client.post_order(signed))
    beat = await client.send_order_heartbeat()
    try:
        await client.send_order_heartbeat(heartbeat_id="wrong")
    except OrderHeartbeatMismatchError as error:
        found["heartbeat"] = error.heartbeat_id == beat.heartbeat_id
    found["closed_only"] = await client.get_closed_only_mode()
    found["keys"] = [key == client.credentials.key for key in await client.fetch_api_keys()]


async def cancel(client: AsyncSecureClient, orders: list[str], found: dict) -> None:
    resting, dated, sold = orders
    done = await client.cancel_order(order_id=resting)
    again = await client.cancel_orders(order_ids=[resting, dated])
    found["cancelled"] = [done.canceled == (resting,), again.canceled == (dated,), again.not_canceled.get(resting)]
    by_token = await client.cancel_market_orders(asset_id=TOKEN)
    found["by_token"] = by_token.canceled == (sold,)
    found["all"] = len((await client.cancel_all()).canceled)
    found["left"] = len(await every(client.list_open_orders()))
    found["gone"] = await refusal(client.get_order(order_id=resting))


async def main() -> dict:
    found: dict = {}
    limits: list = []
    client = await AsyncSecureClient.create(
        private_key=GIVEN["private_key"],
        wallet=GIVEN["funder"],
        environment=environment(),
        on_rate_limit_update=limits.append,
    )
    stream = Stream()
    async with client, asyncio.TaskGroup() as group:
        following = group.create_task(stream.follow(client))
        await discover(client, found)
        orders = await trade(client, stream, found)
        await be_refused(client, found)
        await cancel(client, orders, found)
        await asyncio.wait_for(stream.confirmed.wait(), WAIT_S)
        following.cancel()
    found["rate_limits"] = [type(limits[0].remaining).__name__, limits[0].tier]
    found["streamed"] = sorted({f"{event.topic} {event.type}" for event in stream.heard})
    first = stream.trades[0]
    found["statuses"] = [each.status for each in stream.trades if each.id == first.id]
    found["maker"] = [[str(fill.price), str(fill.matched_amount)] for fill in first.maker_orders]
    return found


sys.stdout.write(json.dumps(asyncio.run(main())))
