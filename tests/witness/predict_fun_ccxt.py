"""ccxt's predict.fun against a simulated one: discovers, trades, lists, follows its orders, cancels.

Input: rest, ws, slug, private_key, api_key, address. Output: what it saw.
"""

from __future__ import annotations

import asyncio
import json
import sys

from ccxt.base.errors import BaseError
from ccxt.prediction import predictfun

GIVEN = json.loads(sys.argv[1])
WAIT_S = 60


async def refused(placing: object) -> str:
    """The kind of the error of something that must be refused."""
    try:
        await placing
    except BaseError as error:
        return type(error).__name__
    return "accepted"


async def run(client: predictfun) -> dict:
    found: dict = {}
    event = await client.fetch_event(GIVEN["slug"])
    first, second = event["markets"][0]["outcomes"]
    found["event"] = [event["title"], first["label"], second["label"]]
    token, other = first["outcome"], second["outcome"]
    book = await client.fetch_order_book(token)
    found["book"] = [book["bids"], book["asks"]]
    mirror = await client.fetch_order_book(other)
    found["mirror"] = [mirror["bids"], mirror["asks"]]

    async def place_later() -> dict:
        await asyncio.sleep(0.5)  # until it is subscribed, which the client does not tell
        return await client.create_order(token, "limit", "buy", 10, 0.4)

    told, placed = await asyncio.wait_for(asyncio.gather(client.watch_orders(), place_later()), WAIT_S)
    found["told"] = [told[-1]["id"] == placed["id"], told[-1]["status"]]
    order = await client.fetch_order(placed["id"])
    found["order"] = [order["status"], order["price"], order["amount"], order["filled"], order["side"]]
    found["open"] = [each["id"] == placed["id"] for each in await client.fetch_open_orders()]
    bought = await client.create_order(token, "market", "buy", 4, 0.6)
    after = await client.fetch_order(bought["id"])
    found["bought"] = [after["status"], after["filled"]]
    found["trades"] = [
        [each["side"], each["price"], each["amount"], each["takerOrMaker"], each["fee"]["cost"]]
        for each in await client.fetch_my_trades()
    ]
    found["small"] = await refused(client.create_order(token, "limit", "buy", 1, 0.4))
    found["funds"] = await refused(client.create_order(token, "limit", "buy", 90000, 0.4))
    found["unheld"] = await refused(client.create_order(other, "limit", "sell", 10, 0.4))
    found["flags"] = await refused(client.create_order(token, "limit", "buy", 10, 0.3, {"isNegRisk": True}))
    cancelled = await client.cancel_order(placed["id"])
    found["cancelled"] = [cancelled["id"] == placed["id"], cancelled["status"]]
    found["again"] = (await client.cancel_order(placed["id"]))["status"]
    found["left"] = len(await client.fetch_open_orders())
    return found


async def main() -> dict:
    client = predictfun(
        {"apiKey": GIVEN["api_key"], "walletAddress": GIVEN["address"], "privateKey": GIVEN["private_key"]}
    )
    client.urls["api"] = {"predictfun": GIVEN["rest"], "ws": f"{GIVEN['ws'].replace('http', 'ws')}/ws"}
    try:
        return await run(client)
    finally:
        await client.close()


sys.stdout.write(json.dumps(asyncio.run(main()), default=str))
