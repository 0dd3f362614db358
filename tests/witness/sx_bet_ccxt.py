"""ccxt's SX Bet against a simulated one: discovers, bets, lists, cancels, follows the stream.

Input: rest, ws, event, market, expiry, address, and api_key and private_key. Output: what it saw.
"""

from __future__ import annotations

import asyncio
import json
import sys

from ccxt.base.errors import ExchangeError, InsufficientFunds
from ccxt.prediction import sxbet

GIVEN = json.loads(sys.argv[1])
ONE = GIVEN["market"]
ORDER = {"salt": "1", "expiry": GIVEN["expiry"]}


def client() -> sxbet:
    made = sxbet({"apiKey": GIVEN["api_key"], "privateKey": GIVEN["private_key"], "walletAddress": GIVEN["address"]})
    made.urls["api"]["sxbet"] = GIVEN["rest"]
    made.urls["api"]["ws"] = f"{GIVEN['ws']}/connection/websocket"
    return made


async def refused(demo: sxbet, *order: object) -> str:
    try:
        await demo.create_order(*order)
    except InsufficientFunds:
        return "InsufficientFunds"
    except ExchangeError as error:
        return type(error).__name__
    return "accepted"


async def run(demo: sxbet) -> dict[str, object]:
    found: dict[str, object] = {}
    (event,) = await demo.fetch_events({"eventId": GIVEN["event"]})
    found["event"] = [event["id"] == GIVEN["event"], len(event["markets"])]
    orders = asyncio.gather(demo.watch_orders())
    await asyncio.sleep(0.3)  # ccxt loses the second of two subscriptions that are begun while it connects
    fills = asyncio.gather(demo.watch_my_trades())
    await asyncio.sleep(0.3)
    resting = await demo.create_order(ONE, "limit", "buy", 4, 0.4, {**ORDER, "clientOrderId": "ccxt-1"})
    found["resting"] = [resting["status"], resting["filled"], resting["remaining"]]
    taken = await demo.create_order(ONE, "market", "buy", 3, 0.6, {"salt": "2"})
    found["taken"] = [taken["status"], taken["filled"]]
    laid = await demo.create_order(ONE, "market", "sell", 3, 0.3, {"salt": "3", "timeInForce": "FOK"})
    found["laid"] = [laid["status"], laid["filled"]]
    order = await demo.fetch_order(resting["id"])
    found["order"] = [order["status"], order["price"], order["amount"], order["clientOrderId"]]
    found["open"] = [each["id"] == resting["id"] for each in await demo.fetch_open_orders(ONE)]
    book = await demo.fetch_order_book(ONE)
    found["book"] = [book["bids"][:1], book["asks"][:1]]
    found["fills"] = [[each["price"], each["amount"], each["takerOrMaker"]] for each in await demo.fetch_my_trades()]
    found["balance"] = (await demo.fetch_balance())["USDC"]["free"]
    found["small"] = await refused(demo, ONE, "limit", "buy", 0.5, 0.4, {"salt": "4"})
    found["funds"] = await refused(demo, ONE, "limit", "buy", 90_000, 0.4, {"salt": "5"})
    found["twice"] = await refused(demo, ONE, "limit", "buy", 4, 0.4, ORDER)
    ((told,), (filled,)) = await asyncio.wait_for(asyncio.gather(orders, fills), 60)
    found["streamed"] = [len(told) > 0, len(filled) > 0]
    cancelled = await demo.cancel_order(resting["id"], ONE)
    found["cancelled"] = cancelled["status"]
    found["swept"] = len(await demo.cancel_all_orders())
    found["left"] = len(await demo.fetch_open_orders(ONE))
    return found


async def main() -> dict[str, object]:
    demo = client()
    try:
        return await run(demo)
    finally:
        await demo.close()


sys.stdout.write(json.dumps(asyncio.run(main()), default=str))
