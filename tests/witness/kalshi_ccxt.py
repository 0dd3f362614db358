"""ccxt's Kalshi against a simulated one: discovers, trades, lists, cancels.

Input: rest, ticker, event, and for `demo` and `rival` key_id and private_key (RSA). Output: what it saw.
"""

from __future__ import annotations

import asyncio
import json
import sys

from ccxt.base.errors import ExchangeError, InsufficientFunds
from ccxt.prediction import kalshi

GIVEN = json.loads(sys.argv[1])
YES, NO = GIVEN["ticker"], f"{GIVEN['ticker']}-NO"


def client_of(name: str) -> kalshi:
    client = kalshi({"apiKey": GIVEN[name]["key_id"], "privateKey": GIVEN[name]["private_key"]})
    client.urls["api"]["kalshi"] = f"{GIVEN['rest']}/trade-api/v2"
    return client


async def refused(client: kalshi, *order: object) -> str:
    try:
        await client.create_order(*order)
    except InsufficientFunds:
        return "InsufficientFunds"
    except ExchangeError as error:
        return type(error).__name__
    return "accepted"


async def run(demo: kalshi, rival: kalshi) -> dict[str, object]:
    found: dict[str, object] = {}
    found["status"] = (await demo.fetch_status())["status"]
    event = await demo.fetch_event(GIVEN["event"])
    found["event"] = [event["id"], len(event["markets"])]
    placed = await demo.create_order(YES, "limit", "buy", 10, 0.56, {"client_order_id": "ccxt-1"})
    found["placed"] = [placed["status"], placed["filled"], placed["remaining"]]
    taken = await rival.create_order(NO, "limit", "buy", 4, 0.44, {"timeInForce": "IOC"})
    found["taken"] = [taken["status"], taken["filled"]]
    order = await demo.fetch_order(placed["id"])
    found["order"] = [order["status"], order["filled"], order["remaining"], order["price"]]
    found["open"] = [each["id"] == placed["id"] for each in await demo.fetch_open_orders(YES)]
    book = await demo.fetch_order_book(YES)
    found["book"] = [book["bids"], book["asks"]]
    found["my_trades"] = [[trade["side"], trade["price"], trade["amount"]] for trade in await demo.fetch_my_trades(YES)]
    found["trades"] = len(await demo.fetch_trades(YES))
    found["balance"] = (await demo.fetch_balance())["USD"]["total"]
    found["positions"] = len(await demo.fetch_positions())
    found["off_grid"] = await refused(demo, YES, "limit", "buy", 1, 0.515)
    found["funds"] = await refused(demo, YES, "limit", "buy", 90_000, 0.56)
    cancelled = await demo.cancel_order(placed["id"], YES)
    found["cancelled"] = cancelled["status"]
    found["left"] = len(await demo.fetch_open_orders(YES))
    return found


async def main() -> dict[str, object]:
    demo, rival = client_of("demo"), client_of("rival")
    try:
        return await run(demo, rival)
    finally:
        await demo.close()
        await rival.close()


sys.stdout.write(json.dumps(asyncio.run(main()), default=str))
