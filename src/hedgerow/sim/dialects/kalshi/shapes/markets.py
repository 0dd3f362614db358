"""Series, events, markets, books and public trades."""

from __future__ import annotations

from typing import Any

from hedgerow.core.money import MICRO
from hedgerow.sim.dialects.kalshi.amounts import count_text, price_text, second_text, time_text
from hedgerow.sim.dialects.kalshi.listings import Change, Event, Market
from hedgerow.sim.dialects.kalshi.shapes.orders import direction
from hedgerow.sim.dialects.kalshi.terms import SHARD, STRUCTURES, Terms
from hedgerow.sim.dialects.kalshi.tickers import Series
from hedgerow.sim.order_book import Book
from hedgerow.sim.order_events import TradeEvent

Json = dict[str, Any]

_ZERO_TIME = "0001-01-01T00:00:00Z"


Levels = list[list[str]]


def levels(book: Book, *, uses_yes_price: bool = False) -> tuple[Levels, Levels]:
    """YES bids and NO bids, price and count, lowest price first.

    An ask of YES is a bid of NO at the complement, or at its own price where YES prices are wanted on both sides.
    """
    yes = [[price_text(price), count_text(size)] for price, size in reversed(book.levels(is_bid=True))]
    asks = book.levels(is_bid=False)
    if uses_yes_price:
        return yes, [[price_text(price), count_text(size)] for price, size in asks]
    return yes, [[price_text(MICRO - price), count_text(size)] for price, size in reversed(asks)]


def orderbook_shape(book: Book, depth: int) -> Json:
    """depth: how many of the best levels of each side, which come last; 0 for all."""
    yes, no = levels(book)
    return {"yes_dollars": yes[-depth:], "no_dollars": no[-depth:]}


def touch_shape(book: Book) -> Json:
    """Best prices and sizes; an empty side bids nothing and asks a dollar."""
    bid, ask = book.best(is_bid=True), book.best(is_bid=False)
    bid_price, ask_price = bid or 0, ask if ask is not None else MICRO
    return {
        "yes_bid_dollars": price_text(bid_price),
        "yes_ask_dollars": price_text(ask_price),
        "yes_bid_size_fp": count_text(0 if bid is None else book.level_size(is_bid=True, price=bid)),
        "yes_ask_size_fp": count_text(0 if ask is None else book.level_size(is_bid=False, price=ask)),
    }


def price_ranges(structure: str) -> list[Json]:
    return [
        {"start": price_text(start), "end": price_text(end), "step": price_text(step)}
        for start, end, step in STRUCTURES[structure]
    ]


def market_shape(market: Market, book: Book, open_interest: int) -> Json:
    event, touch = market.event, touch_shape(book)
    bid, ask = book.best(is_bid=True) or 0, book.best(is_bid=False)
    shape: Json = {
        "ticker": market.ticker,
        "event_ticker": event.ticker,
        "market_type": "binary",
        "title": market_title(market),
        "subtitle": "",
        "yes_sub_title": market.participant,
        "no_sub_title": market.participant,
        "created_time": time_text(market.created_ms),
        "updated_time": time_text(market.updated_ms),
        "open_time": time_text(market.created_ms),
        "close_time": second_text(event.closes_at_s),
        "expected_expiration_time": second_text(event.expected_end_s),
        "expiration_time": second_text(event.closes_at_s),
        "latest_expiration_time": second_text(event.closes_at_s),
        "occurrence_datetime": second_text(event.expected_end_s),
        "settlement_timer_seconds": 0,
        "status": market.phase.value,
        **touch,
        "no_bid_dollars": price_text(MICRO - ask if ask is not None else 0),
        "no_ask_dollars": price_text(MICRO - bid),
        "last_price_dollars": price_text(market.last_price),
        "previous_yes_bid_dollars": price_text(0),
        "previous_yes_ask_dollars": price_text(0),
        "previous_price_dollars": price_text(0),
        "notional_value_dollars": price_text(MICRO),
        "liquidity_dollars": price_text(0),
        "volume_fp": count_text(market.volume),
        "volume_24h_fp": count_text(market.volume),
        "open_interest_fp": count_text(open_interest),
        "result": market.result,
        "can_close_early": True,
        "early_close_condition": "This market will close and expire after a winner is declared.",
        "expiration_value": market.participant if market.result == "yes" else "",
        "strike_type": "structured",
        "rules_primary": f"If {market.participant} wins the {event.title} match, then the market resolves to Yes.",
        "rules_secondary": "",
        "fractional_trading_enabled": True,
        "price_level_structure": market.structure,
        "price_ranges": price_ranges(market.structure),
        "exchange_index": SHARD,
    }
    if market.settlement_value is not None:
        shape["settlement_value_dollars"] = price_text(market.settlement_value)
        shape["settlement_ts"] = time_text(market.settled_ms)
    return shape


def market_title(market: Market) -> str:
    return f"Will {market.participant} win the {market.event.title} match?"


def event_shape(event: Event) -> Json:
    return {
        "event_ticker": event.ticker,
        "series_ticker": event.series.ticker,
        "title": event.title,
        "sub_title": event.title,
        "collateral_return_type": "",
        "mutually_exclusive": True,
        "category": "Sports",
        "strike_period": "",
        "available_on_brokers": False,
        "product_metadata": {"competition": event.competition},
        "settlement_sources": [],
        "last_updated_ts": time_text(event.updated_ms),
        "exchange_index": SHARD,
    }


def series_shape(series: Series, terms: Terms) -> Json:
    return {
        "ticker": series.ticker,
        "frequency": "custom",
        "title": series.title,
        "category": "Sports",
        "tags": [series.tag],
        "settlement_sources": [],
        "contract_url": "",
        "contract_terms_url": "",
        "fee_type": terms.fee_type.value,
        "fee_multiplier": terms.fee_multiplier,
        "additional_prohibitions": [],
        "last_updated_ts": _ZERO_TIME,
        "exchange_index": SHARD,
    }


def milestone_shape(event: Event) -> Json:
    """The game itself: the one object that has its scheduled start."""
    return {
        "id": event.milestone_id,
        "category": "Sports",
        "type": event.series.milestone,
        "start_date": second_text(event.fixture.start_time),
        "related_event_tickers": [event.ticker],
        "primary_event_tickers": [event.ticker],
        "title": event.title,
        "notification_message": event.title,
        "details": {"main_game_event_ticker": event.ticker, "league": event.competition},
        "last_updated_ts": time_text(event.updated_ms),
    }


def trade_shape(trade: TradeEvent, at_ms: int) -> Json:
    """A public trade."""
    side = direction(is_yes=trade.taker.is_bid)
    return {
        "trade_id": trade.id,
        "ticker": trade.contract.ref,
        "count_fp": count_text(trade.size),
        "yes_price_dollars": price_text(trade.price),
        "no_price_dollars": price_text(MICRO - trade.price),
        "taker_side": side["outcome_side"],
        "taker_outcome_side": side["outcome_side"],
        "taker_book_side": side["book_side"],
        "created_time": time_text(at_ms),
        "is_block_trade": False,
    }


def stream_trade_shape(trade: TradeEvent, at_ms: int) -> Json:
    shape = trade_shape(trade, at_ms)
    del shape["created_time"]
    return {"market_ticker": shape.pop("ticker"), **shape, "ts": at_ms // 1000, "ts_ms": at_ms}


def ticker_shape(market: Market, book: Book, open_interest: int, at_ms: int) -> Json:
    return {
        "market_ticker": market.ticker,
        "market_id": market.market_id,
        "price_dollars": price_text(market.last_price),
        **touch_shape(book),
        "volume_fp": count_text(market.volume),
        "open_interest_fp": count_text(open_interest),
        "dollar_volume": market.volume // MICRO,
        "dollar_open_interest": open_interest // MICRO,
        "last_trade_size_fp": count_text(market.last_size),
        "ts": at_ms // 1000,
        "ts_ms": at_ms,
        "time": time_text(at_ms),
    }


def lifecycle_shape(change: Change, market: Market, now_ms: int) -> Json:
    """A `market_lifecycle_v2` message: what it carries depends on the change."""
    shape: Json = {"event_type": change.value, "market_ticker": market.ticker}
    match change:
        case Change.CREATED:
            shape |= _created_shape(market)
        case Change.ACTIVATED | Change.DEACTIVATED:
            shape["is_deactivated"] = change is Change.DEACTIVATED
        case Change.CLOSE_DATE:
            shape["close_ts"] = market.event.closes_at_s
        case Change.DETERMINED:
            shape |= {"result": market.result, "determination_ts": now_ms // 1000}
            shape["settlement_value"] = price_text(market.settlement_value or 0)
        case Change.SETTLED:
            shape["settled_ts"] = now_ms // 1000
        case Change.STRUCTURE:
            shape |= _structure_shape(market)
    return shape


def _created_shape(market: Market) -> Json:
    event = market.event
    return {
        "exchange_index": SHARD,
        "open_ts": market.created_ms // 1000,
        "close_ts": event.closes_at_s,
        **_structure_shape(market),
        "additional_metadata": {
            "name": market.participant,
            "title": market_title(market),
            "yes_sub_title": market.participant,
            "no_sub_title": market.participant,
            "rules_primary": "",
            "rules_secondary": "",
            "can_close_early": True,
            "event_ticker": event.ticker,
            "expected_expiration_ts": event.expected_end_s,
            "strike_type": "structured",
        },
    }


def _structure_shape(market: Market) -> Json:
    return {"price_level_structure": market.structure, "price_ranges": price_ranges(market.structure)}


def event_lifecycle_shape(event: Event) -> Json:
    return {
        "event_ticker": event.ticker,
        "exchange_index": SHARD,
        "title": event.title,
        "subtitle": event.title,
        "collateral_return_type": "",
        "series_ticker": event.series.ticker,
    }
