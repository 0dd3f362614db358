"""Smarkets' answers, from the listings, the desk and the journal. Ids and money are texts; members that nothing here
reads or fills in are left out."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import Any

from hedgerow.core.money import decimal_of
from hedgerow.sim.dialects.smarkets.desk import Placed
from hedgerow.sim.dialects.smarkets.journal import Journal, Row
from hedgerow.sim.dialects.smarkets.ladder import POINT, average_price, quantity_of
from hedgerow.sim.dialects.smarkets.listings import Event, Market, Runner, slug_of
from hedgerow.sim.dialects.smarkets.wire import time_text
from hedgerow.sim.order_book import Book

Json = dict[str, Any]

_OUTCOMES = {"WON": "winner", "LOST": "loser", "VOID": "void", "HALF_WON": "deadheat", "HALF_LOST": "deadheat"}


class InPounds:
    """Quantities in GBP beside those in the account's currency."""

    def __init__(self, per_usd: Decimal) -> None:
        """per_usd: pounds for a dollar."""
        self._per_usd = per_usd

    def __call__(self, quantity: int) -> int:
        return int((quantity * self._per_usd).to_integral_value(ROUND_DOWN))


def event(event: Event) -> Json:
    fixture = event.fixture
    start = time_text(fixture.start_time * 1000)
    parts = event.domain.replace("_", "-"), slug_of(fixture.tournament_name or "matches"), start[:10].replace("-", "/")
    return {
        "id": event.id,
        "parent_id": event.parent_id,
        "name": event.name,
        "short_name": None,
        "slug": slug_of(event.name),
        "full_slug": f"/sport/{'/'.join(parts)}/{start[11:16].replace(':', '-')}/{slug_of(event.name)}",
        "state": event.state,
        "type": {"domain": event.domain, "scope": "single_event"},
        "start_datetime": start,
        "end_date": None,
        "bettable": True,
        "bet_allowed": True,
        "inplay_enabled": True,
        "hidden": False,
        "modified": start,
    }


def market(market: Market, bet_delay_s: float, commission: Decimal) -> Json:
    return {
        "id": market.id,
        "event_id": market.event.id,
        "name": market.name,
        "slug": slug_of(market.name),
        "market_type": {"name": market.kind},
        "state": market.state,
        "bet_delay": int(bet_delay_s) if market.event.fixture.live else 0,
        "winner_count": 1,
        "complete": True,
        "inplay_enabled": True,
        "cashout_enabled": False,
        "category": "winner",
        "hidden": False,
        "info": {"commission_rate": str(commission)},
    }


def contract(market: Market, runner: Runner) -> Json:
    return {
        "id": runner.id,
        "market_id": market.id,
        "name": runner.name,
        "slug": slug_of(runner.name),
        "contract_type": {"name": runner.kind},
        "competitor_id": None,
        "state_or_outcome": market.state_of(runner),
        "outcome_timestamp": None if runner.decided_ms is None else time_text(runner.decided_ms),
        "hidden": False,
    }


def quotes(book: Book, in_pounds: InPounds) -> Json:
    """The whole book: what can be sold to, then what can be bought, best first."""
    return {
        name: [
            {"price": price // POINT, "quantity": in_pounds(quantity_of(size))}
            for price, size in book.levels(is_bid=is_bid)
        ]
        for name, is_bid in (("bids", True), ("offers", False))
    }


def taken(placed: Placed, free: int, at_risk: int) -> Json:
    """The answer to a placement."""
    order = placed.order
    left = quantity_of(order.remaining) if placed.is_open else 0
    return {
        "order_id": order.id,
        "market_id": placed.market.id,
        "contract_id": placed.runner.id,
        "side": order.side.value,
        "price": order.price // POINT,
        "orig_price": order.price // POINT if order.fills else None,
        "quantity": quantity_of(order.size),
        "available_quantity": left,
        "total_executed_quantity": quantity_of(order.filled),
        "executed_avg_price": average_price(order) if order.fills else None,
        "available_balance": str(decimal_of(free)),
        "exposure": str(-decimal_of(at_risk)),
    }


def order(placed: Placed, journal: Journal, in_pounds: InPounds) -> Json:
    order = placed.order
    quantities = {
        "quantity": quantity_of(order.size),
        "quantity_filled": quantity_of(order.filled - placed.pending),
        "quantity_filled_pending": quantity_of(placed.pending),
        "quantity_unfilled": quantity_of(order.remaining) if placed.is_open else 0,
    }
    last = max([order.created_ms, *(match.at_ms for match in order.fills)])
    return {
        "id": order.id,
        "original_order_id": None,
        "market_id": placed.market.id,
        "contract_id": placed.runner.id,
        "side": order.side.value,
        "type": placed.type,
        "state": placed.state,
        "price": order.price // POINT,
        "average_price_matched": average_price(order),
        **{name: in_pounds(quantity) for name, quantity in quantities.items()},
        **{f"{name}_user_currency": quantity for name, quantity in quantities.items()},
        "label": placed.label,
        "created_datetime": time_text(order.created_ms),
        "last_modified_datetime": time_text(last),
        "sequence_number": journal.last_of(order),
        "outcome": _OUTCOMES.get(order.settlement.value),
        "bonus_bet": False,
    }


def row(row: Row, in_pounds: InPounds) -> Json:
    return {
        "timestamp": time_text(row.at_ms).rstrip("Z"),
        "source": row.source,
        "seq": row.seq,
        "subseq": row.subseq,
        "market_id": row.market_id,
        "contract_id": row.contract_id,
        "order_id": row.order_id,
        "label": row.label,
        "side": row.side,
        "price": row.price,
        "quantity": _pounds(row.quantity, in_pounds),
        "quantity_user_currency": row.quantity,
        "quantity_change": _pounds(row.quantity_change, in_pounds),
        "quantity_user_currency_change": row.quantity_change,
        "money": str(row.money),
        "money_change": None if row.money_change is None else str(row.money_change),
        "commission": None if row.commission is None else str(row.commission),
        "extra": row.extra,
    }


def _pounds(quantity: int | None, in_pounds: InPounds) -> int | None:
    return None if quantity is None else in_pounds(quantity)


def account(free: int, at_risk: int, commission: Decimal, account_id: int) -> Json:
    """free, at_risk: micros; the balance is as if nothing were at risk."""
    return {
        "account": {
            "account_id": str(account_id),
            "currency": "USD",
            "balance": str(decimal_of(free + at_risk)),
            "available_balance": str(decimal_of(free)),
            "exposure": str(-decimal_of(at_risk)),
            "bonus_balance": "0.00",
            "commission_type": str(commission),
        }
    }
