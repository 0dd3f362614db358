"""Orders and fills, as the portfolio and the stream show them."""

from __future__ import annotations

from typing import Any

from hedgerow.core.money import MICRO
from hedgerow.sim.dialects.kalshi.amounts import average_text, count_text, money_text, price_text, time_text
from hedgerow.sim.dialects.kalshi.engine import user_id_of
from hedgerow.sim.dialects.kalshi.ledger import Fill
from hedgerow.sim.dialects.kalshi.orders import client_id_of, meta_of, resting_of, status_of
from hedgerow.sim.dialects.kalshi.terms import SHARD
from hedgerow.sim.orders import Match, Order

Json = dict[str, Any]


def direction(*, is_yes: bool, of_fill: bool = False) -> Json:
    """The four names of one bit. Source: Kalshi's page "Order direction".

    The deprecated `side` differs: an order's is the outcome it names, always YES here; a fill's is the one it brings.
    """
    outcome = "yes" if is_yes else "no"
    return {
        "action": "buy" if is_yes else "sell",
        "side": outcome if of_fill else "yes",
        "outcome_side": outcome,
        "book_side": "bid" if is_yes else "ask",
    }


def order_shape(order: Order) -> Json:
    """The order object of the portfolio."""
    meta = meta_of(order)
    shape: Json = {
        "order_id": order.id,
        "user_id": user_id_of(order.account),
        "client_order_id": client_id_of(order),
        "ticker": order.contract.ref,
        **direction(is_yes=order.is_bid),
        "type": "limit",
        "status": status_of(order),
        "yes_price_dollars": price_text(order.price),
        "no_price_dollars": price_text(MICRO - order.price),
        "initial_count_fp": count_text(meta.initial),
        **_sums(order),
        "created_time": time_text(order.created_ms),
        "last_update_time": time_text(meta.updated_ms),
        "self_trade_prevention_type": meta.stp,
        "cancel_order_on_pause": meta.cancels_on_pause,
        "subaccount_number": 0,
        "exchange_index": SHARD,
    }
    if order.expires_ms is not None:
        shape["expiration_time"] = time_text(order.expires_ms)
    if meta.group_id:
        shape["order_group_id"] = meta.group_id
    if meta.reason:
        shape["last_update_reason"] = meta.reason
    return shape


def user_order_shape(order: Order) -> Json:
    """The same order on the stream, which has its times in milliseconds too."""
    shape = order_shape(order)
    for name in ("action", "type", "no_price_dollars", "cancel_order_on_pause", "exchange_index"):
        del shape[name]
    shape |= {
        "side": "yes" if order.is_bid else "no",
        "is_yes": order.is_bid,
        "created_ts_ms": order.created_ms,
        "last_updated_ts_ms": meta_of(order).updated_ms,
    }
    if order.expires_ms is not None:
        shape["expiration_ts_ms"] = order.expires_ms
    return shape


def _sums(order: Order) -> Json:
    """Counts and money so far."""
    sums: Json = {
        "fill_count_fp": count_text(order.filled),
        "remaining_count_fp": count_text(resting_of(order)),
    }
    for name, is_maker in (("taker", False), ("maker", True)):
        fills = [match for match in order.fills if match.is_maker is is_maker]
        sums[f"{name}_fill_cost_dollars"] = money_text(cost_of(order, fills))
        sums[f"{name}_fees_dollars"] = money_text(sum(match.fee for match in fills))
    return sums


def cost_of(order: Order, fills: list[Match]) -> int:
    """What the fills cost: the YES price for bids, the NO price for asks."""
    return sum(order.risk_price(match.price) * match.size for match in fills) // MICRO


def averages(fills: list[Match]) -> Json:
    """Volume-weighted price and fee per contract of some fills; nothing without fills."""
    size = sum(match.size for match in fills)
    if not size:
        return {}
    return {
        "average_fill_price": average_text(sum(match.price * match.size for match in fills) // size),
        "average_fee_paid": average_text(sum(match.fee for match in fills) * MICRO // size),
    }


def placed_shape(order: Order, now_ms: int) -> Json:
    """The answer of a placement: no status, only what was filled and what remains."""
    return {
        "order_id": order.id,
        "client_order_id": client_id_of(order),
        "fill_count": count_text(order.filled),
        "remaining_count": count_text(resting_of(order)),
        **averages(order.fills),
        "ts_ms": now_ms,
    }


def fill_shape(fill: Fill) -> Json:
    """A fill of the portfolio. It has no client_order_id since March 2026."""
    match, ticker = fill.match, fill.order.contract.ref
    return {
        "fill_id": match.id,
        "trade_id": match.id,
        "order_id": fill.order.id,
        "ticker": ticker,
        "market_ticker": ticker,
        **direction(is_yes=fill.order.is_bid, of_fill=True),
        "count_fp": count_text(match.size),
        "yes_price_dollars": price_text(match.price),
        "no_price_dollars": price_text(MICRO - match.price),
        "is_taker": not match.is_maker,
        "fee_cost": money_text(match.fee),
        "created_time": time_text(match.at_ms),
        "ts": match.at_ms // 1000,
        "subaccount_number": 0,
        "exchange_index": SHARD,
    }


def stream_fill_shape(fill: Fill) -> Json:
    """The same fill on the stream."""
    order, match = fill.order, fill.match
    shape: Json = {
        "trade_id": match.id,
        "order_id": order.id,
        "market_ticker": order.contract.ref,
        "exchange_index": SHARD,
        "is_taker": not match.is_maker,
        **direction(is_yes=order.is_bid, of_fill=True),
        "purchased_side": "yes" if order.is_bid else "no",
        "yes_price_dollars": price_text(match.price),
        "count_fp": count_text(match.size),
        "fee_cost": money_text(match.fee),
        "ts": match.at_ms // 1000,
        "ts_ms": match.at_ms,
        "post_position_fp": count_text(fill.post_position),
        "subaccount": 0,
    }
    if client_id_of(order):
        shape["client_order_id"] = client_id_of(order)
    return shape
