"""What the scripted venue answers and tells."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from hedgerow.venues.base import (
    ExchangeEvent,
    NewQuote,
)

TOKEN = "71321045679252212594626385532706912750332728571942532289631379312455583992563"
Quotes = Callable[..., NewQuote]
Until = Callable[[Callable[[], object]], Awaitable[None]]
Events = list[ExchangeEvent]


def accepted(order_id: str | None, status: str = "live", **more: Any) -> dict[str, Any]:
    return {"success": True, "errorMsg": "", "orderID": order_id, "status": status, **more}


def refused(text: str) -> dict[str, Any]:
    return {"success": True, "errorMsg": text, "orderID": "", "status": "", "takingAmount": "", "makingAmount": ""}


def resting(order_id: str | None, **changes: Any) -> dict[str, Any]:
    order = {"id": order_id, "status": "LIVE", "asset_id": TOKEN, "side": "BUY", "price": "0.52"}
    return {**order, "original_size": "10", "size_matched": "0", "created_at": 1_789_999_000, **changes}


def trade(order_id: str | None, size: str = "10", status: str = "TRADE_STATUS_MATCHED", **changes: Any) -> Any:
    leg = {"order_id": order_id, "asset_id": TOKEN, "price": "0.52", "matched_amount": size, "side": "BUY"}
    message = {"id": "trade-1", "taker_order_id": "0xff", "asset_id": TOKEN, "side": "SELL", "size": size}
    message |= {"price": "0.52", "status": status, "trader_side": "MAKER", "match_time": "1789999990"}
    return {**message, "maker_orders": [leg], **changes}


def page(*items: Any, cursor: str = "LTE=") -> dict[str, Any]:
    return {"data": list(items), "next_cursor": cursor, "count": len(items), "limit": 100}
