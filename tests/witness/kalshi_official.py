"""Kalshi's own Python client (3.2.0, the newest for 3.11) against a simulated Kalshi.

It knows the V1 order calls only, which must be told to be gone; all that it reads must fit its generated models.
Input: rest, ticker, event, and for `demo` key_id and private_key (RSA). Output: what it saw.
"""

from __future__ import annotations

import asyncio
import json
import sys
from functools import partial

from kalshi_python_async import Configuration, KalshiClient
from kalshi_python_async.exceptions import ApiException
from pydantic import ValidationError

GIVEN = json.loads(sys.argv[1])


async def run() -> dict[str, object]:
    configuration = Configuration(host=f"{GIVEN['rest']}/trade-api/v2")
    configuration.api_key_id = GIVEN["demo"]["key_id"]
    configuration.private_key_pem = GIVEN["demo"]["private_key"]
    found: dict[str, object] = {}
    async with KalshiClient(configuration) as client:
        for name, read in {
            "balance": client.get_balance,
            "exchange": client.get_exchange_status,
            "schedule": client.get_exchange_schedule,
            "market": partial(client.get_market, GIVEN["ticker"]),
            "orderbook": partial(client.get_market_orderbook, GIVEN["ticker"]),
            "event": partial(client.get_event, GIVEN["event"]),
            "events": client.get_events,
            "series": partial(client.get_series, GIVEN["series"]),
            "orders": client.get_orders,
            "fills": client.get_fills,
            "positions": client.get_positions,
            "settlements": client.get_settlements,
            "trades": client.get_trades,
        }.items():
            try:
                found[name] = (await read()).to_dict()
            except ValidationError as error:
                found[name] = {"lacks": sorted({str(problem["loc"][0]) for problem in error.errors()})}
        try:
            await client.create_order(ticker=GIVEN["ticker"], side="yes", action="buy", count=1, yes_price=50)
        except ApiException as error:
            found["v1"] = [error.status, json.loads(error.body)["error"]["code"]]
    return found


sys.stdout.write(json.dumps(asyncio.run(run()), default=str))
