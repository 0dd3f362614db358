"""The venue's own client (polymarket-us 2.4.1) trades, reads and listens at Polymarket US.

Input: rest, gateway, key_id, secret_key, other_secret_key, `orders` (bodies in the client's spelling, without the
market). What rests is cancelled in the end. Output: what the client made of the answers.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable
from typing import Any

from polymarket_us import APIStatusError, AsyncPolymarketUS

GIVEN = json.loads(sys.argv[1])
_HEARD_WITHIN_S = 60


async def tried(call: Awaitable[Any]) -> Any:
    try:
        return await call
    except APIStatusError as error:
        return [error.status_code, error.message]


def client_with(secret_key: str) -> AsyncPolymarketUS:
    return AsyncPolymarketUS(
        key_id=GIVEN["key_id"],
        secret_key=secret_key,
        api_base_url=GIVEN["rest"],
        gateway_base_url=GIVEN["gateway"],
        max_retries=0,
    )


def told(order: dict[str, Any]) -> list[Any]:
    return [order["intent"], order["price"]["value"], order["quantity"], order["cumQuantity"], order["state"]]


async def run() -> dict[str, object]:
    client = client_with(GIVEN["secret_key"])
    events = (await client.events.list({"closed": False, "limit": 5}))["events"]
    slug = events[0]["markets"][0]["slug"]
    book = (await client.markets.book(slug))["marketData"]
    heard: list[Any] = []
    is_ready, is_cancelled = asyncio.Event(), asyncio.Event()

    def hear(message: dict[str, Any]) -> None:
        heard.append(message["orderSubscriptionUpdate"]["execution"]["type"])
        if heard[-1] == "EXECUTION_TYPE_CANCELED":
            is_cancelled.set()

    stream = client.ws.private()
    stream.on("order_snapshot", lambda message: is_ready.set())
    stream.on("order_update", hear)
    await stream.connect()
    await stream.subscribe_orders("1")
    async with asyncio.timeout(_HEARD_WITHIN_S):
        await is_ready.wait()
    ids = [(await client.orders.create({"marketSlug": slug, **body}))["id"] for body in GIVEN["orders"]]
    placed = [told((await client.orders.retrieve(order_id))["order"]) for order_id in ids]
    resting = [order["id"] for order in (await client.orders.list())["orders"]]
    balance = (await client.account.balances())["balances"][0]
    for order_id in resting:
        await client.orders.cancel(order_id, {"marketSlug": slug})
    trades = (await client.portfolio.activities({"types": ["ACTIVITY_TYPE_TRADE"]}))["activities"]
    positions = (await client.portfolio.positions())["positions"]
    async with asyncio.timeout(_HEARD_WITHIN_S):
        await is_cancelled.wait()
    await stream.close()
    stranger = client_with(GIVEN["other_secret_key"])
    return {
        "events": [[event["title"], event["markets"][0]["slug"]] for event in events],
        "offers": [[level["px"]["value"], level["qty"]] for level in book["offers"]],
        "placed": placed,
        "resting": [ids.index(order_id) for order_id in resting],
        "balance": [balance["currentBalance"], balance["openOrders"], balance["buyingPower"]],
        "again": await tried(client.orders.cancel(resting[0], {"marketSlug": slug})),
        "trades": [[row["trade"]["price"]["value"], row["trade"]["qtyDecimal"]] for row in trades],
        "positions": {name: held["netPositionDecimal"] for name, held in positions.items()},
        "settlement": await tried(client.markets.settlement(slug)),
        "heard": heard,
        "stranger": await tried(stranger.account.balances()),
    }


sys.stdout.write(json.dumps(asyncio.run(run())))
