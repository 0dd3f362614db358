"""Our own door: orders of automated bet placing on their fast way, and what clients say on the socket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.fuzz.harness import Claim, Parser, seed
from tests.fuzz.literals import number

from hedgerow.abp.intake import OrderRequest
from hedgerow.abp.routes import quick


def _orders(orders: list[OrderRequest], told: Any) -> Iterator[Claim]:
    for order, row in zip(orders, told["orders"], strict=True):
        yield "price", order.price, number(row["orderPrice"])
        yield "stake", order.stake, number(row["orderStake"])


ORDER = {
    "requestUuid": "ebb4c11a-714b-4be6-a635-486ec09869a3",
    "fixtureId": "id1200255561419001",
    "outcomeId": 121,
    "playerId": 0,
    "orderPrice": 1.95,
    "orderStake": 12.5,
    "userRef": "ours",
    "testOrder": False,
    "bookmakers": "pinnacle",
}

PARSERS = [Parser("abp orders", [seed({"orders": [ORDER, ORDER]})], quick.read, _orders)]
