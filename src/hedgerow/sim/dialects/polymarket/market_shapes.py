"""What the CLOB tells of a market, short and long, and what both it and Gamma say in words. Pure.

Source: the Polymarket sheet, section 3; a recorded `GET /markets/{condition}`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hedgerow.core.clock import datetime_of_ms
from hedgerow.core.money import MICRO, decimal_of
from hedgerow.sim.dialects.polymarket.markets import Market
from hedgerow.sim.dialects.polymarket.shapes import BASE_FEE_BPS, FEE_EXPONENT, FEE_RATE, Json, levels
from hedgerow.sim.order_book import Book
from hedgerow.sim.orders import Leg

_RESOLVES_AFTER = timedelta(days=7)


def rfc3339(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def start_of(market: Market) -> datetime:
    return datetime.fromtimestamp(market.fixture.start_time, UTC)


def end_of(market: Market) -> datetime:
    """By when the venue expects the market to be resolved."""
    return start_of(market) + _RESOLVES_AFTER


def clob_market_info(market: Market) -> Json:
    """`GET /clob-markets/{condition}` with its short names."""
    return {
        "gst": rfc3339(start_of(market)),
        "t": [{"t": market.token(leg), "o": market.outcome(leg)} for leg in Leg],
        "mos": decimal_of(market.min_size),
        "mts": decimal_of(market.tick),
        "mbf": BASE_FEE_BPS,
        "tbf": BASE_FEE_BPS,
        "nr": market.neg_risk,
        "fd": {"r": FEE_RATE, "e": FEE_EXPONENT, "to": True},
    }


def reference_price(market: Market, leg: Leg, book: Book) -> int:
    """What a token is worth now: its payout, else the middle of its book, its last trade, or a half."""
    payout = market.payout(leg)
    if payout is not None:
        return payout
    bids, asks = levels(book, leg)
    if bids and asks:
        return (bids[0][0] + asks[0][0]) // 2
    if market.last_trade is None:
        return MICRO // 2
    price, _ = market.last_trade
    return price if leg is Leg.YES else MICRO - price


def clob_market(market: Market, book: Book, seconds_delay: int) -> Json:
    """`GET /markets/{condition}`, the long form, where `tokens[].winner` tells the result."""
    return {
        "enable_order_book": not market.is_resolved,
        "active": True,
        "closed": market.is_resolved,
        "archived": False,
        "accepting_orders": market.contract.is_open,
        "accepting_order_timestamp": rfc3339(datetime_of_ms(market.listed_ms)),
        "minimum_order_size": decimal_of(market.min_size),
        "minimum_tick_size": decimal_of(market.tick),
        "condition_id": market.condition_id,
        "question_id": market.question_id,
        "question": market.title,
        "description": rules_of(market),
        "market_slug": market.slug,
        "end_date_iso": rfc3339(end_of(market)),
        "game_start_time": rfc3339(start_of(market)),
        "seconds_delay": seconds_delay,
        "fpmm": "",
        "maker_base_fee": BASE_FEE_BPS,
        "taker_base_fee": BASE_FEE_BPS,
        "notifications_enabled": True,
        "neg_risk": market.neg_risk,
        "neg_risk_market_id": "",
        "neg_risk_request_id": "",
        "icon": "",
        "image": "",
        "rewards": {"rates": None, "min_size": 0, "max_spread": 0},
        "is_50_50_outcome": market.is_resolved and market.payout(Leg.YES) == MICRO // 2,
        "tokens": [
            {
                "token_id": market.token(leg),
                "outcome": market.outcome(leg),
                "price": decimal_of(reference_price(market, leg, book)),
                "winner": market.payout(leg) == MICRO,
            }
            for leg in Leg
        ],
        "tags": [tag.label for tag in market.league.all_tags],
    }


def rules_of(market: Market) -> str:
    """How the market resolves, in words."""
    first, second = market.outcomes
    return (
        f"This market refers to {market.title}, scheduled for {rfc3339(start_of(market))}. It resolves to"
        f' "{first}" if {first} win and to "{second}" if {second} win. If the match is canceled or ends level, it'
        " resolves 50-50."
    )
