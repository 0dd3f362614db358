"""Positions, settlements and order groups."""

from __future__ import annotations

from typing import Any

from hedgerow.sim.dialects.kalshi.amounts import cents, count_text, money_text, time_text
from hedgerow.sim.dialects.kalshi.engine import user_id_of
from hedgerow.sim.dialects.kalshi.groups import Group
from hedgerow.sim.dialects.kalshi.ledger import Position, Settlement
from hedgerow.sim.dialects.kalshi.listings import Market
from hedgerow.sim.dialects.kalshi.terms import SHARD

Json = dict[str, Any]


def position_shape(position: Position, resting_orders: int) -> Json:
    return {
        "ticker": position.ticker,
        "exchange_index": SHARD,
        "total_traded_dollars": money_text(position.traded),
        "position_fp": count_text(position.net),
        "market_exposure_dollars": money_text(position.cost),
        "realized_pnl_dollars": money_text(position.realized),
        "fees_paid_dollars": money_text(position.fees),
        "last_updated_ts": time_text(position.updated_ms),
        "resting_orders_count": resting_orders,
    }


def event_position_shape(event_ticker: str, positions: list[Position]) -> Json:
    """The positions of one event's markets together."""
    return {
        "event_ticker": event_ticker,
        "total_cost_dollars": money_text(sum(p.traded for p in positions)),
        "total_cost_shares_fp": count_text(sum(p.volume for p in positions)),
        "event_exposure_dollars": money_text(sum(p.cost for p in positions)),
        "realized_pnl_dollars": money_text(sum(p.realized for p in positions)),
        "fees_paid_dollars": money_text(sum(p.fees for p in positions)),
    }


def stream_position_shape(account: str, position: Position) -> Json:
    return {
        "user_id": user_id_of(account),
        "market_ticker": position.ticker,
        "position_fp": count_text(position.net),
        "position_cost_dollars": money_text(position.cost),
        "realized_pnl_dollars": money_text(position.realized),
        "fees_paid_dollars": money_text(position.fees),
        "position_fee_cost_dollars": money_text(position.fees),
        "volume_fp": count_text(position.volume),
        "subaccount": 0,
    }


def settlement_shape(row: Settlement, market: Market) -> Json:
    yes, no = max(row.net, 0), max(-row.net, 0)
    shape: Json = {
        "ticker": market.ticker,
        "exchange_index": SHARD,
        "event_ticker": market.event.ticker,
        "market_result": market.result,
        "yes_count_fp": count_text(yes),
        "yes_total_cost_dollars": money_text(row.cost if yes else 0),
        "no_count_fp": count_text(no),
        "no_total_cost_dollars": money_text(row.cost if no else 0),
        "revenue": cents(row.revenue),
        "settled_time": time_text(row.at_ms),
        "fee_cost": money_text(row.fees),
    }
    if market.settlement_value is not None:
        shape["value"] = cents(market.settlement_value)
    return shape


def group_shape(group: Group, *, with_orders: bool) -> Json:
    shape: Json = {
        "is_auto_cancel_enabled": True,
        "contracts_limit_fp": count_text(group.limit),
        "exchange_index": SHARD,
    }
    if with_orders:
        return shape | {"orders": [order.id for order in group.orders]}
    return shape | {"id": group.id}
