"""Orders: placing, changing, cancelling, and reading them and their fills."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web

from hedgerow.sim.dialects.kalshi.amounts import count_text
from hedgerow.sim.dialects.kalshi.errors import Denial, denial, invalid_query, item_error, missing
from hedgerow.sim.dialects.kalshi.limits import CANCEL_COST, DEFAULT_COST
from hedgerow.sim.dialects.kalshi.orders import (
    AmendBody,
    DecreaseBody,
    PlaceBody,
    client_id_of,
    decode,
    resting_of,
    status_of,
    typed,
)
from hedgerow.sim.dialects.kalshi.pages import page
from hedgerow.sim.dialects.kalshi.shapes import orders as shapes
from hedgerow.sim.dialects.kalshi.venue import Venue
from hedgerow.sim.dialects.kalshi.wire import ROOT, Call, Door
from hedgerow.sim.orders import Order
from hedgerow.sim.site import json_answer

Json = dict[str, Any]

_V2 = "/portfolio/events/orders"
_V1 = "/portfolio/orders"
_STATUSES = ("resting", "canceled", "executed")
_MOST_EVENTS = 10
_GONE_PAGE = "https://docs.kalshi.com/api-reference/orders/create-order-v2"


class OrderRoutes:
    """Handlers over the desk."""

    def __init__(self, venue: Venue, door: Door) -> None:
        self._venue, self._door = venue, door

    def routes(self) -> list[web.RouteDef]:
        door = self._door
        gone = door.writes(self._gone, cost=2 * DEFAULT_COST)
        return [
            web.post(f"{ROOT}{_V2}", door.writes(self._place, places=True)),
            web.delete(f"{ROOT}{_V2}", door.writes(self._cancel_all)),
            web.post(
                f"{ROOT}{_V2}/batched", door.writes(self._place_batch, cost_of=_batch_cost(DEFAULT_COST), places=True)
            ),
            web.delete(f"{ROOT}{_V2}/batched", door.writes(self._cancel_batch, cost_of=_batch_cost(CANCEL_COST))),
            web.post(f"{ROOT}{_V2}/{{order_id}}/amend", door.writes(self._amend)),
            web.post(f"{ROOT}{_V2}/{{order_id}}/decrease", door.writes(self._decrease)),
            web.delete(f"{ROOT}{_V2}/{{order_id}}", door.writes(self._cancel, cost=CANCEL_COST)),
            web.post(f"{ROOT}{_V1}", gone),
            web.post(f"{ROOT}{_V1}/batched", gone),
            web.delete(f"{ROOT}{_V1}/batched", gone),
            web.post(f"{ROOT}{_V1}/{{order_id}}/{{change:amend|decrease}}", gone),
            web.delete(f"{ROOT}{_V1}/{{order_id}}", gone),
            web.get(f"{ROOT}{_V1}", door.reads(self._orders)),
            web.get(f"{ROOT}{_V1}/queue_positions", door.reads(self._queue_positions)),
            web.get(f"{ROOT}{_V1}/{{order_id}}", door.reads(self._order, cost=2)),
            web.get(f"{ROOT}{_V1}/{{order_id}}/queue_position", door.reads(self._queue_position)),
            web.get(f"{ROOT}/portfolio/fills", door.reads(self._fills)),
        ]

    # --- changes ---------------------------------------------------------------------------------------------

    def _place(self, call: Call) -> web.Response:
        order = self._venue.desk.place(call.account, typed(decode(call.body), PlaceBody))
        return json_answer(shapes.placed_shape(order, self._now_ms), 201)

    def _place_batch(self, call: Call) -> web.Response:
        done: list[Json] = []
        for item in _items(call):
            try:
                order = self._venue.desk.place(call.account, typed(item, PlaceBody))
                done.append(shapes.placed_shape(order, self._now_ms))
            except Denial as problem:
                client_id = item.get("client_order_id") if isinstance(item, dict) else None
                done.append({"client_order_id": client_id, "error": item_error(problem)})
        return json_answer({"orders": done}, 201)

    def _amend(self, call: Call) -> Json:
        changed = self._venue.desk.amend(call.account, call.part("order_id"), typed(decode(call.body), AmendBody))
        order, fills = changed.order, changed.order.fills[changed.first_fill :]
        filled = sum(match.size for match in fills)
        nothing = {"average_fill_price": None, "average_fee_paid": None}
        return {
            "order_id": order.id,
            "client_order_id": client_id_of(order),
            "remaining_count": count_text(resting_of(order)) if changed.moved else None,
            "fill_count": count_text(filled) if changed.moved else None,
            **nothing,
            **shapes.averages(fills),
            "ts_ms": self._now_ms,
        }

    def _decrease(self, call: Call) -> Json:
        order = self._venue.desk.decrease(call.account, call.part("order_id"), typed(decode(call.body), DecreaseBody))
        remaining = count_text(resting_of(order))
        return {
            "order_id": order.id,
            "client_order_id": client_id_of(order),
            "remaining_count": remaining,
            "ts_ms": self._now_ms,
        }

    def _cancel(self, call: Call) -> Json:
        return self._cancelled(call.account, call.part("order_id"))

    def _cancel_batch(self, call: Call) -> Json:
        done: list[Json] = []
        for item in _items(call):
            order_id = item.get("order_id") if isinstance(item, dict) else None
            try:
                done.append(self._cancelled(call.account, str(order_id or "")))
            except Denial as problem:
                done.append({"order_id": order_id, "reduced_by": "0.00", "error": item_error(problem)})
        return {"orders": done}

    def _cancelled(self, account: str, order_id: str) -> Json:
        order, reduced = self._venue.desk.cancel(account, order_id)
        return {
            "order_id": order.id,
            "client_order_id": client_id_of(order),
            "reduced_by": count_text(reduced),
            "ts_ms": self._now_ms,
        }

    def _cancel_all(self, call: Call) -> web.Response:
        self._venue.desk.cancel_all(call.account)
        return web.Response(status=204)

    def _gone(self, call: Call) -> Json:
        raise denial(410, "deprecated_v1_order_endpoint", _GONE_PAGE, message="Please switch to the V2 endpoints")

    # --- reading ---------------------------------------------------------------------------------------------

    def _order(self, call: Call) -> Json:
        return {"order": shapes.order_shape(self._venue.desk.order(call.account, call.part("order_id")))}

    def _orders(self, call: Call) -> Json:
        status, ticker, events = call.text("status"), call.text("ticker"), call.texts("event_ticker")
        if status and status not in _STATUSES:
            raise invalid_query("GetOrders", "Status", "oneof")
        if len(events) > _MOST_EVENTS:
            raise invalid_query("GetOrders", "EventTicker", "max")
        after, before = call.number("min_ts", "GetOrders") or 0, call.number("max_ts", "GetOrders")
        chosen = [
            order
            for order in reversed(self._venue.ledger.orders(call.account))
            if (not status or status_of(order) == status)
            and ticker in ("", order.contract.ref)
            and (not events or self._event_of(order.contract.ref) in events)
            and order.created_ms // 1000 >= after
            and (before is None or order.created_ms // 1000 <= before)
        ]
        shown, cursor = page(chosen, lambda order: order.id, call.limit("GetOrders"), call.text("cursor"))
        return {"orders": [shapes.order_shape(order) for order in shown], "cursor": cursor}

    def _fills(self, call: Call) -> Json:
        ticker, order_id = call.text("ticker"), call.text("order_id")
        after, before = call.number("min_ts", "GetFills") or 0, call.number("max_ts", "GetFills")
        chosen = [
            fill
            for fill in reversed(self._venue.ledger.fills(call.account))
            if ticker in ("", fill.order.contract.ref)
            and order_id in ("", fill.order.id)
            and fill.match.at_ms // 1000 >= after
            and (before is None or fill.match.at_ms // 1000 <= before)
        ]
        shown, cursor = page(chosen, lambda fill: str(fill.number), call.limit("GetFills"), call.text("cursor"))
        return {"fills": [shapes.fill_shape(fill) for fill in shown], "cursor": cursor}

    def _queue_position(self, call: Call) -> Json:
        order = self._venue.desk.order(call.account, call.part("order_id"))
        return {"queue_position_fp": count_text(self._ahead_of(order))}

    def _queue_positions(self, call: Call) -> Json:
        tickers, event = call.texts("market_tickers"), call.text("event_ticker")
        rows = [
            {
                "order_id": order.id,
                "market_ticker": order.contract.ref,
                "queue_position_fp": count_text(self._ahead_of(order)),
            }
            for order in self._venue.exchange.open_orders(call.account)
            if (not tickers or order.contract.ref in tickers) and event in ("", self._event_of(order.contract.ref))
        ]
        return {"queue_positions": rows}

    def _ahead_of(self, order: Order) -> int:
        """Contracts that trade before the order: better prices, and the same price earlier."""
        side = self._venue.exchange.book(order.contract).side(order.is_bid)
        better = [p for p in side if (p > order.yes_price if order.is_bid else p < order.yes_price)]
        ahead = [other for price in better for other in side[price]]
        for other in side.get(order.yes_price, []):
            if other is order:
                break
            ahead.append(other)
        return sum(other.remaining for other in ahead)

    @property
    def _now_ms(self) -> int:
        return self._venue.clock.now_ms()

    def _event_of(self, ticker: str) -> str:
        return self._venue.listings.markets[ticker].event.ticker


def _items(call: Call) -> list[Any]:
    orders = decode(call.body).get("orders")
    if not isinstance(orders, list) or not orders:
        raise missing("orders")
    return orders


def _batch_cost(each: int) -> Callable[[Call], int]:
    """A batch is billed for each of its items, all at once; one that cannot be read like a single call."""

    def cost(call: Call) -> int:
        try:
            return each * len(_items(call))
        except Denial:
            return each

    return cost
