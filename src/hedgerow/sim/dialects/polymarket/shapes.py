"""The CLOB's messages: books, orders and trades as the venue writes them. Pure.

Numbers are decimal texts but where the venue sends JSON numbers. Times are seconds in REST and milliseconds on the
streams. Source: the Polymarket sheet, sections 3 to 5, and recorded messages.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from hedgerow.core.money import MICRO, decimal_of
from hedgerow.core.states import Side
from hedgerow.sim.dialects.polymarket.markets import Market
from hedgerow.sim.dialects.polymarket.orders import NOT_FILLED, Level, OrderType
from hedgerow.sim.dialects.polymarket.trades import MakerFill, Trade
from hedgerow.sim.evm import checksummed, keccak
from hedgerow.sim.order_book import Book
from hedgerow.sim.orders import Leg, Order, State

Json = dict[str, Any]

FEE_RATE, FEE_EXPONENT, BASE_FEE_BPS = Decimal("0.03"), 1, 1000
"""Sports markets' `fd` and base fee, as recorded; the base fee is told everywhere and charged nowhere."""


@dataclass(frozen=True, slots=True)
class Paper:
    """What the venue keeps of an order beside what the engine needs."""

    owner: str
    maker: str
    order_type: str
    expiration: str
    was_delayed: bool = False


WORLD = Paper(
    str(UUID(bytes=keccak(b"the world's taker")[:16], version=4)),
    checksummed(keccak(b"the world's wallet")[12:]),
    "FAK",
    "0",
)
"""The counterparty that the world's takers trade as."""


def paper_of(order: Order) -> Paper:
    paper = order.extra.get("paper", WORLD)
    assert isinstance(paper, Paper)
    return paper


def text(micros: int) -> str:
    """Micros as the venue writes them, e.g. 450000 -> "0.45"."""
    return str(decimal_of(micros))


def side_text(side: Side) -> str:
    return side.value.upper()


# --- books ---------------------------------------------------------------------------------------------------------


def levels(book: Book, leg: Leg) -> tuple[list[Level], list[Level]]:
    """Bids and asks of one token, best first: the first token's own, or the mirrored ones of the second."""
    if leg is Leg.YES:
        return book.levels(is_bid=True), book.levels(is_bid=False)
    bids = [(MICRO - price, size) for price, size in book.levels(is_bid=False)]
    return bids, [(MICRO - price, size) for price, size in book.levels(is_bid=True)]


def last_price(market: Market, leg: Leg) -> str:
    """The price of the last trade in a token's terms, empty before the first."""
    if market.last_trade is None:
        return ""
    price, _ = market.last_trade
    return text(price if leg is Leg.YES else MICRO - price)


def book_view(market: Market, leg: Leg, book: Book) -> Json:
    """`GET /book`: bids ascending, asks descending, so that the best of each is its last."""
    bids, asks = levels(book, leg)
    view = {
        "market": market.condition_id,
        "asset_id": market.token(leg),
        "timestamp": str(market.book_ms),
        "hash": "",
        "bids": [{"price": text(price), "size": text(size)} for price, size in reversed(bids)],
        "asks": [{"price": text(price), "size": text(size)} for price, size in reversed(asks)],
        "min_order_size": text(market.min_size),
        "tick_size": text(market.tick),
        "neg_risk": market.neg_risk,
        "last_trade_price": last_price(market, leg),
    }
    return {**view, "hash": book_hash(view)}


def book_hash(view: Json) -> str:
    """SHA-1 of the book's compact JSON in this very order of keys, its own hash left empty."""
    return hashlib.sha1(msgspec.json.encode({**view, "hash": ""}), usedforsecurity=False).hexdigest()


def best(bids: list[Level], asks: list[Level]) -> tuple[str, str]:
    """Best bid and ask as the streams tell them: an empty side is at the end of the scale."""
    return text(bids[0][0]) if bids else "0", text(asks[0][0]) if asks else "1"


def price_change(market: Market, leg: Leg, book: Book, price: int, size: int, *, is_bid: bool) -> Json:
    """One token's entry of a `price_change`; price, size and side of the changed level in YES terms."""
    best_bid, best_ask = best(*levels(book, leg))
    return {
        "asset_id": market.token(leg),
        "price": text(price if leg is Leg.YES else MICRO - price),
        "size": text(size),
        "side": "BUY" if is_bid == (leg is Leg.YES) else "SELL",
        "hash": book_view(market, leg, book)["hash"],
        "best_bid": best_bid,
        "best_ask": best_ask,
    }


# --- orders and trades ---------------------------------------------------------------------------------------------


# By the engine's reasons.
_ENDINGS = {"market resolved": "CANCELED_MARKET_RESOLVED", "expired": "CANCELED_EXPIRED_ORDER"}


def order_status(order: Order) -> str:
    """Upper case, as queries and streams say it."""
    match order.state:
        case State.PENDING:
            return "DELAYED"
        case State.OPEN:
            return "LIVE"
        case State.CANCELLED if order.reason == "not matched" and paper_of(order).order_type == OrderType.FOK:
            return f"CANCELED_{NOT_FILLED}"
        case State.CANCELLED:
            return _ENDINGS.get(order.reason, "CANCELED")
        case _:
            return "MATCHED"


def order_view(order: Order, market: Market, trade_ids: list[str]) -> Json:
    """An order as `/data/orders` lists it."""
    paper = paper_of(order)
    return {
        "id": order.id,
        "status": order_status(order),
        "owner": paper.owner,
        "maker_address": paper.maker,
        "market": market.condition_id,
        "asset_id": market.token(order.leg),
        "side": side_text(order.side),
        "original_size": text(order.size),
        "size_matched": text(order.filled),
        "price": text(order.price),
        "outcome": market.outcome(order.leg),
        "expiration": paper.expiration,
        "order_type": paper.order_type,
        "associate_trades": trade_ids,
        "created_at": order.created_ms // 1000,
    }


def order_event(order: Order, market: Market, trade_ids: list[str], kind: str, status: str, now_ms: int) -> Json:
    """An order on the user stream. kind: PLACEMENT, UPDATE or CANCELLATION."""
    return {
        **order_view(order, market, trade_ids),
        "event_type": "order",
        "type": kind,
        "status": status,
        "order_owner": paper_of(order).owner,
        "associate_trades": trade_ids or None,
        "created_at": str(order.created_ms // 1000),
        "timestamp": str(now_ms),
    }


def _public_id(order: Order) -> str:
    """The order's digest; one that the world placed by itself was never signed and gets a likeness."""
    return order.id if order.id.startswith("0x") else "0x" + keccak(order.id.encode()).hex()


def _maker_view(fill: MakerFill, market: Market) -> Json:
    order, paper = fill.order, paper_of(fill.order)
    return {
        "order_id": _public_id(order),
        "owner": paper.owner,
        "maker_address": paper.maker,
        "matched_amount": text(fill.size),
        "price": text(fill.price),
        "fee_rate_bps": "0",
        "asset_id": market.token(order.leg),
        "outcome": market.outcome(order.leg),
        "outcome_index": int(order.leg is Leg.NO),
        "side": side_text(order.side),
    }


def _trade_of(trade: Trade, market: Market, account: str) -> Json:
    taker, paper = trade.taker, paper_of(trade.taker)
    return {
        "id": trade.id,
        "taker_order_id": _public_id(taker),
        "market": market.condition_id,
        "asset_id": market.token(taker.leg),
        "side": side_text(taker.side),
        "size": text(trade.size),
        "fee_rate_bps": str(BASE_FEE_BPS),
        "price": text(trade.price),
        "match_time": str(trade.matched_ms // 1000),
        "last_update": str(trade.updated_ms // 1000),
        "outcome": market.outcome(taker.leg),
        "bucket_index": 0,
        "owner": paper.owner,
        "maker_address": paper.maker,
        "transaction_hash": trade.transaction_hash,
        "maker_orders": [_maker_view(fill, market) for fill in trade.makers],
        "trader_side": "TAKER" if taker.account == account else "MAKER",
    }


def trade_view(trade: Trade, market: Market, account: str) -> Json:
    """A trade as `/data/trades` lists it for an account, which was its taker or among its makers."""
    return {**_trade_of(trade, market, account), "status": f"TRADE_STATUS_{trade.status}"}


def trade_event(trade: Trade, market: Market, account: str, api_key: str, now_ms: int) -> Json:
    """A trade on the user stream: the same id comes again with every status."""
    return {
        "event_type": "trade",
        "type": "TRADE",
        **_trade_of(trade, market, account),
        "status": trade.status.value,
        "trade_owner": api_key,
        "timestamp": str(now_ms),
    }
