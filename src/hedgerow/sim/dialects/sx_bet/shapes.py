"""Orders, fills and books as the venue tells them, in REST and on the stream.

Source: the SX sheet, sections 3 to 6.
"""

from __future__ import annotations

from typing import Any, Final

from hedgerow.core.clock import iso_of_ms
from hedgerow.core.money import MICRO
from hedgerow.sim.dialects.sx_bet.accounts import User
from hedgerow.sim.dialects.sx_bet.chain import ONE
from hedgerow.sim.dialects.sx_bet.fills import Fill, FillStatus
from hedgerow.sim.dialects.sx_bet.listings import Market
from hedgerow.sim.dialects.sx_bet.orders import Wanted
from hedgerow.sim.order_book import Book
from hedgerow.sim.orders import Order, State

Json = dict[str, Any]

WANTED: Final = "wanted"
"""Where an order's own words are kept among what only the dialect reads."""

# Why the engine ended an order, in the venue's words.
_REASONS = {
    "user": "USER_REQUESTED",
    "expired": "EXPIRED",
    "not matched": "NO_LIQUIDITY",
    "heartbeat": "HEARTBEAT_TIMEOUT",
    "market resolved": "EVENT_LIFECYCLE",
    "the match has begun": "EVENT_LIFECYCLE",
    "closed": "MARKET_HALTED",
    "trade failed": "SYSTEM",
}


def odds_text(price: int) -> str:
    """A probability in micros in the venue's unit."""
    return str(price * (ONE // MICRO))


def wanted_of(order: Order) -> Wanted:
    wanted: Wanted = order.extra[WANTED]
    return wanted


def remaining_stake(order: Order) -> int:
    """What of the stake was not matched, in micros. Before an order meets the book, contracts at better prices than
    its own are part of its size: they never cost more than the stake."""
    wanted = wanted_of(order)
    unspent = wanted.stake - wanted.dropped - stake_of_fills(order)
    return wanted.dropped + min(wanted.price * order.remaining // MICRO, unspent)


def inactive_reason(order: Order) -> str | None:
    """Why the order rests no more; None while it does."""
    if order.state is State.PENDING or (order.state is State.OPEN and order.remaining):
        return None  # an open one without a rest is told of between its last match and its end
    if not remaining_stake(order):
        return "SYSTEM" if order.failed else "FILLED"
    return _REASONS.get(order.reason, "NO_LIQUIDITY" if wanted_of(order).dropped else "SYSTEM")


def order_view(order: Order, market: Market, user: User) -> Json:
    wanted = wanted_of(order)
    reason = inactive_reason(order)
    return {
        "id": order.id,
        "marketHash": market.hash,
        "userAddress": user.address,
        "wallet": user.proxy,
        "isBettingOutcomeOne": wanted.is_outcome_one,
        "percentageOdds": odds_text(wanted.price),
        "totalBetSize": str(wanted.stake),
        "remainingSize": str(remaining_stake(order)),
        "expiry": wanted.expiry_s,
        "status": "ACTIVE" if reason is None else "INACTIVE",
        "inactiveReason": reason,
        "eventId": market.event_id,
        "clientOrderId": wanted.client_order_id,
        "createdAt": iso_of_ms(order.created_ms),
        "updatedAt": iso_of_ms(wanted.updated_ms),
    }


def outcome_view(order: Order) -> Json:
    """The `outcome` of a placement that was waited for."""
    if order.state is State.PENDING:
        return {"state": "TIMEOUT"}
    remaining, spent = remaining_stake(order), stake_of_fills(order)
    reason = inactive_reason(order)
    if reason is None:
        state = "PARTIAL_FILL_RESTED" if spent else "RESTED"
    elif not remaining:
        state = "FULLY_FILLED"
    else:
        state = "PARTIAL_FILL_DONE" if spent else "CANCELLED"
    told: Json = {
        "state": state,
        "fillAmount": str(spent),
        "remainingAmount": str(remaining),
        "matchIds": [match.id for match in order.fills],
    }
    if spent:
        told["blendedOdds"] = str(spent * ONE // order.filled)
    return told | ({"cancelReason": reason} if state == "CANCELLED" else {})


def stake_of_fills(order: Order) -> int:
    return sum(order.risk_price(match.price) * match.size // MICRO for match in order.fills)


def fill_view(fill: Fill, market: Market, user: User) -> Json:
    settlement = None
    if fill.status is FillStatus.SETTLED and market.resolved_ms is not None:
        settlement = {
            "outcome": market.outcome,
            "settleReturnAmount": str(fill.paid),
            "settleFeeAmount": "0",
            "settleCeRefundAmount": "0",
            "settleDate": iso_of_ms(market.resolved_ms),
        }
    return {
        "id": f"{fill.match_id}:{fill.order.id}:{market.hash}",
        "matchId": fill.match_id,
        "orderId": fill.order.id,
        "tradeId": fill.trade_id,
        "marketHash": market.hash,
        "isParlay": False,
        "userAddress": user.address,
        "wallet": user.proxy,
        "fillAmount": str(fill.stake),
        "fillOdds": odds_text(fill.price),
        "returnAmount": str(fill.size),
        "isBettingOutcomeOne": wanted_of(fill.order).is_outcome_one,
        "isMaker": fill.is_maker,
        "status": fill.status.value,
        "txHash": fill.transaction_hash or None,
        "ceRefundAmount": str(fill.refund),
        "ceRefundFeeAmount": "0",
        "usedBetCredits": False,
        "createdAt": iso_of_ms(fill.matched_ms),
        "updatedAt": iso_of_ms(fill.updated_ms),
        "settlement": settlement,
    }


def book_view(market: Market, book: Book) -> Json:
    """The whole book: what rests on either outcome, at its makers' own odds, the best first."""
    return {
        "marketHash": market.hash,
        "version": f"{market.version:023d}",
        "outcomeOne": [_level(price, size) for price, size in book.levels(is_bid=True)],
        "outcomeTwo": [_level(MICRO - price, size) for price, size in book.levels(is_bid=False)],
    }


def _level(price: int, size: int) -> Json:
    return {"percentageOdds": odds_text(price), "size": str(price * size // MICRO)}
