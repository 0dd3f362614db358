"""The Data API's rows: positions, trades and redemptions, in the names of its second version and its first. Pure.

Source: the API reference for the first version's names, the official client for the second's.
"""

from __future__ import annotations

from decimal import Decimal

from hedgerow.core.money import MICRO, decimal_of
from hedgerow.sim.dialects.polymarket.holdings import Holding, Part
from hedgerow.sim.dialects.polymarket.market_shapes import end_of
from hedgerow.sim.dialects.polymarket.markets import Market
from hedgerow.sim.dialects.polymarket.shapes import Json, side_text
from hedgerow.sim.evm import keccak
from hedgerow.sim.orders import Leg

# The first version's names of what the second calls otherwise.
_FIRST_NAMES = {
    "proxy_wallet": "proxyWallet",
    "token_id": "asset",
    "condition_id": "conditionId",
    "transaction_hash": "transactionHash",
    "usdc_size": "usdcSize",
    "event_slug": "eventSlug",
    "outcome_index": "outcomeIndex",
    "current_size": "size",
    "avg_price": "avgPrice",
    "entry_cost_usdc": "initialValue",
    "total_cost_usdc": "grossInitialValue",
    "entry_fees_usdc": "entryFeesUsdc",
    "current_value": "currentValue",
    "unrealized_pnl": "cashPnl",
    "percent_pnl": "percentPnl",
    "total_size": "totalBought",
    "realized_pnl": "realizedPnl",
    "percent_realized_pnl": "percentRealizedPnl",
    "current_price": "curPrice",
    "opposite_outcome": "oppositeOutcome",
    "opposite_token_id": "oppositeAsset",
    "end_date": "endDate",
    "negative_risk": "negativeRisk",
}
_NOT_IN_FIRST = frozenset(
    {"is_combo", "total_pnl", "status", "archived", "verified", "event_id", "last_event_at", "first_entry_at"}
)


def in_first_names(row: Json) -> Json:
    """A row as the API's first version writes it."""
    return {_FIRST_NAMES.get(name, name): value for name, value in row.items() if name not in _NOT_IN_FIRST}


def trade_row(wallet: str, part: Part, market: Market) -> Json:
    """A trade of a wallet, named by the address of its funds."""
    leg = part.order.leg
    return {
        "proxy_wallet": wallet,
        "side": side_text(part.order.side),
        "token_id": market.token(leg),
        "condition_id": market.condition_id,
        "size": decimal_of(part.size),
        "price": decimal_of(part.price),
        "timestamp": part.trade.matched_ms // 1000,
        "transaction_hash": part.trade.transaction_hash,
        **_shown(market, leg),
    }


def trade_activity(wallet: str, part: Part, market: Market) -> Json:
    row = trade_row(wallet, part, market)
    return {**row, "type": "TRADE", "usdc_size": decimal_of(part.money), "is_combo": False}


def redemption(wallet: str, holding: Holding) -> Json:
    """The tokens of a resolved market that were exchanged for their payout; losing ones for nothing."""
    market, leg = holding.market, holding.leg
    paid = holding.size * (market.payout(leg) or 0) // MICRO
    receipt = keccak(f"redeem {market.token(leg)} {wallet}".encode()).hex()
    return {
        "type": "REDEEM",
        "proxy_wallet": wallet,
        "side": "",
        "token_id": market.token(leg),
        "condition_id": market.condition_id,
        "size": decimal_of(holding.size),
        "usdc_size": decimal_of(paid),
        "price": 0,
        "timestamp": (market.closed_ms or 0) // 1000,
        "transaction_hash": f"0x{receipt}",
        "is_combo": False,
        **_shown(market, leg),
    }


def position(wallet: str, holding: Holding, price: int) -> Json:
    """An open position, its token worth `price` micros now."""
    market, leg = holding.market, holding.leg
    other = Leg.NO if leg is Leg.YES else Leg.YES
    value = price * holding.size // MICRO
    unrealized = value - holding.cost
    return {
        "proxy_wallet": wallet,
        "token_id": market.token(leg),
        "condition_id": market.condition_id,
        "current_size": decimal_of(holding.size),
        "avg_price": decimal_of(holding.average),
        "entry_cost_usdc": decimal_of(holding.cost),
        "entry_fees_usdc": decimal_of(holding.fees),
        "total_cost_usdc": decimal_of(holding.cost + holding.fees),
        "current_price": decimal_of(price),
        "current_value": decimal_of(value),
        "total_size": decimal_of(holding.bought),
        "realized_pnl": decimal_of(holding.realized),
        "unrealized_pnl": decimal_of(unrealized),
        "total_pnl": decimal_of(holding.realized + unrealized),
        "percent_pnl": _percent(unrealized, holding.cost),
        "percent_realized_pnl": _percent(holding.realized, holding.cost),
        "status": "OPEN",
        "redeemable": False,
        "mergeable": False,
        "negative_risk": market.neg_risk,
        "archived": False,
        "verified": False,
        **_shown(market, leg),
        "opposite_outcome": market.outcome(other),
        "opposite_token_id": market.token(other),
        "event_id": str(market.event_id),
        "end_date": str(end_of(market).date()),
        "last_event_at": holding.last_ms // 1000,
        "first_entry_at": holding.first_ms // 1000,
    }


def _shown(market: Market, leg: Leg) -> Json:
    """What a person reads of a token."""
    return {
        "title": market.title,
        "slug": market.slug,
        "icon": "",
        "event_slug": market.slug,
        "outcome": market.outcome(leg),
        "outcome_index": int(leg is Leg.NO),
    }


def _percent(part: int, whole: int) -> Decimal:
    return (part * Decimal(100) / whole).quantize(Decimal("0.0001")) if whole else Decimal(0)
