"""ccxt's Limitless against a simulated one: discovers, trades, finds its orders again, lists, cancels.

Input: rest, slug, private_key, api_token, api_secret. Output: what it saw.
"""

from __future__ import annotations

import asyncio
import json
import sys

from ccxt.base.errors import BaseError
from ccxt.prediction import limitless

GIVEN = json.loads(sys.argv[1])


async def refused(placing: object) -> str:
    """The words of the venue about something that must be refused."""
    try:
        await placing
    except BaseError as error:
        return str(error)
    return "accepted"


async def run(client: limitless) -> dict:
    found: dict = {}
    event = await client.fetch_event(GIVEN["slug"])
    yes, no = (one["outcome"] for one in event["markets"][0]["outcomes"])
    book = await client.fetch_order_book(yes)
    found["book"] = [book["bids"], book["asks"]]
    mirror = await client.fetch_order_book(no)
    found["mirror"] = [mirror["bids"], mirror["asks"]]
    rests = await client.create_order(yes, "limit", "buy", 10, 0.4, {"clientOrderId": "one"})
    found["again"] = await refused(client.create_order(yes, "limit", "buy", 10, 0.4, {"clientOrderId": "one"}))
    found["open"] = [
        [each["id"] == rests["id"], each["status"], each["price"], each["amount"], each["remaining"], each["side"]]
        for each in await client.fetch_open_orders(yes)
    ]
    takes = await client.create_order(yes, "limit", "buy", 60, 0.6, {"timeInForce": "FAK"})
    order = await client.fetch_order(takes["id"])
    found["taken"] = [order["status"], order["filled"], order["cost"], order["fee"]["cost"]]
    found["trades"] = [[each["side"], each["price"], each["amount"]] for each in await client.fetch_my_trades()]
    found["funds"] = await refused(client.create_order(yes, "limit", "buy", 90000, 0.4))
    found["unheld"] = await refused(client.create_order(no, "limit", "sell", 10, 0.4))
    found["signer"] = await refused(client.create_order(yes, "limit", "buy", 10, 0.4, {"signatureType": 1}))
    found["cancelled"] = (await client.cancel_order(rests["id"]))["status"]
    found["gone"] = await refused(client.cancel_order(rests["id"]))
    found["left"] = len(await client.fetch_open_orders(yes))
    client.secret = "ERERERERERERERERERERERERERERERERERERERERERE="  # of another token
    found["stranger"] = await refused(client.fetch_accounts())
    return found


async def main() -> dict:
    keys = {"apiKey": GIVEN["api_token"], "secret": GIVEN["api_secret"], "privateKey": GIVEN["private_key"]}
    client = limitless(keys)
    client.walletAddress = ""  # the profile says which wallet trades
    client.urls["api"] = {"limitless": GIVEN["rest"]}
    try:
        return await run(client)
    finally:
        await client.close()


sys.stdout.write(json.dumps(asyncio.run(main()), default=str))
